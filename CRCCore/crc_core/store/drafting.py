"""What every reading is put together from, wherever it was made, and whether the same was sealed before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from crc_core import __version__
from crc_core.contour.rules import contour_rules
from crc_core.errors import CrcError
from crc_core.files import nifti
from crc_core.reading.masks import MASKS_FOLDER
from crc_core.reading.schema import SourceRecord, TargetReading
from crc_core.reading.seal import ReadingDraft, SealedReading
from crc_core.report.document import Report
from crc_core.workflow.payloads import SeriesRecord
from crc_core.workflow.views import SlotPhase, SlotView, UnitView


def own_slot(view: UnitView, reader: str) -> SlotView:
    """The reader's slot, the latest round; raises CrcError where there is none."""
    own = [slot for slot in view.slots if slot.reader == reader]
    if not own:
        raise CrcError("work.no_slot", unit=view.unit, person=reader)
    return max(own, key=lambda slot: slot.round)


def superseded_by_next(slot: SlotView, *, wished: bool = False) -> str | None:
    """The reading that the next one in the slot replaces.

    One that is in and was not sent back is only replaced where the reader says so (`wished`).
    """
    return slot.reading if wished or slot.phase is not SlotPhase.SUBMITTED else None


def versions_of(report: Report) -> dict[str, str]:
    """The versions of program, contour rules and report templates that a reading was made with."""
    return {
        "crc_core": __version__,
        "contour_rules": contour_rules().version,
        "templates": ", ".join(str(ref) for ref in report.template_refs),
    }


def sources_of(series: Iterable[SeriesRecord], targets: Iterable[TargetReading]) -> tuple[SourceRecord, ...]:
    """The series on which the targets of a reading were drawn."""
    codes = {item.source for item in targets if item.source is not None}
    return tuple(
        SourceRecord(record.role, record.code, record.series_uid, record.pixel_sha256)
        for record in series
        if record.code in codes
    )


def says_same(opened: SealedReading, draft: ReadingDraft) -> bool:
    """Whether a sealed reading says what a draft would say: sealing it again would only change the time."""
    if replace(opened.reading, supersedes=draft.reading.supersedes) != draft.reading:
        return False
    # Two stores may have given the same code to two patients, or the same patient other UIDs.
    if opened.provenance.sources != draft.provenance.sources:
        return False
    return dict(opened.report) == dict(draft.report) and holds_masks(opened, draft)


def holds_masks(opened: SealedReading, draft: ReadingDraft) -> bool:
    """Whether a sealed reading holds the masks of a draft, voxel by voxel and on the same grids."""
    listed = {name.removeprefix(f"{MASKS_FOLDER}/") for name in opened.sealed.manifest.files if "/" in name}
    if listed != set(draft.masks):
        return False
    for name, mask in draft.masks.items():
        stored = nifti.read_mask(opened.sealed.folder / MASKS_FOLDER / name)
        if not stored.grid.same_as(mask.grid) or not np.array_equal(stored.array, mask.array):
            return False
    return True
