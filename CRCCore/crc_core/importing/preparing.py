"""An examination made ready for a store: de-identified files, the registration, the check, the bindings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from crc_core.dicom.volume import open_series
from crc_core.errors import CrcError
from crc_core.files.atomic import naming
from crc_core.identity import UnitId
from crc_core.importing.clinical import Clinical, clinical_keys
from crc_core.importing.deidentify import Change, Deidentifier, Subject
from crc_core.importing.delineation import DelineationProtocol
from crc_core.importing.examination import ChosenSeries, Examination, Progress
from crc_core.importing.key_table import PatientRecord
from crc_core.importing.lumen import lumen_is_seen
from crc_core.importing.pseudonyms import Pseudonyms, read_date, shifted
from crc_core.importing.rules import DeidentificationRules
from crc_core.importing.sources import ModeFacts, mri_verdict, propose_bindings
from crc_core.importing.values import capped_age, valid_sex
from crc_core.importing.write_files import write_deidentified
from crc_core.scan.check import SeriesCheck
from crc_core.scan.limits import acquisition_limits
from crc_core.scan.words import words_version
from crc_core.store.protocol import PreparedUnit
from crc_core.vocabulary import CT_PHASES, MR_ROLES, Mode, Role, Target, Verdict, worst
from crc_core.workflow.payloads import Binding, CheckedItem, ScanChecked, SeriesRecord, UnitRegistered

_SITE = slice(4, 6)


@dataclass(frozen=True)
class SeriesLog:
    """What was done to one series: files and counts of changes, never a value."""

    code: str
    files: int
    changes: Mapping[Change, int]


@dataclass(frozen=True)
class Context:
    """What a person tells of the examination beside the images; dates are the originals."""

    clinical: Clinical
    treatment_since: date | None
    modes: Mapping[Target, Mode]


@dataclass(frozen=True)
class PreparedImport:
    """Everything that goes to the store, in the order in which it goes there."""

    prepared: PreparedUnit
    scan: ScanChecked
    bindings: tuple[Binding, ...]
    protocol: str
    logs: tuple[SeriesLog, ...]


def prepare_import(
    examination: Examination,
    unit: UnitId,
    patient: PatientRecord,
    pseudonyms: Pseudonyms,
    workspace: Path,
    rules: DeidentificationRules,
    protocol: DelineationProtocol,
    context: Context,
    *,
    on_progress: Progress | None = None,
) -> PreparedImport:
    """Write the chosen series de-identified below the empty folder `workspace` and describe them for a store.

    Only the chosen series are written, one per role; nothing else of the examination leaves its folder. Raises
    CrcError where a file cannot be read or written.
    """
    total = sum(len(item.series.paths) for item in examination.chosen.values())
    written: list[_Written] = []
    for role, chosen in examination.chosen.items():
        code = unit.series_code(role)
        series_uid = pseudonyms.uid(chosen.series.key)
        worker = Deidentifier(rules, pseudonyms, Subject(unit.case, patient.shift_days), series_uid)
        done = sum(item.log.files for item in written)

        def report(count: int, before: int = done) -> None:
            if on_progress is not None:
                on_progress("import.stage.write", before + count, total)

        vendor = _write_files(chosen, workspace / code, worker, rules, report)
        log = SeriesLog(code, len(chosen.series.paths), Counter(worker.changes))
        written.append(_Written(workspace / code, _record(code, series_uid, chosen, vendor), log))
    registration = _registration(examination, unit, patient, tuple(item.record for item in written), rules, context)
    return PreparedImport(
        PreparedUnit(unit, registration, {item.record.code: item.folder for item in written}),
        scan_checked(examination),
        bindings_of(examination, unit, protocol, context),
        protocol.version,
        tuple(item.log for item in written),
    )


@dataclass(frozen=True)
class _Written:
    """A series as it lies in the workspace."""

    folder: Path
    record: SeriesRecord
    log: SeriesLog


def _write_files(
    chosen: ChosenSeries,
    folder: Path,
    worker: Deidentifier,
    rules: DeidentificationRules,
    report: Callable[[int], None],
) -> str:
    """Write the files of one series in the order of its images; the manufacturer as it stands there."""
    with naming(folder):
        folder.mkdir(parents=True)
    vendor = ""
    for number, path in enumerate(chosen.series.paths, start=1):
        vendor = write_deidentified(path, folder / f"{number:05d}.dcm", worker, rules)
        report(number)
    return vendor


def scan_checked(examination: Examination) -> ScanChecked:
    """The scan check as the store keeps it: what did not pass, an item of a series named `<role>.<item>`."""
    items: dict[str, CheckedItem] = {}
    for item in examination.check.items:
        _add(items, CheckedItem(item.id, item.verdict, item.overrulable))
    for role in examination.chosen:
        check = examination.check.chosen(role)
        for item in () if check is None else check.items:
            _add(items, CheckedItem(f"{role.value}.{item.id}", item.verdict, item.overrulable, role))
    rules = f"acquisition {acquisition_limits().version}, words {words_version()}"
    return ScanChecked(examination.check.verdict, tuple(items.values()), rules)


def bindings_of(
    examination: Examination, unit: UnitId, protocol: DelineationProtocol, context: Context
) -> tuple[Binding, ...]:
    """The proposed source and mode of every target."""
    series = {role: item.series for role, item in examination.chosen.items()}

    def sees_lumen() -> bool:
        source = series.get(Role.PVP)
        return source is not None and source.can_be_source and lumen_is_seen(open_series(source), protocol.lumen)

    facts = ModeFacts(frozenset(series), _mri(examination), context.clinical.values.get("primary_site"), sees_lumen)
    return propose_bindings(unit, series, protocol, facts, context.modes)


def resolve_overrules(scan: ScanChecked, wishes: Mapping[str, str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Reason and item names of what a person overrules; an item without its role means that item of every series.

    Raises CrcError for an item that did not fall short or that nobody can overrule.
    """
    by_reason: dict[str, list[str]] = {}
    for wish, reason in wishes.items():
        found = [item for item in scan.items if wish == item.id or wish == item.id.partition(".")[2]]
        if not found:
            raise CrcError("import.no_such_item", item=wish, items=", ".join(item.id for item in scan.items))
        fixed = [item for item in found if not item.overrulable]
        if fixed:
            raise CrcError("import.not_overrulable", item=fixed[0].id)
        by_reason.setdefault(reason, []).extend(item.id for item in found)
    return tuple((reason, tuple(items)) for reason, items in by_reason.items())


def _add(items: dict[str, CheckedItem], item: CheckedItem) -> None:
    if item.verdict is Verdict.PASS:
        return
    other = items.get(item.id)
    if other is None or worst([other.verdict, item.verdict]) is not other.verdict:
        items[item.id] = item


def _mri(examination: Examination) -> Verdict | None:
    checks: list[SeriesCheck | None] = [examination.check.chosen(role) for role in MR_ROLES]
    return mri_verdict([item.verdict for check in checks if check for item in check.items if item.id == "mri"])


def _record(code: str, series_uid: str, chosen: ChosenSeries, vendor: str) -> SeriesRecord:
    header, matrix = chosen.series.header, chosen.grid.ijk_to_ras
    return SeriesRecord(
        role=chosen.role,
        code=code,
        series_uid=series_uid,
        pixel_sha256=chosen.pixel_sha256,
        instances=len(chosen.series.instances),
        shape_kji=chosen.grid.shape_kji,
        ijk_to_ras=tuple(tuple(float(value) for value in row) for row in matrix),
        thickness_mm=header.thickness_mm,
        vendor=vendor or None,
    )


def _registration(
    examination: Examination,
    unit: UnitId,
    patient: PatientRecord,
    records: tuple[SeriesRecord, ...],
    rules: DeidentificationRules,
    context: Context,
) -> UnitRegistered:
    since = context.treatment_since or context.clinical.dates.get("treatment_since")
    clinical = {**_told_by_images(examination, rules), **context.clinical.moved(patient.shift_days)}
    clinical.pop("treatment_since", None)
    clinical["version"] = clinical_keys().version
    site = context.clinical.values.get("primary_site")
    vendor = next((record.vendor for record in records if record.role in CT_PHASES and record.vendor), None)
    strata = {"site": unit.case[_SITE]}
    strata.update({"primary_site": site} if site else {})
    strata.update({"vendor": vendor} if vendor else {})
    return UnitRegistered(
        series=records,
        study_date=_moved(examination.study_date, patient.shift_days),
        treatment_since=_moved(since, patient.shift_days),
        clinical=clinical,
        strata=strata,
    )


def _told_by_images(examination: Examination, rules: DeidentificationRules) -> dict[str, str]:
    identity = examination.identity
    sex = valid_sex(identity.sex)
    born = read_date(identity.birth_date)
    age = capped_age(identity.age, born, examination.study_date, rules.oldest_age_years)
    told = {"sex": sex} if sex else {}
    if age is not None and age.endswith("Y"):
        told["age_years"] = str(int(age[:3]))
    return told


def _moved(day: date | None, shift_days: int) -> str | None:
    moved = None if day is None else shifted(day, shift_days)
    return None if moved is None else moved.isoformat()
