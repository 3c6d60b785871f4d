"""The chain of events: a closed list of kinds, canonical JSON, each event holding the hash of the one before it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

from crc_core.errors import CrcError
from crc_core.files.canonical import canonical_bytes, canonical_hash, parse_document
from crc_core.files.records import from_document, to_document
from crc_core.vocabulary import PersonRole, Title
from crc_core.workflow import payloads

EVENT_SCHEMA = "crc-event/1"
FIRST_PREV = "0" * 64


class Kind(StrEnum):
    """Everything that can happen; the value is what stands in the chain."""

    PERSON_SET = "person_set"
    PROTOCOL_PUBLISHED = "protocol_published"
    CLEARANCE_SIGNED = "clearance_signed"
    SAMPLE_DRAWN = "sample_drawn"
    READINGS_FLAGGED = "readings_flagged"
    CALIBRATION_PLANNED = "calibration_planned"
    REFERENCE_SIGNED = "reference_signed"
    CALIBRATION_OPENED = "calibration_opened"
    ACCESS_GRANTED = "access_granted"
    ACCESS_ENDED = "access_ended"
    UNIT_REGISTERED = "unit_registered"
    SCAN_CHECKED = "scan_checked"
    SCAN_OVERRULED = "scan_overruled"
    SOURCES_BOUND = "sources_bound"
    MODE_CHANGED = "mode_changed"
    UNIT_BARRED = "unit_barred"
    READING_ASSIGNED = "reading_assigned"
    READING_TAKEN = "reading_taken"
    READING_SUBMITTED = "reading_submitted"
    READING_WITHDRAWN = "reading_withdrawn"
    READING_RETURNED = "reading_returned"
    SENIOR_ASKED = "senior_asked"
    READINGS_COMPARED = "readings_compared"
    FINAL_STORED = "final_stored"
    UNIT_EXCLUDED = "unit_excluded"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    UNIT_RELEASED = "unit_released"


PAYLOADS: Mapping[Kind, type] = MappingProxyType(
    {
        Kind.PERSON_SET: payloads.PersonSet,
        Kind.PROTOCOL_PUBLISHED: payloads.ProtocolPublished,
        Kind.CLEARANCE_SIGNED: payloads.ClearanceSigned,
        Kind.SAMPLE_DRAWN: payloads.SampleDrawn,
        Kind.READINGS_FLAGGED: payloads.ReadingsFlagged,
        Kind.CALIBRATION_PLANNED: payloads.CalibrationPlanned,
        Kind.REFERENCE_SIGNED: payloads.ReferenceSigned,
        Kind.CALIBRATION_OPENED: payloads.CalibrationOpened,
        Kind.ACCESS_GRANTED: payloads.AccessGranted,
        Kind.ACCESS_ENDED: payloads.AccessEnded,
        Kind.UNIT_REGISTERED: payloads.UnitRegistered,
        Kind.SCAN_CHECKED: payloads.ScanChecked,
        Kind.SCAN_OVERRULED: payloads.ScanOverruled,
        Kind.SOURCES_BOUND: payloads.SourcesBound,
        Kind.MODE_CHANGED: payloads.ModeChanged,
        Kind.UNIT_BARRED: payloads.UnitBarred,
        Kind.READING_ASSIGNED: payloads.ReadingAssigned,
        Kind.READING_TAKEN: payloads.ReadingTaken,
        Kind.READING_SUBMITTED: payloads.ReadingSubmitted,
        Kind.READING_WITHDRAWN: payloads.ReadingWithdrawn,
        Kind.READING_RETURNED: payloads.ReadingReturned,
        Kind.SENIOR_ASKED: payloads.SeniorAsked,
        Kind.READINGS_COMPARED: payloads.ReadingsCompared,
        Kind.FINAL_STORED: payloads.FinalStored,
        Kind.UNIT_EXCLUDED: payloads.UnitExcluded,
        Kind.CONSENT_WITHDRAWN: payloads.ConsentWithdrawn,
        Kind.UNIT_RELEASED: payloads.UnitReleased,
    }
)

STORE_WIDE = frozenset(
    {
        Kind.PERSON_SET,
        Kind.PROTOCOL_PUBLISHED,
        Kind.CLEARANCE_SIGNED,
        Kind.SAMPLE_DRAWN,
        Kind.READINGS_FLAGGED,
        Kind.CALIBRATION_PLANNED,
        Kind.REFERENCE_SIGNED,
        Kind.CALIBRATION_OPENED,
        Kind.ACCESS_GRANTED,
        Kind.ACCESS_ENDED,
    }
)
"""Kinds that speak of the whole store and carry no unit."""


@dataclass(frozen=True)
class Draft:
    """What `decide` wants to happen: a kind, the unit (None for the whole store) and the typed payload."""

    kind: Kind
    unit: str | None
    payload: Any

    def __post_init__(self) -> None:
        if not isinstance(self.payload, PAYLOADS[self.kind]):
            raise TypeError(f"{self.kind} needs {PAYLOADS[self.kind].__name__}, not {type(self.payload).__name__}")
        if (self.unit is None) != (self.kind in STORE_WIDE):
            raise ValueError(f"{self.kind} and unit {self.unit} do not go together")


@dataclass(frozen=True)
class Event:
    """One link of the chain; minted by a store only, with the store's clock."""

    schema: str
    seq: int
    unit: str | None
    kind: Kind
    actor: str
    role: PersonRole
    title: Title
    at: datetime
    intent_id: str
    payload: Any
    policy: str
    prev: str
    hash: str

    def to_bytes(self) -> bytes:
        """The canonical bytes of the event as they stand in a store."""
        return canonical_bytes(to_document(self))


@dataclass(frozen=True)
class Signature:
    """Who acts, in which role and title, when, for which intent, under which policy."""

    actor: str
    role: PersonRole
    title: Title
    at: datetime
    intent_id: str
    policy: str


def mint(draft: Draft, signature: Signature, seq: int, prev: str) -> Event:
    """The event number `seq` (from 1) after the event with hash `prev`; only stores call this."""
    event = Event(
        schema=EVENT_SCHEMA,
        seq=seq,
        unit=draft.unit,
        kind=draft.kind,
        actor=signature.actor,
        role=signature.role,
        title=signature.title,
        at=signature.at,
        intent_id=signature.intent_id,
        payload=draft.payload,
        policy=signature.policy,
        prev=prev,
        hash="",
    )
    return dataclasses.replace(event, hash=_hash(event))


def read_event(data: bytes, path: Path) -> Event:
    """The event in `data`; raises CrcError naming `path` where it is broken or its hash does not fit."""
    document = parse_document(data, path, EVENT_SCHEMA)
    if document.get("kind") not in list(Kind):
        raise CrcError("json.bad_value", path=path, place="kind")
    event = from_document(Event, document, path)
    payload: Any = from_document(PAYLOADS[event.kind], document.get("payload"), path)
    event = dataclasses.replace(event, payload=payload)
    if event.hash != _hash(event):
        raise CrcError("chain.altered", path=path, seq=event.seq)
    return event


def check_chain(events: Iterable[Event]) -> str:
    """The hash of the last event after comparing every link; raises CrcError at the first that does not hold."""
    prev = FIRST_PREV
    for seq, event in enumerate(events, start=1):
        if event.seq != seq:
            raise CrcError("chain.gap", seq=seq)
        if event.prev != prev or event.hash != _hash(event):
            raise CrcError("chain.altered", seq=seq)
        prev = event.hash
    return prev


def _hash(event: Event) -> str:
    document = to_document(event)
    del document["hash"]
    return canonical_hash(document)
