"""Reading and settling without a screen: a working folder of masks and a report becomes a reading, a senior signs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from crc_core.cli.console import Exit
from crc_core.cli.main import main
from crc_core.files import nifti
from crc_core.files.atomic import write_bytes
from crc_core.files.canonical import canonical_bytes
from crc_core.geometry.grid import Volume
from crc_core.reading.final import How, Take
from crc_core.reading.seal import open_final, open_reading
from crc_core.report.document import Lesion, Report, new_report
from crc_core.report.document_json import read_report
from crc_core.report.editing import answer
from crc_core.store.folder import FolderStore
from crc_core.store.protocol import PreparedUnit
from crc_core.vocabulary import BowelDirection, LesionClass, Target, TargetAnswer
from report_support import complete
from store_support import (
    PIN,
    POLICY,
    QUICK_PINS,
    MovingClock,
    grid_of,
    new_store,
    open_unit,
    tube,
    write_study,
)

Run = Callable[..., dict[str, Any]]
Model = tuple[Path, PreparedUnit]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Model]:
    """A store with a unit that waits for two readers, whose readings are compared at once."""
    folder = tmp_path_factory.mktemp("model")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRC_CACHE", str(folder / "machine"))
        patch.setenv("CRC_PIN", PIN)
        patch.setattr("crc_core.store.folder.store.load_pin_policy", lambda: QUICK_PINS)
        store = new_store(folder, MovingClock(), policy=replace(POLICY, withdrawal_window_minutes=0))
        yield folder / "store", open_unit(store, write_study(folder / "study"), "wang", "li")


@pytest.fixture
def root(model: Model, tmp_path: Path) -> Path:
    """A copy of the store for one test."""
    return Path(shutil.copytree(model[0], tmp_path / "共享 盘 100%" / "store"))


@pytest.fixture
def unit(model: Model) -> PreparedUnit:
    """The unit in it."""
    return model[1]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command with `--json`; its document."""

    def call(*words: object, exit_code: int = Exit.DONE) -> dict[str, Any]:
        assert main([str(word) for word in words] + ["--json"]) == exit_code
        document: dict[str, Any] = json.loads(capsys.readouterr().out)
        return document

    return call


def refused(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    """The one line of a command that is refused."""
    assert main([str(word) for word in words]) == Exit.BAD_INPUT
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    return told.err


def write_report(folder: Path, report: Report) -> None:
    write_bytes(folder / "report.json", canonical_bytes(report.to_json()))


def filled(unit: PreparedUnit, t_stage: str = "t3", *, lesions: tuple[int, ...] = (1,)) -> Report:
    """A complete report of a primary and of a liver without lesions."""
    drawn = tuple(Lesion(Target.PRIMARY, number, LesionClass.TUMOUR) for number in lesions)
    said = {Target.PRIMARY: TargetAnswer.DRAWN, Target.LIVER: TargetAnswer.NONE_SEEN}
    report = new_report(unit.unit, drawn, targets={**said, Target.LUNG: TargetAnswer.NONE_SEEN})
    report = answer(report, "patient.distant_metastases", ("none",))
    for number in lesions:
        report = answer(report, f"primary[{number}].t_stage", t_stage)
    return complete(report)


def working_folder(folder: Path, unit: PreparedUnit, shift: int = 0, t_stage: str = "t3") -> Path:
    """What a reader brings from another tool: a report and masks named after the target alone."""
    (folder / "masks").mkdir(parents=True)
    wall, outer, inner = tube(grid_of(unit.registration.series[0]), shift)
    for name, mask in (("primary", wall), ("primary-outer", outer), ("primary-inner", inner)):
        path = folder / "masks" / f"{name}.nii.gz"
        write_bytes(path, nifti.encode(mask, path))
    write_report(folder, filled(unit, t_stage))
    return folder


def test_a_working_folder_is_sealed_and_submitted_once(
    run: Run, root: Path, unit: PreparedUnit, tmp_path: Path
) -> None:
    work = working_folder(tmp_path / "王 医生 50%", unit)
    before = {path: path.read_bytes() for path in work.rglob("*") if path.is_file()}
    given = run("submit", work, "--store", root, "--as", "wang", "--bowel", "in-plane")
    assert (given["unit"], given["repeated"]) == (str(unit.unit), False)
    opened = open_reading(Path(given["sealed"]))
    assert opened.sealed.sha256 == given["reading"]
    said = {item.target: (item.answer, item.has_parents) for item in opened.reading.targets}
    assert said == {Target.PRIMARY: (TargetAnswer.DRAWN, True), Target.LIVER: (TargetAnswer.NONE_SEEN, False)}
    assert (opened.provenance.reader, opened.provenance.title) == ("wang", "住院医师")
    chosen = {item.target: item.bowel_direction for item in opened.provenance.work}
    assert chosen == {Target.PRIMARY: BowelDirection.IN_PLANE}
    expected = tube(grid_of(unit.registration.series[0]))[0]
    assert np.array_equal(opened.mask(Target.PRIMARY).array, expected.array)
    assert {path: path.read_bytes() for path in work.rglob("*") if path.is_file()} == before
    again = run("submit", work, "--store", root, "--as", "wang")
    assert again == {**given, "repeated": True}


def test_a_corrected_folder_is_sealed_anew_and_replaces_what_came_back(
    run: Run, root: Path, unit: PreparedUnit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work = working_folder(tmp_path / "work", unit)
    first = run("submit", work, "--store", root, "--as", "wang")
    write_report(work, filled(unit, "t2"))
    assert "in already" in refused(capsys, "submit", work, "--store", root, "--as", "wang")
    run("store", "return", root, unit.unit, "--question", "T?", "--as", "chief")
    second = run("submit", work, "--store", root, "--as", "wang")
    assert open_reading(Path(second["sealed"])).reading.supersedes == first["reading"]
    assert run("store", "check", root, "--deep")["readings"] == 2


def test_what_was_sealed_for_another_store_is_not_taken_for_this_one(
    run: Run, root: Path, unit: PreparedUnit, tmp_path: Path
) -> None:
    other = new_store(tmp_path / "other", MovingClock(), policy=replace(POLICY, withdrawal_window_minutes=0))
    twin = open_unit(other, write_study(tmp_path / "study", seed=1), "wang")
    assert twin.unit == unit.unit
    work = working_folder(tmp_path / "work", unit)
    given = [run("submit", work, "--store", place, "--as", "wang") for place in (root, tmp_path / "other" / "store")]
    assert given[0]["sealed"] != given[1]["sealed"]


def test_what_does_not_fit_is_named_and_nothing_is_sealed(
    root: Path, unit: PreparedUnit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work = working_folder(tmp_path / "work", unit)
    words = ("submit", work, "--store", root, "--as", "wang")
    assert "assigned" in refused(capsys, "submit", work, "--store", root, "--as", "chief")
    stranger = work / "masks" / "spleen.nii.gz"
    stranger.write_bytes((work / "masks" / "primary.nii.gz").read_bytes())
    assert "spleen.nii.gz" in refused(capsys, *words)
    stranger.rename(work / "masks" / "x_primary.nii.gz")
    assert "two masks" in refused(capsys, *words)
    (work / "masks" / "x_primary.nii.gz").rename(work / "masks" / "liver.nii.gz")
    assert "liver" in refused(capsys, *words)
    (work / "masks" / "liver.nii.gz").unlink()
    grid = grid_of(unit.registration.series[0])
    moved = Volume(tube(grid)[0].array[:-1], replace(grid, shape_kji=(grid.shape_kji[0] - 1, *grid.shape_kji[1:])))
    kept = (work / "masks" / "primary.nii.gz").read_bytes()
    write_bytes(work / "masks" / "primary.nii.gz", nifti.encode(moved, work))
    assert "primary.nii.gz" in refused(capsys, *words)
    (work / "masks" / "primary.nii.gz").write_bytes(kept)
    write_report(work, filled(unit, lesions=(1, 2)))
    assert "primary" in refused(capsys, *words)
    write_report(work, new_report(unit.unit, filled(unit).lesions, targets=filled(unit).targets))
    assert "validate" in refused(capsys, *words)
    assert not (tmp_path / "work-sealed").exists()


def test_a_target_that_cannot_be_assessed_needs_a_reason(
    run: Run, root: Path, unit: PreparedUnit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work = working_folder(tmp_path / "work", unit)
    report = filled(unit)
    write_report(work, complete(replace(report, targets={**report.targets, Target.LIVER: TargetAnswer.NOT_ASSESSABLE})))
    words = ("submit", work, "--store", root, "--as", "wang")
    assert "--reason liver=" in refused(capsys, *words)
    assert "spleen" in refused(capsys, *words, "--reason", "spleen=x")
    sealed = run(*words, "--reason", "liver=呼吸伪影")["sealed"]
    said = open_reading(Path(sealed)).reading.of(Target.LIVER)
    assert said is not None and said.reason == "呼吸伪影"


def test_a_report_is_filled_by_hand_and_by_measuring(
    run: Run, root: Path, unit: PreparedUnit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work = working_folder(tmp_path / "work", unit)
    lesions = ("--lesions", "primary:1", "--targets", "liver=none_seen", "lung=none_seen")
    path = work / "report.json"
    path.unlink()
    run("report", "new", "--unit", unit.unit, *lesions, "-o", path)
    answers = ("primary[1].t_stage=t3", "primary[1].arteriole_sign=not_assessable:artefact")
    told = run("report", "fill", path, "--store", root, "--as", "wang", "--answer", *answers)
    report = read_report(path)
    shown = {str(place): given for place, given in report.answers.items()}
    # The wall of the tube is 8 voxels of 0.8 mm along i and j on 2 slices of 2.5 mm.
    assert shown["primary[1].cranio_caudal_mm"].value == pytest.approx(5.0)
    assert shown["primary[1].cranio_caudal_mm"].source.value == "measured"
    assert shown["primary[1].t_stage"].value == "t3"
    assert shown["primary[1].arteriole_sign"].not_assessable is not None
    assert told["answers"] == told["answered"] + told["missing"]
    before = path.read_bytes()
    assert "t1, t2" in refused(capsys, "report", "fill", path, "--answer", "primary[1].t_stage=t9")
    assert "PATH=VALUE" in refused(capsys, "report", "fill", path, "--answer", "nonsense")
    assert "--as" in refused(capsys, "report", "fill", path, "--store", root)
    assert path.read_bytes() == before


@pytest.fixture
def disputed(run: Run, root: Path, unit: PreparedUnit, tmp_path: Path) -> Path:
    """The store after two readings that differ in the contour and in the T stage."""
    for reader, shift, stage in (("wang", 0, "t3"), ("li", 4, "t4a")):
        run("submit", working_folder(tmp_path / reader, unit, shift, stage), "--store", root, "--as", reader)
    run("store", "advance", root)
    return root


def test_a_senior_sees_what_is_open_and_signs(
    run: Run, disputed: Path, unit: PreparedUnit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("store", "settle", disputed, unit.unit, "--as", "chief")
    told = run(*words, exit_code=Exit.ANSWER_NO)
    assert told["signed"] is False
    lesions = [point for point in told["open"] if "lesion" in point]
    fields = [point for point in told["open"] if "field" in point]
    assert lesions and fields
    assert all(Path(place).is_dir() for place in told["readings"].values())
    takes = ["--lesion", f"primary:{lesions[0]['lesion'][0]}=keep"]
    takes += [word for point in lesions[1:] for word in ("--lesion", f"primary:{point['lesion'][0]}=drop")]
    still = run(*words, *takes, exit_code=Exit.ANSWER_NO)
    assert [point["field"] for point in still["open"]] == [point["field"] for point in fields]
    choices = [word for point in fields for word in ("--answer", f"{point['field']}=a")]
    signed = run(*words, *takes, *choices, "--note", "见肠壁")
    copied = run("store", "final", disputed, unit.unit, "-o", tmp_path / "final", "--as", "chief")
    assert copied["final"] == signed["final"]
    final = open_final(tmp_path / "final").final
    assert (final.how, final.signer, final.signer_title) == (How.SIGNER, "chief", "主任医师")
    primary = next(item for item in final.targets if item.target is Target.PRIMARY)
    assert primary.lesions[0].note == "见肠壁"
    assert {item.choice for item in final.settlements} <= {"a"}
    assert run("store", "check", disputed, "--deep")["whole"] is True
    assert main([str(word) for word in words]) == Exit.ANSWER_NO
    assert "version 1 stands" in capsys.readouterr().out


def test_a_senior_can_draw_anew(run: Run, disputed: Path, unit: PreparedUnit, tmp_path: Path) -> None:
    words = ("store", "settle", disputed, unit.unit, "--as", "chief")
    told = run(*words, exit_code=Exit.ANSWER_NO)
    lesions = [point["lesion"][0] for point in told["open"] if "lesion" in point]
    drawn = tube(grid_of(unit.registration.series[0]), 2)[0]
    mask = tmp_path / "新 勾画=1%.nii.gz"
    write_bytes(mask, nifti.encode(drawn, mask))
    takes = ["--edited", f"primary:{lesions[0]}={mask}"]
    takes += [word for name in lesions[1:] for word in ("--lesion", f"primary:{name}=drop")]
    choices = [word for point in told["open"] if "field" in point for word in ("--answer", f"{point['field']}=b")]
    run(*words, *takes, *choices)
    run("store", "final", disputed, unit.unit, "-o", tmp_path / "final", "--as", "chief")
    opened = open_final(tmp_path / "final")
    assert np.array_equal(opened.mask(Target.PRIMARY).array != 0, drawn.array != 0)
    primary = next(item for item in opened.final.targets if item.target is Target.PRIMARY)
    assert primary.lesions[0].take is Take.EDITED


def test_bad_decisions_are_refused_and_sign_nothing(
    run: Run, disputed: Path, unit: PreparedUnit, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("store", "settle", disputed, unit.unit, "--as", "chief")
    told = run(*words, exit_code=Exit.ANSWER_NO)
    point = next(item for item in told["open"] if "lesion" in item)["lesion"][0]
    assert "primary:A1" in refused(capsys, *words, "--lesion", "primary:A1")
    assert "A9" in refused(capsys, *words, "--lesion", "primary:A9=keep")
    twice = ("--lesion", f"primary:{point}=keep", "--lesion", f"primary:{point}=drop")
    assert "twice" in refused(capsys, *words, *twice)
    assert "nowhere" in refused(capsys, *words, "--edited", f"primary:{point}=nowhere.nii.gz")
    assert "spleen" in refused(capsys, *words, "--absent", "spleen=none_seen")
    assert "patient" in refused(capsys, *words, "--answer", "patient.x")
    reader = ("store", "settle", disputed, unit.unit, "--as", "wang")
    assert str(unit.unit) in refused(capsys, *reader)
    lesions = [item["lesion"][0] for item in told["open"] if "lesion" in item]
    takes = [word for name in lesions for word in ("--lesion", f"primary:{name}=keep")]
    choices = [word for item in told["open"] if "field" in item for word in ("--answer", f"{item['field']}=a")]
    monkeypatch.setenv("CRC_PIN", "000000")
    assert "PIN" in refused(capsys, *words, *takes, *choices)
    assert FolderStore(disputed).unit(unit.unit, "chief").finals == ()
