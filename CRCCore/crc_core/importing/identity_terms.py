"""The identifying values of a file, to be looked for in whatever is kept of it.

Attributes that identify are removed by their tag; this second belt finds their values where they do not belong: a name
typed into the kernel, a number in the software version.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from crc_core.dicom.charset import decode_text
from crc_core.importing.pseudonyms import read_date
from crc_core.importing.rules import DeidentificationRules

_DATES = ("PatientBirthDate", "StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate")
_CHARSET = 0x00080005
_DEEPEST = 16


@dataclass(frozen=True, repr=False)
class IdentityTerms:
    """A search for identifying values; `pattern` is None where the file holds none."""

    pattern: re.Pattern[str] | None

    def found_in(self, text: str) -> bool:
        """Whether `text` holds an identifying value."""
        return self.pattern is not None and self.pattern.search(text) is not None


class TermCollector:
    """Collects the identifying values of files; files with the same values share one search."""

    def __init__(self, rules: DeidentificationRules) -> None:
        from pydicom.datadict import tag_for_keyword

        def tags(words: Iterable[str]) -> frozenset[int]:
            return frozenset(int(tag) for tag in map(tag_for_keyword, words) if tag is not None)

        self._names = tags(rules.identity.names)
        self._numbers = tags(rules.identity.numbers)
        self._places = tags(rules.identity.places)
        self._dates = tags(_DATES)
        self._known: dict[frozenset[tuple[int, str]], IdentityTerms] = {}

    def collect(self, dataset: Any) -> IdentityTerms:
        """The search for the identifying values of `dataset` and of its sequences."""
        found = frozenset(self._values(dataset, raw_text(dataset, _CHARSET, b"").encode("ascii", "replace"), 0))
        if found not in self._known:
            self._known[found] = _compile(set(self._terms(found)))
        return self._known[found]

    def _values(self, dataset: Any, declared: bytes, depth: int) -> Iterator[tuple[int, str]]:
        wanted = self._names | self._numbers | self._places | self._dates
        for element in list(dataset.elements()):
            tag = int(element.tag)
            if is_sequence(element):
                items = dataset[tag].value if depth < _DEEPEST and dataset[tag].VR == "SQ" else ()
                for item in items:
                    yield from self._values(item, declared, depth + 1)
            elif tag in wanted:
                yield tag, raw_text(dataset, tag, declared)

    def _terms(self, found: Iterable[tuple[int, str]]) -> Iterator[str]:
        for tag, text in found:
            for value in text.split("\\"):
                if tag in self._names:
                    yield from _name_parts(value)
                elif tag in self._dates:
                    yield from _date_forms(value)
                elif tag in self._numbers:
                    yield from (value.strip(),) if len(value.strip()) >= 4 else ()
                else:
                    yield from _place_parts(value)


def is_sequence(element: Any) -> bool:
    """Whether an element holds items, also where the file leaves the representation to the dictionary."""
    from pydicom.datadict import dictionary_has_tag, dictionary_VR

    if element.VR in (None, "UN"):
        return bool(dictionary_has_tag(element.tag) and dictionary_VR(element.tag) == "SQ")
    return bool(element.VR == "SQ")


def raw_text(dataset: Any, tag: int, declared: bytes) -> str:
    """The text of an element as its bytes say, whatever character set the file declares; empty where it is absent."""
    element = dataset.get_item(tag)
    if element is None or element.value is None:
        return ""
    if isinstance(element.value, bytes):
        return decode_text(element.value, declared)
    value = element.value
    return "\\".join(map(str, value)) if isinstance(value, (list, tuple)) or hasattr(value, "append") else str(value)


def _name_parts(value: str) -> Iterator[str]:
    for part in re.split(r"[\^=\s,，·.]+", value):
        if len(part) >= (3 if part.isascii() else 2):
            yield part


def _place_parts(value: str) -> Iterator[str]:
    words = value.split()
    if len(value.strip()) >= 4:
        yield value.strip()
    # One word of a hospital's name ("medical") says nothing; two in a row do.
    yield from (f"{a} {b}" for a, b in pairwise(words))
    yield from (word for word in words if not word.isascii() and len(word) >= 3)


def _date_forms(value: str) -> Iterator[str]:
    day = read_date(value)
    if day is not None:
        yield from (day.strftime(form) for form in ("%Y%m%d", "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日"))


def _compile(terms: set[str]) -> IdentityTerms:
    parts = []
    for term in sorted(terms, key=lambda term: (-len(term), term)):
        pattern = re.escape(term)
        parts.append(rf"(?<![A-Za-z0-9]){pattern}(?![A-Za-z0-9])" if term.isascii() else pattern)
    return IdentityTerms(re.compile("|".join(parts), re.IGNORECASE) if parts else None)
