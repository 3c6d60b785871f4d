"""Sealed folders: whole or not there, and anything altered, missing or added since is named."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest
from crc_core.errors import CrcError
from crc_core.files import atomic, sealed
from crc_core.files.canonical import canonical_bytes
from crc_core.files.sealed import MANIFEST_NAME, SealedFolder, open_sealed, seal

FILES = {"reading.json": b'{"a":1}', "masks/CRC-01-000001-A_T0_PVP_primary.nii.gz": b"\x1f\x8b" * 40, "empty": b""}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "读片 1"


@pytest.fixture
def whole(folder: Path) -> SealedFolder:
    return seal(folder, FILES)


def refusal_of(folder: Path) -> CrcError:
    with pytest.raises(CrcError) as caught:
        open_sealed(folder)
    return caught.value


def test_what_was_sealed_is_read_back(whole: SealedFolder, folder: Path) -> None:
    again = open_sealed(folder)
    assert again.sha256 == whole.sha256
    assert {name: again.read(name) for name in again.manifest.files} == FILES
    assert {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()} == {*FILES, MANIFEST_NAME}


def test_the_same_content_has_the_same_identity_wherever_it_lies(whole: SealedFolder, tmp_path: Path) -> None:
    other = seal(tmp_path / "elsewhere", dict(reversed(FILES.items())))
    moved = shutil.copytree(whole.folder, tmp_path / "copied")
    assert whole.sha256 == other.sha256 == open_sealed(Path(moved)).sha256


def test_another_byte_and_another_name_are_another_identity(whole: SealedFolder, tmp_path: Path) -> None:
    other_byte = seal(tmp_path / "byte", {**FILES, "empty": b"x"})
    other_name = seal(tmp_path / "name", {**{name: FILES[name] for name in list(FILES)[:2]}, "empty2": b""})
    assert len({whole.sha256, other_byte.sha256, other_name.sha256}) == 3


@pytest.mark.parametrize("name", FILES)
def test_every_changed_byte_is_noticed(whole: SealedFolder, folder: Path, name: str) -> None:
    original = (folder / name).read_bytes()
    flipped = bytes([original[0] ^ 1]) + original[1:] if original else b"y"
    for changed in {original + b"x", original[:-1], flipped} - {original}:
        (folder / name).write_bytes(changed)
        error = refusal_of(folder)
        assert (error.code, error.path) == ("sealed.altered", folder / name)
        with pytest.raises(CrcError):
            whole.read(name)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(whole: SealedFolder, folder: Path, name: str) -> None:
    (folder / name).unlink()
    error = refusal_of(folder)
    assert (error.code, error.path) == ("sealed.missing", folder / name)
    with pytest.raises(CrcError):
        whole.read(name)


@pytest.mark.usefixtures("whole")
def test_a_foreign_file_is_named(folder: Path) -> None:
    (folder / "masks" / "extra.nii.gz").write_bytes(b"x")
    error = refusal_of(folder)
    assert (error.code, error.path) == ("sealed.foreign", folder / "masks" / "extra.nii.gz")


def test_only_listed_files_are_read(whole: SealedFolder) -> None:
    with pytest.raises(CrcError) as caught:
        whole.read("../outside")
    assert caught.value.code == "sealed.missing"


@pytest.mark.parametrize(
    "name", ["../outside", "/etc/hosts", "a/../../b", "a\\b", ".hidden", "a//b", "", "MANIFEST.json"]
)
def test_names_that_lead_elsewhere_are_never_sealed(folder: Path, name: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        seal(folder, {name: b"x"})
    assert not folder.exists()
    assert list(folder.parent.iterdir()) == []


@pytest.mark.parametrize("name", ["../outside", "/etc/hosts", "a/../../b"])
@pytest.mark.usefixtures("whole")
def test_a_manifest_that_leads_elsewhere_is_refused(folder: Path, name: str) -> None:
    document = {"schema": sealed.MANIFEST_SCHEMA, "files": {name: {"sha256": "0" * 64, "bytes": 1}}}
    (folder / MANIFEST_NAME).write_bytes(canonical_bytes(document))
    assert refusal_of(folder).code == "sealed.bad_name"


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"schema": "crc-manifest/1"}', b'{"schema": "other/1"}'])
@pytest.mark.usefixtures("whole")
def test_a_broken_manifest_is_named(folder: Path, content: bytes) -> None:
    (folder / MANIFEST_NAME).write_bytes(content)
    error = refusal_of(folder)
    assert error.code.startswith("json.")
    assert error.path == folder / MANIFEST_NAME


def test_a_folder_that_is_there_is_not_sealed_over(whole: SealedFolder, folder: Path) -> None:
    with pytest.raises(CrcError) as caught:
        seal(folder, {"other": b"x"})
    assert caught.value.code == "sealed.exists"
    assert open_sealed(folder).sha256 == whole.sha256


@pytest.mark.parametrize("fails_at", range(1, 9))
def test_a_disk_that_fills_at_any_file_leaves_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, fails_at: int
) -> None:
    flush, calls = os.fsync, []

    def fill(handle: int) -> None:
        calls.append(handle)
        if len(calls) == fails_at:
            raise OSError(errno.ENOSPC, "No space left on device")
        flush(handle)

    monkeypatch.setattr(atomic.os, "fsync", fill)
    with pytest.raises(CrcError) as caught:
        seal(folder, FILES)
    assert caught.value.code == "file.disk_full"
    assert list(folder.parent.iterdir()) == []
