"""Looking at voxels: phases told apart or unknown, landmarks, drawn text, the real CT."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from crc_core.files.nifti import read_volume
from crc_core.geometry.grid import Grid, Volume
from crc_core.scan.anatomy import find_lower_end, find_lungs
from crc_core.scan.coarse import coarsen
from crc_core.scan.items_pixels import burnt_in_items, chest_coverage_item, metal_item, pixel_items
from crc_core.scan.motion import doubled_skin
from crc_core.scan.phase_pixels import measure_enhancement, phases_by_pixels
from crc_core.vocabulary import CT_PHASES, Role, Verdict
from shared_phantom import phantom

REAL_CT = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "abdomen-ct-plain" / "ct.nii.gz"
OTHER_SEED = 11
SEEDS = (1, *(pytest.param(seed, marks=pytest.mark.full) for seed in (7, OTHER_SEED, 12, 13)))


@pytest.mark.parametrize("seed", SEEDS)
def test_all_phases_together_are_told_apart(seed: int) -> None:
    stacks = {role.value: coarsen(phantom(seed).images[role]) for role in CT_PHASES}
    found = phases_by_pixels(stacks)
    assert {key: phase.role for key, phase in found.items()} == {role.value: role for role in CT_PHASES}


@pytest.mark.parametrize("seed", SEEDS)
def test_one_phase_alone_is_right_or_unknown(seed: int) -> None:
    for role in CT_PHASES:
        (found,) = phases_by_pixels({"only": coarsen(phantom(seed).images[role])}).values()
        assert found.role in (role, None)
        assert found.likeliest is role


@pytest.mark.parametrize("seed", SEEDS)
def test_aorta_and_liver_are_measured_where_they_are(seed: int) -> None:
    study = phantom(seed)
    tissue = study.anatomy.array
    from crc_core.phantom import Tissue

    measured = measure_enhancement({role.value: coarsen(study.images[role]) for role in CT_PHASES})
    for role in CT_PHASES:
        image = study.images[role].array
        assert measured[role.value].liver_hu == pytest.approx(float(np.median(image[tissue == Tissue.LIVER])), abs=8)
        truth = float(np.median(image[tissue == Tissue.AORTA]))
        assert measured[role.value].aorta_hu == pytest.approx(truth, rel=0.15, abs=8)


def test_reconstructions_of_one_phase_share_its_answer() -> None:
    study = phantom(SEEDS[0])
    stacks = {role.value: coarsen(study.images[role]) for role in CT_PHASES}
    thin = study.images[Role.PVP]
    matrix = thin.grid.ijk_to_ras.copy()
    matrix[:3, 2] *= 2
    thick = Volume(thin.array[::2], Grid(thin.array[::2].shape, matrix))
    stacks["thick"] = coarsen(thick)
    assert phases_by_pixels(stacks)["thick"].role is Role.PVP


def test_flipped_axes_change_nothing() -> None:
    volume = phantom(SEEDS[0]).images[Role.PVP]
    matrix = volume.grid.ijk_to_ras.copy()
    count, rows, columns = volume.array.shape
    matrix[:3, 3] = volume.grid.to_ras((columns - 1, rows - 1, 0))
    matrix[:3, :2] *= -1
    flipped = Volume(np.ascontiguousarray(volume.array[:, ::-1, ::-1]), Grid(volume.array.shape, matrix))
    before, after = coarsen(volume), coarsen(flipped)
    assert before.grid.same_as(after.grid) and np.array_equal(before.array, after.array)
    assert count == len(after.array)


def test_noise_water_and_a_chest_are_unknown() -> None:
    rng = np.random.default_rng(1)
    grid = Grid.from_spacing((80, 96, 96), (3.5, 3.5, 5.0))
    noise = Volume(rng.normal(0, 200, grid.shape_kji).astype(np.int16), grid)
    water = Volume(np.full(grid.shape_kji, -1000, dtype=np.int16), grid)
    water.array[:, 20:76, 16:80] = 0
    chest = phantom(SEEDS[0]).images[Role.CHEST]
    found = phases_by_pixels({"noise": coarsen(noise), "water": coarsen(water), "chest": coarsen(chest)})
    assert {phase.role for phase in found.values()} == {None}
    for volume in (noise, water):
        items = {entry.id: entry for entry in pixel_items(volume, coarsen(volume))}
        assert items["coverage"].verdict is not Verdict.PASS


def test_landmarks_of_the_phantom_are_found() -> None:
    coarse = coarsen(phantom(SEEDS[0]).images[Role.PVP])
    lungs, lower = find_lungs(coarse), find_lower_end(coarse)
    assert lungs is not None and lungs.reach_the_top
    # The lower border of the symphysis of the standard body lies at z = 0 mm.
    assert abs(float(coarse.heights_mm[lower.symphysis_from])) < 15
    upper = coarsen(_part(phantom(SEEDS[0]).images[Role.PVP], 0, 70))
    assert (found := find_lungs(upper)) is None or not found.reach_the_top


def test_a_chest_series_must_hold_the_lungs() -> None:
    chest = phantom(SEEDS[0]).images[Role.CHEST]
    assert chest_coverage_item(coarsen(chest)).verdict in (Verdict.PASS, Verdict.NOTE)
    assert chest_coverage_item(coarsen(_part(chest, 0, 45))).verdict is Verdict.WARN
    assert chest_coverage_item(coarsen(phantom(SEEDS[0]).images[Role.PVP])).verdict is Verdict.WARN


def test_drawn_text_is_found_and_a_couch_is_not() -> None:
    volume = phantom(SEEDS[0]).images[Role.PVP]
    assert burnt_in_items(volume) == []
    drawn = volume.array.copy()
    drawn[:, 4:10, 4:14] = 1000
    (item,) = burnt_in_items(Volume(drawn, volume.grid))
    assert item.verdict is Verdict.FAIL and not item.overrulable


def test_a_little_metal_is_a_note_and_its_side_is_told() -> None:
    volume = phantom(SEEDS[0]).images[Role.NC]
    array = volume.array.copy()
    array[40, 60, 30:32] = 3000
    item = metal_item(Volume(array, volume.grid))
    assert item.verdict is Verdict.NOTE
    assert dict(item.values)["side"].code == "scan.side.right"  # type: ignore[union-attr]  # the side is a word


@pytest.mark.parametrize("seed", [2, pytest.param(OTHER_SEED, marks=pytest.mark.full)])
def test_steady_skin_is_not_called_motion(seed: int) -> None:
    for role in (Role.NC, Role.CHEST):
        found = doubled_skin(coarsen(phantom(seed).images[role]))
        assert found is not None and found.count == 0


def _part(volume: Volume, low: int, high: int) -> Volume:
    grid = volume.grid.crop((slice(low, high), slice(0, None), slice(0, None)))
    return Volume(volume.array[low:high], grid)


@pytest.mark.skipif(not REAL_CT.is_file(), reason="the shared data are not here")
def test_the_real_ct_is_plain_whole_and_has_metal_at_one_hip() -> None:
    volume = read_volume(REAL_CT)
    coarse = coarsen(volume)
    (found,) = phases_by_pixels({"real": coarse}).values()
    assert found.role in (Role.NC, None)
    items = {entry.id: entry for entry in pixel_items(volume, coarse)}
    assert items["coverage"].verdict is Verdict.PASS
    assert items["motion"].verdict is Verdict.PASS and items["arms"].verdict is Verdict.PASS
    metal = items["metal"]
    assert metal.verdict is Verdict.WARN
    assert dict(metal.values)["side"].code != "scan.side.middle"  # type: ignore[union-attr]  # the side is a word


@pytest.mark.full
def test_confusion_over_many_seeds() -> None:
    wrong = unknown = 0
    for seed in range(100, 130):
        study = phantom(seed)
        found = phases_by_pixels({role.value: coarsen(study.images[role]) for role in CT_PHASES})
        wrong += sum(phase.role not in (None, Role(key)) for key, phase in found.items())
        unknown += sum(phase.role is None for phase in found.values())
    assert wrong == 0 and unknown <= 12
