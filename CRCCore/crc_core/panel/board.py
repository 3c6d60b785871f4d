"""The one owner of what a panel shows: parts publish into it, the view is told once per change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from crc_core.errors import CrcError
from crc_core.text import Lang, say


class Level(StrEnum):
    """How loud a message is."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Message:
    """One sentence over the panel's foot; `id` tells one from the next."""

    id: int
    level: Level
    words: str


class PanelState(Protocol):
    """All that a panel shows: a frozen dataclass with at least the language and the sentence over the foot."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def lang(self) -> Lang:
        """The language everything is said in."""

    @property
    def message(self) -> Message | None:
        """The sentence that is shown."""


Shown = TypeVar("Shown", bound=PanelState)


class Board(Generic[Shown]):
    """Holds a state; a part of it that did not change is the same object as before."""

    def __init__(self, state: Shown) -> None:
        self._state = state
        self._render: Callable[[Shown], None] | None = None
        self._messages = 0
        self._wording: Callable[[Lang], str] | None = None
        self._held = 0
        self._pending = False

    @property
    def state(self) -> Shown:
        """What the panel shows now."""
        return self._state

    @property
    def lang(self) -> Lang:
        """The person's language."""
        return self._state.lang

    def say(self, code: str, /, **values: object) -> str:
        """A sentence of the catalogue in the person's language."""
        return say(code, self.lang, **values)

    def on_render(self, render: Callable[[Shown], None] | None) -> None:
        """Who draws the state; told at once."""
        self._render = render
        self._tell()

    def publish(self, **parts: Any) -> None:
        """Replace parts of the state; nothing is told where they are equal to what is shown."""
        fresh = {name: value for name, value in parts.items() if value != getattr(self._state, name)}
        if fresh:
            self._state = replace(self._state, **fresh)
            self._tell()

    def hold(self) -> Hold:
        """A context in which several parts publish and the view is told once at its end."""
        return Hold(self)

    def message(self, level: Level, words: str) -> None:
        """Show one sentence; one that is to change with the language is told by `note` or `tell`."""
        self.speak(level, lambda lang: words)

    def note(self, level: Level, code: str, /, **values: object) -> None:
        """Show one sentence of the catalogue."""
        self.speak(level, lambda lang: say(code, lang, **values))

    def tell(self, error: CrcError, level: Level = Level.ERROR) -> None:
        """Show what went wrong and what to do."""
        self.speak(level, error.sentence)

    def clear_message(self) -> None:
        """Put the sentence away."""
        self._wording = None
        self.publish(message=None)

    def set_language(self, lang: Lang) -> None:
        """Speak another language from now on; the sentence that is shown is said again in it."""
        shown = self._state.message
        if shown is not None and self._wording is not None:
            shown = replace(shown, words=self._wording(lang))
        self.publish(lang=lang, message=shown)

    def speak(self, level: Level, wording: Callable[[Lang], str]) -> None:
        """Show what `wording` says in the person's language."""
        self._messages += 1
        self._wording = wording
        self.publish(message=Message(self._messages, level, wording(self.lang)))

    def _tell(self) -> None:
        if self._held:
            self._pending = True
        elif self._render is not None:
            self._render(self._state)

    def _release(self) -> None:
        self._held -= 1
        if not self._held and self._pending:
            self._pending = False
            self._tell()


class Hold:
    """Keeps the view from being told until its block ends."""

    def __init__(self, board: Board[Any]) -> None:
        self._board = board

    def __enter__(self) -> None:
        self._board._held += 1

    def __exit__(self, *_: object) -> None:
        self._board._release()
