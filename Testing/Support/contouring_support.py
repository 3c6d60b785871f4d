"""A reader at the step "contour": a small unit in the fake scene, a person who draws, and time that the test moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from annotator_support import (
    START,
    FakeKeeper,
    FakeScene,
    ManualClock,
    MemorySettings,
    ScriptedAsk,
    StepJobs,
    ball,
)
from crc_core.contour.segment_key import SegmentKey
from crc_core.contour.terminology import Part
from crc_core.desk.arrangement import ImageKey
from crc_core.desk.start import new_work
from crc_core.desk.work import TargetState, Work
from crc_core.geometry import Grid, Volume
from crc_core.identity import UnitId, mint_case_code
from crc_core.text import Lang
from crc_core.vocabulary import Mode, Role, Target
from crc_core.workflow.payloads import Binding, SeriesRecord
from crc_core.workflow.views import Phase, SlotPhase, SlotView, UnitView
from CRCAnnotatorLib.presenter.contour import Contour
from CRCAnnotatorLib.presenter.hub import Hub
from CRCAnnotatorLib.presenter.open_case import OpenCase
from CRCAnnotatorLib.presenter.ports import Kit
from CRCAnnotatorLib.presenter.report import ReportPart
from CRCAnnotatorLib.presenter.state import ContourState, ReportState
from numpy.typing import NDArray

ABDOMEN = Grid.from_spacing((26, 56, 56), (1.2, 1.2, 3.0), (-33.0, -33.0, -37.5))
"""Its middle is the origin of RAS."""

COARSE = Grid.from_spacing((16, 56, 56), (1.2, 1.2, 5.0), (-33.0, -33.0, -37.5))
THORAX = Grid.from_spacing((20, 50, 50), (1.4, 1.4, 3.0), (-34.3, -34.3, 60.0))
MRI = Grid.from_spacing((20, 40, 40), (1.6, 1.6, 4.0), (-30.0, -28.0, -36.0))
GRIDS = {
    Role.NC: COARSE,
    Role.AP: ABDOMEN,
    Role.PVP: ABDOMEN,
    Role.DP: ABDOMEN,
    Role.CHEST: THORAX,
    Role.T2: MRI,
    Role.DWI: MRI,
}
HU = {Role.NC: 40, Role.AP: 75, Role.PVP: 95, Role.DP: 85, Role.CHEST: 30, Role.T2: 300, Role.DWI: 200}
UNIT = UnitId(mint_case_code("01", 7), "T0")
READER = "li"
CENTRE = (0.0, 0.0, 0.0)


class Ear:
    """The scene's listener as the annotator is one: what concerns the contours goes there, the rest nowhere."""

    def __init__(self, contour: Contour) -> None:
        self._contour = contour

    def __getattr__(self, name: str) -> Any:
        return getattr(self._contour, name, lambda *_: None)


@dataclass
class Desk:
    """Everything around one open case."""

    scene: FakeScene = field(default_factory=FakeScene)
    ask: ScriptedAsk = field(default_factory=ScriptedAsk)
    clock: ManualClock = field(default_factory=ManualClock)
    settings: MemorySettings = field(default_factory=MemorySettings)

    def __post_init__(self) -> None:
        self.jobs = StepJobs(self.clock)
        kit = Kit(
            self.scene, self.ask, self.jobs, self.clock, self.settings, _no_store, lambda home: FakeKeeper(), Path()
        )
        self.hub = Hub(kit, Lang.EN)
        self.hub.reader = READER
        self.report = ReportPart(self.hub)
        self.contour = Contour(self.hub, self.report)
        self.scene.listen(Ear(self.contour))  # type: ignore[arg-type]  # hands on what it is told
        self.changes = 0

    def open(
        self,
        modes: Mapping[Target, Mode] | None = None,
        roles: tuple[Role, ...] = (Role.NC, Role.AP, Role.PVP, Role.CHEST),
        *,
        work: Work | None = None,
        masks: Mapping[SegmentKey, Any] | None = None,
        clinical: dict[str, str] | None = None,
        read_only: bool = False,
        missing: tuple[Role, ...] = (),
    ) -> Desk:
        """Open a case whose targets are drawn in `modes`; `missing` are sources that could not be loaded."""
        rng = np.random.default_rng(3)
        grids = {}
        for role in roles:
            if role not in missing:
                grid = GRIDS[role]
                values = (HU[role] + rng.normal(0, 6, grid.shape_kji)).astype(np.int16)
                self.scene.add_image(ImageKey(role), Volume(values, grid), role.value, None)
                grids[ImageKey(role)] = grid
        view = unit_view(modes or {Target.PRIMARY: Mode.DIRECT, Target.LIVER: Mode.DIRECT}, roles, clinical)
        began = work or new_work(view, "store", READER, 1, "delineation-2", START)
        case = OpenCase(UNIT, view, began, grids, read_only=read_only)
        case.on_change = self._changed
        self.hub.case = case
        self.report.opened(case)
        self.contour.opened(case, masks)
        self.contour.entered()
        return self

    def _changed(self) -> None:
        self.changes += 1

    # what is there
    @property
    def case(self) -> OpenCase:
        assert self.hub.case is not None
        return self.hub.case

    @property
    def work(self) -> Work:
        return self.case.work

    @property
    def state(self) -> ContourState:
        assert self.hub.state.contour is not None
        return self.hub.state.contour

    @property
    def report_state(self) -> ReportState:
        assert self.hub.state.report is not None
        return self.hub.state.report

    @property
    def message(self) -> str:
        return "" if self.hub.state.message is None else self.hub.state.message.words

    def of(self, target: Target) -> TargetState:
        found = self.work.of(target)
        assert found is not None
        return found

    def voxels(self, key: SegmentKey) -> NDArray[np.bool_]:
        return self.scene.held[key].array

    # what a person does
    def draw(
        self,
        target: Target = Target.PRIMARY,
        lesion: int = 1,
        inside: NDArray[np.bool_] | None = None,
        part: Part = Part.MASK,
        *,
        rest: bool = True,
    ) -> SegmentKey:
        """Draw a ball (or `inside`) in one stroke and let the checks come to rest."""
        key = SegmentKey(target, lesion, part)
        self.scene.draws(key, ball(ABDOMEN, CENTRE, 14) if inside is None else inside)
        if rest:
            self.rest()
        return key

    def rest(self) -> None:
        """Let the live checks come to rest."""
        self.jobs.advance(2.0)


def unit_view(modes: Mapping[Target, Mode], roles: tuple[Role, ...], clinical: dict[str, str] | None) -> UnitView:
    """A unit with these targets: lungs on the chest series, everything else on the venous phase."""
    bindings = []
    for target, mode in modes.items():
        role = Role.CHEST if target is Target.LUNG else Role.PVP
        bindings.append(Binding(target, role, UNIT.series_code(role), mode))
    series = tuple(SeriesRecord(role, UNIT.series_code(role), "1.2", "0" * 64, 26, thickness_mm=3.0) for role in roles)
    slot = SlotView(READER, 1, SlotPhase.IN_WORK)
    return UnitView(
        unit=str(UNIT),
        phase=Phase.READING,
        may=frozenset(),
        series=series,
        bindings=tuple(bindings),
        scan_verdict=None,
        scan_items=(),
        overruled=(),
        study_date="2025-03-07",
        treatment_since=None,
        clinical=clinical,
        slots=(slot,),
        comparison=None,
        finals=(),
        questions=(),
        reason=None,
    )


def _no_store(place: str) -> Any:
    raise AssertionError(f"nobody opens a store here: {place}")


def shell(centre: tuple[float, float, float] = CENTRE) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The outer and the inner edge of a ring-shaped tumour, filled."""
    return ball(ABDOMEN, centre, 16), ball(ABDOMEN, centre, 7)
