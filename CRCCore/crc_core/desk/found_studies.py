"""The job `list_studies`: the CT examinations in a folder as a person tells them apart, so that one can be chosen."""

from __future__ import annotations

import tempfile
from pathlib import Path

from crc_core.desk.job_forms import FoundStudy, StudiesAsked, StudiesFound
from crc_core.desk.job_running import Tell
from crc_core.dicom.index import index_folder
from crc_core.dicom.series import Study
from crc_core.errors import CrcError
from crc_core.importing.pseudonyms import read_date
from crc_core.scan.roles import is_ct
from crc_core.text import Lang, say

_TAGS = ("SpecificCharacterSet", "PatientName", "PatientID", "StudyDescription")


def find_studies(asked: StudiesAsked, tell: Tell) -> StudiesFound:
    """Do the job, the newest examination first; raises CrcError for a folder that cannot be read or holds no CT.

    Names and numbers are shown as they are: the folder is the hospital's own, and nothing of it is kept.
    """
    folder, words = Path(asked.folder), say("import.stage.index", asked.lang)
    with tempfile.TemporaryDirectory() as cache:  # a cache that stays would keep paths, which may hold names
        index = index_folder(folder, cache=Path(cache), on_progress=lambda done, total: tell(words, done, total))
    found = [study for study in index.studies if any(is_ct(series) for series in study.series)]
    if not found:
        raise CrcError("import.no_ct", path=folder)
    newest_first = sorted(found, key=lambda study: study.date, reverse=True)
    return StudiesFound(tuple(FoundStudy(study.study_uid, _words(study, asked.lang)) for study in newest_first))


def _words(study: Study, lang: Lang) -> str:
    from pydicom import dcmread

    head = dcmread(study.series[0].paths[0], stop_before_pixels=True, specific_tags=list(_TAGS), force=True)
    day = read_date(study.date)
    return say(
        "desk.found_study",
        lang,
        patient=str(head.get("PatientName", "")).replace("^", " ").strip(),
        number=str(head.get("PatientID", "")),
        date=study.date if day is None else day.isoformat(),
        study=str(head.get("StudyDescription", "")).strip(),
        series=len(study.series),
        images=sum(len(series.paths) for series in study.series),
    )
