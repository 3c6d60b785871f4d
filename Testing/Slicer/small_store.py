"""A store of small cases for the tests inside Slicer, made in a second: a body with one lesion in two phases."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

sys.path.append(str(Path(__file__).resolve().parents[1] / "Support"))

import store_support as stores
from crc_core.geometry import Grid, Volume
from crc_core.identity import UnitId
from crc_core.reading.schema import TargetReading
from crc_core.reading.seal import seal_reading
from crc_core.report.document import new_report
from crc_core.store.clock import utc_now
from crc_core.store.folder import FolderStore
from crc_core.vocabulary import MR_ROLES, Mode, Role, Target, TargetAnswer
from crc_core.workflow import payloads as p
from crc_core.workflow.events import Kind
from dicom_support import Stack

READER, OTHER_READER, SENIOR, MANAGER = "wang", "li", "chief", "manager"
MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4"
SHAPE_KJI = (40, 96, 96)
SPACING_MM = (3.0, 3.0, 3.0)
ORIGIN_LPS_MM = (-144.0, -144.0, -60.0)
MIDDLE = (0.0, 0.0, 0.0)
"""The middle of the lesion in RAS."""

LESION_RADIUS_MM = 24.0
_AIR_HU, _BODY_HU = -1000, 40
_LESION_HU = {Role.PVP: 95, Role.AP: 80}


@dataclass
class Clock:
    """The machine's clock, or one that is behind."""

    behind: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        return utc_now() - self.behind


@dataclass(frozen=True)
class SmallStore:
    """A store in `folder`; `add` makes a unit of it that its readers can open."""

    folder: Path
    clock: Clock = field(default_factory=Clock)

    @cached_property
    def store(self) -> FolderStore:
        """The store, founded at the first use; everybody in it has the same PIN."""
        return stores.new_store(self.folder, self.clock)  # type: ignore[arg-type]  # any clock that is called will do

    @cached_property
    def source(self) -> stores.StudySource:
        """The study that every unit holds where no other is named."""
        return self.written("dicom", {role: series(role) for role in _LESION_HU})

    def written(self, name: str, stacks: Mapping[Role, Stack]) -> stores.StudySource:
        """A study of these series, written as DICOM beside the store."""
        folders = {role: self.folder / name / role.value for role in stacks}
        for role, stack in stacks.items():
            stack.write(folders[role])
        return stores.StudySource(folders)

    @property
    def place(self) -> str:
        """Where the store is."""
        return str(self.store.layout.root)

    def add(
        self,
        *readers: str,
        source: stores.StudySource | None = None,
        follows: str = "",
        mode: Mode = Mode.DIRECT,
    ) -> str:
        """A unit with primary and liver drawn on the portal venous phase, given to readers.

        `follows` names the baseline of which it is the follow-up; `mode` is the primary's.
        """
        unit = UnitId(UnitId.parse(follows).case, "T1") if follows else None
        prepared = stores.admit(self.store, source or self.source, unit)
        unit, code = prepared.unit, prepared.unit.series_code(Role.PVP)
        modes = {Target.PRIMARY: mode, Target.LIVER: Mode.DIRECT}
        bindings = tuple(p.Binding(target, Role.PVP, code, its_mode) for target, its_mode in modes.items())
        stores.must(self.store, MANAGER, Kind.SCAN_CHECKED, stores.SCAN_PASSED, unit)
        stores.must(self.store, MANAGER, Kind.SOURCES_BOUND, p.SourcesBound(bindings, "v1"), unit)
        for reader in readers or (READER,):
            stores.must(self.store, MANAGER, Kind.READING_ASSIGNED, p.ReadingAssigned(reader, 1), unit)
        return str(unit)

    def must(self, actor: str, kind: Kind, payload: Any, unit: str) -> None:
        """Let somebody do something to a unit."""
        stores.must(self.store, actor, kind, payload, UnitId.parse(unit))

    def handed_in(self) -> tuple[str, str]:
        """A unit whose reader saw nothing anywhere and has handed that in, and the name of the reading."""
        name = self.add()
        unit = UnitId.parse(name)
        draft = stores.reading_draft(self.source.prepared(unit), READER)
        none = tuple(TargetReading(target, TargetAnswer.NONE_SEEN) for target in (Target.PRIMARY, Target.LIVER))
        reading = dataclasses.replace(draft.reading, targets=none)
        draft = dataclasses.replace(draft, reading=reading, report=new_report(unit).to_json(), masks={})
        sealed = seal_reading(self.folder / f"sealed {name}", draft)
        stores.accepted(stores.submit(self.store, sealed, unit, READER))
        return name, sealed.sha256

    def withdrawn(self) -> tuple[str, str]:
        """A unit whose reader took the reading back, and its name."""
        name, reading = self.handed_in()
        self.must(READER, Kind.READING_WITHDRAWN, p.ReadingWithdrawn(READER, 1, reading, "看漏了"), name)
        return name, reading

    def returned(self, question: str) -> tuple[str, str]:
        """A unit whose reading a senior sent back with a question, and its name; before anything else in the store."""
        self.clock.behind = timedelta(hours=1)
        name, reading = self.handed_in()
        self.clock.behind = timedelta(0)
        self.must(SENIOR, Kind.READING_RETURNED, p.ReadingReturned(question), name)
        return name, reading


def stack_of(volume: Volume, role: Role) -> Stack:
    """An image as a DICOM series, wherever it lies."""
    to_lps = np.diag([-1.0, -1.0, 1.0, 1.0]) @ volume.grid.ijk_to_ras
    i, j, k = (to_lps[:3, axis] for axis in range(3))
    lengths = (float(np.linalg.norm(axis)) for axis in (k, j, i))
    is_mr = role in MR_ROLES
    values = volume.array if is_mr else volume.array + 1024
    return Stack(
        values.clip(0, 4095).astype(np.uint16),
        (*lengths,),
        orientation=(*(i / np.linalg.norm(i)), *(j / np.linalg.norm(j))),
        positions_lps_mm=[to_lps[:3, 3] + number * k for number in range(len(values))],
        series=role.value,
        study="patient",
        tags={"Modality": "MR", "SOPClassUID": MR_IMAGE} if is_mr else {},
        intercept=0.0 if is_mr else -1024.0,
    )


def grid() -> Grid:
    """The grid of both series."""
    k, j, i = SPACING_MM
    left, posterior, z = ORIGIN_LPS_MM
    matrix = np.diag([-i, -j, k, 1.0])
    matrix[:3, 3] = (-left, -posterior, z)
    return Grid(SHAPE_KJI, matrix)


def series(role: Role) -> Stack:
    """The CT series of a phase."""
    ras = grid().to_ras(np.stack(np.meshgrid(*(np.arange(n) for n in SHAPE_KJI), indexing="ij")[::-1], axis=-1))
    hu = np.full(SHAPE_KJI, _AIR_HU)
    hu[np.hypot(ras[..., 0] / 130, ras[..., 1] / 100) < 1] = _BODY_HU
    hu[np.linalg.norm(ras - np.array(MIDDLE), axis=-1) < LESION_RADIUS_MM] = _LESION_HU[role]
    stored = (hu + 1024 + np.random.default_rng(len(role.value)).integers(-8, 9, SHAPE_KJI)).astype(np.uint16)
    return Stack(stored.clip(0, 4095), SPACING_MM, origin_lps_mm=ORIGIN_LPS_MM, series=role.value, study="small")
