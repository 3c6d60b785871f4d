"""Which case and time point an examination becomes: minted, joined or taken up again, and what is there already.

Source: design, section 3 (a patient has one case; a further examination joins it); consensus section 5 (duplicates).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from crc_core.errors import CrcError
from crc_core.identity import UnitId, check_case_code, mint_case_code
from crc_core.importing.examination import ChosenSeries, Examination, Identity
from crc_core.importing.key_table import KeyTable, PatientRecord, SeriesKey, UnitRecord
from crc_core.importing.pseudonyms import Pseudonyms, read_date
from crc_core.importing.rules import DeidentificationRules
from crc_core.vocabulary import Role
from crc_core.workflow.events import Event, Kind

BASELINE = "T0"


@dataclass(frozen=True)
class Duplicate:
    """A series that is in the store or in the key table already, under another unit."""

    role: Role
    unit: str
    by: str


@dataclass(frozen=True)
class KnownSeries:
    """What is remembered of a series that came in before."""

    unit: str
    series_uid: str
    pixel_sha256: str
    probes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Place:
    """Where the examination goes: the unit, or None where a new case will be minted for `time_point`."""

    unit: UnitId | None
    time_point: str
    patient: PatientRecord | None
    duplicates: tuple[Duplicate, ...]


def known_series(keys: KeyTable | None, store: str, events: Iterable[Event]) -> tuple[KnownSeries, ...]:
    """Everything that came into the store, by its events and by the key table."""
    found = [
        KnownSeries(str(event.unit), record.series_uid, record.pixel_sha256)
        for event in events
        if event.kind is Kind.UNIT_REGISTERED
        for record in event.payload.series
    ]
    for record in () if keys is None else keys.units(store).values():
        found += [KnownSeries(record.unit, item.series_uid, item.pixel_sha256, item.probes) for item in record.series]
    return tuple(dict.fromkeys(found))


def find_place(
    examination: Examination,
    keys: KeyTable | None,
    store: str,
    known: Iterable[KnownSeries],
    wished_case: str | None,
    wished_time_point: str | None,
) -> Place:
    """The place of the examination in `store`; raises CrcError where it is there already or the wishes do not fit.

    `keys` is None where there is no key table yet.
    """
    if wished_case is not None:
        check_case_code(wished_case)
        if wished_time_point is None:
            raise CrcError("import.time_point_missing", case=wished_case)
    patient = None if keys is None else match_patient(keys, store, examination.identity)
    begun = None if keys is None else _begun(keys, store, examination.study.study_uid)
    if begun is not None and keys is not None:
        return _resume(begun, keys, store, patient, wished_case, wished_time_point)
    if wished_case is not None and (patient is None or patient.case != wished_case):
        raise CrcError("import.other_patient", case=wished_case)
    if patient is not None and wished_time_point is None:
        raise CrcError("import.patient_known", case=patient.case)
    time_point = wished_time_point or BASELINE
    unit = None if patient is None else UnitId(patient.case, time_point)
    if unit is None:
        UnitId(mint_case_code("00", 1), time_point)  # its form is checked before anything is reserved
    duplicates = find_duplicates(examination, keys, known)
    _refuse_duplicates(duplicates, len(examination.chosen), patient)
    if unit is not None and keys is not None:
        _refuse_taken(unit, keys, store, known, examination)
    return Place(unit, time_point, patient, duplicates)


def match_patient(keys: KeyTable, store: str, identity: Identity) -> PatientRecord | None:
    """The patient of the key table with the same number, or with the same name and birth date."""
    number, person = digests(keys.pseudonyms, identity)
    records = keys.patients(store)
    by_number = [record for record in records if number and record.number_digest == number]
    by_person = [record for record in records if person and record.person_digest == person]
    return next(iter(by_number or by_person), None)


def digests(pseudonyms: Pseudonyms, identity: Identity) -> tuple[str, str]:
    """Keyed hashes of the patient's number and of name with birth date; empty where they are not told."""
    number, name = identity.number.casefold(), " ".join(identity.name.casefold().split())
    by_number = pseudonyms.digest("patient number", number) if number else ""
    by_person = pseudonyms.digest("patient person", name, identity.birth_date) if name and identity.birth_date else ""
    return by_number, by_person


def new_patient(
    keys: KeyTable, store: str, case: str, examination: Examination, rules: DeidentificationRules
) -> PatientRecord:
    """The record of a patient who enters the store with this examination."""
    identity = examination.identity
    number, person = digests(keys.pseudonyms, identity)
    # Without number and name the examination itself stands for the patient: nobody can be matched to it by mistake.
    subject = number or person or examination.study.study_uid
    shift = keys.pseudonyms.shift_days(subject, rules.longest_shift_days)
    return PatientRecord(store, case, number, person, identity.number, identity.name, identity.birth_date, shift)


def new_unit_record(keys: KeyTable, store: str, unit: UnitId, examination: Examination, at: datetime) -> UnitRecord:
    """The record of the unit that this examination becomes."""
    series = tuple(_series_key(keys.pseudonyms, unit, role, item) for role, item in examination.chosen.items())
    study = examination.study
    return UnitRecord(store, str(unit), study.study_uid, study.date, series, at)


def find_duplicates(
    examination: Examination, keys: KeyTable | None, known: Iterable[KnownSeries]
) -> tuple[Duplicate, ...]:
    """The chosen series that came in before: by the keyed hash of their UID, by their voxels, or by some images."""
    by_uid: dict[str, str] = {}
    by_pixels: dict[str, str] = {}
    by_probe: dict[str, str] = {}
    for item in known:
        by_uid.setdefault(item.series_uid, item.unit)
        by_pixels.setdefault(item.pixel_sha256, item.unit)
        for probe in item.probes:
            by_probe.setdefault(probe, item.unit)
    found = []
    for role, chosen in examination.chosen.items():
        new_uid = "" if keys is None else keys.pseudonyms.uid(chosen.series.key)
        images = [] if keys is None else [keys.pseudonyms.uid(image.sop_uid) for image in chosen.series.instances]
        known_image = next((image for image in images if image in by_probe), None)
        if new_uid in by_uid:
            found.append(Duplicate(role, by_uid[new_uid], "series_uid"))
        elif chosen.pixel_sha256 in by_pixels:
            found.append(Duplicate(role, by_pixels[chosen.pixel_sha256], "pixels"))
        elif known_image is not None:
            found.append(Duplicate(role, by_probe[known_image], "images"))
    return tuple(found)


def _series_key(pseudonyms: Pseudonyms, unit: UnitId, role: Role, item: ChosenSeries) -> SeriesKey:
    images = item.series.instances
    probes = dict.fromkeys(images[at].sop_uid for at in (0, len(images) // 2, -1))
    return SeriesKey(
        unit.series_code(role),
        item.series.series_uid,
        pseudonyms.uid(item.series.key),
        item.pixel_sha256,
        tuple(pseudonyms.uid(probe) for probe in probes if probe),
    )


def _begun(keys: KeyTable, store: str, study_uid: str) -> UnitRecord | None:
    return next((record for record in keys.units(store).values() if record.study_uid == study_uid), None)


def _resume(
    begun: UnitRecord,
    keys: KeyTable,
    store: str,
    patient: PatientRecord | None,
    wished_case: str | None,
    wished_time_point: str | None,
) -> Place:
    """An import of this examination was begun before: finish it under the same code, whatever stopped it."""
    unit = UnitId.parse(begun.unit)
    if keys.is_finished(store, begun.unit):
        raise CrcError("import.already_in", unit=begun.unit)
    fits = wished_case in (None, unit.case) and wished_time_point in (None, unit.time_point)
    if not fits or patient is None or patient.case != unit.case:
        raise CrcError("import.begun_otherwise", unit=begun.unit)
    return Place(unit, unit.time_point, patient, ())


def _refuse_duplicates(duplicates: tuple[Duplicate, ...], chosen: int, patient: PatientRecord | None) -> None:
    """The same images are no new examination; single series of the same case may serve two time points."""
    if not duplicates:
        return
    units = ", ".join(sorted({item.unit for item in duplicates}))
    foreign = [item for item in duplicates if patient is None or UnitId.parse(item.unit).case != patient.case]
    if foreign or len(duplicates) == chosen:
        roles = ", ".join(item.role.value for item in duplicates)
        raise CrcError("import.duplicate", units=units, roles=roles)


def _refuse_taken(
    unit: UnitId, keys: KeyTable, store: str, known: Iterable[KnownSeries], examination: Examination
) -> None:
    units: Mapping[str, UnitRecord] = keys.units(store)
    if str(unit) in units or any(item.unit == str(unit) for item in known):
        raise CrcError("import.time_point_taken", unit=str(unit))
    day = examination.study_date
    for record in units.values():
        other, other_day = UnitId.parse(record.unit), read_date(record.study_date)
        if other.case != unit.case or day is None or other_day is None:
            continue
        is_later = int(unit.time_point[1:]) > int(other.time_point[1:])
        if (is_later and day < other_day) or (not is_later and day > other_day):
            raise CrcError("import.time_order", unit=str(unit), other=record.unit)
