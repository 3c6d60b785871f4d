"""Keeps the open case's work safe on this machine: soon after each change, aside, and only what changed.

What is kept is always the newest. What was there when the case was opened (or saved on purpose) is remembered, so that
a person can still throw away what they did since.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

from crc_core.contour.segment_key import SegmentKey
from crc_core.desk.keeping import PackedMask, Slot
from crc_core.desk.policy import desk_policy
from crc_core.desk.recovery import KeptWork, OpenSlot, Recovery
from crc_core.desk.work import Work
from crc_core.errors import CrcError
from crc_core.files.records import to_document

from CRCAnnotatorLib.presenter.hub import Hub
from CRCAnnotatorLib.presenter.open_case import OpenCase
from CRCAnnotatorLib.presenter.ports import Keeper, KeptMask
from CRCAnnotatorLib.presenter.running import tell
from CRCAnnotatorLib.presenter.state import Saved
from CRCAnnotatorLib.presenter.wording import time_words

_TIMER = "autosave"
_OPEN = "open/"
"""Settings under this name tell which slots were open when the program ended."""

Failed = Callable[[Exception], None]


class Keeping:
    """Autosave of the open case; `show` is called whenever the words about it change."""

    def __init__(self, hub: Hub, show: Callable[[], None]) -> None:
        self._hub = hub
        self._show = show
        self.recovery = Recovery(hub.kit.home)
        self._keeper: Keeper | None = None
        self._hold: OpenSlot | None = None
        self._slot: Slot | None = None
        self._base: KeptWork | None = None
        self._work: Callable[[Work], Work] = lambda work: work
        self._forget()

    def _forget(self) -> None:
        self._saved, self._saved_at = Saved.NOTHING, self._hub.kit.clock.now()
        self._unsaved = False
        self._waits_since: float | None = None
        self._writing: dict[SegmentKey, KeptMask | None] | None = None
        self._told_failure = False
        self._owed: set[SegmentKey] = set()
        self._rescued: Mapping[SegmentKey, KeptMask] | None = None
        self._then: list[tuple[Callable[[], None], Failed]] = []

    # what the head of the panel shows
    @property
    def saved(self) -> Saved:
        """Whether the work is safe."""
        return self._saved

    @property
    def words(self) -> str:
        """The same in words."""
        at = time_words(self._saved_at, self._hub.kit.clock.now(), seconds=True)
        return "" if self._saved is Saved.NOTHING else self._hub.say(f"annotator.saved.{self._saved.value}", at=at)

    @property
    def kept_at(self) -> datetime:
        """When the work was kept last."""
        return self._saved_at

    @property
    def is_unsaved(self) -> bool:
        """Whether anything was changed since the case was opened or saved on purpose."""
        return self._unsaved

    # the life of a case
    def hold(self, slot: Slot) -> None:
        """Take the slot for this program; raises CrcError where another one on this machine has it open."""
        self._hold, self._slot = self.recovery.open_slot(slot), slot

    def begin(self, base: KeptWork | None, stamped: Callable[[Work], Work]) -> None:
        """The held slot's case is open, begun from `base` where work was kept; `stamped` dates the work for saving."""
        self._forget()
        self._base, self._work = base, stamped
        if base is not None:
            self._saved, self._saved_at = Saved.SAVED, base.saved_at
        if self._slot is not None:
            self._hub.kit.settings.put(_OPEN + self._slot.label, "1")
        self._show()

    def end(self) -> None:
        """The case is closed in good order: nothing is saved any more, others may open it."""
        if self._slot is not None:
            self._hub.kit.settings.put(_OPEN + self._slot.label, None)
        self.release()

    def release(self) -> None:
        """Let go of the slot, as after opening it came to nothing."""
        self._hub.kit.jobs.cancel(_TIMER)
        self._forget()
        self._base, self._slot = None, None
        hold, self._hold = self._hold, None
        if hold is not None:
            hold.close()

    def was_killed(self, label: str) -> bool:
        """Whether a slot was open when a program ended, and no program has it open now."""
        if self._hub.kit.settings.get(_OPEN + label) is None:
            return False
        try:
            self.recovery.open_slot(Slot.parse(label)).close()
        except CrcError:
            return False
        return True

    def forget_kill(self, label: str) -> None:
        """The person knows that work was kept when a program ended; it waits in the list like any other."""
        self._hub.kit.settings.put(_OPEN + label, None)

    # changes
    def changed(self) -> None:
        """The work or a segment was changed."""
        if self._slot is None:
            return
        self._unsaved = True
        if self._waits_since is None:
            self._waits_since = self._hub.kit.clock.monotonic()
        if self._saved is Saved.FAILED:
            return  # the next try is on its way, and a full disk is not helped by trying at every stroke
        if self._writing is None:
            self._tell(Saved.UNSAVED)
        self._schedule(self._waits_since)

    def flush(self, done: Callable[[], None], failed: Failed) -> None:
        """Save at once what is not saved yet; then `done`, or `failed` where that is not possible."""
        if self._slot is None or (self._waits_since is None and self._writing is None):
            done()
            return
        self._then.append((done, failed))
        self._save()

    def hand_over(self, drawn: Collection[SegmentKey], done: Callable[[], None], failed: Failed) -> None:
        """Keep the case whole, as it is now, for the process that hands it in; `drawn` holds what has voxels."""
        case = self._hub.case
        if case is not None and self._slot is not None:
            if not self.recovery.has(self._slot.label):
                case.touched |= set(drawn)
            if self._waits_since is None:
                self._waits_since = self._hub.kit.clock.monotonic()
        self.flush(done, failed)

    def settle(self) -> None:
        """What is kept is on its way to the store: nothing of it is unsaved, and nothing to be thrown away."""
        self._take_as_base()

    def save(self, done: Callable[[], None], failed: Failed) -> None:
        """Save on purpose: as `flush`, and what is thrown away later goes back to here."""

        def kept() -> None:
            self._take_as_base()
            done()

        self.flush(kept, failed)

    def flush_now(self) -> bool:
        """Save what is not saved yet and wait for it; whether it is safe."""
        outcome: list[bool] = []
        self.flush(lambda: outcome.append(True), lambda error: outcome.append(False))
        self._close_keeper()
        return outcome == [True]

    def keep_time(self) -> None:
        """Nothing was changed, but time was spent: it goes to the work that is kept already."""
        case = self._hub.case
        if case is None or self._slot is None or self._unsaved or not self.recovery.has(self._slot.label):
            return
        try:
            self._write(self._work(case.work), {})
        except CrcError as error:
            self._hub.tell(error)

    def discard(self) -> None:
        """Throw away what was done since the case was opened or saved on purpose; raises CrcError as the disk does."""
        self._close_keeper()
        self._hub.kit.jobs.cancel(_TIMER)
        if self._slot is None:
            return
        label, base = self._slot.label, self._base
        if base is None:
            self.recovery.discard(label)
        elif self._unsaved:
            self._write(base.work, self._back_to(base, label))
        self._waits_since, self._unsaved = None, False

    def drop(self) -> None:
        """Forget all kept work of the open case, after it was handed in."""
        self._close_keeper()
        self._hub.kit.jobs.cancel(_TIMER)
        if self._slot is not None:
            self.recovery.discard(self._slot.label)
        self._base, self._waits_since, self._unsaved = None, None, False
        self._tell(Saved.NOTHING)

    def rescue(self, masks: Mapping[SegmentKey, KeptMask]) -> None:
        """The scene cannot be read any more: until `resume`, what was last read of it is what is kept."""
        if self._rescued is None:
            self._rescued = masks
            if self._waits_since is not None:
                self._save()

    def resume(self, case: OpenCase) -> None:
        """The scene can be read again; what is not kept of the case yet will be."""
        self._rescued = None
        case.touched |= self._owed
        self._owed = set()
        if self._slot is not None and not self.recovery.has(self._slot.label):
            case.touched |= set(self._hub.kit.scene.segments())
        if self._waits_since is not None:
            self._schedule(self._waits_since)
        self._show()

    def shut_down(self) -> None:
        """The program ends: save what is not saved, and let go without a word."""
        if self._slot is not None:
            self.flush_now()
        self._close_keeper()
        self._hub.kit.jobs.cancel(_TIMER)
        hold, self._hold = self._hold, None
        if hold is not None:
            hold.close()

    # saving
    def _schedule(self, since: float) -> None:
        policy = desk_policy()
        left = since + policy.autosave_longest_s - self._hub.kit.clock.monotonic()
        self._hub.kit.jobs.later(_TIMER, max(0.0, min(policy.autosave_delay_s, left)), self._save)

    def _save(self) -> None:
        case = self._hub.case
        if case is None or self._slot is None or self._writing is not None:
            return
        self._hub.kit.jobs.cancel(_TIMER)
        try:
            masks = self._read(case)
        except CrcError as error:
            self._failed(error)
            return
        case.touched.clear()
        self._waits_since, self._writing = None, masks
        self._tell(Saved.SAVING)
        case.work = self._work(case.work)
        self._open_keeper().save(self._slot.label, to_document(case.work), masks)

    def _read(self, case: OpenCase) -> dict[SegmentKey, KeptMask | None]:
        if self._rescued is not None:
            return {key: self._rescued.get(key) for key in case.touched}
        masks: dict[SegmentKey, KeptMask | None] = {}
        for key in sorted(case.touched, key=lambda key: key.segment_id):
            grid = case.source_grid(key.target)
            crop = None if grid is None else self._hub.kit.scene.read(key, grid)
            masks[key] = None if crop is None or grid is None else KeptMask(*crop, grid)
        return masks

    def _on_saved(self, label: str) -> None:
        if self._slot is None or label != self._slot.label or self._writing is None:
            return
        self._writing, self._told_failure = None, False
        self._saved_at = self._hub.kit.clock.now()
        if self._waits_since is None:
            self._tell(Saved.SAVED)
            self._ended(lambda done, failed: done())
            return
        self._tell(Saved.UNSAVED)
        if self._then:
            self._save()
        else:
            self._schedule(self._waits_since)

    def _on_failed(self, label: str, error: Exception) -> None:
        if self._slot is not None and label == self._slot.label and self._writing is not None:
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        """What was on its way waits for the next try; said once, not at every try."""
        case, writing = self._hub.case, self._writing
        self._writing = None
        (self._owed if case is None else case.touched).update(writing or ())
        if self._waits_since is None:
            self._waits_since = self._hub.kit.clock.monotonic()
        if not self._told_failure:
            self._told_failure = True
            tell(self._hub, error)
        self._tell(Saved.FAILED)
        self._hub.kit.jobs.later(_TIMER, desk_policy().autosave_longest_s, self._save)
        self._ended(lambda done, failed: failed(error))

    def _ended(self, call: Callable[[Callable[[], None], Failed], None]) -> None:
        waiting, self._then = self._then, []
        for done, failed in waiting:
            call(done, failed)

    def _tell(self, saved: Saved) -> None:
        self._saved = saved
        self._show()

    def _write(self, work: Work, masks: Mapping[SegmentKey, PackedMask | None]) -> None:
        """Write at once, beginning from what lies on the disk, where the keeper wrote meanwhile."""
        if self._slot is not None:
            Recovery(self._hub.kit.home).write(self._slot.label, to_document(work), masks)

    # what was there before
    def _take_as_base(self) -> None:
        if self._slot is None or not self._unsaved:
            return
        self._unsaved = False
        try:
            self._base = self.recovery.read(self._slot.label)
        except CrcError as error:
            self._unsaved = True
            self._hub.tell(error)

    def _back_to(self, base: KeptWork, label: str) -> Mapping[SegmentKey, PackedMask | None]:
        now: dict[SegmentKey, Any] = dict.fromkeys(self.recovery.read(label).masks)
        return {**now, **base.masks}

    # the process aside
    def _open_keeper(self) -> Keeper:
        if self._keeper is None:
            self._keeper = self._hub.kit.keeper(self._hub.kit.home)
            self._keeper.on_saved(self._on_saved)
            self._keeper.on_failed(self._on_failed)
        return self._keeper

    def _close_keeper(self) -> None:
        """Finish what was asked; anything that is not told of by then was not saved."""
        while (keeper := self._keeper) is not None:
            self._keeper = None
            keeper.close()  # what waited behind the save on its way asks for a keeper anew
        if self._writing is not None:
            self._failed(CrcError("annotator.keeper_gone"))
