"""The scan check as rows: every series with its verdict, every item that fell short with what was seen and said."""

from __future__ import annotations

from dataclasses import dataclass

from crc_core.desk.arrangement import ImageKey
from crc_core.desk.job_forms import ScanChecked, ScanItem
from crc_core.text import Lang, say
from crc_core.vocabulary import CT_PHASES, VERDICT_ORDER, Role, Verdict
from crc_core.workflow.payloads import CheckedItem, SeriesRecord

from CRCAnnotatorLib.presenter.open_case import OpenCase
from CRCAnnotatorLib.presenter.state import ItemRow, SeriesRow

LOUD = (Verdict.WARN, Verdict.FAIL)
"""What asks for a word of the reader."""


@dataclass(frozen=True)
class Item:
    """One item that fell short: as the store keeps it, in words where they are known, settled or not."""

    checked: CheckedItem
    finding: ScanItem | None
    remark: str
    overruled: bool

    @property
    def is_open(self) -> bool:
        """Whether it asks for a word of the reader."""
        return self.checked.verdict in LOUD and not self.remark and not self.overruled


def items_of(case: OpenCase, checked: ScanChecked | None, *, with_new: bool = False) -> tuple[Item, ...]:
    """What the store knows to fall short, the worst first, in the words of `checked`.

    With `with_new` also what `checked` found besides: a run that a person asked for. The store's check knew which
    series was taken for which phase; one beside it may take them otherwise, and is no reason to doubt unasked.
    """
    remarks = {remark.item: remark.reason for remark in case.work.scan_remarks}
    findings = {} if checked is None else {item.id: item for item in checked.items}
    known = {item.id: item for item in case.view.scan_items}
    for name, finding in findings.items():
        if with_new and name not in known and finding.verdict is not Verdict.PASS:
            known[name] = CheckedItem(name, finding.verdict, finding.overrulable, finding.role)
    items = (
        Item(item, findings.get(name), remarks.get(name, ""), name in case.view.overruled)
        for name, item in known.items()
    )
    return tuple(sorted(items, key=lambda item: -VERDICT_ORDER.index(item.checked.verdict)))


def item_row(item: Item, lang: Lang, *, read_only: bool) -> ItemRow:
    """One item as a row."""
    checked, finding = item.checked, item.finding
    sentence = say(f"annotator.check.{checked.verdict.value}", lang) if finding is None else finding.sentence
    if item.overruled:
        sentence = say("annotator.check.overruled", lang, sentence=sentence)
    return ItemRow(
        id=checked.id,
        label=item_label(checked, lang),
        verdict=checked.verdict,
        verdict_words=say(f"scan.verdict.{checked.verdict.value}", lang),
        seen="" if finding is None else finding.seen,
        expected="" if finding is None else finding.expected,
        sentence=sentence,
        role=checked.role,
        can_accept=item.is_open and checked.overrulable and not read_only,
        accepted=say("annotator.check.remark", lang, reason=item.remark) if item.remark else "",
    )


def item_label(checked: CheckedItem, lang: Lang) -> str:
    """What an item is called, without the series it belongs to."""
    return say(f"scan.name.{checked.id.rpartition('.')[2]}", lang)


def series_rows(
    case: OpenCase, items: tuple[Item, ...], checked: ScanChecked | None, lang: Lang
) -> tuple[SeriesRow, ...]:
    """Every series of the unit in the order of time, and the phases that are missing."""
    there = {record.role: record for record in case.view.series}
    told = {} if checked is None else {series.role: series.description for series in checked.series}
    roles = [role for role in Role if role in there or role in CT_PHASES]
    return tuple(
        _series(case, there[role], items, told.get(role, ""), lang) if role in there else _missing(role, items, lang)
        for role in roles
    )


def _series(case: OpenCase, record: SeriesRecord, items: tuple[Item, ...], told: str, lang: Lang) -> SeriesRow:
    own = [item for item in items if item.checked.role is record.role]
    verdict = own[0].checked.verdict if own else Verdict.PASS
    return SeriesRow(
        role=record.role,
        label=say(f"desk.role.{record.role.value}", lang),
        description=told,
        slices=str(record.instances),
        thickness="" if record.thickness_mm is None else f"{record.thickness_mm:g}",
        verdict=verdict,
        verdict_words=say(f"scan.verdict.{verdict.value}", lang),
        note=_note(own, lang),
        source_of=_source_of(case, record.role, lang),
        can_show=ImageKey(record.role) in case.grids,
    )


def _missing(role: Role, items: tuple[Item, ...], lang: Lang) -> SeriesRow:
    told = next((item for item in items if item.checked.id == "phase-set"), None)
    verdict = Verdict.NOTE if told is None else told.checked.verdict
    return SeriesRow(
        role=role,
        label=say(f"desk.role.{role.value}", lang),
        description=say("annotator.check.missing", lang),
        slices="",
        thickness="",
        verdict=verdict,
        verdict_words=say(f"scan.verdict.{verdict.value}", lang),
        note="",
        source_of="",
        can_show=False,
    )


def _note(own: list[Item], lang: Lang) -> str:
    """What is to be known of a series at one look: its worst item, and how many more there are."""
    if not own:
        return ""
    worst = own[0]
    words = item_label(worst.checked, lang) if worst.finding is None else worst.finding.sentence
    return words if len(own) == 1 else say("annotator.check.more", lang, words=words, count=len(own) - 1)


def _source_of(case: OpenCase, role: Role, lang: Lang) -> str:
    targets = [item.target for item in case.view.bindings if item.role is role]
    if not targets:
        return ""
    words = say("annotator.list", lang).join(say(f"report.target.{target.value}", lang) for target in targets)
    return say("annotator.check.source_of", lang, targets=words)
