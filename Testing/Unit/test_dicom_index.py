"""Finding and reading files: everything is taken or told, whatever it holds."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import numpy as np
import pydicom
import pytest
from crc_core.dicom.cache import CacheState
from crc_core.dicom.elements import Trouble
from crc_core.dicom.index import FolderIndex, index_folder
from crc_core.errors import CrcError
from dicom_support import AXIAL, Stack, save, uid, voxels
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.sequence import Sequence
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian, RLELossless

SYNTAXES = [
    pydicom.uid.ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
    RLELossless,
]


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def reasons(index: FolderIndex) -> dict[str, Trouble]:
    return {item.path.name: item.trouble for item in index.unreadable}


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_every_transfer_syntax_gives_what_pydicom_reads(tmp_path: Path, cache: Path, syntax: str) -> None:
    nested = Dataset()
    nested.CodeValue, nested.CodeMeaning = "1", "x" * 40
    inner = Dataset()
    inner.PurposeOfReferenceCodeSequence = Sequence([nested, nested])
    stack = Stack(
        voxels(),
        tags={
            "SeriesDescription": "Portal",
            "KVP": 120,
            "SpiralPitchFactor": 1.375,
            "SourceImageSequence": Sequence([inner]),
        },
    )
    paths = stack.write(tmp_path / "d", syntax)
    index = index_folder(tmp_path / "d", cache=cache)
    assert len(index.instances) == 6 and not index.unreadable
    for path, instance in zip(paths, index.instances, strict=True):
        expected = pydicom.dcmread(path, stop_before_pixels=True)
        header = instance.header
        assert instance.path == path and instance.sop_uid == expected.SOPInstanceUID
        assert instance.position_lps_mm == pytest.approx(tuple(expected.ImagePositionPatient))
        assert header.orientation_lps == AXIAL and header.rows == expected.Rows
        assert (header.kvp, header.pitch) == (120.0, 1.375)
        assert header.series_description == "Portal" and header.transfer_syntax == syntax
    assert len({id(instance.header) for instance in index.instances}) == 1


def test_sequences_of_undefined_length_and_private_blocks_are_walked_over(tmp_path: Path, cache: Path) -> None:
    dataset = Stack(voxels((1, 4, 4))).datasets()[0]
    deep = Dataset()
    deep.PatientID = "inside a sequence"
    for _ in range(6):
        outer = Dataset()
        outer.ReferencedImageSequence = Sequence([deep])
        outer["ReferencedImageSequence"].is_undefined_length = True
        deep = outer
    dataset.ReferencedStudySequence = Sequence([deep])
    dataset["ReferencedStudySequence"].is_undefined_length = True
    dataset.private_block(0x0029, "BIG", create=True).add_new(1, "OB", bytes(300_000))
    (tmp_path / "d").mkdir()
    save(dataset, tmp_path / "d" / "a.dcm")
    (instance,) = index_folder(tmp_path / "d", cache=cache).instances
    assert instance.header.kvp is None and instance.header.rows == 4
    assert instance.pixel_bytes == 32


def test_whatever_is_no_usable_dicom_file_is_told_with_its_reason(tmp_path: Path, cache: Path) -> None:
    folder = tmp_path / "混合 100% 文件夹"
    whole = Stack(voxels()).write(folder / "子 目录")[0].read_bytes()
    (folder / "empty.dcm").write_bytes(b"")
    (folder / "note.txt").write_text("not an image")
    (folder / "short.dcm").write_bytes(b"DICM")
    (folder / "cut in pixels.dcm").write_bytes(whole[:-10])
    (folder / "cut in header.dcm").write_bytes(whole[:400])
    (folder / "secure.dcm").write_bytes(bytes.fromhex("3080 0609 2a864886f70d010703 a080") + bytes(64))
    (folder / "noise.dcm").write_bytes(bytes(128) + b"DICM" + os.urandom(500))
    (folder / "zip.dcm").write_bytes(b"PK\x03\x04" + bytes(100))
    index = index_folder(folder, cache=cache)
    assert len(index.instances) == 6
    seen = reasons(index)
    assert seen.pop("noise.dcm") in (Trouble.BROKEN, Trouble.TRUNCATED, Trouble.NOT_DICOM)
    assert seen == {
        "empty.dcm": Trouble.EMPTY,
        "note.txt": Trouble.NOT_DICOM,
        "short.dcm": Trouble.NOT_DICOM,
        "cut in pixels.dcm": Trouble.TRUNCATED,
        "cut in header.dcm": Trouble.TRUNCATED,
        "secure.dcm": Trouble.ENCRYPTED,
        "zip.dcm": Trouble.NOT_DICOM,
    }


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path, cache: Path) -> None:
    paths = Stack(voxels()).write(tmp_path / "d")
    paths[0].chmod(0)
    if os.access(paths[0], os.R_OK):
        pytest.skip("this user may read everything")
    assert reasons(index_folder(tmp_path / "d", cache=cache)) == {paths[0].name: Trouble.NOT_READABLE}


def test_a_missing_folder_is_refused_and_an_empty_one_is_not(tmp_path: Path, cache: Path) -> None:
    with pytest.raises(CrcError) as refusal:
        index_folder(tmp_path / "nowhere", cache=cache)
    assert refusal.value.code == "file.missing"
    (tmp_path / "empty").mkdir()
    assert index_folder(tmp_path / "empty", cache=cache).patients == ()


def test_a_file_instead_of_a_folder_is_refused(tmp_path: Path, cache: Path) -> None:
    (path,) = Stack(voxels((1, 4, 4))).write(tmp_path / "d")
    with pytest.raises(CrcError):
        index_folder(path, cache=cache)


def test_a_dicomdir_is_skipped_and_named(tmp_path: Path, cache: Path) -> None:
    from pydicom.fileset import FileSet

    Stack(voxels((2, 4, 4))).write(tmp_path / "d")
    files = FileSet()
    for path in (tmp_path / "d").iterdir():
        files.add(path)
    files.write(tmp_path / "set")
    index = index_folder(tmp_path / "set", cache=cache)
    assert [path.name for path in index.media_directories] == ["DICOMDIR"]
    assert len(index.instances) == 2 and not index.unreadable


def test_a_file_without_preamble_and_meta_information_is_read(tmp_path: Path, cache: Path) -> None:
    (path,) = Stack(voxels((1, 4, 4))).write(tmp_path / "d", ImplicitVRLittleEndian)
    dataset = pydicom.dcmread(path)
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, True
    write_dataset(buffer, dataset)
    path.write_bytes(buffer.getvalue())
    assert path.read_bytes()[128:132] != b"DICM"
    (instance,) = index_folder(tmp_path / "d", cache=cache).instances
    assert instance.header.rows == 4


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [("ISO_IR 192", "utf-8"), ("GB18030", "gb18030"), ("GBK", "gbk"), ("", "gb18030"), ("ISO_IR 100", "gb18030")],
)
def test_chinese_text_is_read_as_declared_and_as_undeclared(
    tmp_path: Path, cache: Path, declared: str, encoding: str
) -> None:
    dataset = Stack(voxels((1, 4, 4))).datasets()[0]
    dataset.SpecificCharacterSet = declared
    words = "腹部增强 门静脉期"
    data = words.encode(encoding)
    dataset.add_new("SeriesDescription", "LO", "@" * len(data))
    (tmp_path / "d").mkdir()
    path = save(dataset, tmp_path / "d" / "a.dcm")
    path.write_bytes(path.read_bytes().replace(b"@" * len(data), data))
    (instance,) = index_folder(tmp_path / "d", cache=cache).instances
    assert instance.header.series_description == words


def test_iso_2022_names_are_decoded_and_latin_names_stay_latin(tmp_path: Path, cache: Path) -> None:
    from crc_core.dicom.charset import decode_text

    assert decode_text("Müller".encode("latin-1"), b"ISO_IR 100") == "Müller"
    assert decode_text(b"\x1b$)A" + "平扫".encode("gb2312"), b"\\ISO 2022 IR 58") == "平扫"
    assert decode_text(b"\xff\xfe\x00", b"no such set") is not None


def test_an_unchanged_folder_is_not_opened_again(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Stack(voxels()).write(tmp_path / "d")
    (tmp_path / "d" / "note.txt").write_text("no image")
    first = index_folder(tmp_path / "d", cache=cache)
    assert first.cache is CacheState.NEW

    def refuse(*_: object) -> None:
        raise AssertionError("a file was opened")

    monkeypatch.setattr("crc_core.dicom.index.read_elements", refuse)
    again = index_folder(tmp_path / "d", cache=cache)
    assert again.cache is CacheState.UNCHANGED
    assert again.instances == first.instances and again.unreadable == first.unreadable
    assert again.patients == first.patients


def test_a_changed_file_is_read_anew_and_a_removed_one_forgotten(tmp_path: Path, cache: Path) -> None:
    paths = Stack(voxels()).write(tmp_path / "d")
    index_folder(tmp_path / "d", cache=cache)
    paths[0].unlink()
    dataset = pydicom.dcmread(paths[1])
    dataset.SeriesDescription = "new words"
    dataset.save_as(paths[1])
    index = index_folder(tmp_path / "d", cache=cache)
    assert index.cache is CacheState.UPDATED and len(index.instances) == 5
    assert index.instances[0].header.series_description == "new words"
    assert index_folder(tmp_path / "d", cache=cache).cache is CacheState.UNCHANGED


@pytest.mark.parametrize("damage", ["cut", "flip", "other", "empty"])
def test_a_broken_cache_is_made_anew_and_said(tmp_path: Path, cache: Path, damage: str) -> None:
    Stack(voxels()).write(tmp_path / "d")
    first = index_folder(tmp_path / "d", cache=cache)
    (file,) = cache.iterdir()
    data = file.read_bytes()
    flipped = data[:-20] + bytes([data[-20] ^ 1]) + data[-19:]
    file.write_bytes({"cut": data[:-7], "flip": flipped, "other": b"{}", "empty": b""}[damage])
    again = index_folder(tmp_path / "d", cache=cache)
    assert again.cache is CacheState.REBUILT and again.instances == first.instances
    assert index_folder(tmp_path / "d", cache=cache).cache is CacheState.UNCHANGED


def test_of_too_many_folders_those_indexed_longest_ago_are_forgotten(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crc_core.dicom.cache.MOST_FOLDERS", 4)
    folders = [tmp_path / f"d{number}" for number in range(5)]
    remembered: set[Path] = set()
    for hours_ago, folder in zip((5, 4, 3, 2), folders, strict=False):
        Stack(voxels()).write(folder)
        index_folder(folder, cache=cache)
        (new,) = set(cache.glob("*.json")) - remembered
        remembered.add(new)
        os.utime(new, (time.time() - 3600 * hours_ago,) * 2)
    (cache / "events").mkdir()
    assert index_folder(folders[0], cache=cache).cache is CacheState.UNCHANGED, "it is looked at again"
    Stack(voxels()).write(folders[4])
    index_folder(folders[4], cache=cache)
    assert len(list(cache.glob("*.json"))) == 3 and (cache / "events").is_dir()
    states = [index_folder(folders[number], cache=cache).cache for number in (0, 3, 4, 1)]
    assert states == [*[CacheState.UNCHANGED] * 3, CacheState.NEW]


def test_the_cache_holds_no_identity_and_is_for_its_owner_alone(tmp_path: Path, cache: Path) -> None:
    Stack(voxels(), patient="SECRET77").write(tmp_path / "d")
    index_folder(tmp_path / "d", cache=cache)
    (file,) = cache.iterdir()
    assert b"SECRET77" not in file.read_bytes() and b"19600101" not in file.read_bytes()
    if os.name != "nt":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_cache_that_cannot_be_written_costs_no_answer(tmp_path: Path) -> None:
    Stack(voxels()).write(tmp_path / "d")
    (tmp_path / "file").write_text("a file where a folder should be")
    index = index_folder(tmp_path / "d", cache=tmp_path / "file")
    assert index.cache is CacheState.NOT_WRITTEN and len(index.instances) == 6


def test_progress_is_told_and_work_can_be_cancelled(tmp_path: Path, cache: Path) -> None:
    Stack(voxels()).write(tmp_path / "d")
    told: list[tuple[int, int]] = []
    index_folder(tmp_path / "d", cache=cache, on_progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (6, 6)
    with pytest.raises(CrcError) as refusal:
        index_folder(tmp_path / "d", cache=cache, cancelled=lambda: True)
    assert refusal.value.code == "dicom.cancelled"


def test_links_that_loop_do_not_hang(tmp_path: Path, cache: Path) -> None:
    Stack(voxels((1, 4, 4))).write(tmp_path / "d")
    try:
        (tmp_path / "d" / "loop").symlink_to(tmp_path / "d", target_is_directory=True)
        (tmp_path / "d" / "dangling").symlink_to(tmp_path / "gone")
    except OSError:
        pytest.skip("no links here")
    assert len(index_folder(tmp_path / "d", cache=cache).instances) == 1


def test_wrong_values_become_nothing_instead_of_an_error(tmp_path: Path, cache: Path) -> None:
    dataset = Stack(voxels((1, 4, 4)), tags={"AcquisitionTime": "101112"}).datasets()[0]
    (tmp_path / "d").mkdir()
    path = save(dataset, tmp_path / "d" / "a.dcm")
    data = path.read_bytes().replace(b"-50\\-40\\-30 ", b"-50\\nan\\-30 ").replace(b"101112", b"999999")
    path.write_bytes(data)
    (instance,) = index_folder(tmp_path / "d", cache=cache).instances
    assert instance.position_lps_mm is None and instance.acquired_s is None
    assert not index_folder(tmp_path / "d", cache=cache).series[0].is_placed


def test_instances_of_one_file_set_keep_their_numbers(tmp_path: Path, cache: Path) -> None:
    Stack(voxels(), series="a").write(tmp_path / "d")
    index = index_folder(tmp_path / "d", cache=cache)
    assert [instance.number for instance in index.instances] == [1, 2, 3, 4, 5, 6]
    assert np.all(np.diff(index.series[0].positions_lps_mm[:, 2]) > 0)
    assert index.series[0].series_uid == uid("study", "a")
