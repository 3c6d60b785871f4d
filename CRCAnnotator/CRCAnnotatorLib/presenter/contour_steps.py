"""The way to a contour: the step of the chosen target, what is drawn in it, what is missing before the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from crc_core.contour.segment_key import SegmentKey
from crc_core.contour.terminology import Part
from crc_core.desk.steps import ContourProgress, ContourStepId, StepStanding, contour_steps, standings, step_rule
from crc_core.vocabulary import Mode, Target, TargetAnswer

from CRCAnnotatorLib.presenter.contour_bench import Bench
from CRCAnnotatorLib.presenter.state import ContourStep, Level, Mark

if TYPE_CHECKING:
    from crc_core.desk.work import TargetState

    from CRCAnnotatorLib.presenter.live import Live

_EDGES = {ContourStepId.OUTER: Part.OUTER, ContourStepId.INNER: Part.INNER}
EDGE_STEPS = (*_EDGES, ContourStepId.REVIEW)
"""The steps of a subtraction in which its edges are drawn."""

_NOT_FIRST = (ContourStepId.SYNC, ContourStepId.REVIEW)
"""Steps that a person takes on purpose; a target is never opened in one of them."""


class ContourSteps:
    """The step of the chosen target; `on_step` is told when another one is taken."""

    def __init__(self, bench: Bench, live: Live, on_step: Callable[[], None]) -> None:
        self._bench, self._live, self._on_step = bench, live, on_step
        self.clear()

    def clear(self) -> None:
        """The case is closed."""
        self._edge: dict[Target, Part] = {}

    def go_to(self, step: ContourStepId) -> None:
        """Take a step of the chosen target's mode, or say what is missing before it."""
        if self._bench.state is None or step is self._bench.step:
            return
        self._live.read_now()
        standing = next((item for item in self.standings() if item.rule.id is step), None)
        if standing is None:
            return
        if standing.missing is not None:
            self._bench.hub.note(Level.INFO, f"desk.needs.{standing.missing.value}")
            return
        self._bench.step = step
        self._on_step()

    def settle(self) -> None:
        """See to it that the chosen target is in a step of its mode: the first that is not done."""
        state = self._bench.state
        if state is None:
            return
        known = [rule.id for rule in contour_steps(state.mode)]
        if self._bench.step not in known:
            ready = (item.rule.id for item in self.standings() if item.is_reachable and not item.done)
            first = known[1] if known[0] in _NOT_FIRST else known[0]
            self._bench.step = next((step for step in ready if step not in _NOT_FIRST), first)
        edge = None if self._bench.step is None else _EDGES.get(self._bench.step)
        if edge is not None:
            self._edge[state.target] = edge

    def standings(self) -> tuple[StepStanding, ...]:
        """How every step of the chosen target stands."""
        state = self._bench.state
        return () if state is None else standings(state.mode, self.progress())

    def progress(self) -> ContourProgress:
        """How far the chosen lesion is."""
        state, number = self._bench.state, self._bench.lesion
        if state is None or number is None:
            return ContourProgress()
        mask, outer, inner = (self._bench.crop(SegmentKey(state.target, number, part)) for part in Part)
        lesion = state.lesion(number)
        return ContourProgress(
            mask=mask is not None,
            outer=outer is not None,
            inner=inner is not None,
            open_slices=self.open_slices(SegmentKey(state.target, number)),
            filled=state.filled_count,
            to_review=len(state.filled_slices),
            kept=state.kept and mask is not None,
            sync_pairs=len(self._bench.work.sync_pairs),
            measured=(state.target, number) in self._bench.exams
            and lesion is not None
            and all(item.confirmed for item in lesion.densities),
        )

    def open_slices(self, key: SegmentKey) -> int:
        """How many slices lie open between drawn ones."""
        from crc_core.contour.voxels import slice_axis
        from crc_core.desk.filling import open_slices

        crop, layers = self._bench.crop(key), self._bench.layers_of(key.target)
        return 0 if crop is None or layers is None else len(open_slices(crop.inside, slice_axis(layers.grid)))

    # what is drawn
    def edited(self) -> SegmentKey | None:
        """The segment the tools draw on now; None where nothing can be drawn."""
        state, number = self._bench.state, self._bench.lesion
        if self.why_not() or state is None or number is None:
            return None
        return SegmentKey(state.target, number, self.part(state))

    def part(self, state: TargetState) -> Part:
        """The part that is drawn in the step of a target: in a review, the edge that was drawn last."""
        if state.mode is not Mode.SUBTRACTION:
            return Part.MASK
        rule = step_rule(state.mode, self._bench.step)
        return rule.draws or self._edge.get(state.target, Part.OUTER)

    def why_not(self) -> str:
        """The code of the reason why nothing can be drawn now; empty where something can."""
        bench, state = self._bench, self._bench.state
        if state is None:
            return "annotator.contour.no_target"
        if bench.case.read_only:
            return "annotator.contour.read_only"
        if bench.layers_of(state.target) is None:
            return "annotator.contour.no_source"
        if state.answer not in (None, TargetAnswer.DRAWN):
            return "annotator.contour.is_answered"
        if bench.lesion is None:
            return "annotator.contour.no_lesion"
        if state.mode is Mode.SUBTRACTION and bench.step not in EDGE_STEPS:
            return "annotator.contour.ring_follows"
        return ""

    # words
    def rows(self) -> tuple[ContourStep, ...]:
        """The steps with their marks, and with what to do or what is missing."""
        progress = self.progress()
        return tuple(self._row(item, progress) for item in self.standings())

    def _row(self, standing: StepStanding, progress: ContourProgress) -> ContourStep:
        hub, step = self._bench.hub, standing.rule.id
        words = hub.say(f"desk.step.{step.value}")
        if standing.missing is not None:
            return ContourStep(step, words, Mark.LOCKED, False, hub.say(f"desk.needs.{standing.missing.value}"))
        hint = self._hint(step, progress) or hub.say(f"desk.step_hint.{step.value}")
        return ContourStep(step, words, self._mark(standing, progress), True, hint)

    def _mark(self, standing: StepStanding, progress: ContourProgress) -> Mark:
        if standing.rule.id is self._bench.step:
            return Mark.CURRENT
        if standing.done:
            return Mark.DONE
        waits = {ContourStepId.REVIEW: progress.to_review > 0, ContourStepId.KEEP: progress.mask}
        return Mark.ATTENTION if waits.get(standing.rule.id, False) else Mark.TODO

    def _hint(self, step: ContourStepId, progress: ContourProgress) -> str:
        """What is special about a step just now; empty for the general hint."""
        hub = self._bench.hub
        if step is ContourStepId.FILL and progress.open_slices:
            return hub.say("annotator.contour.hint_fill", count=progress.open_slices)
        if step is ContourStepId.REVIEW and progress.to_review:
            return hub.say("annotator.contour.hint_review", count=progress.to_review)
        if step is ContourStepId.KEEP and progress.mask and not progress.kept:
            return hub.say("annotator.contour.hint_keep_again")
        return ""
