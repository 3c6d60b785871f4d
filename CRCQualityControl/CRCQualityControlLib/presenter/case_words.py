"""The case on the desk in words: lesions, questions, results, the region one is at, the clinical context."""

from __future__ import annotations

from crc_core.decision.choices import LesionKey
from crc_core.decision.settling import LesionPoint
from crc_core.desk.context_card import context_lines
from crc_core.report.document import Answer, FieldPath, Report
from crc_core.report.merge import Difference
from crc_core.report.wording import answer_text, path_label
from crc_core.text import Lang, say
from crc_core.workflow.events import Kind

from CRCQualityControlLib.presenter.desk_case import DeskCase
from CRCQualityControlLib.presenter.state import CaseState, FieldRow, LesionRow, TargetRow


def key_text(key: LesionKey) -> str:
    """A lesion's key as the view hands it back."""
    return f"{key.target.value}:{key.name}"


def case_state(desk: DeskCase, lang: Lang) -> CaseState:
    """The case as the panel shows it; who read is not told."""
    view, dispute = desk.opened.view, desk.opened.dispute
    merged = dispute.merged(desk.choices)
    differences = (*merged.open, *merged.kept_both)
    return CaseState(
        unit=view.unit,
        lesions=tuple(_lesion(point, desk, lang) for point in dispute.points),
        fields=tuple(_field(item, merged.report, desk, lang) for item in differences),
        results=tuple(_results(desk, lang)),
        phases=tuple(record.role for record in view.series),
        phase=desk.phase,
        fill=desk.fill,
        region=_region(desk, lang),
        context=context_lines(view, lang, desk.target),
        questions=view.questions,
        still_open=dispute.open_points(desk.choices).count,
        editing="" if desk.editing is None else key_text(desk.editing),
        supersedes=view.finals[-1].version if view.finals else None,
        may_return=Kind.READING_RETURNED in view.may,
        may_exclude=Kind.UNIT_EXCLUDED in view.may,
    )


def _lesion(point: LesionPoint, desk: DeskCase, lang: Lang) -> LesionRow:
    choice = desk.choices.lesions.get(point.key)
    outcome = point.outcome
    dice = say("agreement.none", lang) if outcome.dice_permille is None else f"{outcome.dice_permille / 1000:.3f}"
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
        reason_code="" if choice is None or choice.reason is None else choice.reason,
    )


def _field(item: Difference, report: Report, desk: DeskCase, lang: Lang) -> FieldRow:
    path = str(item.path)
    ruling = desk.choices.fields.get(path)
    label = path_label(report, item.path)
    return FieldRow(
        path=path,
        label=label.say(lang),
        critical=item.critical,
        a=_answer(report, item.path, item.a, lang),
        b=_answer(report, item.path, item.b, lang),
        chosen="" if ruling is None else ruling.choice.value,
    )


def _answer(report: Report, path: FieldPath, given: Answer | None, lang: Lang) -> str:
    section, field = report.section(path.section), report.field(path)
    if given is None or section is None or field is None:
        return say("work.no_answer", lang)
    return answer_text(section[0], field, given, lang)


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
