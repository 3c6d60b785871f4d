"""The scan check on synthetic examinations: what is right passes, every fault is found where it is."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path

import pytest
from crc_core.cli.main import main
from crc_core.phantom import Fault
from crc_core.scan.check import StudyCheck, check_study
from crc_core.scan.select import choose_study
from crc_core.text import Lang
from crc_core.vocabulary import CT_PHASES, Role, Verdict
from dicom_support import Stack, uid, voxels
from scan_support import check_of, chosen, index_of, item

SEED = 1
CLEAN = (SEED,)
WRONG_WORDS = (SEED, Fault.WRONG_PHASE_WORDS, Fault.METAL)
FLAWED = (SEED, Fault.MISSING_SLICES, Fault.DUPLICATE_SLICES, Fault.BURNT_IN_TEXT, Fault.MOTION)
THICK = (SEED, Fault.THICK_SLICES, Fault.NO_CONTRAST_TAGS, Fault.LATE_MRI)
TILTED = (SEED, Fault.TILT)
SHORT = (SEED, Fault.CUT_OFF_COVERAGE, Fault.CUT_OFF_FIELD, Fault.LATE_PORTAL)
WORDS = """phase window kvp mas pitch rotation fov thickness spacing tilt coverage missing duplicate orientation metal
motion mri"""


def verdict_of(check: StudyCheck, role: Role, name: str) -> Verdict:
    return item(chosen(check, role).items, name).verdict


def test_a_right_examination_has_all_roles_and_nothing_worse_than_a_note() -> None:
    check = check_of(*CLEAN)
    assert {found.role for found in check.series if found.is_chosen} == {*Role} - {Role.OTHER}
    assert check.verdict in (Verdict.PASS, Verdict.NOTE)
    for role in CT_PHASES:
        found = chosen(check, role)
        assert found.phase.tags is role and found.series.can_be_source
        assert {entry.id for entry in found.items if entry.verdict is not Verdict.PASS} <= {"thickness", "position"}


def test_the_thinnest_soft_axial_series_is_chosen() -> None:
    check = check_of(*CLEAN)
    descriptions = {role: chosen(check, role).series.header.series_description for role in (*CT_PHASES, Role.CHEST)}
    assert all("4mm" in descriptions[role] for role in CT_PHASES)
    assert not any(word in descriptions[Role.PVP] for word in ("sharp", "高分辨"))
    assert any(word in descriptions[Role.CHEST] for word in ("lung", "肺窗"))


def test_item_ids_contain_the_words_of_the_stable_document() -> None:
    ids = {entry.id for found in check_of(*CLEAN).series for entry in found.items}
    for word in WORDS.split():
        assert any(word in name for name in ids), word


def test_every_item_has_a_sentence_in_both_languages() -> None:
    for check in (check_of(*CLEAN), check_of(*WRONG_WORDS), check_of(*FLAWED), check_of(*TILTED), check_of(*THICK)):
        for entry in [*check.items, *(entry for found in check.series for entry in found.items)]:
            for lang in Lang:
                assert entry.message(lang).endswith((".", "。")) and "{" not in entry.message(lang)


def test_wrong_phase_words_are_doubted_by_pixels_times_and_order() -> None:
    check = check_of(*WRONG_WORDS)
    for role, seen in ((Role.AP, Role.PVP), (Role.PVP, Role.AP)):
        found = chosen(check, role)
        assert (found.phase.tags, found.phase.pixels, found.phase.agreed) == (role, seen, False)
        assert item(found.items, "phase").verdict is Verdict.WARN
        assert item(found.items, "phase-time").verdict is Verdict.WARN
    assert item(check.items, "phase-order").verdict is Verdict.WARN
    assert check.verdict is Verdict.WARN


def test_thick_slices_fail() -> None:
    check = check_of(*THICK)
    assert {verdict_of(check, Role.PVP, name) for name in ("thickness", "spacing")} == {Verdict.FAIL}
    assert check.verdict is Verdict.FAIL


def test_tilt_cannot_be_overruled_and_leaves_the_phase_unknown_to_pixels() -> None:
    check = check_of(*TILTED)
    found = chosen(check, Role.PVP)
    tilt = item(found.items, "tilt")
    assert tilt.verdict is Verdict.FAIL and not tilt.overrulable and tilt.seen == "12.00°"
    assert not found.series.can_be_source and found.phase.pixels is None


def test_missing_and_doubled_slices_and_captures_are_found() -> None:
    check = check_of(*FLAWED)
    pvp = [
        found for found in check.series if found.role is Role.PVP and "4mm" in found.series.header.series_description
    ]
    thin = min(pvp, key=lambda found: found.series.header.series_number or 0)
    missing, even = item(thin.items, "missing"), item(thin.items, "spacing-even")
    assert missing.verdict is Verdict.FAIL and missing.seen == 3
    assert even.verdict is Verdict.FAIL and not even.overrulable
    assert item(thin.items, "duplicate").verdict is Verdict.NOTE
    assert not thin.is_chosen and chosen(check, Role.PVP).series.can_be_source
    assert item(check.items, "thickness-source").verdict is Verdict.WARN
    (capture,) = [found for found in check.series if any(entry.id == "secondary-capture" for entry in found.items)]
    assert capture.role is Role.OTHER
    assert {entry.id for entry in capture.items if entry.verdict is Verdict.FAIL and not entry.overrulable} == {
        "secondary-capture",
        "burnt-in-text",
    }


def test_metal_and_motion_are_found_in_the_pixels() -> None:
    with_metal, with_motion = check_of(*WRONG_WORDS), check_of(*FLAWED)
    assert all(verdict_of(with_metal, role, "metal") is Verdict.WARN for role in CT_PHASES)
    assert all(verdict_of(with_motion, role, "metal") is Verdict.PASS for role in CT_PHASES)
    assert verdict_of(with_motion, Role.PVP, "motion") is Verdict.WARN
    assert {verdict_of(with_motion, role, "motion") for role in (Role.NC, Role.AP, Role.DP)} == {Verdict.PASS}
    assert chosen(with_motion, Role.PVP).phase.pixels in (Role.PVP, None)


def test_a_short_range_fails_and_a_narrow_field_warns() -> None:
    short = check_of(*SHORT)
    assert verdict_of(short, Role.PVP, "coverage") is Verdict.FAIL
    assert verdict_of(short, Role.PVP, "phase-time") is Verdict.NOTE
    assert verdict_of(short, Role.PVP, "fov-cut-off") is Verdict.WARN
    assert verdict_of(short, Role.PVP, "fov") is Verdict.WARN


def test_missing_contrast_tags_are_unknown_and_late_mri_warns() -> None:
    check = check_of(*THICK)
    assert verdict_of(check, Role.PVP, "contrast") is Verdict.UNKNOWN
    assert verdict_of(check, Role.PVP, "phase-time") is Verdict.UNKNOWN
    assert {verdict_of(check, role, "mri") for role in (Role.PVP, Role.T2, Role.DWI)} == {Verdict.WARN}


def test_treatment_between_ct_and_mri_warns() -> None:
    study, companions = choose_study(index_of(*CLEAN))
    day = datetime.strptime(companions[0].date, "%Y%m%d").date()  # noqa: DTZ007 a date has no zone
    between = check_study(
        study, companions=companions, treatment_dates=[date.fromordinal(day.toordinal() + 2)], with_pixels=False
    )
    assert item(between.items, "mri").verdict is Verdict.WARN
    before = check_study(
        study, companions=companions, treatment_dates=[date.fromordinal(day.toordinal() - 9)], with_pixels=False
    )
    assert item(before.items, "mri").verdict is Verdict.PASS


def test_without_mri_the_study_is_still_checked() -> None:
    study, _ = choose_study(index_of(*CLEAN))
    check = check_study(study, with_pixels=False)
    assert item(check.items, "mri").verdict is Verdict.NOTE and check.chosen(Role.T2) is None


def test_the_command_prints_the_stable_document(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = index_of(*CLEAN).folder
    assert main(["check", str(folder), "--json", "--cache", str(tmp_path), "--lang", "zh"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["verdict"] in ("pass", "note")
    pvp = next(found for found in document["series"] if found["role"] == "PVP" and found["chosen"])
    assert pvp["phase"] == {"tags": "PVP", "pixels": "PVP", "agreed": True} and "code" not in pvp
    for entry in pvp["items"]:
        assert {"id", "verdict", "seen", "expected", "source", "message"} <= entry.keys()
    everything = json.dumps(document, ensure_ascii=False)
    assert not any(str(instance.header.patient_key) in everything for instance in index_of(*CLEAN).instances[:1])
    assert main(["check", str(folder), "--cache", str(tmp_path), "--tags-only", "--all"]) == 0
    assert "Verdict" in capsys.readouterr().out


def test_a_failed_check_exits_with_one(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = index_of(*TILTED).folder
    assert main(["check", str(folder), "--json", "--cache", str(tmp_path)]) == 1
    assert json.loads(capsys.readouterr().out)["verdict"] == "fail"


def test_two_patients_are_refused_by_name_of_their_studies(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    Stack(voxels((6, 8, 8)), patient="P1", study="a").write(tmp_path / "d" / "1")
    Stack(voxels((6, 8, 8)), patient="P2", study="b").write(tmp_path / "d" / "2")
    folder, cache = str(tmp_path / "d"), ["--cache", str(tmp_path / "cache")]
    assert main(["check", folder, "--json", *cache]) == 2
    seen = capsys.readouterr()
    assert seen.out == "" and seen.err.count("\n") == 1
    assert uid("a") in seen.err and uid("b") in seen.err and "P1" not in seen.err
    assert main(["check", folder, "--study", uid("b"), "--json", *cache]) == 1
    assert json.loads(capsys.readouterr().out)["study_uid"] == uid("b")
    assert main(["scan", folder, "--json", *cache]) == 0
    listing = capsys.readouterr().out
    assert len(json.loads(listing)["patients"]) == 2 and "P1" not in listing


def test_bad_input_is_one_line_and_exit_two(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "d" / "note.txt").parent.mkdir()
    (tmp_path / "d" / "note.txt").write_text("x")
    Stack(voxels((6, 8, 8)), tags={"Modality": "MR"}).write(tmp_path / "mr")
    cache = ["--cache", str(tmp_path / "cache")]
    for words in (
        ["check", str(tmp_path / "empty")],
        ["check", str(tmp_path / "d")],
        ["check", str(tmp_path / "gone")],
        ["check", str(tmp_path / "mr")],
        ["check", str(tmp_path / "mr"), "--study", "1.2.3"],
        ["check", str(tmp_path / "mr"), "--treatment", "tomorrow"],
        ["scan", str(tmp_path / "gone")],
    ):
        assert main([*words, *cache]) == 2
        seen = capsys.readouterr()
        assert seen.out == "" and seen.err.count("\n") == 1 and "Traceback" not in seen.err
    assert main(["scan", str(tmp_path / "d"), *cache]) == 1
    assert "note.txt: not a DICOM file" in capsys.readouterr().out


def test_a_series_without_phase_words_takes_its_role_from_pixels_and_says_so() -> None:
    import dataclasses

    from crc_core.scan.roles import propose_roles

    study, _ = choose_study(index_of(*CLEAN))
    source = next(series for series in study.series if propose_roles([series])[0].role is Role.PVP)
    silent = dataclasses.replace(
        source.header, series_description="1.0 B30f", contrast_start_time="", contrast_phase="", protocol_name=""
    )
    instances = tuple(dataclasses.replace(instance, header=silent) for instance in source.instances)
    blank = dataclasses.replace(source, instances=instances)
    assert propose_roles([blank])[0].role is Role.OTHER
    (role,) = propose_roles([blank], {blank.key: Role.PVP})
    assert role.role is Role.PVP and role.is_proposed_by_pixels and role.is_chosen


def test_images_that_are_no_ct_are_named_and_change_nothing(tmp_path: Path) -> None:
    from crc_core.dicom.index import index_folder

    Stack(voxels((6, 8, 8))).write(tmp_path / "d")
    index = index_folder(tmp_path / "d", cache=tmp_path / "cache")
    check = check_study(index.studies[0])
    assert check.verdict is Verdict.FAIL
    assert item(check.items, "phase-set").verdict is Verdict.FAIL
    (only,) = check.series
    assert only.role is Role.OTHER and only.phase.pixels is None
    assert item(only.items, "phase").verdict is Verdict.UNKNOWN
