"""Takes an examination into a store, step by step, so that an interruption leaves no half unit and a retry finishes.

The steps are: look, place, reserve and remember, write aside, admit, check, overrule, bind, remember the end. Every
intent has an id made from its unit, kind and content, so that the same step again changes nothing.
"""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from crc_core.errors import CrcError
from crc_core.files.atomic import naming
from crc_core.files.canonical import canonical_hash
from crc_core.files.records import to_document
from crc_core.identity import UnitId
from crc_core.importing.clinical import Clinical
from crc_core.importing.delineation import DelineationProtocol, default_protocol, protocol_in_force
from crc_core.importing.examination import Examination, Progress, examine
from crc_core.importing.file_lock import locked
from crc_core.importing.key_table import KeyTable, PatientRecord, UnitFinished, default_key_table, refuse_inside_store
from crc_core.importing.log import log_path, write_log
from crc_core.importing.placing import (
    Duplicate,
    KnownSeries,
    Place,
    find_place,
    known_series,
    new_patient,
    new_unit_record,
)
from crc_core.importing.preparing import (
    Context,
    PreparedImport,
    bindings_of,
    prepare_import,
    resolve_overrules,
    scan_checked,
)
from crc_core.importing.rules import DeidentificationRules, load_rules
from crc_core.store.protocol import Store
from crc_core.vocabulary import Mode, Target, Verdict
from crc_core.workflow.events import Kind
from crc_core.workflow.intents import Refusal, new_intent
from crc_core.workflow.payloads import Binding, ScanChecked, ScanOverruled, SourcesBound

_PLACEHOLDER_CASE = "CRC-00-000001-Y"


@dataclass(frozen=True)
class ImportRequest:
    """What a person asks for; dates are the originals."""

    folder: Path
    site: str
    actor: str
    case: str | None = None
    time_point: str | None = None
    study_uid: str | None = None
    keys: Path | None = None
    overrules: Mapping[str, str] = dataclasses.field(default_factory=dict)
    modes: Mapping[Target, Mode] = dataclasses.field(default_factory=dict)
    clinical: Clinical = dataclasses.field(default_factory=lambda: Clinical({}, {}))
    treatment_since: date | None = None


@dataclass(frozen=True)
class ImportResult:
    """What became of an examination; `unit` is None in a rehearsal that would mint a new case."""

    unit: UnitId | None
    time_point: str
    examination: Examination
    scan: ScanChecked
    refused_items: tuple[str, ...]
    bindings: tuple[Binding, ...]
    series_uids: Mapping[str, str]
    duplicates: tuple[Duplicate, ...]
    keys: Path | None
    log: Path | None
    store_searched: bool


def import_study(
    store: Store, request: ImportRequest, clock: Callable[[], datetime], *, on_progress: Progress | None = None
) -> ImportResult:
    """Take the examination in `request.folder` into `store`.

    Raises CrcError where it may not enter; nothing of it is in the store then. A scan check that fails and is not
    overruled leaves the unit registered and refused, without sources.
    """
    keys_path = _keys_path(store, request)
    work = _look(store, request, clock, on_progress)
    return work.carry_out(KeyTable.open(keys_path))


def rehearse_import(
    store: Store | None, request: ImportRequest, clock: Callable[[], datetime], *, on_progress: Progress | None = None
) -> ImportResult:
    """Say what `import_study` would do and write nothing anywhere; without a store only the folder is looked at."""
    keys_path = None if store is None and request.keys is None else _keys_path(store, request)
    return _look(store, request, clock, on_progress).rehearse(keys_path)


def _keys_path(store: Store | None, request: ImportRequest) -> Path:
    path = (request.keys or default_key_table("" if store is None else store.info().id)).absolute()
    refuse_inside_store(path)
    return path


def _look(
    store: Store | None, request: ImportRequest, clock: Callable[[], datetime], on_progress: Progress | None
) -> _Work:
    rules = load_rules()
    protocol = default_protocol() if store is None else protocol_in_force(store.overview(request.actor))
    since = request.treatment_since or request.clinical.dates.get("treatment_since")
    examination = examine(
        request.folder,
        rules,
        study_uid=request.study_uid,
        treated_since=request.treatment_since,
        treatment_dates=() if since is None else (since,),
        on_progress=on_progress,
    )
    scan = scan_checked(examination)
    overrules = resolve_overrules(scan, request.overrules)
    return _Work(store, request, clock, rules, protocol, examination, scan, overrules, on_progress)


@dataclass(frozen=True)
class _Work:
    """One import on its way."""

    optional_store: Store | None
    request: ImportRequest
    clock: Callable[[], datetime]
    rules: DeidentificationRules
    protocol: DelineationProtocol
    examination: Examination
    scan: ScanChecked
    overrules: tuple[tuple[str, tuple[str, ...]], ...]
    on_progress: Progress | None

    @property
    def store(self) -> Store:
        if self.optional_store is None:
            raise CrcError("import.no_store")
        return self.optional_store

    @property
    def store_id(self) -> str:
        return "" if self.optional_store is None else self.optional_store.info().id

    @property
    def context(self) -> Context:
        return Context(self.request.clinical, self.request.treatment_since, self.request.modes)

    @property
    def refused_items(self) -> tuple[str, ...]:
        """The items that fail and that nobody overruled."""
        overruled = {item for _, items in self.overrules for item in items}
        return tuple(i.id for i in self.scan.items if i.verdict is Verdict.FAIL and i.id not in overruled)

    def rehearse(self, keys_path: Path | None) -> ImportResult:
        keys = KeyTable.open(keys_path) if keys_path is not None and keys_path.exists() else None
        known, searched = ((), False) if self.optional_store is None else self._known(keys)
        place = self._place(keys, known)
        unit = place.unit or UnitId(_PLACEHOLDER_CASE, place.time_point)
        bindings = bindings_of(self.examination, unit, self.protocol, self.context)
        return self._result(place.unit, place, bindings, {}, keys_path, None, searched)

    def carry_out(self, keys: KeyTable) -> ImportResult:
        known, searched = self._known(keys)
        with keys.locked():
            place = self._place(keys, known)
            unit, patient = self._reserve(keys, place)
        with locked(_beside(keys.path, f"{unit}.lock"), wait=False), _workspace(keys.path, unit) as workspace:
            prepared = prepare_import(
                self.examination,
                unit,
                patient,
                keys.pseudonyms,
                workspace,
                self.rules,
                self.protocol,
                self.context,
                on_progress=self.on_progress,
            )
            log = log_path(keys.path, str(unit))
            counts = (self.examination.left_out, self.examination.unreadable)
            write_log(log, prepared, self.rules, *counts, self.clock())
            self._send(prepared, keys)
        if not self.refused_items:  # a refused unit stays open, so that importing again with a reason finishes it
            with keys.locked():
                keys.append(UnitFinished(self.store_id, str(unit), self.clock()))
        uids = {record.code: record.series_uid for record in prepared.prepared.registration.series}
        return self._result(unit, place, prepared.bindings, uids, keys.path, log, searched)

    def _known(self, keys: KeyTable | None) -> tuple[tuple[KnownSeries, ...], bool]:
        """What came in before, and whether the store let itself be searched."""
        try:
            events = self.store.events_since(0, self.request.actor)
        except CrcError as error:
            if error.code != "store.reads_blind":
                raise
            return known_series(keys, self.store_id, ()), False
        return known_series(keys, self.store_id, events), True

    def _place(self, keys: KeyTable | None, known: tuple[KnownSeries, ...]) -> Place:
        wishes = (self.request.case, self.request.time_point)
        return find_place(self.examination, keys, self.store_id, known, *wishes)

    def _reserve(self, keys: KeyTable, place: Place) -> tuple[UnitId, PatientRecord]:
        """The unit and its patient, remembered on disk before anything is written for them."""
        patient = place.patient
        if patient is None:
            case = self.store.reserve_case(self.request.site, self.request.actor)
            patient = new_patient(keys, self.store_id, case, self.examination, self.rules)
            keys.append(patient)
        unit = place.unit or UnitId(patient.case, place.time_point)
        record = new_unit_record(keys, self.store_id, unit, self.examination, self.clock())
        before = keys.units(self.store_id).get(str(unit))
        if before is None or before.series != record.series:
            keys.append(record)
        return unit, patient

    def _send(self, prepared: PreparedImport, keys: KeyTable) -> None:
        unit = str(prepared.prepared.unit)
        intent = self._intent(Kind.UNIT_REGISTERED, unit, prepared.prepared.registration, keys)
        _require(self.store.admit(prepared.prepared, intent))
        steps: list[tuple[Kind, Any]] = [(Kind.SCAN_CHECKED, prepared.scan)]
        steps += [(Kind.SCAN_OVERRULED, ScanOverruled(items, reason)) for reason, items in self.overrules]
        if not self.refused_items and prepared.bindings:
            steps.append((Kind.SOURCES_BOUND, SourcesBound(prepared.bindings, prepared.protocol)))
        for kind, payload in steps:
            _require(self.store.act(self._intent(kind, unit, payload, keys)))

    def _intent(self, kind: Kind, unit: str, payload: Any, keys: KeyTable) -> Any:
        intent = new_intent(kind, unit, self.request.actor, self.clock(), payload)
        content = canonical_hash(to_document(payload))
        number = keys.pseudonyms.digest("intent", self.store_id, unit, kind.value, content)
        return dataclasses.replace(intent, id=number[:32])

    def _result(
        self,
        unit: UnitId | None,
        place: Place,
        bindings: tuple[Binding, ...],
        series_uids: Mapping[str, str],
        keys: Path | None,
        log: Path | None,
        searched: bool,
    ) -> ImportResult:
        return ImportResult(
            unit,
            place.time_point,
            self.examination,
            self.scan,
            self.refused_items,
            bindings,
            series_uids,
            place.duplicates,
            keys,
            log,
            searched,
        )


@contextmanager
def _workspace(keys: Path, unit: UnitId) -> Iterator[Path]:
    """An empty folder for the files of one unit; what a killed import left there is cleared away."""
    folder = _beside(keys, f"{unit}.work")
    if folder.exists():
        shutil.rmtree(folder)
    with naming(folder):
        folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _beside(keys: Path, name: str) -> Path:
    folder = keys.parent / f"{keys.stem}-work"
    with naming(folder):
        folder.mkdir(exist_ok=True, mode=0o700)
    return folder / name


def _require(answer: object) -> None:
    if isinstance(answer, Refusal):
        raise answer.as_error()
