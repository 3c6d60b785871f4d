"""A store behind the rules: the `Store` protocol over a chain, bodies, case codes and secrets of any kind.

Every decision is asked of `crc_core.workflow`; what a person is shown comes from `project`. A kind of store says where
things lie and nothing more.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from crc_core.errors import CrcError
from crc_core.files.sealed import SealedFolder
from crc_core.identity import UnitId
from crc_core.store.admission import Registered, verify_final, verify_reading
from crc_core.store.images import image_files
from crc_core.store.ledger import Ledger
from crc_core.store.parts import Bodies, Cases, Chain, Secrets
from crc_core.store.protocol import PreparedUnit, Receipt
from crc_core.store.signing import check_signed_final, check_submitted_reading
from crc_core.vocabulary import PersonRole, Role
from crc_core.workflow.brief import Brief
from crc_core.workflow.context import SYSTEM_ACTOR, Person, Policy
from crc_core.workflow.events import Event, Kind
from crc_core.workflow.gates import Glance, Situation
from crc_core.workflow.intents import SIGNED, Intent, Refusal, new_intent
from crc_core.workflow.listing import UnitLines, may_audit, unit_line, work_item
from crc_core.workflow.payloads import SeriesRecord
from crc_core.workflow.project import is_blind, may_open_reading, prior_unit, project
from crc_core.workflow.state import Due, UnitState, fold
from crc_core.workflow.store_view import StoreView, project_store
from crc_core.workflow.views import Phase, PriorUnit, SlotPhase, UnitView, WorkItem

_SHA256 = re.compile(r"[0-9a-f]{64}")
_WITH_BODY = frozenset({Kind.UNIT_REGISTERED, Kind.READING_SUBMITTED, Kind.FINAL_STORED})
OVER = (Phase.RELEASED, Phase.EXCLUDED, Phase.WITHDRAWN)
"""The phases in which nothing is left to do."""


@dataclass(frozen=True)
class Parts:
    """What a store is put together from; `enforces` tells whether it enforces blinding and titles."""

    bodies: Bodies
    cases: Cases
    secrets: Secrets
    policy: Policy
    enforces: bool


class RuledStore:
    """A store of any kind; raises CrcError where it cannot be reached."""

    def __init__(self, ledger: Ledger, parts: Parts) -> None:
        self._ledger = ledger
        self._parts = parts

    @property
    def ledger(self) -> Ledger:
        """The chain and the rules; for the store's own keepers (check, advance), not for screens."""
        return self._ledger

    @property
    def chain(self) -> Chain:
        """The events as they were at the last look."""
        return self._ledger.chain

    def persons(self) -> tuple[Person, ...]:
        """Everybody the chain knows, active or not, by identifier."""
        self._ledger.chain.refresh()
        people = self._ledger.context.people
        return tuple(people[person] for person in sorted(people) if person != SYSTEM_ACTOR)

    def work_list(self, viewer: str) -> tuple[WorkItem, ...]:
        """What waits for the viewer, in their order of work: own open slots first, then what has waited longest."""
        self._ledger.chain.refresh()
        items = (work_item(glance) for glance in self._glances(viewer))
        return tuple(sorted((item for item in items if item is not None), key=order_of_work))

    def unit_lines(self, viewer: str) -> UnitLines:
        """All units the viewer may know, by code; who may see the chain sees readers, agreement and times as well."""
        self._ledger.chain.refresh()
        person = self._ledger.context.person(viewer)
        sees_readers = person is not None and may_audit(person) and not self._reads_blind(person)
        lines = (unit_line(glance, sees_readers=sees_readers) for glance in self._glances(viewer))
        return UnitLines(tuple(line for line in lines if line is not None), sees_readers)

    def unit(self, unit: UnitId, viewer: str) -> UnitView:
        """What the viewer may know and do about a unit."""
        chain = self._ledger.chain
        chain.refresh()
        view = project(chain.of_unit(str(unit)), self._ledger.context, viewer, self._ledger.now)
        if view is None:
            raise CrcError("store.unknown_unit", unit=str(unit))
        return view

    def overview(self, viewer: str) -> StoreView:
        """What the viewer may know and do about the store as a whole."""
        chain = self._ledger.chain
        chain.refresh()
        view = project_store(self._standings, self._ledger.context, viewer, self._ledger.now)
        if view is None:
            raise CrcError("workflow.unknown_person", person=viewer)
        return view

    def prior_units(self, unit: UnitId, viewer: str) -> tuple[PriorUnit, ...]:
        """Earlier examinations of the same case whose images the viewer may look at beside, the latest first."""
        self.unit(unit, viewer)
        return self._priors(unit, viewer)

    def open_image(self, unit: UnitId, role: Role, viewer: str) -> tuple[Path, ...]:
        """The de-identified DICOM files of the unit's series for `role`, in the order they came in."""
        found = [record for record in self.series(unit, viewer) if record.role is role]
        if not found:
            raise CrcError("store.no_series", unit=str(unit), role=role.value)
        return tuple(
            path for record in found for path in image_files(self._parts.bodies.series_folder(str(unit), record))
        )

    def open_reading(self, reading: str, viewer: str) -> SealedFolder:
        """A sealed reading the viewer may see, compared with its manifest."""
        chain = self._ledger.chain
        chain.refresh()
        person = self._ledger.context.person(viewer)
        unit = chain.unit_of_reading(reading)
        # A reading nobody has submitted costs as much as one that must not be known.
        if person is not None and may_open_reading(self._situation(unit or "", person), reading):
            return self._parts.bodies.reading(str(unit), reading)
        raise CrcError("store.unknown_reading", reading=reading)

    def open_final(self, unit: UnitId, viewer: str, final: str | None = None) -> SealedFolder:
        """The final in force, or the earlier one that is named, where the viewer may see it."""
        known = [item.final for item in self.unit(unit, viewer).finals]
        if not known or (final is not None and final not in known):
            raise CrcError("store.no_final", unit=str(unit))
        final = known[-1] if final is None else final
        return self._parts.bodies.final(str(unit), final)

    def reserve_case(self, site: str, actor: str) -> str:
        """A new case code of a site; its serial is never given twice."""
        chain = self._ledger.chain
        chain.refresh()
        person = self._ledger.context.person(actor)
        if person is None or PersonRole.DATA_MANAGER not in person.roles:
            raise CrcError("store.managers_only", person=actor)
        return self._parts.cases.reserve(site, actor, self._ledger.now)

    def admit(self, prepared: PreparedUnit, intent: Intent) -> Receipt | Refusal:
        """Take a prepared unit in: images in place and compared with their registration first, then the event."""
        _require(intent, Kind.UNIT_REGISTERED)
        unit, registration = str(prepared.unit), prepared.registration
        if intent.unit != unit or intent.payload != registration:
            raise CrcError("store.intent_differs")
        answer = self._ledger.preview(intent)
        if answer is not None:
            return answer
        if not self._parts.cases.is_reserved(prepared.unit.case):
            raise CrcError("store.case_not_reserved", code=prepared.unit.case)
        if set(prepared.folders) != {record.code for record in registration.series}:
            raise CrcError("store.series_differ", unit=unit)
        for record in registration.series:
            if record.code != prepared.unit.series_code(record.role) or not _SHA256.fullmatch(record.pixel_sha256):
                raise CrcError("store.series_differ", unit=unit)
            self._parts.bodies.place_series(unit, record, prepared.folders[record.code])
        return self._ledger.commit(intent)

    def submit(self, sealed: SealedFolder, intent: Intent) -> Receipt | Refusal:
        """Take a sealed reading into its slot; the same reading again is harmless."""
        _require(intent, Kind.READING_SUBMITTED)
        answer = self._ledger.preview(intent)
        if isinstance(answer, Receipt) and sealed.sha256 == intent.payload.reading:
            # It is in already; where its body was damaged meanwhile, the reader's own copy heals it.
            self._parts.bodies.place_reading(str(intent.unit), sealed)
        if answer is not None:
            return answer
        state = self._state(str(intent.unit))
        opened = verify_reading(sealed, _registered(state))
        check_submitted_reading(opened, intent)
        self._parts.bodies.place_reading(state.unit, sealed)
        return self._ledger.commit(intent)

    def act(self, intent: Intent, *, secret: str | None = None) -> Receipt | Refusal:
        """Decide on an intent with the newest state; signed kinds need the person's secret again."""
        if intent.actor == SYSTEM_ACTOR:
            raise CrcError("store.system_only")
        if intent.kind in _WITH_BODY:
            raise CrcError("store.needs_body", kind=intent.kind.value)
        if intent.kind in SIGNED:
            refusal = self._parts.secrets.check(intent.actor, secret)
            if refusal is not None:
                return refusal
        return self._ledger.commit(intent)

    def sign_final(self, sealed: SealedFolder, intent: Intent, *, secret: str | None = None) -> Receipt | Refusal:
        """Take a sealed final that a senior signs."""
        _require(intent, Kind.FINAL_STORED)
        if intent.actor == SYSTEM_ACTOR:
            raise CrcError("store.system_only")
        refusal = self._parts.secrets.check(intent.actor, secret)
        return refusal if refusal is not None else self._store_final(sealed, intent)

    def advance(self) -> Sequence[str]:
        """Do what is due by rule: compare pairs whose windows have closed, store agreed finals; the units touched.

        A unit that cannot be decided on (an altered reading, say) does not keep the others waiting; the first such
        trouble is raised as its CrcError at the end.
        """
        self._ledger.chain.refresh()
        touched, troubles = [], []
        for unit in self._maybe_due():
            try:
                if self._advance_unit(unit):
                    touched.append(unit)
            except CrcError as error:
                troubles.append(error)
        if troubles:
            raise troubles[0]
        return tuple(touched)

    def chain_head(self, viewer: str) -> str:
        """The hash of the last event; only for who may sign."""
        chain = self._ledger.chain
        chain.refresh()
        person = self._ledger.context.person(viewer)
        if person is None or not person.may_sign:
            raise CrcError("store.signers_only", person=viewer)
        return chain.head

    def events_since(self, seq: int, viewer: str) -> tuple[Event, ...]:
        """The events after `seq`, for administrators and data managers; nobody gets them who reads a unit blind."""
        self.require_auditor(viewer)
        return tuple(self._ledger.chain.since(seq))

    def require_auditor(self, viewer: str) -> None:
        """Raise the CrcError for a person who may not see the chain."""
        chain = self._ledger.chain
        chain.refresh()
        person = self._ledger.context.person(viewer)
        if person is None or not may_audit(person):
            raise CrcError("store.auditors_only", person=viewer)
        if self._reads_blind(person):
            raise CrcError("store.reads_blind", person=viewer)

    def _advance_unit(self, unit: str) -> bool:
        """Whether anything was due; two machines at it at once end with one comparison and one final."""
        from crc_core.store.advance import build_rule_final, compare_readings

        policy, bodies, before = self._parts.policy, self._parts.bodies, len(self._ledger.chain.of_unit(unit))
        state = self._state(unit)
        if state.due(self._ledger.now, policy) is Due.COMPARISON:
            comparison = compare_readings(bodies, state, policy)
            self._ledger.commit(self._by_rule(Kind.READINGS_COMPARED, unit, comparison))
            state = self._state(unit)
        if state.due(self._ledger.now, policy) is Due.RULE_FINAL:
            with tempfile.TemporaryDirectory(prefix="crcdb-") as folder:
                head = self._ledger.chain.head
                sealed, payload = build_rule_final(
                    bodies, state, policy, head, Path(folder), enforces=self._parts.enforces
                )
                self._store_final(sealed, self._by_rule(Kind.FINAL_STORED, unit, payload))
        return len(self._ledger.chain.of_unit(unit)) > before

    def _by_rule(self, kind: Kind, unit: str, payload: object) -> Intent:
        return new_intent(kind, unit, SYSTEM_ACTOR, self._ledger.now, payload)

    def _store_final(self, sealed: SealedFolder, intent: Intent) -> Receipt | Refusal:
        answer = self._ledger.preview(intent)
        if answer is not None:
            return answer
        state = self._state(str(intent.unit))
        opened = verify_final(sealed, _registered(state))
        check_signed_final(opened, intent, self._ledger.chain, enforces=self._parts.enforces)
        self._parts.bodies.place_final(state.unit, sealed)
        return self._ledger.commit(intent)

    def series(self, unit: UnitId, viewer: str) -> tuple[SeriesRecord, ...]:
        """The series of a unit the viewer may know, or of an earlier examination of one they may know."""
        try:
            return self.unit(unit, viewer).series
        except CrcError:
            later = (other for other in self._of_case(unit) if unit.is_before(other))
            beside = (prior for other in later for prior in self._priors(other, viewer) if prior.unit == str(unit))
            found = next(beside, None)
            if found is None:
                raise
            return found.series

    def _priors(self, unit: UnitId, viewer: str) -> tuple[PriorUnit, ...]:
        person, chain = self._ledger.context.person(viewer), self._ledger.chain
        if person is None:
            return ()
        later = self._situation(str(unit), person)
        found = (prior_unit(chain.of_unit(str(other)), later) for other in reversed(self._of_case(unit)))
        return tuple(item for item in found if item is not None)

    def _of_case(self, unit: UnitId) -> list[UnitId]:
        """The units of the same case in the order of time."""
        found = [UnitId.parse(other) for other in self._ledger.chain.units_of_case(unit.case)]
        return sorted(found, key=lambda other: int(other.time_point[1:]))

    def _state(self, unit: str) -> UnitState:
        return fold(unit, self._ledger.chain.of_unit(unit))

    def _situation(self, unit: str, person: Person) -> Situation:
        return Situation(self._state(unit), self._ledger.context, person, self._ledger.now)

    def _glances(self, viewer: str, units: Sequence[str] | None = None) -> Iterator[Glance]:
        """The viewer before each of the units, by code; nothing for who is no active person."""
        context, now = self._ledger.context, self._ledger.now
        person = context.person(viewer)
        if person is not None:
            briefs = self._ledger.chain.briefs(context.policy, units)
            yield from (Glance(briefs[unit], context, person, now) for unit in sorted(briefs))

    def _reads_blind(self, person: Person) -> bool:
        """Whether the person reads any unit blind."""
        own = self._ledger.chain.units_read_by(person.id)
        return any(is_blind(glance) for glance in self._glances(person.id, own))

    def _standings(self, units: Sequence[str]) -> Mapping[str, Brief]:
        return self._ledger.chain.briefs(self._ledger.policy, units)

    def _maybe_due(self) -> Sequence[str]:
        """The units in which something may be due; more than those do no harm."""
        return self._ledger.chain.units


def _require(intent: Intent, kind: Kind) -> None:
    if intent.kind is not kind:
        raise ValueError(f"this takes an intent of the kind {kind}, not {intent.kind}")


def _registered(state: UnitState) -> Registered:
    series = () if state.registered is None else state.registered.series
    return Registered(state.unit, series, state.bindings)


def order_of_work(item: WorkItem) -> tuple[bool, bool, datetime, str]:
    """The place of an item in a work list: own open slots first, what is over last, then by waiting."""
    waits = item.slot is not None and item.slot.phase is not SlotPhase.SUBMITTED
    return (not waits, item.phase in OVER, item.since, item.unit)
