"""Calipers that follow the contour until a person drags one, and density samples on each phase's own image."""

from __future__ import annotations

import numpy as np
import pytest
from annotator_support import PVP, ball
from contouring_support import ABDOMEN, COARSE, Desk
from crc_core.contour.density import read_sample
from crc_core.contour.results import Method, Size
from crc_core.contour.segment_key import SegmentKey
from crc_core.desk.arrangement import ImageKey
from crc_core.desk.marks import CaliperKey, SampleKey
from crc_core.vocabulary import BowelDirection, Mode, Role, Target
from CRCAnnotatorLib.presenter.state import DensityRow, SizeRow

L1 = SegmentKey(Target.PRIMARY, 1)
LONG = CaliperKey(Target.PRIMARY, 1, Size.LONG_DIAMETER)
LONG_FIELD, THICK_FIELD, HU_FIELD = "primary[1].long_diameter_mm", "primary[1].thickness_mm", "primary[1].pvp_hu"


def size(desk: Desk, kind: Size) -> SizeRow:
    return next(row for row in desk.state.sizes if row.id == kind.value)


def density(desk: Desk, role: Role) -> DensityRow:
    return next(row for row in desk.state.densities if row.role is role)


def value(desk: Desk, path: str) -> object:
    row = desk.report_state.form.row(path)
    assert row is not None
    return row.value


def drawn() -> Desk:
    desk = Desk().open()
    desk.draw()
    return desk


# calipers
def test_calipers_are_drawn_with_words_and_follow_the_contour() -> None:
    desk = drawn()
    assert desk.scene.calipers == () and not desk.state.calipers_shown
    desk.contour.show_calipers(True)
    marks = {mark.key.size: mark for mark in desk.scene.calipers}
    assert set(marks) == {Size.LONG_DIAMETER, Size.SHORT_DIAMETER, Size.CRANIO_CAUDAL, Size.THICKNESS}
    long = marks[Size.LONG_DIAMETER]
    assert long.measurement.value == pytest.approx(28, abs=1.5) and "long diameter" in long.words
    desk.draw(inside=ball(ABDOMEN, (0, 0, 0), 10))
    after = next(mark for mark in desk.scene.calipers if mark.key.size is Size.LONG_DIAMETER)
    assert after.measurement.value == pytest.approx(20, abs=1.5)
    desk.contour.show_calipers(False)
    assert desk.scene.calipers == ()


def test_a_dragged_caliper_is_the_persons_until_it_is_given_back() -> None:
    desk = drawn()
    assert value(desk, LONG_FIELD) == pytest.approx(28, abs=1.5)
    start, end = (-11.0, 0.0, 0.0), (11.0, 0.0, 0.0)
    desk.scene.drags(LONG, start, end)
    row = size(desk, Size.LONG_DIAMETER)
    assert row.by_hand and row.value == "22 mm" and "by contour" in row.detail
    spoken_of = desk.state.targets[0].lesions[0].detail
    assert spoken_of.startswith("long diameter 22 mm"), "the lesion is named with the size that the list shows"
    kept = desk.of(Target.PRIMARY).lesion(1).caliper(Size.LONG_DIAMETER)
    assert kept.method is Method.BY_HAND and kept.place.start_ras == start and kept.slice_index in (12, 13)
    answer = desk.report_state.form.row(LONG_FIELD)
    assert answer.value == 22 and "by hand" in answer.source_words and answer.differs == ""
    desk.draw(inside=ball(ABDOMEN, (0, 0, 0), 10))
    assert size(desk, Size.LONG_DIAMETER).value == "22 mm", "the contour changes, the caliper stays"
    assert value(desk, LONG_FIELD) == 22
    desk.contour.reset_size("long_diameter")
    row = size(desk, Size.LONG_DIAMETER)
    assert not row.by_hand and value(desk, LONG_FIELD) == pytest.approx(20, abs=1.5)


def test_precision_is_told_as_voxels_and_slices_allow_it() -> None:
    desk = drawn()
    assert size(desk, Size.LONG_DIAMETER).detail.startswith("± 1.2 mm")
    assert "slice" in size(desk, Size.LONG_DIAMETER).detail
    assert "± 3.0 mm" in size(desk, Size.CRANIO_CAUDAL).detail
    desk.scene.drags(LONG, (-11.0, 0.0, -9.0), (11.0, 0.0, 9.0))
    assert "slice" not in size(desk, Size.LONG_DIAMETER).detail, "its ends lie in different slices"


def test_a_wall_without_an_inner_edge_is_measured_by_a_caliper_that_waits_to_be_dragged() -> None:
    desk = drawn()
    row = size(desk, Size.THICKNESS)
    assert row.value == "–" and "drag" in row.detail and not row.by_hand
    assert value(desk, THICK_FIELD) is None
    desk.contour.go_to_size("thickness")
    mark = next(mark for mark in desk.scene.calipers if mark.key.size is Size.THICKNESS)
    assert "drag" in mark.words and desk.state.calipers_shown
    desk.scene.drags(mark.key, (0.0, -14.0, 0.0), (0.0, -6.0, 0.0))
    assert size(desk, Size.THICKNESS).value == "8 mm" and size(desk, Size.THICKNESS).by_hand
    assert value(desk, THICK_FIELD) == 8
    desk.contour.reset_size("thickness")
    assert size(desk, Size.THICKNESS).value == "–" and value(desk, THICK_FIELD) is None


def test_a_jump_goes_to_the_slice_of_a_caliper() -> None:
    desk = drawn()
    desk.contour.go_to_size("long_diameter")
    mark = next(mark for mark in desk.scene.calipers if mark.key.size is Size.LONG_DIAMETER)
    middle = np.mean([mark.measurement.place.start_ras, mark.measurement.place.end_ras], axis=0)
    assert desk.scene.place == pytest.approx(tuple(middle)) and desk.scene.extent_mm is not None
    desk.contour.go_to_size("weight")
    assert desk.scene.place == pytest.approx(tuple(middle))


def test_a_metastasis_is_told_by_its_longest_axial_diameter() -> None:
    desk = Desk().open({Target.LIVER: Mode.DIRECT})
    desk.draw(Target.LIVER, 1)
    assert [row.id for row in desk.state.sizes] == ["short_diameter", "cranio_caudal", "longest_axial_diameter"]
    assert value(desk, "liver_lesion[1].max_diameter_mm") == pytest.approx(28, abs=1.5)
    assert desk.state.bowel is None


def test_the_bowels_direction_is_asked_of_a_primary_and_measured_anew() -> None:
    desk = Desk().open({Target.PRIMARY: Mode.SUBTRACTION})
    from contouring_support import shell
    from crc_core.contour.terminology import Part
    from crc_core.desk.steps import ContourStepId

    outer, inner = shell()
    inner = inner & (np.arange(26) >= 13)[:, None, None]
    desk.draw(part=Part.OUTER, inside=outer)
    desk.contour.go_to_step(ContourStepId.INNER)
    desk.draw(part=Part.INNER, inside=inner)
    desk.contour.keep()
    desk.rest()
    assert desk.state.bowel is BowelDirection.ACROSS
    across = size(desk, Size.THICKNESS).value
    desk.contour.set_bowel(BowelDirection.IN_PLANE)
    desk.rest()
    assert desk.state.bowel is desk.work.bowel_direction is BowelDirection.IN_PLANE
    assert size(desk, Size.THICKNESS).value != across


def test_what_was_measured_on_voxels_that_are_gone_leaves_the_report() -> None:
    desk = drawn()
    assert value(desk, LONG_FIELD) is not None and value(desk, HU_FIELD) is not None
    desk.draw(inside=np.zeros(ABDOMEN.shape_kji, bool))
    assert value(desk, LONG_FIELD) is None and value(desk, HU_FIELD) is None
    assert desk.state.sizes == () and desk.state.densities == ()


# densities
def test_three_samples_are_proposed_on_every_phases_own_image() -> None:
    desk = drawn()
    for role, grid, hu in ((Role.NC, COARSE, 40), (Role.AP, ABDOMEN, 75), (Role.PVP, ABDOMEN, 95)):
        row = density(desk, role)
        assert row.samples >= 3 and not row.confirmed and row.can_show
        assert float(row.value.removesuffix(" HU")) == pytest.approx(hu, abs=3)
        desk.contour.show_samples(role)
        assert desk.state.samples_of is role and len(desk.scene.samples) == row.samples
        assert desk.scene.shown_images["axial"] == ImageKey(role), "on its own image, in place"
        for mark in desk.scene.samples:
            seen = read_sample(desk.scene.image(ImageKey(role)), mark.sample.centre_ras, mark.sample.radius_mm)
            assert seen == mark.sample and mark.key.image == ImageKey(role) and grid is not None
    desk.contour.show_samples(None)
    assert desk.scene.samples == () and desk.scene.shown_images["axial"] == PVP
    missing = density(desk, Role.DP)
    assert (missing.value, missing.detail, missing.can_show) == ("not measurable", "phase missing", False)


def test_confirming_goes_through_the_phases_and_comes_back() -> None:
    desk = drawn()
    desk.contour.confirm_samples()
    assert "Show the samples" in desk.message
    seen = []
    desk.contour.show_samples(Role.PVP)
    while desk.state.samples_of is not None:
        seen.append(desk.state.samples_of)
        assert desk.state.can_confirm_samples
        desk.contour.confirm_samples()
    assert seen == [Role.PVP, Role.NC, Role.AP]
    assert all(row.confirmed for row in desk.state.densities if row.samples)
    assert desk.scene.shown_images["axial"] == PVP and desk.scene.samples == ()
    assert value(desk, HU_FIELD) == pytest.approx(95, abs=3)


def test_a_nudged_sample_is_read_where_it_is_and_counts_as_confirmed() -> None:
    desk = drawn()
    desk.contour.show_samples(Role.AP)
    mark = desk.scene.samples[0]
    place = (1.0, 2.0, 0.0)
    desk.scene.nudges(mark.key, place)
    moved = desk.scene.samples[0].sample
    image = desk.scene.image(ImageKey(Role.AP))
    assert moved == read_sample(image, place, mark.sample.radius_mm)
    row = density(desk, Role.AP)
    assert row.confirmed and not desk.state.can_confirm_samples
    mean = np.mean([item.sample.mean_hu for item in desk.scene.samples])
    assert row.value == f"{mean:.0f} HU" and value(desk, "primary[1].ap_hu") == round(mean)


def test_a_sample_moved_out_of_the_image_goes_back_and_it_is_said() -> None:
    desk = drawn()
    desk.contour.show_samples(Role.PVP)
    before = desk.scene.samples
    desk.scene.calls.clear()
    desk.scene.nudges(before[1].key, (0.0, 0.0, 500.0))
    assert "outside the image" in desk.message and desk.scene.samples == before
    assert "show_samples" in desk.scene.calls, "the mark is drawn where it was"
    assert not density(desk, Role.PVP).confirmed


def test_samples_nobody_confirmed_follow_the_contour_and_confirmed_ones_are_told_when_it_leaves_them() -> None:
    desk = drawn()
    desk.contour.show_samples(Role.PVP)
    desk.contour.confirm_samples()
    desk.contour.show_samples(None)
    phases = {item.role: item for item in desk.of(Target.PRIMARY).lesion(1).densities}
    assert phases[Role.PVP].confirmed and not phases[Role.AP].confirmed
    desk.draw(inside=ball(ABDOMEN, (18, 18, 15), 9))
    after = {item.role: item for item in desk.of(Target.PRIMARY).lesion(1).densities}
    assert after[Role.PVP] == phases[Role.PVP] and "outside the contour" in density(desk, Role.PVP).detail
    assert after[Role.AP] != phases[Role.AP] and "outside" not in density(desk, Role.AP).detail
    for sample in after[Role.AP].samples:
        assert np.linalg.norm(np.subtract(sample.centre_ras, (18, 18, 15))) < 9
    desk.contour.resample(Role.PVP)
    again = {item.role: item for item in desk.of(Target.PRIMARY).lesion(1).densities}
    assert not again[Role.PVP].confirmed and "outside" not in density(desk, Role.PVP).detail


def test_what_was_confirmed_survives_an_erasing_that_is_undone() -> None:
    desk = drawn()
    desk.contour.show_samples(Role.PVP)
    desk.contour.confirm_samples()
    before = desk.of(Target.PRIMARY).lesion(1).densities
    desk.draw(inside=np.zeros(ABDOMEN.shape_kji, bool))
    desk.contour.undo()
    desk.rest()
    assert desk.of(Target.PRIMARY).lesion(1).densities == before


def test_a_lesion_too_small_for_three_samples_says_why() -> None:
    desk = Desk().open()
    desk.draw(inside=ball(ABDOMEN, (0, 0, 0), 2.5))
    row = density(desk, Role.PVP)
    assert row.value == "not measurable" and row.detail and not row.can_show and row.samples == 0
    answer = desk.report_state.form.row(HU_FIELD)
    assert answer.not_assessable is not None
    desk.contour.show_samples(Role.PVP)
    assert desk.state.samples_of is None


def test_samples_are_put_away_with_the_lesion_and_with_the_step() -> None:
    desk = drawn()
    desk.contour.show_samples(Role.AP)
    desk.contour.choose_target(Target.LIVER)
    assert desk.state.samples_of is None and desk.scene.samples == ()
    desk.contour.choose_target(Target.PRIMARY)
    desk.contour.show_samples(Role.AP)
    desk.contour.left()
    assert desk.scene.samples == () and desk.scene.shown_images["axial"] == PVP


def test_a_late_event_about_a_lesion_that_is_gone_is_harmless() -> None:
    desk = drawn()
    desk.scene.drags(CaliperKey(Target.LIVER, 7, Size.SHORT_DIAMETER), (0, 0, 0), (1, 1, 1))
    desk.scene.nudges(SampleKey(Target.LIVER, 7, PVP, 0), (0, 0, 0))
    assert desk.message == ""
