"""The page Adjudication: the queue, and how a unit comes onto the desk and is looked at."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from crc_core.contour.voxels import bounding_box
from crc_core.errors import CrcError
from crc_core.identity import UnitId
from crc_core.quality.adjudication import Order, QueueEntry, queueing, sorted_queue
from crc_core.quality.case import Signed, accept_sub_voxel, open_case
from crc_core.store.protocol import Store
from crc_core.study.stepping import Steps
from crc_core.vocabulary import Role
from crc_core.workflow.views import Phase

from CRCQualityControlLib.presenter.case_words import case_state
from CRCQualityControlLib.presenter.desk import Desk, spacing_mm
from CRCQualityControlLib.presenter.desk_case import DeskCase
from CRCQualityControlLib.presenter.hub import Hub
from CRCQualityControlLib.presenter.people import author_names
from CRCQualityControlLib.presenter.ports import Choice
from CRCQualityControlLib.presenter.signer import signer_of
from CRCQualityControlLib.presenter.state import CaseState, Level, QueueRow
from CRCQualityControlLib.presenter.waiting import waiting

_MARGIN_MM = 20.0


class Adjudication:
    """The queue; one unit of it at a time is on the desk."""

    def __init__(self, hub: Hub, desk: Desk) -> None:
        self._hub, self._desk = hub, desk
        self._entries: tuple[QueueEntry, ...] = ()
        self._order = Order.BAD
        desk.changed, desk.refreshed = self.show, self.refresh

    def reset(self) -> None:
        """Another store or person: the desk is cleared."""
        self._entries = ()
        self._desk.clear()

    def refresh(self) -> None:
        """Fetch the queue; where that is impossible it stays as it was."""
        store = self._hub.attempt(self._hub.open_store)
        if store is not None:
            self._hub.run(
                self._hub.say("quality.queueing"), queueing(store, self._hub.person), self._fetched, self.show
            )

    def _fetched(self, entries: tuple[QueueEntry, ...]) -> None:
        self._entries = entries
        self.show()

    def sort(self, order: Order) -> None:
        """By how bad, how big or how old."""
        self._order = order
        self.show()

    def accept_all_sub_voxel(self) -> None:
        """Accept the union in every unit of the queue that differs by no more than a voxel, with one signature."""
        units = [UnitId.parse(entry.unit) for entry in self._entries if entry.is_sub_voxel_only]
        store = self._hub.attempt(self._hub.open_store)
        if store is None or not units:
            return
        words = self._hub.say("quality.sign.sub_voxel", count=len(units))
        secret = self._hub.kit.secrets.ask(self._hub.person, words)
        if secret is None:
            return
        person, clock = self._hub.person, self._hub.kit.clock.now

        def accepting() -> Steps[list[Signed | CrcError]]:
            answers: list[Signed | CrcError] = []
            for done, unit in enumerate(units):
                accept = partial(accept_sub_voxel, store, [unit], person, secret, clock)
                answers += yield from waiting(accept, done, len(units))
            return answers

        self._hub.run(words, accepting(), self._accepted, self.refresh)

    def _accepted(self, answers: list[Signed | CrcError]) -> None:
        stored = [item for item in answers if not isinstance(item, CrcError) and item.is_stored]
        self.refresh()
        self._hub.note(Level.INFO, "quality.accepted", count=len(stored), total=len(answers))
        for item in answers:
            if isinstance(item, CrcError):
                self._hub.tell(item)
            elif not item.is_stored:
                self._hub.accepted(item.outcome)

    def open(self, unit: str) -> None:
        """Put a unit on the desk: both readings compared with what was sealed, all its images at hand.

        It comes step by step and can be stopped; a case that was on the desk goes when the readings are there.
        """
        store = self._hub.attempt(self._hub.open_store)
        if store is not None and self._desk.may_leave():
            words = self._hub.say("quality.opening", unit=unit)
            self._hub.run(words, self._opening(store, unit), self._opened, self.refresh)

    def open_next(self) -> None:
        """Put the first unit of the queue on the desk that is not there already."""
        here = "" if self._desk.case is None else self._desk.case.opened.view.unit
        waiting = [row.unit for row in self._hub.state.adjudication.queue if row.unit != here]
        if waiting:
            self.open(waiting[0])
        else:
            self._hub.note(Level.INFO, "quality.queue_empty")

    def open_final(self) -> None:
        """Choose a unit whose final proved wrong and put it on the desk; a further version supersedes the final."""
        store = self._hub.attempt(self._hub.open_store)
        items = None if store is None else self._hub.attempt(lambda: store.work_list(self._hub.person))
        finals = [item.unit for item in items or () if item.phase is Phase.FINAL]
        if store is None or items is None:
            return
        if not finals:
            self._hub.note(Level.INFO, "quality.no_finals")
            return
        title, words = self._hub.say("quality.ask.final_title"), self._hub.say("quality.ask.final")
        unit = self._hub.kit.ask.pick(title, words, [Choice(unit, unit.replace("_", " · ")) for unit in finals])
        if unit is not None:
            self.open(unit)

    def show_again(self) -> None:
        """Bring the images of the case back, after somebody else took them out of the scene."""
        case, store = self._desk.case, self._hub.attempt(self._hub.open_store)
        if case is not None and store is not None and not self._desk.has_images:
            self._desk.viewing.bring(store, case.opened.view, self._desk.draw)

    def close(self) -> None:
        """Put the unit back into the queue, after asking where something was decided."""
        if self._desk.may_leave():
            self._desk.clear()

    def show_phase(self, role: Role) -> None:
        """Show another series in place."""
        self._desk.viewing.show_phase(role)

    def next_region(self, step: int = 1) -> None:
        """Go to the next place where the readers differ, largest first; all views centre and zoom there."""
        case = self._desk.case
        if case is None or not case.regions:
            return
        before = case.source
        case.region = (case.region + step) % len(case.regions)
        if not self._desk.has_images:
            self.show()
            return
        if case.source is not before and case.source is not None:
            self.show_phase(case.source)
            self._desk.draw()
        _, region = case.regions[case.region]
        sizes = zip(region.first_kji, region.last_kji, spacing_mm(case), strict=True)
        extent_mm = max((last - first + 1) * mm for first, last, mm in sizes) + 2 * _MARGIN_MM
        self._hub.attempt(lambda: self._hub.kit.scene.jump(region.centre_ras_mm, extent_mm))
        self.show()

    def go_to_lesion(self, key: str) -> None:
        """Go to the middle of a lesion as it is drawn so far; all views centre and zoom there."""
        case, point = self._desk.case, self._desk.point(key)
        if case is None or point is None or not self._desk.has_images:
            return
        mask = self._hub.attempt(lambda: case.opened.dispute.lesion_mask(case.choices, point.key))
        box = None if mask is None else bounding_box(mask.array)
        if mask is None or box is None:
            return
        source = next((item.role for item in case.opened.view.bindings if item.target is point.key.target), None)
        if source is not None and source is not self._hub.state.viewing.phase:
            self._desk.viewing.show_phase(source)
        ends = [(part.start, part.stop - 1) for part in reversed(box)]
        centre = mask.grid.to_ras([(first + last) / 2 for first, last in ends])
        extent_mm = max((b - a + 1) * mm for (a, b), mm in zip(ends, mask.grid.spacing_ijk_mm, strict=True))
        r, a, s = (float(value) for value in centre)
        self._hub.attempt(lambda: self._hub.kit.scene.jump((r, a, s), extent_mm + 2 * _MARGIN_MM))

    def show(self) -> None:
        """Show queue and desk as they are known."""
        lang, now = self._hub.lang, self._hub.kit.clock.now()
        rows = tuple(
            QueueRow(entry.unit, entry.sentence(lang), entry.waiting_words(now, lang), entry.is_sub_voxel_only)
            for entry in sorted_queue(self._entries, self._order)
        )
        self._hub.publish(
            adjudication=replace(
                self._hub.state.adjudication,
                order=self._order,
                queue=rows,
                sub_voxel_units=sum(row.sub_voxel_only for row in rows),
                case=self._case(),
            )
        )

    def _case(self) -> CaseState | None:
        case = self._desk.case
        return None if case is None else case_state(case, self._hub.lang, images_lost=not self._desk.has_images)

    def _opening(self, store: Store, unit: str) -> Steps[tuple[DeskCase, tuple[CrcError, ...]]]:
        yield 0, 0
        opened = open_case(store, UnitId.parse(unit), self._hub.person)
        authors = author_names(store, opened.view)
        case = DeskCase(opened, signer=signer_of(store, self._hub.person), authors=authors)
        yield 0, 0
        yield from case.preparing()
        self._desk.clear()
        troubles = yield from self._desk.viewing.bringing(store, opened.view)
        return case, troubles

    def _opened(self, brought: tuple[DeskCase, tuple[CrcError, ...]]) -> None:
        case, troubles = brought
        self._desk.viewing.brought(case.opened.view, troubles)
        self._desk.put(case)
        self.next_region()
