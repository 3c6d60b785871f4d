"""Beginning work: anew with what the case tells, or from a reading that came back with nothing lost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from crc_core.desk.handing_in import draft_of
from crc_core.desk.lesions import add_lesion, change_lesion, remove_lesion, set_answer
from crc_core.desk.marks import SyncPair
from crc_core.desk.reporting import report_of, with_report
from crc_core.desk.start import brought_up_to_date, header_of, new_work, work_from_reading
from crc_core.desk.work import Registration, ScanRemark, Work
from crc_core.geometry import Volume
from crc_core.identity import mask_name
from crc_core.reading.seal import open_reading, seal_reading
from crc_core.report.document import FieldPath, Source
from crc_core.report.editing import answer
from crc_core.text import Lang
from crc_core.vocabulary import BowelDirection, LesionClass, Mode, Role, Target, TargetAnswer
from crc_core.workflow.views import SlotPhase, SlotView
from desk_support import GRID, NOW, UNIT, ball, binding, measured_lesion, series, some_work, unit_view, with_lesions

CODE, CHEST = UNIT.series_code(Role.PVP), UNIT.series_code(Role.CHEST)
IDENTITY = tuple(tuple(float(row == column) for column in range(4)) for row in range(4))


def test_new_work_knows_what_the_case_tells() -> None:
    view = unit_view(clinical={"sex": "M", "age_years": "64", "primary_site": "sigmoid"})
    work = new_work(view, "store-1", "wang", 1, "delineation-9", NOW)
    assert [(state.target, state.source, state.mode, state.answer) for state in work.targets] == [
        (item.target, item.series_code, item.mode, None) for item in view.bindings
    ]
    assert work.protocol == "delineation-2", "the unit's own protocol goes before the one in force"
    answers = {path.field: item for path, item in report_of(work).answers.items() if path.section == "header"}
    assert (answers["sex"].value, answers["age_years"].value) == ("male", 64)
    assert answers["examined_on"].value == "2026-01-02"
    assert "乙状结肠" in answers["clinical_diagnosis"].value
    assert all(answers[name].source is Source.CASE for name in ("sex", "clinical_diagnosis", "examination"))


@pytest.mark.parametrize(
    ("roles", "said"),
    [
        ((Role.NC, Role.AP, Role.PVP, Role.DP, Role.CHEST), "CT 平扫+增强（3 期）及胸部"),
        ((Role.PVP,), "CT 增强（1 期）"),
        ((Role.NC,), "CT 平扫"),
        ((Role.T2,), None),
    ],
)
def test_the_examination_is_named_after_its_series(roles: tuple[Role, ...], said: str | None) -> None:
    assert header_of(unit_view(series=series(roles=roles)), Lang.ZH).examination == said


def test_the_header_is_written_in_the_language_of_its_reader() -> None:
    view = unit_view(series=series(roles=(Role.NC, Role.PVP)), clinical={"primary_site": "sigmoid"})
    for lang in Lang:
        header = header_of(view, lang)
        words = f"{header.examination} {header.clinical_diagnosis}"
        assert any("一" <= letter <= "鿿" for letter in words) == (lang is Lang.ZH), words
        assert " / " not in words


def test_unknown_sex_and_missing_context_stay_open() -> None:
    header = header_of(unit_view(clinical={"sex": "O"}), Lang.EN)
    assert (header.sex, header.age_years, header.clinical_diagnosis) == (None, None, None)


def full_work() -> tuple[Work, dict[str, Volume]]:
    """Work with everything a reader can leave in it, and its masks."""
    work = with_lesions(some_work(), Target.PRIMARY, 1)
    work = with_lesions(work, Target.LIVER, 3)
    work = with_report(work, answer(report_of(work), FieldPath("liver_lesion", 3, "shape"), "lobulated"))
    work = remove_lesion(work, Target.LIVER, 3)
    work = change_lesion(work, Target.LIVER, measured_lesion(2, LesionClass.UNCERTAIN))
    primary, liver = work.of(Target.PRIMARY), work.of(Target.LIVER)
    assert primary is not None and liver is not None
    work = work.with_target(
        replace(primary, kept=True, effects=("Draw", "Erase"), window_width_hu=300.0, mri_used=True)
    )
    work = work.with_target(replace(liver, filled_count=2))
    work = set_answer(work, Target.LUNG, TargetAnswer.NONE_SEEN)
    work = set_answer(work, Target.NODE, TargetAnswer.NOT_ASSESSABLE, "no pathology")
    work = replace(
        work,
        active_seconds=321.5,
        bowel_direction=BowelDirection.IN_PLANE,
        scan_confirmed=True,
        scan_remarks=(ScanRemark("PVP.thickness", "nothing thinner"),),
        sync_pairs=(SyncPair((1.0, 2.0, 3.0), (4.0, 5.0, 6.0)),),
        registration=Registration(IDENTITY, accepted=True),
    )
    work = with_report(work, report_of(work))
    outer, inner = ball((6, 10, 12), 4.0), ball((6, 10, 12), 2.0)
    lesions = ball((3, 5, 5), 2.0) * 1 + ball((8, 15, 18), 3.0) * 2
    masks = {
        mask_name(CODE, Target.PRIMARY): outer & ~inner,
        mask_name(CODE, Target.PRIMARY, "outer"): outer,
        mask_name(CODE, Target.PRIMARY, "inner"): inner,
        mask_name(CODE, Target.LIVER): lesions,
    }
    return work, {name: Volume(array.astype(np.uint8), GRID) for name, array in masks.items()}


VIEW = unit_view(slots=(SlotView("wang", 1, SlotPhase.IN_WORK),))


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    """The reading that the full work makes, sealed."""
    work, masks = full_work()
    seal_reading(tmp_path / "sealed", draft_of(work, VIEW, masks, "主治医师", NOW))
    return tmp_path / "sealed"


def test_a_reading_becomes_the_work_it_came_from(sealed: Path) -> None:
    work, masks = full_work()
    opened = open_reading(sealed)
    again, again_masks = work_from_reading(opened, VIEW, work.store, "delineation-2")
    assert again == replace(work, supersedes=opened.sealed.sha256)
    assert again.of(Target.LIVER).next_number == 4, "a number whose answers were set aside is not given again"
    assert set(again_masks) == set(masks)
    for name, volume in masks.items():
        assert np.array_equal(again_masks[name].array, volume.array)
        assert again_masks[name].grid.same_as(volume.grid)


def test_a_registration_nobody_accepted_is_not_carried_on(tmp_path: Path) -> None:
    work, masks = full_work()
    draft = draft_of(replace(work, registration=Registration(IDENTITY)), VIEW, masks, "", NOW)
    assert draft.provenance.ct_to_mri is None
    seal_reading(tmp_path / "sealed", draft)
    again, _ = work_from_reading(open_reading(tmp_path / "sealed"), VIEW, work.store, "")
    assert again.registration is None


def test_a_target_bound_anew_is_open_again_and_its_numbers_stay_used(sealed: Path) -> None:
    bindings = tuple(
        binding(Target.LIVER, role=Role.NC) if item.target is Target.LIVER else item for item in VIEW.bindings
    )
    moved = replace(VIEW, bindings=bindings)
    again, masks = work_from_reading(open_reading(sealed), moved, "store-1", "")
    state = again.of(Target.LIVER)
    assert (state.answer, state.lesions, state.source) == (None, (), UNIT.series_code(Role.NC))
    assert add_lesion(again, Target.LIVER)[1] == 4
    assert not [name for name in masks if "liver" in name]


def test_kept_work_follows_what_was_bound_meanwhile() -> None:
    work, _ = full_work()
    assert brought_up_to_date(work, VIEW) == (work, ())
    direct = replace(VIEW, bindings=(binding(Target.PRIMARY, Mode.DIRECT), *VIEW.bindings[1:]))
    other, changed = brought_up_to_date(work, direct)
    assert changed == (Target.PRIMARY,)
    assert other.of(Target.PRIMARY).lesions == work.of(Target.PRIMARY).lesions
    assert (other.of(Target.PRIMARY).mode, other.of(Target.PRIMARY).kept) == (Mode.DIRECT, False)
    rebound = replace(VIEW, bindings=(*VIEW.bindings[:1], binding(Target.LIVER, role=Role.NC), *VIEW.bindings[2:]))
    other, changed = brought_up_to_date(work, rebound)
    assert changed == (Target.LIVER,)
    assert (other.of(Target.LIVER).lesions, other.of(Target.LIVER).next_number) == ((), 4)


def test_a_target_bound_for_the_first_time_is_simply_open() -> None:
    work = some_work(Target.PRIMARY)
    other, changed = brought_up_to_date(work, VIEW)
    assert changed == ()
    assert [state.target for state in other.targets] == list(Target)
    assert other.of(Target.LUNG).source == CHEST
