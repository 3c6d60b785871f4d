"""A reader's working folder, masks and a report made with any tool, as a draft that can be sealed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from crc_core.errors import CrcError
from crc_core.files import nifti
from crc_core.files.atomic import naming
from crc_core.files.sealed import MANIFEST_NAME, SealedFolder
from crc_core.geometry.grid import Grid, Volume
from crc_core.identity import mask_name
from crc_core.reading.masks import INNER, MASKS_FOLDER, OUTER
from crc_core.reading.schema import (
    PROVENANCE_SCHEMA,
    READING_SCHEMA,
    LesionRecord,
    Provenance,
    Reading,
    TargetReading,
    TargetWork,
)
from crc_core.reading.seal import REPORT_NAME, ReadingDraft, open_reading, seal_reading
from crc_core.report.document import Report
from crc_core.report.document_json import read_report
from crc_core.report.validate import problems
from crc_core.store.drafting import own_slot, says_same, sources_of, superseded_by_next, versions_of
from crc_core.vocabulary import BowelDirection, Mode, Target, TargetAnswer
from crc_core.workflow.payloads import Binding
from crc_core.workflow.views import SlotView, UnitView

_MASK = re.compile(rf"(?:.*_)?({'|'.join(Target)})(?:-({OUTER}|{INNER}))?\.nii(?:\.gz)?")
_OUTSIDE = "external"


@dataclass(frozen=True)
class Hand:
    """Who hands in, with which title, under which protocol, when; reasons for targets that cannot be assessed.

    `bowel_direction` is how the bowel runs at the primary, as the reader saw it.
    """

    reader: str
    title: str
    protocol: str
    at: datetime
    reasons: Mapping[Target, str]
    supersede: bool = False
    bowel_direction: BowelDirection = BowelDirection.ACROSS


def is_sealed(folder: Path) -> bool:
    """Whether a folder was sealed, and is no working folder any more."""
    return (folder / MANIFEST_NAME).exists()


def seal_working_folder(folder: Path, view: UnitView, hand: Hand) -> SealedFolder:
    """Seal what a working folder holds (`report.json`, `masks/`) beside it, and leave the folder as it is.

    The sealed folder is `<folder>-sealed`, or the next free number; one that says the same already is taken again, so
    that a repeated request hands in the same reading. Raises CrcError naming the first thing that does not fit.
    """
    slot = own_slot(view, hand.reader)
    draft = _draft(folder, view, hand, slot)
    place, number = folder.absolute(), 1
    while True:
        sealed = place.with_name(f"{place.name}-sealed" + (f"-{number}" if number > 1 else ""))
        if not sealed.exists():
            return seal_reading(sealed, draft)
        opened = open_reading(sealed)
        if says_same(opened, draft) and (
            opened.sealed.sha256 == slot.reading or opened.reading.supersedes == draft.reading.supersedes
        ):
            return opened.sealed
        number += 1


def _draft(folder: Path, view: UnitView, hand: Hand, slot: SlotView) -> ReadingDraft:
    report = read_report(folder / REPORT_NAME)
    if str(report.unit) != view.unit:
        raise CrcError("reading.other_unit", path=folder / REPORT_NAME, seen=str(report.unit), expected=view.unit)
    blocking = [problem for problem in problems(report) if problem.blocks]
    if blocking:
        raise CrcError("work.report_open", path=folder / REPORT_NAME, count=len(blocking), first=blocking[0].field_path)
    masks = read_masks(folder, view)
    targets = tuple(_said(binding, report, masks, hand, folder) for binding in view.bindings)
    supersedes = superseded_by_next(slot, wished=hand.supersede)
    reading = Reading(READING_SCHEMA, view.unit, hand.reader, slot.round, targets, supersedes)
    return ReadingDraft(reading, _provenance(folder, view, hand, targets, report), report.to_json(), masks)


def read_masks(folder: Path, view: UnitView) -> dict[str, Volume]:
    """The masks in a working folder under the names they have in a reading, each on the grid of its bound source.

    Raises CrcError naming a file that is no mask, lies on another grid or belongs to no bound target.
    """
    bound = {binding.target: binding for binding in view.bindings}
    grids = {
        record.code: Grid(record.shape_kji, np.array(record.ijk_to_ras)) for record in view.series if record.shape_kji
    }
    masks: dict[str, Volume] = {}
    with naming(folder / MASKS_FOLDER):
        files = sorted(path for path in (folder / MASKS_FOLDER).iterdir() if not path.name.startswith("."))
    for path in files:
        found = _MASK.fullmatch(path.name)
        binding = None if found is None else bound.get(Target(found[1]))
        if found is None or binding is None:
            raise CrcError("work.mask_name", path=path, targets=", ".join(bound))
        name = mask_name(binding.series_code, binding.target, found[2] or "")
        if name in masks:
            raise CrcError("work.mask_twice", path=path)
        masks[name] = nifti.read_mask(path, grids.get(binding.series_code))
    return masks


def _said(binding: Binding, report: Report, masks: Mapping[str, Volume], hand: Hand, folder: Path) -> TargetReading:
    target, code = binding.target, binding.series_code
    said = report.targets.get(target)
    if said is None:
        raise CrcError("reading.target_unanswered", path=folder / REPORT_NAME, target=target.value)
    if said is TargetAnswer.NOT_ASSESSABLE and not hand.reasons.get(target):
        raise CrcError("work.reason_missing", path=folder / REPORT_NAME, target=target.value)
    if said is not TargetAnswer.DRAWN:
        return TargetReading(target, said, reason=hand.reasons.get(target))
    lesions = tuple(LesionRecord(lesion.number, lesion.lesion_class) for lesion in report.lesions_of(target))
    if not lesions:
        raise CrcError("work.no_lesions", path=folder / REPORT_NAME, target=target.value)
    edges = any(mask_name(code, target, edge) in masks for edge in (OUTER, INNER))
    return TargetReading(target, said, code, binding.mode, lesions, edges and binding.mode is Mode.SUBTRACTION)


def _provenance(
    folder: Path, view: UnitView, hand: Hand, targets: tuple[TargetReading, ...], report: Report
) -> Provenance:
    drawn = tuple(
        TargetWork(
            item.target,
            (_OUTSIDE,),
            0.0,
            bowel_direction=hand.bowel_direction if item.target is Target.PRIMARY else None,
        )
        for item in targets
        if item.lesions
    )
    return Provenance(
        schema=PROVENANCE_SCHEMA,
        reader=hand.reader,
        title=hand.title,
        started_at=min(hand.at, _oldest(folder)),
        sealed_at=hand.at,
        # Nobody watched the work, so no time is claimed for it.
        active_seconds=0.0,
        versions=versions_of(report),
        protocol=hand.protocol,
        sources=sources_of(view.series, targets),
        work=drawn,
    )


def _oldest(folder: Path) -> datetime:
    with naming(folder):
        times = [path.stat().st_mtime for path in folder.rglob("*") if path.is_file()]
    return datetime.fromtimestamp(int(min(times)), UTC)
