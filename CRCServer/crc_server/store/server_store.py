"""The server's store: the rules every store keeps, over a database; blinding and titles are enforced here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crc_core.store.clock import Clock
from crc_core.store.ledger import Ledger
from crc_core.store.protocol import Receipt, StoreInfo
from crc_core.store.ruled import Parts, RuledStore, order_of_work
from crc_core.workflow.context import Policy
from crc_core.workflow.decide import decide
from crc_core.workflow.events import Event
from crc_core.workflow.gates import phases_known
from crc_core.workflow.intents import Intent, Refusal
from crc_core.workflow.project import is_blind, work_item
from crc_core.workflow.views import Phase, WorkItem
from django.db.models import QuerySet

from crc_server.models import SlotRow, UnitRow
from crc_server.store.bodies import StoredBodies
from crc_server.store.cases import CaseTable
from crc_server.store.chain import DatabaseChain
from crc_server.store.memory import ChainMemory
from crc_server.store.passwords import Passwords


@dataclass(frozen=True)
class Identity:
    """Which store this is."""

    id: str
    policy: Policy


class ServerStore(RuledStore):
    """The store as one request meets it; made anew for each, it is cheap."""

    def __init__(
        self, identity: Identity, memory: ChainMemory, bodies: StoredBodies, passwords: Passwords, clock: Clock
    ) -> None:
        self._identity = identity
        self._database = DatabaseChain(memory, identity.policy)
        self.bodies = bodies
        self.passwords = passwords
        parts = Parts(bodies, CaseTable(), passwords, identity.policy, enforces=True)
        super().__init__(Ledger(self._database, identity.policy, clock, decide), parts)

    def info(self) -> StoreInfo:
        """What kind of store this is; a client adds where it found it."""
        return StoreInfo(self._identity.id, "", True, self._identity.policy.version)

    def work_list(self, viewer: str) -> tuple[WorkItem, ...]:
        """What waits for the viewer, in their order of work."""
        return self.work_page(viewer, 0, None)[0]

    def work_page(self, viewer: str, offset: int, limit: int | None) -> tuple[tuple[WorkItem, ...], bool]:
        """A part of the work list, and whether more follows.

        Units the viewer reads are projected from their events; of all others a line tells only what the index holds,
        and the database puts them in order.
        """
        self.chain.refresh()
        context, now = self.ledger.context, self.ledger.now
        person = context.person(viewer)
        if person is None:
            return (), False
        slots = SlotRow.objects.filter(reader=viewer).values_list("unit_id", flat=True)
        last = dict(UnitRow.objects.filter(code__in=slots).values_list("code", "last_seq"))
        own = [work_item(events, context, viewer, now) for events in self._database.of_units(last).values()]
        end = None if limit is None else offset + limit + 1
        known = [phase.value for phase in phases_known(person)]
        rows = UnitRow.objects.filter(phase__in=known).exclude(code__in=slots).order_by("is_over", "last_at", "code")
        # Of each of two lists in order the first so many hold the first so many of both together.
        items = [item for item in own if item is not None] + ([_line(row) for row in rows[:end]] if known else [])
        ordered = sorted(items, key=order_of_work)[offset:end]
        return tuple(ordered[:limit]), limit is not None and len(ordered) > limit

    def searchable(self, viewer: str) -> QuerySet[UnitRow]:
        """The units a person may search: those they may know, without those whose reading still blinds them."""
        self.chain.refresh()
        person = self.ledger.context.person(viewer)
        known = frozenset() if person is None else phases_known(person)
        if person is None or not known:
            return UnitRow.objects.none()
        blind = [unit for unit in self.chain.units_read_by(viewer) if is_blind(self._situation(unit, person))]
        return UnitRow.objects.filter(phase__in=[phase.value for phase in known]).exclude(code__in=blind)

    def events_page(self, seq: int, limit: int, viewer: str) -> tuple[Event, ...]:
        """At most `limit` events after `seq`, for whom `events_since` is."""
        self.require_auditor(viewer)
        return tuple(self._database.page(seq, limit))

    def preview(self, intent: Intent) -> Receipt | Refusal | None:
        """What an intent would be answered now without doing it; None where it would be done."""
        return self.ledger.preview(intent)

    def _maybe_due(self) -> Sequence[str]:
        return tuple(UnitRow.objects.filter(phase=Phase.COMPARING.value).values_list("code", flat=True))


def _line(row: UnitRow) -> WorkItem:
    return WorkItem(row.code, Phase(row.phase), None, row.last_at, row.reason)
