"""Which study of a folder is meant, and which other studies of the patient belong to it."""

from __future__ import annotations

from crc_core.dicom.index import FolderIndex
from crc_core.dicom.series import Patient, Study
from crc_core.errors import CrcError
from crc_core.scan.roles import is_ct


def choose_study(index: FolderIndex, study_uid: str | None = None) -> tuple[Study, tuple[Study, ...]]:
    """The CT study to work on and the patient's other studies; raises CrcError unless exactly one is meant.

    Two patients in one folder are never mixed: without a `study_uid` that belongs to one of them the refusal names
    their studies.
    """
    if not index.instances:
        raise CrcError("dicom.no_images", path=index.folder, files=len(index.unreadable))
    if study_uid is not None:
        return _named(index, study_uid)
    if len(index.patients) > 1:
        names = ", ".join(study.study_uid for patient in index.patients for study in patient.studies)
        raise CrcError("scan.several_patients", path=index.folder, count=len(index.patients), studies=names)
    patient = index.patients[0]
    with_ct = [study for study in patient.studies if _holds_ct(study)]
    if not with_ct:
        raise CrcError("scan.no_ct", path=index.folder)
    if len(with_ct) > 1:
        names = ", ".join(study.study_uid for study in with_ct)
        raise CrcError("scan.several_studies", path=index.folder, count=len(with_ct), studies=names)
    return with_ct[0], _others(patient, with_ct[0])


def _named(index: FolderIndex, study_uid: str) -> tuple[Study, tuple[Study, ...]]:
    found = [
        (patient, study) for patient in index.patients for study in patient.studies if study.study_uid == study_uid
    ]
    if not found:
        raise CrcError("scan.no_study", path=index.folder, study=study_uid)
    if len(found) > 1:
        raise CrcError("scan.several_patients", path=index.folder, count=len(found), studies=study_uid)
    patient, study = found[0]
    return study, _others(patient, study)


def _others(patient: Patient, chosen: Study) -> tuple[Study, ...]:
    return tuple(study for study in patient.studies if study is not chosen)


def _holds_ct(study: Study) -> bool:
    return any(is_ct(series) for series in study.series)
