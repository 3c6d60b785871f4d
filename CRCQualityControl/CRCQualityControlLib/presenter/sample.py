"""The page Sample: drawing the agreement sample, and giving re-readings out after the washout."""

from __future__ import annotations

from collections.abc import Sequence

from crc_core.errors import CrcError
from crc_core.reading.schema import FIRST_ROUND
from crc_core.store.sampling import STRATA, Rereading, StoreSample, draw_from_store, rereadings
from crc_core.workflow.context import Context, build_context, load_policy
from crc_core.workflow.events import Event, Kind
from crc_core.workflow.payloads import ReadingAssigned

from CRCQualityControlLib.presenter.hub import Hub
from CRCQualityControlLib.presenter.ports import Choice
from CRCQualityControlLib.presenter.state import Level, SampleState, TableState


class Sampling:
    """The samples of the store, for who keeps them."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._events: Sequence[Event] = ()
        self._context: Context | None = None
        self._may_draw = False
        self._drawn: StoreSample | None = None
        self._policy = load_policy()

    def reset(self) -> None:
        """Another store or person: nothing is known any more."""
        self._events, self._context, self._drawn, self._may_draw = (), None, None, False
        self.show()

    def refresh(self) -> None:
        """Fetch what is kept; who may not see the chain sees nothing here."""
        store = self._hub.attempt(self._hub.open_store)
        if store is None:
            return

        def fetch() -> None:
            view = store.overview(self._hub.person)
            self._may_draw, self._policy = Kind.SAMPLE_DRAWN in view.may, view.policy
            self._events = store.events_since(0, self._hub.person)
            own = (event for event in self._events if event.unit is None)
            self._context = build_context(own, self._policy)

        try:
            fetch()
        except CrcError as error:
            self._events, self._context, self._may_draw = (), None, False
            if error.code not in ("store.auditors_only", "store.reads_blind"):
                self._hub.tell(error)
        self.show()

    def draw(self, size: int, seed: int, *, per_reader: int = 0, excluded: Sequence[str] = ()) -> None:
        """Draw, show how the draw is spread, and keep it after asking; readers are never told."""
        policy = self._policy
        drawn = self._hub.attempt(
            lambda: draw_from_store(self._events, policy, size, seed, excluded, per_reader=per_reader)
        )
        if drawn is None:
            return
        self._drawn = drawn
        self.show()
        choices = [Choice(code, self._hub.say(f"quality.answer.{code}")) for code in ("keep", "cancel")]
        count, population = len(drawn.sample.drawn), drawn.sample.population
        words = self._hub.say("statistics.drawn", n=count, population=population, seed=seed)
        if self._hub.kit.ask.choose(self._hub.say("quality.ask.sample"), words, choices) == "keep":
            kept = self._hub.act(Kind.SAMPLE_DRAWN, None, drawn.payload, words)
            self.refresh()
            if kept:
                self._hub.note(Level.INFO, "statistics.kept_in_store", days=drawn.payload.washout_days)
        self._drawn = None
        self.show()

    def give_out(self) -> None:
        """Assign every re-reading whose washout is over, in shuffled order."""
        given = 0
        for item in self._due():
            if not self._hub.act(Kind.READING_ASSIGNED, item.unit, ReadingAssigned(item.reader, FIRST_ROUND + 1), ""):
                break
            given += 1
        self.refresh()
        if given:
            shown = self._hub.state.sample
            self._hub.note(Level.INFO, "sample.reread", count=given, waiting=shown.waiting)

    def show(self) -> None:
        """Show what is known."""
        waiting = () if self._context is None else rereadings(self._events, self._context)
        due = self._due()
        later = [item.due_at for item in waiting if item not in due]
        samples = () if self._context is None else self._context.samples
        lines = tuple(
            self._hub.say("quality.sample_line", count=len(item.order), at=f"{item.drawn_at:%Y-%m-%d}", seed=item.seed)
            for item in samples
        )
        self._hub.publish(
            sample=SampleState(
                samples=lines,
                members=self._strata() if self._drawn is not None else self._members(),
                due=len(due),
                waiting=len(later),
                next_due=f"{min(later):%Y-%m-%d}" if later else "",
                may_draw=self._may_draw,
            )
        )

    def _due(self) -> list[Rereading]:
        if self._context is None:
            return []
        now = self._hub.kit.clock.now()
        return [item for item in rereadings(self._events, self._context) if item.due_at <= now]

    def _members(self) -> TableState:
        samples = () if self._context is None else self._context.samples
        rows = tuple((unit, f"{item.drawn_at:%Y-%m-%d}") for item in samples for unit in item.order)
        return TableState(tuple(self._hub.say(f"quality.column.{name}") for name in ("unit", "drawn")), rows)

    def _strata(self) -> TableState:
        counts = () if self._drawn is None else self._drawn.sample.strata
        columns = tuple(self._hub.say(f"quality.stratum.{name}") for name in (*STRATA, "population", "drawn"))
        rows = tuple((*count.strata, str(count.population), str(count.drawn)) for count in counts)
        return TableState(columns, rows)
