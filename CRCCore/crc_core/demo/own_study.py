"""The demonstration on a person's own DICOM, as far as that goes: scan check, import, pictures of the phases."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from crc_core.demo import figures
from crc_core.demo.exports import PAGE_NAME
from crc_core.demo.page import write_page
from crc_core.demo.story import Tell, open_unit, stepping
from crc_core.demo.team import MANAGER, found_team
from crc_core.dicom.index import index_folder
from crc_core.files.atomic import naming
from crc_core.importing.admission import ImportRequest, ImportResult, import_study
from crc_core.scan.check import StudyCheck, check_study
from crc_core.scan.select import choose_study
from crc_core.store.clock import utc_now
from crc_core.text import Lang, say
from crc_core.vocabulary import CT_PHASES, Role


@dataclass(frozen=True)
class OwnEnding:
    """What became of the study and, where it was taken in, the page with its phases."""

    imported: ImportResult
    store: Path
    page: Path | None


def check_own_study(study: Path, tell: Tell) -> StudyCheck:
    """The scan check of the one examination in `study`; raises CrcError where there are several or none."""
    with stepping(tell, "demo.step.check"):
        examination, companions = choose_study(index_folder(study))
        return check_study(examination, companions=companions)


def run_own_study(study: Path, folder: Path, lang: Lang, tell: Tell) -> OwnEnding:
    """Take the study in `study` as far as a program can without a reader; everything made goes to `folder`."""
    with naming(folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "keys").mkdir(exist_ok=True, mode=0o700)
    with stepping(tell, "demo.step.store"):
        team = found_team(folder / "store", secrets.token_hex(8))
    with stepping(tell, "demo.step.import"):
        request = ImportRequest(study, "01", MANAGER, keys=folder / "keys" / "keys.jsonl")
        imported = import_study(team.store, request, utc_now)
    if imported.unit is None:
        return OwnEnding(imported, folder / "store", None)
    with stepping(tell, "demo.step.page"):
        images = open_unit(team, imported.unit)
        source = next((images[role] for role in (Role.PVP, *CT_PHASES) if role in images), None)
        made = []
        if source is not None:
            middle = source.grid.to_ras([(n - 1) / 2 for n in reversed(source.grid.shape_kji)])
            made = [figures.phases(images, (float(middle[0]), float(middle[1]), float(middle[2])), lang)]
        page = folder / PAGE_NAME
        write_page(page, lang, (), made, [say("demo.own_next", lang, unit=imported.unit)], own=True)
    return OwnEnding(imported, folder / "store", page)
