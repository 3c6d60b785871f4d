"""What tests of the reader's desk need: a unit as a reader sees it, work on it, and voxels to draw."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from crc_core.contour.results import DensitySample, Measurement, Size
from crc_core.contour.segment_key import SegmentKey
from crc_core.contour.terminology import Part
from crc_core.desk.keeping import PackedMask, pack
from crc_core.desk.lesions import add_lesion
from crc_core.desk.start import new_work
from crc_core.desk.work import LesionWork, PhaseSamples, Work
from crc_core.geometry import Grid
from crc_core.identity import UnitId, mint_case_code
from crc_core.vocabulary import LesionClass, Mode, Role, Target
from crc_core.workflow.payloads import Binding, SeriesRecord
from crc_core.workflow.views import Phase, UnitView
from hypothesis import strategies as st
from numpy.typing import NDArray

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
UNIT = UnitId(mint_case_code("01", 7), "T0")
GRID = Grid.from_spacing((12, 20, 24), (0.7, 0.7, 2.5), (10.0, -20.0, 30.0))
MODES = {
    Target.PRIMARY: Mode.SUBTRACTION,
    Target.LIVER: Mode.DIRECT,
    Target.LUNG: Mode.DIRECT,
    Target.NODE: Mode.DIRECT,
}


def series(unit: UnitId = UNIT, roles: Iterable[Role] = (Role.NC, Role.PVP, Role.CHEST)) -> tuple[SeriesRecord, ...]:
    """The registration of some series on `GRID`."""
    matrix = tuple(tuple(float(cell) for cell in row) for row in GRID.ijk_to_ras)
    return tuple(
        SeriesRecord(role, unit.series_code(role), f"2.25.{n}", f"{n:064d}", GRID.shape_kji[0], GRID.shape_kji, matrix)
        for n, role in enumerate(roles)
    )


def binding(target: Target, mode: Mode | None = None, role: Role | None = None) -> Binding:
    """What a target is drawn on: lung on the chest, all else on the portal venous phase."""
    role = role or (Role.CHEST if target is Target.LUNG else Role.PVP)
    return Binding(target, role, UNIT.series_code(role), mode or MODES[target])


def unit_view(*targets: Target, clinical: Mapping[str, str] | None = None, **changes: Any) -> UnitView:
    """The unit as its reader sees it, with these targets bound (all of them where none is named)."""
    view = UnitView(
        unit=str(UNIT),
        phase=Phase.READING,
        may=frozenset(),
        series=series(),
        bindings=tuple(binding(target) for target in targets or Target),
        scan_verdict=None,
        scan_items=(),
        overruled=(),
        study_date="2026-01-02",
        treatment_since=None,
        clinical=None if clinical is None else dict(clinical),
        slots=(),
        comparison=None,
        finals=(),
        questions=(),
        reason=None,
        protocol="delineation-2",
    )
    return replace(view, **changes)


def some_work(*targets: Target, **changes: Any) -> Work:
    """Empty work on the unit."""
    return replace(new_work(unit_view(*targets), "store-1", "wang", 1, "delineation-2", NOW), **changes)


def measured_lesion(number: int, kind: LesionClass) -> LesionWork:
    """A lesion with a dragged caliper and confirmed samples."""
    caliper = Measurement.from_points(Size.LONG_DIAMETER, (1.0, 2.0, 3.0), (4.5, 2.0, 3.0), precision=0.7)
    sample = DensitySample((1.0, 2.0, 3.0), 2.5, 4, 21, 83.25, 9.5)
    return LesionWork(number, kind, (caliper,), (PhaseSamples(Role.PVP, (sample,), confirmed=True),))


def ball(centre_kji: tuple[float, float, float], radius: float, shape: tuple[int, ...] = GRID.shape_kji) -> NDArray:
    """A ball of voxels (bool)."""
    return radius >= np.linalg.norm(np.indices(shape).T - np.array(centre_kji), axis=-1).T


def packed(inside: NDArray, grid: Grid = GRID) -> PackedMask:
    """A whole array as it is kept: cropped to what it holds."""
    found = np.argwhere(inside)
    low, high = found.min(axis=0), found.max(axis=0) + 1
    box = (slice(low[0], high[0]), slice(low[1], high[1]), slice(low[2], high[2]))
    return pack(box, inside[box], grid)


def unpacked(mask: PackedMask) -> NDArray[np.bool_]:
    """The whole array again."""
    whole = np.zeros(mask.grid.shape_kji, bool)
    whole[mask.box] = mask.inside
    return whole


KEYS = st.builds(
    SegmentKey, st.just(Target.PRIMARY), st.integers(1, 3), st.sampled_from([Part.MASK, Part.OUTER, Part.INNER])
)


@st.composite
def crops(draw: st.DrawFn) -> PackedMask:
    """Any crop of the grid."""
    edges = []
    for size in GRID.shape_kji:
        start = draw(st.integers(0, size - 1))
        edges.append((start, draw(st.integers(start + 1, size))))
    shape = tuple(stop - start for start, stop in edges)
    inside = np.random.default_rng(draw(st.integers(0, 99))).random(shape) < draw(st.sampled_from([0.0, 0.3, 1.0]))
    k, j, i = (slice(start, stop) for start, stop in edges)
    return pack((k, j, i), inside, GRID)


def with_lesions(work: Work, target: Target, count: int) -> Work:
    """The work with so many more lesions of a target."""
    for _ in range(count):
        work, _ = add_lesion(work, target)
    return work
