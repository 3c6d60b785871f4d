"""One item of the scan check: what was seen, what is expected and by whom, the verdict, and the sentence for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from crc_core.text import Lang, say
from crc_core.vocabulary import Verdict


class Source(StrEnum):
    """Who expects it: table 4 of the consensus, its text, the DICOM standard, or this project."""

    TABLE4 = "table4"
    CONSENSUS = "consensus"
    DICOM = "dicom"
    OURS = "ours"


@dataclass(frozen=True)
class Word:
    """A value that is worded in the reader's language when the sentence is made; `values` fill its places."""

    code: str
    values: tuple[tuple[str, Value], ...] = ()


@dataclass(frozen=True)
class Words:
    """Several words in a row, with the catalogue's sign `joined_by` between them."""

    words: tuple[Word, ...]
    joined_by: str = "scan.sign.list"


Value = str | int | float | Word | Words


@dataclass(frozen=True)
class CheckItem:
    """One finding about a series or a study.

    `code` is the sentence in the catalogue, filled by `values`; `seen` and `expected` are its short forms. An item that
    is not `overrulable` stands whatever a person says.
    """

    id: str
    verdict: Verdict
    seen: Value
    expected: Value
    source: Source
    code: str
    values: tuple[tuple[str, Value], ...] = ()
    overrulable: bool = True

    def name(self, lang: Lang) -> str:
        """What the item is called in `lang`; the `id` is the same in every language."""
        return say(f"scan.name.{self.id}", lang)

    def message(self, lang: Lang) -> str:
        """The sentence in `lang`."""
        words = {"seen": self.seen, "expected": self.expected, **dict(self.values)}
        return say(self.code, lang, **{name: worded(value, lang) for name, value in words.items()})


def worded(value: Value, lang: Lang) -> str | int | float:
    """The value itself, or its words in `lang`."""
    if isinstance(value, Word):
        return say(value.code, lang, **{name: worded(part, lang) for name, part in value.values})
    if isinstance(value, Words):
        return say(value.joined_by, lang).join(str(worded(word, lang)) for word in value.words)
    return value
