"""From two sealed readings of the synthetic study to the final: agreed, disputed, ruled on, measured again."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from crc_core.contour.results import Method
from crc_core.decision.composition import LesionDecision
from crc_core.decision.consensus import as_pair, compare
from crc_core.decision.finals import AbsentRuling, FieldRuling, FinalPlace, Ruling, rule_final, signed_final
from crc_core.decision.table import Reason
from crc_core.demo.readers import Habit
from crc_core.demo.work import Reader
from crc_core.errors import CrcError
from crc_core.files.sealed import open_sealed
from crc_core.geometry.grid import Volume
from crc_core.identity import mask_name
from crc_core.reading.final import How, Take
from crc_core.reading.seal import SealedReading, open_final, seal_final
from crc_core.report.document import FieldPath, Report
from crc_core.report.merge import Choice
from crc_core.vocabulary import BowelDirection, LesionClass, Mode, Role, Target, TargetAnswer
from crc_core.workflow.events import FIRST_PREV
from crc_core.workflow.payloads import Outcome
from decision_support import STEADY, UNIT, pair_of, sealed, sources
from shared_phantom import phantom

WANG = Reader("wang", "住院医师", 11, STEADY)
LI = Reader("li", "主治医师", 12, STEADY)
PLACE = FinalPlace(1, FIRST_PREV)
SEED = 1


def missing(reader: Reader, *lesions: tuple[Target, int]) -> Reader:
    return dataclasses.replace(reader, habit=Habit(reader.habit.unsteadiness_mm, {}, frozenset(lesions)))


def test_agreeing_readers_become_their_union_measured_again(tmp_path):
    study = phantom(SEED)
    pair = pair_of(tmp_path, study, WANG, LI)
    comparison = compare(pair, sources(study))
    assert {item.target: item.outcome for item in comparison.targets} == dict.fromkeys(Target, Outcome.AGREED)
    assert comparison.open_fields == ()
    draft = rule_final(pair, comparison, study.images, PLACE)
    folder = tmp_path / "final"
    seal_final(folder, draft)
    final = open_final(folder)
    assert final.final.how is How.RULE
    for target in Target:
        a, b = (reading.mask(target).array for reading in pair)
        assert np.array_equal(final.mask(target).array != 0, (a != 0) | (b != 0))
    primary = next(item for item in final.measurements["lesions"] if item["target"] == "primary")
    voxels = np.count_nonzero(final.mask(Target.PRIMARY).array)
    millilitres = voxels * study.images[Role.PVP].grid.voxel_volume_mm3 / 1000
    assert primary["volume_ml"] == pytest.approx(millilitres, rel=1e-9)
    report = Report.from_json(final.report, folder)
    long_mm = report.answers[FieldPath.parse("primary[1].long_diameter_mm")].value
    assert long_mm == pytest.approx(primary["long_diameter"]["value"], abs=1.0)


def test_the_order_of_the_readings_changes_nothing(tmp_path):
    study = phantom(SEED)
    pair = pair_of(tmp_path, study, WANG, missing(LI, (Target.LIVER, 1)))
    assert as_pair(pair[1], pair[0]) == pair
    assert compare(pair, sources(study)) == compare(as_pair(pair[1], pair[0]), sources(study))


def test_a_missed_lesion_is_disputed_and_a_senior_settles_it(tmp_path):
    study = phantom(SEED)
    pair = pair_of(tmp_path, study, WANG, missing(LI, (Target.LIVER, 2)))
    comparison = compare(pair, sources(study))
    liver = next(item for item in comparison.targets if item.target is Target.LIVER)
    disputed = [lesion for lesion in liver.lesions if lesion.outcome is Outcome.DISPUTED]
    assert [lesion.reasons for lesion in disputed] == [(Reason.UNMATCHED,)]
    with pytest.raises(ValueError, match="disputed"):
        rule_final(pair, comparison, study.images, PLACE)
    unruled = Ruling("chief", "主任医师")
    with pytest.raises(CrcError) as caught:
        signed_final(pair, comparison, study.images, PLACE, unruled)
    assert caught.value.code == "decision.lesion_open"

    seen_by_a = bool(disputed[0].a)
    drawn = len(study.lesions_of(Target.LIVER))
    decisions = {Take.DROPPED: drawn - 1, (Take.A if seen_by_a else Take.B): drawn}
    for take, kept in decisions.items():
        decision = LesionDecision(
            Target.LIVER, disputed[0].a, disputed[0].b, take, LesionClass.METASTASIS, "rim enhancement", "seen on DWI"
        )
        fields = tuple(FieldRuling(name, Choice.A if seen_by_a else Choice.B) for name in comparison.open_fields)
        ruling = Ruling("chief", "主任医师", (decision,), fields=fields)
        draft = signed_final(pair, comparison, study.images, PLACE, ruling)
        target = next(item for item in draft.final.targets if item.target is Target.LIVER)
        assert len([lesion for lesion in target.lesions if lesion.number]) == kept
        assert target.lesions[-1].reason == "rim enhancement"
        mask = draft.masks[mask_name(UNIT.series_code(Role.PVP), Target.LIVER)]
        assert len(np.unique(mask.array)) - 1 == kept
        seal_final(tmp_path / take.value, draft)


def test_one_reader_says_none_and_the_senior_agrees(tmp_path):
    study = phantom(SEED)
    lungs = tuple((Target.LUNG, lesion.number) for lesion in study.lesions if lesion.target is Target.LUNG)
    pair = pair_of(tmp_path, study, WANG, missing(LI, *lungs))
    comparison = compare(pair, sources(study))
    lung = next(item for item in comparison.targets if item.target is Target.LUNG)
    assert lung.reasons == (Reason.ONE_SAYS_NONE,)
    dropped = tuple(
        LesionDecision(Target.LUNG, lesion.a, lesion.b, Take.DROPPED, LesionClass.METASTASIS, "granuloma")
        for lesion in lung.lesions
    )
    silent = pair[0] if lung.lesions[0].b else pair[1]
    choice = Choice.A if silent is pair[0] else Choice.B
    fields = tuple(FieldRuling(name, choice) for name in comparison.open_fields)
    undecided = Ruling("chief", "主任医师", dropped, fields=fields)
    with pytest.raises(CrcError) as caught:
        signed_final(pair, comparison, study.images, PLACE, undecided)
    assert caught.value.code == "decision.target_open"
    ruling = dataclasses.replace(undecided, absent={Target.LUNG: AbsentRuling(TargetAnswer.NONE_SEEN)})
    draft = signed_final(pair, comparison, study.images, PLACE, ruling)
    target = next(item for item in draft.final.targets if item.target is Target.LUNG)
    assert target.answer is TargetAnswer.NONE_SEEN
    assert not any(Target.LUNG.value in name for name in draft.masks)


def test_a_senior_edits_a_contour(tmp_path):
    study = phantom(SEED)
    wide = dataclasses.replace(LI, habit=Habit(0.4, {Target.PRIMARY: 9.0}))
    pair = pair_of(tmp_path, study, WANG, wide)
    comparison = compare(pair, sources(study))
    primary = next(item for item in comparison.targets if item.target is Target.PRIMARY)
    assert Reason.LOW_DICE in primary.lesions[0].reasons
    truth = study.masks[Target.PRIMARY]
    edited = LesionDecision(
        Target.PRIMARY, (1,), (1,), Take.EDITED, LesionClass.TUMOUR, "too wide", edited=Volume(truth.array, truth.grid)
    )
    fields = tuple(FieldRuling(name, Choice.A) for name in comparison.open_fields)
    draft = signed_final(pair, comparison, study.images, PLACE, Ruling("chief", "主任医师", (edited,), fields=fields))
    mask = draft.masks[mask_name(UNIT.series_code(Role.PVP), Target.PRIMARY)]
    assert np.array_equal(mask.array != 0, truth.array != 0)


def test_critical_answers_that_differ_stay_open_until_settled(tmp_path):
    study = phantom(SEED)
    other = dataclasses.replace(LI, opinions={"t_stage": "t4a", "arteriole_sign": "present"})
    pair = pair_of(tmp_path, study, WANG, other)
    comparison = compare(pair, sources(study))
    assert not comparison.is_disputed
    assert "primary[1].t_stage" in comparison.open_fields
    assert "primary[1].arteriole_sign" not in comparison.open_fields
    with pytest.raises(CrcError) as caught:
        signed_final(pair, comparison, study.images, PLACE, Ruling("chief", "主任医师"))
    assert caught.value.code == "decision.field_open"
    is_a = pair[0].reading.reader == "li"
    fields = (FieldRuling("primary[1].t_stage", Choice.A if is_a else Choice.B),)
    draft = signed_final(pair, comparison, study.images, PLACE, Ruling("chief", "主任医师", fields=fields))
    report = Report.from_json(dict(draft.report), tmp_path)
    assert report.answers[FieldPath.parse("primary[1].t_stage")].value == "t4a"
    both = report.answers[FieldPath.parse("primary[1].arteriole_sign")]
    assert both.readers is not None


def test_other_modes_are_disputed_even_with_equal_contours(tmp_path):
    study = phantom(SEED)
    one = sealed(tmp_path / "one", study, WANG)
    other = sealed(tmp_path / "other", study, LI, Mode.DIRECT)
    comparison = compare(as_pair(one, other), sources(study))
    primary = next(item for item in comparison.targets if item.target is Target.PRIMARY)
    assert primary.reasons == (Reason.MODE_DIFFERS,)
    with pytest.raises(CrcError) as caught:
        signed_final(as_pair(one, other), comparison, study.images, PLACE, Ruling("chief", "主任医师"))
    assert caught.value.code == "decision.lesion_open"


def test_one_reader_twice_is_no_pair(tmp_path):
    study = phantom(SEED)
    one = sealed(tmp_path / "one", study, WANG)
    again = sealed(tmp_path / "again", study, dataclasses.replace(WANG, seed=99))
    with pytest.raises(CrcError) as caught:
        as_pair(one, again)
    assert caught.value.code == "decision.no_pair"


@pytest.mark.parametrize("chosen", [(BowelDirection.ACROSS,) * 2, (BowelDirection.ACROSS, BowelDirection.IN_PLANE)])
def test_the_final_is_measured_along_the_bowel_as_the_readers_chose(tmp_path, chosen):
    study = phantom(SEED)
    directed = tuple(with_direction(r, way) for r, way in zip(pair_of(tmp_path, study, WANG, LI), chosen, strict=True))
    comparison = compare(directed, sources(study))
    document = rule_final(directed, comparison, study.images, PLACE).measurements
    primary = next(item for item in document["lesions"] if item["target"] == "primary")
    expected = Method.WALL_IN_SPACE if BowelDirection.IN_PLANE in chosen else Method.WALL_IN_SECTION
    assert primary["thickness"]["method"] == expected.value


def test_a_simulated_reader_says_how_the_bowel_runs(tmp_path):
    study = phantom(SEED)
    tangent = next(lesion.primary.bowel_direction for lesion in study.lesions if lesion.primary is not None)
    work = sealed(tmp_path / "one", study, WANG).provenance.work
    said = {item.target: item.bowel_direction for item in work}
    upright = abs(tangent[2]) > np.cos(np.radians(25.8))
    assert said[Target.PRIMARY] is (BowelDirection.ACROSS if upright else BowelDirection.IN_PLANE)
    assert said[Target.LIVER] is None


def with_direction(reading: SealedReading, direction: BowelDirection) -> SealedReading:
    work = tuple(
        dataclasses.replace(item, bowel_direction=direction) if item.target is Target.PRIMARY else item
        for item in reading.provenance.work
    )
    return dataclasses.replace(reading, provenance=dataclasses.replace(reading.provenance, work=work))


def test_parents_are_not_touched(tmp_path):
    study = phantom(SEED)
    pair = pair_of(tmp_path, study, WANG, LI)
    before = [open_sealed(reading.sealed.folder).sha256 for reading in pair]
    rule_final(pair, compare(pair, sources(study)), study.images, PLACE)
    assert [open_sealed(reading.sealed.folder).sha256 for reading in pair] == before
