"""Which records there are and what stands in them: a versioned file in `crc_core/data`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache

from crc_core.errors import CrcError
from crc_core.files.packaged import packaged_record
from crc_core.text import Lang, catalogue, say


class FieldKind(StrEnum):
    """What a field holds; CHOICES are several of its choices."""

    NUMBER = "number"
    INTEGER = "integer"
    CHOICE = "choice"
    CHOICES = "choices"
    FLAG = "flag"
    DATE = "date"
    TEXT = "text"


@dataclass(frozen=True)
class Field:
    """One field; numbers are kept in `unit`, `units` gives the factor from each unit that is understood."""

    id: str
    kind: FieldKind
    unit: str | None = None
    units: Mapping[str, float] = field(default_factory=dict)
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()
    longest: int = 0

    @property
    def may_identify(self) -> bool:
        """Whether the field can hold what identifies a patient: words that a person wrote may name somebody."""
        return self.kind is FieldKind.TEXT

    def label(self, lang: Lang) -> str:
        """The field's name for people, with its unit."""
        name = say(f"clinical.field.{self.id}", lang)
        if self.unit in (None, "1"):
            return name
        code = f"clinical.unit.{self.unit}"
        return f"{name} ({say(code, lang) if code in catalogue(lang) else self.unit})"


@dataclass(frozen=True)
class RecordKind:
    """A kind of record; one that is `dated` can stand many times in a case, once per date."""

    id: str
    fields: tuple[Field, ...]
    dated: bool = False

    def field(self, name: str) -> Field | None:
        """The field of that identifier; None for none."""
        return next((item for item in self.fields if item.id == name), None)

    def label(self, lang: Lang) -> str:
        """The record's name for people."""
        return say(f"clinical.record.{self.id}", lang)


@dataclass(frozen=True)
class RecordKinds:
    """All kinds of a version of the definitions."""

    version: str
    records: tuple[RecordKind, ...]

    def kind(self, name: str) -> RecordKind:
        """The kind of that identifier; raises CrcError for none."""
        found = next((item for item in self.records if item.id == name), None)
        if found is None:
            raise CrcError("clinical.unknown_record", kind=name, known=", ".join(item.id for item in self.records))
        return found


@cache
def record_kinds() -> RecordKinds:
    """The definitions as shipped with this version."""
    return packaged_record(RecordKinds, "clinical_fields.json")


def choice_label(choice: str, lang: Lang) -> str:
    """A choice for people; stages and grades (cT3, R0) are the same in every language."""
    code = f"clinical.choice.{choice}"
    return say(code, lang) if code in catalogue(lang) else choice
