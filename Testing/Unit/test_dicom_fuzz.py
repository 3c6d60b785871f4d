"""Damaged DICOM: the index always answers, within bounded memory, and opening gives voxels or one refusal."""

from __future__ import annotations

import io
import random
import struct
import tracemalloc
from pathlib import Path

import pytest
from crc_core.dicom.elements import HeaderError, read_elements
from crc_core.dicom.index import index_folder
from crc_core.dicom.instance import WANTED_TAGS
from crc_core.dicom.volume import open_series
from crc_core.errors import CrcError
from dicom_support import Stack, enhanced, save, voxels
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGLSLossless, RLELossless

SYNTAXES = [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, RLELossless, JPEGLSLossless]
PREAMBLE = bytes(128) + b"DICM"


def read_quietly(data: bytes) -> None:
    try:
        read_elements(io.BytesIO(data), len(data), WANTED_TAGS)
    except HeaderError:
        return


@settings(max_examples=300)
@given(st.binary(max_size=600))
def test_noise_after_the_magic_word_is_answered(data: bytes) -> None:
    read_quietly(PREAMBLE + data)
    read_quietly(data)


def mutated(data: bytes, rng: random.Random) -> bytes:
    """A file with some bytes changed, cut out, doubled or cut off, mostly in its header."""
    changed = bytearray(data)
    marks = (b"\xff\xff\xff\xff", b"\x00\x00\x00\x00", b"\xff\xff\xff\x7f", b"SQ\x00\x00")
    for _ in range(rng.choice((1, 2, 5, 30))):
        at = rng.randrange(min(128, len(changed) - 1), min(len(changed), 2500))
        kind = rng.randrange(5)
        if kind == 0:
            changed[at] = rng.randrange(256)
        elif kind == 1:
            changed[at : at + 4] = rng.choice(marks)
        elif kind == 2:
            del changed[at : at + rng.randrange(1, 12)]
        elif kind == 3:
            changed[at:at] = changed[at : at + rng.randrange(1, 40)]
        elif rng.random() < 0.1:
            del changed[at:]
    return bytes(changed)


def hundred_damaged_files(folder: Path, syntax: str, seed: int, count: int) -> None:
    rng = random.Random(seed)
    sources = [path.read_bytes() for path in Stack(voxels((2, 12, 12))).write(folder / "whole", syntax)]
    multi = save(enhanced(Stack(voxels((3, 8, 8)))), folder / "whole" / "multi.dcm")
    sources.append(multi.read_bytes())
    for number in range(count):
        (folder / f"{number:04d}.dcm").write_bytes(mutated(rng.choice(sources), rng))


def open_all(folder: Path, cache: Path) -> None:
    index = index_folder(folder, cache=cache)
    total = len({instance.location for instance in index.instances})
    assert total + len(index.unreadable) + len(index.media_directories) == sum(
        path.is_file() for path in folder.rglob("*")
    )
    for series in index.series:
        try:
            volume = open_series(series, allow_unsound=True)
        except CrcError as error:
            assert str(error) and error.code.startswith(("dicom.", "file."))
        else:
            assert volume.array.shape == volume.grid.shape_kji


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_damaged_files_are_told_and_never_raise(tmp_path: Path, syntax: str) -> None:
    hundred_damaged_files(tmp_path / "d", syntax, SYNTAXES.index(syntax), 60)
    open_all(tmp_path / "d", tmp_path / "cache")


@pytest.mark.full
@pytest.mark.parametrize("seed", range(20))
def test_many_damaged_files_are_told_and_never_raise(tmp_path: Path, seed: int) -> None:
    hundred_damaged_files(tmp_path / "d", SYNTAXES[seed % len(SYNTAXES)], 1000 + seed, 1000)
    open_all(tmp_path / "d", tmp_path / "cache")


def element(group: int, number: int, vr: bytes, length: int, value: bytes = b"") -> bytes:
    if vr in (b"SQ", b"OB", b"UN", b"OW"):
        return struct.pack("<HH2sHL", group, number, vr, 0, length) + value
    return struct.pack("<HH2sH", group, number, vr, length) + value


META = element(2, 0x10, b"UI", 20, b"1.2.840.10008.1.2.1\0")
ITEM = struct.pack("<HHL", 0xFFFE, 0xE000, 0xFFFFFFFF)


@pytest.mark.parametrize(
    "body",
    [
        (element(8, 0x1140, b"SQ", 0xFFFFFFFF) + ITEM) * 5000,
        (element(8, 0x1140, b"UN", 0xFFFFFFFF) + ITEM) * 5000,
        element(8, 0x103E, b"OB", 0xFFFFFFF0),
        element(0x7FE0, 0x10, b"OW", 0x7FFFFFFF),
        element(0x7FE0, 0x10, b"OB", 0xFFFFFFFF) + struct.pack("<HHL", 0xFFFE, 0xE000, 0xFFFFFFFE),
        element(0x7FE0, 0x10, b"OB", 0xFFFFFFFF) + struct.pack("<HHL", 0xFFFE, 0xE000, 0) * 200_000,
        element(8, 0x60, b"CS", 0) * 300_000,
        struct.pack("<HHL", 0xFFFE, 0xE0DD, 0),
        element(8, 0x60, b"ZZ", 2, b"CT"),
        element(8, 0x60, b"CS", 0xFFFE, bytes(0xFFFE)) + element(0x20, 0x32, b"DS", 0xFFF0, b"9" * 0xFFF0),
    ],
    ids=["deep", "deep-unknown", "huge", "huge-pixels", "huge-fragment", "many-fragments", "many", "end", "vr", "long"],
)
def test_hostile_structures_cost_neither_memory_nor_a_crash(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "hostile.dcm").write_bytes(PREAMBLE + META + body)
    tracemalloc.start()
    try:
        index = index_folder(tmp_path / "d", cache=tmp_path / "cache")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(index.unreadable) == 1 and not index.instances
    assert peak < 16 * 1024 * 1024


def test_a_deflate_bomb_is_not_inflated_whole(tmp_path: Path) -> None:
    import zlib

    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(element(8, 0x1140, b"UN", 0x10000000) + bytes(0x10000000)) + packer.flush()
    meta = element(2, 0x10, b"UI", 22, b"1.2.840.10008.1.2.1.99")
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "bomb.dcm").write_bytes(PREAMBLE + meta + packed)
    tracemalloc.start()
    try:
        index = index_folder(tmp_path / "d", cache=tmp_path / "cache")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(index.unreadable) == 1 and peak < 64 * 1024 * 1024


def test_a_header_that_claims_too_many_pixels_is_refused_before_memory_is_taken(tmp_path: Path) -> None:
    datasets = Stack(voxels((3, 8, 8))).datasets()
    (tmp_path / "d").mkdir()
    for number, dataset in enumerate(datasets):
        dataset.Rows = dataset.Columns = 65535
        save(dataset, tmp_path / "d" / f"{number}.dcm")
    index = index_folder(tmp_path / "d", cache=tmp_path / "cache")
    assert len(index.unreadable) == 3
