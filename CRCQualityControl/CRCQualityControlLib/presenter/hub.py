"""What the pages share: kit, language, store, person, the one long work at a time, and the state they publish."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

from crc_core.errors import CrcError
from crc_core.store.protocol import Receipt, Store
from crc_core.study.stepping import Steps
from crc_core.text import Lang, say
from crc_core.workflow.events import Kind
from crc_core.workflow.intents import SIGNED, Refusal, new_intent

from CRCQualityControlLib.presenter.ports import Kit, Step
from CRCQualityControlLib.presenter.state import Busy, Level, Message, State

Render = Callable[[State], None]
Result = TypeVar("Result")
_WORK = "work"


class Hub:
    """The one owner of the state; pages publish into it, the view is told once per change."""

    def __init__(self, kit: Kit, lang: Lang) -> None:
        self.kit = kit
        self.store: Store | None = None
        self.person = ""
        self._state = State(lang)
        self._render: Render | None = None
        self._messages = 0
        self._wording: Callable[[Lang], str] | None = None

    @property
    def state(self) -> State:
        """What the panel shows now."""
        return self._state

    @property
    def lang(self) -> Lang:
        """The person's language."""
        return self._state.lang

    def say(self, code: str, /, **values: object) -> str:
        """A sentence of the catalogue in the person's language."""
        return say(code, self.lang, **values)

    def on_render(self, render: Render | None) -> None:
        """Who draws the state; told at once."""
        self._render = render
        self._tell()

    def publish(self, **parts: Any) -> None:
        """Replace parts of the state; nothing is told where they are equal to what is shown."""
        fresh = {name: value for name, value in parts.items() if value != getattr(self._state, name)}
        if fresh:
            self._state = replace(self._state, **fresh)
            self._tell()

    def set_language(self, lang: Lang) -> None:
        """Speak another language from now on; the sentence that is shown is said again in it."""
        shown = self._state.message
        if shown is not None and self._wording is not None:
            shown = replace(shown, words=self._wording(lang))
        self.publish(lang=lang, message=shown)

    def note(self, level: Level, code: str, /, **values: object) -> None:
        """Show one sentence of the catalogue."""
        self._speak(level, lambda lang: say(code, lang, **values))

    def tell(self, error: Exception, level: Level = Level.ERROR) -> None:
        """Show what went wrong and what to do; what nobody foresaw is told with its kind."""
        if isinstance(error, CrcError):
            self._speak(level, error.sentence)
        else:
            words = f"{type(error).__name__}: {error}"[:200]
            self.note(Level.ERROR, "quality.unforeseen", reason=words)

    def clear_message(self) -> None:
        """Put the sentence away."""
        self._wording = None
        self.publish(message=None)

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
    ) -> None:
        """Run long work step by step with progress; a person can stop it. A failure is told and changes nothing.

        `failed` is called before a failure is told.
        """
        results: list[Result] = []

        def stepping() -> Iterator[Step]:
            while True:
                try:
                    reached, total = next(steps)
                except StopIteration as end:
                    results.append(end.value)
                    return
                yield Step(words, reached, total)

        def finish() -> None:
            self.publish(busy=None)
            done(results[0])

        def fail(error: Exception) -> None:
            self.publish(busy=None)
            if failed is not None:
                failed()
            self.tell(error)

        self.publish(busy=Busy(words))
        self.kit.jobs.steps(_WORK, stepping(), finish, fail, self._show_step)

    def stop(self) -> None:
        """A person stops the work; nothing of it is taken over."""
        if self._state.busy is not None:
            self.kit.jobs.cancel(_WORK)
            self.publish(busy=None)

    def _show_step(self, step: Step) -> None:
        self.publish(busy=Busy(step.words, step.done, step.total))

    def _speak(self, level: Level, wording: Callable[[Lang], str]) -> None:
        self._messages += 1
        self._wording = wording
        self.publish(message=Message(self._messages, level, wording(self.lang)))

    def _tell(self) -> None:
        if self._render is not None:
            self._render(self._state)
