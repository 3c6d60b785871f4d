"""What every store offers. One suite of contract tests is run against each kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from crc_core.files.sealed import SealedFolder
from crc_core.identity import UnitId
from crc_core.vocabulary import Role
from crc_core.workflow.events import Event
from crc_core.workflow.intents import Intent, Refusal
from crc_core.workflow.listing import UnitLines
from crc_core.workflow.payloads import UnitRegistered
from crc_core.workflow.store_view import StoreView
from crc_core.workflow.views import PriorUnit, UnitView, WorkItem


@dataclass(frozen=True)
class StoreInfo:
    """What kind of store this is; `enforces` tells whether blinding and titles are enforced or only agreed upon."""

    id: str
    place: str
    enforces: bool
    policy: str


@dataclass(frozen=True)
class Receipt:
    """The store did what the intent asked (now, or when the same intent came before)."""

    intent_id: str
    repeated: bool


@dataclass(frozen=True)
class PreparedUnit:
    """A de-identified unit ready to enter: its code, its registration and, per series code, a folder of DICOM files."""

    unit: UnitId
    registration: UnitRegistered
    folders: dict[str, Path]


class Store(Protocol):
    """Units, readings and finals behind `project` and `decide`; raises CrcError where it cannot be reached.

    An unknown unit and one the viewer may not know give the same CrcError `store.unknown_unit`.
    """

    def info(self) -> StoreInfo:
        """What kind of store this is."""

    def work_list(self, viewer: str) -> tuple[WorkItem, ...]:
        """What waits for the viewer, in their order of work."""

    def unit_lines(self, viewer: str) -> UnitLines:
        """All units the viewer may know, by code, as lines of the progress of all."""

    def unit(self, unit: UnitId, viewer: str) -> UnitView:
        """What the viewer may know and do about a unit."""

    def overview(self, viewer: str) -> StoreView:
        """What the viewer may know and do about the store as a whole: protocol, calibration, clearances, the sample.

        Raises CrcError for somebody who is no active person of the store.
        """

    def prior_units(self, unit: UnitId, viewer: str) -> tuple[PriorUnit, ...]:
        """Earlier examinations of the same case whose images the viewer may look at beside, the latest first.

        They tell nothing of readings or finals; `open_image` opens them for whoever may know a later one.
        """

    def open_image(self, unit: UnitId, role: Role, viewer: str) -> tuple[Path, ...]:
        """Local de-identified DICOM files of the unit's series for `role`."""

    def open_reading(self, reading: str, viewer: str) -> SealedFolder:
        """A sealed reading the viewer may see, compared with its manifest."""

    def open_final(self, unit: UnitId, viewer: str) -> SealedFolder:
        """The final in force, where the viewer may see it."""

    def reserve_case(self, site: str, actor: str) -> str:
        """A new case code of a site; its serial is never given twice."""

    def admit(self, prepared: PreparedUnit, intent: Intent) -> Receipt | Refusal:
        """Take a prepared unit in: its images and its registration, whole or not at all."""

    def submit(self, sealed: SealedFolder, intent: Intent) -> Receipt | Refusal:
        """Take a sealed reading into its slot; the same reading again is harmless."""

    def act(self, intent: Intent, *, secret: str | None = None) -> Receipt | Refusal:
        """Decide on an intent with the newest state; signed kinds need the person's secret again."""

    def sign_final(self, sealed: SealedFolder, intent: Intent, *, secret: str | None = None) -> Receipt | Refusal:
        """Take a sealed final that a senior signs."""

    def chain_head(self, viewer: str) -> str:
        """The hash of the last event, which a signed final names; for who may sign, since it moves with every event."""

    def advance(self) -> Sequence[str]:
        """Do what is due by rule (compare pairs whose windows have closed, store agreed finals); the units touched."""

    def events_since(self, seq: int, viewer: str) -> tuple[Event, ...]:
        """The events after `seq`, for administrators, data managers and the audit; readers never get them."""
