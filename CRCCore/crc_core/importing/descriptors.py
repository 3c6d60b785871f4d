"""Free text of a scan reduced to the words we know: a description may hold anything, a name too.

Known are the words by which the scan check tells phases, body parts and kinds of series, and a few more of the rules.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import resources

from crc_core.importing.rules import DeidentificationRules

_LONGEST = 64
_BREAKS = re.compile(r"[_\s]+")


class Descriptors:
    """Keeps known words and plain quantities of a text and drops everything else."""

    def __init__(self, rules: DeidentificationRules, more_patterns: Iterable[str] = ()) -> None:
        words = {word for group in rules.descriptor_words.values() for word in group} | _scan_words()
        # Longest first, so that a word is never cut out of a longer known one.
        known = [_whole(pattern) for pattern in (*rules.descriptor_patterns, *more_patterns, _scan_seconds())]
        known += [_whole(re.escape(word)) for word in sorted(words, key=lambda word: (-len(word), word))]
        self._known = re.compile("|".join(known), re.IGNORECASE)
        self._clean = cache(self._reduce)

    def clean(self, text: str) -> str:
        """The known words of `text` in their order, joined by spaces; empty where none is known."""
        return self._clean(text)

    def _reduce(self, text: str) -> str:
        kept = ""
        for match in self._known.finditer(_BREAKS.sub(" ", text)):
            longer = f"{kept} {match[0].strip()}".strip()
            if len(longer) > _LONGEST:
                break
            kept = longer
        return kept


def _whole(pattern: str) -> str:
    """`pattern` not inside a longer run of Latin letters and digits; Chinese needs no borders."""
    if "一" <= pattern[0] <= "鿿":
        return f"(?:{pattern})"
    return f"(?<![A-Za-z0-9])(?:{pattern})(?![A-Za-z0-9])"


@cache
def _scan_lists() -> dict[str, object]:
    file = resources.files("crc_core") / "data" / "phase_words.json"
    lists: dict[str, object] = json.loads(file.read_text(encoding="utf-8"))
    return lists


def _scan_words() -> set[str]:
    """All words of the scan check that are no single letters."""
    groups = ("phases", "weak_phases", "enhanced", "both", "body_parts", "kinds", "mr")
    return {word for name in groups for word in _texts(_scan_lists()[name]) if len(word) > 1 or not word.isascii()}


def _scan_seconds() -> str:
    return str(_scan_lists()["seconds"])


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _all_texts(value.values())
    elif isinstance(value, list):
        yield from _all_texts(value)


def _all_texts(values: Iterable[object]) -> Iterator[str]:
    for value in values:
        yield from _texts(value)
