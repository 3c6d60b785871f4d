"""What the phantom's images show: densities over the phases, noise, MR, the artefacts on request."""

from __future__ import annotations

import numpy as np
import pytest
from crc_core.phantom import Fault, PhantomSize, Tissue
from crc_core.phantom.grids import abdomen_grid, chest_grid
from crc_core.phantom.tissue import tissue_table
from crc_core.vocabulary import CT_PHASES, Role, Target
from scipy.ndimage import binary_erosion, map_coordinates
from shared_phantom import phantom

_SOLID = (Tissue.AORTA, Tissue.LIVER, Tissue.SPLEEN, Tissue.BLADDER, Tissue.MUSCLE, Tissue.VENA_CAVA)


def _mean_hu(seed: int, role: Role, *tissues: Tissue, depth: int = 1) -> float:
    made = phantom(seed)
    inside = binary_erosion(made.organ(*tissues), iterations=depth)
    assert inside.sum() > 5
    return float(made.images[role].array[inside].mean())


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("role", CT_PHASES)
def test_organs_have_the_density_of_their_curve(seed: int, role: Role) -> None:
    expected = tissue_table().hu_at(phantom(seed).delays_s.get(role))
    for tissue in _SOLID:
        assert _mean_hu(seed, role, tissue) == pytest.approx(expected[tissue], abs=9), tissue.name


@pytest.mark.parametrize("seed", [1, 2])
def test_the_phases_are_those_a_radiologist_knows(seed: int) -> None:
    def hu(role: Role, *tissues: Tissue) -> float:
        return _mean_hu(seed, role, *tissues)

    assert hu(Role.AP, Tissue.AORTA) > 280 > 2 * hu(Role.PVP, Tissue.LIVER)
    assert hu(Role.AP, Tissue.LIVER) < hu(Role.PVP, Tissue.LIVER) > hu(Role.DP, Tissue.LIVER)
    made = phantom(seed)
    cortex, medulla = made.organ(Tissue.RENAL_CORTEX), binary_erosion(made.organ(Tissue.RENAL_MEDULLA))
    arterial, delayed = made.images[Role.AP].array, made.images[Role.DP].array
    assert arterial[cortex].mean() > arterial[medulla].mean() + 60
    assert abs(delayed[cortex].mean() - delayed[medulla].mean()) < 30
    pelvis = made.organ(Tissue.RENAL_PELVIS)
    assert np.percentile(delayed[pelvis], 90) > 200 > 120 > np.percentile(made.images[Role.PVP].array[pelvis], 50)
    assert hu(Role.PVP, Tissue.BLADDER) < 30


@pytest.mark.parametrize("seed", [1, 2])
def test_lesions_have_the_density_of_the_table(seed: int) -> None:
    made = phantom(seed)
    for lesion in made.lesions_of(Target.PRIMARY):
        inside = binary_erosion(made.masks[Target.PRIMARY].array == lesion.number)
        for role in CT_PHASES:
            assert made.images[role].array[inside].mean() == pytest.approx(lesion.mean_hu[role], abs=8)
    largest = made.lesions_of(Target.LIVER)[0]
    inside = binary_erosion(made.masks[Target.LIVER].array == largest.number)
    portal = made.images[Role.PVP].array
    liver = portal[binary_erosion(made.organ(Tissue.LIVER), iterations=2)].mean()
    assert portal[inside].mean() < liver - 20, "hypovascular"
    assert largest.mean_hu[Role.PVP] < tissue_table().hu_at(made.delays_s[Role.PVP])[Tissue.LIVER] - 20


def test_noise_is_that_of_a_scanner_and_differs_between_phases() -> None:
    made = phantom(1)
    inside = binary_erosion(made.organ(Tissue.LIVER), iterations=3)
    plain, portal = (made.images[role].array.astype(float) for role in (Role.NC, Role.PVP))
    assert 6 < plain[inside].std() < 18
    difference = (portal - plain)[inside]
    difference -= difference.mean()
    assert difference.std() > 7, "the same noise twice would vanish"
    row = (portal - plain) - (portal - plain)[inside].mean()
    beside = inside[:, :, 1:] & inside[:, :, :-1]
    correlation = np.corrcoef(row[:, :, 1:][beside], row[:, :, :-1][beside])[0, 1]
    assert 0.05 < correlation < 0.7, "neighbours share noise, as after a soft kernel"


def test_the_scan_covers_diaphragm_to_symphysis_in_a_field_of_table_4() -> None:
    for seed in (1, 2):
        made = phantom(seed)
        grid = made.images[Role.PVP].grid
        assert 300 <= grid.spacing_ijk_mm[0] * grid.shape_kji[2] <= 350
        assert grid.spacing_ijk_mm[2] <= 5
        body = made.anatomy.array
        heights = np.flatnonzero((body == Tissue.LIVER).any(axis=(1, 2)))
        assert heights[-1] < len(body) - 1, "the dome of the liver is inside"
        assert (body[-1] == Tissue.LUNG).any()
        symphysis = np.flatnonzero((body == Tissue.BLADDER).any(axis=(1, 2)))
        assert symphysis[0] > 3
        edge = np.ones(body.shape, dtype=bool)
        edge[:, 1:-1, 1:-1] = False
        outside = (Tissue.AIR, Tissue.COUCH, Tissue.COUCH_FOAM)
        assert np.isin(body[edge], outside).all(), "the field holds the whole body"


def test_mr_shows_the_primary_where_ct_has_it() -> None:
    made = phantom(1)
    primary = made.masks[Target.PRIMARY]
    points = primary.grid.to_ras(np.argwhere(binary_erosion(primary.array > 0))[:, ::-1])
    for role in (Role.T2, Role.DWI, Role.ADC):
        volume = made.images[role]
        assert np.abs(volume.grid.directions - np.round(volume.grid.directions)).max() > 0.05, "oblique"
        assert volume.grid.shear_deg < 1e-6
        index = volume.grid.to_ijk(points)[:, ::-1].T
        seen = map_coordinates(volume.array.astype(float), index, order=1, mode="nearest")
        expected = {Role.T2: 380, Role.DWI: 460 * np.exp(-0.88), Role.ADC: 880}[role]
        assert np.median(seen) == pytest.approx(expected, rel=0.25)
        if role is Role.DWI:
            assert np.median(seen) > 3 * np.median(volume.array), "bright against the rest"


def test_late_portal_timing_shows_in_tags_and_voxels() -> None:
    late, printed = phantom(1, Fault.LATE_PORTAL), phantom(1)
    assert late.delays_s[Role.PVP] == 70 > 60 >= printed.delays_s[Role.PVP] >= 50
    for tissue, sign in ((Tissue.RENAL_MEDULLA, 1), (Tissue.AORTA, -1)):
        inside = binary_erosion(late.organ(tissue))
        change = late.images[Role.PVP].array[inside].mean() - printed.images[Role.PVP].array[inside].mean()
        assert sign * change > 4
    assert np.array_equal(late.images[Role.AP].array, printed.images[Role.AP].array)


def test_metal_is_dense_at_one_hip_and_throws_streaks() -> None:
    made, clean = phantom(1, Fault.METAL), phantom(1)
    metal = made.organ(Tissue.METAL)
    where = made.anatomy.grid.to_ras(np.argwhere(metal)[:, ::-1])
    assert where[:, 0].max() < -40, "the left hip"
    plain = made.images[Role.NC].array
    assert np.percentile(plain[metal], 90) > 2000
    slices = metal.any(axis=(1, 2))
    muscle = made.organ(Tissue.MUSCLE) & slices[:, None, None]
    assert plain[muscle].std() > 3 * clean.images[Role.NC].array[muscle].std()


def test_motion_blurs_only_the_portal_venous_phase() -> None:
    made, still = phantom(1, Fault.MOTION), phantom(1)
    assert np.array_equal(made.images[Role.AP].array, still.images[Role.AP].array)
    moved = made.images[Role.PVP].array != still.images[Role.PVP].array
    shares = moved.mean(axis=(1, 2))
    assert (shares > 0.1).any() and (shares == 0).any()


def test_cut_off_thick_and_tilted_scans_have_the_grid_of_their_fault() -> None:
    normal = abdomen_grid(PhantomSize.TEST)
    cut = abdomen_grid(PhantomSize.TEST, [Fault.CUT_OFF_COVERAGE])
    assert cut.ijk_to_ras[2, 3] > 40 > normal.ijk_to_ras[2, 3]
    assert cut.corners_ras[:, 2].max() == pytest.approx(normal.corners_ras[:, 2].max(), abs=4)
    narrow = abdomen_grid(PhantomSize.TEST, [Fault.CUT_OFF_FIELD])
    assert narrow.spacing_ijk_mm[0] * narrow.shape_kji[2] == pytest.approx(280)
    assert abdomen_grid(PhantomSize.TEST, [Fault.THICK_SLICES]).spacing_ijk_mm[2] > 5
    tilted = abdomen_grid(PhantomSize.TEST, [Fault.TILT])
    assert tilted.shear_deg == pytest.approx(12)
    assert tilted.spacing_ijk_mm == pytest.approx(normal.spacing_ijk_mm)


def test_a_narrow_field_cuts_the_body_off() -> None:
    made = phantom(1, Fault.CUT_OFF_COVERAGE, Fault.CUT_OFF_FIELD, Fault.LATE_PORTAL)
    edge = np.concatenate([made.anatomy.array[:, :, 0].ravel(), made.anatomy.array[:, :, -1].ravel()])
    assert np.isin(edge, (Tissue.SUBCUTANEOUS_FAT, Tissue.MUSCLE, Tissue.SKIN)).mean() > 0.1


def test_full_size_is_full_size() -> None:
    assert abdomen_grid(PhantomSize.FULL).shape_kji == (600, 512, 512)
    assert chest_grid(PhantomSize.FULL).shape_kji[1:] == (512, 512)
    assert abdomen_grid(PhantomSize.FULL).corners_ras[:, 2].max() == pytest.approx(
        abdomen_grid(PhantomSize.TEST).corners_ras[:, 2].max(), abs=5
    )


@pytest.mark.full
def test_the_full_size_phantom_is_the_same_body() -> None:
    from crc_core.phantom import build_phantom

    large, small = build_phantom(1, size=PhantomSize.FULL), phantom(1)
    assert large.images[Role.PVP].array.shape == (600, 512, 512)
    assert large.lesions == small.lesions
    for target in (Target.PRIMARY, Target.LIVER, Target.NODE, Target.LUNG):
        for lesion in large.lesions_of(target):
            mask = large.masks[target]
            seen = (mask.array == lesion.number).sum() * mask.grid.voxel_volume_mm3 / 1000
            assert seen == pytest.approx(lesion.volume_ml, rel=0.03)
    seams = np.diff(large.images[Role.NC].array[44:52].astype(float).mean(axis=(1, 2)))
    assert np.abs(seams).max() < 10, "no step where two slabs meet"
