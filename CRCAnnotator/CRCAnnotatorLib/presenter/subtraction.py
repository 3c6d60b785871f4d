"""Subtraction: the ring that both edges give, shown before it is kept, kept in one undo step, told when it is old."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from crc_core.contour.segment_key import SegmentKey
from crc_core.desk.steps import ContourStepId
from crc_core.vocabulary import Mode, Target

from CRCAnnotatorLib.presenter.contour_bench import Bench
from CRCAnnotatorLib.presenter.ports import Choice
from CRCAnnotatorLib.presenter.state import Level

if TYPE_CHECKING:
    from crc_core.desk.layers import Crop

    from CRCAnnotatorLib.presenter.live import Live

PREVIEW_STEPS = (ContourStepId.PREVIEW, ContourStepId.KEEP)
_KEEP, _BACK = "keep", "back"


class Subtraction:
    """Outer minus inner of the primary tumours; `on_kept` is told once the rings are kept."""

    def __init__(self, bench: Bench, live: Live, on_kept: Callable[[], None]) -> None:
        self._bench, self._live, self._on_kept = bench, live, on_kept
        self._previewed: Target | None = None

    def clear(self) -> None:
        """The case is closed."""
        self._previewed = None

    def preview(self) -> None:
        """Show in the masks what would be kept; nothing is kept by it, and it is no undo step."""
        target = self._bench.target
        if self._previewed is not None or target is None or not self._is_subtraction(target):
            return
        rings = self._rings(target)
        if rings:
            self._previewed = target
            self._bench.put_into_scene(rings)

    def end_preview(self) -> None:
        """Give the masks what they hold in truth."""
        target, self._previewed = self._previewed, None
        if target is None:
            return
        present = set(self._bench.scene.segments())
        state = self._bench.work.of(target)
        keys = () if state is None else (SegmentKey(target, lesion.number) for lesion in state.lesions)
        self._bench.put_into_scene({key: self._bench.crop(key) for key in keys if key in present})

    def keep(self) -> None:
        """Make outer minus inner the contour of every primary, in one undo step; both edges stay as they are.

        Raises CrcError where nothing would be left of a lesion.
        """
        from crc_core.desk.mending import kept_rings

        target, number = self._bench.target, self._bench.lesion
        if target is None or number is None or not self._is_subtraction(target):
            return
        self._live.read_now()
        layers = self._bench.layers_of(target)
        if layers is None or layers.outer is None or layers.inner is None or not layers.outer.lesions:
            self._bench.hub.note(Level.INFO, "desk.needs.outer")
            return
        if not layers.inner.lesions and not self._agrees_without_lumen():
            return
        rings = kept_rings(layers)
        self.end_preview()
        if rings:
            self._bench.write({SegmentKey(target, lesion, part): crop for (part, lesion), crop in rings.items()})
        self._bench.update(target, kept=True)
        self._live.examine(target, layers.lesions)
        self._live.now()
        self._bench.hub.note(Level.INFO, "annotator.contour.kept")
        self._on_kept()

    def follow(self, target: Target) -> None:
        """Segments of a target changed: its ring is kept only while it is what the edges give."""
        state, layers = self._bench.work.of(target), self._bench.layers_of(target)
        if state is not None and layers is not None and state.mode is Mode.SUBTRACTION:
            self._bench.update(target, kept=layers.is_kept())

    def _rings(self, target: Target) -> dict[SegmentKey, Crop | None]:
        layers, state = self._bench.layers_of(target), self._bench.work.of(target)
        if layers is None or state is None:
            return {}
        return {SegmentKey(target, lesion.number): layers.ring(lesion.number) for lesion in state.lesions}

    def _agrees_without_lumen(self) -> bool:
        hub = self._bench.hub
        choices = (
            Choice(_KEEP, hub.say("annotator.contour.keep_whole")),
            Choice(_BACK, hub.say("annotator.contour.keep_back")),
        )
        title, words = hub.say("annotator.contour.keep_title"), hub.say("annotator.contour.keep_words")
        return hub.kit.ask.choose(title, words, choices) == _KEEP

    def _is_subtraction(self, target: Target) -> bool:
        state = self._bench.work.of(target)
        return state is not None and state.mode is Mode.SUBTRACTION
