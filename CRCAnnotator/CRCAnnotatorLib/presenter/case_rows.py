"""The work list as lines a person reads: status, since when, what waits; filtered, searched and counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from crc_core.desk.policy import desk_policy
from crc_core.reading.schema import CALIBRATION_ROUND, FIRST_ROUND
from crc_core.text import Lang, say
from crc_core.workflow.views import Phase, SlotPhase, WorkItem

from CRCAnnotatorLib.presenter.state import CaseFilter, CaseRow, CasesState, Mark
from CRCAnnotatorLib.presenter.wording import day_words, time_words

TO_READ = (SlotPhase.ASSIGNED, SlotPhase.IN_WORK, SlotPhase.RETURNED, SlotPhase.WITHDRAWN)
"""The slots that wait for their reader."""

_CLOSED = (Phase.EXCLUDED, Phase.WITHDRAWN)
_MARKS: Mapping[SlotPhase, Mark] = MappingProxyType(
    {
        SlotPhase.ASSIGNED: Mark.TODO,
        SlotPhase.IN_WORK: Mark.CURRENT,
        SlotPhase.WITHDRAWN: Mark.CURRENT,
        SlotPhase.RETURNED: Mark.ATTENTION,
        SlotPhase.SUBMITTED: Mark.DONE,
    }
)


@dataclass(frozen=True)
class Listing:
    """What the list is made of: the store's items, what is kept on this machine, how the person looks at it.

    `kept` is the time of the newest work by unit that is not handed in, None where it is damaged. `waiting` are the
    units of which a reading waits in the outbox.
    """

    items: tuple[WorkItem, ...] = ()
    kept: Mapping[str, datetime | None] = field(default_factory=dict)
    search: str = ""
    filter: CaseFilter = CaseFilter.OPEN
    selected: str = ""
    is_store_open: bool = False
    has_reader: bool = False
    waiting: frozenset[str] = frozenset()


def waits(item: WorkItem) -> bool:
    """Whether an item is work for its viewer now."""
    return item.phase not in _CLOSED and item.slot is not None and item.slot.phase in TO_READ


def can_open(item: WorkItem) -> bool:
    """Whether the viewer has something to open there: a slot in a unit that is still in the database."""
    return item.phase not in _CLOSED and item.slot is not None


def next_to_read(items: Sequence[WorkItem], after: str, waiting: frozenset[str] = frozenset()) -> str:
    """The unit to read after another: the next one in the store's order that waits, else the first; empty for none."""
    units = [item.unit for item in items]
    at = units.index(after) + 1 if after in units else 0
    return next((item.unit for item in (*items[at:], *items[:at]) if _is_next(item, after, waiting)), "")


def _is_next(item: WorkItem, after: str, waiting: frozenset[str]) -> bool:
    return waits(item) and item.unit != after and item.unit not in waiting


def case_list(listing: Listing, open_unit: str, now: datetime, lang: Lang) -> CasesState:
    """The state of the work list."""
    rows = [(item, _row(item, listing, open_unit, now, lang)) for item in listing.items]
    shown = tuple(row for item, row in rows if _is_in(listing.filter, item) and _is_found(row, listing.search))
    counts = tuple(
        (kind, say(f"annotator.filter.{kind.value}", lang), sum(_is_in(kind, item) for item in listing.items))
        for kind in CaseFilter
    )
    selected = next((row.unit for row in shown if row.unit == listing.selected), "")
    openable = next((can_open(item) for item in listing.items if item.unit == selected), False)
    empty = "" if shown else _why_empty(listing, lang)
    return CasesState(shown, listing.search, listing.filter, counts, selected, empty, openable)


def _row(item: WorkItem, listing: Listing, open_unit: str, now: datetime, lang: Lang) -> CaseRow:
    return CaseRow(
        unit=item.unit,
        status=say("online.status.waiting", lang) if item.unit in listing.waiting else _status(item, now, lang),
        mark=Mark.DONE if item.unit in listing.waiting else _mark(item),
        since=day_words(item.since),
        note=_note(item, lang),
        kept=_kept_words(listing.kept[item.unit], now, lang) if _is_kept(item.unit, listing) else "",
        is_open=item.unit == open_unit,
    )


def _is_kept(unit: str, listing: Listing) -> bool:
    """Whether work is spoken of that is not handed in; what waits in the outbox is handed in as far as one can."""
    return unit in listing.kept and unit not in listing.waiting


def _kept_words(at: datetime | None, now: datetime, lang: Lang) -> str:
    if at is None:
        return say("annotator.kept.damaged", lang)
    is_old = (now - at).days >= desk_policy().kept_days
    return say("annotator.kept.long" if is_old else "annotator.kept.at", lang, at=time_words(at, now))


def _status(item: WorkItem, now: datetime, lang: Lang) -> str:
    slot = item.slot
    if slot is None or item.phase in _CLOSED:
        return say(f"phase.{item.phase.value}", lang)
    if slot.phase is SlotPhase.SUBMITTED and slot.withdraw_until is not None and now < slot.withdraw_until:
        return say("annotator.status.open_window", lang, until=time_words(slot.withdraw_until, now))
    return say(f"slot.{slot.phase.value}", lang)


def _mark(item: WorkItem) -> Mark:
    if item.slot is None or item.phase in _CLOSED:
        return Mark.LOCKED
    return _MARKS[item.slot.phase]


def _note(item: WorkItem, lang: Lang) -> str:
    """Why it came back, why it was excluded, which reading it is."""
    if item.reason and item.phase in _CLOSED:
        return item.reason
    if item.slot is None:
        return ""
    if item.slot.phase is SlotPhase.RETURNED and item.slot.question:
        return item.slot.question
    if item.slot.round == FIRST_ROUND:
        return ""
    return say("annotator.note.calibration" if item.slot.round == CALIBRATION_ROUND else "annotator.note.again", lang)


def _is_in(kind: CaseFilter, item: WorkItem) -> bool:
    if kind is CaseFilter.ALL:
        return True
    if kind is CaseFilter.OPEN:
        return waits(item)
    wanted = SlotPhase.RETURNED if kind is CaseFilter.RETURNED else SlotPhase.SUBMITTED
    return item.phase not in _CLOSED and item.slot is not None and item.slot.phase is wanted


def _is_found(row: CaseRow, search: str) -> bool:
    words = f"{row.unit} {row.status} {row.note} {row.kept} {row.since}".casefold()
    return all(part in words for part in search.casefold().split())


def _why_empty(listing: Listing, lang: Lang) -> str:
    if not listing.is_store_open:
        return say("annotator.empty.no_store", lang)
    if not listing.has_reader:
        return say("annotator.empty.no_reader", lang)
    if not listing.items:
        return say("annotator.empty.nothing", lang)
    if listing.search.strip():
        return say("annotator.empty.not_found", lang, search=listing.search.strip())
    return say(f"annotator.empty.{listing.filter.value}", lang, count=len(listing.items))
