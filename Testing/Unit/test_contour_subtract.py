"""Subtraction against numpy, its refusals, and the command."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel
import numpy as np
import pytest
from contour_support import AXIAL, ellipsoid, mask, tube, turned_grid
from crc_core.cli.main import main
from crc_core.contour import subtract
from crc_core.errors import CrcError
from crc_core.files.nifti import read_mask, write_volume
from crc_core.geometry import Grid, Volume
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

SHAPES = hnp.array_shapes(min_dims=3, max_dims=3, max_side=7)


@given(SHAPES.flatmap(lambda shape: st.tuples(*[hnp.arrays(np.uint8, shape, elements=st.integers(0, 3))] * 2)))
def test_what_is_left_lies_in_the_outer_and_not_in_the_inner(pair: tuple[np.ndarray, np.ndarray]) -> None:
    outer, inner = pair
    grid = Grid.from_spacing(outer.shape, (1.0, 1.0, 1.0))
    wall = subtract(Volume(outer, grid), Volume(inner, grid)).array
    assert wall.dtype == np.uint8
    assert np.array_equal(wall, np.where(inner == 0, outer, 0))


def test_an_inner_edge_may_cross_the_outer_one_and_be_missing_on_slices() -> None:
    outer, inner = tube(AXIAL, (0, 0, 0), 12, 20), tube(AXIAL, (9, 0, 5), 8, 10)
    wall = subtract(mask(outer, AXIAL, 2), mask(inner, AXIAL))
    assert np.array_equal(wall.array == 2, outer & ~inner)


def test_neither_parent_is_changed() -> None:
    outer, inner = mask(tube(AXIAL, (0, 0, 0), 12, 20), AXIAL), mask(tube(AXIAL, (0, 0, 0), 5, 30), AXIAL)
    for parent in (outer, inner):
        parent.array.flags.writeable = False
    assert not np.shares_memory(subtract(outer, inner).array, outer.array)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda v: Volume(v.array[1:], Grid((39, 64, 60), v.grid.ijk_to_ras)), "grid.differs_shape"),
        (lambda v: Volume(v.array, turned_grid(v.grid.shape_kji, (0.8, 0.7, 1.5), (0, 0, 1))), "grid.differs_place"),
        (lambda v: Volume(v.array.astype(np.float32), v.grid), "mask.float"),
        (lambda v: Volume(v.array.astype(np.int16) - 1, v.grid), "mask.range"),
    ],
)
def test_an_inner_mask_that_does_not_fit_is_refused(change, code: str) -> None:
    outer = mask(tube(AXIAL, (0, 0, 0), 12, 20), AXIAL)
    with pytest.raises(CrcError) as refusal:
        subtract(outer, change(mask(tube(AXIAL, (0, 0, 0), 5, 30), AXIAL)))
    assert refusal.value.code == code


@pytest.fixture
def parents(tmp_path: Path) -> tuple[Path, Path]:
    grid = turned_grid((30, 40, 44), (0.8, 0.9, 2.0), (0, 0, 15))
    outer, inner = tmp_path / "a outer 外缘.nii.gz", tmp_path / "a inner 100%.nii.gz"
    write_volume(outer, mask(ellipsoid(grid, (0, 0, 0), (14, 13, 20)), grid, 3))
    write_volume(inner, mask(ellipsoid(grid, (2, 0, 0), (6, 6, 40)), grid, 1))
    return outer, inner


def test_the_command_writes_the_outer_grid_in_bytes(parents: tuple[Path, Path], tmp_path: Path, capsys) -> None:
    out = tmp_path / "CRC_primary.nii.gz"
    assert main(["subtract", *map(str, parents), "-o", str(out), "--json"]) == 0
    written, outer, inner = (nibabel.load(path) for path in (out, *parents))
    assert written.get_data_dtype() == np.uint8
    assert np.allclose(written.affine, outer.affine, atol=1e-4)
    expected = np.where(np.asarray(inner.dataobj) == 0, np.asarray(outer.dataobj), 0)
    assert np.array_equal(np.asarray(written.dataobj), expected)
    document = json.loads(capsys.readouterr().out)
    voxel_ml = abs(np.linalg.det(written.affine[:3, :3])) / 1000
    assert document["volume_ml"] == pytest.approx(np.count_nonzero(expected) * voxel_ml, rel=1e-5)
    assert document["lesions"] == [{"lesion": 3, "volume_ml": pytest.approx(document["volume_ml"])}]
    assert document["output"] == str(out)


def test_the_command_says_what_it_did(parents: tuple[Path, Path], tmp_path: Path, capsys) -> None:
    out = tmp_path / "out.nii.gz"
    assert main(["subtract", *map(str, parents), "-o", str(out)]) == 0
    assert str(out) in capsys.readouterr().out
    assert main(["subtract", *map(str, parents), "-o", str(out), "--lang", "zh"]) == 0
    assert "病灶 3" in capsys.readouterr().out


def refused(arguments: list[str], capsys) -> str:
    assert main(arguments) == 2
    caught = capsys.readouterr()
    assert caught.out == ""
    assert len(caught.err.strip().splitlines()) == 1
    return caught.err


def test_another_grid_is_refused_and_nothing_is_written(parents: tuple[Path, Path], tmp_path: Path, capsys) -> None:
    outer, inner = parents
    volume = read_mask(inner)
    matrix = volume.grid.ijk_to_ras.copy()
    matrix[2, 3] += 0.01
    moved, cropped = tmp_path / "moved.nii.gz", tmp_path / "cropped.nii.gz"
    write_volume(moved, Volume(volume.array, Grid(volume.grid.shape_kji, matrix)))
    write_volume(cropped, Volume(volume.array[1:], Grid((29, 40, 44), matrix)))
    out = tmp_path / "out.nii.gz"
    before = sorted(tmp_path.iterdir())
    for other in (moved, cropped):
        assert other.name in refused(["subtract", str(outer), str(other), "-o", str(out)], capsys)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("dtype", [np.float32, np.int16])
def test_masks_that_are_none_are_refused(parents: tuple[Path, Path], tmp_path: Path, capsys, dtype) -> None:
    outer = nibabel.load(parents[0])
    bad = tmp_path / "bad.nii.gz"
    nibabel.save(nibabel.Nifti1Image(np.asarray(outer.dataobj).astype(dtype) - dtype(1), outer.affine), bad)
    out = tmp_path / "out.nii.gz"
    assert "bad.nii.gz" in refused(["subtract", str(bad), str(parents[1]), "-o", str(out)], capsys)
    assert not out.exists()


def test_empty_and_swapped_parents_are_refused(parents: tuple[Path, Path], tmp_path: Path, capsys) -> None:
    outer, inner = parents
    empty, out = tmp_path / "empty.nii.gz", tmp_path / "out.nii.gz"
    grid = read_mask(outer).grid
    write_volume(empty, Volume(np.zeros(grid.shape_kji, np.uint8), grid))
    assert "empty" in refused(["subtract", str(empty), str(inner), "-o", str(out)], capsys)
    small = tmp_path / "small.nii.gz"
    write_volume(small, mask(ellipsoid(grid, (2, 0, 0), (3, 3, 3)), grid))
    assert "swapped" in refused(["subtract", str(small), str(inner), "-o", str(out)], capsys)
    assert not out.exists()


def test_a_parent_is_never_overwritten(parents: tuple[Path, Path], capsys) -> None:
    outer, inner = parents
    kept = outer.read_bytes()
    refused(["subtract", str(outer), str(inner), "-o", str(outer)], capsys)
    refused(["subtract", str(outer), str(inner), "-o", str(outer.with_name("out.nii"))], capsys)
    assert outer.read_bytes() == kept
    assert not outer.with_name("out.nii").exists()
