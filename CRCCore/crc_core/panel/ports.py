"""What every panel's presenter needs from outside, as protocols: questions to a person, time, what is remembered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from crc_core.store.access import ServerForm


@dataclass(frozen=True)
class Choice:
    """One way to answer a question."""

    code: str
    words: str


class Questions(Protocol):
    """Questions to the person; each waits for the answer. None: the question was put away."""

    def choose(self, title: str, words: str, choices: Sequence[Choice]) -> str | None:
        """One of several buttons; the code chosen."""

    def text(self, title: str, words: str, preset: str = "", *, needed: bool = True) -> str | None:
        """Some words; with `needed`, empty ones cannot be given."""

    def pick(self, title: str, words: str, choices: Sequence[Choice]) -> str | None:
        """One of a longer list; the code chosen."""

    def folder(self, title: str, preset: Path | None = None) -> Path | None:
        """A folder that exists."""

    def server(
        self,
        title: str,
        words: str,
        form: ServerForm,
        attempt: Callable[[ServerForm], Any],
        *,
        is_fixed: bool = False,
    ) -> Any:
        """Sign in to a server: what `attempt` gives for the filled form, None where the person thinks better of it.

        `attempt` asks the server and is made aside; its CrcError is told in the form, which can be sent again. With
        `is_fixed` the server is given. The password is kept nowhere.
        """


@dataclass(frozen=True)
class Step:
    """How far a work in steps is: what is being done, in words, and how much of it."""

    words: str
    done: int = 0
    total: int = 0


class WallClock(Protocol):
    """The time of day."""

    def now(self) -> datetime:
        """The time of day, aware, UTC."""


class Settings(Protocol):
    """What is remembered on this machine from one session to the next, under `CRCDatabase/<name>`."""

    def get(self, name: str) -> str | None:
        """What was remembered."""

    def put(self, name: str, value: str | None) -> None:
        """Remember; None forgets."""
