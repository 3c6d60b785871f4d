"""The parts of the step "contour", and what follows in the others from what happens in one of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from crc_core.contour.segment_key import SegmentKey
from crc_core.desk.lesions import segments_of
from crc_core.desk.steps import ContourStepId
from crc_core.vocabulary import Mode, Target

from CRCAnnotatorLib.presenter.contour_bench import Bench
from CRCAnnotatorLib.presenter.contour_contents import kept_of, put_masks, read_masks
from CRCAnnotatorLib.presenter.contour_rows import Rows
from CRCAnnotatorLib.presenter.contour_showing import Showing
from CRCAnnotatorLib.presenter.contour_state import contour_state
from CRCAnnotatorLib.presenter.contour_steps import ContourSteps
from CRCAnnotatorLib.presenter.contour_targets import Targets
from CRCAnnotatorLib.presenter.contour_tools import Tools
from CRCAnnotatorLib.presenter.filling import Filling
from CRCAnnotatorLib.presenter.live import Live
from CRCAnnotatorLib.presenter.measuring import Measuring
from CRCAnnotatorLib.presenter.mri import Mri
from CRCAnnotatorLib.presenter.ports import KeptMask
from CRCAnnotatorLib.presenter.samples import Samples
from CRCAnnotatorLib.presenter.state import Level
from CRCAnnotatorLib.presenter.subtraction import Subtraction

if TYPE_CHECKING:
    from crc_core.contour.results import Finding
    from crc_core.desk.examining import Exam
    from crc_core.desk.layers import Change, Overlap
    from crc_core.geometry import Volume

    from CRCAnnotatorLib.presenter.hub import Hub
    from CRCAnnotatorLib.presenter.report import ReportPart


class ContourWork:
    """Everything the step "contour" can do for the open case; asked by the facade only while one is open."""

    def __init__(self, hub: Hub, report: ReportPart) -> None:
        self.hub, self._report = hub, report
        self.on_rest: Callable[[], None] = lambda: None
        bench = self.bench = Bench(hub)
        bench.on_lesions = report.sync_lesions
        report.on_refresh = self._measure_again
        self.live = Live(bench, self._read, self._examined, self._at_rest)
        self.subtraction = Subtraction(bench, self.live, self._ring_kept)
        self.steps = ContourSteps(bench, self.live, self._step_taken)
        self.showing = Showing(bench, self.steps, self.subtraction)
        self.targets = Targets(bench, self.live, self._chosen)
        self.tools = Tools(bench, self.steps, self.subtraction, self._undone)
        self.filling = Filling(bench, self.live, self.steps, self.tools.used)
        self.measuring = Measuring(bench, self.live, self.showing)
        self.samples = Samples(bench, self.live)
        self.mri = Mri(bench, self.publish)
        self.rows = Rows(bench)
        self._undone_keys: set[SegmentKey] = set()

    # the case
    def open(self, masks: Mapping[SegmentKey, KeptMask]) -> None:
        """Make the segments of the case and fill them; choose the first target that waits."""
        self._clear()
        self.live.get_ready()
        put_masks(self.bench, self.showing, masks)
        states = self.bench.work.targets
        waits = (state for state in states if (state.lesions if self.bench.case.read_only else state.answer is None))
        first = next(waits, states[0] if states else None)
        if first is not None:
            self.bench.target = first.target
            self.targets.settle()
        for state in states:
            self.live.examine(state.target, [lesion.number for lesion in state.lesions])
        self.publish()

    def close(self) -> None:
        """The case is closed."""
        self._clear()
        self.hub.publish(contour=None)

    def enter(self) -> None:
        """The step is in front."""
        self.bench.in_front = True
        self._follow()
        self._follow_marks()

    def leave(self) -> None:
        """Another step is in front."""
        if not self.bench.in_front:
            return
        self.bench.in_front = False
        self.mri.give_up_placing()
        self.samples.put_away()
        self.tools.lay_down()
        self.showing.leave()
        self.live.read_now()

    def word_again(self) -> None:
        """Say everything in the language of now, also what is written in the scene."""
        present = set(self.bench.scene.segments())
        self.bench.ensure(key for key in self._keys() if key in present)
        self._follow_marks()

    # what others ask
    def drawn(self) -> frozenset[SegmentKey]:
        """The segments that hold voxels."""
        keys = (key for state in self.bench.work.targets for key in segments_of(state))
        return frozenset(key for key in keys if self.bench.crop(key) is not None)

    def findings(self) -> tuple[Finding, ...]:
        """What the live checks found, over all targets."""
        return tuple(finding for state in self.bench.work.targets for finding in self.bench.findings(state.target))

    def kept(self) -> dict[SegmentKey, KeptMask]:
        """The voxels of all segments as they were last read."""
        return kept_of(self.bench)

    def put_back(self, keys: Collection[SegmentKey]) -> tuple[SegmentKey, ...]:
        """Make segments anew that somebody took out, with the voxels they had; the ones that are known."""
        present = set(self.bench.scene.segments())
        back = tuple(key for key in self._keys() if key in keys and key not in present)
        self.bench.ensure(back)
        self.bench.put_into_scene({key: self.bench.crop(key) for key in back})
        self._follow()
        return back

    def read_masks(self) -> dict[str, Volume]:
        """The masks of the drawn targets by their names in a reading."""
        self.subtraction.end_preview()
        masks = read_masks(self.bench, self.live)
        self._follow()
        return masks

    def publish(self) -> None:
        """Show how everything stands."""
        if self.hub.case is not None:
            self.hub.publish(contour=contour_state(self))

    # findings
    def go_to_finding(self, number: int) -> None:
        """Show the place of what was found under a number."""
        found = self.rows.found(number)
        if found is None:
            self.hub.note(Level.INFO, "annotator.contour.finding_gone")
        else:
            self.go_to(*found)

    def go_to(self, target: Target, found: Finding | Overlap) -> None:
        """Choose the lesion something was found in, and show its place with what lies around."""
        from crc_core.contour.results import Finding

        number = found.lesion if isinstance(found, Finding) else found.later
        if number is None:
            self.targets.choose(target)
        else:
            self.targets.choose_lesion(target, number)
        if found.ras is not None:
            self.showing.jump(found.ras)

    def repair(self, number: int) -> None:
        """Mend what was found under a number, in one undo step; raises CrcError where the contour has changed since."""
        from crc_core.contour.results import Finding
        from crc_core.desk.mending import mended

        found = self.rows.found(number)
        finding = None if found is None else found[1]
        if not isinstance(finding, Finding) or not finding.repairable:
            self.hub.note(Level.INFO, "annotator.contour.finding_gone")
            return
        self.live.read_now()
        layers, state = self.bench.layers_of(finding.target), self.bench.work.of(finding.target)
        if layers is None or state is None:
            return
        crops = mended(layers, finding, kept=state.kept)
        self.subtraction.end_preview()
        self.bench.write({SegmentKey(finding.target, lesion, part): crop for (part, lesion), crop in crops.items()})
        self.subtraction.follow(finding.target)
        self.live.examine(finding.target, layers.lesions)
        self.live.now()
        self.hub.note(Level.INFO, "annotator.contour.repaired")

    def check_now(self) -> None:
        """Read and examine everything of the chosen target anew, at once."""
        state = self.bench.state
        if state is not None:
            self.live.changed(segments_of(state))
            self.live.examine(state.target, [lesion.number for lesion in state.lesions])
            self.live.now()

    def with_report(self, call: Callable[[], None]) -> None:
        """Do something that changes what is measured of the chosen lesion, and let the report follow."""
        call()
        target, number = self.bench.target, self.bench.lesion
        exam = None if target is None or number is None else self.bench.exams.get((target, number))
        if exam is not None:
            self._fill(exam)

    # what follows
    def segment_changed(self, key: SegmentKey) -> None:
        """A person or another module changed voxels: they are read soon, not now."""
        if not self._is_known(key):
            self.targets.reconcile()
        if not self._is_known(key):
            return
        self.bench.case.touched.add(key)
        self.bench.strokes += 1
        self.live.changed((key,))
        if self.bench.is_expected(key.target, key.lesion):
            # The first stroke makes the lesion: without it nobody would keep these voxels.
            self.live.read_now()
        self.bench.case.on_change()

    def _is_known(self, key: SegmentKey) -> bool:
        state = self.bench.work.of(key.target)
        its = state is not None and state.lesion(key.lesion) is not None
        return its or self.bench.is_expected(key.target, key.lesion)

    def _chosen(self) -> None:
        """Another target or lesion is worked on."""
        self.mri.give_up_placing()
        self.samples.put_away()
        self._follow()
        self._follow_marks()
        self.showing.jump_to_lesion()

    def _step_taken(self) -> None:
        """Another step of the way is taken."""
        if self.bench.step is ContourStepId.MEASURE:
            self.measuring.shown = True
        self.samples.put_away()
        self._follow()
        self._follow_marks()

    def _ring_kept(self) -> None:
        """The rings are kept: on to what is measured on them."""
        self.bench.step = ContourStepId.MEASURE
        self._step_taken()

    def _undone(self, forward: bool) -> None:
        """A step back or forward: any segment may hold other voxels now, and lesions may have come or gone."""
        if not forward:
            self.targets.bring_back()
        self.targets.reconcile()
        keys = self._keys()
        self._undone_keys.update(keys)
        self.live.changed(keys)
        self._follow()

    def _keys(self) -> list[SegmentKey]:
        """Every segment of ours that there should be, that of a lesion which is only expected too."""
        keys = dict.fromkeys(key for state in self.bench.work.targets for key in segments_of(state))
        if self.bench.target is not None and self.bench.lesion is not None:
            keys.update(dict.fromkeys(self.bench.keys_of(self.bench.target, self.bench.lesion)))
        return list(keys)

    def _follow(self) -> None:
        """Bring the scene in line; the tool stays in hand where it can draw, also on another image."""
        source = self.showing.source
        self.showing.follow()
        if not self.bench.in_front:
            return
        if self.steps.edited() is None:
            self.tools.lay_down()
        elif self.showing.source != source:
            self.tools.take_again()

    def _read(self, key: SegmentKey, change: Change) -> None:
        """A segment holds other voxels than before."""
        bench = self.bench
        if bench.case.read_only:
            return
        self.targets.become(key.target, key.lesion)
        self.filling.follow(key, change)
        self.subtraction.follow(key.target)
        if key in self._undone_keys:
            bench.case.touched.add(key)
            bench.case.on_change()
        else:
            self.showing.record_window(key.target)
            if key.target is bench.target and self.mri.is_used:
                bench.update(key.target, mri_used=True)
        self._undone_keys.discard(key)

    def _examined(self, exam: Exam) -> None:
        """A lesion was examined."""
        if not self.bench.case.read_only:
            self.samples.take(exam)
            self._fill(exam)
        if (exam.target, exam.lesion) == (self.bench.target, self.bench.lesion):
            self._follow_marks()
        self.publish()

    def _at_rest(self) -> None:
        """Everything that was drawn is examined."""
        self._undone_keys.clear()
        self.rows.forget_gone()
        self.publish()
        self.on_rest()

    def _measure_again(self) -> None:
        """The report asks for what is measured: what is known at once, and all of it examined anew."""
        for exam in tuple(self.bench.exams.values()):
            self._fill(exam)
        for state in self.bench.work.targets:
            self.live.examine(state.target, [lesion.number for lesion in state.lesions])
        self.live.now()

    def _fill(self, exam: Exam) -> None:
        """Hand what was measured to the report; of a subtraction only what is kept."""
        state = self.bench.work.of(exam.target)
        if state is None or (state.mode is Mode.SUBTRACTION and not state.kept):
            return
        self._report.fill(self.measuring.values(exam, self.samples.densities(exam)))

    def _follow_marks(self) -> None:
        if self.bench.in_front:
            self.measuring.follow()
            self.samples.follow()
            self.mri.follow()

    def _clear(self) -> None:
        self.live.stop()
        self.mri.stop()
        self._undone_keys.clear()
        self.bench.clear()
        drawing = (self.subtraction, self.steps, self.showing, self.targets, self.tools, self.filling)
        telling = (self.measuring, self.samples, self.mri, self.rows)
        for part in (*drawing, *telling):
            part.clear()
