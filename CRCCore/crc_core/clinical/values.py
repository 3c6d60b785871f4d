"""What people write to what is kept: numbers in the standard unit, choices by identifier, dates as ISO 8601."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from types import MappingProxyType

from crc_core.clinical.fields import Field, FieldKind, choice_label
from crc_core.text import Lang, say

Value = float | int | bool | str | tuple[str, ...]
"""What a field can hold."""

_NUMBER = re.compile(r"([-+]?[0-9]{1,15}(?:[.][0-9]{1,15})?)\s*((?:[^\W\d_]|%).*)?")
_YES, _NO = "yes", "no"
_SEPARATORS = re.compile(r"[;；、]")
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]0?0:00(?::00)?)?", re.ASCII)
"""What spreadsheets make of a date: no leading zeros, and sometimes a midnight behind it."""


@dataclass(frozen=True)
class Problem:
    """What is wrong with a text: a code of the catalogue and the values of its sentence."""

    code: str
    values: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, code: str, /, **values: object) -> Problem:
        """A problem with its values as words."""
        return cls(code, tuple((name, str(value)) for name, value in values.items()))

    def sentence(self, lang: Lang) -> str:
        """The problem in words; a field is named as people know it."""
        named = {name: _named(name, value, lang) for name, value in self.values}
        return say(self.code, lang, **named)


def read_value(field: Field, text: str, unit: str | None = None) -> Value | Problem | None:
    """The value in what a person wrote; None for nothing; `unit` is what the column says where the text says none."""
    text = text.strip() if field.kind is FieldKind.TEXT else plain(text)
    if not text:
        return None
    if field.kind in (FieldKind.NUMBER, FieldKind.INTEGER):
        return _number(field, text, unit)
    if field.kind is FieldKind.CHOICES:
        found = [_choice(field, item.strip(), field.choices) for item in _SEPARATORS.split(text) if item.strip()]
        problem = next((item for item in found if isinstance(item, Problem)), None)
        return problem or tuple(dict.fromkeys(str(item) for item in found))
    if field.kind is FieldKind.CHOICE:
        return _choice(field, text, field.choices)
    if field.kind is FieldKind.FLAG:
        answer = _choice(field, text, (_YES, _NO))
        return answer if isinstance(answer, Problem) else answer == _YES
    if field.kind is FieldKind.DATE:
        return read_date(field.id, text)
    if len(text) > field.longest or "\0" in text:
        return Problem.of("clinical.too_long", field=field.id, longest=field.longest)
    return text


def plain(text: str) -> str:
    """A text without the spaces around it and with full-width letters, digits and signs made usual ones."""
    return unicodedata.normalize("NFKC", text).replace("µ", "u").replace("μ", "u").strip()


def read_date(name: str, text: str) -> str | Problem:
    """A date as ISO 8601."""
    wanted = plain(text)
    match = _DATE.fullmatch(wanted)
    try:
        if match is None:
            return date.fromisoformat(wanted).isoformat()
        return date(int(match[1]), int(match[2]), int(match[3])).isoformat()
    except ValueError:
        return Problem.of("clinical.not_a_date", field=name, text=text[:40])


def show_value(field: Field, value: Value, lang: Lang) -> str:
    """A value as people read it; its unit stands with the field's name."""
    if isinstance(value, bool):
        return choice_label(_YES if value else _NO, lang)
    if isinstance(value, (tuple, list)):
        return (
            "、".join(choice_label(item, lang) for item in value)
            if lang is Lang.ZH
            else ", ".join(choice_label(item, lang) for item in value)
        )
    if field.kind is FieldKind.CHOICE:
        return choice_label(str(value), lang)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _number(field: Field, text: str, unit: str | None) -> float | int | Problem:
    match = _NUMBER.fullmatch(text)
    if match is None:
        return Problem.of("clinical.not_a_number", field=field.id, text=text[:40])
    named = (match[2] or "").strip() or plain(unit or "") or field.unit or "1"
    factor = next((value for name, value in field.units.items() if plain(name).lower() == named.lower()), None)
    if factor is None:
        return Problem.of("clinical.unknown_unit", field=field.id, unit=named[:20], known=", ".join(field.units))
    # Twelve digits are more than any instrument gives, and hide what a factor of 0.1 does to binary fractions.
    number = float(f"{float(match[1]) * factor:.12g}")
    if field.kind is FieldKind.INTEGER and number != math.floor(number):
        return Problem.of("clinical.not_whole", field=field.id, text=text[:40])
    least, most = field.least, field.most
    if (least is not None and number < least) or (most is not None and number > most):
        shown = field.unit or ""
        return Problem.of(
            "clinical.out_of_range", field=field.id, text=text[:40], least=f"{least:g}", most=f"{most:g}", unit=shown
        )
    return int(number) if field.kind is FieldKind.INTEGER else number


def _choice(field: Field, text: str, choices: tuple[str, ...]) -> str | Problem:
    found = _words(choices).get(text.lower())
    return found or Problem.of("clinical.not_a_choice", field=field.id, text=text[:40], known=", ".join(choices))


@cache
def _words(choices: tuple[str, ...]) -> Mapping[str, str]:
    """The choice that each word means; the first of two that share one."""
    named = [(choice, (choice, *(choice_label(choice, lang) for lang in Lang))) for choice in reversed(choices)]
    return MappingProxyType({plain(word).lower(): choice for choice, words in named for word in words})


def _named(name: str, value: str, lang: Lang) -> str:
    if name != "field":
        return value
    return say("clinical.date", lang) if value == "date" else say(f"clinical.field.{value}", lang)
