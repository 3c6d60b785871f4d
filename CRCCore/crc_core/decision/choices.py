"""What a senior has decided so far on one unit: per lesion, per target without lesions, per question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from types import MappingProxyType
from typing import TypeVar

from crc_core.decision.finals import AbsentRuling, FieldRuling
from crc_core.files.packaged import packaged_record
from crc_core.geometry.grid import Volume
from crc_core.reading.final import Take
from crc_core.vocabulary import LesionClass, Target


@dataclass(frozen=True)
class ReasonCodes:
    """Why a disputed lesion was decided as it was: a closed list; some codes ask for words. How bad each dispute is."""

    version: str
    note: str
    codes: tuple[str, ...]
    sub_voxel: str
    needs_note: tuple[str, ...]
    severity: Mapping[str, int]


@cache
def reason_codes() -> ReasonCodes:
    """The codes of this version."""
    return packaged_record(ReasonCodes, "adjudication_reasons.json")


@dataclass(frozen=True, order=True)
class LesionKey:
    """A lesion of a comparison: its target and its numbers in A and in B."""

    target: Target
    a: tuple[int, ...]
    b: tuple[int, ...]

    @property
    def name(self) -> str:
        """The lesion as it is spoken of: `A1+B2`."""
        return "+".join([*(f"A{number}" for number in self.a), *(f"B{number}" for number in self.b)])


@dataclass(frozen=True, eq=False)
class LesionChoice:
    """What becomes of one lesion; `kind` where the class changes, `edited` the contour drawn for `Take.EDITED`."""

    take: Take
    kind: LesionClass | None = None
    reason: str | None = None
    note: str | None = None
    edited: Volume | None = None

    def __post_init__(self) -> None:
        if (self.take is Take.EDITED) != (self.edited is not None):
            raise ValueError("an edited lesion comes with its contour, no other does")


@dataclass(frozen=True, eq=False)
class Choices:
    """Everything decided so far."""

    lesions: Mapping[LesionKey, LesionChoice] = field(default_factory=lambda: MappingProxyType({}))
    absent: Mapping[Target, AbsentRuling] = field(default_factory=lambda: MappingProxyType({}))
    fields: Mapping[str, FieldRuling] = field(default_factory=lambda: MappingProxyType({}))

    def with_lesion(self, key: LesionKey, choice: LesionChoice | None) -> Choices:
        """The choices with one lesion decided, or open again."""
        return replace(self, lesions=_changed(self.lesions, key, choice))

    def with_absent(self, target: Target, ruling: AbsentRuling | None) -> Choices:
        """The choices with what is said of a target of which no lesion stays."""
        return replace(self, absent=_changed(self.absent, target, ruling))

    def with_field(self, path: str, ruling: FieldRuling | None) -> Choices:
        """The choices with one question of the report settled, or open again."""
        return replace(self, fields=_changed(self.fields, path, ruling))


Key = TypeVar("Key")
Item = TypeVar("Item")


def _changed(known: Mapping[Key, Item], key: Key, value: Item | None) -> Mapping[Key, Item]:
    kept = {other: item for other, item in known.items() if other != key}
    return MappingProxyType(kept if value is None else {**kept, key: value})
