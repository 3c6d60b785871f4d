"""The masks and the truth table of the phantom against formulas and against fine copies."""

from __future__ import annotations

import numpy as np
import pytest
from crc_core.phantom import ColonSegment, Fault, Tissue, build_phantom
from crc_core.phantom.placement import liver_segment, lung_lobe
from crc_core.vocabulary import LesionClass, Role, Target
from phantom_support import cube, longest_axial_mm, painted, plan
from scipy.ndimage import binary_dilation, label
from shared_phantom import IN_IMAGES, phantom

SEEDS = (1, 2)
MANY = (1, 2, *(pytest.param(seed, marks=pytest.mark.full) for seed in range(3, 9)))
_AROUND = {
    Target.LIVER: {Tissue.LIVER, Tissue.PORTAL_VEIN, Tissue.HEPATIC_VEIN},
    Target.LUNG: {Tissue.LUNG, Tissue.LUNG_VESSEL},
}
_OWN = {
    Target.LIVER: {Tissue.METASTASIS_RIM, Tissue.METASTASIS_CORE, Tissue.UNCERTAIN_LIVER_LESION},
    Target.LUNG: {Tissue.LUNG_METASTASIS},
    Target.NODE: {Tissue.NODE},
    Target.PRIMARY: {Tissue.PRIMARY},
}


@pytest.mark.parametrize("seed", SEEDS)
def test_solid_lesions_are_as_large_as_the_table_says(seed: int) -> None:
    for lesion in phantom(seed).lesions:
        if lesion.target is Target.PRIMARY:
            continue
        grid = cube(lesion.centre_ras_mm, max(lesion.semi_axes_mm) + 2, 0.6)
        mask = painted(seed, grid).masks[lesion.target] == lesion.number
        assert mask.sum() * grid.voxel_volume_mm3 / 1000 == pytest.approx(lesion.volume_ml, rel=0.03)
        assert longest_axial_mm(mask, grid) == pytest.approx(lesion.longest_axial_mm, abs=1.2)
        assert lesion.volume_ml == pytest.approx(4 / 3 * np.pi * np.prod(lesion.semi_axes_mm) / 1000)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_primary_is_as_large_as_the_table_says(seed: int) -> None:
    lesion = phantom(seed).lesions_of(Target.PRIMARY)[0]
    assert lesion.primary is not None
    grid = cube(lesion.centre_ras_mm, lesion.semi_axes_mm[0] + lesion.semi_axes_mm[1] + 6, 1.0)
    mask = painted(seed, grid).masks[Target.PRIMARY] == 1
    assert mask.sum() * grid.voxel_volume_mm3 / 1000 == pytest.approx(lesion.volume_ml, rel=0.02)
    heights = np.flatnonzero(mask.any(axis=(1, 2)))
    assert np.ptp(heights) + 1 == pytest.approx(lesion.primary.craniocaudal_mm, abs=3)
    largest = int(np.argmax(mask.sum(axis=(1, 2))))
    area = mask.sum(axis=(1, 2))
    at_truth = round(float(lesion.primary.largest_section_z_mm - grid.ijk_to_ras[2, 3]))
    assert area[at_truth] > 0.95 * area[largest]
    section = mask[at_truth : at_truth + 1]
    assert longest_axial_mm(section, grid) + 1 == pytest.approx(lesion.primary.long_axis_mm, abs=3)
    assert lesion.primary.short_axis_mm <= lesion.primary.long_axis_mm
    assert np.linalg.norm(lesion.primary.bowel_direction) == pytest.approx(1)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_wall_is_as_thick_as_the_table_says(seed: int) -> None:
    body, lesion = plan(seed), phantom(seed).lesions[0]
    shape = body.colon.primaries[0]
    index = body.colon.index_of(shape.centre_mm)
    # Along the ray where the thickening is highest, in steps of a tenth of a millimetre.
    radii = np.arange(0, 60, 0.1)
    ray = np.cos(shape.turn) * body.colon.normal[index] + np.sin(shape.turn) * body.colon.binormal[index]
    points = body.colon.line[index] + radii[:, None] * ray
    from crc_core.phantom.bowel import primary_parts

    _, along, distance, turn = body.colon.locate(points)
    tumour, _ = primary_parts(body.colon, shape, along, distance, turn)
    assert lesion.primary is not None
    near = radii < lesion.semi_axes_mm[1] + 1
    assert (tumour & near).sum() * 0.1 == pytest.approx(lesion.primary.wall_thickness_mm, abs=0.6)


@pytest.mark.parametrize("seed", MANY)
def test_the_ring_is_the_outer_edge_without_the_lumen(seed: int) -> None:
    made = phantom(seed)
    outer, inner, ring = made.outer.array, made.inner.array, made.masks[Target.PRIMARY].array
    assert np.array_equal(ring > 0, (outer > 0) & (inner == 0))
    assert ((inner > 0) <= (outer > 0)).all()
    lumen = np.isin(made.anatomy.array[inner > 0], (Tissue.COLON_GAS, Tissue.COLON_STOOL, Tissue.COLON_FLUID))
    assert lumen.mean() > 0.98
    assert inner.any()
    assert (made.anatomy.array[ring > 0] == Tissue.PRIMARY).all()


@pytest.mark.parametrize("seed", MANY)
def test_masks_and_anatomy_agree(seed: int) -> None:
    made = phantom(seed)
    for target, own in _OWN.items():
        anatomy = made.chest_anatomy if target is Target.LUNG else made.anatomy
        mask = made.masks[target].array
        assert np.isin(anatomy.array[mask > 0], list(own)).mean() > 0.98
        assert sorted(set(mask[mask > 0].tolist())) == [lesion.number for lesion in made.lesions_of(target)]
        for lesion in made.lesions_of(target):
            own_voxels = np.argwhere(mask == lesion.number)[:, ::-1]
            centre = made.masks[target].grid.to_ras(own_voxels).mean(axis=0)
            assert np.linalg.norm(centre - lesion.centre_ras_mm) < 3.5


@pytest.mark.parametrize("seed", MANY)
def test_metastases_lie_inside_their_organ_and_apart(seed: int) -> None:
    made = phantom(seed)
    for target, around in _AROUND.items():
        anatomy = made.chest_anatomy if target is Target.LUNG else made.anatomy
        mask = made.masks[target].array
        for lesion in made.lesions_of(target):
            shell = binary_dilation(mask == lesion.number) & (mask != lesion.number)
            assert np.isin(anatomy.array[shell], list(around)).mean() > 0.97
        assert label(mask > 0, np.ones((3, 3, 3)))[1] == len(made.lesions_of(target))


@pytest.mark.parametrize("seed", MANY)
def test_the_patient_is_worth_reading(seed: int) -> None:
    made = phantom(seed)
    liver = made.lesions_of(Target.LIVER)
    assert len(liver) >= 3
    small = [lesion for lesion in liver if lesion.lesion_class is LesionClass.UNCERTAIN]
    assert small and all(lesion.longest_axial_mm < 10 for lesion in small)
    assert len(made.lesions_of(Target.LUNG)) >= 2
    assert 2 <= len(made.lesions_of(Target.NODE)) <= 3
    answers = made.report_answers
    assert answers.liver_metastases == len(liver) - len(small)
    assert answers.segment.value == made.lesions[0].place
    assert made.lesions[0].place in {segment.value for segment in ColonSegment}


def test_segments_and_lobes_are_where_anatomy_puts_them() -> None:
    places = np.array([(-40, 50, 385), (-30, 60, 345), (20, 60, 360), (90, 60, 310), (110, -40, 290), (100, -50, 380)])
    assert liver_segment(places).tolist() == ["S2", "S3", "S4", "S5", "S6", "S7"]
    assert liver_segment(np.array([(80.0, 30, 395)])).tolist() == ["S8"]
    places = np.array([(70, 10, 570), (80, 70, 450), (80, -60, 430), (-70, 20, 560), (-80, -60, 420)])
    assert lung_lobe(places).tolist() == ["RUL", "RML", "RLL", "LUL", "LLL"]


def test_the_same_seed_gives_the_same_voxels_whatever_is_wrong_with_its_files_and_another_seed_another_body() -> None:
    again = build_phantom(2, faults=[fault for fault in Fault if fault not in IN_IMAGES])
    for role, volume in phantom(2).images.items():
        assert np.array_equal(volume.array, again.images[role].array)
    assert phantom(2).lesions == again.lesions
    other = phantom(1).anatomy.array
    assert (other != again.anatomy.array).mean() > 0.03
    assert phantom(1).lesions[0].centre_ras_mm != again.lesions[0].centre_ras_mm


def test_after_treatment_the_same_lesions_are_smaller() -> None:
    before, after = phantom(1), phantom(1, time_point=1)
    assert [(lesion.target, lesion.number, lesion.place) for lesion in before.lesions] == [
        (lesion.target, lesion.number, lesion.place) for lesion in after.lesions
    ]
    for old, new in zip(before.lesions, after.lesions, strict=True):
        if old.lesion_class is LesionClass.UNCERTAIN:
            assert new.volume_ml == old.volume_ml
        else:
            assert new.longest_axial_mm < old.longest_axial_mm
            assert new.volume_ml < 0.8 * old.volume_ml
        if old.target is not Target.PRIMARY:
            assert new.centre_ras_mm == old.centre_ras_mm
    assert before.patient.identifier == after.patient.identifier
    assert before.patient.study_date < after.patient.study_date
    changed = before.images[Role.PVP].array != after.images[Role.PVP].array
    assert changed.mean() > 0.5, "the noise of another day is another noise"
    assert (before.anatomy.array == after.anatomy.array).mean() > 0.99


def test_several_primaries_have_their_own_numbers_and_places() -> None:
    made = phantom(7, primaries=2)
    lesions = made.lesions_of(Target.PRIMARY)
    assert [lesion.number for lesion in lesions] == [1, 2]
    assert lesions[0].place != lesions[1].place
    assert set(np.unique(made.masks[Target.PRIMARY].array)) == {0, 1, 2}
    assert np.array_equal(made.masks[Target.PRIMARY].array > 0, (made.outer.array > 0) & (made.inner.array == 0))


def test_many_seeds_visit_many_segments_and_both_sexes() -> None:
    from crc_core.phantom.plan import make_body

    bodies = [make_body(seed, 1) for seed in range(40)]
    places = {body.segments[0] for body in bodies}
    assert len(places) >= 7
    assert any(place.is_rectal for place in places) and any(not place.is_rectal for place in places)
    assert {body.sex for body in bodies} == {"M", "F"}


@pytest.mark.parametrize("arguments", [{"seed": -1}, {"seed": 1, "time_point": -1}, {"seed": 1, "primaries": 4}])
def test_impossible_requests_are_refused(arguments: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="negative"):
        build_phantom(**arguments)
