"""The folder store: the `Store` protocol over files, for one trusted team; blinding and titles are not enforced."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from crc_core.dicom.cache import default_cache_folder
from crc_core.errors import CrcError
from crc_core.files.atomic import naming
from crc_core.files.sealed import MANIFEST_NAME, SealedFolder, open_sealed
from crc_core.identity import UnitId
from crc_core.store.admission import Registered, verify_final, verify_reading
from crc_core.store.clock import Clock, utc_now
from crc_core.store.folder import cases
from crc_core.store.folder.bodies import place_images, place_sealed
from crc_core.store.folder.cache import EventCache
from crc_core.store.folder.chain import Chain
from crc_core.store.folder.images import check_images
from crc_core.store.folder.layout import Layout, StoreFile
from crc_core.store.folder.ledger import Decide, Ledger
from crc_core.store.folder.people import PERSON_ID, People, PinPolicy, load_pin_policy
from crc_core.store.folder.signing import check_signed_final, check_submitted_reading
from crc_core.store.protocol import PreparedUnit, Receipt, StoreInfo
from crc_core.vocabulary import PersonRole, Role
from crc_core.workflow.context import SYSTEM_ACTOR, Person, Policy, load_policy
from crc_core.workflow.decide import decide as decide_by_rule
from crc_core.workflow.events import Event, Kind
from crc_core.workflow.gates import Situation
from crc_core.workflow.intents import SIGNED, Intent, Refusal, new_intent
from crc_core.workflow.payloads import PersonSet, SeriesRecord
from crc_core.workflow.project import is_blind, may_open_reading, project, work_item
from crc_core.workflow.state import Due, UnitState, fold
from crc_core.workflow.views import Phase, SlotPhase, UnitView, WorkItem

_SHA256 = re.compile(r"[0-9a-f]{64}")
_WITH_BODY = frozenset({Kind.UNIT_REGISTERED, Kind.READING_SUBMITTED, Kind.FINAL_STORED})
_AUDITORS = frozenset({PersonRole.ADMINISTRATOR, PersonRole.DATA_MANAGER})


class FolderStore:
    """A store in the folder `root`; raises CrcError where the folder is no store.

    `clock` and `decide` are the store's time and rules; `cache_folder` is where this machine keeps its copy of the
    chain (the person's cache folder by default), never on the share.
    """

    def __init__(
        self,
        root: Path,
        *,
        clock: Clock = utc_now,
        decide: Decide = decide_by_rule,
        cache_folder: Path | None = None,
        pin_policy: PinPolicy | None = None,
    ) -> None:
        self._layout = Layout(root)
        self._file = self._layout.read()
        self._cache = EventCache(cache_folder or default_cache_folder(), self._file.id, self._layout.events)
        self._ledger = Ledger(Chain(self._cache), self._file.policy, clock, decide)
        self._people = People(self._layout.people, clock, pin_policy or load_pin_policy())

    @classmethod
    def create(
        cls,
        root: Path,
        administrator: PersonSet,
        *,
        name: str,
        policy: Policy | None = None,
        clock: Clock = utc_now,
        decide: Decide = decide_by_rule,
        cache_folder: Path | None = None,
        pin_policy: PinPolicy | None = None,
    ) -> FolderStore:
        """Make a new store in an empty folder with its first administrator.

        Raises CrcError for a folder that holds anything; one that was cut off while being made is finished.
        """
        layout = Layout(root)
        if not PERSON_ID.fullmatch(administrator.person):
            raise CrcError("store.bad_person", person=administrator.person)
        if not layout.store_file.is_file():
            layout.make(policy or load_policy(), clock())
        store = cls(root, clock=clock, decide=decide, cache_folder=cache_folder, pin_policy=pin_policy)
        store._ledger.chain.refresh()
        if store._ledger.chain.events:
            raise CrcError("store.not_empty", path=root)
        first = new_intent(Kind.PERSON_SET, None, SYSTEM_ACTOR, clock(), administrator)
        outcome = store._ledger.commit(first)
        if isinstance(outcome, Refusal):
            raise outcome.as_error(root)
        store.people.set_name(administrator.person, name)
        return store

    @property
    def layout(self) -> Layout:
        """Where things lie."""
        return self._layout

    @property
    def file(self) -> StoreFile:
        """The store's identity and policy."""
        return self._file

    @property
    def cache(self) -> EventCache:
        """This machine's copy of the chain."""
        return self._cache

    @property
    def people(self) -> People:
        """Names and PINs."""
        return self._people

    @property
    def ledger(self) -> Ledger:
        """The chain and the rules; for the store's own keepers (check, advance), not for screens."""
        return self._ledger

    def info(self) -> StoreInfo:
        """What kind of store this is."""
        return StoreInfo(self._file.id, str(self._layout.root), False, self._file.policy.version)

    def persons(self) -> tuple[Person, ...]:
        """Everybody the chain knows, active or not, by identifier."""
        self._ledger.chain.refresh()
        people = self._ledger.context.people
        return tuple(people[person] for person in sorted(people) if person != SYSTEM_ACTOR)

    def work_list(self, viewer: str) -> tuple[WorkItem, ...]:
        """What waits for the viewer, in their order of work: own open slots first, then what has waited longest."""
        chain = self._ledger.chain
        chain.refresh()
        now, context = self._ledger.now, self._ledger.context
        items = (work_item(chain.of_unit(unit), context, viewer, now) for unit in chain.units)
        return tuple(sorted((item for item in items if item is not None), key=_order_of_work))

    def unit(self, unit: UnitId, viewer: str) -> UnitView:
        """What the viewer may know and do about a unit."""
        chain = self._ledger.chain
        chain.refresh()
        view = project(chain.of_unit(str(unit)), self._ledger.context, viewer, self._ledger.now)
        if view is None:
            raise CrcError("store.unknown_unit", unit=str(unit))
        return view

    def open_image(self, unit: UnitId, role: Role, viewer: str) -> tuple[Path, ...]:
        """The de-identified DICOM files of the unit's series for `role`, in the order they came in."""
        found = [record for record in self.unit(unit, viewer).series if record.role is role]
        if not found:
            raise CrcError("store.no_series", unit=str(unit), role=role.value)
        return tuple(path for record in found for path in self._image_paths(str(unit), record))

    def open_reading(self, reading: str, viewer: str) -> SealedFolder:
        """A sealed reading the viewer may see, compared with its manifest."""
        chain = self._ledger.chain
        chain.refresh()
        person = self._ledger.context.person(viewer)
        for event in chain.events:
            if event.kind is not Kind.READING_SUBMITTED or event.payload.reading != reading or event.unit is None:
                continue
            if person is not None and may_open_reading(self._situation(event.unit, person), reading):
                return self._open_body(self._layout.reading(event.unit, reading), reading)
            break
        raise CrcError("store.unknown_reading", reading=reading)

    def open_final(self, unit: UnitId, viewer: str, final: str | None = None) -> SealedFolder:
        """The final in force, or the earlier one that is named, where the viewer may see it."""
        known = [item.final for item in self.unit(unit, viewer).finals]
        if not known or (final is not None and final not in known):
            raise CrcError("store.no_final", unit=str(unit))
        final = known[-1] if final is None else final
        return self._open_body(self._layout.final(str(unit), final), final)

    def reserve_case(self, site: str, actor: str) -> str:
        """A new case code of a site; its serial is never given twice."""
        chain = self._ledger.chain
        chain.refresh()
        person = self._ledger.context.person(actor)
        if person is None or PersonRole.DATA_MANAGER not in person.roles:
            raise CrcError("store.managers_only", person=actor)
        used = {UnitId.parse(unit).case for unit in chain.units}
        return cases.reserve(self._layout.cases, site, used, actor, self._ledger.now)

    def admit(self, prepared: PreparedUnit, intent: Intent) -> Receipt | Refusal:
        """Take a prepared unit in: images in place and compared with their registration first, then the event."""
        _require(intent, Kind.UNIT_REGISTERED)
        unit, registration = str(prepared.unit), prepared.registration
        if intent.unit != unit or intent.payload != registration:
            raise CrcError("store.intent_differs")
        answer = self._ledger.preview(intent)
        if answer is not None:
            return answer
        if not cases.case_path(self._layout.cases, prepared.unit.case).is_file():
            raise CrcError("store.case_not_reserved", code=prepared.unit.case)
        if set(prepared.folders) != {record.code for record in registration.series}:
            raise CrcError("store.series_differ", unit=unit)
        for record in registration.series:
            if record.code != prepared.unit.series_code(record.role) or not _SHA256.fullmatch(record.pixel_sha256):
                raise CrcError("store.series_differ", unit=unit)
            place = self._layout.series(unit, record.code, record.pixel_sha256)
            placed = place_images(self._layout, _files(prepared.folders[record.code]), place)
            check_images(placed.folder, record)
        return self._ledger.commit(intent)

    def submit(self, sealed: SealedFolder, intent: Intent) -> Receipt | Refusal:
        """Take a sealed reading into its slot; the same reading again is harmless."""
        _require(intent, Kind.READING_SUBMITTED)
        answer = self._ledger.preview(intent)
        if isinstance(answer, Receipt) and sealed.sha256 == intent.payload.reading:
            # It is in already; where its body was damaged meanwhile, the reader's own copy heals it.
            place_sealed(self._layout, sealed, self._layout.reading(str(intent.unit), sealed.sha256))
        if answer is not None:
            return answer
        state = self._state(str(intent.unit))
        opened = verify_reading(sealed, _registered(state))
        check_submitted_reading(opened, intent)
        place_sealed(self._layout, sealed, self._layout.reading(state.unit, sealed.sha256))
        return self._ledger.commit(intent)

    def act(self, intent: Intent, *, secret: str | None = None) -> Receipt | Refusal:
        """Decide on an intent with the newest state; signed kinds need the person's PIN again."""
        if intent.actor == SYSTEM_ACTOR:
            raise CrcError("store.system_only")
        if intent.kind in _WITH_BODY:
            raise CrcError("store.needs_body", kind=intent.kind.value)
        if intent.kind in SIGNED:
            refusal = self._people.check_pin(intent.actor, secret)
            if refusal is not None:
                return refusal
        return self._ledger.commit(intent)

    def sign_final(self, sealed: SealedFolder, intent: Intent, *, secret: str | None = None) -> Receipt | Refusal:
        """Take a sealed final that a senior signs."""
        _require(intent, Kind.FINAL_STORED)
        if intent.actor == SYSTEM_ACTOR:
            raise CrcError("store.system_only")
        refusal = self._people.check_pin(intent.actor, secret)
        return refusal if refusal is not None else self._store_final(sealed, intent)

    def advance(self) -> Sequence[str]:
        """Do what is due by rule: compare pairs whose windows have closed, store agreed finals; the units touched.

        A unit that cannot be decided on (an altered reading, say) does not keep the others waiting; the first such
        trouble is raised as its CrcError at the end.
        """
        self._ledger.chain.refresh()
        touched, troubles = [], []
        for unit in self._ledger.chain.units:
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
        return chain.events[-1].hash

    def events_since(self, seq: int, viewer: str) -> tuple[Event, ...]:
        """The events after `seq`, for administrators and data managers; nobody gets them who reads a unit blind."""
        chain = self._ledger.chain
        chain.refresh()
        person = self._ledger.context.person(viewer)
        if person is None or not person.roles & _AUDITORS:
            raise CrcError("store.auditors_only", person=viewer)
        if any(is_blind(self._situation(unit, person)) for unit in chain.units):
            raise CrcError("store.reads_blind", person=viewer)
        return tuple(chain.events[seq:])

    def _advance_unit(self, unit: str) -> bool:
        """Whether anything was due; two machines at it at once end with one comparison and one final."""
        from crc_core.store.folder.advance import build_rule_final, compare_readings

        policy, before = self._file.policy, len(self._ledger.chain.of_unit(unit))
        state = self._state(unit)
        if state.due(self._ledger.now, policy) is Due.COMPARISON:
            self._ledger.commit(
                self._by_rule(Kind.READINGS_COMPARED, unit, compare_readings(self._layout, state, policy))
            )
            state = self._state(unit)
        if state.due(self._ledger.now, policy) is Due.RULE_FINAL:
            with tempfile.TemporaryDirectory(prefix="crcdb-") as folder:
                head = self._ledger.chain.head
                sealed, payload = build_rule_final(self._layout, state, policy, head, Path(folder))
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
        check_signed_final(opened, intent, self._ledger)
        place_sealed(self._layout, sealed, self._layout.final(state.unit, sealed.sha256))
        return self._ledger.commit(intent)

    def _state(self, unit: str) -> UnitState:
        return fold(unit, self._ledger.chain.of_unit(unit))

    def _situation(self, unit: str, person: Person) -> Situation:
        return Situation(self._state(unit), self._ledger.context, person, self._ledger.now)

    def _open_body(self, folder: Path, sha256: str) -> SealedFolder:
        sealed = open_sealed(folder)
        if sealed.sha256 != sha256:
            raise CrcError("sealed.altered", path=folder / MANIFEST_NAME)
        return sealed

    def _image_paths(self, unit: str, record: SeriesRecord) -> tuple[Path, ...]:
        folder = self._layout.series(unit, record.code, record.pixel_sha256)
        paths = _files(folder)
        if not paths:
            raise CrcError("file.missing", path=folder)
        return paths


def _require(intent: Intent, kind: Kind) -> None:
    if intent.kind is not kind:
        raise ValueError(f"this takes an intent of the kind {kind}, not {intent.kind}")


def _registered(state: UnitState) -> Registered:
    series = () if state.registered is None else state.registered.series
    return Registered(state.unit, series, state.bindings)


def _files(folder: Path) -> tuple[Path, ...]:
    """The image files of a prepared or stored series, by name."""
    with naming(folder):
        return tuple(sorted(path for path in folder.iterdir() if path.is_file() and path.name != MANIFEST_NAME))


def _order_of_work(item: WorkItem) -> tuple[bool, bool, datetime, str]:
    waits = item.slot is not None and item.slot.phase is not SlotPhase.SUBMITTED
    over = item.phase in (Phase.RELEASED, Phase.EXCLUDED, Phase.WITHDRAWN)
    return (not waits, over, item.since, item.unit)
