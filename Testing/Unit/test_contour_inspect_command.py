"""`crcdb inspect`: findings and measurements in words and as JSON, exit codes, refusals."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from contour_support import FAT_HU, GAS_HU, ellipsoid, image, mask, tube, turned_grid
from crc_core.cli.main import main
from crc_core.contour import CheckId, Method, NotMeasurable, Size, Unit, inspect
from crc_core.contour.wording import finding_place, finding_sentence, slice_number
from crc_core.dicom.index import index_folder
from crc_core.files.nifti import write_volume
from crc_core.geometry import Grid, Volume
from crc_core.text import Lang, catalogue
from crc_core.vocabulary import Target
from store_support import write_study

GRID = turned_grid((30, 60, 56), (0.9, 0.8, 2.0), (0, 0, 180))
BODY = ellipsoid(GRID, (0, 0, 0), (13, 12, 16))


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    mask_path, image_path = tmp_path / "CRC-01-000123-K_T0_PVP_liver.nii.gz", tmp_path / "CT 门静脉.nii.gz"
    write_volume(mask_path, mask(BODY, GRID, 2))
    write_volume(image_path, image(GRID, (tube(GRID, (0, 0, 0), 20, 99), FAT_HU), (BODY, 80), background=GAS_HU))
    return mask_path, image_path


def answered(arguments: list[str], code: int, capsys) -> dict:
    assert main([*arguments, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_a_sound_mask_passes_and_is_measured(files: tuple[Path, Path], capsys) -> None:
    document = answered(["inspect", str(files[0]), "--image", str(files[1])], 0, capsys)
    assert (document["target"], document["target_told_by"], document["verdict"]) == ("liver", "name", "pass")
    assert document["findings"] == []
    lesion = document["lesions"][0]
    assert lesion["lesion"] == 2
    assert lesion["volume_ml"] == pytest.approx(np.count_nonzero(BODY) * GRID.voxel_volume_mm3 / 1000)
    assert lesion["longest_axial_diameter_mm"] == pytest.approx(26, abs=0.9)
    assert lesion["cranio_caudal_mm"] == pytest.approx(32, abs=2)
    assert "thickness_mm" not in lesion
    for item in lesion["measurements"]:
        ends = np.array(item["end_ras_mm"]) - item["start_ras_mm"]
        assert np.linalg.norm(ends) == pytest.approx(item["value_mm"], abs=1e-3)
    density = document["densities"][0]
    assert (density["lesion"], density["role"], len(density["samples"])) == (2, "PVP", 3)
    assert density["mean_hu"] == pytest.approx(80)


def test_a_warning_is_the_answer_no(files: tuple[Path, Path], tmp_path: Path, capsys) -> None:
    array = mask(BODY, GRID, 2).array
    array[2, 3, 4] = 2
    stray = tmp_path / "stray.nii.gz"
    write_volume(stray, Volume(array, GRID))
    document = answered(["inspect", str(stray), "--target", "liver"], 1, capsys)
    assert document["verdict"] == "warn"
    finding = document["findings"][0]
    assert (finding["id"], finding["lesion"], finding["slice_k"], finding["repairable"]) == ("island", 2, 2, True)
    assert finding["slice_number"] == 28
    assert np.rint(GRID.to_ijk(finding["ras_mm"])).astype(int).tolist() == [4, 3, 2]
    assert main(["inspect", str(stray), "--target", "liver"]) == 1
    words = capsys.readouterr().out
    assert "slice 28" in words
    assert "most cranial" in words


def test_a_note_is_not(files: tuple[Path, Path], tmp_path: Path, capsys) -> None:
    outer, inner, wall = (tmp_path / f"{name}.nii.gz" for name in ("outer", "inner", "wall"))
    ring, lumen = tube(GRID, (0, 0, 0), 14, 20), tube(GRID, (9, 0, 0), 10, 20)
    for path, inside in ((outer, ring), (inner, lumen), (wall, ring & ~lumen)):
        write_volume(path, mask(inside, GRID))
    arguments = ["inspect", str(wall), "--outer", str(outer), "--inner", str(inner), "--bowel", "in-plane"]
    document = answered(arguments, 0, capsys)
    assert document["target_told_by"] == "default"
    assert {finding["verdict"] for finding in document["findings"]} == {"note"}
    assert document["lesions"][0]["thickness_mm"] == pytest.approx(13, abs=1)
    methods = {item["kind"]: item["method"] for item in document["lesions"][0]["measurements"]}
    assert methods["thickness"] == "wall_in_space"


def test_the_phase_follows_the_target_unless_it_is_given(files: tuple[Path, Path], capsys) -> None:
    arguments = ["inspect", str(files[0]), "--image", str(files[1])]
    for extra, role in ((["--target", "lung"], "CHEST"), (["--phase", "AP"], "AP")):
        assert main([*arguments, *extra, "--json"]) in (0, 1)
        assert json.loads(capsys.readouterr().out)["densities"][0]["role"] == role


def test_other_targets_are_compared(files: tuple[Path, Path], capsys) -> None:
    document = answered(["inspect", str(files[0]), "--other", f"node={files[0]}"], 0, capsys)
    assert [(finding["id"], finding["against"]) for finding in document["findings"]] == [("overlap", "node")]


@pytest.mark.parametrize(
    "change",
    [
        lambda v: Volume(v.array[1:], Grid((29, 60, 56), v.grid.ijk_to_ras)),
        lambda v: Volume(v.array, turned_grid(v.grid.shape_kji, (0.9, 0.8, 2.1), (0, 0, 180))),
    ],
)
def test_an_image_of_another_grid_is_refused(files: tuple[Path, Path], tmp_path: Path, capsys, change) -> None:
    other = tmp_path / "other.nii.gz"
    write_volume(other, change(image(GRID)))
    assert main(["inspect", str(files[0]), "--image", str(other)]) == 2
    caught = capsys.readouterr()
    assert caught.out == ""
    assert "other.nii.gz" in caught.err
    assert len(caught.err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "extra", [["--other", "liver"], ["--other", "spleen=x"], ["--thickness-mm", "0"], ["--outer", "missing.nii.gz"]]
)
def test_bad_arguments_are_refused_in_one_line(files: tuple[Path, Path], capsys, extra: list[str]) -> None:
    assert main(["inspect", str(files[0]), *extra]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_it_speaks_both_languages(files: tuple[Path, Path], capsys, lang: str) -> None:
    assert main(["inspect", str(files[0]), "--image", str(files[1]), "--lang", lang]) == 0
    told = capsys.readouterr().out
    assert ("轴位最大径" if lang == "zh" else "longest axial diameter") in told
    assert ("静脉期密度 80 HU" if lang == "zh" else "density (venous phase) 80 HU") in told


@pytest.mark.parametrize("lang", list(Lang))
def test_everything_that_can_be_found_and_measured_has_words(lang: Lang) -> None:
    codes = set(catalogue(lang))
    for area, items in (
        ("finding", CheckId),
        ("method", Method),
        ("size", Size),
        ("unit", Unit),
        ("density", NotMeasurable),
        ("target", Target),
    ):
        assert {f"contour.{area}.{item}" for item in items} <= codes


def test_slices_are_counted_from_the_head() -> None:
    upwards, downwards = turned_grid((9, 4, 4), (1, 1, 2), (0, 0, 0)), turned_grid((9, 4, 4), (1, 1, 2), (180, 0, 0))
    assert [slice_number(k, upwards) for k in (0, 8)] == [9, 1]
    assert [slice_number(k, downwards) for k in (0, 8)] == [1, 9]


def test_a_finding_without_a_place_has_none_in_words() -> None:
    found = inspect(mask(np.zeros(GRID.shape_kji, bool), GRID), None, target=Target.LIVER)[0]
    assert finding_place(found, GRID, Lang.EN) == ""
    assert finding_sentence(found, Lang.EN) == "The mask is empty."


def test_the_image_may_be_a_folder_of_dicom(tmp_path: Path, capsys) -> None:
    write_study(tmp_path / "检查 1%")
    series = {one.grid.shape_kji: one for one in index_folder(tmp_path / "检查 1%" / "PVP").series}
    grid = next(iter(series.values())).grid
    drawn = np.zeros(grid.shape_kji, np.uint8)
    drawn[1:3, 3:9, 3:12] = 1
    path = tmp_path / "liver.nii.gz"
    write_volume(path, Volume(drawn, grid))
    main(["inspect", str(path), "--image", str(tmp_path / "检查 1%" / "PVP"), "--json"])
    document = json.loads(capsys.readouterr().out)
    assert (document["target"], document["target_told_by"]) == ("liver", "name")
    assert document["densities"][0]["role"] == "PVP"
    write_volume(path, Volume(drawn[:-1], replace(grid, shape_kji=drawn[:-1].shape)))
    assert main(["inspect", str(path), "--image", str(tmp_path / "检查 1%")]) == 2
    assert "检查 1%" in capsys.readouterr().err
