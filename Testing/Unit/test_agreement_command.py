"""`crcdb agree` as it is called: answers, exit codes, files written and not written."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel
import numpy as np
import pytest
from agreement_support import ball, blob_pair, itk_hausdorff_mm, oblique_grid, straight_grid, surface_distance_says
from crc_core.cli.main import main
from crc_core.files.nifti import write_volume
from crc_core.geometry import Grid, Volume

SHAPE = (16, 20, 24)


@pytest.fixture
def save(tmp_path: Path):
    """A function that writes a mask under a name and returns its path."""

    def write(name: str, array: np.ndarray, grid: Grid | None = None) -> Path:
        path = tmp_path / name
        write_volume(path, Volume(array.astype(np.uint8), grid or straight_grid(array.shape, (2.5, 0.75, 0.75))))
        return path

    return write


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, dict]:
    """The exit code and the document of `crcdb agree --json`."""
    code = main(["agree", *map(str, words), "--json"])
    return code, json.loads(capsys.readouterr().out)


LUMP = ball(SHAPE, (8, 10, 12), (5, 7, 7))


def test_the_document_of_two_readers(save, capsys) -> None:
    a, b = LUMP, ball(SHAPE, (8, 10, 13), (5, 7, 7))
    spacing = (2.5, 0.75, 0.75)
    code, document = run(capsys, save("a.nii.gz", a), save("b.nii.gz", b))
    witness = surface_distance_says(a, b, spacing)
    dice = 2 * (a & b).sum() / (a.sum() + b.sum())
    assert code == 0
    assert document["verdict"] == "agreed"
    assert document["dice"] <= dice < document["dice"] + 0.001
    assert document["jaccard"] == pytest.approx((a & b).sum() / (a | b).sum())
    assert document["hd_mm"] == pytest.approx(itk_hausdorff_mm(a, b, spacing), abs=1e-6)
    assert document["hd95_mm"] == pytest.approx(witness.hd95_mm, abs=1e-6)
    assert document["assd_mm"] == pytest.approx(witness.assd_mm, abs=1e-6)
    assert document["surface_dice"] == pytest.approx({str(mm): share for mm, share in witness.surface_dice.items()})
    assert document["volume_ml"] == pytest.approx([mask.sum() * 2.5 * 0.75 * 0.75 / 1000 for mask in (a, b)])
    assert document["threshold"] == 0.8
    assert [(pair["a"], pair["b"], pair["agreed"]) for pair in document["lesions"]["pairs"]] == [(1, 1, True)]
    assert document["lesions"]["only_a"] == document["lesions"]["only_b"] == []
    assert "absent" not in document
    assert "union" not in document


def test_disputed_is_exit_1(save, capsys) -> None:
    code, document = run(capsys, save("a.nii.gz", LUMP), save("b.nii.gz", ball(SHAPE, (8, 10, 17), (5, 7, 7))))
    assert (code, document["verdict"]) == (1, "disputed")
    assert document["dice"] < 0.8


def test_both_empty_is_agreed_absent_without_dice(save, capsys, tmp_path: Path) -> None:
    empty, out = np.zeros(SHAPE), tmp_path / "union.nii.gz"
    code, document = run(capsys, save("a.nii.gz", empty), save("b.nii.gz", empty), "--union", out)
    assert (code, document["verdict"], document["absent"]) == (0, "agreed", True)
    assert not {"dice", "jaccard", "hd_mm", "hd95_mm", "assd_mm", "surface_dice", "union"} & set(document)
    assert not out.exists()


def test_one_empty_has_a_dice_of_zero_and_no_distance(save, capsys) -> None:
    code, document = run(capsys, save("a.nii.gz", np.zeros(SHAPE)), save("b.nii.gz", LUMP))
    assert (code, document["verdict"], document["dice"]) == (1, "disputed", 0)
    assert document["lesions"]["only_b"] == [1]
    assert "hd_mm" not in document


@pytest.mark.parametrize("shift", [1, 9])
def test_the_union_is_written_on_the_same_grid(save, capsys, tmp_path: Path, shift: int) -> None:
    a, b = LUMP, ball(SHAPE, (8, 10, 12 + shift), (5, 7, 7))
    grid, out = oblique_grid(SHAPE, (2.5, 0.75, 0.75)), tmp_path / "并集 50%.nii.gz"
    _, document = run(capsys, save("a.nii.gz", a, grid), save("b.nii.gz", b, grid), "--union", out)
    written = nibabel.load(out)
    assert ((np.asarray(written.dataobj).transpose() > 0) == ((a | b) > 0)).all()
    assert written.affine == pytest.approx(grid.ijk_to_ras, abs=1e-4)
    assert document["union"]["path"] == str(out)
    assert document["union"]["lesions"] == [{"number": 1, "a": 1, "b": 1}]
    assert document["union"]["volume_ml"] == pytest.approx((a | b).sum() * 2.5 * 0.75 * 0.75 / 1000)


def test_several_readers(save, capsys) -> None:
    paths = [save(f"{n}.nii.gz", mask) for n, mask in enumerate((LUMP, LUMP, ball(SHAPE, (8, 10, 17), (5, 7, 7))))]
    code, document = run(capsys, *paths)
    assert (code, document["verdict"]) == (1, "disputed")
    assert [(pair["reader_a"], pair["reader_b"]) for pair in document["pairs"]] == [(1, 2), (1, 3), (2, 3)]
    dice = [pair["dice"] for pair in document["pairs"]]
    assert document["dice_minimum"] == min(dice)
    assert document["dice_mean"] == pytest.approx(sum(dice) / 3, abs=1e-3)
    assert document["readers"] == [str(path) for path in paths]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_words_for_every_kind_of_answer(save, capsys, lang: str, tmp_path: Path) -> None:
    split = LUMP.copy()
    split[:, :, 12:][LUMP[:, :, 12:] > 0] = 2
    split[0, 0, 0] = 9
    paths = [save("a.nii.gz", LUMP), save("b.nii.gz", split), save("c.nii.gz", np.zeros(SHAPE))]
    for words in (paths, paths[:2], paths[1::-1], [paths[2], paths[2]], [paths[2], paths[0]]):
        union = ["--union", str(tmp_path / "u.nii.gz")] if len(words) == 2 else []
        main(["agree", *map(str, words), *union, "--lang", lang])
        captured = capsys.readouterr()
        assert captured.out.strip()
        assert captured.err == ""
        assert "None" not in captured.out


def refused(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    """The one line of a refusal."""
    assert main(["agree", *map(str, words)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    return captured.err


def test_what_cannot_be_compared_is_refused(save, capsys, tmp_path: Path) -> None:
    a, out = save("a.nii.gz", LUMP), tmp_path / "u.nii.gz"
    other = save("other.nii.gz", LUMP, straight_grid(SHAPE, (2.5, 0.75, 0.8)))
    cropped = save("cropped.nii.gz", LUMP[1:])
    assert "other.nii.gz" in refused(capsys, a, other, "--union", out)
    assert "24 × 20 × 15" in refused(capsys, a, cropped, "--union", out)
    assert "two or more" in refused(capsys, a)
    assert "missing.nii.gz" in refused(capsys, a, tmp_path / "missing.nii.gz")
    (tmp_path / "cut.nii.gz").write_bytes(a.read_bytes()[:-20])
    assert "cut.nii.gz" in refused(capsys, a, tmp_path / "cut.nii.gz", "--union", out)
    nibabel.save(nibabel.Nifti1Image(np.full((24, 20, 16), 0.5, np.float32), np.eye(4)), tmp_path / "float.nii.gz")
    assert "float.nii.gz" in refused(capsys, tmp_path / "float.nii.gz", tmp_path / "float.nii.gz")
    assert not out.exists()


def test_a_union_never_overwrites_a_reading(save, capsys, tmp_path: Path) -> None:
    a, b = save("a.nii.gz", LUMP), save("b.nii.gz", LUMP)
    before = a.read_bytes()
    refused(capsys, a, b, "--union", a)
    refused(capsys, a, b, "--union", tmp_path / "u.nii")
    refused(capsys, a, b, a, "--union", tmp_path / "u.nii.gz")
    refused(capsys, a, b, "--union", tmp_path / "no such folder" / "u.nii.gz")
    assert a.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.nii.gz", "b.nii.gz"]


def test_uncompressed_and_wider_masks_are_read(save, capsys, tmp_path: Path) -> None:
    a, _ = blob_pair(2, SHAPE)
    grid = straight_grid(SHAPE)
    plain = tmp_path / "plain.nii"
    nibabel.save(nibabel.Nifti1Image(a.transpose().astype(np.int16), grid.ijk_to_ras), plain)
    code, document = run(capsys, save("a.nii.gz", a, grid), plain)
    assert (code, document["dice"]) == (0, 1)
