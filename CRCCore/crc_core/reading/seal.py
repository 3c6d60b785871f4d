"""Readings and finals as sealed folders: built once, sealed once, opened with every byte compared."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crc_core.errors import CrcError
from crc_core.files import nifti
from crc_core.files.canonical import canonical_bytes, parse_document
from crc_core.files.records import from_document, to_document
from crc_core.files.sealed import SealedFolder, open_sealed, seal
from crc_core.geometry.grid import Grid, Volume
from crc_core.identity import UnitId
from crc_core.reading.final import FINAL_SCHEMA, Final
from crc_core.reading.masks import (
    MASKS_FOLDER,
    MaskSet,
    check_masks,
    check_names,
    masks_of_final,
    masks_of_reading,
    require_mask_grid,
)
from crc_core.reading.schema import PROVENANCE_SCHEMA, READING_SCHEMA, Provenance, Reading
from crc_core.vocabulary import Target

if TYPE_CHECKING:
    from crc_core.report.document import Report

READING_NAME = "reading.json"
PROVENANCE_NAME = "provenance.json"
REPORT_NAME = "report.json"
FINAL_NAME = "final.json"
MEASUREMENTS_NAME = "measurements.json"
MEASUREMENTS_SCHEMA = "crc-measurements/1"
LARGEST_DOCUMENT_BYTES = 16 * 1024 * 1024
"""More than any report, provenance or lesion map needs; nothing larger is read into memory."""

_WIDEST_VOXEL_BYTES = 8
_COMPRESSION = 6


@dataclass(frozen=True)
class ReadingDraft:
    """What a reader hands in: the reading, how it came about, the report's document, and masks by file name."""

    reading: Reading
    provenance: Provenance
    report: Mapping[str, Any]
    masks: Mapping[str, Volume]


@dataclass(frozen=True)
class SealedReading:
    """A sealed reading that was opened; masks are decoded when they are asked for."""

    sealed: SealedFolder
    reading: Reading
    provenance: Provenance
    report: Mapping[str, Any]

    def mask(self, target: Target, parent: str = "", expected: Grid | None = None) -> Volume:
        """The mask of a drawn target (`parent`: `outer` or `inner`), uint8, on `expected` where that is given.

        Raises KeyError for a target that was not drawn, CrcError for a mask that was altered or lies elsewhere.
        """
        wanted = next((item for item in masks_of_reading(self.reading.targets) if item.target is target), None)
        if wanted is None or wanted.name(parent) not in wanted.names:
            raise KeyError(f"{target} {parent}")
        return read_sealed_mask(self.sealed, wanted.name(parent), expected)


def seal_reading(folder: Path, draft: ReadingDraft) -> SealedFolder:
    """Check a draft and write it as the new sealed folder `folder`, whole or not at all.

    Raises CrcError naming the first thing that is wrong: a mask that is missing, empty, superfluous, on another grid,
    with other lesion numbers than the reading or not outer minus inner; a broken report; provenance of someone else.
    """
    check_reading(draft.reading, draft.provenance, folder)
    _check_report(draft.reading, parse_report(draft.report, folder / REPORT_NAME), folder / REPORT_NAME)
    masks = {f"{MASKS_FOLDER}/{name}": volume for name, volume in draft.masks.items()}
    wanted = masks_of_reading(draft.reading.targets)
    check_names(wanted, masks, folder)
    for item in wanted:
        check_masks(item, masks, folder)
    files = {
        READING_NAME: canonical_bytes(to_document(draft.reading)),
        PROVENANCE_NAME: canonical_bytes(to_document(draft.provenance)),
        REPORT_NAME: canonical_bytes(dict(draft.report)),
    }
    return seal(folder, files | encode_masks(masks, folder))


def open_reading(folder: Path) -> SealedReading:
    """The sealed reading in `folder`; raises CrcError naming a file that was altered, is missing or does not fit."""
    return read_reading(open_sealed(folder))


def read_reading(sealed: SealedFolder) -> SealedReading:
    """The reading in a sealed folder that is open already; raises CrcError as `open_reading`."""
    folder = sealed.folder
    reading = from_document(Reading, _document(sealed, READING_NAME, READING_SCHEMA), folder / READING_NAME)
    provenance = from_document(
        Provenance, _document(sealed, PROVENANCE_NAME, PROVENANCE_SCHEMA), folder / PROVENANCE_NAME
    )
    report = report_document(sealed)
    check_reading(reading, provenance, folder)
    _check_report(reading, parse_report(report, folder / REPORT_NAME), folder / REPORT_NAME)
    documents = {READING_NAME, PROVENANCE_NAME, REPORT_NAME}
    check_names(masks_of_reading(reading.targets), set(sealed.manifest.files) - documents, folder)
    return SealedReading(sealed, reading, provenance, report)


@dataclass(frozen=True)
class FinalDraft:
    """What becomes the truth of a unit: the final, the merged report, what was measured again, masks by file name."""

    final: Final
    report: Mapping[str, Any]
    measurements: Mapping[str, Any]
    masks: Mapping[str, Volume]


@dataclass(frozen=True)
class SealedFinal:
    """A sealed final that was opened; masks are decoded when they are asked for."""

    sealed: SealedFolder
    final: Final
    report: Mapping[str, Any]
    measurements: Mapping[str, Any]

    def mask(self, target: Target, expected: Grid | None = None) -> Volume:
        """The mask of a target that has lesions, uint8; raises KeyError for another target, CrcError as a reading's."""
        wanted = next((item for item in masks_of_final(self.final.targets) if item.target is target), None)
        if wanted is None:
            raise KeyError(target)
        return read_sealed_mask(self.sealed, wanted.name(), expected)


def seal_final(folder: Path, draft: FinalDraft) -> SealedFolder:
    """Check a final and write it as the new sealed folder `folder`, whole or not at all.

    Raises CrcError as `seal_reading` does.
    """
    parse_report(draft.report, folder / REPORT_NAME)
    masks = {f"{MASKS_FOLDER}/{name}": volume for name, volume in draft.masks.items()}
    wanted = masks_of_final(draft.final.targets)
    check_names(wanted, masks, folder)
    for item in wanted:
        check_masks(item, masks, folder)
    files = {
        FINAL_NAME: canonical_bytes(to_document(draft.final)),
        REPORT_NAME: canonical_bytes(dict(draft.report)),
        MEASUREMENTS_NAME: canonical_bytes({**draft.measurements, "schema": MEASUREMENTS_SCHEMA}),
    }
    return seal(folder, files | encode_masks(masks, folder))


def open_final(folder: Path) -> SealedFinal:
    """The sealed final in `folder`; raises CrcError naming a file that was altered, is missing or does not fit."""
    return read_final(open_sealed(folder))


def read_final(sealed: SealedFolder) -> SealedFinal:
    """The final in a sealed folder that is open already; raises CrcError as `open_final`."""
    folder = sealed.folder
    final = from_document(Final, _document(sealed, FINAL_NAME, FINAL_SCHEMA), folder / FINAL_NAME)
    report = report_document(sealed)
    if str(parse_report(report, folder / REPORT_NAME).unit) != final.unit:
        raise CrcError("reading.other_unit", path=folder / REPORT_NAME, seen=report.get("unit"), expected=final.unit)
    measurements = _document(sealed, MEASUREMENTS_NAME, MEASUREMENTS_SCHEMA)
    documents = {FINAL_NAME, REPORT_NAME, MEASUREMENTS_NAME}
    check_names(masks_of_final(final.targets), set(sealed.manifest.files) - documents, folder)
    return SealedFinal(sealed, final, report, measurements)


def check_reading(reading: Reading, provenance: Provenance, folder: Path) -> None:
    """Raise the CrcError that names where reading and provenance contradict themselves or each other."""
    unit = UnitId.parse(reading.unit)
    if provenance.reader != reading.reader:
        raise CrcError("reading.provenance_reader", path=folder / PROVENANCE_NAME)
    codes = {source.role: source.series_code for source in provenance.sources}
    for role, code in codes.items():
        if code != unit.series_code(role):
            raise CrcError("reading.other_unit", path=folder / PROVENANCE_NAME, seen=code, expected=str(unit))
    for item in reading.targets:
        if item.source is not None and item.source not in codes.values():
            raise CrcError("reading.source_unrecorded", path=folder / PROVENANCE_NAME, source=item.source)


def check_sealed_masks(sealed: SealedFolder, wanted: MaskSet, grid: Grid) -> None:
    """Decode one target's masks and raise the CrcError that names what is wrong with them on the source's `grid`."""
    for name in wanted.names:
        require_mask_grid(nifti.read_header(sealed.folder / name).grid, grid, sealed.folder / name)
    masks = {name: read_sealed_mask(sealed, name, grid) for name in wanted.names}
    check_masks(wanted, masks, sealed.folder, grid)


def read_sealed_mask(sealed: SealedFolder, name: str, expected: Grid | None = None) -> Volume:
    """The mask `name` of a sealed folder after comparing it with the manifest again.

    On an `expected` grid no file is read that is larger than its voxels could be without being packed at all.
    """
    if expected is not None:
        _require_size(sealed, name, math.prod(expected.shape_kji) * _WIDEST_VOXEL_BYTES + LARGEST_DOCUMENT_BYTES)
    sealed.read(name)
    return nifti.read_mask(sealed.folder / name, expected)


def encode_masks(masks: Mapping[str, Volume], folder: Path) -> dict[str, bytes]:
    """The bytes of masks by file name; equal masks are equal bytes."""
    return {name: nifti.encode(volume, folder / name, _COMPRESSION) for name, volume in masks.items()}


def report_document(sealed: SealedFolder) -> Mapping[str, Any]:
    """The report of a sealed folder as a JSON object; `parse_report` makes a report of it."""
    from crc_core.report.document import SCHEMA

    return _document(sealed, REPORT_NAME, SCHEMA)


def parse_report(document: Mapping[str, Any], path: Path) -> Report:
    """The report in a JSON object; raises the CrcError that names `path` and the field that is wrong."""
    from crc_core.report.document import Report

    return Report.from_json(dict(document), path)


def _check_report(reading: Reading, report: Report, path: Path) -> None:
    if str(report.unit) != reading.unit:
        raise CrcError("reading.other_unit", path=path, seen=str(report.unit), expected=reading.unit)
    for lesion in report.lesions:
        said = reading.of(lesion.target)
        if said is None or lesion.number not in {record.number for record in said.lesions}:
            raise CrcError("reading.report_lesion", path=path, target=lesion.target.value, number=lesion.number)


def _require_size(sealed: SealedFolder, name: str, most_bytes: int) -> None:
    entry = sealed.manifest.files.get(name)
    if entry is not None and entry.bytes > most_bytes:
        raise CrcError("reading.too_large", path=sealed.folder / name, megabytes=most_bytes // (1024 * 1024))


def _document(sealed: SealedFolder, name: str, schema: str) -> dict[str, Any]:
    _require_size(sealed, name, LARGEST_DOCUMENT_BYTES)
    return parse_document(sealed.read(name), sealed.folder / name, schema)
