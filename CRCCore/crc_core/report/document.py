"""A report: the templates it was made with, the lesions it speaks of, and one answer per question.

Answers are immutable values at paths such as `primary[1].t_stage` or `liver.fatty_liver`. Answers to questions that do
not apply at present are set aside, never thrown away: they come back when the question does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from crc_core.identity import UnitId
from crc_core.report.template import Field, Repeat, Section, Template, TemplateRef, current_templates
from crc_core.vocabulary import LesionClass, Target, TargetAnswer

SCHEMA = "crc-report/1"
Value = str | int | float | tuple[str, ...]
_PATH = re.compile(r"([a-z_]+)(?:\[([1-9]\d{0,2})\])?\.([a-z0-9_]+)")


class Source(StrEnum):
    """Where an answer comes from.

    Typed by a person, measured on the contour, derived from other answers, taken from the case; `both` holds two
    readers' different answers that stand side by side, `open` two that a senior has yet to settle.
    """

    TYPED = "typed"
    MEASURED = "measured"
    DERIVED = "derived"
    CASE = "case"
    BOTH = "both"
    OPEN = "open"


@dataclass(frozen=True, order=True)
class FieldPath:
    """The place of one answer; `lesion` is None in a section answered once."""

    section: str
    lesion: int | None
    field: str

    def __str__(self) -> str:
        number = "" if self.lesion is None else f"[{self.lesion}]"
        return f"{self.section}{number}.{self.field}"

    @classmethod
    def parse(cls, text: str) -> FieldPath:
        """The path written as `liver_lesion[2].segment`; ValueError for anything else."""
        match = _PATH.fullmatch(text)
        if not match or (match[2] and int(match[2]) > 255):
            raise ValueError(f"{text!r} is no path of a report")
        return cls(match[1], int(match[2]) if match[2] else None, match[3])

    @property
    def order(self) -> tuple[str, int, str]:
        """A key to sort by."""
        return (self.section, self.lesion or 0, self.field)


@dataclass(frozen=True, order=True)
class Lesion:
    """A lesion the report speaks of: its target, its number there (1 to 255) and its class."""

    target: Target
    number: int
    lesion_class: LesionClass

    def __post_init__(self) -> None:
        if not 1 <= self.number <= 255:
            raise ValueError(f"lesion number {self.number} is not between 1 and 255")


@dataclass(frozen=True)
class NotAssessable:
    """ "无法评估": the code of the reason, and words where the reason asks for them."""

    reason: str
    text: str = ""


@dataclass(frozen=True)
class Measurement:
    """What was measured: the value, the sentence that says how and where, and what the image can tell apart."""

    value: float
    how: str
    how_values: tuple[tuple[str, str | int | float], ...] = ()
    precision: float = 1.0

    @property
    def decimals(self) -> int:
        """How many decimals can be shown: tenths where the precision is below one, else none."""
        return 1 if self.precision < 1.0 else 0

    @property
    def shown(self) -> float:
        """The value as it enters the report."""
        return round(float(self.value), self.decimals)


@dataclass(frozen=True)
class Answer:
    """One answer: a value, or the reason why it cannot be assessed, or two readers' answers; and its source.

    A typed answer keeps the measurement it differs from, so that a screen can show it and take it back.
    """

    value: Value | None = None
    not_assessable: NotAssessable | None = None
    source: Source = Source.TYPED
    measurement: Measurement | None = None
    readers: tuple[Answer | None, Answer | None] | None = None

    def __post_init__(self) -> None:
        if sum(part is not None for part in (self.value, self.not_assessable, self.readers)) != 1:
            raise ValueError("an answer is a value, a reason or two readers' answers")
        if (self.readers is not None) != (self.source in (Source.BOTH, Source.OPEN)):
            raise ValueError("two readers' answers are marked both or open")

    def says_same(self, other: Answer | None) -> bool:
        """Whether both say the same, wherever they come from."""
        return other is not None and (self.value, self.not_assessable, self.readers) == (
            other.value,
            other.not_assessable,
            other.readers,
        )

    @property
    def differs_from_measurement(self) -> bool:
        """Whether a person's answer stands against what was measured."""
        if self.measurement is None or self.source is not Source.TYPED:
            return False
        if isinstance(self.value, (int, float)):
            slack = max(self.measurement.precision, 10.0**-self.measurement.decimals) / 2
            return abs(self.value - self.measurement.value) > slack + 1e-9
        return True


@dataclass(frozen=True)
class Header:
    """What the case tells; whatever is None stays to be filled."""

    examination: str | None = None
    sex: str | None = None
    age_years: int | None = None
    clinical_diagnosis: str | None = None
    examined_on: str | None = None


@dataclass(frozen=True)
class Report:
    """One reader's report of one unit; made by `new_report`, changed only by the functions of `form` and `autofill`."""

    unit: UnitId
    templates: tuple[Template, ...]
    targets: Mapping[Target, TargetAnswer]
    lesions: tuple[Lesion, ...]
    answers: Mapping[FieldPath, Answer]
    set_aside: Mapping[FieldPath, Answer]

    def __post_init__(self) -> None:
        object.__setattr__(self, "lesions", tuple(sorted(self.lesions)))
        if len({(lesion.target, lesion.number) for lesion in self.lesions}) != len(self.lesions):
            raise ValueError("a lesion is named twice")
        for name in ("targets", "answers", "set_aside"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    @property
    def template_refs(self) -> tuple[TemplateRef, ...]:
        """The templates the report was made with."""
        return tuple(TemplateRef(template.name, template.version) for template in self.templates)

    @property
    def sections(self) -> Iterator[tuple[Template, Section]]:
        """Every section with its template, in order."""
        return ((template, section) for template in self.templates for section in template.sections)

    @cached_property
    def _by_id(self) -> Mapping[str, tuple[Template, Section]]:
        return {section.id: (template, section) for template, section in self.sections}

    @cached_property
    def _by_target(self) -> Mapping[Target, tuple[Lesion, ...]]:
        return {target: tuple(lesion for lesion in self.lesions if lesion.target is target) for target in Target}

    def section(self, section_id: str) -> tuple[Template, Section] | None:
        """The section of that id with its template, if there is one."""
        return self._by_id.get(section_id)

    def field(self, path: FieldPath) -> Field | None:
        """The question at `path`; None where the templates have none or the lesion number does not belong."""
        pair = self.section(path.section)
        if pair is None or (pair[1].repeat is Repeat.PER_LESION) != (path.lesion is not None):
            return None
        return pair[1].field(path.field)

    def lesions_of(self, target: Target, lesion_class: LesionClass | None = None) -> tuple[Lesion, ...]:
        """The lesions of a target (of one class, where given) by number."""
        lesions = self._by_target[target]
        if lesion_class is None:
            return lesions
        return tuple(lesion for lesion in lesions if lesion.lesion_class is lesion_class)

    def numbers(self, section: Section) -> tuple[int | None, ...]:
        """The blocks of a section: one without number, or one per lesion of its target."""
        if section.repeat is Repeat.ONCE or section.target is None:
            return (None,)
        return tuple(lesion.number for lesion in self.lesions_of(section.target))

    @property
    def paths(self) -> Iterator[tuple[FieldPath, Field]]:
        """Every question of every block, visible or not, in order."""
        for _, section in self.sections:
            for number in self.numbers(section):
                for field in section.fields:
                    yield FieldPath(section.id, number, field.id), field

    def to_json(self) -> dict[str, Any]:
        """The report as a JSON document of the schema `crc-report/1`."""
        from crc_core.report.document_json import write_document

        return write_document(self)

    @classmethod
    def from_json(cls, document: Any, path: Path) -> Report:
        """The report in a JSON document; raises CrcError naming `path` and the field for anything else."""
        from crc_core.report.document_json import read_report_document

        return read_report_document(document, path)


def new_report(
    unit: UnitId,
    lesions: tuple[Lesion, ...] = (),
    header: Header | None = None,
    targets: Mapping[Target, TargetAnswer] | None = None,
    templates: tuple[Template, ...] | None = None,
) -> Report:
    """An empty report on the current templates, with what the case tells and one block per lesion."""
    from crc_core.report.rules import settled

    known = vars(header or Header())
    answers = {
        FieldPath("header", None, name): Answer(value, source=Source.CASE)
        for name, value in known.items()
        if value is not None
    }
    return settled(Report(unit, templates or current_templates(), targets or {}, lesions, answers, {}))


def with_lesions(report: Report, lesions: tuple[Lesion, ...]) -> Report:
    """The report about other lesions; answers about lesions that are gone are set aside and come back with them."""
    from crc_core.report.rules import settled

    return settled(replace(report, lesions=lesions))


def with_target(report: Report, target: Target, answer: TargetAnswer) -> Report:
    """The report with what the reading says of one target."""
    return replace(report, targets={**report.targets, target: answer})
