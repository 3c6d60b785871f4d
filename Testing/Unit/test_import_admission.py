"""An examination enters a store whole or not at all, once, under the right case, and leaves no name behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from crc_core.cli.main import main
from crc_core.errors import CrcError
from crc_core.identity import UnitId
from crc_core.importing.admission import ImportRequest, rehearse_import
from crc_core.importing.clinical import read_clinical
from crc_core.vocabulary import CT_PHASES, Mode, Role, Target, Verdict
from crc_core.workflow.events import Kind
from crc_core.workflow.views import Phase
from import_bench import ImportBench
from import_support import IDENTITY, STUDY_UID, hostile_file, traces, write_file, write_study

OTHER_PERSON = {"patient_id": "Q1", "name": "司马相如"}
LATER_UID = "1.2.156.112605.66988331.20260210.9"


@pytest.fixture
def bench(tmp_path: Path) -> ImportBench:
    return ImportBench(tmp_path)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_study(tmp_path / "source" / "a")


def test_a_study_is_registered_checked_and_bound(bench: ImportBench, source: Path) -> None:
    result = bench.take(source)
    unit = UnitId("CRC-01-000001-H", "T0")
    assert result.unit == unit
    assert bench.kinds() == [Kind.UNIT_REGISTERED, Kind.SCAN_CHECKED, Kind.SOURCES_BOUND]
    view = bench.store.unit(unit, "manager")
    assert view.phase is Phase.CHECKED
    assert {binding.target: binding.role for binding in result.bindings} == dict.fromkeys(Target, Role.PVP)
    assert [len(bench.store.open_image(unit, role, "manager")) for role in CT_PHASES] == [6] * 4
    assert {record.code: record.series_uid for record in view.series} == result.series_uids


def test_no_identifying_value_is_in_any_file_or_name_that_was_written(bench: ImportBench, source: Path) -> None:
    bench.take(source)
    written = bench.places_without_key()
    assert len(written) > 30
    assert traces(written) == []
    assert len(traces([bench.keys])) >= 3  # the key table is where they are, and the search would have found them
    assert len(set(traces([source]))) > len(IDENTITY)


def test_an_error_message_and_the_output_name_no_patient(
    bench: ImportBench, source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["import", str(source), "--site", "01", "--store", str(bench.folder / "store"), "--as", "manager"]
    for extra in ([], ["--json"], ["--case", "CRC-01-000001-H", "--time-point", "T1"]):
        main([*words, "--keys", str(bench.keys), *extra])
    said = capsys.readouterr()
    text = (said.out + said.err).replace(str(source), "")
    assert "CRC-01-000001-H" in text
    assert [value for value in IDENTITY if value in text and value != STUDY_UID] == []


def test_voxels_and_grids_in_the_store_are_those_of_the_original(bench: ImportBench, source: Path) -> None:
    result = bench.take(source)
    for role, code in ((Role.NC, "1"), (Role.PVP, "3")):
        for path in bench.store.open_image(result.unit, role, "manager"):
            stored = pydicom.dcmread(path)
            original = pydicom.dcmread(source / f"SE{code}" / f"IM{int(stored.InstanceNumber):04d}")
            np.testing.assert_array_equal(stored.pixel_array, original.pixel_array)
            assert stored.ImagePositionPatient == original.ImagePositionPatient
            assert stored.PixelSpacing == original.PixelSpacing


def test_the_same_examination_again_is_refused_and_changes_nothing(bench: ImportBench, source: Path) -> None:
    bench.take(source)
    before = bench.kinds()
    assert bench.refusal(source) == "import.already_in"
    assert bench.refusal(source, case="CRC-01-000001-H", time_point="T1") == "import.already_in"
    assert bench.kinds() == before


def test_a_further_examination_joins_the_case_with_the_same_shift(
    bench: ImportBench, source: Path, tmp_path: Path
) -> None:
    later = write_study(tmp_path / "source" / "b", day="20260210", study=LATER_UID, seed=1)
    first = bench.take(source)
    assert bench.refusal(later) == "import.patient_known"
    joined = {"case": "CRC-01-000001-H", "time_point": "T1"}
    assert bench.refusal(later, treatment_since=date(2026, 2, 11), **joined) == "import.treated_after"
    second = bench.take(later, treatment_since=date(2025, 12, 1), **joined)
    assert second.unit == UnitId("CRC-01-000001-H", "T1")
    days = [bench.store.unit(unit, "manager").study_date for unit in (first.unit, second.unit)]
    assert (date.fromisoformat(days[1]) - date.fromisoformat(days[0])).days == 99
    treated = bench.store.unit(second.unit, "manager").treatment_since
    assert (date.fromisoformat(days[1]) - date.fromisoformat(treated)).days == 71
    assert days[0] != "2025-11-03"


def test_a_known_patient_is_joined_by_the_time_point_alone(bench: ImportBench, source: Path, tmp_path: Path) -> None:
    bench.take(source)
    later = write_study(tmp_path / "source" / "b", day="20260210", study=LATER_UID, seed=1)
    assert bench.take(later, time_point="T2").unit == UnitId("CRC-01-000001-H", "T2")


def test_the_same_person_under_another_number_is_recognised(bench: ImportBench, source: Path, tmp_path: Path) -> None:
    bench.take(source)
    later = write_study(tmp_path / "source" / "b", day="20260210", study=LATER_UID, seed=1, patient_id="X9")
    assert bench.refusal(later) == "import.patient_known"


@pytest.mark.parametrize(
    ("choices", "wish", "code"),
    [
        (
            {"patient_id": "Q1", "name": "司马相如"},
            {"case": "CRC-01-000001-H", "time_point": "T1"},
            "import.other_patient",
        ),
        ({}, {"case": "CRC-01-000002-F", "time_point": "T1"}, "import.other_patient"),
        ({}, {"case": "CRC-01-000001-H"}, "import.time_point_missing"),
        ({}, {"case": "CRC-01-000001-X", "time_point": "T1"}, "identity.check_character"),
        ({}, {"time_point": "T0"}, "import.time_point_taken"),
        ({}, {"time_point": "7"}, "identity.bad_time_point"),
        ({"day": "20240101"}, {"time_point": "T1"}, "import.time_order"),
        ({"seed": 0}, {"time_point": "T1"}, "import.duplicate"),
        ({"seed": 0, **OTHER_PERSON}, {}, "import.duplicate"),
        ({}, {"time_point": "T1", "actor": "wang"}, "store.auditors_only"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(
    bench: ImportBench, source: Path, tmp_path: Path, choices: dict[str, Any], wish: dict[str, Any], code: str
) -> None:
    bench.take(source)
    before, cases = bench.kinds(), list((bench.folder / "store" / "cases").iterdir())
    values = {"day": "20260210", "study": LATER_UID, "seed": 1, **choices}
    other = write_study(tmp_path / "source" / "b", **values)
    assert bench.refusal(other, **wish) == code
    assert bench.kinds() == before
    assert list((bench.folder / "store" / "cases").iterdir()) == cases


def test_a_single_series_shared_with_an_earlier_time_point_is_told_and_taken(
    bench: ImportBench, source: Path, tmp_path: Path
) -> None:
    bench.take(source)
    later = write_study(tmp_path / "source" / "b", day="20260210", study=LATER_UID, seed=1, series=("2", "3", "4"))
    write_study(later, day="20260210", study=LATER_UID, seed=0, series=("1",))
    result = bench.take(later, time_point="T1")
    assert [(item.role, item.unit, item.by) for item in result.duplicates] == [
        (Role.NC, "CRC-01-000001-H_T0", "pixels")
    ]


def test_a_part_of_a_known_examination_under_new_series_numbers_is_recognised(
    bench: ImportBench, source: Path, tmp_path: Path
) -> None:
    """Exported again with slices left out: other study and series UIDs, other voxels, the same images."""
    bench.take(source)
    later = write_study(tmp_path / "source" / "b", day="20260210", seed=0)
    for path in list(later.rglob("IM0006")):
        path.unlink()
    for path in later.rglob("IM*"):
        item = pydicom.dcmread(path)
        item.StudyInstanceUID, item.SeriesInstanceUID = LATER_UID, f"{LATER_UID}.{item.SeriesNumber}"
        item.save_as(path)
    assert bench.refusal(later, time_point="T1") == "import.duplicate"


def _two_patients(folder: Path) -> None:
    write_study(folder / "b", **OTHER_PERSON, study=LATER_UID, seed=1)


def _two_studies(folder: Path) -> None:
    write_study(folder / "b", study=LATER_UID, seed=1)


def _copied_series(folder: Path) -> None:
    write_study(folder, seed=0, series=("2",), study="1.2.3.4")
    for number in range(1, 7):
        item = pydicom.dcmread(folder / "SE2" / f"IM{number:04d}")
        item.StudyInstanceUID = STUDY_UID
        item.SeriesInstanceUID, item.SeriesDescription = "1.2.3.4.77", "延迟期"
        item.SOPInstanceUID, item.SeriesNumber = f"1.2.3.4.77.{number}", "0"
        item.file_meta.MediaStorageSOPInstanceUID = item.SOPInstanceUID
        item.save_as(folder / "SE2" / f"IM{number:04d}")
    write_study(folder, seed=0)
    for number in range(1, 7):
        (folder / "SE4" / f"IM{number:04d}").unlink()
        item = pydicom.dcmread(folder / "SE2" / f"IM{number:04d}")
        item.SeriesInstanceUID, item.SeriesDescription = "1.2.3.4.77", "延迟期"
        item.SOPInstanceUID = f"1.2.3.4.77.{number}"
        write_file(item, folder / "SE4" / f"IM{number:04d}")


def _one_name_two_people(folder: Path) -> None:
    write_study(folder, series=("4",), name="司马相如")


def _burnt_in(folder: Path) -> None:
    for path in (folder / "SE3").iterdir():
        item = pydicom.dcmread(path)
        item.BurnedInAnnotation = "YES"
        item.save_as(path)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_two_patients, "import.several_patients"),
        (_two_studies, "import.several_studies"),
        (_copied_series, "import.same_pixels"),
        (_one_name_two_people, "import.contradictory"),
        (_burnt_in, "import.burnt_in"),
    ],
)
def test_a_folder_that_is_not_one_clean_examination_is_refused(
    bench: ImportBench, source: Path, change: Callable[[Path], None], code: str
) -> None:
    change(source)
    assert bench.refusal(source) == code
    assert bench.kinds() == []
    assert not list((bench.folder / "store" / "cases").iterdir())


def test_one_of_several_examinations_is_chosen_by_its_uid(bench: ImportBench, source: Path) -> None:
    _two_studies(source)
    assert bench.refusal(source, study_uid="1.2.3") == "import.no_such_study"
    result = bench.take(source, study_uid=LATER_UID)
    assert result.examination.study.study_uid == LATER_UID


def test_a_failed_check_keeps_the_unit_out_of_reading_until_it_is_overruled(bench: ImportBench, source: Path) -> None:
    (source / "SE3" / "IM0003").unlink()
    result = bench.take(source)
    assert result.scan.verdict is Verdict.FAIL
    assert "PVP.missing" in result.refused_items
    assert Kind.SOURCES_BOUND not in bench.kinds()
    assert bench.store.unit(result.unit, "manager").phase is Phase.SCAN_REFUSED


def test_an_overruled_item_lets_the_unit_be_bound(bench: ImportBench, source: Path) -> None:
    (source / "SE1" / "IM0006").unlink()
    for number in range(1, 7):
        path = source / "SE3" / f"IM{number:04d}"
        item = pydicom.dcmread(path)
        item.SliceThickness = "9"
        item.save_as(path)
    plain = rehearse_import(bench.store, bench.request(source), bench.clock)
    assert "PVP.thickness" in plain.refused_items
    with pytest.raises(CrcError) as caught:
        bench.take(source, overrules={"PVP.nothing": "why"})
    assert caught.value.code == "import.no_such_item"
    result = bench.take(source, overrules=dict.fromkeys(plain.refused_items, "唯一可用的重建"))
    assert result.refused_items == ()
    assert bench.kinds()[-2:] == [Kind.SCAN_OVERRULED, Kind.SOURCES_BOUND]


def test_a_refused_unit_is_finished_by_importing_it_again_with_a_reason(bench: ImportBench, source: Path) -> None:
    for path in (source / "SE3").iterdir():
        item = pydicom.dcmread(path)
        item.SliceThickness = "9"
        item.save_as(path)
    refused = bench.take(source)
    assert "PVP.thickness" in refused.refused_items
    assert bench.take(source).refused_items == refused.refused_items
    assert bench.kinds() == [Kind.UNIT_REGISTERED, Kind.SCAN_CHECKED]
    done = bench.take(source, overrules=dict.fromkeys(refused.refused_items, "唯一可用的重建"))
    assert done.unit == refused.unit
    assert bench.kinds() == [Kind.UNIT_REGISTERED, Kind.SCAN_CHECKED, Kind.SCAN_OVERRULED, Kind.SOURCES_BOUND]
    assert bench.refusal(source) == "import.already_in"


def test_what_nobody_can_overrule_is_refused_before_anything_is_written(bench: ImportBench, source: Path) -> None:
    (source / "SE3" / "IM0003").unlink()
    plain = rehearse_import(bench.store, bench.request(source), bench.clock)
    assert "PVP.spacing-even" in plain.refused_items
    assert bench.refusal(source, overrules={"spacing-even": "sorry"}) == "import.not_overrulable"
    assert bench.kinds() == []


def test_a_rehearsal_writes_nothing(bench: ImportBench, source: Path) -> None:
    def tree() -> dict[str, int]:
        files = (path for path in bench.folder.rglob("*") if path.is_file() and "cache" not in path.parts)
        return {str(path): path.stat().st_mtime_ns for path in files}

    before = tree()
    result = rehearse_import(bench.store, bench.request(source), bench.clock)
    assert (result.unit, result.time_point) == (None, "T0")
    assert len(result.bindings) == 4
    assert rehearse_import(None, ImportRequest(source, "01", ""), bench.clock).scan == result.scan
    assert tree() == before


def test_clinical_context_is_checked_moved_and_kept(bench: ImportBench, source: Path, tmp_path: Path) -> None:
    file = tmp_path / "source" / "clinical.json"
    values = {"primary_site": "rectum_middle", "treatment": ["neoadjuvant_chemotherapy"], "surgery_date": "2025-12-01"}
    document = {"schema": "crc-clinical/1", "treatment_since": "2025-11-10", "cea_ng_ml": 5.25, **values}
    file.write_text(json.dumps(document), encoding="utf-8")
    result = bench.take(source, clinical=read_clinical(file), modes={Target.PRIMARY: Mode.SUBTRACTION})
    view = bench.store.unit(result.unit, "manager")
    assert view.clinical is not None
    assert {view.clinical[key] for key in ("sex", "age_years", "primary_site", "cea_ng_ml")} == {
        *("F", "71", "rectum_middle", "5.25")
    }
    assert "2025-12-01" not in json.dumps(view.clinical)
    days = date.fromisoformat(str(view.treatment_since)) - date.fromisoformat(str(view.study_date))
    assert days.days == 7
    assert result.bindings[0].mode is Mode.SUBTRACTION


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"schema": "crc-clinical/1", "remark": "欧阳靖宇"}', "import.clinical_key"),
        ('{"schema": "crc-clinical/1", "primary_site": "欧阳靖宇"}', "import.clinical_value"),
        ('{"schema": "crc-clinical/1", "age_years": 104}', "import.clinical_value"),
        ('{"schema": "crc-clinical/1", "age_years": true}', "import.clinical_value"),
        ('{"schema": "crc-clinical/1", "surgery_date": "soon"}', "import.clinical_value"),
        ('{"schema": "crc-clinical/1", "treatment": [["none"]]}', "import.clinical_value"),
        ('{"schema": "other"}', "json.other_schema"),
        ("{", "json.broken"),
    ],
)
def test_clinical_context_that_is_not_allowed_is_refused(tmp_path: Path, text: str, code: str) -> None:
    file = tmp_path / "clinical.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CrcError) as caught:
        read_clinical(file)
    assert caught.value.code == code


def test_the_command_answers_in_json_and_by_its_exit_code(
    bench: ImportBench, source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["import", str(source), "--site", "01", "--store", str(bench.folder / "store"), "--as", "manager"]
    words += ["--keys", str(bench.keys), "--json"]
    assert main([*words, "--dry-run"]) == 0
    rehearsal = json.loads(capsys.readouterr().out)
    assert rehearsal["rehearsal"]
    assert "unit" not in rehearsal
    assert main(words) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["unit"] == "CRC-01-000001-H_T0"
    assert [row["role"] for row in document["series"]] == ["NC", "AP", "PVP", "DP"]
    assert all(row["series_uid"].startswith("2.25.") for row in document["series"])
    assert document["bindings"][0] == {
        "target": "primary",
        "role": "PVP",
        "series_code": "CRC-01-000001-H_T0_PVP",
        "mode": "direct",
    }
    assert Path(document["keys"]) == bench.keys
    assert json.loads(Path(document["log"]).read_text())["rules"].startswith("deidentification-")
    assert main(words) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [
        ["--as", "manager"],
        ["--store", "STORE"],
        ["--store", "STORE", "--as", "manager", "--mode", "primary"],
        ["--store", "STORE", "--as", "manager", "--mode", "primary=loud"],
        ["--store", "STORE", "--as", "manager", "--treatment-since", "soon"],
        ["--store", "STORE", "--as", "manager", "--keys", "STORE/keys.jsonl"],
        ["--store", "STORE", "--as", "nobody"],
        ["--store", "missing", "--as", "manager"],
    ],
)
def test_bad_words_are_one_line_and_exit_2(
    bench: ImportBench, source: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    given = [word.replace("STORE", str(bench.folder / "store")) for word in words]
    keys = [] if "--keys" in words else ["--keys", str(bench.keys)]
    assert main(["import", str(source), "--site", "01", *given, *keys]) == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert bench.kinds() == []


def test_a_hidden_name_in_a_file_name_or_folder_is_not_carried_along(bench: ImportBench, tmp_path: Path) -> None:
    folder = write_study(tmp_path / "source" / "欧阳靖宇 100% P00772941")
    for path in list(folder.rglob("IM*")):
        path.rename(path.with_name(f"欧阳靖宇_{path.name}.dcm"))
    bench.take(folder)
    assert traces(bench.places_without_key()) == []


def test_a_file_with_too_few_voxels_counts_as_missing(bench: ImportBench, source: Path) -> None:
    item = hostile_file(3, series="3")
    item.add_new("PixelData", "OW", b"\0" * 500)
    write_file(item, source / "SE3" / "IM0003")
    result = bench.take(source)
    assert result.examination.unreadable == 1
    assert "PVP.missing" in result.refused_items
    assert traces(bench.places_without_key()) == []
