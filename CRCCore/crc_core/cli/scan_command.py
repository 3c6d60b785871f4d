"""`crcdb scan`: lists what lies in a folder, by patient, study and series, and what could not be read and why."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from crc_core.cli.console import Console, Exit
from crc_core.dicom.cache import CacheState
from crc_core.dicom.index import FolderIndex, index_folder
from crc_core.dicom.series import Series, Study
from crc_core.scan.roles import SeriesRole, propose_roles
from crc_core.text import Lang, say

_MOST_LISTED = 20


def configure(parser: argparse.ArgumentParser, lang: Lang) -> None:
    """The folder and the cache."""
    parser.add_argument("folder", type=Path, help=say("scan.arg.folder", lang))
    parser.add_argument("--cache", type=Path, help=say("scan.arg.cache", lang))


def run(arguments: argparse.Namespace, console: Console) -> Exit:
    """List the folder; exit 1 where it holds no image."""
    index = index_folder(
        arguments.folder,
        cache=arguments.cache,
        on_progress=lambda done, total: console.progress(done, total, "scan.progress.files"),
    )
    roles = {id(role.series): role for patient in index.patients for role in _roles(list(patient.studies))}
    console.document(_document(index, roles))
    _print(index, roles, console)
    return Exit.DONE if index.instances else Exit.ANSWER_NO


def _roles(studies: list[Study]) -> list[SeriesRole]:
    return [role for study in studies for role in propose_roles(study.series)]


def _document(index: FolderIndex, roles: dict[int, SeriesRole]) -> dict[str, Any]:
    """The listing without anything that names a patient."""
    return {
        "patients": [
            {
                "number": number,
                "is_contradictory": patient.is_contradictory,
                "studies": [
                    {
                        "study_uid": study.study_uid,
                        "date": study.date or None,
                        "series": [_series(series, roles[id(series)]) for series in study.series],
                    }
                    for study in patient.studies
                ],
            }
            for number, patient in enumerate(index.patients, 1)
        ],
        "unreadable": [{"path": item.location, "reason": item.trouble.value} for item in index.unreadable],
        "media_directories": [str(path) for path in index.media_directories],
        "cache": index.cache.value,
    }


def _series(series: Series, role: SeriesRole) -> dict[str, Any]:
    geometry, header = series.geometry, series.header
    return {
        "series_uid": series.series_uid,
        "stack": series.stack if series.stacks > 1 else None,
        "modality": header.modality or None,
        "description": header.series_description or None,
        "role": role.role.value,
        "chosen": role.is_chosen,
        "images": len(series.instances),
        "duplicates": len(series.duplicates),
        "rows": header.rows or None,
        "columns": header.columns or None,
        "plane": series.plane or None,
        "spacing_mm": None if geometry is None else round(geometry.spacing_mm, 4),
        "thickness_mm": header.thickness_mm,
        "tilt_deg": None if geometry is None else round(geometry.tilt_deg, 3),
        "can_be_source": series.can_be_source,
    }


def _print(index: FolderIndex, roles: dict[int, SeriesRole], console: Console) -> None:
    for number, patient in enumerate(index.patients, 1):
        console.say("scan.list.patient", number=number)
        if patient.is_contradictory:
            console.say("scan.list.contradictory")
        for study in patient.studies:
            console.say("scan.list.study", uid=study.study_uid, date=study.date)
            for series in study.series:
                _print_series(series, roles[id(series)], console)
    if index.unreadable:
        console.say("scan.list.unreadable", count=len(index.unreadable))
        for item in index.unreadable[:_MOST_LISTED]:
            console.line(f"  {item.location}: {say(f'dicom.trouble.{item.trouble.value}', console.lang)}")
        if len(index.unreadable) > _MOST_LISTED:
            console.say("scan.list.more", count=len(index.unreadable) - _MOST_LISTED)
    if index.cache in (CacheState.REBUILT, CacheState.NOT_WRITTEN):
        console.say(f"dicom.cache.{index.cache.value}")
    console.say("scan.list.summary", **_counts(index))


def _print_series(series: Series, role: SeriesRole, console: Console) -> None:
    geometry, header = series.geometry, series.header
    size = f"{header.columns}×{header.rows}" if header.rows else ""
    step = f" {geometry.spacing_mm:.2f} mm" if geometry else ""
    console.say(
        "scan.list.series",
        number=round(header.series_number or 0),
        modality=header.modality,
        role=role.role.value + ("*" if role.is_chosen else ""),
        images=len(series.instances),
        geometry=size + step,
        description=header.series_description,
    )


def _counts(index: FolderIndex) -> dict[str, int]:
    read = {instance.location for instance in index.instances}
    return {
        "files": len(read) + len(index.unreadable) + len(index.media_directories),
        "images": len(index.instances),
        "series": len(index.series),
        "studies": len(index.studies),
        "patients": len(index.patients),
        "unreadable": len(index.unreadable),
    }
