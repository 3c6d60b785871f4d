"""A folder written whole or not at all: what ends well is there, what fails leaves nothing, not even a part."""

from __future__ import annotations

from pathlib import Path

import pytest
from crc_core.errors import CrcError
from crc_core.files.atomic import PART_SUFFIX
from crc_core.files.whole_folder import whole_folder


def fill(folder: Path) -> None:
    with whole_folder(folder) as part:
        assert part.parent == folder.parent
        assert part.name.startswith(".")
        assert part.name.endswith(PART_SUFFIX)
        (part / "a.txt").write_text("whole", encoding="utf-8")
        assert not (folder / "a.txt").exists()


@pytest.mark.parametrize("name", ["new", "deeper/down/new", "新的文件夹" * 12])
def test_what_was_filled_becomes_the_folder_and_nothing_else_is_left(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    fill(folder)
    assert (folder / "a.txt").read_text(encoding="utf-8") == "whole"
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    fill(tmp_path / "empty")
    assert [path.name for path in (tmp_path / "empty").iterdir()] == ["a.txt"]


@pytest.mark.parametrize("trouble", [CrcError("file.missing"), KeyboardInterrupt(), OSError("disk")])
def test_a_failure_passes_through_and_leaves_nothing(tmp_path: Path, trouble: BaseException) -> None:
    folder = tmp_path / "new"
    with pytest.raises(type(trouble)) as caught, whole_folder(folder) as part:
        (part / "a.txt").write_text("half", encoding="utf-8")
        raise trouble
    assert caught.value is trouble
    assert list(tmp_path.iterdir()) == []


def test_what_another_writer_placed_meanwhile_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    with pytest.raises(CrcError) as caught, whole_folder(folder):
        folder.mkdir()
        (folder / "theirs.txt").write_text("first", encoding="utf-8")
    assert caught.value.path == folder
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
    assert (folder / "theirs.txt").read_text(encoding="utf-8") == "first"


def test_a_place_below_a_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(CrcError) as caught, whole_folder(tmp_path / "file" / "new"):
        raise AssertionError
    assert caught.value.path == tmp_path / "file" / "new"
