"""Work for the presenter: later, again and again, in short steps between a person's own actions, in a process aside."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import qt

from crc_widgets.process_job import ProcessJob


@dataclass(frozen=True)
class JobStep:
    """How far a work is, as a process tells it; a work in steps tells of itself."""

    words: str
    done: int = 0
    total: int = 0


Failed = Callable[[Exception], None]
Done = Callable[[Mapping[str, Any]], None]


class QtJobs:
    """Names tell works apart: the same name again takes the place of what was asked before.

    `make_step(words, done, total)` makes what `progress` is given.
    """

    def __init__(self, parent: qt.QObject, make_step: Callable[[str, int, int], Any] = JobStep) -> None:
        self._parent, self._make_step = parent, make_step
        self._running: dict[str, _Later | _Steps | ProcessJob] = {}
        self._processes: list[ProcessJob] = []

    def later(self, name: str, delay_s: float, call: Callable[[], None]) -> None:
        """Call once after a delay; the same name again starts the delay anew."""
        self._start(name, _Later(self._parent, delay_s, call, once=lambda: self._end(name)))

    def every(self, name: str, seconds: float, call: Callable[[], None]) -> None:
        """Call again and again until `cancel`."""
        self._start(name, _Later(self._parent, seconds, call, once=None))

    def cancel(self, name: str) -> None:
        """Forget what was asked under a name; a process is ended."""
        running = self._running.pop(name, None)
        if running is not None:
            running.cancel()

    def cancel_all(self) -> None:
        """Forget everything."""
        for name in list(self._running):
            self.cancel(name)

    def close(self) -> None:
        """Forget everything and end what runs in a process; the window waits for it, as it is closing."""
        self.cancel_all()
        for job in self._processes:
            job.end()

    @property
    def names(self) -> tuple[str, ...]:
        """What is under way."""
        return tuple(self._running)

    def steps(
        self,
        name: str,
        steps: Iterator[Any],
        done: Callable[[], None],
        failed: Failed,
        progress: Callable[[Any], None] | None = None,
    ) -> None:
        """Run an iterator to its end, one step at a time, with the window alive in between."""
        self._start(name, _Steps(self._parent, steps, self._ending(name, done), self._failing(name, failed), progress))

    def process(
        self,
        name: str,
        job: str,
        request: Mapping[str, Any],
        done: Done,
        failed: Failed,
        progress: Callable[[Any], None] | None = None,
    ) -> None:
        """Run a job of `crc_core.desk.jobs` in a process aside."""

        def step(words: str, count: int, total: int) -> None:
            if progress is not None:
                progress(self._make_step(words, count, total))

        def ended(result: Mapping[str, Any]) -> None:
            self._end(name)
            done(result)

        made = ProcessJob(self._parent, job, request, ended, self._failing(name, failed), step)
        self._processes = [*(each for each in self._processes if not each.is_gone), made]
        self._start(name, made)

    def _start(self, name: str, running: _Later | _Steps | ProcessJob) -> None:
        self.cancel(name)
        self._running[name] = running
        running.start()

    def _end(self, name: str) -> None:
        self._running.pop(name, None)

    def _ending(self, name: str, done: Callable[[], None]) -> Callable[[], None]:
        def ended() -> None:
            self._end(name)
            done()

        return ended

    def _failing(self, name: str, failed: Failed) -> Failed:
        def ended(error: Exception) -> None:
            self._end(name)
            failed(error)

        return ended


class _Later:
    """One timer; `once` is called before a call that comes only once."""

    def __init__(
        self, parent: qt.QObject, seconds: float, call: Callable[[], None], once: Callable[[], None] | None
    ) -> None:
        self._call, self._once = call, once
        self._timer = qt.QTimer(parent)
        self._timer.setSingleShot(once is not None)
        self._timer.setInterval(max(0, round(seconds * 1000)))
        self._timer.connect("timeout()", self._tick)

    def start(self) -> None:
        self._timer.start()

    def cancel(self) -> None:
        self._timer.stop()
        self._timer.disconnect("timeout()", self._tick)
        self._timer.deleteLater()

    def _tick(self) -> None:
        if self._once is not None:
            self._once()
            self.cancel()
        self._call()


class _Steps:
    """An iterator that is asked for one step each time the event loop has nothing else to do."""

    def __init__(
        self,
        parent: qt.QObject,
        steps: Iterator[Any],
        done: Callable[[], None],
        failed: Failed,
        progress: Callable[[Any], None] | None,
    ) -> None:
        self._steps, self._done, self._failed, self._progress = steps, done, failed, progress
        self._timer = _Later(parent, 0, self._step, once=None)
        self._inside = self._cancelled = False

    def start(self) -> None:
        self._timer.start()

    def cancel(self) -> None:
        self._cancelled = True
        self._timer.cancel()
        # An iterator that is at work at this moment (it asked for its own end) cannot be closed from inside.
        if not self._inside and hasattr(self._steps, "close"):
            self._steps.close()

    def _step(self) -> None:
        if self._inside or self._cancelled:
            return
        self._inside = True
        try:
            step = next(self._steps)
        except StopIteration:
            self._inside = False
            self._finish(self._done)
            return
        except Exception as error:  # noqa: BLE001  whatever a step raises is told to who asked for it
            self._finish(partial(self._failed, error))
            return
        finally:
            self._inside = False
        if not self._cancelled and self._progress is not None:
            self._progress(step)

    def _finish(self, call: Callable[[], None]) -> None:
        if not self._cancelled:
            self._cancelled = True
            self._timer.cancel()
            call()
