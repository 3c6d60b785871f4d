"""What lies in the folder that is to be taken in: one examination of one patient, checked, one series per role."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from crc_core.dicom.index import FolderIndex, index_folder
from crc_core.dicom.series import Series, Study
from crc_core.dicom.volume import open_series, pixel_sha256
from crc_core.errors import CrcError
from crc_core.geometry.grid import Grid
from crc_core.importing.identity_terms import raw_text
from crc_core.importing.pseudonyms import read_date
from crc_core.importing.rules import DeidentificationRules
from crc_core.importing.write_files import read_checked
from crc_core.scan.check import StudyCheck, check_study
from crc_core.scan.limits import acquisition_limits
from crc_core.scan.roles import is_ct, is_mr
from crc_core.vocabulary import Role, Verdict

Progress = Callable[[str, int, int], None]
_CHARSET, _NUMBER, _NAME, _BIRTH = 0x00080005, 0x00100020, 0x00100010, 0x00100030
_SEX, _AGE = 0x00100040, 0x00101010
_SHOWS_PERSON = ("burnt-in-text", "secondary-capture")


@dataclass(frozen=True, repr=False)
class Identity:
    """Who the patient is in the originals; lives in memory and in the key table only."""

    number: str
    name: str
    birth_date: str
    sex: str
    age: str


@dataclass(frozen=True)
class ChosenSeries:
    """A series that is taken in, with the hash and the grid of its voxels."""

    role: Role
    series: Series
    pixel_sha256: str
    grid: Grid


@dataclass(frozen=True)
class Examination:
    """The examination to be taken in; `left_out` counts the series that no role was found for or another was chosen."""

    study: Study
    identity: Identity
    check: StudyCheck
    chosen: Mapping[Role, ChosenSeries]
    left_out: int
    unreadable: int

    @property
    def study_date(self) -> date | None:
        """The original day of the examination."""
        return read_date(self.study.date)


def examine(
    folder: Path,
    rules: DeidentificationRules,
    *,
    study_uid: str | None = None,
    treated_since: date | None = None,
    treatment_dates: Sequence[date] = (),
    on_progress: Progress | None = None,
) -> Examination:
    """Find, check and open the one examination in `folder`; nothing is written anywhere.

    Raises CrcError where the folder holds several patients or examinations and `study_uid` does not tell which, where
    treatment is said to have begun since the examination before (`treated_since`) but after this one, where no series
    can be taken in, or where an image may show a person's data in its pixels.
    """
    report = on_progress or (lambda code, done, total: None)
    with tempfile.TemporaryDirectory() as cache:  # a cache that stays would keep paths, which may hold names
        index = index_folder(folder, cache=Path(cache), on_progress=lambda d, t: report("import.stage.index", d, t))
    study, companions = choose_study(index, study_uid)
    examined = read_date(study.date)
    if treated_since is not None and examined is not None and treated_since > examined:
        raise CrcError("import.treated_after", path=folder, since=treated_since, examined=examined)
    check = check_study(
        study,
        companions=companions,
        treatment_dates=treatment_dates,
        on_progress=lambda done, total: report("import.stage.check", done, total),
    )
    found = _takeable(check, folder)
    identity = _identity(found, rules)
    chosen: dict[Role, ChosenSeries] = {}
    for done, (role, series) in enumerate(found, start=1):
        volume = open_series(series, allow_unsound=True)
        chosen[role] = ChosenSeries(role, series, pixel_sha256(volume), volume.grid)
        report("import.stage.open", done, len(found))
    _refuse_same_pixels(chosen)
    return Examination(study, identity, check, chosen, len(check.series) - len(chosen), len(index.unreadable))


def choose_study(index: FolderIndex, study_uid: str | None) -> tuple[Study, tuple[Study, ...]]:
    """The one CT examination, and the MR examinations of the same patient within the days that count as one period."""
    folder = index.folder
    with_ct = [study for study in index.studies if any(is_ct(series) for series in study.series)]
    if study_uid is not None:
        with_ct = [study for study in with_ct if study.study_uid == study_uid]
        if not with_ct:
            raise CrcError("import.no_such_study", path=folder, study=study_uid)
    if not with_ct:
        raise CrcError("import.no_ct", path=folder)
    studies = ", ".join(study.study_uid for study in with_ct)
    if len({study.patient_key for study in with_ct}) > 1 or (study_uid is None and len(index.patients) > 1):
        raise CrcError("import.several_patients", path=folder, patients=len(index.patients), studies=studies)
    if len(with_ct) > 1:
        raise CrcError("import.several_studies", path=folder, studies=studies)
    study = with_ct[0]
    patient = next(item for item in index.patients if item.patient_key == study.patient_key)
    if patient.is_contradictory:
        raise CrcError("import.contradictory", path=folder)
    companions = tuple(other for other in patient.studies if other is not study and _is_same_period(study, other))
    return study, companions


def _is_same_period(study: Study, other: Study) -> bool:
    if any(is_ct(series) for series in other.series) or not any(is_mr(series) for series in other.series):
        return False
    own, theirs = read_date(study.date), read_date(other.date)
    if own is None or theirs is None:
        return False
    return abs((own - theirs).days) <= acquisition_limits().mri_note_days


def _identity(found: Sequence[tuple[Role, Series]], rules: DeidentificationRules) -> Identity:
    """The patient as written in the CT; every series is looked at for images that may show a person's data."""
    heads = [(series, read_checked(series.paths[0], rules)) for _, series in found]
    head = next((head for series, head in heads if is_ct(series)), heads[0][1])
    declared = raw_text(head, _CHARSET, b"").encode("ascii", "replace")
    number, name, birth, sex, age = (
        raw_text(head, tag, declared).strip("\0 ") for tag in (_NUMBER, _NAME, _BIRTH, _SEX, _AGE)
    )
    return Identity(number, name, birth, sex, age)


def _takeable(check: StudyCheck, folder: Path) -> list[tuple[Role, Series]]:
    """The chosen series; raises CrcError for none and for one whose images may show a person's data.

    One file with images of two series would bring the other's images along: an MR series is left out then, a CT series
    refused.
    """
    found: list[tuple[Role, Series]] = []
    for item in check.series:
        if not item.is_chosen or item.role is Role.OTHER:
            continue
        path = item.series.paths[0]
        if any(finding.id in _SHOWS_PERSON and finding.verdict is Verdict.FAIL for finding in item.items):
            raise CrcError("import.burnt_in", path=path.parent)
        if not _shares_files(item.series, check):
            found.append((item.role, item.series))
        elif is_ct(item.series):
            raise CrcError("import.shared_file", path=path)
    if not found:
        raise CrcError("import.nothing_chosen", path=folder)
    return found


def _shares_files(series: Series, check: StudyCheck) -> bool:
    own = set(series.paths)
    return any(not own.isdisjoint(other.series.paths) for other in check.series if other.series is not series)


def _refuse_same_pixels(chosen: Mapping[Role, ChosenSeries]) -> None:
    seen: dict[str, Role] = {}
    for role, item in chosen.items():
        other = seen.setdefault(item.pixel_sha256, role)
        if other is not role:
            path = item.series.paths[0].parent
            raise CrcError("import.same_pixels", path=path, one=other.value, other=role.value)
