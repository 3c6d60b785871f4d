"""One lesion looked at alone says the same as all checks, sizes and densities of the whole masks."""

from __future__ import annotations

import numpy as np
import pytest
from contour_support import ellipsoid, image, turned_grid
from crc_core.contour import inspect, measure, sample_densities
from crc_core.contour.pieces import finished
from crc_core.contour.results import Finding
from crc_core.contour.terminology import Part
from crc_core.contour.voxels import bounding_box
from crc_core.desk.examining import Exam, Surroundings, examining
from crc_core.desk.layers import Crop, TargetLayers
from crc_core.geometry import Grid, Volume
from crc_core.vocabulary import BowelDirection, Role, Target
from numpy.typing import NDArray

SHAPE = (34, 60, 56)
SPACING = (1.0, 1.1, 2.0)
GRIDS = {
    "axial": turned_grid(SHAPE, SPACING, (0.0, 0.0, 0.0)),
    "head last": turned_grid(SHAPE, SPACING, (180.0, 0.0, 0.0)),
    "coronal": turned_grid(SHAPE, SPACING, (90.0, 0.0, 0.0)),
    "oblique": turned_grid(SHAPE, SPACING, (11.0, -7.0, 5.0)),
}
OTHER = turned_grid((20, 40, 40), (1.6, 1.6, 3.1), (2.0, 0.0, 0.0))


def put(layers: TargetLayers, part: Part, number: int, inside: NDArray[np.bool_]) -> None:
    box = bounding_box(inside.view(np.uint8))
    layers.put(part, number, None if box is None else Crop(box, inside[box]))


def messy_liver(grid: Grid, rng: np.random.Generator) -> TargetLayers:
    """Lesions that touch, have holes, strays, gaps, a part of their own and one outside the body."""
    layers = TargetLayers(grid, by_subtraction=False)
    first = ellipsoid(grid, (-8, -6, -4), (9, 8, 11))
    first &= ~ellipsoid(grid, (-8, -6, -4), (2, 2, 3))
    first |= ellipsoid(grid, (14, 14, 14), (1.4, 1.4, 2.2))
    layers_of = [first, ellipsoid(grid, (8, -4, -3), (8, 6, 9)), ellipsoid(grid, (4, 18, 10), (6, 6, 12))]
    middle = int(np.argwhere(layers_of[2])[:, 0].mean())
    layers_of[2][middle] = False
    layers_of.append(ellipsoid(grid, (-24, 20, -20), (5, 5, 5)) | ellipsoid(grid, (20, -24, 20), (4, 4, 5)))
    layers_of.append(rng.random(grid.shape_kji) > 0.9999)
    for number, inside in zip((1, 2, 4, 7, 9), layers_of, strict=True):
        put(layers, Part.MASK, number, inside)
    return layers


def messy_primary(grid: Grid) -> TargetLayers:
    """Two primaries with edges of their own, a crescent, an opened ring, a lumen beyond the outer edge."""
    layers = TargetLayers(grid, by_subtraction=True)
    put(layers, Part.OUTER, 1, ellipsoid(grid, (-8, -6, 0), (13, 12, 18)))
    put(layers, Part.INNER, 1, ellipsoid(grid, (-5, -6, 2), (7, 8, 24)) | ellipsoid(grid, (5, -6, 4), (6, 1, 3)))
    put(layers, Part.OUTER, 3, ellipsoid(grid, (13, 12, -3), (9, 10, 12)))
    put(layers, Part.INNER, 3, ellipsoid(grid, (17, 12, -3), (6, 6, 8)))
    put(layers, Part.INNER, 6, ellipsoid(grid, (-24, 24, 20), (3, 3, 3)))
    return layers


def noisy(grid: Grid, rng: np.random.Generator) -> Volume:
    """Tissue with a vessel, gas, fat, fluid and air around the body."""
    parts = [
        (~ellipsoid(grid, (0, 0, 0), (29, 31, 60)), -1000.0),
        (ellipsoid(grid, (-8, -10, -4), (2, 2, 20)), 190.0),
        (ellipsoid(grid, (10, -4, -3), (3, 3, 3)), -700.0),
        (ellipsoid(grid, (6, 18, 6), (4, 4, 4)), 5.0),
        (ellipsoid(grid, (-4, 2, 0), (3, 4, 9)), -110.0),
    ]
    made = image(grid, *parts, background=95.0)
    return Volume((made.array + rng.normal(0, 8, grid.shape_kji)).astype(np.int16), grid)


def key(finding: Finding) -> str:
    return repr(finding)


def everything(layers: TargetLayers, target: Target, around: Surroundings, lesions: tuple[int, ...]) -> list[Exam]:
    return [finished(examining(layers, target, lesion, around)) for lesion in lesions]


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("target", [Target.LIVER, Target.PRIMARY])
@pytest.mark.parametrize("direction", BowelDirection)
def test_each_lesion_alone_says_what_the_whole_says(name: str, target: Target, direction: BowelDirection) -> None:
    grid, rng = GRIDS[name], np.random.default_rng(7)
    subtracted = target is Target.PRIMARY
    layers = messy_primary(grid) if subtracted else messy_liver(grid, rng)
    other = Volume(ellipsoid(grid, (-12, -2, 4), (6, 9, 9)).astype(np.uint8), grid)
    phases = {Role.PVP: noisy(grid, rng), Role.NC: noisy(OTHER, rng), Role.AP: noisy(grid, rng)}
    around = Surroundings(phases[Role.PVP], phases, [(Target.LUNG, other)], (12, 13, 20), direction, 3.0)
    exams = everything(layers, target, around, layers.lesions)

    edges = (
        {} if layers.outer is None or layers.inner is None else {"outer": layers.outer.mask, "inner": layers.inner.mask}
    )
    whole = inspect(
        layers.examined,
        phases[Role.PVP],
        target=target,
        others=[(Target.LUNG, other)],
        interpolated_slices=(12, 13, 20),
        **edges,
    )
    assert sorted(key(item) for exam in exams for item in exam.findings) == sorted(key(item) for item in whole)
    assert len(whole) > 5, "the example is to set off many checks"
    sizes = measure(layers.examined, target=target, bowel_direction=direction, slice_thickness_mm=3.0, **edges)
    assert tuple(exam.sizes for exam in exams if exam.sizes is not None) == sizes
    in_order = {role: phases[role] for role in (Role.NC, Role.AP, Role.PVP)}
    densities = sample_densities(layers.examined, in_order, target=target)
    assert tuple(item for exam in exams for item in exam.densities) == densities
    assert any(item.mean_hu is not None for item in densities)


def test_a_lesion_without_voxels_has_no_sizes_and_breaks_nothing() -> None:
    layers = TargetLayers(GRIDS["axial"], by_subtraction=True)
    put(layers, Part.OUTER, 1, ellipsoid(GRIDS["axial"], (0, 0, 0), (5, 5, 5)))
    put(layers, Part.INNER, 1, ellipsoid(GRIDS["axial"], (0, 0, 0), (9, 9, 9)))
    around = Surroundings(None, {})
    exam = finished(examining(layers, Target.PRIMARY, 1, around))
    assert exam.sizes is None and exam.densities == () and exam.findings
    nothing = finished(examining(layers, Target.PRIMARY, 2, around))
    assert nothing == Exam(Target.PRIMARY, 2, (), None, ())


def test_the_work_is_cut_into_pieces() -> None:
    grid = GRIDS["axial"]
    layers = messy_primary(grid)
    around = Surroundings(noisy(grid, np.random.default_rng(1)), {})
    assert sum(1 for _ in examining(layers, Target.PRIMARY, 1, around)) > 20
