"""`crcdb store settle`: what two readings leave open, and a senior's decisions on it, signed as the final."""

from __future__ import annotations

import argparse
import re
from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import Any

from crc_core.cli.acting import accepted
from crc_core.cli.console import Console, Exit
from crc_core.cli.pins import ask_pin
from crc_core.decision.choices import Choices, LesionChoice, reason_codes
from crc_core.decision.consensus import masks_of, reports_of
from crc_core.decision.finals import AbsentRuling, FieldRuling
from crc_core.decision.settling import Dispute, LesionPoint, OpenPoints
from crc_core.errors import CrcError
from crc_core.files.nifti import read_mask
from crc_core.geometry.grid import Volume
from crc_core.identity import UnitId
from crc_core.quality.case import OpenCase, open_case, sign_case
from crc_core.reading.final import Take
from crc_core.reading.masks import MASKS_FOLDER
from crc_core.report.document import Answer, FieldPath, NotAssessable
from crc_core.report.merge import Choice
from crc_core.store.folder import FolderStore
from crc_core.text import Lang, say
from crc_core.vocabulary import LesionClass, Target, TargetAnswer

_WORDS = "keep|a|b|union|intersection|drop"
_LESION = re.compile(rf"({'|'.join(Target)}):([AB])(\d+)=({_WORDS})(?::({'|'.join(LesionClass)}))?")
_EDITED = re.compile(rf"({'|'.join(Target)}):([AB])(\d+)=(.+)", re.DOTALL)
_ANSWER = re.compile(r"([^=]+)=(?:(a|b)|(typed|not_assessable):(.*))", re.DOTALL)
_TAKES = {
    "a": Take.A,
    "b": Take.B,
    "union": Take.UNION,
    "intersection": Take.INTERSECTION,
    "drop": Take.DROPPED,
}


def configure(parser: argparse.ArgumentParser, lang: Lang) -> None:
    """Add the decisions a senior can give."""
    shown = {
        "lesion": "TARGET:LESION=TAKE",
        "edited": "TARGET:LESION=MASK",
        "absent": "TARGET=SAID",
        "answer": "PATH=CHOICE",
    }
    for name, metavar in shown.items():
        words = say(f"work.help.{name}", lang)
        parser.add_argument(f"--{name}", action="append", default=[], metavar=metavar, help=words)
    codes = reason_codes().codes
    parser.add_argument("--why", choices=codes, metavar="CODE", help=_help_of_codes(codes, lang))
    parser.add_argument("--sub-voxel", action="store_true", help=say("adjudication.help.sub_voxel", lang))
    parser.add_argument("--note", metavar="WORDS", help=say("work.help.note", lang))


def settle(arguments: argparse.Namespace, console: Console) -> Exit:
    """Tell what is open, or sign where nothing is; the answer is "no" where a decision is missing."""
    store = FolderStore(arguments.store)
    case = open_case(store, UnitId.parse(arguments.unit), arguments.actor)
    if case.view.finals:
        version = case.view.finals[-1].version
        console.say("work.final_stands", unit=case.view.unit, version=version, following=version + 1)
    choices = _choices(arguments, case.dispute)
    missing = case.dispute.open_points(choices)
    told = _tell_open(case, console, missing)
    if missing.count:
        console.say("work.still_open", unit=case.view.unit, count=missing.count)
        console.document({"unit": case.view.unit, "signed": False, "open": told, "readings": _places(case.dispute)})
        return Exit.ANSWER_NO
    case.dispute.ruling(choices, arguments.actor, "")
    pin = ask_pin(arguments.actor, console)
    signed = sign_case(store, case, choices, arguments.actor, pin, note=arguments.note)
    accepted(signed.outcome)
    console.say("work.signed", unit=case.view.unit, final=signed.final)
    console.say("store.not_enforced")
    console.document({"unit": case.view.unit, "signed": True, "final": signed.final, "enforces": False})
    return Exit.DONE


def _help_of_codes(codes: Sequence[str], lang: Lang) -> str:
    named = (f"{code} ({say(f'adjudication.reason.{code}', lang)})" for code in codes)
    return say("adjudication.help.why", lang, codes=say("store.list_joint", lang).join(named))


def _choices(arguments: argparse.Namespace, dispute: Dispute) -> Choices:
    choices = Choices()
    reason, note = arguments.why, arguments.note
    for text in arguments.lesion:
        match = _matched(_LESION, text, "liver:A2=keep")
        point = _point(dispute, match, text)
        kind = LesionClass(match[5]) if match[5] else None
        _refuse_twice(point.key, choices.lesions, text)
        choice = LesionChoice(_take(match[4], point, text), kind, reason, note)
        choices = choices.with_lesion(point.key, choice)
    for text in arguments.edited:
        match = _matched(_EDITED, text, "liver:A1=mask.nii.gz")
        point = _point(dispute, match, text)
        _refuse_twice(point.key, choices.lesions, text)
        drawn = LesionChoice(Take.EDITED, None, reason, note, _edited(dispute, match))
        choices = choices.with_lesion(point.key, drawn)
    for text in arguments.absent:
        target, ruling = _absent(text)
        _refuse_twice(target, choices.absent, text)
        choices = choices.with_absent(target, ruling)
    for text in arguments.answer:
        settled = _field(_matched(_ANSWER, text, "patient.perforation=a"))
        _refuse_twice(settled.field, choices.fields, text)
        choices = choices.with_field(settled.field, settled)
    return dispute.accept_sub_voxel(choices) if arguments.sub_voxel else choices


def _matched(pattern: re.Pattern[str], text: str, example: str) -> re.Match[str]:
    match = pattern.fullmatch(text)
    if match is None:
        raise CrcError("work.bad_decision", text=text, pattern=example)
    return match


def _refuse_twice(key: object, decided: Container[Any], text: str) -> None:
    if key in decided:
        raise CrcError("work.twice", text=text)


def _point(dispute: Dispute, match: re.Match[str], text: str) -> LesionPoint:
    """The disputed lesion that goes by the given letter and number."""
    target, letter, number = Target(match[1]), match[2], int(match[3])
    for point in dispute.points:
        own = point.key.a if letter == "A" else point.key.b
        if point.is_open and point.key.target is target and number in own:
            return point
    raise CrcError("work.no_such_point", text=text)


def _take(word: str, point: LesionPoint, text: str) -> Take:
    take = point.takes[0] if word == "keep" else _TAKES[word]
    if word == "keep" and point.key.a and point.key.b:
        take = Take.UNION
    if take not in point.takes:
        raise CrcError("work.bad_decision", text=text, pattern="keep, drop")
    return take


def _edited(dispute: Dispute, match: re.Match[str]) -> Volume:
    drawn = next(mask for mask in masks_of(dispute.pair, Target(match[1])) if mask is not None)
    return read_mask(Path(match[4]), drawn.grid)


def _absent(text: str) -> tuple[Target, AbsentRuling]:
    name, _, said = text.partition("=")
    said, _, reason = said.partition(":")
    if name not in set(Target) or said not in set(TargetAnswer):
        raise CrcError("work.bad_decision", text=text, pattern="liver=none_seen")
    return Target(name), AbsentRuling(TargetAnswer(said), reason or None)


def _field(match: re.Match[str]) -> FieldRuling:
    if match[2]:
        return FieldRuling(match[1], Choice(match[2]))
    if match[3] == "typed":
        return FieldRuling(match[1], Choice.TYPED, match[4])
    reason, _, words = match[4].partition(":")
    return FieldRuling(match[1], Choice.TYPED, not_assessable=NotAssessable(reason, words))


def _tell_open(case: OpenCase, console: Console, missing: OpenPoints) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []
    if missing.count:
        for letter, path in _places(case.dispute).items():
            console.say("work.reading_is", letter=letter, path=path)
    for point in missing.lesions:
        target = point.key.target.value
        text = f"{target}:{point.key.name}"
        console.say("work.open_lesion", text=text, reasons=_reasons(point.reasons, console.lang))
        told.append({"target": target, "lesion": point.key.name.split("+"), "reasons": list(point.reasons)})
    for outcome in missing.targets:
        console.say("work.open_target", text=outcome.target.value, reasons=_reasons(outcome.reasons, console.lang))
        told.append({"target": outcome.target.value, "reasons": list(outcome.reasons)})
    reports = reports_of(case.dispute.pair)
    for name in missing.fields:
        a, b = (_answer_text(report.answers.get(FieldPath.parse(name)), console.lang) for report in reports)
        console.say("work.open_field", text=name, a=a, b=b)
        told.append({"field": name, "a": a, "b": b})
    return told


def _reasons(reasons: Sequence[str], lang: Lang) -> str:
    return say("store.list_joint", lang).join(say(f"reason.{reason}", lang) for reason in reasons)


def _answer_text(given: Answer | None, lang: Lang) -> str:
    if given is None:
        return say("work.no_answer", lang)
    if given.not_assessable is not None:
        return f"not_assessable:{given.not_assessable.reason}"
    return ", ".join(given.value) if isinstance(given.value, tuple) else str(given.value)


def _places(dispute: Dispute) -> Mapping[str, str]:
    """Where the masks of both readings lie."""
    pair = zip("AB", dispute.pair, strict=True)
    return {letter: str(reading.sealed.folder / MASKS_FOLDER) for letter, reading in pair}
