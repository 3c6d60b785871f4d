"""Handing in: drafted, sealed, read back, compared, taken by a real folder store; a retry makes no second reading."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from crc_core.desk import handing_in
from crc_core.desk.handing_in import draft_of, hand_in
from crc_core.desk.lesions import set_answer
from crc_core.desk.start import new_work, work_from_reading
from crc_core.desk.work import ScanRemark, Work
from crc_core.errors import CrcError
from crc_core.files.canonical import canonical_bytes
from crc_core.files.records import from_document
from crc_core.files.sealed import seal
from crc_core.geometry import Volume
from crc_core.identity import mask_name
from crc_core.reading.schema import Provenance
from crc_core.reading.seal import PROVENANCE_NAME, ReadingDraft, open_reading, read_reading
from crc_core.store.folder import FolderStore
from crc_core.store.protocol import PreparedUnit, Receipt
from crc_core.vocabulary import Target, TargetAnswer
from crc_core.workflow import payloads as p
from crc_core.workflow.events import Kind
from crc_core.workflow.intents import Intent, Refusal
from crc_core.workflow.views import SlotPhase
from desk_support import with_lesions
from store_support import START, MovingClock, grid_of, must, new_store, open_unit, tube, write_study


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
def store(tmp_path: Path, clock: MovingClock) -> FolderStore:
    return new_store(tmp_path, clock)


@pytest.fixture
def unit(store: FolderStore, tmp_path: Path) -> PreparedUnit:
    """A unit that wang reads: primary by subtraction, liver directly."""
    return open_unit(store, write_study(tmp_path / "study"), "wang", "li")


def done(store: FolderStore, unit: PreparedUnit, shift: int = 0, **changes: Any) -> tuple[Work, dict[str, Volume]]:
    """Wang's work on the unit and its masks."""
    work = new_work(store.unit(unit.unit, "wang"), store.info().id, "wang", 1, "v1", START)
    work = set_answer(with_lesions(work, Target.PRIMARY, 1), Target.LIVER, TargetAnswer.NONE_SEEN)
    state = replace(work.of(Target.PRIMARY), kept=True, effects=("Draw",), filled_count=1, mri_used=True)
    work = replace(work.with_target(state), active_seconds=61.25, scan_confirmed=True, **changes)
    return work, masks_of(unit, shift)


def masks_of(unit: PreparedUnit, shift: int = 0) -> dict[str, Volume]:
    record = unit.registration.series[0]
    wall, outer, inner = tube(grid_of(record), shift)
    names = (mask_name(record.code, Target.PRIMARY, parent) for parent in ("", "outer", "inner"))
    return dict(zip(names, (wall, outer, inner), strict=True))


def draft(store: FolderStore, unit: PreparedUnit, shift: int = 0, **changes: Any) -> ReadingDraft:
    work, masks = done(store, unit, shift, **changes)
    return draft_of(work, store.unit(unit.unit, "wang"), masks, "住院医师", store.ledger.now, {"slicer": "5.13"})


def slot(store: FolderStore, unit: PreparedUnit) -> Any:
    return store.unit(unit.unit, "wang").slots[0]


def test_a_reading_goes_in_whole_and_leaves_no_copy_behind(
    store: FolderStore, unit: PreparedUnit, tmp_path: Path
) -> None:
    remark = (ScanRemark("PVP.thickness", "nothing thinner"),)
    sent = draft(store, unit, scan_remarks=remark)
    answer = hand_in(store, sent, tmp_path / "outbox" / "reading")
    assert isinstance(answer, Receipt) and not answer.repeated
    assert slot(store, unit).phase is SlotPhase.SUBMITTED
    assert not (tmp_path / "outbox" / "reading").exists()
    opened = read_reading(store.open_reading(slot(store, unit).reading, "wang"))
    assert opened.reading == sent.reading and opened.provenance == sent.provenance
    for name, mask in masks_of(unit).items():
        parent = next((part for part in ("outer", "inner") if part in name), "")
        assert np.array_equal(opened.mask(Target.PRIMARY, parent).array, mask.array)


def test_the_provenance_tells_how_it_came_about(store: FolderStore, unit: PreparedUnit) -> None:
    told = draft(store, unit).provenance
    (work,) = told.work
    assert (told.reader, told.title, told.protocol) == ("wang", "住院医师", "v1")
    assert told.active_seconds == pytest.approx(61.2, abs=0.06)
    assert told.versions["slicer"] == "5.13" and "crc_core" in told.versions and "primary" in told.versions["templates"]
    assert (work.target, work.effects, work.mri_used) == (Target.PRIMARY, ("Draw",), True)
    assert work.interpolated_share == 0.5, "one of two drawn slices was filled"
    assert [source.role.value for source in told.sources] == ["PVP"]
    assert told.scan_confirmed is True


def test_a_subtraction_without_any_lumen_has_an_empty_inner_edge(store: FolderStore, unit: PreparedUnit) -> None:
    work, masks = done(store, unit)
    code = unit.registration.series[0].code
    outer = masks[mask_name(code, Target.PRIMARY, "outer")]
    solid = {mask_name(code, Target.PRIMARY): outer, mask_name(code, Target.PRIMARY, "outer"): outer}
    made = draft_of(work, store.unit(unit.unit, "wang"), solid, "", store.ledger.now)
    assert made.reading.of(Target.PRIMARY).has_parents
    assert not made.masks[mask_name(code, Target.PRIMARY, "inner")].array.any()


def test_what_is_open_is_refused_by_name(store: FolderStore, unit: PreparedUnit) -> None:
    work, masks = done(store, unit)
    view = store.unit(unit.unit, "wang")
    with pytest.raises(CrcError) as caught:
        draft_of(set_answer(work, Target.LIVER, None), view, masks, "", START)
    assert caught.value.code == "desk.unanswered"
    with pytest.raises(CrcError) as caught:
        draft_of(work, view, {}, "", START)
    assert caught.value.code == "desk.not_drawn"
    with pytest.raises(CrcError) as caught:
        draft_of(replace(work, reader="zhao"), view, masks, "", START)
    assert caught.value.code == "work.no_slot"


class BrokenLine:
    """A store whose answer gets lost on the way: the reading is in, and nobody knows."""

    def __init__(self, store: FolderStore) -> None:
        self.store = store

    def submit(self, sealed: Any, intent: Intent) -> Receipt | Refusal:
        self.store.submit(sealed, intent)
        raise CrcError("file.trouble", path="line", reason="cut")


def test_a_retry_after_a_lost_answer_is_the_same_reading(
    store: FolderStore, unit: PreparedUnit, clock: MovingClock, tmp_path: Path
) -> None:
    with pytest.raises(CrcError):
        hand_in(BrokenLine(store), draft(store, unit), tmp_path / "reading")  # type: ignore[arg-type]
    first = slot(store, unit).reading
    assert (tmp_path / "reading").exists()
    clock.wait(minutes=2)
    later = draft(store, unit)
    assert later.provenance.sealed_at > START
    answer = hand_in(store, later, tmp_path / "reading")
    assert isinstance(answer, Receipt) and answer.repeated
    assert slot(store, unit).reading == first


def test_what_an_attempt_before_left_is_replaced_where_it_says_something_else(
    store: FolderStore, unit: PreparedUnit, tmp_path: Path
) -> None:
    place = tmp_path / "reading"
    with pytest.raises(CrcError):
        hand_in(_Unreachable(), draft(store, unit), place)  # type: ignore[arg-type]
    left = open_reading(place).sealed.sha256
    assert isinstance(hand_in(store, draft(store, unit, shift=1), place), Receipt)
    assert slot(store, unit).reading != left
    place.mkdir()
    (place / "half").write_text("x", encoding="utf-8")
    refused = hand_in(store, draft(store, unit, shift=2), place)
    assert isinstance(refused, Refusal) and refused.code == "workflow.slot_taken"


class _Unreachable:
    def submit(self, sealed: Any, intent: Intent) -> Receipt | Refusal:
        raise CrcError("file.missing", path="store")


def test_a_refused_reading_stays_until_somebody_looks(
    store: FolderStore, unit: PreparedUnit, clock: MovingClock, tmp_path: Path
) -> None:
    assert isinstance(hand_in(store, draft(store, unit), tmp_path / "one"), Receipt)
    answer = hand_in(store, draft(store, unit, shift=1), tmp_path / "two")
    assert isinstance(answer, Refusal) and answer.code == "workflow.slot_taken"
    assert open_reading(tmp_path / "two").reading.reader == "wang"


@pytest.mark.parametrize("how", ["withdrawn", "returned"])
def test_what_came_back_is_superseded(
    store: FolderStore, unit: PreparedUnit, clock: MovingClock, tmp_path: Path, how: str
) -> None:
    assert isinstance(hand_in(store, draft(store, unit), tmp_path / "one"), Receipt)
    first = slot(store, unit).reading
    if how == "withdrawn":
        must(store, "wang", Kind.READING_WITHDRAWN, p.ReadingWithdrawn("wang", 1, first, "a slip"), unit.unit)
    else:
        clock.wait(minutes=31)
        must(store, "chief", Kind.READING_RETURNED, p.ReadingReturned("is this a vessel?"), unit.unit)
    view = store.unit(unit.unit, "wang")
    opened = read_reading(store.open_reading(first, "wang"))
    work, masks = work_from_reading(opened, view, store.info().id, "v1")
    again = draft_of(work, view, masks, "", store.ledger.now)
    assert again.reading.supersedes == first
    assert isinstance(hand_in(store, again, tmp_path / "two"), Receipt)
    assert slot(store, unit).phase is SlotPhase.SUBMITTED
    assert slot(store, unit).reading not in (None, first)


def test_a_disk_that_changes_a_voxel_is_noticed(
    store: FolderStore, unit: PreparedUnit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = draft(store, unit, shift=1)
    monkeypatch.setattr(handing_in, "seal_reading", lambda folder, _: seal_reading_of(folder, other))
    with pytest.raises(CrcError) as caught:
        hand_in(store, draft(store, unit), tmp_path / "reading")
    assert caught.value.code == "desk.read_back"
    assert slot(store, unit).phase is SlotPhase.ASSIGNED


def seal_reading_of(folder: Path, draft: ReadingDraft) -> None:
    from crc_core.reading.seal import seal_reading

    seal_reading(folder, draft)


def test_provenance_of_before_these_fields_still_opens(store: FolderStore, unit: PreparedUnit, tmp_path: Path) -> None:
    hand_in(_Keep(), draft(store, unit), tmp_path / "new")  # type: ignore[arg-type]
    opened = open_reading(tmp_path / "new").sealed
    old = json.loads(opened.read(PROVENANCE_NAME))
    for name in ("scan_confirmed", "scan_remarks", "sync_pairs", "ct_to_mri"):
        old.pop(name, None)
    for work in old["work"]:
        work.pop("lesions", None)
    files = {name: opened.read(name) for name in opened.manifest.files} | {PROVENANCE_NAME: canonical_bytes(old)}
    seal(tmp_path / "old", files)
    provenance = open_reading(tmp_path / "old").provenance
    assert provenance == from_document(Provenance, old, tmp_path)
    assert (provenance.scan_confirmed, provenance.sync_pairs, provenance.work[0].lesions) == (None, (), ())


class _Keep:
    """A store that refuses everything."""

    def submit(self, sealed: Any, intent: Intent) -> Receipt | Refusal:
        return Refusal.because("workflow.not_now", unit="x")
