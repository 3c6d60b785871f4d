"""Files that are whole or not there: full and read-only disks, kills at any moment, several writers at once."""

from __future__ import annotations

import ctypes
import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from crc_core.errors import CrcError
from crc_core.files import atomic
from crc_core.files.atomic import create_exclusively, read_bytes, sha256_of, write_bytes

OLD, NEW = b"old " * 1000, b"new " * 3000
WRITE = """
import sys
from pathlib import Path
from crc_core.files.atomic import write_bytes
path = Path(sys.argv[1])
print("ready", flush=True)
while True:
    for letter in b"ab":
        write_bytes(path, bytes([letter]) * 300_000)
"""
CLAIM = """
import json, sys
from pathlib import Path
from crc_core.files import atomic
folder, writer, links = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "links"
if not links:
    def refuse(*_):
        raise OSError(95, "no links here")
    atomic.os.link = refuse
numbers = list(range(100))
won = [n for n in numbers[writer * 25:] + numbers[:writer * 25]
       if atomic.create_exclusively(folder / f"{n:04d}.json", f"{writer} {n} ".encode() * 50)]
print(json.dumps(won))
"""


def failing(number: int) -> Callable[..., None]:
    def fail(*_words: object, **_settings: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


def refusal(write: Callable[[], object]) -> str:
    with pytest.raises(CrcError) as caught:
        write()
    return caught.value.code


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 64 KiB, where this process may mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    if sys.platform != "linux":
        pytest.skip("needs Linux")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"none", os.fsencode(folder), b"tmpfs", 0, b"size=64k") != 0:
        pytest.skip(f"may not mount a file system: {os.strerror(ctypes.get_errno())}")
    yield folder
    libc.umount2(os.fsencode(folder), 2)


@pytest.mark.parametrize("name", ["a.json", "直肠 报告.json", "100% {x} %s.json", "长" * 83 + ".json", "x" * 255])
@pytest.mark.parametrize("data", [b"", b"x", OLD])
def test_what_is_written_is_there_and_nothing_else(tmp_path: Path, name: str, data: bytes) -> None:
    write_bytes(tmp_path / name, data)
    assert read_bytes(tmp_path / name) == data
    assert sha256_of(tmp_path / name) == hashlib.sha256(data).hexdigest()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a", NEW)
    write_bytes(tmp_path / "a", OLD)
    assert read_bytes(tmp_path / "a") == OLD


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "file.disk_full"),
        (errno.EDQUOT, "file.disk_full"),
        (errno.EROFS, "file.read_only"),
        (errno.EIO, "file.trouble"),
        (errno.ESTALE, "file.trouble"),
    ],
)
@pytest.mark.parametrize("write", [write_bytes, create_exclusively])
def test_a_disk_that_refuses_leaves_the_old_file_and_no_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path, bytes], object], number: int, code: str
) -> None:
    (tmp_path / "old").write_bytes(OLD)
    target = tmp_path / ("old" if write is write_bytes else "new")
    monkeypatch.setattr(atomic.os, "fsync", failing(number))
    assert refusal(lambda: write(target, NEW)) == code
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    assert (tmp_path / "old").read_bytes() == OLD


def test_without_links_a_disk_that_fills_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flush, calls = os.fsync, []

    def fills_at_the_second(handle: int) -> None:
        calls.append(handle)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        flush(handle)

    monkeypatch.setattr(atomic.os, "link", failing(errno.EPERM))
    monkeypatch.setattr(atomic.os, "fsync", fills_at_the_second)
    assert refusal(lambda: create_exclusively(tmp_path / "new", NEW)) == "file.disk_full"
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_in_earnest(small_disk: Path) -> None:
    write_bytes(small_disk / "a", b"x" * 20_000)
    assert refusal(lambda: write_bytes(small_disk / "a", b"y" * 200_000)) == "file.disk_full"
    assert refusal(lambda: create_exclusively(small_disk / "b", b"y" * 200_000)) == "file.disk_full"
    assert read_bytes(small_disk / "a") == b"x" * 20_000
    assert [path.name for path in small_disk.iterdir()] == ["a"]


def test_a_read_only_disk_in_earnest(small_disk: Path) -> None:
    write_bytes(small_disk / "a", OLD)
    libc = ctypes.CDLL(None, use_errno=True)
    remount_read_only = 32 | 1
    if libc.mount(b"none", os.fsencode(small_disk), b"tmpfs", remount_read_only, None) != 0:
        pytest.skip("may not remount")
    assert refusal(lambda: write_bytes(small_disk / "a", NEW)) == "file.read_only"
    assert read_bytes(small_disk / "a") == OLD


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="needs file size limits")
def test_a_file_the_system_will_not_let_grow(tmp_path: Path) -> None:
    program = (
        "import resource, sys; from pathlib import Path; from crc_core.errors import CrcError; "
        "from crc_core.files.atomic import write_bytes; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try:\n    write_bytes(Path(sys.argv[1]), b'x' * 5000)\nexcept CrcError as error:\n    print(error.code)"
    )
    (tmp_path / "a").write_bytes(OLD)
    result = subprocess.run([sys.executable, "-c", program, tmp_path / "a"], capture_output=True, check=True, text=True)
    assert result.stdout.strip() == "file.trouble"
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [OLD]


def test_what_reads_back_differently_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(OLD)
    write_through = atomic._write_through
    monkeypatch.setattr(atomic, "_write_through", lambda path, data: write_through(path, data[:-1] + b"?"))
    assert refusal(lambda: write_bytes(tmp_path / "a", NEW)) == "file.read_back"
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [OLD]


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP])
def test_a_share_that_cannot_flush_folders_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    flush = os.fsync
    of_folders = failing(number)
    monkeypatch.setattr(
        atomic.os, "fsync", lambda handle: of_folders() if Path(f"/dev/fd/{handle}").is_dir() else flush(handle)
    )
    write_bytes(tmp_path / "a", NEW)
    assert create_exclusively(tmp_path / "b", NEW)
    assert read_bytes(tmp_path / "a") == read_bytes(tmp_path / "b") == NEW


@pytest.mark.parametrize("write", [write_bytes, create_exclusively])
def test_a_folder_that_is_not_there_is_named(tmp_path: Path, write: Callable[[Path, bytes], object]) -> None:
    path = tmp_path / "none" / "a.json"
    with pytest.raises(CrcError) as caught:
        write(path, b"x")
    assert caught.value.code == "file.missing"
    assert caught.value.path == path


def test_a_share_that_vanishes_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "replace", failing(errno.EHOSTDOWN))
    with pytest.raises(CrcError) as caught:
        write_bytes(tmp_path / "a", NEW)
    assert caught.value.code == "file.trouble"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="no folder is closed to an administrator")
def test_a_folder_without_the_right_to_write_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert refusal(lambda: write_bytes(tmp_path / "a", NEW)) == "file.not_permitted"
    tmp_path.chmod(0o700)


def test_the_first_to_create_keeps_the_name(tmp_path: Path) -> None:
    assert create_exclusively(tmp_path / "a", OLD)
    assert not create_exclusively(tmp_path / "a", NEW)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [OLD]


def test_without_links_the_first_to_create_keeps_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atomic.os, "link", failing(errno.ENOTSUP))
    assert create_exclusively(tmp_path / "a", OLD)
    assert not create_exclusively(tmp_path / "a", NEW)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [OLD]


@pytest.mark.parametrize("way", ["links", "no-links"])
def test_four_writers_never_both_win_a_name(tmp_path: Path, way: str) -> None:
    command = [sys.executable, "-c", CLAIM, str(tmp_path)]
    writers = [subprocess.Popen([*command, str(n), way], stdout=subprocess.PIPE, text=True) for n in range(4)]
    won = [json.loads(writer.communicate(timeout=120)[0]) for writer in writers]
    assert sorted(number for numbers in won for number in numbers) == list(range(100))
    for writer, numbers in enumerate(won):
        for number in numbers:
            assert (tmp_path / f"{number:04d}.json").read_bytes() == f"{writer} {number} ".encode() * 50
    assert len(list(tmp_path.iterdir())) == 100


@pytest.mark.skipif(os.name == "nt", reason="needs kill -9")
def test_a_writer_killed_at_any_moment_leaves_the_old_file_or_the_new(tmp_path: Path) -> None:
    path = tmp_path / "mask.nii.gz"
    left_over = 0
    for round_number in range(25):
        writer = subprocess.Popen([sys.executable, "-c", WRITE, str(path)], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        time.sleep(0.003 + 0.0007 * round_number)
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        if path.exists():
            assert path.read_bytes() in (b"a" * 300_000, b"b" * 300_000)
        rest = [item for item in tmp_path.iterdir() if item != path]
        left_over += len(rest)
        assert all(item.name.startswith(".") and item.name.endswith(".part") for item in rest)
    assert path.exists()
    assert list(tmp_path.glob("*.nii.gz")) == [path]
    assert left_over, "no kill fell into a writing: the test proves nothing"
