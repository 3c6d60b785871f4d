"""The keeper process: it writes and answers what it is sent, also after its window died, and a kill loses nothing."""

from __future__ import annotations

import io
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from crc_core.contour.segment_key import SegmentKey
from crc_core.contour.terminology import Part
from crc_core.desk.keeper_frames import Answer, encode_answer, encode_frame, read_answer, read_frame
from crc_core.desk.keeper_process import keep, main
from crc_core.desk.keeping import PackedMask, slot_of
from crc_core.desk.recovery import Recovery
from crc_core.errors import CrcError
from crc_core.files.records import to_document
from crc_core.vocabulary import Target
from desk_support import GRID, KEYS, ball, crops, packed, some_work, with_lesions
from hypothesis import given
from hypothesis import strategies as st

WORK = with_lesions(some_work(), Target.PRIMARY, 3)
LABEL = slot_of(WORK).label
PARTS = tuple(SegmentKey(Target.PRIMARY, 1, part) for part in Part)
posix_only = pytest.mark.skipif(os.name == "nt", reason="kills and signals are those of POSIX")


def document(number: int) -> dict[str, Any]:
    return to_document(replace(WORK, active_seconds=float(number)))


def masks_of(number: int) -> dict[SegmentKey, PackedMask]:
    """The masks of generation `number`: each knows which one it belongs to."""
    shape = ball((5, 9, 10), 2.0 + number % 5)
    marked = shape.copy()
    marked.reshape(-1)[:10] = [bool(number >> bit & 1) for bit in range(10)]
    return {key: packed(marked) for key in PARTS}


def frame(number: int, masks: dict[SegmentKey, PackedMask] | None = None) -> bytes:
    wanted = masks_of(number) if masks is None else masks
    crops_of = {key: (mask.box, mask.inside, mask.grid) for key, mask in wanted.items()}
    return encode_frame(number, LABEL, document(number), crops_of)


@contextmanager
def keeper(home: Path, *more: str) -> Iterator[subprocess.Popen[bytes]]:
    """A keeper process; killed at the end where it has not ended."""
    command = [sys.executable, "-m", "crc_core.desk.keeper_process", str(home), *more]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()


@given(st.dictionaries(KEYS, st.none() | crops(), max_size=4), st.integers(0, 2**31))
def test_a_request_arrives_as_it_was_sent(masks: dict[SegmentKey, PackedMask | None], number: int) -> None:
    sent = {key: None if mask is None else (mask.box, mask.inside, mask.grid) for key, mask in masks.items()}
    data = encode_frame(number, LABEL, document(3), sent)
    stream = io.BytesIO(data + data)
    for _ in range(2):
        got = read_frame(stream)
        assert got is not None
        assert (got.number, got.label, got.document, dict(got.masks)) == (number, LABEL, document(3), masks)
    assert read_frame(stream) is None
    assert read_frame(io.BytesIO(data[:-1])) is None or not data[-1:]


@given(st.integers(0, 400))
def test_a_request_cut_anywhere_is_no_request(length: int) -> None:
    data = frame(1)
    assert read_frame(io.BytesIO(data[: min(length, len(data) - 1)])) is None


@given(st.binary(min_size=12, max_size=60))
def test_what_is_no_request_is_refused_or_waited_for(data: bytes) -> None:
    with suppress(ValueError, CrcError):
        assert read_frame(io.BytesIO(data)) is None


def test_answers_go_there_and_back() -> None:
    for answer in (Answer(3, LABEL), Answer(4, LABEL, CrcError("file.disk_full", path="/a/b"))):
        line = encode_answer(answer)
        assert line.count(b"\n") == 1
        again = read_answer(line)
        assert (again.number, again.label, str(again.error)) == (answer.number, answer.label, str(answer.error))


def test_each_request_is_answered_once_it_is_safe(tmp_path: Path) -> None:
    answers = io.BytesIO()
    assert keep(Recovery(tmp_path), io.BytesIO(frame(1) + frame(2)), answers) == 0
    assert [read_answer(line).number for line in answers.getvalue().splitlines()] == [1, 2]
    kept = Recovery(tmp_path).read(LABEL)
    assert kept.work.active_seconds == 2 and dict(kept.masks) == masks_of(2)


def test_a_full_disk_is_answered_in_words_and_made_up_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, full = os.fsync, [True]

    def fsync(handle: int) -> None:
        if full[0]:
            raise OSError(28, os.strerror(28))
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    recovery, answers = Recovery(tmp_path), io.BytesIO()
    keep(recovery, io.BytesIO(frame(1)), answers)
    told = read_answer(answers.getvalue())
    assert told.error is not None and told.error.code == "file.disk_full"
    full[0] = False
    keep(recovery, io.BytesIO(frame(2, {})), answers)
    assert dict(Recovery(tmp_path).read(LABEL).masks) == masks_of(1)


def test_work_that_is_none_and_slots_that_are_none_are_answered(tmp_path: Path) -> None:
    answers = io.BytesIO()
    broken = encode_frame(1, LABEL, {"schema": "crc-work/1"}, {})
    assert keep(Recovery(tmp_path), io.BytesIO(broken + frame(2)), answers) == 0
    first, second = (read_answer(line) for line in answers.getvalue().splitlines())
    assert first.error is not None and second.error is None
    assert keep(Recovery(tmp_path), io.BytesIO(encode_frame(1, "nowhere", {}, {})), answers) == 2
    assert keep(Recovery(tmp_path), io.BytesIO(b"x" * 40), answers) == 2


@pytest.mark.parametrize("arguments", [[], ["home", "x"], ["a", "1", "b"]])
def test_bad_usage_is_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith("usage: ")


def test_what_was_received_is_written_after_the_window_has_gone(tmp_path: Path) -> None:
    with keeper(tmp_path) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdout.close()  # nobody listens any more
        process.stdin.write(b"".join(frame(number) for number in range(1, 9)) + frame(9)[:-5])
        process.stdin.close()
        assert process.wait(timeout=60) == 0
    kept = Recovery(tmp_path).read(LABEL)
    assert kept.work.active_seconds == 8 and dict(kept.masks) == masks_of(8)


@posix_only
def test_signals_that_end_a_session_do_not_cut_a_save_short(tmp_path: Path) -> None:
    with keeper(tmp_path) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(frame(1))
        process.stdin.flush()
        assert read_answer(process.stdout.readline()).error is None
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            process.send_signal(number)
        process.stdin.write(frame(2))
        process.stdin.close()
        assert read_answer(process.stdout.readline()).number == 2
        assert process.wait(timeout=60) == 0
    assert Recovery(tmp_path).read(LABEL).work.active_seconds == 2


WINDOW = """
import subprocess, sys, time
keeper = subprocess.Popen([sys.executable, "-m", "crc_core.desk.keeper_process", sys.argv[1]], stdin=subprocess.PIPE)
keeper.stdin.write(open(sys.argv[2], "rb").read())
keeper.stdin.flush()
print(keeper.pid, flush=True)
time.sleep(60)
"""


@posix_only
def test_the_keeper_outlives_a_killed_window(tmp_path: Path) -> None:
    requests = tmp_path / "requests"
    requests.write_bytes(b"".join(frame(number) for number in range(1, 6)))
    command = [sys.executable, "-c", WINDOW, str(tmp_path / "home"), str(requests)]
    window = subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8")
    assert window.stdout is not None
    pid = int(window.stdout.readline())
    window.kill()
    window.wait()
    window.stdout.close()
    until = time.monotonic() + 60
    while is_alive(pid) and time.monotonic() < until:
        time.sleep(0.02)
    assert not is_alive(pid), "it ends once its input has"
    assert Recovery(tmp_path / "home").read(LABEL).work.active_seconds == 5


def is_alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    try:
        return status.read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def killed_while_saving(home: Path, seed: int) -> None:
    """Send saves, kill the keeper at any moment, and look at what is there: whole, and no older than was answered."""
    draw = random.Random(seed)
    answered = 0
    with keeper(home) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(frame(1))
        process.stdin.flush()
        answered = read_answer(process.stdout.readline()).number
        process.stdin.write(b"".join(frame(number) for number in range(2, 40)))
        process.stdin.flush()
        time.sleep(draw.random() * 0.15)
        process.kill()
        process.wait()
        for line in process.stdout.read().splitlines(keepends=True):
            if line.endswith(b"\n"):
                answered = read_answer(line).number
    kept = Recovery(home).read(LABEL)
    number = int(kept.work.active_seconds)
    assert answered <= number < 40
    assert dict(kept.masks) == masks_of(number), "masks and document are of one generation"
    Recovery(home).write(LABEL, document(99), {})
    assert not [path for path in (home / "recovery" / LABEL).iterdir() if path.name.endswith(".part")]


@posix_only
@pytest.mark.parametrize("seed", range(20))
def test_a_kill_at_any_moment_leaves_a_whole_generation(tmp_path: Path, seed: int) -> None:
    killed_while_saving(tmp_path, seed)


@posix_only
@pytest.mark.full
def test_hundreds_of_kills_leave_whole_generations(tmp_path: Path) -> None:
    for seed in range(400):
        killed_while_saving(tmp_path / str(seed), 1000 + seed)


def test_the_grid_is_the_grid() -> None:
    mask = masks_of(1)[PARTS[0]]
    assert mask.grid.same_as(GRID) and mask.inside.dtype == np.bool_
