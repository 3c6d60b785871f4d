"""What was fetched from servers stays below a size; what was used longest ago goes, and never what is in use."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from crc_core.desk.fetch_images import fetched_bodies
from crc_core.desk.job_forms import Fetched, FetchedImage
from crc_core.store.remote.body_cache import FINALS, IMAGES, READINGS, BodyCache, Room, in_use
from crc_core.vocabulary import Role

ROOM = Room(most_bytes=1000, least_free_bytes=0, rests_s=60)
HOUR_S = 3600.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The cache's folder, as it is before anything was fetched."""
    return tmp_path / "缓存" / "server"


def item(folder: Path, name: str, size: int, hours_ago: float, *, kind: str = IMAGES, who: str = "a") -> Path:
    """Something that was fetched, in two files in a folder of its own, and used so long ago."""
    made = folder / who / kind / name
    (made / "PVP").mkdir(parents=True)
    (made / "PVP" / "00000.dcm").write_bytes(b"x" * (size // 2))
    (made / "00001.dcm").write_bytes(b"x" * (size - size // 2))
    used_at = time.time() - hours_ago * HOUR_S
    os.utime(made, (used_at, used_at))
    return made


def old_mark(made: Path) -> Path:
    """The mark of an item in use, as old as if a case were open since yesterday."""
    mark = next(made.parent.glob(f".{made.name}.*"))
    os.utime(mark, (time.time() - 24 * HOUR_S,) * 2)
    return mark


def test_what_was_used_longest_ago_goes_until_the_new_fits(folder: Path) -> None:
    oldest, old = item(folder, "C1", 300, 5), item(folder, "C2", 300, 3, kind=READINGS, who="b")
    new = item(folder, "C3", 300, 1, kind=FINALS)
    BodyCache(folder, ROOM).make_room(100)
    assert oldest.exists(), "it fits exactly"
    BodyCache(folder, ROOM).make_room(101)
    assert not oldest.exists() and old.exists() and new.exists()
    BodyCache(folder, ROOM).make_room(700)
    assert not old.exists() and new.exists()
    assert not list(folder.rglob(".*")), "nothing half removed is left"


def test_using_something_again_keeps_it_longer(folder: Path) -> None:
    first, second = item(folder, "C1", 500, 5), item(folder, "C2", 500, 3)
    with in_use(first):
        pass
    BodyCache(folder, ROOM).make_room(1)
    assert first.exists() and not second.exists()
    assert not list(first.parent.glob(".*"))


def test_what_is_in_use_stays_even_where_there_is_no_room(folder: Path) -> None:
    made = item(folder, "C1", 5000, 5)
    with in_use(made):
        mark = old_mark(made)
        os.utime(made, (time.time() - 24 * HOUR_S,) * 2)
        BodyCache(folder, ROOM).make_room(1000)
        assert made.exists() and mark.exists()
    os.utime(made, (time.time() - HOUR_S,) * 2)
    BodyCache(folder, ROOM).make_room(1000)
    assert not made.exists()


def test_what_another_process_uses_stays_until_that_ends(folder: Path) -> None:
    made = item(folder, "C1", 5000, 5)
    script = (
        "import sys; from pathlib import Path; from crc_core.store.remote.body_cache import in_use\n"
        "with in_use(Path(sys.argv[1])):\n    print('used', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", script, str(made)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    )
    with other:
        assert other.stdout is not None and other.stdout.readline() == "used\n"
        mark = old_mark(made)
        os.utime(made, (time.time() - HOUR_S,) * 2)
        BodyCache(folder, ROOM).make_room(1)
        assert made.exists()
        other.kill()
    assert mark.exists(), "a process that was killed leaves its mark"
    BodyCache(folder, ROOM).make_room(1)
    assert not made.exists() and not mark.exists()


def test_what_was_used_just_now_is_about_to_be_read(folder: Path) -> None:
    made = item(folder, "C1", 5000, 0.01)
    BodyCache(folder, ROOM).make_room(1)
    assert made.exists()


def test_a_disk_that_is_nearly_full_counts_as_full(folder: Path) -> None:
    made = item(folder, "C1", 300, 5)
    BodyCache(folder, Room(most_bytes=10**9, least_free_bytes=2**62)).make_room(1)
    assert not made.exists()


def test_before_the_first_download_and_for_nothing_there_is_nothing_to_do(folder: Path) -> None:
    BodyCache(folder, ROOM).make_room(1)
    made = item(folder, "C1", 5000, 5)
    BodyCache(folder, ROOM).make_room(0)
    assert made.exists()


def test_the_case_that_is_open_is_held_with_its_reading(folder: Path) -> None:
    unit, reading = item(folder, "C1", 500, 5), item(folder, "r1", 500, 5, kind=READINGS)
    other = item(folder, "C2", 500, 5)
    fetched = Fetched((FetchedImage(Role.PVP, str(unit / "PVP")),), str(reading), cached=(str(unit), str(reading)))
    with ExitStack() as held:
        held.enter_context(fetched_bodies(fetched, "r1").held())
        for made in (unit, reading):
            old_mark(made)
            os.utime(made, (time.time() - HOUR_S,) * 2)
        BodyCache(folder, ROOM).make_room(1000)
        assert unit.exists() and reading.exists() and not other.exists()
    assert not list(folder.rglob(".*.use"))
