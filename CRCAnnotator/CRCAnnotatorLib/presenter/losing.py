"""The scene closed, an image, the segmentation or a segment taken out under the open case: no work is lost by it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from crc_core.contour.segment_key import SegmentKey
from crc_core.desk.lesions import lesion_name
from crc_core.text import Lang, say
from crc_core.vocabulary import Target

from CRCAnnotatorLib.presenter.contour import Contour
from CRCAnnotatorLib.presenter.desk import Desk
from CRCAnnotatorLib.presenter.hub import Hub
from CRCAnnotatorLib.presenter.keeping import Keeping
from CRCAnnotatorLib.presenter.open_case import OpenCase
from CRCAnnotatorLib.presenter.ports import Choice, KeptMask, Lost
from CRCAnnotatorLib.presenter.running import Running
from CRCAnnotatorLib.presenter.state import Level
from CRCAnnotatorLib.presenter.wording import time_words

_SOON, _BACK = "lost", "put_back"


class Losing:
    """Offers the open case back after something of it went away, once for all that went at the same time."""

    def __init__(self, hub: Hub, running: Running, keeping: Keeping, desk: Desk, contour: Contour) -> None:
        self._hub, self._running, self._keeping, self._desk = hub, running, keeping, desk
        self._contour = contour
        self._lost: set[Lost] = set()
        self._masks: Mapping[SegmentKey, KeptMask] = {}
        self._gone: set[SegmentKey] = set()

    def losing(self) -> None:
        """Something of ours is about to go: read what was drawn a moment ago."""
        if not self._lost:
            self._contour.read_now()

    def segment_gone(self, key: SegmentKey) -> None:
        """Another module took a segment out: until it is back, what was last read of the contours is what is kept."""
        if self._hub.case is None or self._lost:
            return
        if not self._gone:
            self._keeping.rescue(self._contour.kept())
        self._gone.add(key)
        self._hub.kit.jobs.later(_BACK, 0.0, self._put_back)

    def lost(self, what: Lost) -> None:
        """Something of ours is gone: what was last read of the contours is kept at once, and offered back soon."""
        if self._hub.case is None:
            return
        self._hub.kit.jobs.cancel(_BACK)
        self._gone.clear()
        if not self._lost:
            self._masks = self._contour.kept()
            self._keeping.rescue(self._masks)
        self._lost.add(what)
        self._hub.kit.jobs.later(_SOON, 0.0, self._offer)

    def stop(self) -> None:
        """The program ends: the scene goes with it, and that is no loss."""
        for name in (_SOON, _BACK):
            self._hub.kit.jobs.cancel(name)
        self._lost.clear()
        self._gone.clear()

    def _put_back(self) -> None:
        gone, self._gone = self._gone, set()
        case = self._hub.case
        if case is None:
            return
        back = self._contour.put_back(gone)
        self._keeping.resume(case)
        if back:
            names = dict.fromkeys((key.target, key.lesion) for key in back)
            self._hub.speak(
                Level.WARNING, lambda lang: say("annotator.lost.segment", lang, lesions=_names(names, lang))
            )

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


def _names(lesions: Collection[tuple[Target, int]], lang: Lang) -> str:
    targets = ((say(f"report.target.{target.value}", lang), lesion_name(number)) for target, number in lesions)
    return say("annotator.list", lang).join(f"{target} {lesion}" for target, lesion in targets)
