"""`crcdb store settle`: what two readings leave open, and a senior's decisions on it, signed as the final."""

from __future__ import annotations

import argparse
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crc_core.cli.acting import accepted
from crc_core.cli.console import Console, Exit
from crc_core.cli.pins import ask_pin
from crc_core.cli.unit_images import ct_images
from crc_core.decision.composition import LesionDecision
from crc_core.decision.consensus import Pair, as_drawn, as_pair, masks_of, reports_of, said_of
from crc_core.decision.finals import AbsentRuling, FieldRuling, FinalPlace, Ruling, signed_final
from crc_core.errors import CrcError
from crc_core.files.nifti import read_mask
from crc_core.geometry.grid import Volume
from crc_core.identity import UnitId
from crc_core.reading.final import Take
from crc_core.reading.masks import MASKS_FOLDER
from crc_core.reading.seal import SealedFinal, open_final, read_reading, seal_final
from crc_core.report.document import Answer, FieldPath, NotAssessable
from crc_core.report.merge import Choice
from crc_core.store.clock import utc_now
from crc_core.store.folder import FolderStore
from crc_core.text import Lang, say
from crc_core.vocabulary import LesionClass, Target, TargetAnswer
from crc_core.workflow.events import Kind
from crc_core.workflow.intents import new_intent
from crc_core.workflow.payloads import FinalStored, LesionOutcome, Outcome, ReadingsCompared, TargetOutcome
from crc_core.workflow.views import UnitView

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
    parser.add_argument("--note", metavar="WORDS", help=say("work.help.note", lang))


@dataclass(frozen=True, eq=False)
class _Case:
    """What lies before the senior: both readings, what their comparison says, the lesions it leaves open."""

    store: FolderStore
    view: UnitView
    pair: Pair
    comparison: ReadingsCompared

    @property
    def open_lesions(self) -> tuple[tuple[Target, LesionOutcome, tuple[str, ...]], ...]:
        """The disputed lesions with the reasons of the dispute."""
        return tuple(
            (outcome.target, lesion, lesion.reasons or outcome.reasons)
            for outcome in self.comparison.targets
            if outcome.outcome is Outcome.DISPUTED
            for lesion in outcome.lesions
            if lesion.outcome is Outcome.DISPUTED or outcome.reasons
        )


@dataclass
class _Decided:
    """The decisions by what they are about."""

    lesions: dict[tuple[Target, str, int], tuple[str, LesionClass | None, Volume | None]] = field(default_factory=dict)
    absent: dict[Target, AbsentRuling] = field(default_factory=dict)
    fields: dict[str, FieldRuling] = field(default_factory=dict)


def settle(arguments: argparse.Namespace, console: Console) -> Exit:
    """Tell what is open, or sign where nothing is; the answer is "no" where a decision is missing."""
    case = _case(FolderStore(arguments.store), UnitId.parse(arguments.unit), arguments.actor)
    if case.view.finals:
        version = case.view.finals[-1].version
        console.say("work.final_stands", unit=case.view.unit, version=version, following=version + 1)
    decided = _decided(arguments, case)
    lesions, left_lesions = _lesions(case, decided, arguments.note)
    left_targets = _open_targets(case, decided, lesions, left=[target for target, _, _ in left_lesions])
    left_fields = [name for name in case.comparison.open_fields if name not in decided.fields]
    missing = _tell_open(case, console, left_lesions, left_targets, left_fields)
    if missing:
        console.say("work.still_open", unit=case.view.unit, count=len(missing))
        console.document({"unit": case.view.unit, "signed": False, "open": missing, "readings": _places(case)})
        return Exit.ANSWER_NO
    title = case.store.ledger.context.people[arguments.actor].title.value
    ruling = Ruling(arguments.actor, title, tuple(lesions), decided.absent, tuple(decided.fields.values()))
    final = _sign(case, arguments, ruling, console)
    console.say("work.signed", unit=case.view.unit, final=final)
    console.say("store.not_enforced")
    console.document({"unit": case.view.unit, "signed": True, "final": final, "enforces": False})
    return Exit.DONE


def _case(store: FolderStore, unit: UnitId, actor: str) -> _Case:
    view = store.unit(unit, actor)
    if view.comparison is None or Kind.FINAL_STORED not in view.may:
        raise CrcError("work.nothing_to_settle", unit=str(unit))
    readings = [read_reading(store.open_reading(name, actor)) for name in view.comparison.readings]
    return _Case(store, view, as_pair(*readings), view.comparison)


def _decided(arguments: argparse.Namespace, case: _Case) -> _Decided:
    decided = _Decided()
    for text in arguments.lesion:
        match = _matched(_LESION, text, "liver:A2=keep")
        kind = LesionClass(match[5]) if match[5] else None
        _once(decided.lesions, _key(case, match, text), (match[4], kind, None), text)
    for text in arguments.edited:
        match = _matched(_EDITED, text, "liver:A1=mask.nii.gz")
        _once(decided.lesions, _key(case, match, text), ("edited", None, _edited(case, match)), text)
    for text in arguments.absent:
        name, _, said = text.partition("=")
        said, _, reason = said.partition(":")
        if name not in set(Target) or said not in set(TargetAnswer):
            raise CrcError("work.bad_decision", text=text, pattern="liver=none_seen")
        _once(decided.absent, Target(name), AbsentRuling(TargetAnswer(said), reason or None), text)
    for text in arguments.answer:
        ruled = _field(_matched(_ANSWER, text, "patient.perforation=a"))
        _once(decided.fields, ruled.field, ruled, text)
    return decided


def _matched(pattern: re.Pattern[str], text: str, example: str) -> re.Match[str]:
    match = pattern.fullmatch(text)
    if match is None:
        raise CrcError("work.bad_decision", text=text, pattern=example)
    return match


def _once(decisions: dict[Any, Any], key: object, value: object, text: str) -> None:
    if key in decisions:
        raise CrcError("work.twice", text=text)
    decisions[key] = value


def _key(case: _Case, match: re.Match[str], text: str) -> tuple[Target, str, int]:
    """The first name of the disputed lesion that goes by the given letter and number."""
    target, letter, number = Target(match[1]), match[2], int(match[3])
    for open_target, lesion, _ in case.open_lesions:
        if open_target is target and number in (lesion.a if letter == "A" else lesion.b):
            return _name(target, lesion)
    raise CrcError("work.no_such_point", text=text)


def _name(target: Target, lesion: LesionOutcome) -> tuple[Target, str, int]:
    return (target, "A", lesion.a[0]) if lesion.a else (target, "B", lesion.b[0])


def _edited(case: _Case, match: re.Match[str]) -> Volume:
    drawn = next(mask for mask in masks_of(case.pair, Target(match[1])) if mask is not None)
    return read_mask(Path(match[4]), drawn.grid)


def _field(match: re.Match[str]) -> FieldRuling:
    if match[2]:
        return FieldRuling(match[1], Choice(match[2]))
    if match[3] == "typed":
        return FieldRuling(match[1], Choice.TYPED, match[4])
    reason, _, words = match[4].partition(":")
    return FieldRuling(match[1], Choice.TYPED, not_assessable=NotAssessable(reason, words))


def _lesions(
    case: _Case, decided: _Decided, note: str | None
) -> tuple[list[LesionDecision], list[tuple[Target, LesionOutcome, tuple[str, ...]]]]:
    made, left = [], []
    for target, lesion, reasons in case.open_lesions:
        given = decided.lesions.get(_name(target, lesion))
        if given is None:
            left.append((target, lesion, reasons))
            continue
        word, kind, edited = given
        kept = as_drawn(case.pair, target, lesion)
        take = kept.take if word == "keep" else Take.EDITED if edited is not None else _TAKES[word]
        numbers = {Take.A: lesion.a, Take.B: lesion.b}.get(take, (0,))
        if not numbers:
            raise CrcError("work.bad_decision", text=f"{target.value}={word}", pattern="keep, drop")
        made.append(
            LesionDecision(
                target=target,
                from_a=lesion.a,
                from_b=lesion.b,
                take=take,
                kind=kind or _kind(case.pair, target, lesion, take) or kept.kind,
                reason=reasons[0],
                note=note,
                edited=edited,
            )
        )
    return made, left


def _kind(pair: Pair, target: Target, lesion: LesionOutcome, take: Take) -> LesionClass | None:
    """The class of the reading that is taken; None where it is not one reading's."""
    if take is not Take.B or not lesion.b:
        return None
    return next(item.kind for item in said_of(pair[1], target).lesions if item.number == lesion.b[0])


def _open_targets(
    case: _Case, decided: _Decided, lesions: Sequence[LesionDecision], left: Sequence[Target]
) -> list[TargetOutcome]:
    """The disputed targets of which nothing is kept and nothing is said; a target all dropped says "none seen"."""
    found = []
    for outcome in case.comparison.targets:
        target = outcome.target
        own = [decision for decision in lesions if decision.target is target]
        agreed = len(outcome.lesions) - len(own)
        if outcome.outcome is not Outcome.DISPUTED or target in left or target in decided.absent:
            continue
        if own and not agreed and all(decision.take is Take.DROPPED for decision in own):
            decided.absent[target] = AbsentRuling(TargetAnswer.NONE_SEEN)
        elif not outcome.lesions:
            found.append(outcome)
    return found


def _tell_open(
    case: _Case,
    console: Console,
    lesions: Sequence[tuple[Target, LesionOutcome, tuple[str, ...]]],
    targets: Sequence[TargetOutcome],
    fields: Sequence[str],
) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []
    if lesions or targets or fields:
        for letter, path in _places(case).items():
            console.say("work.reading_is", letter=letter, path=path)
    for target, lesion, reasons in lesions:
        names = [f"A{number}" for number in lesion.a] + [f"B{number}" for number in lesion.b]
        text = f"{target.value}:{'+'.join(names)}"
        console.say("work.open_lesion", text=text, reasons=_reasons(reasons, console.lang))
        told.append({"target": target.value, "lesion": names, "reasons": list(reasons)})
    for outcome in targets:
        console.say("work.open_target", text=outcome.target.value, reasons=_reasons(outcome.reasons, console.lang))
        told.append({"target": outcome.target.value, "reasons": list(outcome.reasons)})
    reports = reports_of(case.pair)
    for name in fields:
        a, b = (_answer_text(report.answers.get(FieldPath.parse(name)), console.lang) for report in reports)
        console.say("work.open_field", text=name, a=a, b=b)
        told.append({"field": name, "a": a, "b": b})
    return told


def _reasons(reasons: Sequence[str], lang: Lang) -> str:
    return ", ".join(say(f"reason.{reason}", lang) for reason in reasons)


def _answer_text(given: Answer | None, lang: Lang) -> str:
    if given is None:
        return say("work.no_answer", lang)
    if given.not_assessable is not None:
        return f"not_assessable:{given.not_assessable.reason}"
    return ", ".join(given.value) if isinstance(given.value, tuple) else str(given.value)


def _places(case: _Case) -> Mapping[str, str]:
    """Where the masks of both readings lie."""
    return {letter: str(reading.sealed.folder / MASKS_FOLDER) for letter, reading in zip("AB", case.pair, strict=True)}


def _sign(case: _Case, arguments: argparse.Namespace, ruling: Ruling, console: Console) -> str:
    unit, actor = UnitId.parse(case.view.unit), arguments.actor
    last = case.view.finals[-1] if case.view.finals else None
    version, supersedes = (1, None) if last is None else (last.version + 1, last.final)
    place = FinalPlace(version, case.store.chain_head(actor), supersedes)
    draft = signed_final(case.pair, case.comparison, ct_images(case.store, case.view, actor), place, ruling)
    with tempfile.TemporaryDirectory() as folder:
        sealed = _sealed(Path(folder) / "final", draft)
        payload = FinalStored(
            sealed.sealed.sha256, version, case.comparison.readings, False, supersedes, arguments.note
        )
        intent = new_intent(Kind.FINAL_STORED, str(unit), actor, utc_now(), payload)
        accepted(case.store.sign_final(sealed.sealed, intent, secret=ask_pin(actor, console)))
    return sealed.sealed.sha256


def _sealed(folder: Path, draft: Any) -> SealedFinal:
    seal_final(folder, draft)
    return open_final(folder)
