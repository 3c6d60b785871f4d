"""A report for those who use the data: every answer in effect with its words, readable without a template."""

from __future__ import annotations

import json
from typing import Any

from crc_core.report.document import Answer, FieldPath, Report
from crc_core.report.template import Field, Template, Words
from crc_core.report.wording import answer_text
from crc_core.text import Lang

EXPORT_SCHEMA = "crc-report-export/1"


def export_json(report: Report) -> bytes:
    """The report as indented UTF-8 JSON of the schema `crc-report-export/1`; what is set aside is left out."""
    return (json.dumps(export_document(report), ensure_ascii=False, indent=2, allow_nan=False) + "\n").encode("utf-8")


def export_document(report: Report) -> dict[str, Any]:
    """The report as a JSON document: blocks of answers with labels, units and words in both languages."""
    blocks = []
    classes = {(lesion.target, lesion.number): lesion.lesion_class.value for lesion in report.lesions}
    for template, section in report.sections:
        for number in report.numbers(section):
            answers = {
                field.id: _answer(template, field, report.answers[path])
                for field in section.fields
                if (path := FieldPath(section.id, number, field.id)) in report.answers
            }
            if not answers:
                continue
            block: dict[str, Any] = {"section": section.id, "label": _words(section.label)}
            if number is not None and section.target is not None:
                block |= {"lesion": number, "class": classes[section.target, number]}
            blocks.append({**block, "answers": answers})
    return {
        "schema": EXPORT_SCHEMA,
        "unit": str(report.unit),
        "templates": [str(ref) for ref in report.template_refs],
        "targets": {target.value: answer.value for target, answer in sorted(report.targets.items())},
        "sections": blocks,
    }


def _answer(template: Template, field: Field, answer: Answer) -> dict[str, Any]:
    out: dict[str, Any] = {"label": _words(field.label), "source": answer.source.value}
    if answer.value is not None:
        out["value"] = list(answer.value) if isinstance(answer.value, tuple) else answer.value
        if field.unit is not None:
            out["unit"] = _words(field.unit)
    if answer.not_assessable is not None:
        out["not_assessable"] = answer.not_assessable.reason
    if answer.readers is not None:
        out["readers"] = [None if part is None else _answer(template, field, part) for part in answer.readers]
    out["words"] = {lang.value: answer_text(template, field, answer, lang) for lang in Lang}
    return out


def _words(words: Words) -> dict[str, str]:
    return {"zh": words.zh, "en": words.en}
