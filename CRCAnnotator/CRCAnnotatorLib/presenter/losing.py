"""The scene was closed, an image or the segmentation deleted under the open case: nothing of the work is lost by it."""

from __future__ import annotations

from collections.abc import Mapping

from crc_core.contour.segment_key import SegmentKey

from CRCAnnotatorLib.presenter.contour import Contour
from CRCAnnotatorLib.presenter.desk import Desk
from CRCAnnotatorLib.presenter.hub import Hub
from CRCAnnotatorLib.presenter.keeping import Keeping
from CRCAnnotatorLib.presenter.open_case import OpenCase
from CRCAnnotatorLib.presenter.ports import Choice, KeptMask, Lost
from CRCAnnotatorLib.presenter.running import Running
from CRCAnnotatorLib.presenter.wording import time_words

_SOON = "lost"


class Losing:
    """Offers the open case back after something of it went away, once for all that went at the same time."""

    def __init__(self, hub: Hub, running: Running, keeping: Keeping, desk: Desk, contour: Contour) -> None:
        self._hub, self._running, self._keeping, self._desk = hub, running, keeping, desk
        self._contour = contour
        self._lost: set[Lost] = set()
        self._masks: Mapping[SegmentKey, KeptMask] = {}

    def lost(self, what: Lost) -> None:
        """Something of ours is gone: what was last read of the contours is kept at once, and offered back soon."""
        if self._hub.case is None:
            return
        if not self._lost:
            self._masks = self._contour.kept()
            self._keeping.rescue(self._masks)
        self._lost.add(what)
        self._hub.kit.jobs.later(_SOON, 0.0, self._offer)

    def stop(self) -> None:
        """The program ends: the scene goes with it, and that is no loss."""
        self._hub.kit.jobs.cancel(_SOON)
        self._lost.clear()

    def _offer(self) -> None:
        case, lost = self._hub.case, frozenset(self._lost)
        masks, self._masks = self._masks, {}
        self._lost.clear()
        if case is None or not lost:
            return
        self._running.stop()
        worst = next(what for what in Lost if what in lost)
        at = time_words(self._keeping.kept_at, self._hub.kit.clock.now(), seconds=True)
        words = self._hub.say(f"annotator.lost.{worst.value}", unit=str(case.unit), at=at)
        choices = [Choice(code, self._hub.say(f"annotator.answer.{code}")) for code in ("restore", "close_kept")]
        if self._hub.kit.ask.choose(self._hub.say("annotator.lost"), words, choices) != "restore":
            self._desk.close()
        elif lost == {Lost.SEGMENTATION}:
            self._draw_again(case, masks)
        elif not self._desk.reopen(masks):
            self._desk.close()

    def _draw_again(self, case: OpenCase, masks: Mapping[SegmentKey, KeptMask]) -> None:
        """The images are still there: only the contours have to be put back."""
        self._contour.opened(case, masks)
        self._keeping.resume(case)
        self._desk.show_step(self._hub.state.step)
