"""What the parts of the step "contour" share: the open case, what is chosen, the voxels as they were last read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from crc_core.contour.inspection import window_findings, worst_first
from crc_core.contour.results import Finding
from crc_core.contour.segment_key import SegmentKey
from crc_core.contour.terminology import Part
from crc_core.desk.lesions import change_lesion, classes_of, segment_name, segments_of
from crc_core.desk.steps import ContourStepId
from crc_core.desk.work import LesionWork, TargetState, Work
from crc_core.vocabulary import Mode, Target

from CRCAnnotatorLib.presenter.hub import Hub
from CRCAnnotatorLib.presenter.open_case import OpenCase

if TYPE_CHECKING:
    from crc_core.contour.inspection import Window
    from crc_core.desk.examining import Exam
    from crc_core.desk.layers import Crop, TargetLayers

    from CRCAnnotatorLib.presenter.ports import SceneGateway


class Bench:
    """The workplace of one open case. `lesion` may be a lesion that becomes one with the first stroke on it.

    `strokes` counts what was drawn, by a person or by a scripted step.
    """

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.on_lesions: Callable[[], None] = lambda: None
        self.clear()

    def clear(self) -> None:
        """Nothing is open."""
        self.target: Target | None = None
        self.in_front = False
        self.strokes = 0
        self.layers: dict[Target, TargetLayers] = {}
        self.exams: dict[tuple[Target, int], Exam] = {}
        self._lesions: dict[Target, int] = {}
        self._steps: dict[Target, ContourStepId] = {}

    # the case
    @property
    def scene(self) -> SceneGateway:
        """The scene."""
        return self.hub.kit.scene

    @property
    def case(self) -> OpenCase:
        """The open case; the facade asks nothing of its parts without one."""
        if self.hub.case is None:
            raise RuntimeError("no case is open")
        return self.hub.case

    @property
    def work(self) -> Work:
        """The reader's work."""
        return self.case.work

    @property
    def state(self) -> TargetState | None:
        """The chosen target."""
        return None if self.target is None else self.work.of(self.target)

    # what is chosen
    @property
    def lesion(self) -> int | None:
        """The number of the chosen lesion of the chosen target."""
        return None if self.target is None else self._lesions.get(self.target)

    @lesion.setter
    def lesion(self, number: int | None) -> None:
        if self.target is not None:
            if number is None:
                self._lesions.pop(self.target, None)
            else:
                self._lesions[self.target] = number

    @property
    def step(self) -> ContourStepId | None:
        """The step of the chosen target."""
        return None if self.target is None else self._steps.get(self.target)

    @step.setter
    def step(self, step: ContourStepId) -> None:
        if self.target is not None:
            self._steps[self.target] = step

    @property
    def lesion_work(self) -> LesionWork | None:
        """The chosen lesion; None where it is only about to become one."""
        state, number = self.state, self.lesion
        return None if state is None or number is None else state.lesion(number)

    def is_expected(self, target: Target, number: int) -> bool:
        """Whether a lesion of that number becomes one with the first stroke."""
        state = self.work.of(target)
        return state is not None and not state.lesions and state.answer is None and number == state.next_number

    # changes of the work
    def change(self, work: Work) -> None:
        """The work is in another state."""
        self.case.change(work)

    def change_target(self, state: TargetState) -> None:
        """A target is in another state."""
        if state != self.work.of(state.target):
            self.change(self.work.with_target(state))

    def change_lesion(self, target: Target, lesion: LesionWork) -> None:
        """A lesion is in another state."""
        state = self.work.of(target)
        if state is not None and state.lesion(lesion.number) not in (None, lesion):
            self.change(change_lesion(self.work, target, lesion))

    def update(self, target: Target, **fields: Any) -> None:
        """Set fields of a target's state."""
        state = self.work.of(target)
        if state is not None:
            self.change_target(replace(state, **fields))

    # voxels
    def layers_of(self, target: Target) -> TargetLayers | None:
        """The voxels of a target; None while its source is not in the scene."""
        grid, state = self.case.source_grid(target), self.work.of(target)
        if grid is None or state is None:
            return None
        known = self.layers.get(target)
        if known is None:
            from crc_core.desk.layers import TargetLayers

            known = self.layers[target] = TargetLayers(grid, by_subtraction=state.mode is Mode.SUBTRACTION)
        return known

    def crop(self, key: SegmentKey) -> Crop | None:
        """The voxels of a segment as they were last read."""
        layers = self.layers_of(key.target)
        if layers is None or (key.part is not Part.MASK and layers.outer is None):
            return None
        return layers.layer(key.part).crop(key.lesion)

    def is_drawn(self, target: Target, number: int) -> bool:
        """Whether a lesion holds voxels in any of its parts."""
        layers = self.layers_of(target)
        return layers is not None and number in layers.lesions

    def keys_of(self, target: Target, number: int) -> tuple[SegmentKey, ...]:
        """The segments a lesion is drawn in, whether it is one already or not."""
        state = self.work.of(target)
        if state is None:
            return ()
        lesion = LesionWork(number, classes_of(target)[0])
        return segments_of(replace(state, lesions=(lesion,)))

    def ensure(self, keys: Iterable[SegmentKey]) -> None:
        """Make segments that are not there; word and colour all of them anew."""
        for key in keys:
            state = self.work.of(key.target)
            lesion = None if state is None else state.lesion(key.lesion)
            kind = classes_of(key.target)[0] if lesion is None else lesion.kind
            self.scene.ensure_segment(key, segment_name(key, self.hub.lang), kind)

    def write(self, crops: Mapping[SegmentKey, Crop | None]) -> None:
        """Write segments as one undo step; where the scene refuses, everything is as before and the error goes on."""
        from crc_core.errors import CrcError

        self.scene.undo_point()
        try:
            self.put_into_scene(crops)
        except CrcError:
            self.scene.undo()
            raise
        for key, crop in crops.items():
            layers = self.layers_of(key.target)
            if layers is not None:
                layers.put(key.part, key.lesion, crop)
        self.strokes += 1
        self.case.touched.update(crops)
        self.case.on_change()

    def put_into_scene(self, crops: Mapping[SegmentKey, Crop | None]) -> None:
        """Write segments into the scene and nowhere else."""
        for key, crop in crops.items():
            grid = self.case.source_grid(key.target)
            if grid is not None:
                inside, box = (None, None) if crop is None else (crop.inside, crop.box)
                self.scene.write(key, inside, box, grid)

    # what was found
    def findings(self, target: Target) -> tuple[Finding, ...]:
        """What the checks see in a target, the worst first."""
        state = self.work.of(target)
        if state is None:
            return ()
        exams = [self.exams.get((target, lesion.number)) for lesion in state.lesions]
        found = [finding for exam in exams if exam is not None for finding in exam.findings]
        if found or any(exam is not None for exam in exams):
            found.extend(window_findings(drawn_window(state), target))
        return worst_first(found)


def drawn_window(state: TargetState) -> Window | None:
    """The window a target was drawn in."""
    from crc_core.contour.inspection import Window

    if state.window_width_hu is None or state.window_level_hu is None:
        return None
    return Window(state.window_width_hu, state.window_level_hu)
