"""Sizes: calipers on the images that follow the contour until a person drags one, and what goes into the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from crc_core.contour.results import Caliper, Measurement, Method, Point, Size, Unit
from crc_core.contour.wording import slice_number
from crc_core.desk.marks import CaliperKey, CaliperMark
from crc_core.vocabulary import BowelDirection, Target

from CRCAnnotatorLib.presenter.contour_bench import Bench
from CRCAnnotatorLib.presenter.state import SizeRow

if TYPE_CHECKING:
    from crc_core.contour.results import LesionDensity, LesionMeasurements
    from crc_core.desk.examining import Exam
    from crc_core.desk.work import LesionWork
    from crc_core.geometry import Grid
    from crc_core.report.autofill import MeasuredValue

    from CRCAnnotatorLib.presenter.contour_showing import Showing
    from CRCAnnotatorLib.presenter.live import Live

_FIELD_OF = {
    Size.LONG_DIAMETER: "long_diameter",
    Size.SHORT_DIAMETER: "short_diameter",
    Size.CRANIO_CAUDAL: "cranio_caudal",
    Size.THICKNESS: "thickness",
    Size.LONGEST_AXIAL: "longest_axial",
}
_OFFERED_SHARE = 0.25
"""The offered caliper of a wall is this part of the short diameter: at hand to be dragged, plainly no measurement."""


class Measuring:
    """The calipers of the chosen lesion."""

    def __init__(self, bench: Bench, live: Live, showing: Showing) -> None:
        self._bench, self._live, self._showing = bench, live, showing
        self.shown = False
        self._are_drawn = False

    def clear(self) -> None:
        """The case is closed."""
        self.shown = False

    def show(self, shown: bool) -> None:
        """Draw the calipers on the images, or no longer."""
        self.shown = shown
        self.follow()

    def follow(self) -> None:
        """Draw the calipers as they are now."""
        marks = self._marks() if self.shown else ()
        if marks or self._are_drawn:
            self._bench.scene.show_calipers(marks)
        self._are_drawn = bool(marks)

    def set_bowel(self, direction: BowelDirection) -> None:
        """Say how the bowel runs at the primary; it is measured again accordingly."""
        if direction is self._bench.work.bowel_direction:
            return
        self._bench.change(replace(self._bench.work, bowel_direction=direction))
        state = self._bench.work.of(Target.PRIMARY)
        if state is not None:
            self._live.examine(Target.PRIMARY, [lesion.number for lesion in state.lesions])

    # what a person does to a caliper
    def dragged(self, key: CaliperKey, start_ras: Point, end_ras: Point) -> None:
        """A person let go of a caliper: from now on it is theirs, also when the contour changes."""
        lesion, grid = self._lesion(key.target, key.lesion), self._bench.case.source_grid(key.target)
        before = self._measurement(key.target, key.lesion, key.size)
        if before is None and key.size is Size.THICKNESS:
            before = self._offered(key.target, key.lesion)
        if lesion is None or grid is None or before is None or self._bench.case.read_only:
            self.follow()
            return
        moved = before.moved(start_ras, end_ras, _slice_of(start_ras, end_ras, grid))
        by_hand = (*(item for item in lesion.by_hand if item.kind is not key.size), moved)
        self._bench.change_lesion(key.target, replace(lesion, by_hand=by_hand))
        self.follow()

    def reset(self, id_: str) -> None:
        """Give a caliper back to the contour."""
        target, lesion = self._bench.target, self._bench.lesion_work
        if target is not None and lesion is not None:
            left = tuple(item for item in lesion.by_hand if item.kind.value != id_)
            self._bench.change_lesion(target, replace(lesion, by_hand=left))
            self.follow()

    def go_to(self, id_: str) -> None:
        """Show a caliper in its slice."""
        target, number = self._bench.target, self._bench.lesion
        if target is None or number is None or id_ not in set(Size):
            return
        size = Size(id_)
        found = self._measurement(target, number, size)
        if found is None and size is Size.THICKNESS:
            found = self._offered(target, number)
        if found is not None:
            self.shown = True
            self.follow()
            self._showing.jump(_middle(found.place))

    # what is shown
    def volume_words(self) -> str:
        """The volume of the chosen lesion; empty while nothing is measured."""
        sizes = self._sizes(self._bench.target, self._bench.lesion)
        if sizes is None:
            return ""
        return self._bench.hub.say("annotator.contour.volume", volume=f"{sizes.volume_ml:.1f}", slices=sizes.slices)

    def rows(self) -> tuple[SizeRow, ...]:
        """The sizes of the chosen lesion."""
        target, number = self._bench.target, self._bench.lesion
        if target is None or number is None:
            return ()
        rows = [self._row(target, item) for item in self._measurements(target, number)]
        if self._offered(target, number) is not None and self._measurement(target, number, Size.THICKNESS) is None:
            rows.append(self._offered_row())
        return tuple(rows)

    def _row(self, target: Target, measurement: Measurement) -> SizeRow:
        hub, grid = self._bench.hub, self._bench.case.source_grid(target)
        by_hand = measurement.method is Method.BY_HAND
        parts = [hub.say("annotator.contour.precision", precision=f"{measurement.precision:.1f}")]
        if measurement.slice_index is not None and grid is not None:
            parts.append(hub.say("annotator.contour.slice", number=slice_number(measurement.slice_index, grid)))
        own = self._by_contour(target, self._bench.lesion, measurement.kind)
        if by_hand and own is not None:
            parts.append(hub.say("annotator.contour.contour_says", value=own.shown))
        return SizeRow(
            id=measurement.kind.value,
            label=hub.say(f"contour.size.{measurement.kind.value}"),
            value=hub.say("contour.unit.mm", value=measurement.shown),
            detail=hub.say("annotator.contour.joint").join(parts),
            by_hand=by_hand,
        )

    def _offered_row(self) -> SizeRow:
        hub, size = self._bench.hub, Size.THICKNESS
        label, detail = hub.say(f"contour.size.{size.value}"), hub.say("annotator.contour.thickness_by_hand")
        return SizeRow(size.value, label, hub.say("annotator.contour.no_value"), detail, by_hand=False)

    def _marks(self) -> tuple[CaliperMark, ...]:
        target, number, hub = self._bench.target, self._bench.lesion, self._bench.hub
        if target is None or number is None:
            return ()
        marks = []
        for item in self._measurements(target, number):
            words = hub.say(
                "annotator.contour.caliper",
                size=hub.say(f"contour.size.{item.kind.value}"),
                value=hub.say("contour.unit.mm", value=item.shown),
            )
            marks.append(CaliperMark(CaliperKey(target, number, item.kind), item, words))
        offered = self._offered(target, number)
        if offered is not None and self._measurement(target, number, Size.THICKNESS) is None:
            words = hub.say("annotator.contour.thickness_offered")
            marks.append(CaliperMark(CaliperKey(target, number, Size.THICKNESS), offered, words))
        return tuple(marks)

    # what goes into the report
    def values(self, exam: Exam, densities: tuple[LesionDensity, ...]) -> tuple[MeasuredValue, ...]:
        """Everything measured of a lesion, a dragged caliper in place of the contour's own, with its densities."""
        from crc_core.measuring import Assessment, LesionAssessment
        from crc_core.report.autofill import MeasuredValue
        from crc_core.report.template import Measurable

        lesion = self._lesion(exam.target, exam.lesion)
        if lesion is None:
            return ()
        if exam.sizes is None:
            # One empty value speaks of the lesion, so that what was measured on voxels that are gone goes as well.
            kind, how = Measurable.LONG_DIAMETER, f"contour.method.{Method.BY_HAND.value}"
            return (MeasuredValue(exam.target, exam.lesion, kind, None, "mm", how),)
        by_hand: dict[str, Any] = {_FIELD_OF[item.kind]: item for item in lesion.by_hand}
        sizes = replace(exam.sizes, **by_hand)
        return Assessment((LesionAssessment(exam.target, sizes, densities),)).values()

    # within
    def _measurements(self, target: Target, number: int) -> Sequence[Measurement]:
        """The sizes in force, in the order of the report."""
        found = (self._measurement(target, number, size) for size in _FIELD_OF)
        return [item for item in found if item is not None and self._is_asked(target, item.kind)]

    def _is_asked(self, target: Target, size: Size) -> bool:
        """Whether a size is told of a target: the longest of all slices is no field of the primary's own."""
        if target is Target.PRIMARY:
            return size is not Size.LONGEST_AXIAL
        return size not in (Size.THICKNESS, Size.LONG_DIAMETER)

    def _measurement(self, target: Target, number: int, size: Size) -> Measurement | None:
        lesion = self._lesion(target, number)
        by_hand = None if lesion is None else lesion.caliper(size)
        return by_hand or self._by_contour(target, number, size)

    def _by_contour(self, target: Target, number: int | None, size: Size) -> Measurement | None:
        sizes = self._sizes(target, number)
        return None if sizes is None else sizes.of(size)

    def _offered(self, target: Target, number: int) -> Measurement | None:
        """A caliper for the wall of a primary that has no inner edge, to be dragged across it."""
        sizes = self._sizes(target, number)
        if target is not Target.PRIMARY or sizes is None or sizes.thickness is not None:
            return None
        short = sizes.short_diameter
        start, end = short.place.start_ras, short.place.end_ras
        a, b, c = (x + _OFFERED_SHARE * (y - x) for x, y in zip(start, end, strict=True))
        place = Caliper(start, (a, b, c))
        return Measurement(
            Size.THICKNESS, place.length_mm, Unit.MM, short.precision, Method.BY_HAND, place, short.slice_index
        )

    def _sizes(self, target: Target | None, number: int | None) -> LesionMeasurements | None:
        exam = None if target is None or number is None else self._bench.exams.get((target, number))
        return None if exam is None else exam.sizes

    def _lesion(self, target: Target, number: int) -> LesionWork | None:
        state = self._bench.work.of(target)
        return None if state is None else state.lesion(number)


def _middle(place: Caliper) -> Point:
    a, b, c = ((x + y) / 2 for x, y in zip(place.start_ras, place.end_ras, strict=True))
    return (a, b, c)


def _slice_of(start_ras: Point, end_ras: Point, grid: Grid) -> int | None:
    """The slice both ends lie in; None where they lie in different ones."""
    from crc_core.contour.voxels import slice_axis

    axis = 2 - slice_axis(grid)
    start, end = (round(float(grid.to_ijk(point)[axis])) for point in (start_ras, end_ras))
    return start if start == end else None
