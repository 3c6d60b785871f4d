"""Searching units: conditions "field - comparator - value" joined by AND and OR in groups, nested as a tree."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from crc_core.clinical.fields import Field, FieldKind, record_kinds
from crc_core.clinical.values import Problem, read_date, read_value
from crc_core.errors import CrcError
from crc_core.text import Lang, say
from crc_core.workflow.context import Person
from crc_core.workflow.gates import phases_known
from crc_core.workflow.views import Phase
from django.db.models import Count, Q, QuerySet, Window

from crc_server.models import UnitRow, ValueRow

DEEPEST, MOST_CONDITIONS = 6, 60
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,40}")


class Join(StrEnum):
    """How the parts of a group are joined."""

    ALL = "all"
    ANY = "any"


class Comparator(StrEnum):
    """How a field is compared with a value."""

    IS = "is"
    IS_NOT = "is_not"
    LESS = "less"
    AT_MOST = "at_most"
    MORE = "more"
    AT_LEAST = "at_least"
    CONTAINS = "contains"
    KNOWN = "known"
    UNKNOWN = "unknown"


_ORDERED = (
    Comparator.IS,
    Comparator.LESS,
    Comparator.AT_MOST,
    Comparator.MORE,
    Comparator.AT_LEAST,
    Comparator.KNOWN,
    Comparator.UNKNOWN,
)
_CHOSEN = (Comparator.IS, Comparator.IS_NOT, Comparator.KNOWN, Comparator.UNKNOWN)
_WRITTEN = (Comparator.CONTAINS, Comparator.IS, Comparator.KNOWN, Comparator.UNKNOWN)
_LOOKUPS: Mapping[Comparator, str] = {
    Comparator.IS: "",
    Comparator.LESS: "__lt",
    Comparator.AT_MOST: "__lte",
    Comparator.MORE: "__gt",
    Comparator.AT_LEAST: "__gte",
    Comparator.CONTAINS: "__icontains",
}


@dataclass(frozen=True)
class SearchField:
    """Something to search by: of the unit itself, or a field of a clinical record of its case."""

    id: str
    kind: FieldKind
    choices: tuple[str, ...] = ()
    column: str | None = None
    record: Field | None = None

    @property
    def comparators(self) -> tuple[Comparator, ...]:
        """The comparators that make sense."""
        if self.kind in (FieldKind.NUMBER, FieldKind.INTEGER, FieldKind.DATE):
            return _ORDERED
        return _WRITTEN if self.kind is FieldKind.TEXT else _CHOSEN

    def label(self, lang: Lang) -> str:
        """Its name for people."""
        return say(f"search.field.{self.id}", lang) if self.record is None else self.record.label(lang)


@dataclass(frozen=True)
class Condition:
    """One condition as a person wrote it."""

    field: str
    comparator: Comparator
    value: str = ""


@dataclass(frozen=True)
class Group:
    """Conditions and groups, all of which or any of which must hold; an empty one holds."""

    join: Join
    parts: tuple[Condition | Group, ...] = ()


def search_fields() -> dict[str, SearchField]:
    """All fields by identifier."""
    phases = tuple(phase.value for phase in Phase)
    own = [
        SearchField("code", FieldKind.TEXT, column="code"),
        SearchField("phase", FieldKind.CHOICE, phases, "phase"),
        SearchField("site", FieldKind.TEXT, column="site"),
        SearchField("study_date", FieldKind.DATE, column="study_date"),
    ]
    clinical = [
        SearchField(
            field.id, field.kind, field.choices or (("yes", "no") if field.kind is FieldKind.FLAG else ()), record=field
        )
        for kind in record_kinds().records
        for field in kind.fields
    ]
    return {field.id: field for field in (*own, *clinical)}


def fields_for(person: Person) -> dict[str, SearchField]:
    """The fields a person may search by: whoever only meets what was granted gets none that could name a patient."""
    fields = search_fields()
    if phases_known(person):
        return fields
    return {name: field for name, field in fields.items() if field.record is None or not field.record.may_identify}


def require_fields(group: Group, fields: Mapping[str, SearchField]) -> None:
    """Raise the CrcError for a tree that asks for a field which is not among `fields`."""
    for part in group.parts:
        if isinstance(part, Group):
            require_fields(part, fields)
        elif part.field not in fields:
            raise CrcError("search.unknown_field", field=part.field)


def read_group(document: Any, depth: int = 0) -> Group:
    """The tree in a JSON document (`{"all": […]}`, `{"any": […]}`); raises CrcError for anything else."""
    if depth > DEEPEST or not isinstance(document, dict) or len(document) != 1:
        raise CrcError("search.bad", deepest=DEEPEST, most=MOST_CONDITIONS)
    join, parts = next(iter(document.items()))
    if join not in list(Join) or not isinstance(parts, list) or len(parts) > MOST_CONDITIONS:
        raise CrcError("search.bad", deepest=DEEPEST, most=MOST_CONDITIONS)
    read = (read_group(part, depth + 1) if set(part_keys(part)) <= set(Join) else _condition(part) for part in parts)
    return Group(Join(join), tuple(read))


def part_keys(part: Any) -> tuple[str, ...]:
    """The keys of a part; raises CrcError where it is no object or has none."""
    if not isinstance(part, dict) or not part:
        raise CrcError("search.bad", deepest=DEEPEST, most=MOST_CONDITIONS)
    return tuple(part)


def document_of(group: Group) -> dict[str, Any]:
    """The JSON document of a tree."""
    parts = [
        document_of(part)
        if isinstance(part, Group)
        else {"field": part.field, "is": part.comparator.value, "value": part.value}
        for part in group.parts
    ]
    return {group.join.value: parts}


def find(units: QuerySet[UnitRow], group: Group) -> QuerySet[UnitRow]:
    """Those of `units` for which the tree holds; raises CrcError for a value that cannot be compared."""
    if _count(group) > MOST_CONDITIONS:
        raise CrcError("search.bad", deepest=DEEPEST, most=MOST_CONDITIONS)
    return units.filter(_query(group))


def found_page(units: QuerySet[UnitRow], group: Group, offset: int, limit: int) -> tuple[list[UnitRow], int]:
    """Some of the units found, by code, and how many there are in all."""
    found = find(units, group).order_by("code")
    if not group.parts:
        return list(found[offset : offset + limit]), found.count()
    # Conditions cost more than counting on: they are looked at once for both.
    rows = list(found.annotate(total=Window(Count("*")))[offset : offset + limit])
    return rows, rows[0].total if rows else found.count()


def problem_of(condition: Condition) -> CrcError | None:
    """Why a condition cannot be used (yet); None where it can."""
    try:
        _query_one(condition)
    except CrcError as error:
        return error
    return None


def _condition(part: Any) -> Condition:
    texts = {"field", "is", "value"}
    if not set(part) <= texts or not all(isinstance(item, str) and len(item) <= 500 for item in part.values()):
        raise CrcError("search.bad", deepest=DEEPEST, most=MOST_CONDITIONS)
    if part.get("is") not in list(Comparator) or not _CODE.fullmatch(part.get("field", "")):
        raise CrcError("search.bad", deepest=DEEPEST, most=MOST_CONDITIONS)
    return Condition(part["field"], Comparator(part["is"]), part.get("value", ""))


def _count(group: Group) -> int:
    return sum(_count(part) if isinstance(part, Group) else 1 for part in group.parts)


def _query(part: Condition | Group) -> Q:
    if isinstance(part, Condition):
        return _query_one(part)
    joined = Q()
    for inner in part.parts:
        query = _query(inner)
        joined = joined & query if part.join is Join.ALL else joined | query
    return joined


def _query_one(condition: Condition) -> Q:
    field = search_fields().get(condition.field)
    if field is None or condition.comparator not in field.comparators:
        raise CrcError("search.unknown_field", field=condition.field)
    if field.column is not None:
        return _of_unit(field, condition)
    # Lists of cases, not a question for each unit: a database looks them up once, also where the conditions are ORed.
    values = ValueRow.objects.filter(field=field.id)
    if condition.comparator is Comparator.KNOWN:
        return _among(values)
    if condition.comparator is Comparator.UNKNOWN:
        return ~_among(values)
    value = _value(field, condition)
    column = "number" if isinstance(value, float) else "text"
    if condition.comparator is Comparator.IS_NOT:
        # What is not known is neither: "is not" speaks of cases whose value is known and another.
        return _among(values) & ~_among(values.filter(**{column: value}))
    return _among(values.filter(**{f"{column}{_LOOKUPS[condition.comparator]}": value}))


def _among(values: QuerySet[ValueRow]) -> Q:
    return Q(case__in=values.values("case"))


def _of_unit(field: SearchField, condition: Condition) -> Q:
    column = str(field.column)
    if condition.comparator in (Comparator.KNOWN, Comparator.UNKNOWN):
        return Q(**{f"{column}__isnull": condition.comparator is Comparator.UNKNOWN})
    value = _value(field, condition)
    if condition.comparator is Comparator.IS_NOT:
        return ~Q(**{column: value})
    return Q(**{f"{column}{_LOOKUPS[condition.comparator]}": value})


def _value(field: SearchField, condition: Condition) -> float | str:
    """The value to compare with; a number in the field's standard unit."""
    text = condition.value.strip()
    if not text or "\0" in text:
        raise CrcError("search.no_value", field=field.id)
    if field.record is not None and field.kind is not FieldKind.TEXT:
        found = read_value(field.record, text)
        if isinstance(found, Problem):
            raise CrcError("search.bad_value", field=field.id, value=text[:40])
        if isinstance(found, bool):
            return "yes" if found else "no"
        if isinstance(found, tuple):
            return found[0]
        return float(found) if isinstance(found, (int, float)) else str(found)
    if field.kind is FieldKind.DATE and isinstance(day := read_date(field.id, text), str):
        return day
    if field.kind is FieldKind.DATE or (field.choices and text not in field.choices):
        raise CrcError("search.bad_value", field=field.id, value=text[:40])
    return text
