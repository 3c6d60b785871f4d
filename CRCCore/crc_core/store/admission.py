"""Whether a sealed reading or final belongs to the unit it was made for: its series, sources, grids and pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from crc_core.errors import CrcError
from crc_core.files.sealed import SealedFolder
from crc_core.geometry.grid import Grid
from crc_core.reading.masks import MaskSet, masks_of_final, masks_of_reading
from crc_core.reading.schema import TargetReading
from crc_core.reading.seal import (
    FINAL_NAME,
    PROVENANCE_NAME,
    READING_NAME,
    SealedFinal,
    SealedReading,
    check_sealed_masks,
    read_final,
    read_reading,
)
from crc_core.vocabulary import Target
from crc_core.workflow.payloads import Binding, SeriesRecord


@dataclass(frozen=True)
class Registered:
    """What the store knows of a unit: its code, its series, and the source bound for each target."""

    unit: str
    series: Sequence[SeriesRecord]
    bindings: Mapping[Target, Binding]

    def grid_of(self, code: str) -> Grid | None:
        """The grid of the series with that code; None where it was registered without one (it can be no source)."""
        for record in self.series:
            if record.code == code and record.shape_kji is not None and record.ijk_to_ras is not None:
                return Grid(record.shape_kji, np.array(record.ijk_to_ras))
        return None


def verify_reading(sealed: SealedFolder, registered: Registered) -> SealedReading:
    """The reading in `sealed`, decoded and compared with its unit; raises CrcError naming the first thing wrong.

    Every bound target is answered, on its bound source; every mask lies on the source's grid, holds the lesions of the
    reading and, with parents, is outer minus inner; the pixels that were contoured are those that are stored.
    """
    opened = read_reading(sealed)
    path = sealed.folder / READING_NAME
    if opened.reading.unit != registered.unit:
        raise CrcError("reading.other_unit", path=path, seen=opened.reading.unit, expected=registered.unit)
    for target in registered.bindings:
        if opened.reading.of(target) is None:
            raise CrcError("reading.target_unanswered", path=path, target=target.value)
    for item in opened.reading.targets:
        _check_source(item, registered, sealed)
    check_pixels(opened, registered)
    for wanted in masks_of_reading(opened.reading.targets):
        _check_on_source(sealed, wanted, registered)
    return opened


def verify_final(sealed: SealedFolder, registered: Registered) -> SealedFinal:
    """The final in `sealed`, decoded and compared with its unit; raises CrcError as `verify_reading` does."""
    opened = read_final(sealed)
    if opened.final.unit != registered.unit:
        raise CrcError(
            "reading.other_unit", path=sealed.folder / FINAL_NAME, seen=opened.final.unit, expected=registered.unit
        )
    for wanted in masks_of_final(opened.final.targets):
        _check_on_source(sealed, wanted, registered)
    return opened


def check_pixels(opened: SealedReading, registered: Registered) -> None:
    """Raise a CrcError unless the series a reading was made on are those of the unit: code, UID and voxels."""
    stored = {record.code: record for record in registered.series}
    path = opened.sealed.folder / PROVENANCE_NAME
    for source in opened.provenance.sources:
        record = stored.get(source.series_code)
        if record is None:
            raise CrcError("reading.unknown_series", path=path, source=source.series_code)
        if (source.series_uid, source.pixel_sha256) != (record.series_uid, record.pixel_sha256):
            raise CrcError("reading.other_pixels", path=path, source=source.series_code)


def _check_source(item: TargetReading, registered: Registered, sealed: SealedFolder) -> None:
    binding = registered.bindings.get(item.target)
    path = sealed.folder / READING_NAME
    if binding is None:
        raise CrcError("reading.target_unbound", path=path, target=item.target.value)
    if item.source is not None and item.source != binding.series_code:
        raise CrcError("reading.other_source", path=path, seen=item.source, expected=binding.series_code)


def _check_on_source(sealed: SealedFolder, wanted: MaskSet, registered: Registered) -> None:
    grid = registered.grid_of(wanted.source)
    if grid is None:
        raise CrcError("reading.source_unplaced", path=sealed.folder / wanted.name(), source=wanted.source)
    check_sealed_masks(sealed, wanted, grid)
