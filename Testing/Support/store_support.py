"""What tests of stores need: a clock to move, people, a tiny unit as real DICOM, and sealed readings of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import workflow_support
from crc_core.dicom.index import index_folder
from crc_core.dicom.volume import open_series, pixel_sha256
from crc_core.files.sealed import SealedFolder
from crc_core.geometry.grid import Grid, Volume
from crc_core.identity import UnitId, mask_name
from crc_core.reading.final import FINAL_SCHEMA, Final, FinalLesion, FinalTarget, How, Take
from crc_core.reading.schema import (
    PROVENANCE_SCHEMA,
    READING_SCHEMA,
    LesionRecord,
    Provenance,
    Reading,
    SourceRecord,
    TargetReading,
)
from crc_core.reading.seal import FinalDraft, ReadingDraft, open_final, seal_final, seal_reading
from crc_core.report.document import Answer, FieldPath, Lesion, new_report
from crc_core.store.folder import FolderStore
from crc_core.store.folder.people import PinPolicy
from crc_core.store.protocol import PreparedUnit, Receipt, Store
from crc_core.vocabulary import LesionClass, Mode, PersonRole, Role, Target, TargetAnswer, Title, Verdict
from crc_core.workflow import payloads as p
from crc_core.workflow.context import Policy
from crc_core.workflow.events import FIRST_PREV, Kind
from crc_core.workflow.intents import Refusal, new_intent
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
POLICY = Policy("workflow-test", 2, 30, True, 28, 2)
PIN = "314159"
QUICK_PINS = PinPolicy("pin-test", 6, 5, 15, 2, 1, 1)
"""The rules for PINs at the least cost."""
SHAPE = (4, 12, 16)
SPACING = (0.8, 0.8, 2.5)
ROLES = (Role.PVP, Role.CHEST)
PEOPLE = {person: known for person, known in workflow_support.PEOPLE.items() if person != "dean"}


@dataclass
class MovingClock:
    """A clock that only the test moves."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def wait(self, **span: float) -> None:
        """Let time pass."""
        self.now += timedelta(**span)


def person_set(person: str, active: bool = True) -> p.PersonSet:
    """The payload that enters one of `PEOPLE`."""
    title, roles = PEOPLE[person]
    return p.PersonSet(person, title, frozenset(roles), "01", active)


@dataclass(frozen=True)
class StudySource:
    """Folders of DICOM files by role, made once and admitted under any unit."""

    folders: dict[Role, Path]
    records: dict[Role, p.SeriesRecord] = field(default_factory=dict)

    def prepared(self, unit: UnitId) -> PreparedUnit:
        """The unit ready to enter a store."""
        series = tuple(self.record(unit, role) for role in self.folders)
        folders = {unit.series_code(role): folder for role, folder in self.folders.items()}
        return PreparedUnit(unit, p.UnitRegistered(series, "2026-01-02"), folders)

    def record(self, unit: UnitId, role: Role) -> p.SeriesRecord:
        """The registration of one series."""
        stack = index_folder(self.folders[role], cache=self.folders[role].parent / "cache").series[0]
        volume = open_series(stack)
        matrix = tuple(tuple(float(cell) for cell in row) for row in volume.grid.ijk_to_ras)
        return p.SeriesRecord(
            role,
            unit.series_code(role),
            stack.series_uid,
            pixel_sha256(volume),
            len(stack.paths),
            volume.grid.shape_kji,
            matrix,
        )


def write_study(folder: Path, seed: int = 0, hu: int | None = None) -> StudySource:
    """A study of two small axial CT series as DICOM files: noise, or everywhere `hu`."""
    folders = {}
    for number, role in enumerate(ROLES, start=1):
        folders[role] = folder / role.value
        folders[role].mkdir(parents=True)
        _write_series(folders[role], number, np.random.default_rng(seed * 10 + number), hu)
    return StudySource(folders)


def _write_series(folder: Path, number: int, random: np.random.Generator, hu: int | None) -> None:
    for k in range(SHAPE[0]):
        data = Dataset()
        data.SOPClassUID, data.SOPInstanceUID = CTImageStorage, f"2.25.{number}0{k + 1}"
        data.StudyInstanceUID, data.SeriesInstanceUID = "2.25.7", f"2.25.7{number}"
        data.PatientID, data.PatientName, data.Modality = "X", "X", "CT"
        data.SeriesNumber, data.InstanceNumber = number, k + 1
        data.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        data.ImagePositionPatient = [0, 0, k * SPACING[2]]
        data.PixelSpacing, data.SliceThickness = [SPACING[1], SPACING[0]], SPACING[2]
        data.Rows, data.Columns = SHAPE[1], SHAPE[2]
        data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
        data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 16, 15, 1
        data.RescaleSlope, data.RescaleIntercept = 1, -1024
        noise = random.integers(0, 2000, SHAPE[1:], dtype=np.int16)
        data.PixelData = (noise if hu is None else np.full(SHAPE[1:], hu + 1024, np.int16)).tobytes()
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = data.SOPClassUID, data.SOPInstanceUID
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        path = folder / f"IM{k:03d}"
        FileDataset(str(path), data, file_meta=meta, preamble=b"\0" * 128).save_as(path, enforce_file_format=True)


def bindings(unit: UnitId) -> p.SourcesBound:
    """Primary by subtraction and liver directly, both on the portal venous series."""
    code = unit.series_code(Role.PVP)
    primary = p.Binding(Target.PRIMARY, Role.PVP, code, Mode.SUBTRACTION)
    return p.SourcesBound((primary, p.Binding(Target.LIVER, Role.PVP, code, Mode.DIRECT)), "v1")


SCAN_PASSED = p.ScanChecked(Verdict.PASS, (), "acquisition-1")


def grid_of(record: p.SeriesRecord) -> Grid:
    """The grid of a registered series."""
    assert record.shape_kji is not None
    return Grid(record.shape_kji, np.array(record.ijk_to_ras))


def tube(grid: Grid, shift: int = 0) -> tuple[Volume, Volume, Volume]:
    """A wall with its outer and inner contour, moved along i."""
    outer, inner = (np.zeros(grid.shape_kji, np.uint8) for _ in range(2))
    outer[1:3, 2:10, 2 + shift : 10 + shift] = 1
    inner[1:3, 4:8, 4 + shift : 8 + shift] = 1
    wall = np.where(inner != 0, 0, outer).astype(np.uint8)
    return Volume(wall, grid), Volume(outer, grid), Volume(inner, grid)


def reading_draft(prepared: PreparedUnit, reader: str, shift: int = 0, **changes: Any) -> ReadingDraft:
    """A reading that draws the primary by subtraction and sees nothing in the liver."""
    record = prepared.registration.series[0]
    wall, outer, inner = tube(grid_of(record), shift)
    targets = (
        TargetReading(
            Target.PRIMARY,
            TargetAnswer.DRAWN,
            record.code,
            Mode.SUBTRACTION,
            (LesionRecord(1, LesionClass.TUMOUR),),
            has_parents=True,
        ),
        TargetReading(Target.LIVER, TargetAnswer.NONE_SEEN),
    )
    masks = {
        mask_name(record.code, Target.PRIMARY): wall,
        mask_name(record.code, Target.PRIMARY, "outer"): outer,
        mask_name(record.code, Target.PRIMARY, "inner"): inner,
    }
    source = SourceRecord(record.role, record.code, record.series_uid, record.pixel_sha256)
    supersedes = changes.get("supersedes")
    return ReadingDraft(
        Reading(READING_SCHEMA, str(prepared.unit), reader, changes.get("round", 1), targets, supersedes),
        Provenance(PROVENANCE_SCHEMA, reader, "", START, START, 60.0, {"crc-core": "0"}, "v1", (source,), ()),
        new_report(prepared.unit, (Lesion(Target.PRIMARY, 1, LesionClass.TUMOUR),)).to_json(),
        masks,
    )


def sealed_reading(folder: Path, prepared: PreparedUnit, reader: str, shift: int = 0, **changes: Any) -> SealedFolder:
    """The same, sealed."""
    return seal_reading(folder, reading_draft(prepared, reader, shift, **changes))


def submission(sealed: SealedFolder, reader: str, **changes: Any) -> p.ReadingSubmitted:
    """The payload that submits a sealed reading."""
    return p.ReadingSubmitted(reader, changes.get("round", 1), sealed.sha256, changes.get("supersedes"))


def sealed_final(
    folder: Path,
    prepared: PreparedUnit,
    parents: tuple[str, str],
    signer: str | None,
    head: str = FIRST_PREV,
    words: str = "",
) -> SealedFolder:
    """A final that takes the first reader's contour; by rule where nobody signs; `words` are written into it."""
    record = prepared.registration.series[0]
    lesion = FinalLesion(1, LesionClass.TUMOUR, Take.A, (1,), (1,), note=words or None)
    report = new_report(prepared.unit, (Lesion(Target.PRIMARY, 1, LesionClass.TUMOUR),))
    if words:
        written = {FieldPath("liver", None, "other"): Answer(words), FieldPath("primary", 1, "other"): Answer(words)}
        report = replace(report, answers={**report.answers, **written})
    target = FinalTarget(Target.PRIMARY, TargetAnswer.DRAWN, record.code, Mode.SUBTRACTION, (lesion,))
    final = Final(
        FINAL_SCHEMA,
        str(prepared.unit),
        1,
        parents,
        How.RULE if signer is None else How.SIGNER,
        (target, FinalTarget(Target.LIVER, TargetAnswer.NONE_SEEN)),
        (),
        head,
        {"crc-core": "0"},
        signer,
        None if signer is None else Title.CHIEF.value,
    )
    masks = {mask_name(record.code, Target.PRIMARY): tube(grid_of(record))[0]}
    return seal_final(folder, FinalDraft(final, report.to_json(), {}, masks))


def open_store(folder: Path, clock: MovingClock, cache: Path | None = None, **changes: Any) -> FolderStore:
    """The store below `folder`, with its cache beside it."""
    return FolderStore(
        folder / "store", clock=clock, cache_folder=cache or folder / "cache", pin_policy=QUICK_PINS, **changes
    )


def new_store(folder: Path, clock: MovingClock, **changes: Any) -> FolderStore:
    """A new store below `folder` with all of `PEOPLE`, all of whom have the same PIN, and the readers cleared."""
    places = {"cache_folder": folder / "cache", "pin_policy": QUICK_PINS, "policy": changes.pop("policy", POLICY)}
    store = FolderStore.create(folder / "store", person_set("admin"), name="Admin", clock=clock, **places, **changes)
    for person in PEOPLE:
        if person != "admin":
            must(store, "admin", Kind.PERSON_SET, person_set(person))
        store.people.set_name(person, person.title())
        store.people.set_pin(person, PIN)
    for reader in ("wang", "li", "zhao"):
        for target in (Target.PRIMARY, Target.LIVER):
            must(store, "chief", Kind.CLEARANCE_SIGNED, p.ClearanceSigned(reader, target, "v1"))
    return store


def hire_second_senior(store: Any) -> None:
    """Enter `dean`, a second senior of another site, with the PIN everybody has."""
    second = p.PersonSet("dean", Title.ASSOCIATE_CHIEF, frozenset({PersonRole.SENIOR}), "02", True)
    must(store, "admin", Kind.PERSON_SET, second)
    store.people.set_name("dean", "Dean")
    store.people.set_pin("dean", PIN)


def ask(store: Store, actor: str, kind: Kind, payload: Any, unit: UnitId | None = None) -> Receipt | Refusal:
    """Send an intent, with the PIN everybody has."""
    made_at = datetime(2026, 1, 1, tzinfo=UTC)
    return store.act(new_intent(kind, None if unit is None else str(unit), actor, made_at, payload), secret=PIN)


def must(store: Store, actor: str, kind: Kind, payload: Any, unit: UnitId | None = None) -> Receipt:
    """Send an intent that has to succeed."""
    return accepted(ask(store, actor, kind, payload, unit))


def accepted(outcome: Receipt | Refusal) -> Receipt:
    """The receipt of something that has to succeed."""
    assert isinstance(outcome, Receipt), outcome
    return outcome


def admit(store: Store, source: StudySource, unit: UnitId | None = None) -> PreparedUnit:
    """Take the study in as a unit (of a new case unless one is named)."""
    prepared = source.prepared(unit or UnitId(store.reserve_case("01", "manager"), "T0"))
    intent = new_intent(Kind.UNIT_REGISTERED, str(prepared.unit), "manager", START, prepared.registration)
    accepted(store.admit(prepared, intent))
    return prepared


def open_unit(store: Store, source: StudySource, *readers: str) -> PreparedUnit:
    """A unit that is checked, bound and assigned to the readers."""
    prepared = admit(store, source)
    must(store, "manager", Kind.SCAN_CHECKED, SCAN_PASSED, prepared.unit)
    must(store, "manager", Kind.SOURCES_BOUND, bindings(prepared.unit), prepared.unit)
    for reader in readers:
        must(store, "manager", Kind.READING_ASSIGNED, p.ReadingAssigned(reader, 1), prepared.unit)
    return prepared


def submit(store: Store, sealed: SealedFolder, unit: UnitId, reader: str, **changes: Any) -> Receipt | Refusal:
    """Submit a sealed reading."""
    payload = submission(sealed, reader, **changes)
    return store.submit(sealed, new_intent(Kind.READING_SUBMITTED, str(unit), reader, START, payload))


def sign(store: Store, sealed: SealedFolder, unit: UnitId, signer: str, **changes: Any) -> Receipt | Refusal:
    """Sign a sealed final."""
    final = open_final(sealed.folder).final
    payload = p.FinalStored(sealed.sha256, final.version, final.parents, False, final.supersedes, changes.get("reason"))
    return store.sign_final(sealed, new_intent(Kind.FINAL_STORED, str(unit), signer, START, payload), secret=PIN)


def digest(text: str) -> str:
    """A hash that stands for a body."""
    return hashlib.sha256(text.encode()).hexdigest()
