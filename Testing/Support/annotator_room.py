"""A reading room for tests: a real folder store, a machine with its own folder, and annotators that come and go."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import store_support as stores
from annotator_support import FakeKeeper, FakeScene, ManualClock, MemorySettings, ScriptedAsk, StepJobs
from crc_core.contour.segment_key import SegmentKey
from crc_core.desk.hand_in_case import Surroundings, hand_in_case
from crc_core.desk.job_forms import FetchAsked, Fetched, FetchedImage, HandInAsked, SendAsked
from crc_core.desk.keeping import pack
from crc_core.desk.recovery import Recovery
from crc_core.desk.send_outbox import Sending
from crc_core.errors import CrcError
from crc_core.files.records import from_document, to_document
from crc_core.identity import UnitId
from crc_core.report.form import Form
from crc_core.store.folder import FolderStore
from crc_core.store.protocol import PreparedUnit, Store
from crc_core.store.remote.outbox import Outbox
from crc_core.text import Lang
from crc_core.vocabulary import Role, Target, TargetAnswer
from crc_core.workflow import payloads as p
from crc_core.workflow.events import Kind
from CRCAnnotatorLib.presenter.annotator import Annotator
from CRCAnnotatorLib.presenter.ports import Kit, Step
from CRCAnnotatorLib.presenter.state import State, StepId

READER = "wang"


@dataclass
class Seat:
    """One annotator with what it was given; `render` remembers every state it was told."""

    annotator: Annotator
    scene: FakeScene
    ask: ScriptedAsk
    jobs: StepJobs
    keepers: list[FakeKeeper]
    states: list[State]

    @property
    def state(self) -> State:
        """What the panel shows."""
        return self.annotator.hub.state

    @property
    def message(self) -> str:
        """The sentence in the foot; empty for none."""
        return "" if self.state.message is None else self.state.message.words

    @property
    def keeper(self) -> FakeKeeper:
        """The keeper at work."""
        return self.keepers[-1]


class Room:
    """A store with units, and this machine; `sit` gives a new annotator on the same machine."""

    def __init__(self, folder: Path, source: stores.StudySource) -> None:
        self.folder, self.source = folder, source
        self.clock = ManualClock()
        self.settings = MemorySettings()
        self.home = folder / "home"
        self.store = stores.new_store(folder, self.clock)  # type: ignore[arg-type]  # any callable clock will do
        self.unreachable: CrcError | None = None
        self.seats: list[Seat] = []

    def unit(self, *readers: str) -> PreparedUnit:
        """A unit that is checked, bound and assigned."""
        return stores.open_unit(self.store, self.source, *(readers or (READER,)))

    @property
    def place(self) -> str:
        """Where the store is."""
        return str(self.folder / "store")

    def sit(self, *, reader: str = READER, lang: Lang = Lang.EN, start: bool = True) -> Seat:
        """A new annotator on this machine, as after starting Slicer; the store and the reader are remembered."""
        self.settings.put("store", self.place)
        self.settings.put("reader", reader)
        scene, ask, jobs, keepers = FakeScene(), ScriptedAsk(), StepJobs(self.clock), []
        jobs.handlers["check_scan"] = lambda request, progress: {"verdict": "pass", "series": [], "items": []}
        jobs.handlers["hand_in"] = lambda request, progress: self._hand_in(seat, request, progress)
        jobs.handlers["send_outbox"] = lambda request, progress: self._send(seat, request)
        jobs.handlers["fetch"] = lambda request, progress: self._fetch(seat, request)
        recovery = Recovery(self.home)

        def keeper(home: Path) -> FakeKeeper:
            keepers.append(FakeKeeper(lambda label, document, masks: _write(recovery, label, document, masks)))
            return keepers[-1]

        kit = Kit(
            scene,
            ask,
            jobs,
            self.clock,
            self.settings,
            self.open_store,
            keeper,
            self.home,
            {"slicer": "5.13"},
            connect=self.connect,
        )
        annotator = Annotator(kit, lang)
        seat = Seat(annotator, scene, ask, jobs, keepers, [])
        annotator.hub.on_render(seat.states.append)
        self.seats.append(seat)
        if start:
            annotator.start()
        return seat

    def open_store(self, place: str) -> Store:
        """The store at a place, as the application opens it."""
        if self.unreachable is not None:
            raise self.unreachable
        return FolderStore(
            Path(place), clock=self.clock, cache_folder=self.folder / "cache", pin_policy=stores.QUICK_PINS
        )

    def connect(self, url: str, ca_file: str | None) -> Any:
        """The session at the room's server."""
        raise CrcError("remote.offline", url=url)

    def _hand_in(self, seat: Seat, request: Mapping[str, Any], progress: Any) -> Mapping[str, Any]:
        """What the process aside would do, here and now."""
        asked = from_document(HandInAsked, json.loads(json.dumps(request)), self.folder)
        around = Surroundings(lambda asked, watch: self._reached(seat), self.clock)
        told = hand_in_case(asked, lambda words, done, total: progress(Step(words, done, total)), around)
        return to_document(told)  # type: ignore[no-any-return]

    def _send(self, seat: Seat, request: Mapping[str, Any]) -> Mapping[str, Any]:
        asked = from_document(SendAsked, json.loads(json.dumps(request)), self.folder)
        sending = Sending(Outbox(Path(asked.outbox)), asked.lang, lambda words, done, total: None, self.clock)
        return to_document(sending.send(self._reached(seat)))  # type: ignore[no-any-return]

    def _fetch(self, seat: Seat, request: Mapping[str, Any]) -> Mapping[str, Any]:
        asked = from_document(FetchAsked, json.loads(json.dumps(request)), self.folder)
        store, unit = self._reached(seat), UnitId.parse(asked.unit)
        folders = [
            FetchedImage(role, str(store.open_image(unit, role, asked.viewer)[0].parent)) for role in asked.roles
        ]
        reading = None if asked.reading is None else str(store.open_reading(asked.reading, asked.viewer).folder)
        return to_document(Fetched(tuple(folders), reading))  # type: ignore[no-any-return]

    def _reached(self, seat: Seat) -> Store:
        """The store as a process aside of this seat reaches it."""
        store = seat.annotator.hub.store
        assert store is not None
        return store

    def kill(self, seat: Seat) -> None:
        """The program ends at once: nothing is told to it, and its hold on the slot goes with the process."""
        hold = seat.annotator._keeping._hold
        if hold is not None:
            hold.close()
        seat.annotator.hub.on_render(None)

    def exclude(self, unit: PreparedUnit, reason: str = "wrong patient") -> None:
        """A senior takes a unit out."""
        stores.must(self.store, "chief", Kind.UNIT_EXCLUDED, p.UnitExcluded("other", reason), unit.unit)

    def withdraw_consent(self, unit: PreparedUnit) -> None:
        """The patient withdraws consent."""
        stores.must(self.store, "manager", Kind.CONSENT_WITHDRAWN, p.ConsentWithdrawn("asked"), unit.unit)


def _write(recovery: Recovery, label: str, document: Mapping[str, Any], masks: Mapping[SegmentKey, Any]) -> None:
    recovery.write(label, document, {key: mask and pack(*mask) for key, mask in masks.items()})


def source_of(unit: PreparedUnit, role: Role = Role.PVP) -> Any:
    """The grid of a series of a unit."""
    record = next(item for item in unit.registration.series if item.role is role)
    return stores.grid_of(record)


def answer_everything(seat: Seat) -> None:
    """Confirm the scan and find nothing anywhere: a reading that can be handed in."""
    seat.annotator.check.confirm()
    for row in seat.state.contour.targets if seat.state.contour else ():
        answer = TargetAnswer.NO_TUMOUR if row.target is Target.PRIMARY else TargetAnswer.NONE_SEEN
        seat.annotator.contour.answer(row.target, answer)


def lesion(seat: Seat, target: Target = Target.LIVER, shift: int = 0) -> SegmentKey:
    """Add a lesion and draw a block of voxels into it."""
    seat.annotator.go_to(StepId.CONTOUR)
    seat.annotator.contour.add_lesion(target)
    case = seat.annotator.hub.case
    assert case is not None
    state = case.work.of(target)
    assert state is not None
    key = SegmentKey(target, state.lesions[-1].number)
    stroke(seat, key, shift)
    return key


def stroke(seat: Seat, key: SegmentKey, shift: int = 0) -> None:
    """A person paints a block of 2×4×4 voxels, `shift` along i, in place of what the segment held."""
    inside = np.zeros_like(seat.scene.held[key].array)
    inside[1:3, 2:6, 2 + shift : 6 + shift] = True
    seat.scene.draws(key, inside)


def finish_drawn(seat: Seat) -> None:
    """Bring work with a liver lesion to where it can be handed in: no primary any more, no question left open."""
    seat.annotator.check.confirm()
    seat.annotator.contour.answer(Target.PRIMARY, TargetAnswer.RESECTED)
    seat.jobs.advance(30)
    for _ in range(200):
        report = seat.state.report
        assert report is not None
        if not report.missing:
            return
        _fill_in(seat, report.form, report.missing[0].path)
    raise AssertionError(f"the report does not come to an end: {seat.message}")


def _fill_in(seat: Seat, form: Form, path: str) -> None:
    """Answer one question in the plainest way its kind allows."""
    section = next(item for item in form.sections for group in item.groups for row in group.rows if row.path == path)
    row = form.row(path)
    assert row is not None
    plain = [reason.code for reason in section.reasons if not reason.needs_text]
    if plain:
        seat.annotator.report.not_assessable(path, plain[0])
    elif row.options:
        seat.annotator.report.choose(path, row.options[0].code)
    else:
        seat.annotator.report.set_text(path, "60" if "age" in path else "rectal cancer")
