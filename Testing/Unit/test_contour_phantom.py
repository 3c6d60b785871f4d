"""Measurements, checks and densities against the truth of the synthetic study, over several bodies."""

from __future__ import annotations

import numpy as np
import pytest
from crc_core.contour import inspect, measure, sample_densities, subtract
from crc_core.contour.outline import longest_diameter, plane_metric
from crc_core.contour.voxels import lesions_of
from crc_core.vocabulary import CT_PHASES, BowelDirection, Role, Target, Verdict
from shared_phantom import phantom

MANY = [pytest.param(seed, marks=pytest.mark.full) for seed in range(3, 40)]
NOISE_HU = 11.0
"""Standard deviation of the noise of a phantom at test size."""

SEEDS = [1, 2, *MANY]
ACROSS_FROM = 0.9
"""A bowel more than 25° off the long axis is cut aslant by axial sections, and its wall looks a tenth too thick."""


def direction_of(tangent: tuple[float, float, float]) -> BowelDirection:
    return BowelDirection.ACROSS if abs(tangent[2]) > ACROSS_FROM else BowelDirection.IN_PLANE


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("target", [Target.LIVER, Target.LUNG, Target.NODE])
def test_metastases_and_nodes_have_their_true_sizes(seed: int, target: Target) -> None:
    """Within one voxel: the truth is a formula, the mask a sampling of it."""
    study = phantom(seed)
    mask = study.masks[target]
    truth = {lesion.number: lesion for lesion in study.lesions_of(target)}
    found = measure(mask, target=target)
    assert [item.lesion for item in found] == sorted(truth)
    voxel_mm = np.array(mask.grid.spacing_ijk_mm)
    for item in found:
        lesion = truth[item.lesion]
        assert abs(item.longest_axial.value - lesion.longest_axial_mm) <= 1.1 * max(voxel_mm[:2])
        radius = (3 * lesion.volume_ml * 1000 / 4 / np.pi) ** (1 / 3)
        assert abs(item.volume_ml - lesion.volume_ml) * 1000 <= 4 * np.pi * radius**2 * 0.2 * voxel_mm.max()
        assert np.linalg.norm(np.subtract(item.centroid_ras, lesion.centre_ras_mm)) <= 0.5 * voxel_mm.max()


@pytest.mark.parametrize("seed", SEEDS)
def test_primaries_have_their_true_sizes(seed: int) -> None:
    study = phantom(seed)
    mask = subtract(study.outer, study.inner)
    assert np.array_equal(mask.array, study.masks[Target.PRIMARY].array)
    pixel_mm, slice_mm = mask.grid.spacing_ijk_mm[0], mask.grid.spacing_ijk_mm[2]
    for lesion in study.lesions_of(Target.PRIMARY):
        truth = lesion.primary
        assert truth is not None
        item = next(
            found
            for found in measure(
                mask,
                target=Target.PRIMARY,
                inner=study.inner,
                outer=study.outer,
                bowel_direction=direction_of(truth.bowel_direction),
            )
            if found.lesion == lesion.number
        )
        assert item.volume_ml == pytest.approx(lesion.volume_ml, rel=0.03)
        assert abs(item.cranio_caudal.value - truth.craniocaudal_mm) <= slice_mm
        assert item.thickness is not None
        assert abs(item.thickness.value - truth.wall_thickness_mm) <= pixel_mm
        section = next(part for part in lesions_of(mask) if part.number == lesion.number)
        outline = longest_diameter(
            section.inside[item.section_slice - section.box[0].start], plane_metric(mask.grid)
        ).length_mm
        assert item.long_diameter.value <= outline + 1e-9 <= item.longest_axial.value + 2e-9


@pytest.mark.parametrize("seed", SEEDS)
def test_true_contours_raise_no_warning_beyond_what_their_voxels_cannot_show(seed: int) -> None:
    study = phantom(seed)
    for target in Target:
        role = Role.CHEST if target is Target.LUNG else Role.PVP
        edges = {"outer": study.outer, "inner": study.inner} if target is Target.PRIMARY else {}
        found = inspect(study.masks[target], study.images[role], target=target, **edges)
        assert [item for item in found if item.verdict is not Verdict.NOTE] == []


def density_errors(seed: int) -> list[float]:
    """Measured minus true density of the primaries in every phase, in standard errors of the scanner's noise.

    Noise of neighbouring voxels goes together, which widens the error of a mean by about a third.
    """
    study = phantom(seed)
    truth = {lesion.number: lesion for lesion in study.lesions_of(Target.PRIMARY)}
    images = {role: study.images[role] for role in CT_PHASES}
    errors = []
    for item in sample_densities(study.masks[Target.PRIMARY], images, target=Target.PRIMARY):
        assert item.mean_hu is not None
        voxels = sum(sample.voxels for sample in item.samples)
        standard_error = 1.33 * NOISE_HU / np.sqrt(voxels)
        errors.append((item.mean_hu - truth[item.lesion].mean_hu[item.role]) / standard_error)
    return errors


@pytest.mark.parametrize("seed", SEEDS)
def test_the_density_of_primaries_is_the_true_one_in_every_phase(seed: int) -> None:
    assert np.abs(density_errors(seed)).max() < 4


@pytest.mark.full
def test_densities_lean_to_neither_side() -> None:
    errors = np.concatenate([density_errors(seed) for seed in range(1, 31)])
    assert abs(errors.mean()) < 0.5
    assert errors.std() < 1.3
