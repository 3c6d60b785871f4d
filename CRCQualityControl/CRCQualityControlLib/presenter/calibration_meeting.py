"""What all look at in the meeting: everybody's contours as a heat map, one contour against the reference, numbers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from crc_core.calibration.session import heat_map
from crc_core.calibration.votes import Votes
from crc_core.errors import CrcError
from crc_core.geometry.grid import Volume
from crc_core.identity import UnitId
from crc_core.reading.schema import CALIBRATION_ROUND
from crc_core.reading.seal import read_final, read_reading
from crc_core.store.protocol import Store
from crc_core.vocabulary import Target
from crc_core.workflow.store_view import SessionView

from CRCQualityControlLib.presenter.calibration_book import Book
from CRCQualityControlLib.presenter.calibration_rows import case_table, score_keys
from CRCQualityControlLib.presenter.calibration_state import MeetingState
from CRCQualityControlLib.presenter.desk import Desk
from CRCQualityControlLib.presenter.ports import Fill, Layer, Point, heat
from CRCQualityControlLib.presenter.tables import TableState

_MARGIN_MM = 30.0


class Meeting:
    """One case and one target at a time; what is shown over the images is said in words beside them."""

    def __init__(self, book: Book, desk: Desk) -> None:
        self._book, self._hub, self._desk = book, book.hub, desk
        self._unit = ""
        self._target: Target | None = None
        self._votes: Votes | None = None
        self._against: tuple[str, bool, bool] | None = None

    def clear(self) -> None:
        """Nothing is looked at."""
        self._unit, self._target = "", None
        self._forget()

    def choose(self, unit: str, target: Target) -> None:
        """Which case and target; what is shown over the images belongs to the ones before."""
        if (unit, target) != (self._unit, self._target):
            self._unit, self._target = unit, target
            self._forget()
            self._book.changed()

    def step(self, forward: bool = True) -> None:
        """The heat map of the next case of the session, or of the one before."""
        session = self._book.session
        if session is None or not session.units:
            return
        now = session.units.index(self._unit) if self._unit in session.units else -1
        self.show_votes(session.units[(now + (1 if forward else -1)) % len(session.units)], self._shown_target(session))

    def show_votes(self, unit: str, target: Target) -> None:
        """Show all readers of the chosen session over one case, as a heat map in the scene."""
        store, session = self._hub.attempt(self._hub.open_store), self._book.session
        if store is None or session is None:
            return

        def shown() -> bool:
            votes = heat_map(store, self._hub.person, session, unit, target)
            self._hub.kit.scene.show_layers({Layer.VOTES: votes.volume}, Fill.FILLED)
            self._go_to(votes.volume)
            self._votes, self._against = votes, None
            return True

        self._bring(store, unit, target, shown)

    def show_reading(self, unit: str, target: Target, reader: str = "") -> None:
        """Show a reader's contour over the reference: one's own once the results are open, any for who trains."""
        store, reader = self._hub.attempt(self._hub.open_store), reader or self._hub.person
        if store is None:
            return

        def shown() -> bool:
            layers = _against(store, self._hub.person, reader, unit, target)
            self._hub.kit.scene.show_layers(layers, Fill.OUTLINE)
            if layers:
                self._go_to(next(iter(layers.values())))
            self._votes, self._against = None, (reader, Layer.OWN in layers, Layer.REFERENCE in layers)
            return True

        self._bring(store, unit, target, shown)

    def state(self) -> MeetingState:
        """What is looked at."""
        session = self._book.session
        if session is None:
            return MeetingState()
        unit = self._unit if self._unit in session.units else session.units[0]
        target = self._shown_target(session)
        return MeetingState(
            units=session.units,
            targets=tuple((mark.target, self._book.target(mark.target)) for mark in session.marks),
            unit=unit,
            target=target,
            words=self._words(unit, target),
            legend=self._legend(),
            numbers=self._numbers(unit, target),
        )

    def _shown_target(self, session: SessionView) -> Target:
        targets = [mark.target for mark in session.marks]
        return self._target if self._target is not None and self._target in targets else targets[0]

    def _words(self, unit: str, target: Target) -> str:
        say, words = self._hub.say, self._book.target(target)
        if self._votes is not None:
            return say("quality.trainer.votes", unit=unit, target=words, readers=self._votes.readers)
        if self._against is None:
            return ""
        reader, has_own, has_reference = self._against
        kind = "both" if has_own and has_reference else "own" if has_own else "reference" if has_reference else "none"
        return say(f"quality.trainer.against.{kind}", unit=unit, target=words, reader=self._book.name(reader))

    def _legend(self) -> tuple[tuple[str, str], ...]:
        if self._votes is None:
            return ()
        volumes, most = self._votes.volumes_ml, int(self._votes.volume.array.max(initial=0))
        return tuple(
            (
                _hex(heat(least, most)),
                self._hub.say(
                    "quality.trainer.legend", least=least, most=self._votes.readers, volume_ml=volumes[least - 1]
                ),
            )
            for least in range(1, most + 1)
        )

    def _numbers(self, unit: str, target: Target) -> TableState:
        """The lines of the report that speak of what is looked at, without what is said above them."""
        table = case_table(self._book)
        places = [n for n, key in enumerate(score_keys(self._book)) if (key.unit, key.target) == (unit, target)]
        if not places:
            return TableState()
        keep = (1, *range(3, len(table.columns)))
        rows = tuple(tuple(table.rows[place][column] for column in keep) for place in places)
        marks = frozenset(number for number, place in enumerate(places) if place in table.marks)
        return TableState(tuple(table.columns[column] for column in keep), rows, marks)

    def _bring(self, store: Store, unit: str, target: Target, shown: Callable[[], bool]) -> None:
        """Bring the images of a unit in place of what is on the desk, after asking where something was decided."""
        view = self._hub.attempt(lambda: store.unit(UnitId.parse(unit), self._hub.person))
        if view is None or not self._desk.may_leave():
            return
        self._desk.clear()
        self._unit, self._target = unit, target
        self._forget()

        def brought() -> None:
            if self._hub.attempt(shown) is None:
                self._forget()
            self._book.changed()

        self._desk.viewing.bring(store, view, brought)

    def _forget(self) -> None:
        self._votes = self._against = None

    def _go_to(self, volume: Volume) -> None:
        place = _place(volume)
        if place is not None:
            self._hub.kit.scene.jump(*place)


def _against(store: Store, viewer: str, reader: str, unit: str, target: Target) -> dict[Layer, Volume]:
    """A reader's contour and the reference, as far as each has one; raises CrcError where they are not to be seen."""
    slots = store.unit(UnitId.parse(unit), viewer).slots
    names = [slot.reading for slot in slots if slot.reader == reader and slot.round == CALIBRATION_ROUND]
    name = next((name for name in names if name), None)
    if name is None:
        raise CrcError("workflow.not_read_yet", unit=unit, reader=reader)
    reading = read_reading(store.open_reading(name, viewer))
    reference = read_final(store.open_final(UnitId.parse(unit), viewer))
    layers: dict[Layer, Volume] = {}
    said = reading.reading.of(target)
    if said is not None and said.lesions:
        layers[Layer.OWN] = reading.mask(target)
    if any(item.target is target and item.source is not None for item in reference.final.targets):
        layers[Layer.REFERENCE] = reference.mask(target)
    return layers


def _place(volume: Volume) -> tuple[Point, float] | None:
    """The middle of what is drawn (RAS mm) and how far it reaches, with room around; None for nothing."""
    inside = np.asarray(volume.array) != 0
    if not inside.any():
        return None
    ends = [np.flatnonzero(inside.any(axis=other)) for other in ((1, 2), (0, 2), (0, 1))]
    first, last = (np.array([end[place] for end in ends], float) for place in (0, -1))
    middle = volume.grid.to_ras(((first + last) / 2)[::-1])
    extent_mm = float(((last - first + 1) * np.array(volume.grid.spacing_kji_mm)).max())
    return (float(middle[0]), float(middle[1]), float(middle[2])), extent_mm + 2 * _MARGIN_MM


def _hex(colour: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(255 * part):02x}" for part in colour)
