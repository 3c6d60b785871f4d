"""What the scene, its editor and the views show of the contours; nothing moves that need not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crc_core.contour.segment_key import SegmentKey
from crc_core.contour.terminology import Part
from crc_core.desk.steps import StepId
from crc_core.vocabulary import Mode, Target

from CRCAnnotatorLib.presenter.contour_bench import Bench, drawn_window
from CRCAnnotatorLib.presenter.contour_steps import EDGE_STEPS, ContourSteps
from CRCAnnotatorLib.presenter.ports import Fill
from CRCAnnotatorLib.presenter.subtraction import PREVIEW_STEPS, Subtraction

if TYPE_CHECKING:
    from crc_core.contour.inspection import Window
    from crc_core.contour.results import Point
    from crc_core.desk.arrangement import ImageKey
    from crc_core.desk.work import TargetState

_LEAST_EXTENT_MM, _MOST_EXTENT_MM = 80.0, 260.0
_AROUND = 2.5
"""A jump shows this many times the lesion, so that what lies around it can be seen."""


class Showing:
    """Brings scene, editor and views in line with what is chosen."""

    def __init__(self, bench: Bench, steps: ContourSteps, subtraction: Subtraction) -> None:
        self._bench, self._steps, self._subtraction = bench, steps, subtraction
        self.fill = Fill.OUTLINE
        self.clear()

    def clear(self) -> None:
        """The case is closed."""
        self.in_3d = False
        self._in_space: tuple[SegmentKey, ...] = ()
        self._source: ImageKey | None = None
        self._windows: dict[Target, Window] = {}

    @property
    def source(self) -> ImageKey | None:
        """The image the editor draws on."""
        return self._source

    def follow(self) -> None:
        """Show what is chosen now."""
        bench, state = self._bench, self._bench.state
        if state is None or not bench.in_front:
            return
        self._steps.settle()
        if bench.step not in PREVIEW_STEPS:
            self._subtraction.end_preview()
        if bench.layers_of(state.target) is not None:
            self.bind(state.target)
            if bench.step in PREVIEW_STEPS:
                self._subtraction.preview()
            self.show_segments()
            bench.scene.edit(self._steps.edited())
            self._show_3d()
        self._arrange()

    def bind(self, target: Target) -> None:
        """Give the editor the target's own image, and the segments it may draw on."""
        bench, source = self._bench, self._bench.case.source(target)
        if source is None:
            return
        if source != self._source:
            bench.scene.begin_contours(source, bench.hub.say("annotator.contour.node", unit=bench.work.unit))
            self._source = source
            self._show_window(target)
        if bench.lesion is not None and target is bench.target and bench.is_expected(target, bench.lesion):
            bench.ensure(bench.keys_of(target, bench.lesion))

    def leave(self) -> None:
        """Another step of the panel is in front: nothing can be drawn, the masks show what they hold."""
        self._subtraction.end_preview()
        self._bench.scene.edit(None)
        self._show_in_space(())

    # places
    def jump_to_lesion(self) -> None:
        """Show the chosen lesion where it is drawn; an undrawn one leaves the views where they are."""
        target, number = self._bench.target, self._bench.lesion
        layers = None if target is None else self._bench.layers_of(target)
        middle = None if layers is None or number is None else layers.middle(number)
        if middle is not None:
            self._bench.scene.jump(middle)

    def jump(self, ras: Point) -> None:
        """Show a place of the chosen lesion with its surroundings."""
        self._bench.scene.jump(ras, extent_mm=self._extent_mm())

    def _extent_mm(self) -> float:
        target, number = self._bench.target, self._bench.lesion
        exam = None if target is None or number is None else self._bench.exams.get((target, number))
        if exam is None or exam.sizes is None:
            return _LEAST_EXTENT_MM
        largest = max(exam.sizes.longest_axial.value, exam.sizes.cranio_caudal.value)
        return min(max(_AROUND * largest, _LEAST_EXTENT_MM), _MOST_EXTENT_MM)

    def align_oblique(self) -> None:
        """Cut the oblique view straight across the bowel, along the lumen where it is drawn, else along the lesion."""
        from crc_core.desk.bowel_axis import bowel_axis

        bench, state, number = self._bench, self._bench.state, self._bench.lesion
        layers = None if state is None else bench.layers_of(state.target)
        if state is None or layers is None or number is None:
            return
        crops = (bench.crop(SegmentKey(state.target, number, part)) for part in (Part.INNER, Part.MASK, Part.OUTER))
        drawn = next((crop for crop in crops if crop is not None), None)
        if drawn is None:
            from crc_core.errors import CrcError

            raise CrcError("annotator.contour.nothing_drawn")
        bench.scene.tilt_oblique(*bowel_axis(drawn, layers.grid, bench.work.bowel_direction))
        self.jump_to_lesion()

    # segments
    def set_fill(self, fill: Fill) -> None:
        """Outlines, or filled contours."""
        self.fill = fill
        self.show_segments()

    def set_3d(self, shown: bool) -> None:
        """Show the chosen target in space, or no longer."""
        self.in_3d = shown
        self._show_3d()
        self._arrange()

    def show_segments(self) -> None:
        """Show the contours that belong to this step: both edges while they are drawn, else the masks."""
        bench, state = self._bench, self._bench.state
        if state is None:
            return
        source = bench.case.source(state.target)
        edges = state.mode is Mode.SUBTRACTION and bench.step in EDGE_STEPS
        shown = [
            key
            for key in bench.scene.segments()
            if bench.case.source(key.target) == source
            and (key.part is not Part.MASK) == (edges and key.target is state.target)
        ]
        bench.scene.show_segments(sorted(shown, key=lambda key: key.segment_id), self.fill)

    def _show_3d(self) -> None:
        bench, state = self._bench, self._bench.state
        if state is None or bench.layers_of(state.target) is None:
            return
        numbers = [lesion.number for lesion in state.lesions] if self._wants_3d else []
        self._show_in_space(
            tuple(SegmentKey(state.target, number, self._part_in_3d(state, number)) for number in numbers)
        )

    def _show_in_space(self, keys: tuple[SegmentKey, ...]) -> None:
        if keys != self._in_space:
            self._in_space = keys
            self._bench.scene.show_3d(keys)

    @property
    def _wants_3d(self) -> bool:
        return self.in_3d or self._bench.step in PREVIEW_STEPS

    def _part_in_3d(self, state: TargetState, number: int) -> Part:
        """The ring; the outer edge as long as there is no ring yet."""
        has_ring = self._bench.step in PREVIEW_STEPS or self._bench.crop(SegmentKey(state.target, number)) is not None
        has_outer = self._bench.crop(SegmentKey(state.target, number, Part.OUTER)) is not None
        return Part.OUTER if has_outer and not has_ring else Part.MASK

    def _arrange(self) -> None:
        bench = self._bench
        bench.hub.views.show(StepId.CONTOUR, contour_step=bench.step, target=bench.target, in_3d=self.in_3d)

    # windows
    def window_changed(self, image: ImageKey, window: Window) -> None:
        """A person chose another window for an image."""
        target = self._bench.target
        if target is not None and self._shares(image, self._bench.case.source(target)):
            self._windows[target] = window

    def preset_window(self) -> None:
        """The preset window of the chosen target again."""
        from crc_core.desk.windows import preset_window

        target = self._bench.target
        if target is not None:
            self._windows[target] = preset_window(target)
            self._show_window(target)

    def window_words(self) -> str:
        """The window the chosen target is looked at in, and whether it is the preset."""
        from crc_core.desk.windows import preset_window

        target, hub = self._bench.target, self._bench.hub
        source = None if target is None else self._bench.case.source(target)
        window = None if source is None else self._bench.scene.window(source)
        if target is None or window is None:
            return ""
        code = "window_preset" if window == preset_window(target) else "window_free"
        return hub.say(f"annotator.contour.{code}", width=f"{window.width_hu:.0f}", level=f"{window.level_hu:.0f}")

    def record_window(self, target: Target) -> None:
        """Something was drawn on a target: the window it was drawn in goes into the work."""
        source = self._bench.case.source(target)
        window = None if source is None else self._bench.scene.window(source)
        if window is not None:
            self._bench.update(target, window_width_hu=window.width_hu, window_level_hu=window.level_hu)

    def _show_window(self, target: Target) -> None:
        """Show a target's image in the window it was looked at last, or drawn in, or in its preset."""
        from crc_core.desk.windows import preset_window

        state, source = self._bench.work.of(target), self._bench.case.source(target)
        if state is not None and source is not None:
            window = self._windows.get(target) or drawn_window(state) or preset_window(target)
            self._bench.scene.set_window(source, window)

    def _shares(self, image: ImageKey, source: ImageKey | None) -> bool:
        """Whether an image shows in the window of a source: itself, or any phase beside a phase."""
        phases = self._bench.case.phases
        if source is None or image.is_prior:
            return False
        return image == source or (image.role in phases and source.role in phases)
