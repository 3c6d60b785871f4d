"""What a report asks: templates of sections, groups and fields, as data with a version.

Source: consensus 2.4, tables 1-3. What the printed tables lack is marked as an addition; what they misprint carries a
note. A template is never changed once used; a change makes the next version, and the older one stays loadable.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from crc_core.text import Lang
from crc_core.vocabulary import LesionClass, Target


class Kind(StrEnum):
    """What an answer is: one option, several options, a measure, a whole number, words, a date (ISO 8601)."""

    CHOICE = "choice"
    CHOICES = "choices"
    NUMBER = "number"
    COUNT = "count"
    TEXT = "text"
    DATE = "date"


NUMERIC = (Kind.NUMBER, Kind.COUNT)
CHOOSING = (Kind.CHOICE, Kind.CHOICES)


class Measurable(StrEnum):
    """What can fill a field from the contour and the phases."""

    LONG_DIAMETER = "long_diameter"
    SHORT_DIAMETER = "short_diameter"
    CRANIO_CAUDAL = "cranio_caudal"
    THICKNESS = "thickness"
    LONGEST_AXIAL = "longest_axial_diameter"
    HU_NC = "hu_nc"
    HU_AP = "hu_ap"
    HU_PVP = "hu_pvp"
    HU_DP = "hu_dp"


class Rule(StrEnum):
    """How a field follows from others."""

    UNIT = "unit"
    GROUP_OF = "group_of"
    CLASS_OF = "class_of"
    COUNT_LESIONS = "count_lesions"
    UNION_OVER_LESIONS = "union_over_lesions"
    PRESENT_WITH_LESIONS = "present_with_lesions"
    DEFAULT = "default"


class CheckKind(StrEnum):
    """What two answers of one section must not say together."""

    NOT_SMALLER = "not_smaller"
    EXCLUDES = "excludes"
    REPRESENTATIVE = "representative"
    CONTAINS_LESIONS = "contains_lesions"


class Repeat(StrEnum):
    """Whether a section is answered once per unit or once per lesion of its target."""

    ONCE = "once"
    PER_LESION = "per_lesion"


@dataclass(frozen=True)
class Words:
    """One label in both languages."""

    zh: str
    en: str

    def say(self, lang: Lang) -> str:
        """The label in `lang`."""
        return self.zh if lang is Lang.ZH else self.en


@dataclass(frozen=True)
class Option:
    """One box; `group` is the code it belongs under, `printed` the box of the printed table where that differs.

    `alone` is the label where the box stands without its group: the anterior segment of which lobe.
    """

    code: str
    label: Words
    alone: Words
    group: str = ""
    addition: bool = False
    exclusive: bool = False
    printed: str = ""
    target: Target | None = None


@dataclass(frozen=True)
class Reason:
    """Why something cannot be assessed; some reasons ask for words."""

    code: str
    label: Words
    needs_text: bool = False


@dataclass(frozen=True)
class FieldRef:
    """A field by its section and id; in a repeated section the one of the same lesion is meant."""

    section: str
    field: str


@dataclass(frozen=True)
class FieldClause:
    """Holds when the answer is one of `any_of` (or contains one), or lies at or above / below a number."""

    ref: FieldRef
    any_of: tuple[str, ...] = ()
    at_least: float | None = None
    below: float | None = None


@dataclass(frozen=True)
class LesionsClause:
    """Holds when the target has a lesion (of the class, where one is given)."""

    target: Target
    lesion_class: LesionClass | None = None


@dataclass(frozen=True)
class OwnClassClause:
    """Holds when the lesion of this block is of one of the classes."""

    classes: tuple[LesionClass, ...]


Clause = FieldClause | LesionsClause | OwnClassClause


@dataclass(frozen=True)
class Condition:
    """When a part applies: every clause, or any of them."""

    clauses: tuple[Clause, ...]
    every: bool


@dataclass(frozen=True)
class ValueClass:
    """A class of a number: values below `below`; the last class has no bound."""

    code: str
    below: float | None = None


@dataclass(frozen=True)
class Derivation:
    """How a field follows: the rule, what it follows from, and when it does not apply."""

    rule: Rule
    source: FieldRef | None = None
    lesion_class: LesionClass | None = None
    unless: FieldClause | None = None
    classes: tuple[ValueClass, ...] = ()
    value: str = ""


@dataclass(frozen=True)
class Check:
    """A contradiction to look for inside one section; one that does not block is a question to the reader."""

    kind: CheckKind
    field: str
    code: str
    other: str = ""
    any_of: tuple[str, ...] = ()
    other_any_of: tuple[str, ...] = ()
    source: FieldRef | None = None
    lesion_class: LesionClass | None = None
    at_least: int = 0
    blocks: bool = True


@dataclass(frozen=True)
class Field:
    """One question.

    `range` is inclusive and in `unit`; `critical` answers are settled by a senior when two readers differ;
    `measurable` names what can fill it; `addition` marks what the printed table does not have.
    """

    id: str
    kind: Kind
    label: Words
    options: tuple[Option, ...] = ()
    unit: Words | None = None
    range: tuple[float, float] | None = None
    condition: Condition | None = None
    derivation: Derivation | None = None
    critical: bool = False
    measurable: Measurable | None = None
    required: bool = True
    addition: bool = False
    printed_error: Words | None = None
    note: Words | None = None

    def option(self, code: object) -> Option | None:
        """The option of that code, if there is one."""
        return next((option for option in self.options if option.code == code), None)


@dataclass(frozen=True)
class Group:
    """Fields shown together under one label."""

    id: str
    label: Words
    fields: tuple[Field, ...]
    condition: Condition | None = None


@dataclass(frozen=True)
class Section:
    """A part of a table, answered once or per lesion; `print_after` is the printed group it follows."""

    id: str
    repeat: Repeat
    label: Words
    groups: tuple[Group, ...]
    target: Target | None = None
    condition: Condition | None = None
    checks: tuple[Check, ...] = ()
    print_after: str = ""

    @property
    def fields(self) -> Iterator[Field]:
        """Every field in printed order."""
        return (field for group in self.groups for field in group.fields)

    def field(self, field_id: str) -> Field | None:
        """The field of that id, if there is one."""
        return next((field for field in self.fields if field.id == field_id), None)


@dataclass(frozen=True)
class Template:
    """One table of the consensus at one version."""

    name: str
    version: int
    title: Words
    source: str
    header: tuple[str, ...]
    footnote: Words
    reasons: tuple[Reason, ...]
    sections: tuple[Section, ...]
    group_labels: tuple[tuple[str, Words], ...] = ()

    def section(self, section_id: str) -> Section | None:
        """The section of that id, if there is one."""
        return next((section for section in self.sections if section.id == section_id), None)

    def reason(self, code: str) -> Reason | None:
        """The reason of that code, if there is one."""
        return next((reason for reason in self.reasons if reason.code == code), None)

    def group_label(self, code: str) -> Words | None:
        """The label of a group of options, if the template words it."""
        return next((label for group, label in self.group_labels if group == code), None)


@dataclass(frozen=True)
class TemplateRef:
    """The name and version a stored report was made with."""

    name: str
    version: int

    def __str__(self) -> str:
        return f"{self.name}-v{self.version}"


def load_template(name: str, version: int) -> Template:
    """A template of this package; raises CrcError for one it does not hold."""
    from crc_core.report.template_files import packaged

    return packaged().load(name, version)


def current_templates() -> tuple[Template, ...]:
    """The newest version of each table, in printed order: primary, liver, lung."""
    from crc_core.report.template_files import packaged

    return packaged().current()
