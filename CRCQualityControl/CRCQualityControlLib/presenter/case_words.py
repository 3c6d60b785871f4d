"""The case on the desk in words: lesions, questions, results, the region one is at, the clinical context."""

from __future__ import annotations

from crc_core.decision.choices import LesionKey
from crc_core.decision.settling import LesionPoint
from crc_core.desk.context_card import context_lines
from crc_core.text import Lang, say
from crc_core.vocabulary import TargetAnswer
from crc_core.workflow.events import Kind
from crc_core.workflow.payloads import TargetOutcome

from CRCQualityControlLib.presenter.desk_case import DeskCase
from CRCQualityControlLib.presenter.report_rows import report_rows
from CRCQualityControlLib.presenter.state import CaseState, LesionRow, SilentRow, TargetRow

ABSENT = tuple(answer for answer in TargetAnswer if answer is not TargetAnswer.DRAWN)
"""What can be said of a target of which no lesion stays."""


def key_text(key: LesionKey) -> str:
    """A lesion's key as the view hands it back."""
    return f"{key.target.value}:{key.name}"


def case_state(desk: DeskCase, lang: Lang, *, images_lost: bool = False) -> CaseState:
    """The case as the panel shows it; who read is told once the unit has a final."""
    view, dispute = desk.opened.view, desk.opened.dispute
    report = tuple(report_rows(desk, lang))
    open_points = dispute.open_points(desk.choices)
    return CaseState(
        unit=view.unit,
        lesions=tuple(_lesion(point, desk, lang) for point in dispute.points),
        silent=tuple(_silent(outcome, desk, lang) for outcome in dispute.silent_targets),
        fields=tuple(row for row in report if row.differs),
        report=report,
        results=tuple(_results(desk, lang)),
        fill=desk.fill,
        region=_region(desk, lang),
        context=(*_authors(desk, lang), *context_lines(view, lang, desk.target)),
        questions=view.questions,
        still_open=open_points.count,
        sub_voxel=sum(point.outcome.subvoxel for point in open_points.lesions),
        editing="" if desk.editing is None else key_text(desk.editing),
        tool=desk.tool,
        brush_mm=desk.brush_mm,
        shows_result=desk.shows_result,
        supersedes=view.finals[-1].version if view.finals else None,
        may_return=Kind.READING_RETURNED in view.may,
        may_exclude=Kind.UNIT_EXCLUDED in view.may,
        signer=desk.signer.words(lang),
        images_lost=images_lost,
    )


def _authors(desk: DeskCase, lang: Lang) -> tuple[tuple[str, str], ...]:
    if desk.authors is None:
        return ()
    a, b = desk.authors
    return ((say("quality.column.readers", lang), say("quality.authors", lang, a=a, b=b)),)


def _lesion(point: LesionPoint, desk: DeskCase, lang: Lang) -> LesionRow:
    choice = desk.choices.lesions.get(point.key)
    outcome = point.outcome
    dice = say("agreement.none", lang) if outcome.dice_permille is None else f"{outcome.dice_permille / 1000:.3f}"
    code = "" if choice is None or choice.reason is None else choice.reason
    drawn = "both" if point.key.a and point.key.b else "only_a" if point.key.a else "only_b"
    target = say(f"contour.target.{point.key.target.value}", lang)
    return LesionRow(
        key=key_text(point.key),
        words=say("quality.lesion", lang, target=target, name=point.key.name, dice=dice),
        drawn=say(f"quality.drawn.{drawn}", lang),
        reasons=say("store.list_joint", lang).join(say(f"reason.{reason}", lang) for reason in point.reasons),
        is_open=point.is_open and choice is None,
        takes=point.takes,
        chosen=None if choice is None else choice.take,
        reason_code=code,
        reason=reason_words(code, None if choice is None else choice.note, lang),
        sub_voxel=outcome.subvoxel,
        disputed=point.is_open,
    )


def reason_words(code: str, note: str | None, lang: Lang) -> str:
    """Why a lesion was decided so, in words; empty while nothing was said."""
    if not code:
        return ""
    words = say(f"adjudication.reason.{code}", lang)
    return say("quality.reason_note", lang, reason=words, note=note) if note else words


def _silent(outcome: TargetOutcome, desk: DeskCase, lang: Lang) -> SilentRow:
    ruling = desk.choices.absent.get(outcome.target)
    a, b = (answer_words(answer, lang) for answer in desk.opened.dispute.answers(outcome.target))
    return SilentRow(
        target=outcome.target.value,
        words=say(f"contour.target.{outcome.target.value}", lang),
        a=a,
        b=b,
        answers=tuple((answer.value, answer_words(answer, lang)) for answer in ABSENT),
        chosen="" if ruling is None else ruling.answer.value,
    )


def answer_words(answer: TargetAnswer, lang: Lang) -> str:
    """What a reading says of a target, in words."""
    return say(f"report.target_answer.{answer.value}", lang)


def _results(desk: DeskCase, lang: Lang) -> list[TargetRow]:
    none = say("agreement.none", lang)
    rows = []
    for outcome in desk.opened.dispute.comparison.targets:
        result = desk.opened.dispute.result(desk.choices, outcome.target)
        if result is None:
            continue
        with_a, with_b = (
            none if dice is None else f"{dice / 1000:.3f}" for dice in (result.dice.with_a, result.dice.with_b)
        )
        words = say(f"contour.target.{outcome.target.value}", lang)
        rows.append(TargetRow(outcome.target.value, words, with_a, with_b))
    return rows


def _region(desk: DeskCase, lang: Lang) -> str:
    regions = desk.regions
    if not regions or desk.region < 0:
        return ""
    target, region = regions[desk.region]
    first, last = region.slices
    return say(
        "quality.region",
        lang,
        place=desk.region + 1,
        count=len(regions),
        target=say(f"contour.target.{target.value}", lang),
        side=say(f"quality.drawn.{region.side.value}", lang),
        volume_ml=region.volume_ml,
        first=first,
        last=last,
    )
