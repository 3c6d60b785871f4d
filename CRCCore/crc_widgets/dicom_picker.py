"""A study out of Slicer's DICOM database, as a folder of links to its files."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import qt
import slicer
from crc_core.errors import CrcError
from crc_core.text import Lang, say

from crc_widgets.ask import Dialogs


@dataclass(frozen=True)
class StudyChoice:
    """A study by its UID, and what tells it from the others."""

    code: str
    words: str


class StudyPicker:
    """Lets a person choose a study; `home` holds the folders of links until they are cleared away."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def pick(self, window: qt.QWidget | None, lang: Lang) -> Path | None:
        """The folder of the study chosen; None where the question was put away.

        Raises CrcError where there is no database or no study in it.
        """
        database = _database()
        choices = studies(database, lang)
        if not choices:
            raise CrcError("widgets.dicom.empty")
        ask = Dialogs(lambda: window, lambda: lang)
        chosen = ask.pick(say("widgets.dicom.title", lang), say("widgets.dicom.words", lang), choices)
        return None if chosen is None else self.gather(database, chosen)

    def gather(self, database: Any, study: str) -> Path:
        """Links (copies where the disk knows no links) to all files of a study, a folder per series."""
        self.clear()
        self._home.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="study-", dir=self._home))
        count = 0
        for number, series in enumerate(database.seriesForStudy(study)):
            inside = folder / f"{number:03d}"
            inside.mkdir()
            for place, name in enumerate(database.filesForSeries(series)):
                if Path(name).is_file():
                    _link(Path(name), inside / f"{place:05d}.dcm")
                    count += 1
        if not count:
            shutil.rmtree(folder)
            raise CrcError("widgets.dicom.gone")
        return folder

    def clear(self) -> None:
        """Take the folders of links away; the files they point to stay."""
        for folder in self._home.glob("study-*"):
            shutil.rmtree(folder)


def studies(database: Any, lang: Lang) -> list[StudyChoice]:
    """All studies of a database, the newest first."""
    found = []
    for patient in database.patients():
        for study in database.studiesForPatient(patient):
            series = list(database.seriesForStudy(study))
            files = list(database.filesForSeries(series[0], 1)) if series else []
            if files:
                found.append(
                    (_field(database, files[0], "0008,0020"), _choice(database, study, files[0], series, lang))
                )
    return [choice for _, choice in sorted(found, key=lambda item: item[0], reverse=True)]


def _choice(database: Any, study: str, file: str, series: list[str], lang: Lang) -> StudyChoice:
    """Name and number of the patient are shown as they are: it is the hospital's own database on its own machine."""
    values = {
        "patient": _field(database, file, "0010,0010").replace("^", " ").strip(),
        "number": _field(database, file, "0010,0020"),
        "date": _field(database, file, "0008,0020"),
        "study": _field(database, file, "0008,1030"),
        "series": len(series),
    }
    return StudyChoice(study, say("widgets.dicom.study", lang, **values))


def _field(database: Any, file: str, tag: str) -> str:
    return str(database.fileValue(file, tag) or "")


def _database() -> Any:
    database = getattr(slicer, "dicomDatabase", None)
    if database is None or not database.isOpen:
        raise CrcError("widgets.dicom.none")
    return database


def _link(source: Path, target: Path) -> None:
    try:
        target.symlink_to(source)
    except OSError:
        try:
            os.link(source, target)
        except OSError:
            shutil.copyfile(source, target)
