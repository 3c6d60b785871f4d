"""The server's store: the rules every store keeps, over a database; blinding and titles are enforced here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crc_core.store.ledger import Build, Ledger
from crc_core.store.protocol import Receipt, StoreInfo
from crc_core.store.ruled import Parts, RuledStore
from crc_core.workflow.context import Person, Policy
from crc_core.workflow.decide import decide
from crc_core.workflow.events import Event, check_chain
from crc_core.workflow.intents import Intent, Refusal
from crc_core.workflow.listing import UnitLine, UnitLines, may_audit
from crc_core.workflow.views import Phase, WorkItem
from django.db.models import QuerySet

from crc_server.models import UnitRow
from crc_server.store.bodies import StoredBodies
from crc_server.store.cases import CaseTable
from crc_server.store.chain import DatabaseChain
from crc_server.store.lists import Lists
from crc_server.store.passwords import Passwords
from crc_server.store.tallies import Tally, tally_of, waiting_lines

_LINES_AT_ONCE = 2_000
_WAITING_SHOWN = 50


@dataclass(frozen=True)
class Identity:
    """Which store this is."""

    id: str
    policy: Policy


class ServerStore(RuledStore):
    """The store as one request meets it; made anew for each, it is cheap."""

    def __init__(
        self, identity: Identity, chain: DatabaseChain, bodies: StoredBodies, passwords: Passwords, build: Build
    ) -> None:
        self._identity = identity
        self._database = chain
        self.bodies = bodies
        self.passwords = passwords
        parts = Parts(bodies, CaseTable(), passwords, identity.policy, enforces=True)
        super().__init__(Ledger(chain, identity.policy, passwords.clock, decide, build), parts)

    def info(self) -> StoreInfo:
        """What kind of store this is; a client adds where it found it."""
        return StoreInfo(self._identity.id, "", True, self._identity.policy.version)

    def work_list(self, viewer: str) -> tuple[WorkItem, ...]:
        """What waits for the viewer, in their order of work."""
        return self.work_page(viewer, 0, None)[0]

    def work_page(self, viewer: str, offset: int, limit: int | None) -> tuple[tuple[WorkItem, ...], bool]:
        """A part of the work list, and whether more follows."""
        lists = self.lists(viewer)
        return ((), False) if lists is None else lists.work_page(offset, limit)

    def unit_lines(self, viewer: str) -> UnitLines:
        """All units the viewer may know, by code, as lines of the progress of all."""
        lines: list[UnitLine] = []
        while True:
            page, more = self.unit_lines_page(viewer, lines[-1].unit if lines else "", _LINES_AT_ONCE)
            lines += page.lines
            if not more:
                return UnitLines(tuple(lines), page.shows_readers)

    def unit_lines_page(self, viewer: str, after: str, limit: int) -> tuple[UnitLines, bool]:
        """The next lines behind a unit, and whether more follow."""
        lists = self.lists(viewer)
        if lists is None:
            return UnitLines((), False), False
        sees_readers = may_audit(lists.person) and not lists.reads_blind
        lines, more = lists.lines_after(after, limit, sees_readers=sees_readers)
        return UnitLines(lines, sees_readers), more

    def counts(self, viewer: str) -> Tally:
        """The units a person may know, by site and state."""
        lists = self.lists(viewer)
        return Tally({}) if lists is None else tally_of(lists, sees_readers=False)

    def tally(self, viewer: str) -> tuple[Tally, tuple[UnitLine, ...]]:
        """The progress of all units in numbers, and what has waited longest for a senior."""
        lists = self.lists(viewer)
        if lists is None:
            return Tally({}), ()
        sees_readers = may_audit(lists.person) and not lists.reads_blind
        return tally_of(lists, sees_readers=sees_readers), waiting_lines(lists, _WAITING_SHOWN)

    def searchable(self, viewer: str) -> QuerySet[UnitRow]:
        """The units a person may search: those they may know, without those whose reading still blinds them."""
        lists = self.lists(viewer)
        return UnitRow.objects.none() if lists is None else lists.searchable()

    def lists(self, viewer: str) -> Lists | None:
        """The units as the viewer may know them now; None for who is no active person."""
        self.chain.refresh()
        person = self.ledger.context.person(viewer)
        return None if person is None else Lists(person, self.ledger.context, self.ledger.now)

    def events_page(self, seq: int, limit: int, viewer: str) -> tuple[Event, ...]:
        """At most `limit` events after `seq`, for whom `events_since` is."""
        self.require_auditor(viewer)
        return tuple(self._database.page(seq, limit))

    def check_chain(self, viewer: str) -> str:
        """The head of the chain after comparing every link, for auditors."""
        self.require_auditor(viewer)
        return self.whole_chain()

    def whole_chain(self) -> str:
        """The same for the server's own keeper; however long the chain is, it is never held whole."""
        return check_chain(self._database.walk())

    def preview(self, intent: Intent) -> Receipt | Refusal | None:
        """What an intent would be answered now without doing it; None where it would be done."""
        return self.ledger.preview(intent)

    def _reads_blind(self, person: Person) -> bool:
        return Lists(person, self.ledger.context, self.ledger.now).reads_blind

    def _maybe_due(self) -> Sequence[str]:
        return tuple(UnitRow.objects.filter(phase=Phase.COMPARING.value).values_list("code", flat=True))
