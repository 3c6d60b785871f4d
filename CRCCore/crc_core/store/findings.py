"""What a check of a store finds: facts and sentences, worst told apart from harmless."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from crc_core.errors import CrcError
from crc_core.text import Lang


class Level(StrEnum):
    """How much a finding matters."""

    WRONG = "wrong"
    LEFTOVER = "leftover"
    NOTE = "note"


@dataclass(frozen=True)
class Finding:
    """One thing that was found: a code of the catalogue, where, and the values of its sentence."""

    level: Level
    code: str
    path: Path
    values: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, level: Level, code: str, /, path: Path, **values: object) -> Finding:
        """A finding with its values as words."""
        return cls(level, code, path, tuple((name, str(value)) for name, value in values.items()))

    def sentence(self, lang: Lang) -> str:
        """What was found, where, and what to do."""
        return CrcError(self.code, path=self.path, **dict(self.values)).sentence(lang)


@dataclass(frozen=True)
class StoreCheck:
    """What a check counted and found; `head` is the hash of the last event whose chain holds."""

    head: str
    events: int
    units: int
    series: int
    readings: int
    finals: int
    people: int
    deep: bool
    findings: tuple[Finding, ...]

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong; leftovers are harmless."""
        return not self.of(Level.WRONG)

    def of(self, level: Level) -> tuple[Finding, ...]:
        """The findings of one level."""
        return tuple(item for item in self.findings if item.level is level)
