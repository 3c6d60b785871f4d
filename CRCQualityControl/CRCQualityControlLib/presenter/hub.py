"""What the pages share: kit, language, store, person, the one long work at a time, and the state they publish."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from crc_core.errors import CrcError
from crc_core.panel.board import Board
from crc_core.store.protocol import Receipt, Store
from crc_core.study.stepping import Steps
from crc_core.text import Lang
from crc_core.workflow.events import Kind
from crc_core.workflow.intents import SIGNED, Refusal, new_intent

from CRCQualityControlLib.presenter.ports import Kit, Step
from CRCQualityControlLib.presenter.state import Busy, Level, State

Result = TypeVar("Result")
_WORK = "work"


class Hub(Board[State]):
    """The one owner of the state; pages publish into it, the view is told once per change."""

    def __init__(self, kit: Kit, lang: Lang) -> None:
        super().__init__(State(lang))
        self.kit = kit
        self.store: Store | None = None
        self.person = ""

    def tell(self, error: Exception, level: Level = Level.ERROR) -> None:
        """Show what went wrong and what to do; what nobody foresaw is told with its kind."""
        if isinstance(error, CrcError):
            super().tell(error, level)
        else:
            words = f"{type(error).__name__}: {error}"[:200]
            self.note(Level.ERROR, "quality.unforeseen", reason=words)

    def open_store(self) -> Store:
        """The store in use; raises CrcError while none is open or nobody was chosen."""
        if self.store is None or not self.person:
            raise CrcError("quality.no_store")
        return self.store

    def act(self, kind: Kind, unit: str | None, payload: Any, purpose: str) -> bool:
        """Ask the store for something as the person, who signs again where its kind asks for it; whether it happened.

        A refusal or trouble is told, and nothing has changed then.
        """
        try:
            store = self.open_store()
            secret = None
            if kind in SIGNED:
                secret = self.kit.secrets.ask(self.person, purpose)
                if secret is None:
                    return False
            intent = new_intent(kind, unit, self.person, self.kit.clock.now(), payload)
            return self.accepted(store.act(intent, secret=secret))
        except CrcError as error:
            self.tell(error)
            return False

    def accepted(self, outcome: Receipt | Refusal) -> bool:
        """Whether the store did it; a refusal is told."""
        if isinstance(outcome, Refusal):
            self.tell(outcome.as_error())
            return False
        return True

    def attempt(self, work: Callable[[], Result]) -> Result | None:
        """Do something short; None where it failed, which is told."""
        try:
            return work()
        except CrcError as error:
            self.tell(error)
            return None

    def run(
        self,
        words: str,
        steps: Steps[Result],
        done: Callable[[Result], None],
        failed: Callable[[], None] | None = None,
        *,
        can_cancel: bool = True,
    ) -> None:
        """Run long work step by step with progress; a person can stop it. A failure is told and changes nothing.

        `failed` is called before a failure is told. While work runs that cannot be stopped, no other begins.
        """
        if self.is_committed:
            return
        results: list[Result] = []

        def stepping() -> Iterator[Step]:
            while True:
                try:
                    reached, total = next(steps)
                except StopIteration as end:
                    results.append(end.value)
                    return
                self.publish(busy=Busy(words, reached, total, can_cancel))
                yield Step(words, reached, total)

        def finish() -> None:
            self.publish(busy=None)
            done(results[0])

        def fail(error: Exception) -> None:
            self.publish(busy=None)
            if failed is not None:
                failed()
            self.tell(error)

        self.publish(busy=Busy(words, can_cancel=can_cancel))
        self.kit.jobs.steps(_WORK, stepping(), finish, fail)

    def stop(self) -> None:
        """A person stops the work; nothing of it is taken over."""
        if self.state.busy is not None and not self.is_committed:
            self.kit.jobs.cancel(_WORK)
            self.publish(busy=None)

    @property
    def is_committed(self) -> bool:
        """Whether a work runs that cannot be stopped."""
        return self.state.busy is not None and not self.state.busy.can_cancel
