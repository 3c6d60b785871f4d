"""Templates as files: `<name>-v<version>.json` in one folder, read once and never changed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from crc_core.errors import CrcError
from crc_core.report.template import (
    Check,
    CheckKind,
    Clause,
    Condition,
    Derivation,
    Field,
    FieldClause,
    FieldRef,
    Group,
    Kind,
    LesionsClause,
    Measurable,
    Option,
    OwnClassClause,
    Reason,
    Repeat,
    Rule,
    Section,
    Template,
    ValueClass,
    Words,
)
from crc_core.vocabulary import LesionClass, Target

SCHEMA = "crc-report-template/1"
NAMES = ("primary", "liver", "lung")
"""The tables of the consensus in printed order."""

_FILE = re.compile(r"([a-z]+)-v([1-9]\d*)\.json")
_Json = Mapping[str, Any]


@dataclass(frozen=True)
class TemplateLibrary:
    """The templates in one folder, every version of each table."""

    folder: Traversable

    def versions(self, name: str) -> tuple[int, ...]:
        """The versions of one table, oldest first."""
        matches = (_FILE.fullmatch(item.name) for item in self.folder.iterdir())
        return tuple(sorted(int(match[2]) for match in matches if match and match[1] == name))

    def load(self, name: str, version: int) -> Template:
        """One template; raises CrcError where the table or the version is not there."""
        if name not in NAMES:
            raise CrcError("report.unknown_template", name=name)
        known = self.versions(name)
        if version not in known:
            raise CrcError("report.unknown_version", name=name, version=version, newest=max(known, default=0))
        document = json.loads((self.folder / f"{name}-v{version}.json").read_text(encoding="utf-8"))
        return read_template(document)

    def current(self) -> tuple[Template, ...]:
        """The newest version of each table."""
        return tuple(self.load(name, max(self.versions(name))) for name in NAMES)


@cache
def _load_packaged(name: str, version: int) -> Template:
    return TemplateLibrary(resources.files("crc_core") / "data" / "report").load(name, version)


@dataclass(frozen=True)
class _PackagedLibrary(TemplateLibrary):
    """The library of this package; a template is parsed once per process."""

    def load(self, name: str, version: int) -> Template:
        return _load_packaged(name, version)


def packaged() -> TemplateLibrary:
    """The templates that come with this package."""
    return _PackagedLibrary(resources.files("crc_core") / "data" / "report")


def read_template(document: _Json) -> Template:
    """The template a JSON document describes; KeyError or ValueError where the document is wrong."""
    if document["schema"] != SCHEMA:
        raise ValueError(f"template schema {document['schema']}")
    groups = {item["code"]: _words(item) for item in document.get("group_labels", ())}
    option_sets = {name: _options(items, groups) for name, items in document.get("option_sets", {}).items()}
    sections = tuple(_section(item, option_sets) for item in document["sections"])
    return Template(
        name=document["name"],
        version=document["version"],
        title=_words(document["title"]),
        source=document["source"],
        header=tuple(document["header"]),
        footnote=_words(document["footnote"]),
        reasons=tuple(
            Reason(item["code"], _words(item), item.get("needs_text", False))
            for item in document["not_assessable_reasons"]
        ),
        sections=sections,
        group_labels=tuple(groups.items()),
    )


def _section(item: _Json, option_sets: Mapping[str, tuple[Option, ...]]) -> Section:
    own = item["id"]
    return Section(
        id=own,
        repeat=Repeat(item["repeat"]),
        label=_words(item["label"]),
        groups=tuple(
            Group(
                group["id"],
                _words(group["label"]),
                tuple(_field(field, own, option_sets) for field in group["fields"]),
                _condition(group.get("condition"), own),
            )
            for group in item["groups"]
        ),
        target=Target(item["target"]) if "target" in item else None,
        condition=_condition(item.get("condition"), own),
        checks=tuple(_check(check, own) for check in item.get("checks", ())),
        print_after=item.get("print_after", ""),
    )


def _field(item: _Json, section: str, option_sets: Mapping[str, tuple[Option, ...]]) -> Field:
    options = item.get("options", ())
    bounds = item.get("range")
    return Field(
        id=item["id"],
        kind=Kind(item["kind"]),
        label=_words(item["label"]),
        options=option_sets[options] if isinstance(options, str) else _options(options, {}),
        unit=_unit(item.get("unit")),
        range=None if bounds is None else (float(bounds[0]), float(bounds[1])),
        condition=_condition(item.get("condition"), section),
        derivation=_derivation(item.get("derive"), section),
        critical=item.get("critical", False),
        measurable=Measurable(item["measurable"]) if "measurable" in item else None,
        required=item.get("required", True),
        addition=item.get("addition", False),
        printed_error=_words(item["printed_error"]) if "printed_error" in item else None,
        note=_words(item["note"]) if "note" in item else None,
    )


def _options(items: Sequence[_Json], groups: Mapping[str, Words]) -> tuple[Option, ...]:
    chinese = [item["zh"] for item in items]
    return tuple(
        Option(
            code=item["code"],
            label=_words(item),
            alone=_joined(groups[item["group"]], item) if chinese.count(item["zh"]) > 1 else _words(item),
            group=item.get("group", ""),
            addition=item.get("addition", False),
            exclusive=item.get("exclusive", False),
            printed=item.get("printed", ""),
            target=Target(item["target"]) if "target" in item else None,
        )
        for item in items
    )


def _joined(group: Words, item: _Json) -> Words:
    return Words(group.zh + item["zh"], f"{group.en}, {item['en'].lower()}")


def _words(item: _Json) -> Words:
    return Words(item["zh"], item["en"])


def _unit(item: str | _Json | None) -> Words | None:
    if item is None:
        return None
    return Words(item, item) if isinstance(item, str) else _words(item)


def _ref(text: str, section: str) -> FieldRef:
    before, dot, after = text.partition(".")
    return FieldRef(before, after) if dot else FieldRef(section, before)


def _condition(item: _Json | None, section: str) -> Condition | None:
    if item is None:
        return None
    clauses = item.get("any") or item.get("all") or [item]
    return Condition(tuple(_clause(clause, section) for clause in clauses), every="any" not in item)


def _clause(item: _Json, section: str) -> Clause:
    if "lesions" in item:
        return LesionsClause(Target(item["lesions"]), LesionClass(item["class"]) if "class" in item else None)
    if "own_class" in item:
        return OwnClassClause(tuple(LesionClass(name) for name in item["own_class"]))
    return _field_clause(item, section)


def _field_clause(item: _Json, section: str) -> FieldClause:
    return FieldClause(
        _ref(item["field"], section), tuple(item.get("any_of", ())), item.get("at_least"), item.get("below")
    )


def _derivation(item: _Json | None, section: str) -> Derivation | None:
    if item is None:
        return None
    return Derivation(
        rule=Rule(item["rule"]),
        source=_ref(item["from"], section) if "from" in item else None,
        lesion_class=LesionClass(item["class"]) if "class" in item else None,
        unless=_field_clause(item["unless"], section) if "unless" in item else None,
        classes=tuple(ValueClass(entry["code"], entry.get("below")) for entry in item.get("classes", ())),
        value=item.get("value", ""),
    )


def _check(item: _Json, section: str) -> Check:
    kind = CheckKind(item["check"])
    return Check(
        kind=kind,
        field=item["field"],
        code=item.get("code", f"report.problem.{kind.value}"),
        other=item.get("than") or item.get("other") or item.get("drawn") or "",
        any_of=tuple(item.get("any_of", ())),
        other_any_of=tuple(item.get("other_any_of", ())),
        source=_ref(item["from"], section) if "from" in item else None,
        lesion_class=LesionClass(item["class"]) if "class" in item else None,
        at_least=item.get("at_least", 0),
        blocks=item.get("blocks", True),
    )
