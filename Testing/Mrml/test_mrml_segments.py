"""Masks to segments and back: cropped, overlapping targets, tags, terminology, refusals."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

import numpy as np
import pytest
from contour_support import AXIAL, ellipsoid, mask, tube, turned_grid
from crc_core.contour import subtract
from crc_core.contour.terminology import Part, PrimarySite, segment_terms, term_of
from crc_core.errors import CrcError
from crc_core.geometry import Grid, Volume
from crc_core.vocabulary import LesionClass, Target
from crc_mrml.segments import (
    SegmentKey,
    class_of,
    ensure_segment,
    read_crop,
    read_mask,
    segment_keys,
    write_crop,
    write_mask,
)
from crc_mrml.terminology import load_terminology, terminology_entry
from crc_mrml.volumes import volume_from_node, volume_to_node
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from mrml_support import scene, slicer, vtk

__all__ = ["scene"]

OBLIQUE = turned_grid((20, 30, 34), (0.7, 0.8, 2.5), (20, -30, 70))
SAGITTAL = turned_grid((34, 30, 20), (1.0, 2.0, 1.0), (90, 0, 0))


def two_lesions(grid: Grid) -> Volume:
    array = np.zeros(grid.shape_kji, np.uint8)
    k, j, i = grid.shape_kji
    array[2 : k // 2, 3 : j // 2, 4 : i // 2] = 3
    array[k // 2 : k - 2, j // 2 : j - 3, i // 2 : i - 1] = 200
    return Volume(array, grid)


def segmentation(scene: Any) -> Any:
    return scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "contours")


@pytest.mark.parametrize("grid", [AXIAL, OBLIQUE, SAGITTAL])
def test_what_is_written_is_read(scene: Any, grid: Grid) -> None:
    node, volume = segmentation(scene), two_lesions(grid)
    ids = write_mask(node, volume, Target.LIVER, {3: "L3", 200: "L200"})
    assert ids == ("crc-liver-3", "crc-liver-200")
    found = read_mask(node, Target.LIVER, grid)
    assert np.array_equal(found.volume.array, volume.array)
    assert (found.volume.array.dtype, found.overlaps) == (np.uint8, ())


MASKS = hnp.arrays(np.uint8, (5, 6, 7), elements=st.sampled_from([0, 0, 0, 1, 2, 255]))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(MASKS, MASKS)
def test_writing_again_leaves_nothing_of_before(scene: Any, first: np.ndarray, second: np.ndarray) -> None:
    grid = Grid.from_spacing((5, 6, 7), (1.0, 2.0, 3.0))
    node = segmentation(scene)
    for array in (first, second):
        write_mask(node, Volume(array, grid), Target.NODE, {})
        assert np.array_equal(read_mask(node, Target.NODE, grid).volume.array, array)
    assert {key.lesion for key in segment_keys(node)} == {int(n) for n in np.unique(second) if n}


def test_slicer_sees_the_segment_where_the_image_is(scene: Any) -> None:
    node, volume = segmentation(scene), two_lesions(OBLIQUE)
    image = volume_to_node(scene, Volume(np.zeros(OBLIQUE.shape_kji, np.int16), OBLIQUE), "CT")
    node.SetReferenceImageGeometryParameterFromVolumeNode(image)
    write_mask(node, volume, Target.LIVER, {})
    labelmap = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode")
    ids = vtk.vtkStringArray()
    ids.InsertNextValue("crc-liver-3")
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    extent = slicer.vtkSegmentation.EXTENT_REFERENCE_GEOMETRY
    assert logic.ExportSegmentsToLabelmapNode(node, ids, labelmap, image, extent)
    exported = volume_from_node(labelmap)
    assert exported.grid.same_as(OBLIQUE)
    assert np.array_equal(exported.array != 0, volume.array == 3)


def test_a_segment_is_stored_no_larger_than_it_is(scene: Any) -> None:
    node, volume = segmentation(scene), mask(ellipsoid(AXIAL, (0, 0, 0), (6, 5, 7)), AXIAL)
    write_mask(node, volume, Target.LUNG, {})
    image = node.GetSegmentation().GetSegment("crc-lung-1").GetRepresentation("Binary labelmap")
    assert image.GetNumberOfPoints() < volume.array.size / 8


def test_targets_and_parts_may_overlap(scene: Any) -> None:
    node = segmentation(scene)
    outer, inner = mask(tube(AXIAL, (0, 0, 0), 12, 15), AXIAL), mask(tube(AXIAL, (3, 0, 0), 5, 15), AXIAL)
    wall, gland = subtract(outer, inner), mask(ellipsoid(AXIAL, (9, 0, 0), (6, 6, 6)), AXIAL, 4)
    write_mask(node, outer, Target.PRIMARY, {}, part=Part.OUTER)
    write_mask(node, inner, Target.PRIMARY, {}, part=Part.INNER)
    write_mask(node, wall, Target.PRIMARY, {})
    write_mask(node, gland, Target.NODE, {})
    for target, part, volume in (
        (Target.PRIMARY, Part.OUTER, outer),
        (Target.PRIMARY, Part.INNER, inner),
        (Target.PRIMARY, Part.MASK, wall),
        (Target.NODE, Part.MASK, gland),
    ):
        assert np.array_equal(read_mask(node, target, AXIAL, part=part).volume.array, volume.array)


def test_of_lesions_that_overlap_the_later_wins_and_it_is_told(scene: Any) -> None:
    node = segmentation(scene)
    bodies = {1: ellipsoid(AXIAL, (0, 0, 0), (8, 8, 8)), 2: ellipsoid(AXIAL, (6, 0, 0), (8, 8, 8))}
    whole = (slice(0, 40), slice(0, 64), slice(0, 60))
    for number, inside in bodies.items():
        key = SegmentKey(Target.LIVER, number)
        ensure_segment(node, key, f"L{number}")
        write_crop(node, key, inside, whole, AXIAL)
    found = read_mask(node, Target.LIVER, AXIAL)
    assert found.overlaps == ((2, 1),)
    assert np.array_equal(found.volume.array == 2, bodies[2])
    assert np.array_equal(found.volume.array == 1, bodies[1] & ~bodies[2])


def test_tags_survive_another_name(scene: Any) -> None:
    node = segmentation(scene)
    write_mask(node, two_lesions(AXIAL), Target.LIVER, {3: "L3"}, classes={3: LesionClass.UNCERTAIN})
    node.GetSegmentation().GetSegment("crc-liver-3").SetName("其他名称")
    assert segment_keys(node) == (SegmentKey(Target.LIVER, 3), SegmentKey(Target.LIVER, 200))
    assert class_of(node, SegmentKey(Target.LIVER, 3)) is LesionClass.UNCERTAIN
    assert class_of(node, SegmentKey(Target.LIVER, 200)) is None
    assert class_of(node, SegmentKey(Target.LIVER, 9)) is None


def test_foreign_segments_are_left_alone(scene: Any) -> None:
    node = segmentation(scene)
    node.GetSegmentation().AddEmptySegment("Segment_1", "Segment_1")
    write_mask(node, two_lesions(AXIAL), Target.LIVER, {})
    write_mask(node, Volume(np.zeros(AXIAL.shape_kji, np.uint8), AXIAL), Target.LIVER, {})
    assert segment_keys(node) == ()
    assert node.GetSegmentation().GetSegment("Segment_1") is not None


def test_an_empty_or_missing_segment_holds_nothing(scene: Any) -> None:
    node, key = segmentation(scene), SegmentKey(Target.LUNG, 1)
    assert read_crop(node, key, AXIAL) is None
    ensure_segment(node, key, "L1")
    assert read_crop(node, key, AXIAL) is None
    assert read_mask(node, Target.LUNG, AXIAL).volume.array.max() == 0


def test_a_segment_can_be_emptied(scene: Any) -> None:
    node, key = segmentation(scene), SegmentKey(Target.LIVER, 3)
    write_mask(node, two_lesions(AXIAL), Target.LIVER, {})
    write_crop(node, key, np.zeros((2, 2, 2), bool), (slice(0, 2), slice(0, 2), slice(0, 2)), AXIAL)
    assert read_crop(node, key, AXIAL) is None
    assert (read_mask(node, Target.LIVER, AXIAL).volume.array == 200).any()


@pytest.mark.parametrize(
    ("grid", "code"),
    [
        (turned_grid(AXIAL.shape_kji, (0.8, 0.7, 1.5), (0, 0, 2)), "mrml.other_grid"),
        (Grid.from_spacing((40, 64, 60), (0.8, 0.7, 1.5), (-23.7, -22.0, -30.0)), "mrml.other_grid"),
        (Grid.from_spacing((12, 64, 60), (0.8, 0.7, 1.5), (-24.0, -22.0, -30.0)), "mrml.beyond_grid"),
    ],
)
def test_segments_of_another_grid_are_refused(scene: Any, grid: Grid, code: str) -> None:
    node = segmentation(scene)
    write_mask(node, two_lesions(AXIAL), Target.LIVER, {})
    with pytest.raises(CrcError) as refusal:
        read_mask(node, Target.LIVER, grid)
    assert refusal.value.code == code


def test_a_grid_that_starts_elsewhere_by_whole_voxels_is_read(scene: Any) -> None:
    node, volume = segmentation(scene), two_lesions(AXIAL)
    write_mask(node, volume, Target.LIVER, {})
    box = (slice(1, 40), slice(2, 64), slice(3, 60))
    found = read_mask(node, Target.LIVER, AXIAL.crop(box))
    assert np.array_equal(found.volume.array, volume.array[box])


def test_a_segmentation_under_a_transform_is_refused(scene: Any) -> None:
    node = segmentation(scene)
    write_mask(node, two_lesions(AXIAL), Target.LIVER, {})
    node.SetAndObserveTransformNodeID(scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "t").GetID())
    with pytest.raises(CrcError) as refusal:
        read_mask(node, Target.LIVER, AXIAL)
    assert refusal.value.code == "mrml.under_transform"


def test_slicer_understands_every_term(scene: Any) -> None:
    logic = slicer.vtkSlicerTerminologiesModuleLogic()
    assert load_terminology(logic)
    for key, term in segment_terms().by_key.items():
        entry = slicer.vtkSlicerTerminologyEntry()
        assert logic.DeserializeTerminologyEntry(terminology_entry(term), entry), key
        assert entry.GetCategoryObject().GetCodeValue() == term.category.value
        assert entry.GetTypeObject().GetCodeValue() == term.type.value
        assert entry.GetRegionObject().GetCodeValue() == term.region.value
        assert logic.IsTerminologyContextLoaded(entry.GetTerminologyContextName())


def test_the_selector_offers_the_codes_that_are_written() -> None:
    folder = resources.files("crc_core") / "data" / "terminology"
    offered = json.loads((folder / "crc.term.json").read_text(encoding="utf-8"))
    regions = json.loads((folder / "crc-regions.term.json").read_text(encoding="utf-8"))
    types = {
        (category["CodeValue"], kind["CodeValue"], tuple(kind["recommendedDisplayRGBValue"]))
        for category in offered["SegmentationCodes"]["Category"]
        for kind in category["Type"]
    }
    terms = segment_terms()
    assert offered["SegmentationCategoryTypeContextName"] == terms.context
    assert regions["AnatomicContextName"] == terms.regions
    of_types = {(term.category.value, term.type.value) for term in terms.by_key.values()}
    assert {pair[:2] for pair in types} == of_types
    assert {code["CodeValue"] for code in regions["AnatomicCodes"]["AnatomicRegion"]} == {
        term.region.value for term in terms.by_key.values()
    }


def test_terms_follow_target_class_part_and_site() -> None:
    assert term_of(Target.LIVER).type.meaning == "Neoplasm, Secondary"
    assert term_of(Target.LIVER, lesion_class=LesionClass.UNCERTAIN).type.meaning == "Lesion"
    assert term_of(Target.PRIMARY, site=PrimarySite.RECTUM).region.meaning == "Rectum"
    assert term_of(Target.PRIMARY, part=Part.INNER).type.scheme == "99CRC"
    with pytest.raises(ValueError, match="outer"):
        term_of(Target.LIVER, part=Part.OUTER)


def test_codes_are_those_of_dicom() -> None:
    """pydicom's tables of PS3.16 are the witness; the two private codes are in none."""
    from pydicom.sr.codedict import codes

    def said(collection: Any) -> dict[str, str]:
        return {code.value: code.meaning for code in collection.concepts.values()}

    categories, types, known = said(codes.cid7150), said(codes.cid7159), said(codes.SCT)
    for key, term in segment_terms().by_key.items():
        assert categories[term.category.value] == term.category.meaning, key
        assert term.region.value in known, key
        if term.type.scheme == "SCT":
            assert types[term.type.value] == term.type.meaning, key
    schemes = {code.scheme for term in segment_terms().by_key.values() for code in (term.category, term.type)}
    assert schemes == {"SCT", "99CRC"}


def test_a_segment_and_a_dicom_segmentation_call_a_lesion_the_same() -> None:
    path = resources.files("crc_core") / "data" / "report" / "seg-terms-v1.json"
    of_dicom = json.loads(path.read_text(encoding="utf-8"))
    written = {
        "tumour": term_of(Target.PRIMARY),
        "metastasis": term_of(Target.LIVER),
        "uncertain": term_of(Target.LIVER, lesion_class=LesionClass.UNCERTAIN),
        "node": term_of(Target.NODE),
    }
    assert {name: (term.type.value, term.type.meaning) for name, term in written.items()} == {
        name: (code["code"], code["meaning"]) for name, code in of_dicom["types"].items()
    }
    assert {(term.category.value, term.category.meaning) for term in written.values()} == {
        (of_dicom["category"]["code"], of_dicom["category"]["meaning"])
    }
