"""Many pairs at once: the same answers as one by one, in order, with broken pairs in their place."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from agreement_support import blob_pair, on_grid
from crc_core.agreement import PairJob, compare_many, compare_masks
from crc_core.files.nifti import write_volume

SHAPE = (10, 12, 14)


@pytest.fixture
def jobs(tmp_path: Path) -> list[PairJob]:
    """Seven pairs; the fourth is cut short, the fifth on another grid."""
    made = []
    for seed in range(7):
        paths = tmp_path / f"{seed}a.nii.gz", tmp_path / f"{seed}b.nii.gz"
        for path, mask in zip(paths, blob_pair(seed, SHAPE), strict=True):
            write_volume(path, on_grid(mask))
        made.append(PairJob(f"pair {seed}", *paths))
    made[3].mask_a.write_bytes(made[3].mask_a.read_bytes()[:-9])
    write_volume(made[4].mask_b, on_grid(np.ones((3, 3, 3), np.uint8)))
    return made


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_order_and_equal_single_comparisons(jobs: list[PairJob], workers: int) -> None:
    results = list(compare_many(jobs, workers=workers))
    assert [result.job for result in results] == jobs
    for seed, result in enumerate(results):
        if seed in (3, 4):
            assert result.comparison is None
            assert result.refusal is not None
            assert result.refusal.path == (jobs[3].mask_a if seed == 3 else jobs[4].mask_b)
            assert str(result.refusal.path) in str(result.refusal)
            continue
        assert result.comparison is not None
        alone = compare_masks(*(on_grid(mask) for mask in blob_pair(seed, SHAPE)))
        assert result.comparison.overlap == alone.overlap
        assert result.comparison.surface == alone.surface
        assert result.comparison.pairs == alone.pairs
        assert result.comparison.grid.same_as(alone.grid)


def test_leaving_early_cancels_the_rest(jobs: list[PairJob]) -> None:
    taken = []

    def endless():
        for number in range(10**9):
            taken.append(number)
            yield jobs[number % 3]

    results = compare_many(endless(), workers=2)
    assert [result.job.name for result in islice(results, 3)] == ["pair 0", "pair 1", "pair 2"]
    results.close()
    assert len(taken) <= 3 + 2 * 16


def test_lesions_that_do_not_count(jobs: list[PairJob]) -> None:
    job = PairJob("x", jobs[0].mask_a, jobs[0].mask_b, frozenset({1}), frozenset({1}))
    (result,) = compare_many([job], workers=1)
    assert result.comparison is not None
    assert result.comparison.is_absent


@pytest.mark.full
@pytest.mark.skipif(os.name != "posix", reason="a key at a terminal reaches all its processes as a signal")
@pytest.mark.parametrize("after_s", [0.0, 0.5, 3.0])
def test_a_batch_that_is_stopped_says_so_in_one_line_and_writes_nothing(
    jobs: list[PairJob], tmp_path: Path, after_s: float
) -> None:
    table, out = tmp_path / "pairs.csv", tmp_path / "out.csv"
    table.write_text("a,b\n" + f"{jobs[0].mask_a},{jobs[0].mask_b}\n" * 50_000)
    words = ["agree", "--pairs", str(table), "--csv", str(out), "--workers", "2", "--lang", "en"]
    process = subprocess.Popen(
        [sys.executable, "-m", "crc_core.cli.main", *words], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert within(lambda: running(process.pid) > 1)
    time.sleep(after_s)
    os.killpg(process.pid, signal.SIGINT)
    told = process.communicate(timeout=120)[1]
    assert (process.returncode, told) == (2, "Stopped by you. Nothing was left half-written.\n")
    assert not out.exists()
    assert within(lambda: running(process.pid) == 0)


def running(group: int) -> int:
    """How many processes of a group run; one that nobody has asked about yet (a zombie) does not."""
    rows = [line.split() for line in subprocess.check_output(["ps", "-eo", "pgid=,stat="], text=True).splitlines()]
    return sum(int(number) == group and not state.startswith("Z") for number, state in rows)


def within(holds: Callable[[], bool], patience_s: float = 30.0) -> bool:
    """Whether something comes to hold."""
    ends = time.monotonic() + patience_s
    while not holds():
        if time.monotonic() > ends:
            return False
        time.sleep(0.05)
    return True
