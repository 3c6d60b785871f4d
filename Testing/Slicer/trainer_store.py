"""A store for trainer and data manager: a calibration session over bodies with two lesions, and months of small cases.

Made once per Slicer, with what Slicer bundles; the small cases are a few voxels each, so that it costs seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import small_store
from crc_core.calibration.policy import calibration_policy
from crc_core.calibration.session import plan_session
from crc_core.geometry import Volume
from crc_core.identity import mask_name
from crc_core.reading.schema import CALIBRATION_ROUND, FIRST_ROUND
from crc_core.reading.seal import seal_reading
from crc_core.store.folder import FolderStore
from crc_core.store.sampling import draw_from_store
from crc_core.vocabulary import PersonRole, Role, Target, Title
from crc_core.workflow import payloads as p
from crc_core.workflow.events import Kind
from crc_core.workflow.intents import new_intent
from quality_support import Habit, Team, Truth, bindings, reading_of, study
from store_support import PIN, POLICY, SCAN_PASSED, MovingClock, StudySource, accepted, admit, must, new_store

SESSION = "2026-01 直肠"
REFERENCES, READERS = ("wang", "li"), ("zhao", "sun", "qian")
NAMES = {
    "wang": "王医生", "li": "李医生", "zhao": "赵医生", "sun": "孙医生", "qian": "钱医生", "chief": "陈主任",
    "trainer": "周老师", "manager": "数据管理员", "admin": "管理员",
}  # fmt: skip
CASES, MONTHS, CASES_A_MONTH, SAMPLED = 3, 4, 3, 3
TARGETS = (Target.PRIMARY, Target.LIVER)
PRIMARY, METASTASIS = ((0.0, 0.0, 0.0), 24.0), ((70.0, 20.0, 15.0), 11.0)
"""Middle in RAS and radius, both in millimetres."""

WIDER_MM = {"wang": 0.0, "li": 0.0, "zhao": 1.0, "sun": 6.0, "qian": -1.0}
MISSES = ("sun",)
HABITS = {"wang": Habit(), "li": Habit(wider=1), "zhao": Habit(shift=3, misses=True, every=3)}


@dataclass
class TrainerStore:
    """The store, its clock, and the units of the session."""

    store: FolderStore
    clock: MovingClock
    folder: Path
    session_units: tuple[str, ...] = ()

    def build(self) -> None:
        """People, the session with everything read, and the small cases."""
        self._hire()
        images = _bodies(self.folder / "bodies")
        cases = [self._admit(images) for _ in range(CASES)]
        self.session_units = tuple(str(case.unit) for case in cases)
        marks = tuple(calibration_policy().mark(target) for target in TARGETS)
        plan = p.CalibrationPlanned(SESSION, self.session_units, READERS, REFERENCES, marks)
        accepted(plan_session(self.store, "trainer", plan, self.clock))
        for number, case in enumerate(cases):
            for reader in (*REFERENCES, *READERS):
                self._contour(case, 3 * number, reader)
        self.clock.wait(minutes=31)
        self.store.advance()
        self._work(Team(self.store, study(self.folder / "images"), self.folder, HABITS))

    def _hire(self) -> None:
        for person in ("sun", "qian"):
            known = p.PersonSet(person, Title.RESIDENT, frozenset({PersonRole.ANNOTATOR}), "01", True)
            must(self.store, "admin", Kind.PERSON_SET, known)
            self.store.people.set_pin(person, PIN)
        for person, name in NAMES.items():
            self.store.people.set_name(person, name)

    def _admit(self, images: StudySource) -> object:
        prepared = admit(self.store, images)
        must(self.store, "manager", Kind.SCAN_CHECKED, SCAN_PASSED, prepared.unit)
        must(self.store, "manager", Kind.SOURCES_BOUND, bindings(prepared.unit), prepared.unit)
        return prepared

    def _contour(self, case: object, number: int, reader: str) -> None:
        place = FIRST_ROUND if reader in REFERENCES else CALIBRATION_ROUND
        draft = reading_of(case, Truth(number), reader, Habit(misses=reader in MISSES), place)
        code = case.registration.series[0].code
        shapes = {Target.PRIMARY: PRIMARY, Target.LIVER: METASTASIS}
        masks = {
            mask_name(code, target): _ball(middle, radius + WIDER_MM[reader] / (1 if target is Target.PRIMARY else 3))
            for target, (middle, radius) in shapes.items()
            if mask_name(code, target) in draft.masks
        }
        sealed = seal_reading(self.folder / f"{case.unit}-{reader}", replace(draft, masks=masks))
        payload = p.ReadingSubmitted(reader, place, sealed.sha256, None, draft.provenance.active_seconds)
        intent = new_intent(Kind.READING_SUBMITTED, str(case.unit), reader, self.clock(), payload)
        accepted(self.store.submit(sealed, intent))

    def _work(self, team: Team) -> None:
        """Some cases a month, read by pairs; a sample among the first; the last two months wait for a senior."""
        readers = tuple(HABITS)
        for month in range(MONTHS):
            units = team.open(CASES_A_MONTH, strata=True)
            if month == 0:
                drawn = draw_from_store(self.store.events_since(0, "manager"), POLICY, SAMPLED, 20260101)
                must(self.store, "manager", Kind.SAMPLE_DRAWN, drawn.payload)
            for place, unit in enumerate(units):
                for reader in (readers[place % 3], readers[(place + 1 + month % 2) % 3]):
                    team.assign(unit, reader)
                    team.read(unit, reader)
            self.clock.wait(minutes=31)
            self.store.advance()
            if month < MONTHS - 2:
                for unit in units:
                    team.settle(unit)
            self.clock.wait(days=30)
        team.assign(team.open(2, strata=True)[0], "wang")


def _ball(middle: tuple[float, float, float], radius_mm: float) -> Volume:
    grid = small_store.grid()
    index = np.stack(np.meshgrid(*(np.arange(n) for n in grid.shape_kji), indexing="ij")[::-1], axis=-1)
    inside = np.linalg.norm(grid.to_ras(index) - np.array(middle), axis=-1) < radius_mm
    return Volume(inside.astype(np.uint8), grid)


def _bodies(folder: Path) -> StudySource:
    """The portal venous and the arterial phase of a body with a primary and a metastasis."""
    folders = {}
    for role in (Role.PVP, Role.AP):
        stack = small_store.series(role)
        stack.voxels[_ball(*METASTASIS).array != 0] -= 30
        folders[role] = folder / role.value
        stack.write(folders[role])
    return StudySource(folders)


def made(folder: Path) -> TrainerStore:
    """A new store below `folder`."""
    clock = MovingClock()
    policy = replace(POLICY, sample_minimum=SAMPLED)
    found = TrainerStore(new_store(folder, clock, policy=policy), clock, folder)
    found.build()
    return found
