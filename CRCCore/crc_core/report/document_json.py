"""A report as a JSON document (`crc-report/1`), strict: what is not understood is refused by name.

Strictness is about the shape. A value of the right shape that is wrong for its question (an unknown option, a number
out of range) is read and told by `validate`, so that a person sees every problem at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from crc_core.errors import CrcError
from crc_core.files.atomic import write_bytes
from crc_core.files.canonical import canonical_bytes, read_document
from crc_core.identity import UnitId
from crc_core.report.document import (
    SCHEMA,
    Answer,
    FieldPath,
    Lesion,
    Measurement,
    NotAssessable,
    Report,
    Source,
    Value,
)
from crc_core.report.template import Template
from crc_core.report.template_files import NAMES, TemplateLibrary, packaged
from crc_core.vocabulary import LesionClass, Target, TargetAnswer

LARGEST_NUMBER = 1e9
LONGEST_TEXT = 4000
_MOST_OPTIONS = 100
_AnyEnum = TypeVar("_AnyEnum", bound=StrEnum)


def write_report(path: Path, report: Report) -> None:
    """Write the report as canonical JSON, atomically; raises CrcError where the disk refuses."""
    write_bytes(path, canonical_bytes(write_document(report)))


def read_report(path: Path) -> Report:
    """The report in the file `path`; raises CrcError."""
    return read_report_document(read_document(path, SCHEMA), path)


def write_document(report: Report) -> dict[str, Any]:
    """The JSON document of a report; equal reports make equal documents."""
    blocks = []
    for _, section in report.sections:
        for number in report.numbers(section):
            paths = (FieldPath(section.id, number, field.id) for field in section.fields)
            answers = {path.field: _answer_out(report.answers[path]) for path in paths if path in report.answers}
            if answers:
                place = {"section": section.id} if number is None else {"section": section.id, "lesion": number}
                blocks.append({**place, "answers": answers})
    return {
        "schema": SCHEMA,
        "unit": str(report.unit),
        "templates": [{"name": ref.name, "version": ref.version} for ref in report.template_refs],
        "targets": {target.value: answer.value for target, answer in sorted(report.targets.items())},
        "lesions": [
            {"target": lesion.target.value, "number": lesion.number, "class": lesion.lesion_class.value}
            for lesion in report.lesions
        ],
        "sections": blocks,
        "set_aside": {
            str(path): _answer_out(report.set_aside[path])
            for path in sorted(report.set_aside, key=lambda path: path.order)
        },
    }


def _answer_out(answer: Answer) -> dict[str, Any]:
    out: dict[str, Any] = {"source": answer.source.value}
    if answer.value is not None:
        out["value"] = list(answer.value) if isinstance(answer.value, tuple) else answer.value
    if answer.not_assessable is not None:
        out["not_assessable"] = {"reason": answer.not_assessable.reason}
        if answer.not_assessable.text:
            out["not_assessable"]["text"] = answer.not_assessable.text
    if answer.measurement is not None:
        taken = answer.measurement
        out["measurement"] = {"value": taken.value, "how": taken.how, "precision": taken.precision}
        if taken.how_values:
            out["measurement"]["how_values"] = dict(taken.how_values)
    if answer.readers is not None:
        out["readers"] = [None if part is None else _answer_out(part) for part in answer.readers]
    return out


def read_report_document(document: Any, path: Path, library: TemplateLibrary | None = None) -> Report:
    """The report in a JSON document; `path` names the file in a refusal.

    Raises CrcError for another schema, a template this program does not know, and any field it does not understand.
    """
    if not isinstance(document, dict):
        raise CrcError("json.not_an_object", path=path)
    if document.get("schema") != SCHEMA:
        raise CrcError("json.other_schema", path=path, expected=SCHEMA, seen=str(document.get("schema"))[:80])
    return _Reader(path).report(document, library or packaged())


class _Reader:
    """Reads one document; knows the file to name."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def wrong(self, field: str) -> NoReturn:
        raise CrcError("report.field_wrong", path=self.path, field=field[:120])

    def report(self, document: dict[str, Any], library: TemplateLibrary) -> Report:
        keys = ("schema", "unit", "templates", "targets", "lesions", "sections", "set_aside")
        self.keys(document, "", keys, ())
        unit = self.unit(document["unit"])
        templates = self.templates(document["templates"], library)
        targets = self.targets(document["targets"])
        lesions = self.lesions(document["lesions"])
        frame = Report(unit, templates, targets, lesions, {}, {})
        answers: dict[FieldPath, Answer] = {}
        for where, path, item in self.blocks(document["sections"], frame):
            answers[path] = self.answer(item, where)
        return Report(unit, templates, targets, lesions, answers, self.aside(document["set_aside"], frame))

    def keys(self, item: Any, where: str, needed: tuple[str, ...], possible: tuple[str, ...]) -> None:
        if not isinstance(item, dict):
            self.wrong(where or "/")
        before = f"{where}." if where else ""
        for key in item:
            if key not in needed and key not in possible:
                raise CrcError("report.field_unknown", path=self.path, field=_shown(before + str(key)))
        for key in needed:
            if key not in item:
                raise CrcError("report.field_missing", path=self.path, field=before + key)

    def unit(self, item: Any) -> UnitId:
        if not isinstance(item, str):
            self.wrong("unit")
        try:
            return UnitId.parse(item)
        except CrcError as error:
            raise CrcError("report.field_wrong", path=self.path, field="unit") from error

    def templates(self, items: Any, library: TemplateLibrary) -> tuple[Template, ...]:
        if not isinstance(items, list):
            self.wrong("templates")
        loaded = []
        for position, item in enumerate(items):
            where = f"templates[{position}]"
            self.keys(item, where, ("name", "version"), ())
            name, version = item["name"], item["version"]
            if name not in NAMES or isinstance(version, bool) or not isinstance(version, int):
                self.wrong(where)
            try:
                loaded.append(library.load(name, version))
            except CrcError as error:
                raise CrcError(error.code, path=self.path, **error.values) from error
        names = [template.name for template in loaded]
        if names != [name for name in NAMES if name in names] or "primary" not in names:
            self.wrong("templates")
        return tuple(loaded)

    def targets(self, items: Any) -> dict[Target, TargetAnswer]:
        self.keys(items, "targets", (), tuple(target.value for target in Target))
        return {Target(name): self.enum(TargetAnswer, answer, f"targets.{name}") for name, answer in items.items()}

    def lesions(self, items: Any) -> tuple[Lesion, ...]:
        if not isinstance(items, list):
            self.wrong("lesions")
        seen: dict[tuple[Target, int], Lesion] = {}
        for position, item in enumerate(items):
            where = f"lesions[{position}]"
            self.keys(item, where, ("target", "number", "class"), ())
            number = item["number"]
            if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= 255:
                self.wrong(f"{where}.number")
            target = self.enum(Target, item["target"], f"{where}.target")
            if (target, number) in seen:
                self.wrong(where)
            seen[target, number] = Lesion(target, number, self.enum(LesionClass, item["class"], f"{where}.class"))
        return tuple(seen.values())

    def blocks(self, items: Any, frame: Report) -> Iterator[tuple[str, FieldPath, Any]]:
        if not isinstance(items, list):
            self.wrong("sections")
        places = {(section.id, number) for _, section in frame.sections for number in frame.numbers(section)}
        for position, item in enumerate(items):
            where = f"sections[{position}]"
            self.keys(item, where, ("section", "answers"), ("lesion",))
            section, number = item["section"], item.get("lesion")
            if not isinstance(section, str) or isinstance(number, (bool, float, list, dict)):
                self.wrong(where)
            if (section, number) not in places:
                self.wrong(where)
            places.discard((section, number))
            if not isinstance(item["answers"], dict):
                self.wrong(f"{where}.answers")
            for field, answer in item["answers"].items():
                path = FieldPath(section, number, field)
                if frame.field(path) is None:
                    raise CrcError("report.field_unknown", path=self.path, field=_shown(str(path)))
                yield str(path), path, answer

    def aside(self, items: Any, frame: Report) -> dict[FieldPath, Answer]:
        if not isinstance(items, dict):
            self.wrong("set_aside")
        answers = {}
        for text, item in items.items():
            try:
                path = FieldPath.parse(text)
            except ValueError as error:
                raise CrcError("report.field_unknown", path=self.path, field=_shown(f"set_aside.{text}")) from error
            if frame.field(path) is None:
                raise CrcError("report.field_unknown", path=self.path, field=_shown(f"set_aside.{text}"))
            answers[path] = self.answer(item, f"set_aside.{text}")
        return answers

    def answer(self, item: Any, where: str, nested: bool = False) -> Answer:
        self.keys(item, where, ("source",), ("value", "not_assessable", "measurement", "readers"))
        source = self.enum(Source, item["source"], f"{where}.source")
        if sum(key in item for key in ("value", "not_assessable", "readers")) != 1:
            self.wrong(where)
        if ("readers" in item) != (source in (Source.BOTH, Source.OPEN)) or (nested and "readers" in item):
            self.wrong(f"{where}.source")
        return Answer(
            value=self.value(item["value"], f"{where}.value") if "value" in item else None,
            not_assessable=self.reason(item["not_assessable"], where) if "not_assessable" in item else None,
            source=source,
            measurement=self.measurement(item["measurement"], where) if "measurement" in item else None,
            readers=self.readers(item["readers"], where) if "readers" in item else None,
        )

    def readers(self, items: Any, where: str) -> tuple[Answer | None, Answer | None]:
        if not isinstance(items, list) or len(items) != 2:
            self.wrong(f"{where}.readers")
        first, second = (
            None if item is None else self.answer(item, f"{where}.readers[{position}]", nested=True)
            for position, item in enumerate(items)
        )
        return first, second

    def reason(self, item: Any, where: str) -> NotAssessable:
        place = f"{where}.not_assessable"
        self.keys(item, place, ("reason",), ("text",))
        if item.get("text") == "":
            self.wrong(f"{place}.text")
        return NotAssessable(self.text(item["reason"], place), self.text(item.get("text", ""), f"{place}.text"))

    def measurement(self, item: Any, where: str) -> Measurement:
        place = f"{where}.measurement"
        self.keys(item, place, ("value", "how", "precision"), ("how_values",))
        values = item.get("how_values", {})
        if not isinstance(values, dict) or ("how_values" in item and not values):
            self.wrong(f"{place}.how_values")
        pairs = tuple(
            (self.text(name, place), self.scalar(values[name], f"{place}.how_values")) for name in sorted(values)
        )
        precision = self.number(item["precision"], f"{place}.precision")
        if precision <= 0:
            self.wrong(f"{place}.precision")
        return Measurement(self.number(item["value"], place), self.text(item["how"], place), pairs, precision)

    def value(self, item: Any, where: str) -> Value:
        if not isinstance(item, list):
            return self.scalar(item, where)
        if len(item) > _MOST_OPTIONS:
            self.wrong(where)
        return tuple(self.text(part, where) for part in item)

    def scalar(self, item: Any, where: str) -> str | int | float:
        return self.text(item, where) if isinstance(item, str) else self.number(item, where)

    def number(self, item: Any, where: str) -> int | float:
        if isinstance(item, bool) or not isinstance(item, (int, float)):
            self.wrong(where)
        if not abs(item) <= LARGEST_NUMBER:  # also true of NaN
            self.wrong(where)
        return item

    def text(self, item: Any, where: str) -> str:
        if not isinstance(item, str) or not is_plain_text(item):
            self.wrong(where)
        return item

    def enum(self, kind: type[_AnyEnum], item: Any, where: str) -> _AnyEnum:
        if not isinstance(item, str) or item not in {member.value for member in kind}:
            self.wrong(where)
        return kind(item)


def is_plain_text(text: str) -> bool:
    """Whether text can be stored and printed: not too long, no lone surrogates, no control characters but line ends."""
    if len(text) > LONGEST_TEXT:
        return False
    return not any(
        (character < " " and character not in "\n\t") or "\ud800" <= character <= "\udfff" or character == "\x7f"
        for character in text
    )


def _shown(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text[:120])
