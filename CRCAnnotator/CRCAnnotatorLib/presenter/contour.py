"""The step "contour": what the view asks for and what the scene tells, handed to the part it concerns."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from crc_core.contour.inspection import Window
from crc_core.contour.results import Point
from crc_core.contour.segment_key import SegmentKey
from crc_core.desk.arrangement import ImageKey
from crc_core.desk.marks import CaliperKey, SampleKey
from crc_core.desk.steps import ContourStepId
from crc_core.errors import CrcError
from crc_core.vocabulary import BowelDirection, LesionClass, Role, Target, TargetAnswer

from CRCAnnotatorLib.presenter.contour_work import ContourWork
from CRCAnnotatorLib.presenter.ports import Fill, KeptMask, Tool
from CRCAnnotatorLib.presenter.state import Level

if TYPE_CHECKING:
    from crc_core.contour.results import Finding
    from crc_core.geometry import Volume

    from CRCAnnotatorLib.presenter.hub import Hub
    from CRCAnnotatorLib.presenter.open_case import OpenCase
    from CRCAnnotatorLib.presenter.report import ReportPart

Call = Callable[[], None]
_PLACED = "annotator.sync_point"


class Contour:
    """The step "contour" of the open case; `on_checked` is called when the live checks have come to rest."""

    def __init__(self, hub: Hub, report: ReportPart) -> None:
        self._hub = hub
        self._its = ContourWork(hub, report)
        self.on_checked: Call = lambda: None
        self._its.on_rest = lambda: self.on_checked()

    # the case
    def opened(self, case: OpenCase, masks: Mapping[SegmentKey, KeptMask] | None = None) -> None:
        """A case is open and its images are in the scene: make its segments, put `masks` (kept ones) into them.

        Raises CrcError where the scene refuses.
        """
        self._its.open(masks or {})

    def closed(self) -> None:
        """The case is closed."""
        self._its.close()

    def entered(self) -> None:
        """The step is shown."""
        self._do(self._its.enter, changes=False)

    def left(self) -> None:
        """Another step is shown: tools are laid down."""
        self._do(self._its.leave, changes=False)

    def refresh(self) -> None:
        """Word everything anew."""
        self._do(self._its.word_again, changes=False)

    # what others ask
    def drawn(self) -> frozenset[SegmentKey]:
        """The segments that hold voxels."""
        return frozenset() if self._hub.case is None else self._its.drawn()

    def findings(self) -> tuple[Finding, ...]:
        """What the live checks found, over all targets."""
        return () if self._hub.case is None else self._its.findings()

    def go_to_found(self, finding: Finding) -> None:
        """Choose the target and lesion of a finding and show its place."""
        self._do(lambda: self._its.go_to(finding.target, finding), changes=False)

    def kept(self) -> dict[SegmentKey, KeptMask]:
        """The voxels of all segments as they were last read, also where the scene has lost them."""
        return {} if self._hub.case is None else self._its.kept()

    def read_now(self) -> None:
        """Read at once what was drawn and is not read yet."""
        self._do(self._its.live.read_now, changes=False)

    def put_back(self, keys: Collection[SegmentKey]) -> tuple[SegmentKey, ...]:
        """Put segments that another module took out back, as they were last read; those the work still speaks of."""
        back: list[SegmentKey] = []
        self._do(lambda: back.extend(self._its.put_back(keys)), changes=False)
        return tuple(back)

    def read_masks(self) -> dict[str, Volume]:
        """The masks of the drawn targets by the names they have in a reading, read from the scene anew.

        Where lesions of a target share voxels, the later one has them, and a warning tells it. Raises CrcError where
        the scene cannot give a segment.
        """
        return {} if self._hub.case is None else self._its.read_masks()

    # targets and lesions
    def choose_target(self, target: Target) -> None:
        """Work on a target."""
        self._do(lambda: self._its.targets.choose(target), changes=False)

    def choose_lesion(self, target: Target, number: int) -> None:
        """Work on a lesion."""
        self._do(lambda: self._its.targets.choose_lesion(target, number), changes=False)

    def add_lesion(self, target: Target) -> None:
        """One more lesion."""
        self._do(lambda: self._its.targets.add(target))

    def remove_lesion(self, target: Target, number: int) -> None:
        """Take a lesion away; asks where it is drawn."""
        self._do(lambda: self._its.targets.remove(target, number))

    def set_kind(self, target: Target, number: int, kind: LesionClass) -> None:
        """Give a lesion another class."""
        self._do(lambda: self._its.targets.set_kind(target, number, kind))

    def answer(self, target: Target, answer: TargetAnswer | None) -> None:
        """Say what is seen of a target in which nothing is drawn; None takes it back."""
        self._do(lambda: self._its.targets.answer(target, answer))

    # steps and tools
    def go_to_step(self, step: ContourStepId) -> None:
        """Take a step of the chosen target's mode."""
        self._do(lambda: self._its.steps.go_to(step), changes=False)

    def use_tool(self, tool: Tool | None) -> None:
        """Take a tool in hand; the same again lays it down."""
        self._do(lambda: self._its.tools.use(tool), changes=False)

    def set_brush(self, mm: float) -> None:
        """Set the brush, in millimetres."""
        self._do(lambda: self._its.tools.set_brush(mm), changes=False)

    def undo(self) -> None:
        """One step back."""
        self._do(self._its.tools.undo)

    def redo(self) -> None:
        """One step forward again."""
        self._do(self._its.tools.redo)

    def set_fill(self, fill: Fill) -> None:
        """Outlines, or filled contours."""
        self._do(lambda: self._its.showing.set_fill(fill), changes=False)

    def preset_window(self) -> None:
        """The preset window of the chosen target again."""
        self._do(self._its.showing.preset_window, changes=False)

    def fill_between(self) -> None:
        """Fill the open slices between drawn ones."""
        self._do(self._its.filling.fill_between)

    def review_next(self) -> None:
        """Show the next filled slice nobody has looked at."""
        self._do(self._its.filling.review_next, changes=False)

    def mark_reviewed(self) -> None:
        """The filled slice in view was looked at."""
        self._do(self._its.filling.mark_reviewed)

    def keep(self) -> None:
        """Make outer minus inner the contour."""
        self._do(self._its.subtraction.keep)

    # checks and measurements
    def go_to_finding(self, id: int) -> None:  # noqa: A002 - the name the panel's rows have
        """Show the place of a finding."""
        self._do(lambda: self._its.go_to_finding(id), changes=False)

    def repair(self, id: int) -> None:  # noqa: A002 - the name the panel's rows have
        """Mend a finding in one step that can be undone."""
        self._do(lambda: self._its.repair(id))

    def check_now(self) -> None:
        """Read and examine everything of the chosen target anew."""
        self._do(self._its.check_now, changes=False)

    def set_bowel(self, direction: BowelDirection) -> None:
        """Say how the bowel runs at the primary."""
        self._do(lambda: self._its.measuring.set_bowel(direction))

    def go_to_size(self, id: str) -> None:  # noqa: A002 - the name the panel's rows have
        """Show a caliper in its slice."""
        self._do(lambda: self._its.measuring.go_to(id), changes=False)

    def reset_size(self, id: str) -> None:  # noqa: A002 - the name the panel's rows have
        """Give a caliper back to the contour."""
        self._do(lambda: self._its.with_report(lambda: self._its.measuring.reset(id)))

    def show_calipers(self, shown: bool) -> None:
        """Draw the calipers on the images, or no longer."""
        self._do(lambda: self._its.measuring.show(shown), changes=False)

    def show_samples(self, role: Role | None) -> None:
        """Show the samples of a phase on its own image."""
        self._do(lambda: self._its.samples.show(role), changes=False)

    def confirm_samples(self) -> None:
        """The samples in view are good."""
        self._do(lambda: self._its.with_report(self._its.samples.confirm))

    def resample(self, role: Role) -> None:
        """Propose the samples of a phase anew."""
        self._do(lambda: self._its.samples.resample(role))

    def set_3d(self, shown: bool) -> None:
        """Show the chosen target in space."""
        self._do(lambda: self._its.showing.set_3d(shown), changes=False)

    def align_oblique(self) -> None:
        """Cut the oblique view straight across the bowel."""
        self._do(self._its.showing.align_oblique, changes=False)

    # MRI
    def add_sync_pair(self) -> None:
        """Let a person place a pair of sync points."""
        self._do(self._its.mri.add_pair)

    def remove_sync_pair(self) -> None:
        """Take the last pair away."""
        self._do(self._its.mri.remove_pair)

    def register_mri(self) -> None:
        """Register the MRI with the CT in a process aside."""
        self._do(self._its.mri.register)

    def cancel_registration(self) -> None:
        """Stop the registration that runs."""
        self._do(self._its.mri.cancel)

    def accept_registration(self, accepted: bool) -> None:
        """Say of the registration that it holds, or that it goes."""
        self._do(lambda: self._its.mri.accept(accepted))

    def show_moved(self, moved: bool) -> None:
        """Show the MRI where the registration puts it, or as it was before."""
        self._do(lambda: self._its.mri.show_moved(moved), changes=False)

    # what the scene tells
    def segment_changed(self, key: SegmentKey) -> None:
        """The voxels of a segment were changed; read and examined soon, not now."""
        if self._hub.case is not None and not self._hub.case.read_only:
            self._do(lambda: self._its.segment_changed(key))

    def tool_used(self, tool: str) -> None:
        """An effect was used."""
        if self._hub.case is not None and not self._hub.case.read_only:
            self._do(lambda: self._its.tools.used(tool))

    def tool_chosen(self, tool: Tool | None) -> None:
        """Another tool is active."""
        self._do(lambda: self._its.tools.chosen(tool), changes=False)

    def caliper_dragged(self, key: CaliperKey, start_ras: Point, end_ras: Point) -> None:
        """A person let go of a caliper."""
        self._do(
            lambda: self._its.with_report(lambda: self._its.measuring.dragged(key, start_ras, end_ras)), changes=False
        )

    def sample_moved(self, key: SampleKey, centre_ras: Point) -> None:
        """A person let go of a density sample."""
        self._do(lambda: self._its.with_report(lambda: self._its.samples.moved(key, centre_ras)), changes=False)

    def sync_point_placed(self, image: ImageKey, ras: Point) -> None:
        """A person placed a sync point; Slicer, still inside the click, would crash over what follows from it."""
        self._hub.kit.jobs.later(_PLACED, 0.0, lambda: self._do(lambda: self._its.mri.placed(image, ras)))

    def window_changed(self, image: ImageKey, width: float, level: float) -> None:
        """The window of an image was changed by hand."""
        self._do(lambda: self._its.showing.window_changed(image, Window(width, level)), changes=False)

    # within
    def _do(self, call: Call, *, changes: bool = True) -> None:
        """Do what was asked, tell what is wrong, publish once; nothing is changed of a case that can only be read."""
        case = self._hub.case
        if case is None:
            return
        with self._hub.hold():
            if changes and case.read_only:
                self._hub.note(Level.INFO, "annotator.contour.read_only")
                return
            try:
                call()
            except CrcError as error:
                self._hub.tell(error)
            self._its.publish()
