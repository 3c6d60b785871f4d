"""What de-identification does with each attribute: our own closed list, held against the profile of the standard.

Only listed attributes survive; the profile's table says what may be listed without naming an option.
Source: DICOM PS3.15 annex E (application level confidentiality profiles), table E.1-1; PS3.16 CID 7050.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from crc_core.files.packaged import packaged_record


class Treatment(StrEnum):
    """What becomes of a listed attribute."""

    KEEP = "keep"
    CHARACTERISTIC = "patient_characteristics"
    DATE = "dates"
    TIME = "times"
    DESCRIPTOR = "descriptors"
    UID = "uids"
    EMPTY = "empty"
    CODE = "codes"


@dataclass(frozen=True)
class ProfileTable:
    """Which edition of table E.1-1 is used."""

    version: str
    source: str


@dataclass(frozen=True)
class Option:
    """A code of CID 7050: the profile or one of its options."""

    code: str
    meaning: str


@dataclass(frozen=True)
class CodeRule:
    """Coded items survive with a code of a public scheme only; their meaning is free text and is replaced."""

    designators: tuple[str, ...]
    keywords: tuple[str, ...]


@dataclass(frozen=True)
class PrivateRule:
    """A private element that the standard lists as safe (PS3.15 table E.3.10-1) or that holds a plain setting.

    `form` is what a text must look like as a whole; without it the representation decides.
    """

    creator: str
    group: str
    element: str
    vr: str
    what: str
    form: str | None = None


@dataclass(frozen=True)
class IdentityWords:
    """Attributes whose values identify; their values are looked for in everything that is kept."""

    names: tuple[str, ...]
    numbers: tuple[str, ...]
    places: tuple[str, ...]


@dataclass(frozen=True)
class DeidentificationRules:
    """The data file `deidentification.json`; lists of attributes are keywords of PS3.6.

    `agent_patterns` are numbers that say something in the name of a contrast agent (mg iodine per ml) and only there.
    """

    version: str
    profile: ProfileTable
    options: tuple[Option, ...]
    method: str
    oldest_age_years: int
    longest_shift_days: int
    sop_classes: tuple[str, ...]
    keep: Mapping[str, tuple[str, ...]]
    retain: Mapping[str, tuple[str, ...]]
    empty: tuple[str, ...]
    codes: CodeRule
    private: tuple[PrivateRule, ...]
    identity: IdentityWords
    descriptor_words: Mapping[str, tuple[str, ...]]
    descriptor_patterns: tuple[str, ...]
    agent_patterns: tuple[str, ...]

    def treatments(self) -> dict[int, Treatment]:
        """The treatment of every listed attribute by tag."""
        listed = {_tag(word): Treatment.KEEP for words in self.keep.values() for word in words}
        for name, words in self.retain.items():
            listed.update({_tag(word): Treatment(name) for word in words})
        listed.update({_tag(word): Treatment.EMPTY for word in self.empty})
        listed.update({_tag(word): Treatment.CODE for word in self.codes.keywords})
        return listed


@cache
def load_rules() -> DeidentificationRules:
    """The rules as shipped with this version."""
    return packaged_record(DeidentificationRules, "deidentification.json")


@dataclass(frozen=True)
class ProfileActions:
    """The data file `profile_actions.json`: per action of the profile the tags it is for, in hexadecimal."""

    schema: str
    version: str
    source: str
    actions: Mapping[str, tuple[str, ...]]


@cache
def profile_actions() -> Mapping[int, str]:
    """The basic profile's action by tag (`X`, `Z`, `D`, `U` and their choices), repeating groups left out."""
    table = packaged_record(ProfileActions, "profile_actions.json")
    return {int(tag, 16): action for action, tags in table.actions.items() for tag in tags}


def listed_against_profile(rules: DeidentificationRules) -> dict[int, str]:
    """Attributes listed to be kept as they are although the profile acts on them; must be empty."""
    actions = profile_actions()
    kept = [tag for tag, treatment in rules.treatments().items() if treatment is Treatment.KEEP]
    return {tag: actions[tag] for tag in kept if tag in actions}


def _tag(keyword: str) -> int:
    from pydicom.datadict import tag_for_keyword

    tag = tag_for_keyword(keyword)
    if tag is None:
        raise ValueError(f"{keyword} is no keyword of the DICOM dictionary")
    return int(tag)
