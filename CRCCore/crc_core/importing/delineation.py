"""The delineation protocol: what belongs to each lesion, where it is drawn and in which mode; a versioned file.

Source: consensus 2.4, 2.4.1 and 2.4.2.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from crc_core.files.canonical import canonical_hash, parse_document
from crc_core.files.records import from_document
from crc_core.text import Lang
from crc_core.vocabulary import Role, Target
from crc_core.workflow.store_view import StoreView

_SCHEMA = "crc-delineation-protocol/1"


@dataclass(frozen=True)
class TargetProtocol:
    """One target: its source roles in order of preference, and what a contour includes and leaves out.

    `widest_instead` says that the CT series with the longest range serves where none of the roles is there.
    """

    cites: str
    roles: tuple[Role, ...]
    widest_instead: bool
    includes: Mapping[Lang, tuple[str, ...]]
    excludes: Mapping[Lang, tuple[str, ...]]


@dataclass(frozen=True)
class ModeRules:
    """For which targets a mode other than direct is proposed, and from what."""

    cites: str
    targets: tuple[Target, ...]
    mri_roles: tuple[Role, ...]
    mri_sites: tuple[str, ...]
    note: str


@dataclass(frozen=True)
class LumenRule:
    """When a gas-filled lumen counts as seen; thresholds in HU, millilitres and millimetres."""

    note: str
    gas_below_hu: int
    body_above_hu: int
    least_ml: float
    grid_mm: float


@dataclass(frozen=True)
class DelineationProtocol:
    """The data file `delineation_protocol.json`."""

    schema: str
    version: str
    source: str
    targets: Mapping[Target, TargetProtocol]
    modes: ModeRules
    lumen: LumenRule

    @property
    def sha256(self) -> str:
        """The hash under which a store publishes this version."""
        return canonical_hash(_document())


def protocol_in_force(view: StoreView) -> DelineationProtocol:
    """The protocol a store has published with its text, else the one this version ships; raises CrcError."""
    text = None if view.protocol is None else view.protocol.document
    return default_protocol() if text is None else read_protocol(text)


def read_protocol(text: str, path: Path = Path("protocol.json")) -> DelineationProtocol:
    """The protocol in a JSON text; raises CrcError naming what is wrong."""
    return from_document(DelineationProtocol, parse_document(text.encode("utf-8"), path, _SCHEMA), path)


@cache
def default_protocol() -> DelineationProtocol:
    """The protocol as shipped with this version."""
    return from_document(DelineationProtocol, _document(), Path("delineation_protocol.json"))


def default_document() -> dict[str, object]:
    """A copy of the JSON object of the protocol as shipped."""
    return copy.deepcopy(_document())


@cache
def _document() -> dict[str, object]:
    source = resources.files("crc_core") / "data" / "delineation_protocol.json"
    document: dict[str, object] = json.loads(source.read_text(encoding="utf-8"))
    return document
