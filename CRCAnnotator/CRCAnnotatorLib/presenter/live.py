"""The live checks: what was drawn is read, examined and told soon after the last stroke, never while the pen moves."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TYPE_CHECKING

from crc_core.contour.segment_key import SegmentKey
from crc_core.contour.terminology import Part
from crc_core.desk.policy import desk_policy
from crc_core.vocabulary import Target

from CRCAnnotatorLib.presenter.contour_bench import Bench
from CRCAnnotatorLib.presenter.ports import Step
from CRCAnnotatorLib.presenter.running import tell

if TYPE_CHECKING:
    from crc_core.desk.examining import Exam, Surroundings
    from crc_core.desk.layers import Change, TargetLayers

_DELAY = "annotator.checks.delay"
_STEPS = "annotator.checks"
_READY = "annotator.checks.ready"
_PIECE_S = 0.015
"""Pieces of work are put together until they took this long; none of them is longer than a slot may be."""

OnRead = Callable[[SegmentKey, "Change"], None]


class Live:
    """Reads segments that changed and examines the lesions they belong to, one bounded piece at a time.

    `on_read` is told of every segment whose voxels are others than before, `on_exam` of every finished examination,
    `on_idle` when nothing is left to do.
    """

    def __init__(
        self, bench: Bench, on_read: OnRead, on_exam: Callable[[Exam], None], on_idle: Callable[[], None]
    ) -> None:
        self._bench = bench
        self._on_read, self._on_exam, self._on_idle = on_read, on_exam, on_idle
        self._to_read: dict[SegmentKey, None] = {}
        self._to_examine: dict[tuple[Target, int], None] = {}

    @property
    def is_checking(self) -> bool:
        """Whether something that was drawn has not been examined yet."""
        return bool(self._to_read or self._to_examine)

    def get_ready(self) -> None:
        """Have at hand what the first examination needs, before anybody draws."""
        from crc_core.desk.examining import getting_ready

        steps = (Step("") for _ in getting_ready())
        self._bench.hub.kit.jobs.steps(_READY, steps, lambda: None, lambda error: tell(self._bench.hub, error))

    def changed(self, keys: Iterable[SegmentKey]) -> None:
        """Segments may hold other voxels now; what runs starts anew after the delay."""
        self._to_read.update(dict.fromkeys(keys))
        self._later()

    def examine(self, target: Target, lesions: Iterable[int]) -> None:
        """Lesions are to be examined (again), though nobody drew on them."""
        self._to_examine.update(dict.fromkeys((target, number) for number in lesions))
        self._later()

    def forget(self, target: Target, number: int) -> None:
        """A lesion is gone."""
        self._to_examine.pop((target, number), None)
        self._bench.exams.pop((target, number), None)
        self._to_read = {key: None for key in self._to_read if (key.target, key.lesion) != (target, number)}

    def now(self) -> None:
        """Begin at once instead of after the delay."""
        self._bench.hub.kit.jobs.cancel(_DELAY)
        self._start()

    def read_now(self) -> None:
        """Read what changed before anything is done with the voxels; raises CrcError where the scene refuses."""
        for key in tuple(self._to_read):
            del self._to_read[key]
            self._read(key)

    def stop(self) -> None:
        """The case is closed."""
        for name in (_DELAY, _STEPS, _READY):
            self._bench.hub.kit.jobs.cancel(name)
        self._to_read, self._to_examine = {}, {}

    def near(self, target: Target, layers: TargetLayers, change: Change) -> None:
        """Have everything examined anew that looks at a place where a segment changed."""
        found = dict.fromkeys((target, number) for number in layers.near(change.box))
        for other, its in self._bench.layers.items():
            if other is not target and its.grid.same_as(layers.grid):
                found.update(dict.fromkeys((other, number) for number in its.near(change.box)))
        self._to_examine.update(found)

    def _later(self) -> None:
        jobs = self._bench.hub.kit.jobs
        jobs.cancel(_STEPS)
        jobs.later(_DELAY, desk_policy().check_delay_s, self._start)

    def _start(self) -> None:
        if self.is_checking:
            self._bench.hub.kit.jobs.steps(_STEPS, self._steps(), self._on_idle, self._failed)
        else:
            self._on_idle()

    def _failed(self, error: Exception) -> None:
        """What cannot be examined is told once and left until it is drawn on again; the others go on."""
        tell(self._bench.hub, error)
        self._start()

    def _steps(self) -> Iterator[Step]:
        while self._to_read:
            key = next(iter(self._to_read))
            del self._to_read[key]
            self._read(key)
            yield Step("")
        while self._to_examine:
            target, number = self._next()
            try:
                exam = yield from self._examination(target, number)
            except Exception:
                self._to_examine.pop((target, number), None)
                raise
            self._to_examine.pop((target, number), None)
            if exam is not None:
                self._bench.exams[target, number] = exam
                self._on_exam(exam)
            yield Step("")

    def _next(self) -> tuple[Target, int]:
        """The lesion in front of the person first."""
        front = (self._bench.target, self._bench.lesion)
        return next((item for item in self._to_examine if item == front), next(iter(self._to_examine)))

    def _read(self, key: SegmentKey) -> None:
        from crc_core.desk.layers import Crop

        layers = self._bench.layers_of(key.target)
        if layers is None or (key.part is not Part.MASK and layers.outer is None):
            return
        if key not in self._bench.scene.segments():
            return  # deleted under us, which is told otherwise: what was read of it before is worth keeping
        found = self._bench.scene.read(key, layers.grid)
        change = layers.put(key.part, key.lesion, None if found is None else Crop(*found))
        if change is not None:
            self.near(key.target, layers, change)
            self._to_examine[key.target, key.lesion] = None
            self._on_read(key, change)

    def _examination(self, target: Target, number: int) -> Generator[Step, None, Exam | None]:
        from crc_core.desk.examining import examining

        state, layers = self._bench.work.of(target), self._bench.layers_of(target)
        if state is None or layers is None or state.lesion(number) is None:
            return None
        clock = self._bench.hub.kit.clock
        pieces = examining(layers, target, number, self._surroundings(target, layers))
        began = clock.monotonic()
        yield Step("")
        while True:
            try:
                next(pieces)
            except StopIteration as end:
                exam: Exam = end.value
                return exam
            if clock.monotonic() - began >= _PIECE_S:
                yield Step("")
                began = clock.monotonic()

    def _surroundings(self, target: Target, layers: TargetLayers) -> Surroundings:
        from crc_core.desk.examining import Surroundings

        bench = self._bench
        case, state = bench.case, bench.work.of(target)
        source = case.source(target)
        images = {key.role: bench.scene.image(key) for key in case.grids if not key.is_prior}
        record = next((item for item in case.view.series if source is not None and item.role is source.role), None)
        return Surroundings(
            image=None if source is None else images.get(source.role),
            phases={role: image for role, image in images.items() if image is not None},
            others=[
                (other, its.examined)
                for other, its in bench.layers.items()
                if other is not target and its.grid.same_as(layers.grid)
            ],
            to_review=() if state is None else state.filled_slices,
            bowel_direction=bench.work.bowel_direction,
            slice_thickness_mm=None if record is None else record.thickness_mm,
        )
