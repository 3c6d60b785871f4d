"""The clinical context a reader sees beside the images; what would tell the answer stays hidden."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from crc_core.files.packaged import packaged_record
from crc_core.importing.clinical import ClinicalKey, clinical_keys
from crc_core.text import Lang, say
from crc_core.vocabulary import Target
from crc_core.workflow.views import UnitView


@dataclass(frozen=True)
class _CardRules:
    version: str
    source: str
    shown: tuple[str, ...]
    with_pathology: tuple[str, ...]
    brief: tuple[str, ...]


@cache
def _rules() -> _CardRules:
    return packaged_record(_CardRules, "context_card.json")


def context_lines(view: UnitView, lang: Lang, target: Target | None = None) -> tuple[tuple[str, str], ...]:
    """What is known of the patient as (label, words); pathology only while nodes are drawn.

    The date of the examination and the treatment since the last one come first; both are the shifted dates.
    """
    keys = _rules().shown + (_rules().with_pathology if target is Target.NODE else ())
    lines = [(say("desk.context.study_date", lang), view.study_date)] if view.study_date else []
    if view.treatment_since:
        lines.append((say("desk.context.treatment_since", lang), view.treatment_since))
    return (*lines, *_lines(view, keys, lang, skip_since=bool(view.treatment_since)))


def context_brief(view: UnitView, lang: Lang) -> str:
    """The context in one line: where the tumour is, how far from the anal verge, what treatment there was."""
    found = _lines(view, _rules().brief, lang)
    words = [f"{label} {value}" if label else value for label, value in found]
    return say("desk.context.joint", lang).join(words) if words else say("desk.context.none", lang)


def _lines(view: UnitView, keys: tuple[str, ...], lang: Lang, *, skip_since: bool = False) -> list[tuple[str, str]]:
    clinical, known = view.clinical or {}, clinical_keys().keys
    return [
        (say(f"desk.clinical.{key}", lang), _words(key, known[key], clinical[key], lang))
        for key in keys
        if key in clinical and key in known and not (skip_since and key == "treatment_since")
    ]


def _words(key: str, rule: ClinicalKey, value: str, lang: Lang) -> str:
    if rule.choices is not None:
        words = [say(_choice_code(key, part), lang) for part in value.split(",") if part in rule.choices]
        return say("desk.context.joint_choices", lang).join(words)
    if rule.is_date:
        return value
    return say(f"desk.clinical_value.{key}", lang, value=value)


def _choice_code(key: str, choice: str) -> str:
    return f"desk.yes_no.{choice}" if choice in ("yes", "no") else f"desk.clinical.{key}.{choice}"
