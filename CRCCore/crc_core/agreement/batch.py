"""Many pairs of readings compared on all cores, one pair at a time in each, so that memory stays flat."""

from __future__ import annotations

import itertools
import os
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crc_core.agreement.comparison import Comparison, compare_prepared
from crc_core.agreement.policy import AgreementPolicy
from crc_core.agreement.prepared import prepare
from crc_core.errors import CrcError
from crc_core.files.nifti import read_mask
from crc_core.geometry.requirements import require_same_grid

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor

_AHEAD = 16
"""Pairs handed out in advance for each worker: one pair that takes a hundred times longer than the others does not keep
the other workers waiting for its answer to be asked for, and no list of thousands is copied."""


@dataclass(frozen=True)
class PairJob:
    """Two readings to compare: a name for the pair, the masks, and the lesions that do not count."""

    name: str
    mask_a: Path
    mask_b: Path
    excluded_a: frozenset[int] = frozenset()
    excluded_b: frozenset[int] = frozenset()


@dataclass(frozen=True, eq=False)
class PairResult:
    """The comparison of one pair, or the refusal that took its place."""

    job: PairJob
    comparison: Comparison | None
    refusal: CrcError | None


def compare_many(
    jobs: Iterable[PairJob], *, policy: AgreementPolicy | None = None, workers: int | None = None
) -> Generator[PairResult, None, None]:
    """Compare many pairs; the results come one by one in the order of the jobs, for as long as they are asked for.

    A pair that cannot be compared gives its refusal and does not stop the others. Counting the results is the progress;
    to cancel, close the iterator (or leave the loop): pairs not yet begun are dropped. With one worker, or one core,
    everything happens in this process; else in fresh processes, whose program must be importable as a module.
    """
    count = workers or os.cpu_count() or 1
    if count == 1:
        yield from (_compare(job, policy) for job in jobs)
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from _in_order(pool, iter(jobs), policy, _AHEAD * count)


def _in_order(
    pool: ProcessPoolExecutor, left: Iterator[PairJob], policy: AgreementPolicy | None, ahead: int
) -> Iterator[PairResult]:
    waiting: deque[Future[PairResult]] = deque()
    try:
        while True:
            for job in itertools.islice(left, ahead - len(waiting)):
                waiting.append(pool.submit(_compare, job, policy))
            if not waiting:
                return
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def _compare(job: PairJob, policy: AgreementPolicy | None) -> PairResult:
    try:
        first = prepare(read_mask(job.mask_a), job.excluded_a)
        second = prepare(read_mask(job.mask_b), job.excluded_b)
        require_same_grid(second.grid, first.grid, job.mask_b)
        return PairResult(job, compare_prepared(first, second, policy), None)
    except CrcError as error:
        return PairResult(job, None, error)
