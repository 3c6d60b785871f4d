"""What a kind of store is put together from: a chain, bodies, case codes and secrets. Nothing here decides anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Protocol

from crc_core.files.sealed import SealedFolder
from crc_core.workflow.brief import Brief
from crc_core.workflow.context import Policy
from crc_core.workflow.events import Event
from crc_core.workflow.intents import Refusal
from crc_core.workflow.payloads import SeriesRecord


class Chain(Protocol):
    """The events of one store in order; only `append` adds to them."""

    @property
    def head(self) -> str:
        """The hash of the last event."""

    @property
    def next_seq(self) -> int:
        """The number the next event will have."""

    @property
    def last_at(self) -> datetime | None:
        """The time of the last event; None for an empty chain."""

    @property
    def units(self) -> tuple[str, ...]:
        """All units that events speak of, in order."""

    @property
    def store_wide(self) -> Sequence[Event]:
        """The events that speak of the whole store."""

    def refresh(self) -> None:
        """Take in what other writers have added."""

    def exclusive(self) -> AbstractContextManager[None]:
        """Keep other writers out where this kind of chain can; elsewhere `append` tells who was first."""

    def of_unit(self, unit: str) -> Sequence[Event]:
        """The events of one unit in order."""

    def briefs(self, policy: Policy, units: Sequence[str] | None = None) -> Mapping[str, Brief]:
        """The briefs of the units named, or of all; a unit that is not there, or not registered, has none."""

    def units_of_case(self, case: str) -> Sequence[str]:
        """The units of one case."""

    def since(self, seq: int) -> Sequence[Event]:
        """The events after number `seq`."""

    def knows(self, event_hash: str) -> bool:
        """Whether an event has this hash."""

    def by_intent(self, intent_id: str) -> Event | None:
        """The first event that an intent brought about; None for an intent the chain has not seen."""

    def unit_of_reading(self, reading: str) -> str | None:
        """The unit into which a reading was submitted first; None for an unknown reading."""

    def units_read_by(self, person: str) -> Sequence[str]:
        """The units in which a person was ever given a slot."""

    def append(self, events: Sequence[Event]) -> bool:
        """Write the events after the present head; False where another writer was first."""


class Bodies(Protocol):
    """Sealed readings, finals and images: whole and compared before any event speaks of them, never written over."""

    def place_reading(self, unit: str, sealed: SealedFolder) -> None:
        """Keep a sealed reading; one that was damaged here meanwhile is replaced."""

    def place_final(self, unit: str, sealed: SealedFolder) -> None:
        """Keep a sealed final."""

    def place_series(self, unit: str, record: SeriesRecord, folder: Path) -> None:
        """Keep the DICOM files of one series after comparing them with their registration."""

    def reading(self, unit: str, sha256: str) -> SealedFolder:
        """A kept reading, compared with its manifest."""

    def final(self, unit: str, sha256: str) -> SealedFolder:
        """A kept final, compared with its manifest."""

    def series_folder(self, unit: str, record: SeriesRecord) -> Path:
        """A local folder with the image files of one series."""


class Cases(Protocol):
    """Case codes that were given out."""

    def reserve(self, site: str, actor: str, now: datetime) -> str:
        """A new case code of the site; its serial is never given twice."""

    def is_reserved(self, code: str) -> bool:
        """Whether the code was given out."""


class Secrets(Protocol):
    """What people sign with."""

    def check(self, person: str, secret: str | None) -> Refusal | None:
        """Why `secret` does not let the person sign; None where it does."""
