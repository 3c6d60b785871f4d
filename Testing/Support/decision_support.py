"""Sealed readings of the synthetic study without a store around them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from crc_core.decision.consensus import Pair, as_pair
from crc_core.demo.readers import Habit
from crc_core.demo.work import Desk, Reader, read_unit
from crc_core.geometry.grid import Volume
from crc_core.identity import UnitId, mint_case_code
from crc_core.phantom import Phantom
from crc_core.reading.seal import SealedReading, open_reading, seal_reading
from crc_core.vocabulary import CT_PHASES, Mode, Role, Target
from crc_core.workflow.payloads import Binding, SeriesRecord

UNIT = UnitId(mint_case_code("01", 7), "T0")
NOON = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
STEADY = Habit(0.4, {})
SOURCES: Mapping[Target, Role] = {
    Target.PRIMARY: Role.PVP,
    Target.LIVER: Role.PVP,
    Target.NODE: Role.PVP,
    Target.LUNG: Role.CHEST,
}


def desk(study: Phantom, mode: Mode = Mode.SUBTRACTION) -> Desk:
    """The reader's desk for a study that needs no store."""
    roles = (*CT_PHASES, Role.CHEST)
    series = tuple(
        SeriesRecord(role, UNIT.series_code(role), f"2.25.{number}", hashlib.sha256(role.value.encode()).hexdigest(), 9)
        for number, role in enumerate(roles, start=1)
    )
    bindings = tuple(
        Binding(target, role, UNIT.series_code(role), mode if target is Target.PRIMARY else Mode.DIRECT)
        for target, role in SOURCES.items()
    )
    return Desk(UNIT, bindings, series, {role: study.images[role] for role in roles}, "2026-01-05")


def sealed(folder: Path, study: Phantom, reader: Reader, mode: Mode = Mode.SUBTRACTION) -> SealedReading:
    """A reading by a simulated reader, sealed in `folder`."""
    seal_reading(folder, read_unit(desk(study, mode), study, reader, NOON).draft)
    return open_reading(folder)


def pair_of(folder: Path, study: Phantom, first: Reader, second: Reader, **more: Mode) -> Pair:
    """Two readings of the same study as A and B."""
    one, other = (sealed(folder / reader.person, study, reader, **more) for reader in (first, second))
    return as_pair(one, other)


def sources(study: Phantom) -> dict[Target, Volume]:
    """The source image of every target."""
    return {target: study.images[role] for target, role in SOURCES.items()}
