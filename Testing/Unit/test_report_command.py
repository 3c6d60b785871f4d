"""`crcdb report` as a person and a script use it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pydicom
import pytest
from crc_core.cli.main import main
from crc_core.files.nifti import write_volume
from crc_core.geometry.grid import Grid, Volume
from crc_core.identity import mask_name
from crc_core.report.document import Report
from crc_core.report.document_json import read_report, write_report
from crc_core.text import Lang, catalogue
from crc_core.vocabulary import LesionClass, Role, Target, TargetAnswer
from report_support import UNIT, sample_report, source_datasets, write_series


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CRC_CACHE", str(tmp_path / "cache"))
    place = tmp_path / "报告 50%"
    place.mkdir()
    return place


def write_sample(folder: Path) -> Path:
    path = folder / "r.json"
    write_report(path, sample_report())
    return path


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main(["report", *(str(word) for word in words)])
    out, err = capsys.readouterr()
    return code, out, err


def test_a_new_report(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / "new.json"
    words = ["--lesions", "primary:1", "liver:2-4", "liver:9:uncertain", "--targets", "lung=none_seen"]
    code, out, _ = run(
        capsys, "new", "--unit", UNIT, *words, "--sex", "female", "--age-years", "71", "-o", path, "--json"
    )
    assert code == 0
    assert json.loads(out)["unit"] == str(UNIT)
    report = read_report(path)
    assert [lesion.number for lesion in report.lesions_of(Target.LIVER)] == [2, 3, 4, 9]
    assert report.lesions_of(Target.LIVER)[-1].lesion_class is LesionClass.UNCERTAIN
    assert report.targets == {
        Target.PRIMARY: TargetAnswer.DRAWN,
        Target.LIVER: TargetAnswer.DRAWN,
        Target.LUNG: TargetAnswer.NONE_SEEN,
    }
    before = path.read_bytes()
    code, _, err = run(capsys, "new", "--unit", UNIT, "-o", path)
    assert (code, path.read_bytes()) == (2, before)
    assert "exists" in err


@pytest.mark.parametrize(
    "words",
    [
        ("--unit", "CRC-01-000123-A_T0"),
        ("--unit", UNIT, "--lesions", "brain:1"),
        ("--unit", UNIT, "--lesions", "liver:0"),
        ("--unit", UNIT, "--lesions", "liver:256"),
        ("--unit", UNIT, "--lesions", "liver:1", "liver:1:uncertain"),
        ("--unit", UNIT, "--lesions", "liver:1:cyst"),
        ("--unit", UNIT, "--targets", "liver=maybe"),
        ("--unit", UNIT, "--age-years", "old"),
    ],
)
def test_a_new_report_from_nonsense(
    words: tuple[object, ...], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, "new", *words, "-o", folder / "x.json")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert not list(folder.iterdir())


def test_a_valid_report(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_sample(folder)
    code, out, _ = run(capsys, "validate", path, "--json")
    document = json.loads(out)
    assert (code, document["valid"], document["problems"]) == (0, True, [])
    assert document["answered"] == document["questions"]
    assert run(capsys, "validate", path, "--lang", "zh")[0] == 0


def test_a_report_with_problems(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = sample_report().to_json()
    answers = next(block for block in document["sections"] if block["section"] == "primary")["answers"]
    answers["short_diameter_mm"] = {"source": "typed", "value": 90}
    answers["perforation"]["value"] = "present"
    document["targets"]["lung"] = "none_seen"
    path = folder / "bad.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    code, out, _ = run(capsys, "validate", path, "--json")
    found = {(problem["field"], problem["code"]): problem for problem in json.loads(out)["problems"]}
    assert code == 1
    assert set(found) == {
        ("primary[1].long_diameter_mm", "report.problem.not_smaller"),
        ("primary[1].perforation", "report.problem.excludes"),
        ("targets.lung", "report.problem.lesions_but"),
    }
    assert not found["primary[1].perforation", "report.problem.excludes"]["blocks"]
    code, out, _ = run(capsys, "validate", path, "--lang", "zh")
    assert code == 1 and "肿瘤穿孔" in out
    code, out, _ = run(capsys, "validate", path, write_sample(folder), "--json")
    assert code == 1 and [item["valid"] for item in json.loads(out)["reports"]] == [False, True]


def test_exports(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_sample(folder)
    for name, form in (("a.json", "json"), ("b.csv", "csv"), ("c.html", "html")):
        code, out, _ = run(capsys, "export", path, "--format", form, "-o", folder / name, "--json")
        assert (code, json.loads(out)["format"]) == (0, form)
    assert "结直肠癌" in (folder / "c.html").read_text(encoding="utf-8")
    code, _, _ = run(capsys, "export", path, path, "--format", "csv", "--table", "liver_lesion", "-o", folder / "d.csv")
    assert code == 0 and (folder / "d.csv").read_bytes().count(b"\r\n") == 7
    code, _, err = run(capsys, "export", path, path, "--format", "html", "-o", folder / "e.html")
    assert code == 2 and not (folder / "e.html").exists() and err.count("\n") == 1


def contoured(folder: Path) -> tuple[Grid, Path, Path]:
    grid = Grid(
        (6, 20, 24), np.array([[-1.5, 0, 0, 20.0], [0, -1.5, 0, 30.0], [0, 0, 4, -50.0], [0, 0, 0, 1]], dtype=float)
    )
    array = np.zeros(grid.shape_kji, np.uint8)
    array[1:4, 5:9, 5:9], array[4, 12:15, 12:15], array[2, 16, 2:4] = 1, 2, 3
    mask = folder / mask_name(UNIT.series_code(Role.PVP), Target.LIVER)
    image = folder / f"{UNIT.series_code(Role.PVP)}.nii.gz"
    write_volume(mask, Volume(array, grid))
    write_volume(image, Volume(np.full(grid.shape_kji, 60, np.int16), grid))
    return grid, mask, image


def test_a_report_against_its_masks(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_sample(folder)
    grid, mask, _ = contoured(folder)
    assert run(capsys, "validate", path, "--mask", mask)[0] == 0
    array = np.zeros(grid.shape_kji, np.uint8)
    array[1, 2, 3], array[1, 2, 4] = 1, 7
    write_volume(mask, Volume(array, grid))
    code, out, _ = run(capsys, "validate", path, "--mask", mask, "--json")
    found = [(problem["field"], problem["code"]) for problem in json.loads(out)["problems"]]
    assert code == 1
    assert found == [
        ("lesions.liver[2]", "report.problem.lesion_not_drawn"),
        ("lesions.liver[3]", "report.problem.lesion_not_drawn"),
        ("lesions.liver[7]", "report.problem.lesion_not_written"),
    ]
    assert run(capsys, "validate", path, path, "--mask", mask)[0] == 2


def test_a_page_with_key_images(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_sample(folder)
    _, mask, image = contoured(folder)
    out = folder / "page.html"
    assert run(capsys, "export", path, "--format", "html", "--mask", mask, "--image", image, "-o", out)[0] == 0
    assert out.read_text(encoding="utf-8").count("data:image/png") == 3
    assert run(capsys, "export", path, "--format", "html", "--mask", mask, "-o", folder / "no.html")[0] == 2
    odd = folder / "odd.nii.gz"
    odd.write_bytes(mask.read_bytes())
    assert run(capsys, "export", path, "--format", "html", "--mask", odd, "--image", image, "-o", out)[0] == 2
    named = f"liver={odd}"
    assert run(capsys, "export", path, "--format", "html", "--mask", named, "--image", image, "-o", out)[0] == 0


def test_a_segmentation(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_sample(folder)
    grid, mask, _ = contoured(folder)
    out = folder / "seg.dcm"
    assert run(capsys, "export", path, "--format", "seg", "--mask", mask, "-o", out)[0] == 2
    write_series(folder / "dicom", source_datasets(grid))
    code, _, err = run(
        capsys, "export", path, "--format", "seg", "--mask", mask, "--dicom", folder / "dicom", "-o", out
    )
    assert (code, err) == (0, "")
    dataset = pydicom.dcmread(out)
    assert [segment.SegmentLabel for segment in dataset.SegmentSequence] == [
        "liver 1 metastasis",
        "liver 2 metastasis",
        "liver 3 uncertain",
    ]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"schema": "crc-report/9"}', b"\xff\xfe", b"1" * 6000])
def test_files_that_are_no_report(content: bytes, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / "坏 %s.json"
    path.write_bytes(content)
    for words in (["validate", path], ["export", path, "--format", "csv", "-o", folder / "x.csv"]):
        code, out, err = run(capsys, *words)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert path.name in err
    assert [item.name for item in folder.iterdir()] == [path.name]


def test_words_are_in_both_languages() -> None:
    english, chinese = catalogue(Lang.EN), catalogue(Lang.ZH)
    own = {code for code in english if code.startswith("report.")}
    assert own == {code for code in chinese if code.startswith("report.")}
    assert all(any("一" <= letter <= "鿿" for letter in chinese[code]) for code in own if len(english[code]) > 25)


def test_reports_are_read_as_they_were_written(folder: Path) -> None:
    path = write_sample(folder)
    assert Report.from_json(json.loads(path.read_bytes()), path) == sample_report()
