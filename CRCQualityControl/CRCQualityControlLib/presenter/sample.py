"""The page Sample: drawing the agreement sample, what was kept of it, and re-readings after the washout."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from crc_core.agreement.policy import agreement_policy
from crc_core.errors import CrcError
from crc_core.quality.sample_page import SampleRecord, sample_record, strata_words, write_sample
from crc_core.reading.schema import FIRST_ROUND
from crc_core.statistics.sampling import StratumCount
from crc_core.store.protocol import Store
from crc_core.store.sampling import STRATA, Rereading, StoreSample, draw_from_store, drawable, rereadings
from crc_core.study.stepping import Steps
from crc_core.workflow.context import Context, Policy, build_context, load_policy
from crc_core.workflow.events import Event, Kind
from crc_core.workflow.payloads import ReadingAssigned

from CRCQualityControlLib.presenter.hub import Hub
from CRCQualityControlLib.presenter.people import colleagues
from CRCQualityControlLib.presenter.ports import Choice
from CRCQualityControlLib.presenter.sample_state import SampleState
from CRCQualityControlLib.presenter.state import Level
from CRCQualityControlLib.presenter.tables import TableState

_HIDDEN = ("store.auditors_only", "store.reads_blind")


class Sampling:
    """The samples of the store, for who keeps them."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._clear()

    def _clear(self) -> None:
        self._events: Sequence[Event] = ()
        self._context: Context | None = None
        self._policy: Policy = load_policy()
        self._may_draw = False
        self._drawn: StoreSample | None = None
        self._ready: tuple[str, ...] = ()
        self._excluded: tuple[str, ...] = ()
        self._records: tuple[SampleRecord, ...] = ()
        self._waiting: tuple[Rereading, ...] = ()
        self._selected = 0
        self._names: dict[str, str] = {}

    def reset(self) -> None:
        """Another store or person: nothing is known any more."""
        self._clear()
        self.show()

    def refresh(self) -> None:
        """Fetch what is kept; who may not see the chain sees nothing here."""
        store = self._hub.attempt(self._hub.open_store)
        if store is not None:
            self._hub.run(self._hub.say("quality.counting"), self._fetching(store), self._fetched)

    def select(self, place: int) -> None:
        """Show another of the samples that were kept."""
        if 0 <= place < len(self._records):
            self._selected = place
            self.show()

    def exclude(self, unit: str) -> None:
        """Leave a unit out of the next draw, whatever the reason; it is kept with the sample."""
        if unit in self._ready and unit not in self._excluded:
            self._excluded = tuple(sorted((*self._excluded, unit)))
            self.show()

    def ask_exclusion(self) -> None:
        """Ask which unit to leave out of the next draw."""
        choices = [Choice(unit, unit) for unit in self._ready if unit not in self._excluded]
        title = self._hub.say("quality.sample.exclude")
        unit = self._hub.kit.ask.pick(title, self._hub.say("quality.sample.exclude_words"), choices)
        if unit is not None:
            self.exclude(unit)

    def include(self, unit: str) -> None:
        """Let a unit be drawn again."""
        self._excluded = tuple(name for name in self._excluded if name != unit)
        self.show()

    def draw(
        self,
        size: int,
        seed: int,
        *,
        per_reader: int = 0,
        excluded: Sequence[str] | None = None,
        washout_days: int | None = None,
    ) -> None:
        """Draw, show how the draw is spread, and keep it after asking; readers are never told."""
        policy, left_out = self._policy, self._excluded if excluded is None else excluded
        drawn = self._hub.attempt(
            lambda: draw_from_store(
                self._events, policy, size, seed, left_out, per_reader=per_reader, washout_days=washout_days
            )
        )
        if drawn is None:
            return
        self._drawn = drawn
        self.show()
        choices = [Choice(code, self._hub.say(f"quality.answer.{code}")) for code in ("keep", "cancel")]
        count, population = len(drawn.sample.drawn), drawn.sample.population
        words = self._hub.say("statistics.drawn", n=count, population=population, seed=seed)
        kept = self._hub.kit.ask.choose(self._hub.say("quality.ask.sample"), words, choices) == "keep"
        self._drawn = None
        if kept and self._hub.act(Kind.SAMPLE_DRAWN, None, drawn.payload, words):
            self._excluded, self._selected = (), -1
            self.refresh()
            self._hub.note(Level.INFO, "statistics.kept_in_store", days=drawn.payload.washout_days)
        self.show()

    def give_out(self) -> None:
        """Assign every re-reading whose washout is over, in shuffled order."""
        given = 0
        for item in self._due():
            if not self._hub.act(Kind.READING_ASSIGNED, item.unit, ReadingAssigned(item.reader, FIRST_ROUND + 1), ""):
                break
            given += 1
        waiting = len(self._waiting) - given
        self.refresh()
        if given:
            self._hub.note(Level.INFO, "sample.reread", count=given, waiting=waiting)

    def export(self) -> None:
        """Write the sample that is shown, with its spread, as a new folder below one that is chosen."""
        record = self._record()
        folder = None if record is None else self._hub.kit.ask.folder(self._hub.say("quality.ask.export"))
        if record is None or folder is None:
            return
        out = folder / f"sample-{record.seed}-{self._hub.kit.clock.now():%Y%m%d-%H%M%S}"

        def write() -> bool:
            write_sample(record, out, self._hub.lang)
            return True

        if self._hub.attempt(write):
            self._hub.note(Level.INFO, "study.written", path=out)

    def show(self) -> None:
        """Show what is known."""
        record, due = self._record(), self._due()
        later = [item.due_at for item in self._waiting if item not in due]
        drawn = None if self._drawn is None else self._drawn.sample
        strata = drawn.strata if drawn is not None else () if record is None else record.strata
        self._hub.publish(
            sample=SampleState(
                samples=tuple(self._line(item) for item in self._records),
                selected=None if record is None or drawn is not None else self._records.index(record),
                facts=self._facts(record) if drawn is None else (),
                strata=self._strata(strata),
                members=self._members(record),
                left_out=self._left_out(record),
                rereads=self._rereads(due),
                excluded=self._excluded,
                least=agreement_policy().smallest_sample,
                washout_days=self._policy.washout_days,
                ready=len(self._ready),
                due=len(due),
                waiting=len(later),
                next_due=f"{min(later):%Y-%m-%d}" if later else "",
                may_draw=self._may_draw,
                may_see=self._context is not None,
            )
        )

    def _fetching(self, store: Store) -> Steps[bool]:
        """Fetch in steps; whether the person may see any of it."""
        yield 0, 0
        view = store.overview(self._hub.person)
        may_draw, policy = Kind.SAMPLE_DRAWN in view.may, view.policy
        try:
            events = store.events_since(0, self._hub.person)
        except CrcError as error:
            if error.code not in _HIDDEN:
                raise
            return False
        yield 0, 0
        context = build_context((event for event in events if event.unit is None), policy)
        records = tuple(sample_record(events, item) for item in context.samples)
        yield 0, 0
        self._waiting, self._ready = rereadings(events, context), drawable(events, policy) if may_draw else ()
        self._events, self._context, self._records = events, context, records
        self._may_draw, self._policy, self._names = may_draw, policy, dict(colleagues(store))
        self._excluded = tuple(unit for unit in self._excluded if unit in self._ready)
        return True

    def _fetched(self, is_seen: bool) -> None:
        if not is_seen:
            self._clear()
        if not 0 <= self._selected < len(self._records):
            self._selected = max(0, len(self._records) - 1)
        self.show()

    def _record(self) -> SampleRecord | None:
        return self._records[self._selected] if 0 <= self._selected < len(self._records) else None

    def _due(self) -> list[Rereading]:
        now = self._hub.kit.clock.now()
        return [item for item in self._waiting if item.due_at <= now]

    def _line(self, record: SampleRecord) -> str:
        at = f"{record.drawn_at:%Y-%m-%d}"
        return self._hub.say("quality.sample_line", count=len(record.members), at=at, seed=record.seed)

    def _facts(self, record: SampleRecord | None) -> tuple[tuple[str, str], ...]:
        if record is None:
            return ()
        found = {
            "seed": str(record.seed),
            "drawn": f"{record.drawn_at:%Y-%m-%d}",
            "population": f"{len(record.members)} / {record.population}",
            "washout": self._hub.say("adjudication.waiting_days", days=record.washout_days),
        }
        return tuple((self._hub.say(f"quality.sample.fact.{name}"), words) for name, words in found.items())

    def _members(self, record: SampleRecord | None) -> TableState:
        columns = [self._hub.say("quality.column.unit")]
        columns += [self._hub.say(f"quality.stratum.{name}") for name in STRATA]
        members = () if record is None else record.members
        rows = tuple((unit, *strata_words(strata, self._hub.lang)) for unit, strata in members)
        return TableState(tuple(columns), rows)

    def _strata(self, counts: Sequence[StratumCount]) -> TableState:
        columns = tuple(self._hub.say(f"quality.stratum.{name}") for name in (*STRATA, "population", "drawn"))
        lang = self._hub.lang
        rows = tuple((*strata_words(item.strata, lang), str(item.population), str(item.drawn)) for item in counts)
        return TableState(columns, rows)

    def _left_out(self, record: SampleRecord | None) -> TableState:
        columns = tuple(self._hub.say(f"quality.column.{name}") for name in ("unit", "reason"))
        left_out = {} if record is None else record.left_out
        rows = tuple((unit, self._hub.say(f"quality.sample.left_out.{why}")) for unit, why in sorted(left_out.items()))
        return TableState(columns, rows)

    def _rereads(self, due: Sequence[Rereading]) -> TableState:
        names = ("reader", "due", "not_yet", "next")
        now, later = Counter(item.reader for item in due), Counter[str]()
        first: dict[str, str] = {}
        for item in self._waiting:
            if item not in due:
                later[item.reader] += 1
                at = f"{item.due_at:%Y-%m-%d}"
                first[item.reader] = min(at, first.get(item.reader, at))
        rows = tuple(
            (self._names.get(reader, reader), str(now[reader]), str(later[reader]), first.get(reader, ""))
            for reader in sorted({*now, *later})
        )
        marks = frozenset(place for place, reader in enumerate(sorted({*now, *later})) if now[reader])
        return TableState(tuple(self._hub.say(f"quality.column.{name}") for name in names), rows, marks)
