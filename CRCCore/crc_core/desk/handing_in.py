"""From the work on the desk to a sealed reading in the store: drafted, sealed, read back, compared, handed in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

import numpy as np

from crc_core.desk.filling import drawn_slices
from crc_core.desk.reporting import report_of
from crc_core.desk.work import TargetState, Work
from crc_core.errors import CrcError
from crc_core.files.atomic import naming
from crc_core.files.whole_folder import remove_whole
from crc_core.geometry import Volume
from crc_core.identity import mask_name
from crc_core.reading.masks import INNER, OUTER
from crc_core.reading.schema import (
    PROVENANCE_SCHEMA,
    READING_SCHEMA,
    LesionMarks,
    LesionRecord,
    Provenance,
    Reading,
    TargetReading,
    TargetWork,
)
from crc_core.reading.seal import ReadingDraft, SealedReading, open_reading, seal_reading
from crc_core.report.document import Report
from crc_core.store.drafting import holds_masks, own_slot, says_same, sources_of, superseded_by_next, versions_of
from crc_core.store.protocol import Receipt, Store
from crc_core.vocabulary import Mode, Target, TargetAnswer
from crc_core.workflow.events import Kind
from crc_core.workflow.intents import Intent, Refusal, new_intent
from crc_core.workflow.payloads import ReadingSubmitted
from crc_core.workflow.views import UnitView


def draft_of(
    work: Work,
    view: UnitView,
    masks: Mapping[str, Volume],
    title: str,
    now: datetime,
    versions: Mapping[str, str] | None = None,
) -> ReadingDraft:
    """What the work says as a reading that can be sealed.

    `masks` are uint8 by the names they have in a reading, `title` the reader's, `versions` those of the program around
    this library. Raises CrcError naming a target that is open or whose mask is not there.
    """
    slot = own_slot(view, work.reader)
    whole = _with_empty_inner(work, masks)
    targets = tuple(_said(state, whole) for state in work.targets)
    supersedes = superseded_by_next(slot, wished=work.supersedes is not None and work.supersedes == slot.reading)
    reading = Reading(READING_SCHEMA, work.unit, work.reader, work.round, targets, supersedes)
    report = report_of(work)
    wanted = {name for item in targets for name in _names(item)}
    return ReadingDraft(
        reading,
        _provenance(work, view, report, targets, whole, title, now, versions or {}),
        report.to_json(),
        {name: volume for name, volume in whole.items() if name in wanted},
    )


def hand_in(store: Store, draft: ReadingDraft, folder: Path) -> Receipt | Refusal:
    """Seal a draft as the new folder `folder`, read it back, compare it with the draft, and submit it.

    A reading that was sealed there by an attempt before and says the same is handed in again as it is, so that a retry
    after a broken connection cannot make a second reading; any other is replaced. Once the store has taken the reading
    the sealed folder goes: what a reader handed in is not kept where it can be looked up. Raises CrcError where the
    disk refuses, where what was written is not what was drawn, and where the store cannot be reached.
    """
    opened = sealed_from(draft, folder)
    answer = store.submit(opened.sealed, submission_of(opened))
    if isinstance(answer, Receipt):
        remove_whole(folder)
    return answer


def submission_of(opened: SealedReading) -> Intent:
    """The wish that a sealed reading be taken in, with the active time that went into it."""
    reading, provenance = opened.reading, opened.provenance
    payload = ReadingSubmitted(
        reading.reader, reading.round, opened.sealed.sha256, reading.supersedes, provenance.active_seconds
    )
    return new_intent(Kind.READING_SUBMITTED, reading.unit, reading.reader, provenance.sealed_at, payload)


def sealed_from(draft: ReadingDraft, folder: Path) -> SealedReading:
    """The draft as a sealed folder whose every voxel was compared with it; `folder` is absent or whole at any moment.

    What an attempt before sealed there is kept where it says the same, else replaced. Raises CrcError where the disk
    refuses and where what was written is not what was drawn.
    """
    before = _earlier(folder)
    if before is not None and is_same_reading(before, draft):
        return before
    remove_whole(folder)
    with naming(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
    seal_reading(folder, draft)
    opened = open_reading(folder)
    same = opened.reading == draft.reading and dict(opened.report) == dict(draft.report)
    if not same or not holds_masks(opened, draft):
        raise CrcError("desk.read_back", path=folder)
    return opened


def is_same_reading(opened: SealedReading, draft: ReadingDraft) -> bool:
    """Whether a sealed reading says what the draft says, and replaces the same one."""
    return says_same(opened, draft) and opened.reading.supersedes == draft.reading.supersedes


def _earlier(folder: Path) -> SealedReading | None:
    """What an attempt before left in `folder`; None where there is nothing, or nothing whole."""
    if not folder.exists():
        return None
    try:
        return open_reading(folder)
    except CrcError:
        return None


def _with_empty_inner(work: Work, masks: Mapping[str, Volume]) -> dict[str, Volume]:
    """The masks, with an empty inner edge beside an outer one where the tumour leaves no lumen anywhere."""
    whole = dict(masks)
    for state in work.targets:
        outer = whole.get(mask_name(state.source, state.target, OUTER))
        if state.mode is Mode.SUBTRACTION and outer is not None:
            empty = Volume(np.zeros_like(outer.array), outer.grid)
            whole.setdefault(mask_name(state.source, state.target, INNER), empty)
    return whole


def _said(state: TargetState, masks: Mapping[str, Volume]) -> TargetReading:
    if state.answer is None:
        raise CrcError("desk.unanswered", target=state.target.value)
    if state.answer is not TargetAnswer.DRAWN:
        return TargetReading(state.target, state.answer, reason=state.reason or None)
    if mask_name(state.source, state.target) not in masks:
        raise CrcError("desk.not_drawn", target=state.target.value)
    lesions = tuple(LesionRecord(lesion.number, lesion.kind) for lesion in state.lesions)
    edges = state.mode is Mode.SUBTRACTION and mask_name(state.source, state.target, OUTER) in masks
    return TargetReading(state.target, state.answer, state.source, state.mode, lesions, edges)


def _names(item: TargetReading) -> Iterable[str]:
    if item.source is not None:
        for parent in ("", OUTER, INNER) if item.has_parents else ("",):
            yield mask_name(item.source, item.target, parent)


def _provenance(
    work: Work,
    view: UnitView,
    report: Report,
    targets: tuple[TargetReading, ...],
    masks: Mapping[str, Volume],
    title: str,
    now: datetime,
    versions: Mapping[str, str],
) -> Provenance:
    registration = work.registration
    return Provenance(
        schema=PROVENANCE_SCHEMA,
        reader=work.reader,
        title=title,
        started_at=min(work.started_at, now),
        sealed_at=now,
        active_seconds=round(work.active_seconds, 1),
        versions={**versions, **versions_of(report)},
        protocol=work.protocol,
        sources=sources_of(view.series, targets),
        work=tuple(_how(state, work, masks) for state in work.targets if state.lesions),
        scan_confirmed=work.scan_confirmed,
        scan_remarks=work.scan_remarks,
        sync_pairs=work.sync_pairs,
        ct_to_mri=registration.ct_to_mri if registration is not None and registration.accepted else None,
    )


def _how(state: TargetState, work: Work, masks: Mapping[str, Volume]) -> TargetWork:
    drawn = drawn_slices(masks[mask_name(state.source, state.target)])
    return TargetWork(
        target=state.target,
        effects=state.effects,
        interpolated_share=min(1.0, state.filled_count / drawn) if drawn else 0.0,
        window_width_hu=state.window_width_hu,
        window_level_hu=state.window_level_hu,
        mri_used=state.mri_used,
        bowel_direction=work.bowel_direction if state.target is Target.PRIMARY else None,
        lesions=tuple(
            LesionMarks(lesion.number, lesion.by_hand, lesion.densities)
            for lesion in state.lesions
            if lesion.by_hand or lesion.densities
        ),
    )
