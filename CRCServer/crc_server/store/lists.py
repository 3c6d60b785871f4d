"""Lists and counts over all units for one person, from the index: as many queries for fifty thousand units as for five.

What a line says is asked of `crc_core.workflow.listing`; here it is only seen to that no unit is looked at that the
answer does not name. A reader's own units are told apart: in most of them blinding ends with the final, which the index
holds; those of the agreement sample and of calibration (`special`) are few, and each is looked at by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from crc_core.store.ruled import order_of_work
from crc_core.workflow.brief import Brief
from crc_core.workflow.context import Context, Person
from crc_core.workflow.gates import GRANTABLE, Glance, phases_known
from crc_core.workflow.listing import UnitLine, unit_line, work_item
from crc_core.workflow.project import HAS_FINAL, is_blind
from crc_core.workflow.views import Phase, SlotPhase, WorkItem
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Value, When

from crc_server.models import SlotRow, UnitRow
from crc_server.store.briefs import SLOT_FIELDS, UNIT_FIELDS, brief_in, briefs_of, slot_in

_FINAL = [phase.value for phase in HAS_FINAL]


@dataclass(frozen=True)
class Lists:
    """The units as one person may know them at `now`."""

    person: Person
    context: Context
    now: datetime

    @cached_property
    def special(self) -> Mapping[str, Brief]:
        """The person's own units of the sample and of calibration."""
        if not self.reads:
            return {}
        members = {unit for sample in self.context.samples for unit in sample.members}
        # They are named to the database, so that it begins with these few and not with all the person ever read.
        barred = set(UnitRow.objects.filter(barred__isnull=False).values_list("code", flat=True))
        own = SlotRow.objects.filter(unit__in=sorted(members | barred), reader=self.person.id)
        return briefs_of(UnitRow.objects.filter(code__in=list(own.values_list("unit_id", flat=True))))

    @cached_property
    def reads(self) -> bool:
        """Whether the person was ever given a slot."""
        return SlotRow.objects.filter(reader=self.person.id).exists()

    @cached_property
    def reads_blind(self) -> bool:
        """Whether the person reads any unit blind."""
        if not self.reads:
            return False
        if any(is_blind(self.glance(brief)) for brief in self.special.values()):
            return True
        return self.plain.exclude(unit__phase__in=_FINAL).exists()

    @property
    def plain(self) -> QuerySet[SlotRow]:
        """The person's own slots in all other units: there is one in each."""
        return SlotRow.objects.filter(reader=self.person.id).exclude(unit__in=list(self.special))

    @property
    def others(self) -> QuerySet[UnitRow]:
        """The units the person may know and does not read."""
        known = UnitRow.objects.filter(self.known)
        return known.filter(~self._own_slot()) if self.reads else known

    @cached_property
    def known(self) -> Q:
        """The units the person may know without reading them."""
        phases = phases_known(self.person)
        if phases == frozenset(Phase):
            return Q()
        granted = {unit for grant in self.context.grants_to(self.person, self.now) for unit in grant.units}
        by_grant = Q(phase__in=[phase.value for phase in GRANTABLE], code__in=sorted(granted))
        return by_grant | Q(phase__in=[phase.value for phase in phases])

    def glance(self, brief: Brief) -> Glance:
        """The person before a unit."""
        return Glance(brief, self.context, self.person, self.now)

    def searchable(self) -> QuerySet[UnitRow]:
        """The units the person may search: those they may know, without those whose reading still blinds them."""
        known = UnitRow.objects.filter(self.known)
        if not self.reads:
            return known
        blind = [unit for unit, brief in self.special.items() if is_blind(self.glance(brief))]
        special = list(self.special)
        return known.exclude(code__in=blind).filter(Q(code__in=special) | Q(phase__in=_FINAL) | ~self._own_slot())

    def work_page(self, offset: int, limit: int | None) -> tuple[tuple[WorkItem, ...], bool]:
        """A part of the work list in the order of work, and whether more follows."""
        end = None if limit is None else offset + limit + 1
        rows = self.others.order_by("is_over", "last_at", "code").only("code", "phase", "last_at", "reason")
        own = self._own_items(end) if self.reads else []
        if own:
            # Of each of two lists in order the first so many hold the first so many of both together.
            ordered = sorted([*own, *map(_line, rows[:end])], key=order_of_work)[offset:end]
        else:
            ordered = [_line(row) for row in rows[offset:end]]
        return tuple(ordered[:limit]), limit is not None and len(ordered) > limit

    def lines_after(self, unit: str, limit: int, *, sees_readers: bool) -> tuple[tuple[UnitLine, ...], bool]:
        """The next lines of the progress of all units behind a unit, by code, and whether more follow."""
        known = self.known | Q(self._own_slot()) if self.reads and self.known else self.known
        rows = UnitRow.objects.filter(known, code__gt=unit)
        codes = list(rows.order_by("code").values_list("code", flat=True)[: limit + 1])
        briefs = briefs_of(rows.filter(code__lte=codes[:limit][-1])) if codes else {}
        lines = (unit_line(self.glance(briefs[code]), sees_readers=sees_readers) for code in codes[:limit])
        return tuple(line for line in lines if line is not None), len(codes) > limit

    def _own_slot(self) -> Exists:
        return Exists(SlotRow.objects.filter(unit=OuterRef("pk"), reader=self.person.id))

    def _own_items(self, end: int | None) -> list[WorkItem]:
        """The first lines of the person's own units, and all of those that are special."""
        is_gone = Q(unit__phase=Phase.WITHDRAWN.value)
        is_done = Case(When(is_gone | Q(phase=SlotPhase.SUBMITTED.value), Value(True)), default=Value(False))
        since = Case(When(is_gone, F("unit__last_at")), default=F("assigned_at"))
        ordered = self.plain.annotate(is_done=is_done, since=since)
        ordered = ordered.order_by("is_done", "unit__is_over", "since", "unit_id")
        unit_fields = ("unit_id", *(f"unit__{name}" for name in UNIT_FIELDS[1:]))
        rows = ordered.values_list(*unit_fields, *SLOT_FIELDS)[:end]
        width = len(unit_fields)
        briefs = [brief_in(row[:width], (slot_in(row[width : width + len(SLOT_FIELDS)]),)) for row in rows]
        return _told(work_item(self.glance(brief)) for brief in (*self.special.values(), *briefs))


def _told(items: Iterable[WorkItem | None]) -> list[WorkItem]:
    return [item for item in items if item is not None]


def _line(row: UnitRow) -> WorkItem:
    return WorkItem(row.code, Phase(row.phase), None, row.last_at, row.reason)
