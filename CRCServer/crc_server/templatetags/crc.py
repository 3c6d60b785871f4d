"""Words of the catalogue and of the domain, for templates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from crc_core.text import catalogue, say
from django import template

register = template.Library()


@register.simple_tag(takes_context=True, name="say")
def say_tag(context: Mapping[str, Any], code: str, **values: Any) -> str:
    """`{% say "web.search" %}`: a sentence in the page's language; Django escapes it."""
    return say(code, context["lang"], **values)


@register.simple_tag(takes_context=True)
def named(context: Mapping[str, Any], area: str, value: Any) -> str:
    """`{% named "phase" item.phase %}`: the word for a value, or the value where there is none."""
    code = f"{area}.{value}"
    return say(code, context["lang"]) if code in catalogue(context["lang"]) else str(value)


@register.filter
def moment(value: datetime | None) -> str:
    """A time to the minute, in UTC."""
    return "" if value is None else value.strftime("%Y-%m-%d %H:%M")


@register.filter
def permille(value: int | None) -> str:
    """A Dice in thousandths as a number to three places, never rounded up."""
    return "" if value is None else f"{value / 1000:.3f}"


@register.filter
def short(value: str | None) -> str:
    """The first letters of a hash."""
    return (value or "")[:12]
