"""Kept work: whole generations only, whatever interrupts a save; one program per slot; damage told, never passed on."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from crc_core.contour.segment_key import SegmentKey
from crc_core.contour.terminology import Part
from crc_core.desk import recovery as module
from crc_core.desk.keeping import PackedMask, Place, Slot, pack, slot_of
from crc_core.desk.lesions import remove_lesion
from crc_core.desk.recovery import WORK_NAME, Recovery
from crc_core.desk.work import Work
from crc_core.errors import CrcError
from crc_core.files.records import to_document
from crc_core.vocabulary import Target
from desk_support import GRID, KEYS, ball, crops, packed, some_work, unpacked, with_lesions
from hypothesis import given, settings
from hypothesis import strategies as st

KEY = SegmentKey(Target.PRIMARY, 1)
OUTER = SegmentKey(Target.PRIMARY, 1, Part.OUTER)
WORK = with_lesions(some_work(), Target.PRIMARY, 3)
LABEL = slot_of(WORK).label
SMALL, LARGE = packed(ball((5, 9, 9), 2.0)), packed(ball((5, 9, 9), 5.0))


def document(work: Work = WORK, seconds: float = 0.0) -> dict[str, Any]:
    return to_document(replace(work, active_seconds=seconds))


def place(home: Path) -> Path:
    return home / "recovery" / LABEL


def mask_files(home: Path) -> list[Path]:
    return sorted(place(home).glob("*.mask"))


@contextmanager
def refused(code: str) -> Iterator[None]:
    with pytest.raises(CrcError) as caught:
        yield
    assert caught.value.code == code, caught.value


@given(crops())
def test_a_crop_comes_back_as_it_was_packed(mask: PackedMask) -> None:
    assert pack(mask.box, mask.inside, mask.grid) == mask
    assert mask.grid.same_as(GRID)
    assert mask.inside.shape == mask.place.crop_shape


def test_a_crop_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="fit"):
        pack((slice(0, 2), slice(0, 2), slice(0, 2)), np.ones((2, 2, 3), bool), GRID)
    with pytest.raises(ValueError, match="lie"):
        Place(((0, 99), (0, 2), (0, 2)), GRID.shape_kji, ())
    with pytest.raises(ValueError, match="fit"):
        PackedMask(SMALL.place, SMALL.bits + b"\0")


NAMES = st.text(min_size=1, max_size=12).filter(lambda name: name not in (".", ".."))


@given(NAMES, NAMES, st.integers(1, 9))
def test_a_slot_is_known_by_its_label_whatever_the_names(store: str, reader: str, number: int) -> None:
    slot = Slot(store, WORK.unit, reader, number)
    assert Slot.parse(slot.label) == slot
    assert slot.label.count("/") == 2 and ".." not in slot.label.split("/")


@pytest.mark.parametrize(
    "label", ["", "a/b", "a/b/c", "a/b/c-rx", "../../etc/passwd-r1", "a/../c-r1", "./b/c-r1", "a/b/c/d-r1", "a//c-r1"]
)
def test_a_label_that_names_no_slot_is_refused(label: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="slot"):
        Recovery(tmp_path).read(label)


CHANGES = st.lists(st.dictionaries(KEYS, st.none() | crops(), max_size=3).map(dict), min_size=1, max_size=6)


@settings(max_examples=40)
@given(CHANGES, st.booleans())
def test_what_is_read_is_all_that_was_written(
    tmp_path_factory: pytest.TempPathFactory, changes: list[dict[SegmentKey, PackedMask | None]], anew: bool
) -> None:
    home = tmp_path_factory.mktemp("home")
    recovery, expected = Recovery(home), {}
    for number, change in enumerate(changes):
        if anew:
            recovery = Recovery(home)
        at = recovery.write(LABEL, document(seconds=number), change)
        expected = {key: mask for key, mask in (expected | change).items() if mask is not None}
        kept = Recovery(home).read(LABEL)
        assert (dict(kept.masks), kept.saved_at, kept.work.active_seconds) == (expected, at, number)
    assert {path.name for path in place(home).iterdir()} - {WORK_NAME, "write.lock"} == {
        path.name for path in mask_files(home)
    }
    assert len(mask_files(home)) == len({(mask.bits, mask.place.packed_bytes) for mask in expected.values()})


def test_only_what_changed_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recovery, written = Recovery(tmp_path), []
    real = module.write_bytes
    monkeypatch.setattr(module, "write_bytes", lambda path, data: (written.append(path.name), real(path, data)))
    recovery.write(LABEL, document(), {KEY: SMALL, OUTER: LARGE})
    assert len(written) == 3 and written[-1] == WORK_NAME, "the document comes last"
    written.clear()
    recovery.write(LABEL, document(seconds=5), {})
    assert written == [WORK_NAME]
    written.clear()
    recovery.write(LABEL, document(seconds=6), {KEY: LARGE})
    assert written == [WORK_NAME], "the same voxels lie there already"


def test_masks_of_lesions_that_are_gone_are_dropped(tmp_path: Path) -> None:
    recovery, second = Recovery(tmp_path), SegmentKey(Target.PRIMARY, 2)
    recovery.write(LABEL, document(), {KEY: SMALL, second: LARGE})
    recovery.write(LABEL, document(remove_lesion(WORK, Target.PRIMARY, 2)), {})
    assert set(recovery.read(LABEL).masks) == {KEY}
    recovery.write(LABEL, document(), {})
    assert set(recovery.read(LABEL).masks) == {KEY}


def test_another_piece_of_work_in_the_slot_starts_from_nothing(tmp_path: Path) -> None:
    recovery = Recovery(tmp_path)
    recovery.write(LABEL, document(), {KEY: SMALL})
    later = replace(WORK, started_at=WORK.started_at.replace(year=2027))
    recovery.write(LABEL, document(later), {OUTER: LARGE})
    assert set(recovery.read(LABEL).masks) == {OUTER}


def test_what_another_process_wrote_meanwhile_counts(tmp_path: Path) -> None:
    mine, other = Recovery(tmp_path), Recovery(tmp_path)
    mine.write(LABEL, document(), {KEY: SMALL})
    other.write(LABEL, document(), {KEY: None, OUTER: LARGE})
    mine.write(LABEL, document(), {})
    assert set(mine.read(LABEL).masks) == {OUTER}


def test_kept_work_is_listed_newest_first_and_forgotten_on_request(tmp_path: Path) -> None:
    recovery, other = Recovery(tmp_path), replace(WORK, reader="李医师")
    assert recovery.list_kept() == () and not recovery.has(LABEL)
    recovery.write(LABEL, document(), {KEY: SMALL})
    recovery.write(slot_of(other).label, document(other), {KEY: LARGE})
    assert [kept.slot.reader for kept in recovery.list_kept()] == ["李医师", "wang"]
    recovery.discard(LABEL)
    recovery.discard(LABEL)
    assert [kept.slot.reader for kept in recovery.list_kept()] == ["李医师"]
    assert not recovery.has(LABEL) and not mask_files(tmp_path)
    recovery.write(LABEL, document(), {OUTER: LARGE})
    assert set(recovery.read(LABEL).masks) == {OUTER}, "nothing of before comes back"


class Killed(BaseException):
    """The process ends here."""


def interrupted_at(step: int, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Make the `step`-th call that touches the disk the last one; tells how many there were."""
    seen = [0]

    def wrap(call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **more: Any) -> Any:
            seen[0] += 1
            if seen[0] >= step:
                raise Killed  # and nothing tidies up after a kill
            return call(*arguments, **more)

        return counted

    monkeypatch.setattr(os, "fsync", wrap(os.fsync))
    for name in ("replace", "unlink", "open", "read_bytes", "mkdir"):
        monkeypatch.setattr(Path, name, wrap(getattr(Path, name)))
    return lambda: seen[0]


def test_a_save_that_ends_anywhere_leaves_the_generation_before_or_the_new_one(tmp_path: Path) -> None:
    before = {KEY: SMALL, OUTER: SMALL}
    after = {KEY: LARGE, OUTER: packed(ball((4, 8, 8), 3.0))}
    step, outcomes = 0, set()
    while True:
        step += 1
        home = tmp_path / str(step)
        Recovery(home).write(LABEL, document(seconds=1), before)
        with pytest.MonkeyPatch.context() as monkeypatch:
            count = interrupted_at(step, monkeypatch)
            with suppress(Killed):
                Recovery(home).write(LABEL, document(seconds=2), after)
            total = count()
        kept = Recovery(home).read(LABEL)
        assert (kept.work.active_seconds, dict(kept.masks)) in ((1, before), (2, after))
        outcomes.add(kept.work.active_seconds)
        Recovery(home).write(LABEL, document(seconds=3), after)
        assert Recovery(home).read(LABEL).work.active_seconds == 3
        assert not [path for path in place(home).iterdir() if path.name.endswith(".part")]
        assert len(mask_files(home)) == 2, "what the interrupted save left is swept away"
        if total < step:
            break
    assert outcomes == {1, 2} and step > 10


@pytest.mark.parametrize(
    ("number", "code"),
    [(28, "file.disk_full"), (30, "file.read_only"), (13, "file.not_permitted"), (5, "file.trouble")],
)
def test_a_disk_that_refuses_says_so_and_the_next_save_makes_up_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: str
) -> None:
    recovery = Recovery(tmp_path)
    recovery.write(LABEL, document(seconds=1), {KEY: SMALL})
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", lambda handle: (_ for _ in ()).throw(OSError(number, os.strerror(number))))
        with refused(code):
            recovery.write(LABEL, document(seconds=2), {OUTER: LARGE})
        assert recovery.read(LABEL).work.active_seconds == 1
    recovery.write(LABEL, document(seconds=3), {})
    assert set(recovery.read(LABEL).masks) == {KEY, OUTER}, "the masks of the failed save are not lost"


def test_a_folder_that_went_away_is_made_anew_with_all_that_was_in_it(tmp_path: Path) -> None:
    recovery = Recovery(tmp_path)
    recovery.write(LABEL, document(seconds=1), {KEY: SMALL, OUTER: LARGE})
    for path in place(tmp_path).iterdir():
        path.unlink()
    place(tmp_path).rmdir()
    recovery.write(LABEL, document(seconds=2), {})
    assert dict(Recovery(tmp_path).read(LABEL).masks) == {KEY: SMALL, OUTER: LARGE}


def test_a_home_that_is_a_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "home").write_bytes(b"")
    with pytest.raises(CrcError) as caught:
        Recovery(tmp_path / "home").write(LABEL, document(), {})
    assert caught.value.path is not None


def spoil(path: Path, how: str) -> None:
    data = path.read_bytes()
    if how == "gone":
        path.unlink()
    elif how == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif how == "empty":
        path.write_bytes(b"")
    else:
        middle = len(data) // 2
        path.write_bytes(data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :])


@pytest.mark.parametrize("how", ["cut", "empty", "bit", "gone"])
def test_a_damaged_mask_is_told_and_never_given_out(tmp_path: Path, how: str) -> None:
    Recovery(tmp_path).write(LABEL, document(), {KEY: SMALL})
    spoil(mask_files(tmp_path)[0], how)
    with refused("desk.kept_damaged"):
        Recovery(tmp_path).read(LABEL)


@pytest.mark.parametrize("how", ["cut", "empty", "bit"])
def test_a_damaged_document_is_told_listed_and_kept_aside(tmp_path: Path, how: str) -> None:
    Recovery(tmp_path).write(LABEL, document(), {KEY: SMALL})
    spoil(place(tmp_path) / WORK_NAME, how)
    recovery = Recovery(tmp_path)
    with refused("desk.kept_damaged"):
        recovery.read(LABEL)
    assert [kept.saved_at for kept in recovery.list_kept()] == [None]
    recovery.write(LABEL, document(), {OUTER: LARGE})
    assert set(recovery.read(LABEL).masks) == {OUTER}
    assert (place(tmp_path) / "damaged.json").exists() and len(mask_files(tmp_path)) == 2, "somebody may mend it"
    recovery.discard(LABEL)
    assert not mask_files(tmp_path)


def test_strange_files_below_the_folder_do_no_harm(tmp_path: Path) -> None:
    recovery = Recovery(tmp_path)
    strange = tmp_path / "recovery" / "a" / "b" / "c"
    strange.mkdir(parents=True)
    (strange / WORK_NAME).write_bytes(b"{}")
    assert recovery.list_kept() == ()
    recovery.write(LABEL, document(), {KEY: SMALL})
    assert len(recovery.list_kept()) == 1


def test_a_document_that_is_no_work_is_refused(tmp_path: Path) -> None:
    recovery = Recovery(tmp_path)
    with refused("json.bad_value"):
        recovery.write(LABEL, {**document(), "targets": 7}, {})
    assert not recovery.has(LABEL)


HOLDER = """
import sys, time
from pathlib import Path
from crc_core.desk.keeping import Slot
from crc_core.desk.recovery import Recovery
hold = Recovery(Path(sys.argv[1])).open_slot(Slot.parse(sys.argv[2]))
print("held", flush=True)
time.sleep(60)
"""


def test_a_second_program_is_told_the_case_and_a_dead_one_leaves_no_lock(tmp_path: Path) -> None:
    slot, recovery = slot_of(WORK), Recovery(tmp_path)
    other = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path), LABEL], stdout=subprocess.PIPE, encoding="utf-8"
    )
    try:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        with pytest.raises(CrcError) as caught:
            recovery.open_slot(slot)
        assert caught.value.code == "desk.open_elsewhere" and WORK.unit in str(caught.value)
        recovery.open_slot(replace(slot, reader="li")).close()
    finally:
        other.kill()
        other.wait()
        other.stdout.close()
    hold = recovery.open_slot(slot)
    with refused("desk.open_elsewhere"):
        recovery.open_slot(slot)
    hold.close()
    recovery.open_slot(slot).close()


def test_a_keeper_of_a_program_that_is_gone_cannot_write_into_a_slot_taken_since(tmp_path: Path) -> None:
    hold = Recovery(tmp_path).open_slot(slot_of(WORK))
    mine, orphan = Recovery(tmp_path, owner=os.getpid()), Recovery(tmp_path, owner=1)
    mine.write(LABEL, document(), {KEY: SMALL})
    with refused("desk.open_elsewhere"):
        orphan.write(LABEL, document(seconds=9), {KEY: LARGE})
    assert Recovery(tmp_path).read(LABEL).masks[KEY] == SMALL
    hold.close()


def test_opening_waits_for_a_save_that_is_under_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from crc_core.files.file_lock import locked

    monkeypatch.setattr(module, "_LONGEST_WAIT_S", 0.1)
    place(tmp_path).mkdir(parents=True)
    with locked(place(tmp_path) / "write.lock"), refused("file.in_use"):
        Recovery(tmp_path).open_slot(slot_of(WORK))
    Recovery(tmp_path).open_slot(slot_of(WORK)).close()


def test_voxels_come_back_where_they_were(tmp_path: Path) -> None:
    shape = ball((6, 11, 12), 4.3)
    Recovery(tmp_path).write(LABEL, document(), {KEY: packed(shape)})
    assert np.array_equal(unpacked(Recovery(tmp_path).read(LABEL).masks[KEY]), shape)
