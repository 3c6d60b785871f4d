"""Density samples: on each phase's own grid, in the solid part, apart, the same every time."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from contour_support import AXIAL, FAT_HU, GAS_HU, ellipsoid, image, mask, places, tube, turned_grid
from crc_core.contour import (
    LesionDensity,
    NotMeasurable,
    density_of,
    read_sample,
    sample_densities,
    sample_density,
)
from crc_core.contour.results import DensitySample
from crc_core.errors import CrcError
from crc_core.geometry import Grid, Volume
from crc_core.vocabulary import Role, Target
from hypothesis import given, settings
from hypothesis import strategies as st

GRIDS = [
    AXIAL,
    turned_grid((24, 60, 50), (1.0, 0.9, 3.0), (10, -15, 25)),
    turned_grid((50, 40, 50), (1.0, 1.6, 1.0), (90, 0, 0)),
    Grid.from_spacing((60, 30, 34), (1.5, 1.6, 1.0), (-25, -24, -30)),
]
SEMI = (12.0, 11.0, 14.0)


def scanned(grid: Grid, *parts: tuple[np.ndarray, float], sd_hu: float = 10.0) -> Volume:
    """Parts in fat, with noise."""
    picture = image(grid, *parts, background=FAT_HU)
    noise = np.random.default_rng(5).normal(0, sd_hu, picture.array.shape)
    return Volume(np.rint(picture.array + noise).astype(np.int16), grid)


def by_hand(volume: Volume, sample: DensitySample) -> np.ndarray:
    """The voxels of a sample: near its centre within half a slice of its plane."""
    offset = places(volume.grid) - np.array(sample.centre_ras)
    upright = int(np.argmax(np.abs(volume.grid.directions[2])))
    normal = volume.grid.directions[:, upright]
    flat = np.abs(offset @ normal) < volume.grid.spacing_ijk_mm[upright] / 2
    return volume.array[flat & (np.linalg.norm(offset, axis=-1) <= sample.radius_mm + 1e-6)]


def rim_of(volume: Volume, sample: DensitySample) -> np.ndarray:
    """Points of a sample's circle, RAS mm."""
    upright = int(np.argmax(np.abs(volume.grid.directions[2])))
    one, other = (volume.grid.directions[:, axis] for axis in range(3) if axis != upright)
    turn = np.linspace(0, 2 * np.pi, 24)[:, None]
    return np.array(sample.centre_ras) + sample.radius_mm * (np.cos(turn) * one + np.sin(turn) * other)


@pytest.mark.parametrize("grid", GRIDS)
def test_samples_lie_in_the_lesion_of_a_phase_with_its_own_grid(grid: Grid) -> None:
    volume = mask(ellipsoid(AXIAL, (0, 0, 0), SEMI), AXIAL, 4)
    phase = scanned(grid, (ellipsoid(grid, (0, 0, 0), SEMI), 95))
    found = sample_density(volume, phase, lesion=4, target=Target.LIVER, role=Role.AP)
    assert found.mean_hu == pytest.approx(95, abs=4)
    assert len(found.samples) >= 3
    for sample in found.samples:
        values = by_hand(phase, sample)
        assert sample.voxels == values.size
        assert sample.mean_hu == pytest.approx(values.mean())
        assert sample.sd_hu == pytest.approx(values.std())
        assert ((rim_of(phase, sample) / np.array(SEMI)) ** 2).sum(axis=1).max() <= 1.0


@settings(max_examples=12)
@given(st.tuples(st.floats(7, 13), st.floats(7, 13), st.floats(7, 15)), st.integers(0, 3))
def test_samples_share_no_voxel(semi: tuple[float, float, float], which: int) -> None:
    grid = GRIDS[which]
    found = sample_density(
        mask(ellipsoid(AXIAL, (0, 0, 0), semi), AXIAL),
        scanned(grid, (ellipsoid(grid, (0, 0, 0), semi), 60)),
        lesion=1,
        target=Target.LIVER,
        role=Role.PVP,
    )
    for one, other in itertools.combinations(found.samples, 2):
        apart = np.linalg.norm(np.subtract(one.centre_ras, other.centre_ras)) >= one.radius_mm + other.radius_mm - 1e-9
        assert apart or one.slice_index != other.slice_index


def test_the_same_input_gives_the_same_samples() -> None:
    volume = mask(ellipsoid(AXIAL, (0, 0, 0), SEMI), AXIAL)
    phase = scanned(AXIAL, (ellipsoid(AXIAL, (0, 0, 0), SEMI), 95))
    images = {Role.AP: phase, Role.PVP: phase}
    assert sample_densities(volume, images, target=Target.LIVER) == sample_densities(
        volume, images, target=Target.LIVER
    )


def centres_outside(found: LesionDensity, part: np.ndarray, grid: Grid) -> bool:
    return all(not part[tuple(np.rint(grid.to_ijk(s.centre_ras)).astype(int)[::-1])] for s in found.samples)


@pytest.mark.parametrize(("hu", "name"), [(GAS_HU, "gas"), (400, "calcium"), (180, "vessel"), (12, "necrosis")])
def test_samples_keep_out_of_what_is_not_solid(hu: float, name: str) -> None:
    body, spot = ellipsoid(AXIAL, (0, 0, 0), SEMI), ellipsoid(AXIAL, (3, 0, 0), (6, 6, 8))
    phase = scanned(AXIAL, (body, 95), (spot, hu))
    found = sample_density(mask(body, AXIAL), phase, lesion=1, target=Target.PRIMARY, role=Role.PVP)
    assert found.mean_hu == pytest.approx(95, abs=5), name
    assert centres_outside(found, spot, AXIAL)


def test_necrosis_seen_on_the_portal_phase_is_left_out_of_the_plain_one() -> None:
    body, spot = ellipsoid(AXIAL, (0, 0, 0), SEMI), ellipsoid(AXIAL, (2, 0, 0), (6, 6, 8))
    portal, plain = scanned(AXIAL, (body, 95), (spot, 15)), scanned(AXIAL, (body, 38), (spot, 25))
    found = sample_densities(mask(body, AXIAL), {Role.NC: plain, Role.PVP: portal}, target=Target.PRIMARY)
    assert [item.role for item in found] == [Role.NC, Role.PVP]
    assert [item.mean_hu for item in found] == pytest.approx([38, 95], abs=5)
    assert all(centres_outside(item, spot, AXIAL) for item in found)


def test_noise_alone_is_no_necrosis() -> None:
    body = ellipsoid(AXIAL, (0, 0, 0), SEMI)
    phase = scanned(AXIAL, (body, 30), sd_hu=45)
    found = sample_density(mask(body, AXIAL), phase, lesion=1, target=Target.LIVER, role=Role.PVP)
    assert found.mean_hu == pytest.approx(30, abs=6)


def test_a_ring_is_sampled_in_its_wall() -> None:
    outer, lumen = tube(AXIAL, (0, 0, 0), 19, 20), tube(AXIAL, (0, 0, 0), 7, 99)
    phase = scanned(AXIAL, (tube(AXIAL, (0, 0, 0), 19, 99), 90), (lumen, GAS_HU))
    found = sample_density(mask(outer & ~lumen, AXIAL), phase, lesion=1, target=Target.PRIMARY, role=Role.PVP)
    assert found.mean_hu == pytest.approx(90, abs=4)
    for sample in found.samples:
        assert 7 + sample.radius_mm <= np.hypot(*sample.centre_ras[:2]) <= 19 - sample.radius_mm


@pytest.mark.parametrize(
    ("volume", "phase", "reason"),
    [
        (ellipsoid(AXIAL, (0, 0, 0), (1.5, 1.5, 2)), scanned(AXIAL), NotMeasurable.TOO_SMALL),
        (ellipsoid(AXIAL, (0, 0, 0), SEMI), scanned(AXIAL), NotMeasurable.NO_SOLID_PART),
        (
            ellipsoid(AXIAL, (0, 0, 0), SEMI),
            scanned(Grid.from_spacing((9, 9, 9), (1, 1, 1), (200, 0, 0))),
            NotMeasurable.OUTSIDE_IMAGE,
        ),
    ],
)
def test_what_cannot_be_measured_says_why(volume: np.ndarray, phase: Volume, reason: NotMeasurable) -> None:
    if reason is NotMeasurable.TOO_SMALL:
        phase = scanned(AXIAL, (volume, 60))
    found = sample_density(mask(volume, AXIAL), phase, lesion=1, target=Target.LIVER, role=Role.PVP)
    assert (found.mean_hu, found.reason) == (None, reason)


def test_a_missing_lesion_says_so() -> None:
    body = ellipsoid(AXIAL, (0, 0, 0), SEMI)
    found = sample_density(mask(body, AXIAL), scanned(AXIAL), lesion=9, target=Target.LIVER, role=Role.PVP)
    assert found.reason is NotMeasurable.LESION_MISSING


def test_a_moved_sample_is_read_anew() -> None:
    phase = scanned(AXIAL, (ellipsoid(AXIAL, (0, 0, 0), SEMI), 95))
    moved = read_sample(phase, (2.3, -1.1, 4.2), 3.3)
    assert moved.centre_ras == (2.3, -1.1, 4.2)
    assert moved.mean_hu == pytest.approx(95, abs=4)
    samples = (moved, read_sample(phase, (0, 0, 0), 3), read_sample(phase, (-4, 2, 1), 3))
    confirmed = density_of(1, Role.AP, samples)
    assert confirmed.mean_hu == pytest.approx(np.mean([sample.mean_hu for sample in samples]))
    assert density_of(1, Role.AP, samples[:2]).reason is NotMeasurable.TOO_FEW_SAMPLES


@pytest.mark.parametrize(
    ("centre", "radius"),
    [((500, 0, 0), 3), ((0, 0, 500), 3), ((0.4, 0.35, 0), 0.01), ((0, 0, float("nan")), 3), ((0, 0, 0), -1)],
)
def test_a_sample_without_a_voxel_is_refused(centre: tuple[float, float, float], radius: float) -> None:
    with pytest.raises(CrcError) as refusal:
        read_sample(scanned(AXIAL), centre, radius)
    assert refusal.value.code == "contour.sample_outside"
