"""The words of scanners and hospitals: which phase, body part and kind of reconstruction a text speaks of.

The lists are data (`data/phase_words.json`). Latin words count as whole tokens, Chinese words anywhere in the text;
longer words are taken first and used up, so that the 静脉期 inside 门静脉期 is not counted again.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any

from crc_core.vocabulary import CT_PHASES, Role

_SEPARATORS = re.compile(r"[\s_,;:()\[\]{}|^=*#&.\\<>\"'~!?·，、；：（）【】。]+")


class Kind(StrEnum):
    """What a CT series is, told by its words."""

    LOCALIZER = "localizer"
    BOLUS = "bolus"
    DOSE = "dose"
    REFORMAT = "reformat"
    RENDERING = "rendering"
    DERIVED = "derived"


class Kernel(StrEnum):
    """The kind of reconstruction kernel; empty where its name says nothing to us."""

    SOFT = "soft"
    LUNG = "lung"
    SHARP = "sharp"
    UNKNOWN = ""


@dataclass(frozen=True)
class PhaseWords:
    """What one text says of the phase: the phases it names, whether it speaks of contrast, a delay in seconds."""

    phases: frozenset[Role]
    is_enhanced: bool
    delay_s: float | None


@cache
def _lists() -> Mapping[str, Any]:
    file = resources.files("crc_core") / "data" / "phase_words.json"
    document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return document


def words_version() -> str:
    """The version of the word lists."""
    return str(_lists()["version"])


def normalised(text: str) -> str:
    """The text in lower case and half-width forms, words parted by single spaces, with a space at either end."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    plain = _SEPARATORS.sub(" ", plain)
    # A hyphen parts words, but c- and c+ are words of their own.
    plain = re.sub(r"(?<=[a-z0-9一-鿿])-(?=[a-z0-9一-鿿])", " ", plain)
    # A Latin word ends where Chinese begins.
    plain = re.sub(r"(?<=[a-z0-9])(?=[一-鿿])|(?<=c[+\-])(?=[一-鿿])|(?<=[一-鿿])(?=[a-z0-9])", " ", plain)
    return f" {plain.strip()} "


def phase_words(text: str) -> PhaseWords:
    """What `text` says of the phase of an image."""
    lists = _lists()
    rest = normalised(text)
    delay = re.search(lists["seconds"], rest)
    rest = _without(rest, lists["both"])
    said, rest = _groups_in(rest, {**lists["phases"], "enhanced": lists["enhanced"]})
    phases = {Role(name) for name in said - {"enhanced"}}
    if not phases:
        phases = _weak_phases(rest)
    delay_s = float(delay[1]) if delay else None
    if delay_s is not None and "delay" in normalised(text).split() and Role.DP in phases:
        # In "delay 30 s" the word is a setting of the scanner; the seconds tell the phase.
        phases -= {Role.DP} if delay_s < 100 else set()
    return PhaseWords(frozenset(phases), "enhanced" in said or bool(phases - {Role.NC}), delay_s)


def _weak_phases(rest: str) -> set[Role]:
    """Phases of words that mean many things: single letters beside the word phase, short words in a short text."""
    lists = _lists()
    has_context = _contains(rest, lists["weak_context"])
    shortest = 1 if has_context else 2
    if not has_context and len(rest.split()) > 3:
        return set()
    groups = {name: [word for word in words if len(word) >= shortest] for name, words in lists["weak_phases"].items()}
    said, _ = _groups_in(rest, groups)
    return {Role(name) for name in said}


def body_parts(text: str) -> frozenset[str]:
    """The parts of the body that `text` names: `chest`, `abdomen`, `head`, `limb`."""
    said, _ = _groups_in(normalised(text), _lists()["body_parts"])
    return frozenset(said)


def kinds(text: str) -> frozenset[Kind]:
    """The kinds of series that `text` names; none for an ordinary axial reconstruction."""
    said, _ = _groups_in(normalised(text), _lists()["kinds"])
    return frozenset(Kind(name) for name in said)


def mr_role(text: str) -> Role | None:
    """T2, DWI or ADC where `text` names one; ADC before DWI before T2, since a map is named after both."""
    said, _ = _groups_in(normalised(text), _lists()["mr"])
    return next((role for role in (Role.ADC, Role.DWI, Role.T2) if role.value in said), None)


def kernel_kind(kernel: str) -> Kernel:
    """The kind of a reconstruction kernel by its vendor's name."""
    name = unicodedata.normalize("NFKC", kernel).casefold().strip()
    for rule in _lists()["kernels"]:
        if name and re.search(rule["pattern"], name):
            return Kernel(rule["kind"])
    return Kernel.UNKNOWN


def is_automatic_exposure(modulation: str) -> bool:
    """Whether the words of the exposure modulation speak of automatic exposure control."""
    return bool(modulation.strip()) and modulation.strip().casefold() not in _lists()["automatic_exposure"]


def phase_of_delay(delay_s: float, bands: Mapping[Role, tuple[float, float]]) -> Role | None:
    """The phase whose band holds a delay after injection; None between the bands."""
    return next((role for role in CT_PHASES if role in bands and bands[role][0] <= delay_s <= bands[role][1]), None)


def _groups_in(text: str, groups: Mapping[str, Iterable[str]]) -> tuple[set[str], str]:
    """The groups with a word in `text`, and the text without the words that were found."""
    ordered = sorted(((word, name) for name, words in groups.items() for word in words), key=lambda item: -len(item[0]))
    said = set()
    for word, name in ordered:
        found, text = _take(text, word)
        if found:
            said.add(name)
    return said, text


def _take(text: str, word: str) -> tuple[bool, str]:
    needle = word if _is_chinese(word) else f" {word} "
    if needle not in text:
        return False, text
    return True, text.replace(needle, " " if needle[0] == " " else "  ")


def _without(text: str, words: Iterable[str]) -> str:
    for word in sorted(words, key=len, reverse=True):
        _, text = _take(text, unicodedata.normalize("NFKC", word))
    return text


def _contains(text: str, words: Iterable[str]) -> bool:
    return any((word in text) if _is_chinese(word) else (f" {word} " in text) for word in words)


def _is_chinese(word: str) -> bool:
    return any("一" <= character <= "鿿" for character in word)
