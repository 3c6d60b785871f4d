"""The NIfTI codec against masks that are none, broken headers, cut, padded, flipped and hostile files."""

from __future__ import annotations

import gzip
import struct
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from crc_core.errors import CrcError
from crc_core.files.nifti import encode, read_header, read_mask
from crc_core.geometry.grid import Grid, Volume
from seam_support import RawNifti, rotation


def refused(path: Path, *codes: str) -> None:
    with pytest.raises(CrcError) as caught:
        read_mask(path)
    assert caught.value.code in codes
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("array", "code", "expected"),
    [
        (np.full((1, 1, 2), 1.0, np.float32), 16, "mask.float"),
        (np.array([[[0, -1]]], np.int16), 4, "mask.range"),
        (np.array([[[0, 256]]], np.int16), 4, "mask.range"),
        (np.array([[[0, 2**62]]], np.int64), 1024, "mask.range"),
    ],
)
def test_what_cannot_be_lesion_numbers_is_refused(tmp_path: Path, array: np.ndarray, code: int, expected: str) -> None:
    refused(RawNifti(array, code).write(tmp_path / "a.nii.gz"), expected)


def test_a_scaled_mask_is_refused(tmp_path: Path) -> None:
    refused(RawNifti(np.ones((1, 1, 2), np.uint8), 2, slope=0.5).write(tmp_path / "a.nii"), "mask.float")


@pytest.mark.parametrize(("code", "dtype"), [(4, "i2"), (512, "u2"), (8, "i4"), (1024, "i8"), (256, "i1")])
def test_whole_numbers_in_range_become_lesion_numbers(tmp_path: Path, code: int, dtype: str) -> None:
    array = np.array([[[0, 1, 127]]], dtype)
    mask = read_mask(RawNifti(array, code).write(tmp_path / "a.nii.gz")).array
    assert mask.dtype == np.uint8
    assert mask.tolist() == [[[0, 1, 127]]]


def test_a_mask_on_another_grid_is_refused_with_the_difference(tmp_path: Path) -> None:
    path = RawNifti(np.ones((2, 3, 4), np.uint8), 2).write(tmp_path / "a.nii.gz")
    with pytest.raises(CrcError) as caught:
        read_mask(path, Grid.from_spacing((3, 3, 4), (1, 1, 1)))
    assert caught.value.code == "grid.differs_shape"
    assert "4 × 3 × 2" in str(caught.value)
    with pytest.raises(CrcError) as caught:
        read_mask(path, Grid.from_spacing((2, 3, 4), (1, 1, 1), (0, 0, 0.002)))
    assert caught.value.code == "grid.differs_place"
    assert caught.value.values["distance_mm"] == pytest.approx(0.002, abs=1e-6)
    assert read_mask(path, Grid.from_spacing((2, 3, 4), (1, 1, 1), (0, 0, 0.0009))).array.all()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"magic": b"ni1\0"}, "nifti.not_nifti"),
        ({"code": 32}, "nifti.data_type"),
        ({"dims": (0, 4, 3, 2, 1, 1, 1, 1)}, "nifti.broken_header"),
        ({"dims": (9, 4, 3, 2, 1, 1, 1, 1)}, "nifti.broken_header"),
        ({"dims": (3, 4, -3, 2, 1, 1, 1, 1)}, "nifti.broken_header"),
        ({"dims": (4, 4, 3, 1, 2, 1, 1, 1)}, "nifti.dimensions"),
        ({"dims": (3, 32767, 32767, 32767, 1, 1, 1, 1)}, "nifti.too_large"),
        ({"offset": 0.0}, "nifti.broken_header"),
        ({"offset": 1e9}, "nifti.broken_header"),
        ({"offset": float("nan")}, "nifti.broken_header"),
        ({"sform": None}, "nifti.no_place"),
        ({"sform": np.zeros((4, 4))}, "nifti.broken_header"),
        ({"sform": np.full((4, 4), np.nan)}, "nifti.broken_header"),
        ({"quaternion": (0.9, 0.9, 0.9)}, "nifti.broken_header"),
        ({"quaternion": (1.0, 0.0, 0.0)}, "nifti.two_places"),
    ],
)
def test_a_header_that_makes_no_sense_is_refused(tmp_path: Path, change: dict[str, object], code: str) -> None:
    raw = RawNifti(np.ones((2, 3, 4), np.uint8), 2)
    for name, value in change.items():
        setattr(raw, name, value)
    refused(raw.write(tmp_path / "a.nii"), code)


@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
def test_every_truncation_is_refused(tmp_path: Path, ending: str) -> None:
    whole = RawNifti(np.arange(24, dtype=np.uint8).reshape(2, 3, 4), 2).write(tmp_path / f"whole{ending}").read_bytes()
    path = tmp_path / f"a{ending}"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        refused(path, "nifti.truncated", "nifti.not_nifti", "nifti.broken_gzip")


@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
@pytest.mark.parametrize("tail", [b"x", b"\1" * 100, gzip.compress(b"more", mtime=0)])
def test_data_behind_the_image_is_refused(tmp_path: Path, ending: str, tail: bytes) -> None:
    path = RawNifti(np.ones((2, 3, 4), np.uint8), 2).write(tmp_path / f"a{ending}")
    path.write_bytes(path.read_bytes() + tail)
    refused(path, "nifti.trailing", "nifti.broken_gzip")


def test_every_flipped_bit_of_compressed_voxels_is_noticed(tmp_path: Path) -> None:
    """The checksum covers the image; bits of the gzip header that carry no data may differ."""
    array = np.random.default_rng(3).integers(0, 255, (2, 5, 6), np.uint8)
    path = RawNifti(array, 2).write(tmp_path / "a.nii.gz")
    whole = path.read_bytes()
    for position in range(10, len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 1 << (position % 8)
        path.write_bytes(bytes(damaged))
        with pytest.raises(CrcError):
            read_mask(path)


def test_a_bomb_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    head = RawNifti(np.ones((2, 3, 4), np.uint8), 2).header()
    path = tmp_path / "bomb.nii.gz"
    path.write_bytes(gzip.compress(head + b"\1" * (64 << 20), 1, mtime=0))
    tracemalloc.start()
    refused(path, "nifti.trailing")
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 4 << 20


def test_a_promise_of_gigabytes_without_data_is_refused(tmp_path: Path) -> None:
    raw = RawNifti(np.ones((2, 3, 4), np.uint8), 2, dims=(3, 2000, 2000, 2000, 1, 1, 1, 1))
    for ending in (".nii", ".nii.gz"):
        refused(raw.write(tmp_path / f"a{ending}"), "nifti.truncated", "nifti.too_large")


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b", b"n+1\0" * 200, b"\x1f\x8b" + b"\0" * 400, bytes(400)])
def test_what_is_no_nifti_is_told_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.nii.gz").write_bytes(content)
    refused(tmp_path / "a.nii.gz", "nifti.not_nifti", "nifti.broken_gzip")


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    refused(tmp_path / "none.nii.gz", "file.missing")
    refused(tmp_path, "file.trouble", "file.not_permitted")
    with pytest.raises(CrcError):
        read_header(tmp_path / "none.nii.gz")


def fuzz(path: Path, whole: bytes, generator: np.random.Generator) -> str:
    """Damage a file at random, read it, and say how that ended: the code of the refusal, or "read"."""
    damaged = bytearray(whole)
    for _ in range(generator.integers(1, 5)):
        kind, position = generator.integers(0, 5), int(generator.integers(0, max(len(damaged), 1)))
        if kind == 0 and damaged:
            damaged[position % len(damaged)] = int(generator.integers(0, 256))
        elif kind == 1:
            del damaged[position:]
        elif kind == 2:
            damaged[position:position] = generator.bytes(int(generator.integers(1, 40)))
        elif kind == 3:
            del damaged[position : position + int(generator.integers(1, 40))]
        elif len(damaged) >= 352:
            struct.pack_into(
                "<h", damaged, int(generator.integers(20, 174)) * 2, int(generator.integers(-(1 << 15), 1 << 15))
            )
    path.write_bytes(bytes(damaged))
    outcomes = []
    for read in (read_mask, read_header):
        try:
            read(path)
            outcomes.append("read")
        except CrcError as error:
            assert str(path) in str(error)
            outcomes.append(error.code)
    return outcomes[0]


def fuzz_many(tmp_path: Path, rounds: int, seed: int) -> dict[str, int]:
    generator = np.random.default_rng(seed)
    array = generator.integers(0, 4, (4, 9, 11), np.uint8)
    matrix = np.eye(4)
    matrix[:3, :3] = rotation((1, 2, 3), 20) * (0.7, 0.8, 5.0)
    sources = [
        encode(Volume(array, Grid(array.shape, matrix)), tmp_path / "a.nii.gz"),
        RawNifti(array, 2, ">").write(tmp_path / "b.nii").read_bytes(),
        RawNifti(array.astype(np.int16), 4, "<", slope=2.0).write(tmp_path / "c.nii.gz", 3).read_bytes(),
    ]
    outcomes: dict[str, int] = {}
    for number in range(rounds):
        ending = ".nii" if number % 3 == 1 else ".nii.gz"
        outcome = fuzz(tmp_path / f"damaged{ending}", sources[number % 3], generator)
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    return outcomes


def test_damage_at_random_ends_in_a_sentence_or_an_image(tmp_path: Path) -> None:
    outcomes = fuzz_many(tmp_path, 1500, seed=20250101)
    assert {"nifti.truncated", "nifti.broken_gzip", "nifti.not_nifti", "nifti.trailing"} <= set(outcomes)


@pytest.mark.full
def test_much_damage_at_random_ends_in_a_sentence_or_an_image(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outcomes = fuzz_many(tmp_path, 100_000, seed=20250102)
    assert {"nifti.truncated", "nifti.broken_gzip", "nifti.not_nifti", "nifti.trailing"} <= set(outcomes)
    figures = [f"  {code}: {count}" for code, count in sorted(outcomes.items(), key=lambda item: -item[1])]
    with capsys.disabled():
        sys.stdout.write("\n".join(["", "100000 damaged NIfTI files:", *figures, ""]))
