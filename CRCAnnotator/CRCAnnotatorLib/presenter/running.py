"""The one long work at a time that the panel shows: what it is, how far it is, how it is stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from crc_core.errors import CrcError
from crc_core.text import Lang

from CRCAnnotatorLib.presenter.hub import Hub
from CRCAnnotatorLib.presenter.ports import Step
from CRCAnnotatorLib.presenter.state import Busy, Level

Failed = Callable[[Exception], None]
Wording = Callable[[Lang], str]
_NAME = "busy"


class Running:
    """Runs work in steps or in a process aside, one at a time, with progress and a way to stop it."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._stopped: Callable[[], None] | None = None
        self._can_stop = False
        self._words: Wording = lambda lang: ""

    @property
    def is_busy(self) -> bool:
        """Whether a work is on its way."""
        return self._hub.state.busy is not None

    def refuse(self) -> bool:
        """Whether something else has to wait, and says so."""
        if self.is_busy:
            self._hub.note(Level.INFO, "annotator.busy")
        return self.is_busy

    def steps(
        self,
        words: Wording,
        steps: Iterator[Step],
        done: Callable[[], None],
        failed: Failed | None = None,
        stopped: Callable[[], None] | None = None,
    ) -> None:
        """Run steps to their end; with `stopped` a person can stop them. Without `failed` the failure is only told."""
        self._begin(words, stopped)
        self._hub.kit.jobs.steps(_NAME, steps, self._ending(done), self._failing(failed), self._show)

    def process(
        self,
        words: Wording,
        job: str,
        request: Mapping[str, Any],
        done: Callable[[Mapping[str, Any]], None],
        failed: Failed | None = None,
        stopped: Callable[[], None] = lambda: None,
    ) -> None:
        """Run a job in a process aside; a person can stop it, and then nothing of its answer is taken over."""
        self._begin(words, stopped)

        def finish(answer: Mapping[str, Any]) -> None:
            self.end()
            done(answer)

        self._hub.kit.jobs.process(_NAME, job, request, finish, self._failing(failed), self._show)

    def wait(self, words: Wording) -> None:
        """Show that something is waited for that cannot be stopped; `end` ends it."""
        self._begin(words, None)

    def stop(self) -> None:
        """A person stops the work."""
        if not self.is_busy or not self._can_stop:
            return
        stopped = self._stopped
        self._hub.kit.jobs.cancel(_NAME)
        self.end()
        if stopped is not None:
            stopped()

    def end(self) -> None:
        """The work is over."""
        self._stopped, self._can_stop = None, False
        self._hub.publish(busy=None)

    def reword(self) -> None:
        """Say in another language what is done; the next step of it tells how far it is."""
        busy = self._hub.state.busy
        if busy is not None:
            self._hub.publish(busy=replace(busy, words=self._words(self._hub.lang)))

    def _begin(self, words: Wording, stopped: Callable[[], None] | None) -> None:
        self._words, self._stopped, self._can_stop = words, stopped, stopped is not None
        self._hub.publish(busy=Busy(words(self._hub.lang), can_cancel=self._can_stop))

    def _show(self, step: Step) -> None:
        if self.is_busy:
            self._hub.publish(busy=Busy(step.words, step.done, step.total, self._can_stop))

    def _ending(self, done: Callable[[], None]) -> Callable[[], None]:
        def finish() -> None:
            self.end()
            done()

        return finish

    def _failing(self, failed: Failed | None) -> Failed:
        def fail(error: Exception) -> None:
            self.end()
            tell(self._hub, error)
            if failed is not None:
                failed(error)

        return fail


def tell(hub: Hub, error: Exception) -> None:
    """Show what went wrong; what nobody foresaw is told with its kind, so that it can be reported."""
    if isinstance(error, CrcError):
        hub.tell(error)
    else:
        hub.note(Level.ERROR, "annotator.unforeseen", kind=type(error).__name__, words=str(error)[:200])
