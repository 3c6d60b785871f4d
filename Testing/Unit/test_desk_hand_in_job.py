"""Handing in as a process aside: what is sealed is what was seen; a job that is killed can simply be asked again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from crc_core.contour.segment_key import SegmentKey
from crc_core.contour.terminology import Part
from crc_core.contour.voxels import bounding_box
from crc_core.desk.hand_in_case import hand_in_case, sealed_place
from crc_core.desk.job_forms import HandedIn, HandInAsked, HandInOutcome
from crc_core.desk.keeping import pack, slot_of
from crc_core.desk.kept_masks import mask_fingerprint, masks_of_kept
from crc_core.desk.lesions import set_answer
from crc_core.desk.recovery import Recovery
from crc_core.desk.start import new_work
from crc_core.errors import CrcError
from crc_core.files.records import from_document, to_document
from crc_core.geometry import Volume
from crc_core.identity import mask_name
from crc_core.reading.seal import open_reading, read_reading
from crc_core.store.folder import FolderStore
from crc_core.store.protocol import PreparedUnit
from crc_core.store.remote.outbox import Outbox, SendState
from crc_core.text import Lang
from crc_core.vocabulary import Target, TargetAnswer
from crc_core.workflow.views import SlotPhase
from desk_support import with_lesions
from store_support import START, MovingClock, grid_of, new_store, open_unit, tube, write_study

PARENTS = {"": Part.MASK, "outer": Part.OUTER, "inner": Part.INNER}


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return new_store(tmp_path, MovingClock())


@pytest.fixture
def unit(store: FolderStore, tmp_path: Path) -> PreparedUnit:
    """A unit that wang reads: primary by subtraction, liver directly."""
    return open_unit(store, write_study(tmp_path / "study"), "wang", "li")


def drawn(unit: PreparedUnit, shift: int = 0) -> dict[str, Volume]:
    """The masks on the screen, by their names in a reading."""
    record = unit.registration.series[0]
    names = (mask_name(record.code, Target.PRIMARY, parent) for parent in PARENTS)
    return dict(zip(names, tube(grid_of(record), shift), strict=True))


def keep(home: Path, store: FolderStore, unit: PreparedUnit, shift: int = 0) -> HandInAsked:
    """Wang's work kept on the machine, and the request to hand it in."""
    work = new_work(store.unit(unit.unit, "wang"), store.info().id, "wang", 1, "v1", START)
    work = set_answer(with_lesions(work, Target.PRIMARY, 1), Target.LIVER, TargetAnswer.NONE_SEEN)
    work = work.with_target(replace(work.of(Target.PRIMARY), kept=True))
    work = replace(work, active_seconds=61.5, scan_confirmed=True)
    seen = drawn(unit, shift)
    packed = {}
    for part, mask in zip(PARENTS.values(), seen.values(), strict=True):
        box = bounding_box(mask.array)
        assert box is not None
        packed[SegmentKey(Target.PRIMARY, 1, part)] = pack(box, mask.array[box] == 1, mask.grid)
    label = slot_of(work).label
    Recovery(home).write(label, to_document(work), packed)
    place, view = store.info().place, store.unit(unit.unit, "wang")
    fingerprints = {name: mask_fingerprint(mask) for name, mask in seen.items()}
    return HandInAsked(place, str(home), label, Lang.EN, view, "住院医师", fingerprints, {"slicer": "5.13"})


def quiet(words: str, done: int, total: int) -> None:
    assert words and 0 <= done <= max(total, done)


def run(asked: HandInAsked) -> HandedIn:
    done = subprocess.run(
        [sys.executable, "-m", "crc_core.desk.jobs", "hand_in"],
        input=json.dumps(to_document(asked), ensure_ascii=False),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, (done.stderr, lines)
    return from_document(HandedIn, lines[-1]["result"], Path("answer"))


def test_kept_masks_are_those_of_the_screen(store: FolderStore, unit: PreparedUnit, tmp_path: Path) -> None:
    asked = keep(tmp_path / "家", store, unit)
    kept = Recovery(tmp_path / "家").read(asked.slot)
    found = masks_of_kept(kept.work, kept.masks)
    for name, mask in drawn(unit).items():
        assert np.array_equal(found[name].array, mask.array) and found[name].grid.same_as(mask.grid)
    assert {name: mask_fingerprint(mask) for name, mask in found.items()} == asked.masks


def test_a_fingerprint_tells_voxels_numbers_and_places_apart(unit: PreparedUnit) -> None:
    mask = next(iter(drawn(unit).values()))
    other = Volume(mask.array * 2, mask.grid)
    moved = Volume(np.roll(mask.array, 1, axis=2), mask.grid)
    matrix = mask.grid.ijk_to_ras.copy()
    matrix[0, 3] += 0.5
    elsewhere = Volume(mask.array, replace(mask.grid, ijk_to_ras=matrix))
    empty = Volume(np.zeros_like(mask.array), mask.grid)
    told = {mask_fingerprint(item) for item in (mask, other, moved, elsewhere, empty)}
    assert len(told) == 5 and mask_fingerprint(Volume(mask.array.copy(order="F"), mask.grid)) in told


def test_a_process_hands_in_what_is_kept_and_leaves_no_copy(
    store: FolderStore, unit: PreparedUnit, tmp_path: Path
) -> None:
    asked = keep(tmp_path / "家", store, unit)
    assert run(asked) == HandedIn(HandInOutcome.TAKEN)
    slot = FolderStore(Path(asked.store)).unit(unit.unit, "wang").slots[0]
    assert slot.phase is SlotPhase.SUBMITTED and slot.reading is not None
    opened = read_reading(FolderStore(Path(asked.store)).open_reading(slot.reading, "wang"))
    for (name, mask), parent in zip(drawn(unit).items(), PARENTS, strict=True):
        assert np.array_equal(opened.mask(Target.PRIMARY, parent).array, mask.array), name
    assert opened.provenance.title == "住院医师" and opened.provenance.versions["slicer"] == "5.13"
    (event,) = (
        event
        for event in FolderStore(Path(asked.store)).events_since(0, "manager")
        if event.kind == "reading_submitted"
    )
    assert event.payload.active_seconds == 61.5
    assert not sealed_place(tmp_path / "家", asked.slot).exists()
    again = run(asked)
    assert again.outcome is HandInOutcome.REFUSED and "already" in again.why, "a second reading is none"


def test_what_is_kept_but_was_not_seen_is_not_handed_in(store: FolderStore, unit: PreparedUnit, tmp_path: Path) -> None:
    asked = keep(tmp_path, store, unit)
    seen = {**asked.masks, next(iter(asked.masks)): mask_fingerprint(next(iter(drawn(unit, 1).values())))}
    with pytest.raises(CrcError) as caught:
        hand_in_case(replace(asked, masks=seen), quiet)
    assert caught.value.code == "desk.not_as_seen"
    with pytest.raises(CrcError) as caught:
        hand_in_case(replace(asked, masks={}), quiet)
    assert caught.value.code == "desk.not_as_seen"
    assert store.unit(unit.unit, "wang").slots[0].phase is not SlotPhase.SUBMITTED


def test_into_the_outbox_it_goes_once_and_what_it_replaces_gives_way(
    store: FolderStore, unit: PreparedUnit, tmp_path: Path
) -> None:
    outbox = Outbox(tmp_path / "发件箱")
    asked = replace(keep(tmp_path, store, unit), outbox=str(outbox.folder))
    assert hand_in_case(asked, quiet).outcome is HandInOutcome.WAITS
    (item,) = outbox.items()
    assert item.state is SendState.WAITING and item.sealed is not None
    assert not sealed_place(tmp_path, asked.slot).exists()
    assert hand_in_case(asked, quiet).outcome is HandInOutcome.WAITS
    assert outbox.items() == (item,)
    other = replace(keep(tmp_path, store, unit, shift=1), outbox=str(outbox.folder))
    hand_in_case(other, quiet)
    (new,) = outbox.items()
    assert new.intent.id != item.intent.id and new.sealed is not None
    sealed = open_reading(new.sealed)
    assert np.array_equal(sealed.mask(Target.PRIMARY).array, next(iter(drawn(unit, 1).values())).array)
    assert not list(outbox.folder.glob(".*.part"))


@pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")
@pytest.mark.parametrize("how", ["SIGKILL", pytest.param("SIGTERM", marks=pytest.mark.full)])
@pytest.mark.parametrize("delay_s", [0.0, *(pytest.param(n / 100, marks=pytest.mark.full) for n in range(1, 20))])
def test_a_killed_job_leaves_the_sealed_folder_absent_or_whole(
    store: FolderStore, unit: PreparedUnit, tmp_path: Path, how: str, delay_s: float
) -> None:
    asked = keep(tmp_path, store, unit)
    process = subprocess.Popen(
        [sys.executable, "-m", "crc_core.desk.jobs", "hand_in"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(json.dumps(to_document(asked)))
    process.stdin.close()
    for line in process.stdout:
        if json.loads(line).get("step", {}).get("done") == 1:
            break
    time.sleep(delay_s)
    process.send_signal(getattr(signal, how))
    process.wait(60)
    process.stdout.close()
    place = sealed_place(tmp_path, asked.slot)
    if place.exists():
        assert open_reading(place).reading.unit == str(unit.unit)
    slot = FolderStore(Path(asked.store)).unit(unit.unit, "wang").slots[0]
    if slot.phase is not SlotPhase.SUBMITTED:
        assert run(asked) == HandedIn(HandInOutcome.TAKEN)
    again = FolderStore(Path(asked.store))
    kinds = [event.kind.value for event in again.events_since(0, "manager")]
    assert kinds.count("reading_submitted") == 1
    assert read_reading(again.open_reading(again.unit(unit.unit, "wang").slots[0].reading or "", "wang"))
    assert not list(place.parent.glob(".*.part")) or place.exists()
