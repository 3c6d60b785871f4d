"""Many pairs of readings compared on all cores, one pair at a time in each, so that memory stays flat."""

from __future__ import annotations

import itertools
import os
import signal
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
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
    from multiprocessing.queues import SimpleQueue

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
    to cancel, close the iterator (or leave the loop): workers are ended in the middle of what they do. With one worker,
    or one core, everything happens in this process; else in fresh processes, whose program must be importable as a
    module.
    """
    count = workers or os.cpu_count() or 1
    if count == 1:
        yield from (_compare(job, policy) for job in jobs)
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    context = multiprocessing.get_context("spawn")
    workers_began = context.SimpleQueue()
    with ProcessPoolExecutor(count, context, _begin, (workers_began,)) as pool:
        try:
            yield from _in_order(pool, iter(jobs), policy, _AHEAD * count)
        except BaseException:  # whatever ends it early, also an iterator of jobs that fails
            while not workers_began.empty():
                with suppress(ProcessLookupError):
                    os.kill(workers_began.get(), signal.SIGTERM)
            pool.shutdown(cancel_futures=True)
            raise


def _begin(workers_began: SimpleQueue[int]) -> None:
    # Whoever stops the work at a terminal sends the signal to all processes at once; what follows is the first one's.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    workers_began.put(os.getpid())


def _in_order(
    pool: ProcessPoolExecutor, left: Iterator[PairJob], policy: AgreementPolicy | None, ahead: int
) -> Iterator[PairResult]:
    waiting: deque[Future[PairResult]] = deque()
    while True:
        for job in itertools.islice(left, ahead - len(waiting)):
            with _born_deaf():
                waiting.append(pool.submit(_compare, job, policy))
        if not waiting:
            return
        yield waiting.popleft().result()


@contextmanager
def _born_deaf() -> Iterator[None]:
    """A process that begins meanwhile cannot be interrupted by a key before it has begun, where systems know that."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _compare(job: PairJob, policy: AgreementPolicy | None) -> PairResult:
    try:
        first = prepare(read_mask(job.mask_a), job.excluded_a)
        second = prepare(read_mask(job.mask_b), job.excluded_b)
        require_same_grid(second.grid, first.grid, job.mask_b)
        return PairResult(job, compare_prepared(first, second, policy), None)
    except CrcError as error:
        return PairResult(job, None, error)
