"""The readings of the agreement sample out of a store; one that was altered is named and set aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crc_core.errors import CrcError
from crc_core.identity import UnitId
from crc_core.reading.schema import CALIBRATION_ROUND, FIRST_ROUND
from crc_core.reading.seal import SealedReading, read_reading
from crc_core.store.protocol import Store
from crc_core.study.stepping import OnProgress, Steps, finished
from crc_core.workflow.views import SlotPhase


@dataclass(frozen=True, eq=False)
class Read:
    """One reading of a unit of the sample; `rater` is its reader, or A or B while names are hidden."""

    unit: str
    rater: str
    round: int
    reading: SealedReading


@dataclass(frozen=True)
class SetAside:
    """A reading that is not used, and why."""

    unit: str
    rater: str
    error: CrcError


@dataclass(frozen=True, eq=False)
class Collected:
    """The readings of the sample that can be used, the units still without two, and what was set aside."""

    readings: tuple[Read, ...]
    waiting: tuple[str, ...]
    set_aside: tuple[SetAside, ...]


def sample_units(store: Store, viewer: str) -> tuple[str, ...]:
    """The units of all samples the viewer may know; raises CrcError where there are none."""
    units = tuple(unit for sample in store.overview(viewer).samples for unit in sample.members)
    if not units:
        raise CrcError("study.no_sample", person=viewer)
    return units


def collect(store: Store, viewer: str, units: Sequence[str], on_progress: OnProgress | None = None) -> Collected:
    """Open the submitted readings of `units`; one at a time is in memory until it is measured.

    Raises CrcError where the viewer may not open them at all; a single damaged reading is set aside by name.
    """
    return finished(collecting(store, viewer, units), on_progress)


def collecting(store: Store, viewer: str, units: Sequence[str]) -> Steps[Collected]:
    """`collect`, unit by unit."""
    readings: list[Read] = []
    waiting: list[str] = []
    aside: list[SetAside] = []
    for done, unit in enumerate(units, start=1):
        found = 0
        for slot in store.unit(UnitId.parse(unit), viewer).slots:
            if slot.reading is None or slot.phase is not SlotPhase.SUBMITTED or slot.round >= CALIBRATION_ROUND:
                continue
            try:
                sealed = read_reading(store.open_reading(slot.reading, viewer))
            except CrcError as error:
                if error.code == "store.unknown_reading":
                    raise
                aside.append(SetAside(unit, slot.reader, error))
                continue
            readings.append(Read(unit, slot.reader, slot.round, sealed))
            found += slot.round == FIRST_ROUND
        if found < 2:
            waiting.append(unit)
        yield done, len(units)
    return Collected(tuple(readings), tuple(waiting), tuple(aside))
