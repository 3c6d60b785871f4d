"""What tests of the annotator's presenter need instead of a Slicer: a scene in numpy, a person who answers, time."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from crc_core.contour.inspection import Window
from crc_core.contour.results import Box, Point
from crc_core.contour.segment_key import SegmentKey
from crc_core.desk.arrangement import Arrangement, ImageKey
from crc_core.desk.marks import CaliperKey, CaliperMark, SampleKey, SampleMark, SyncPair
from crc_core.errors import CrcError
from crc_core.geometry.grid import Grid, Volume
from crc_core.store.access import ServerForm
from crc_core.vocabulary import CT_PHASES, LesionClass, Role
from CRCAnnotatorLib.presenter.ports import (
    Choice,
    Fill,
    KeptMask,
    Lost,
    SceneListener,
    Step,
    Tool,
)
from numpy.typing import NDArray

START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
Answer = Any


class ManualClock:
    """Time that only the test moves; `wait` moves the time of day and the monotonic seconds together."""

    def __init__(self, start: datetime = START) -> None:
        self.start = start
        self.seconds = 0.0

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def __call__(self) -> datetime:
        """The time of day, so that a store can share this clock."""
        return self.now()

    def wait(self, seconds: float) -> None:
        """Let time pass without anything happening; `StepJobs.advance` also runs what falls due."""
        self.seconds += seconds


@dataclass
class MemorySettings:
    """Settings that live as long as the test; share one between two annotators for a restart."""

    values: dict[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str | None:
        return self.values.get(name)

    def put(self, name: str, value: str | None) -> None:
        if value is None:
            self.values.pop(name, None)
        else:
            self.values[name] = value


@dataclass(frozen=True)
class Asked:
    """A question that was put to the person."""

    kind: str
    title: str
    words: str
    choices: tuple[Choice, ...] = ()
    preset: str = ""
    needed: bool = True


class ScriptedAsk:
    """A person who gives the answers the test laid down, in order; a question nobody expected fails the test.

    An answer is what the method returns, or a callable that gets the `Asked` and returns it.
    """

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.troubles: list[CrcError] = []
        self._answers: list[Answer] = []

    def will(self, *answers: Answer) -> None:
        """Lay down the next answers."""
        self._answers += answers

    @property
    def pending(self) -> int:
        """How many answers nobody asked for yet."""
        return len(self._answers)

    @property
    def last(self) -> Asked:
        """The last question."""
        return self.asked[-1]

    def choose(self, title: str, words: str, choices: Sequence[Choice]) -> str | None:
        return self._answer_one_of(Asked("choose", title, words, tuple(choices)))

    def pick(self, title: str, words: str, choices: Sequence[Choice]) -> str | None:
        return self._answer_one_of(Asked("pick", title, words, tuple(choices)))

    def text(self, title: str, words: str, preset: str = "", *, needed: bool = True) -> str | None:
        answer = self._answer(Asked("text", title, words, preset=preset, needed=needed))
        assert answer is None or isinstance(answer, str)
        assert answer is None or answer.strip() or not needed, "a needed text cannot be given empty"
        return answer

    def day(self, title: str, words: str, preset: date, *, latest: date) -> date | None:
        answer = self._answer(Asked("day", title, words, preset=preset.isoformat()))
        assert answer is None or (isinstance(answer, date) and answer <= latest)
        return answer

    def folder(self, title: str, preset: Path | None = None) -> Path | None:
        answer = self._answer(Asked("folder", title, "", preset="" if preset is None else str(preset)))
        assert answer is None or isinstance(answer, Path)
        return answer

    def file(self, title: str, endings: Sequence[str], preset: Path | None = None) -> Path | None:
        answer = self._answer(Asked("file", title, "", preset="" if preset is None else str(preset)))
        assert answer is None or isinstance(answer, Path)
        return answer

    def server(
        self,
        title: str,
        words: str,
        form: ServerForm,
        attempt: Callable[[ServerForm], Any],
        *,
        is_fixed: bool = False,
    ) -> Any:
        """Forms are laid down as answers: one that fails is told and the next is tried, None puts the form away."""
        while True:
            given = self._answer(Asked("server", title, words, preset=form.url, needed=is_fixed))
            if given is None:
                return None
            try:
                return attempt(given)
            except CrcError as error:
                self.troubles.append(error)

    def database_study(self) -> Path | None:
        answer = self._answer(Asked("database_study", "", ""))
        assert answer is None or isinstance(answer, Path)
        return answer

    def _answer_one_of(self, asked: Asked) -> str | None:
        answer = self._answer(asked)
        codes = [choice.code for choice in asked.choices]
        assert len(set(codes)) == len(codes), f"two ways to answer are the same: {codes}"
        assert answer is None or answer in codes, f"{answer!r} was not offered, only {codes}: {asked.words}"
        return None if answer is None else str(answer)

    def _answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        assert self._answers, f"nobody expected this question: {asked}"
        answer = self._answers.pop(0)
        return answer(asked) if callable(answer) else answer


@dataclass
class RunningSteps:
    """An iterator of steps on its way."""

    steps: Iterator[Step]
    done: Callable[[], None]
    failed: Callable[[Exception], None]
    progress: Callable[[Step], None] | None


@dataclass
class RunningProcess:
    """A job in a process aside."""

    job: str
    request: Mapping[str, Any]
    done: Callable[[Mapping[str, Any]], None]
    failed: Callable[[Exception], None]
    progress: Callable[[Step], None] | None


Handler = Callable[[Mapping[str, Any], Callable[[Step], None]], Mapping[str, Any]]


class StepJobs:
    """Later, every, steps and processes under the test's control, on a clock shared with the presenter.

    With `hold_steps` (`hold_processes`) steps (processes) wait for `step` and `finish_steps` (`finish_process`);
    without, they run to their end at once. `handlers` say what a process job answers; a CrcError is its failure.
    """

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.hold_steps = False
        self.hold_processes = False
        self.handlers: dict[str, Handler] = {}
        self.steps_running: dict[str, RunningSteps] = {}
        self.processes: dict[str, RunningProcess] = {}
        self.requested: list[tuple[str, Mapping[str, Any]]] = []
        self._due: list[tuple[float, int, str, Callable[[], None], float | None]] = []
        self._number = 0

    # the port
    def later(self, name: str, delay_s: float, call: Callable[[], None]) -> None:
        self._forget_timer(name)
        self._plan(name, self.clock.monotonic() + delay_s, call, None)

    def every(self, name: str, seconds: float, call: Callable[[], None]) -> None:
        self._forget_timer(name)
        self._plan(name, self.clock.monotonic() + seconds, call, seconds)

    def cancel(self, name: str) -> None:
        self._forget_timer(name)
        self._end_steps(name)
        self.processes.pop(name, None)

    def steps(
        self,
        name: str,
        steps: Iterator[Step],
        done: Callable[[], None],
        failed: Callable[[Exception], None],
        progress: Callable[[Step], None] | None = None,
    ) -> None:
        self._end_steps(name)
        self.steps_running[name] = RunningSteps(steps, done, failed, progress)
        if not self.hold_steps:
            self.finish_steps(name)

    def process(
        self,
        name: str,
        job: str,
        request: Mapping[str, Any],
        done: Callable[[Mapping[str, Any]], None],
        failed: Callable[[Exception], None],
        progress: Callable[[Step], None] | None = None,
    ) -> None:
        self.requested.append((job, request))
        self.processes[name] = RunningProcess(job, request, done, failed, progress)
        if not self.hold_processes:
            self.finish_process(name)

    # the test's side
    def advance(self, seconds: float) -> None:
        """Let time pass and run what falls due in it, in order."""
        end = self.clock.monotonic() + seconds
        while self._due and self._due[0][0] <= end:
            at, _, name, call, period = heapq.heappop(self._due)
            self.clock.seconds = max(self.clock.seconds, at)
            if period is not None:
                self._plan(name, at + period, call, period)
            call()
        self.clock.seconds = max(self.clock.seconds, end)

    def step(self, name: str) -> bool:
        """Run one step; whether there was one."""
        running = self.steps_running.get(name)
        if running is None:
            return False
        try:
            reached = next(running.steps)
        except StopIteration:
            del self.steps_running[name]
            running.done()
            return False
        except Exception as error:  # noqa: BLE001 - the port promises any exception of a step
            del self.steps_running[name]
            running.failed(error)
            return False
        if running.progress is not None:
            running.progress(reached)
        return True

    def finish_steps(self, name: str) -> None:
        """Run steps to their end."""
        while self.step(name):
            pass

    def finish_process(self, name: str) -> None:
        """Let a process come to its end."""
        running = self.processes.pop(name)
        handler = self.handlers.get(running.job)
        assert handler is not None, f"the test does not say what the job {running.job} answers"
        try:
            answer = handler(running.request, running.progress or (lambda step: None))
        except CrcError as error:
            running.failed(error)
            return
        running.done(answer)

    @property
    def names(self) -> frozenset[str]:
        """Every name under which something is still to come."""
        return frozenset(item[2] for item in self._due) | set(self.steps_running) | set(self.processes)

    def _plan(self, name: str, at: float, call: Callable[[], None], period: float | None) -> None:
        self._number += 1
        heapq.heappush(self._due, (at, self._number, name, call, period))

    def _forget_timer(self, name: str) -> None:
        self._due = [item for item in self._due if item[2] != name]
        heapq.heapify(self._due)

    def _end_steps(self, name: str) -> None:
        running = self.steps_running.pop(name, None)
        close = getattr(None if running is None else running.steps, "close", None)
        if close is not None:
            close()


@dataclass
class KeptWork:
    """What a keeper holds under one label."""

    document: Mapping[str, Any]
    masks: dict[SegmentKey, KeptMask | None]


class FakeKeeper:
    """A keeper in memory that also writes through `write`, where that is given; can wait and can fail.

    `hold`: saves wait for `finish`. `failure`: every save fails with it. `saves` lists what came, in order.
    """

    def __init__(self, write: Callable[[str, Mapping[str, Any], Mapping[SegmentKey, Any]], None] | None = None) -> None:
        self.hold = False
        self.failure: CrcError | None = None
        self.closed = False
        self.saves: list[tuple[str, Mapping[str, Any], Mapping[SegmentKey, KeptMask | None]]] = []
        self.kept: dict[str, KeptWork] = {}
        self._write = write
        self._waiting: list[int] = []
        self._saved: Callable[[str], None] = lambda label: None
        self._failed: Callable[[str, Exception], None] = lambda label, error: None

    def save(self, label: str, document: Mapping[str, Any], masks: Mapping[SegmentKey, KeptMask | None]) -> None:
        assert not self.closed, "a closed keeper was asked to save"
        copied = {
            key: None if mask is None else mask._replace(inside=mask.inside.copy()) for key, mask in masks.items()
        }
        self.saves.append((label, document, copied))
        self._waiting.append(len(self.saves) - 1)
        if not self.hold:
            self.finish()

    def on_saved(self, call: Callable[[str], None]) -> None:
        self._saved = call

    def on_failed(self, call: Callable[[str, Exception], None]) -> None:
        self._failed = call

    def close(self) -> None:
        self.finish()
        self.closed = True

    def finish(self) -> None:
        """Write what waits and tell of it."""
        while self._waiting:
            label, document, masks = self.saves[self._waiting.pop(0)]
            if self.failure is not None:
                self._failed(label, self.failure)
                continue
            kept = self.kept.setdefault(label, KeptWork({}, {}))
            kept.document = document
            kept.masks.update(masks)
            if self._write is not None:
                self._write(label, document, masks)
            self._saved(label)


@dataclass
class FakeSegment:
    """A segment: whole array on its grid."""

    array: NDArray[np.bool_]
    grid: Grid
    name: str
    lesion_class: LesionClass | None


class FakeScene:
    """The scene as numpy arrays. Methods below `the person` do what a person or another module would do."""

    def __init__(self) -> None:
        self.listener: SceneListener | None = None
        self.calls: list[str] = []
        self.failures: dict[str, Exception] = {}
        self._reset()

    def _reset(self) -> None:
        self.images: dict[ImageKey, Volume] = {}
        self.image_names: dict[ImageKey, str] = {}
        self.labels: dict[ImageKey, str] = {}
        self.windows: dict[ImageKey, Window | None] = {}
        self.arrangement: Arrangement | None = None
        self.shown_images: dict[str, ImageKey] = {}
        self.linked = False
        self.place: Point | None = None
        self.extent_mm: float | None = None
        self.source: ImageKey | None = None
        self.segmentation = ""
        self.held: dict[SegmentKey, FakeSegment] = {}
        self.shown: tuple[SegmentKey, ...] = ()
        self.fill = Fill.OUTLINE
        self.in_3d: tuple[SegmentKey, ...] = ()
        self.edited: SegmentKey | None = None
        self.tool: Tool | None = None
        self.brush_mm = 0.0
        self.calipers: tuple[CaliperMark, ...] = ()
        self.samples: tuple[SampleMark, ...] = ()
        self.sync_pairs: tuple[SyncPair, ...] = ()
        self.placing: ImageKey | None = None
        self.ct_to_mri: Sequence[Sequence[float]] | None = None
        self.oblique: tuple[Point, Point] | None = None
        self._undo: list[dict[SegmentKey, FakeSegment]] = []
        self._redo: list[dict[SegmentKey, FakeSegment]] = []

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if name in self.failures:
            raise self.failures.pop(name)

    def listen(self, listener: SceneListener | None) -> None:
        self._call("listen")
        self.listener = listener

    # images
    def add_image(self, key: ImageKey, volume: Volume, name: str, window: Window | None) -> None:
        self._call("add_image")
        self.images[key], self.image_names[key] = volume, name
        sharing = next((self.windows[other] for other in self._sharing(key) if other in self.windows), None)
        self.windows[key] = window or sharing

    def label_images(self, words: Mapping[ImageKey, str]) -> None:
        self._call("label_images")
        assert set(words) <= set(self.images), "an image is named that is not in the scene"
        self.labels = dict(words)

    def image(self, key: ImageKey) -> Volume | None:
        return self.images.get(key)

    def close_case(self) -> None:
        self._call("close_case")
        self._reset()

    # views
    def arrange(self, arrangement: Arrangement) -> None:
        self._call("arrange")
        for pane in arrangement.panes:
            assert pane.image in self.images, f"{pane.image} is shown but not in the scene"
        names = [pane.name for pane in arrangement.panes]
        assert len(set(names)) == len(names), f"two views have one name: {names}"
        self.arrangement = arrangement
        self.shown_images = {pane.name: pane.image for pane in arrangement.panes}

    def show_image(self, pane: str, key: ImageKey) -> None:
        self._call("show_image")
        assert pane in self.shown_images and key in self.images
        self.shown_images[pane] = key

    def link(self, linked: bool) -> None:
        self._call("link")
        self.linked = linked

    def jump(self, ras: Point, *, extent_mm: float | None = None) -> None:
        self._call("jump")
        assert len(ras) == 3 and all(np.isfinite(ras))
        self.place, self.extent_mm = ras, extent_mm

    def fit(self) -> None:
        self._call("fit")
        self.extent_mm = None

    def position(self) -> Point | None:
        return self.place

    def set_window(self, key: ImageKey, window: Window) -> None:
        self._call("set_window")
        assert key in self.images
        self._share_window(key, window)

    def window(self, key: ImageKey) -> Window | None:
        return self.windows.get(key)

    def tilt_oblique(self, start_ras: Point, end_ras: Point) -> None:
        self._call("tilt_oblique")
        self.oblique = (start_ras, end_ras)

    def show_3d(self, keys: Sequence[SegmentKey]) -> None:
        self._call("show_3d")
        self.in_3d = tuple(keys)

    # contours
    def begin_contours(self, source: ImageKey, name: str) -> None:
        self._call("begin_contours")
        if source not in self.images:
            raise CrcError("store.no_series", unit="", role=source.role.value)
        self.source, self.segmentation = source, name

    def ensure_segment(self, key: SegmentKey, name: str, lesion_class: LesionClass | None) -> None:
        self._call("ensure_segment")
        assert self.source is not None, "a segment needs a segmentation: begin_contours first"
        found = self.held.get(key)
        if found is None:
            grid = self.images[self.source].grid
            self.held[key] = FakeSegment(np.zeros(grid.shape_kji, bool), grid, name, lesion_class)
        else:
            found.name, found.lesion_class = name, lesion_class

    def remove_segment(self, key: SegmentKey) -> None:
        self._call("remove_segment")
        self.held.pop(key, None)
        if self.edited == key:
            self.edited = None

    def segments(self) -> tuple[SegmentKey, ...]:
        return tuple(self.held)

    def read(self, key: SegmentKey, grid: Grid) -> tuple[Box, NDArray[np.bool_]] | None:
        self._call("read")
        segment = self.held.get(key)
        if segment is None or not segment.array.any():
            return None
        assert segment.grid.same_as(grid), f"{key} lies on another grid"
        box = box_of(segment.array)
        return box, segment.array[box].copy()

    def write(self, key: SegmentKey, inside: NDArray[np.bool_] | None, box: Box | None, grid: Grid) -> None:
        self._call("write")
        assert key in self.held, f"{key} is written before it is made"
        segment = self.held[key]
        whole = np.zeros(grid.shape_kji, bool)
        if inside is not None:
            assert box is not None and whole[box].shape == inside.shape
            whole[box] = inside
        self.held[key] = FakeSegment(whole, grid, segment.name, segment.lesion_class)

    def undo_point(self) -> None:
        self._call("undo_point")
        self._undo.append(self._copy())
        self._redo.clear()

    def undo(self) -> None:
        self._call("undo")
        if self._undo:
            self._redo.append(self._copy())
            self.held = self._undo.pop()

    def redo(self) -> None:
        self._call("redo")
        if self._redo:
            self._undo.append(self._copy())
            self.held = self._redo.pop()

    def show_segments(self, shown: Sequence[SegmentKey], fill: Fill) -> None:
        self._call("show_segments")
        self.shown, self.fill = tuple(shown), fill

    # editor
    def edit(self, key: SegmentKey | None) -> None:
        self._call("edit")
        assert key is None or key in self.held, f"{key} is edited before it is made"
        self.edited = key

    def use_tool(self, tool: Tool | None) -> None:
        self._call("use_tool")
        self.tool = tool

    def set_brush(self, diameter_mm: float) -> None:
        self._call("set_brush")
        self.brush_mm = diameter_mm

    # marks
    def show_calipers(self, marks: Sequence[CaliperMark]) -> None:
        self._call("show_calipers")
        self.calipers = tuple(marks)

    def show_samples(self, marks: Sequence[SampleMark]) -> None:
        self._call("show_samples")
        self.samples = tuple(marks)

    def show_sync_pairs(self, pairs: Sequence[SyncPair]) -> None:
        self._call("show_sync_pairs")
        self.sync_pairs = tuple(pairs)

    def place_sync_point(self, image: ImageKey) -> None:
        self._call("place_sync_point")
        assert image in self.images
        self.placing = image

    def align_mri(self, ct_to_mri: Sequence[Sequence[float]] | None) -> None:
        self._call("align_mri")
        self.ct_to_mri = ct_to_mri

    # the person
    def draws(self, key: SegmentKey, inside: NDArray[np.bool_], tool: str = "Paint") -> None:
        """A person (or another module) makes a segment hold `inside` (the whole array) in one undo step."""
        segment = self.held[key]
        assert inside.shape == segment.grid.shape_kji
        self._undo.append(self._copy())
        self._redo.clear()
        segment.array = np.array(inside, bool)
        self._told.tool_used(tool)
        self._told.segment_changed(key)

    def removes(self, key: SegmentKey) -> None:
        """Another module takes a segment out."""
        del self.held[key]
        self._told.segment_gone(key)

    def undoes(self) -> None:
        """A person presses the editor's own undo."""
        before = self.held
        self.undo()
        for key in {*before, *self.held}:
            self._told.segment_changed(key)

    def takes(self, tool: Tool | None) -> None:
        """A person takes a tool in hand without our strip."""
        self.tool = tool
        self._told.tool_chosen(tool)

    def drags(self, key: CaliperKey, start_ras: Point, end_ras: Point) -> None:
        """A person drags a caliper and lets go."""
        self._told.caliper_dragged(key, start_ras, end_ras)

    def nudges(self, key: SampleKey, centre_ras: Point) -> None:
        """A person drags a density sample and lets go."""
        self._told.sample_moved(key, centre_ras)

    def places(self, ras: Point) -> None:
        """A person places the sync point that was asked for."""
        assert self.placing is not None
        image, self.placing = self.placing, None
        self._told.sync_point_placed(image, ras)

    def windows_by_hand(self, key: ImageKey, width: float, level: float) -> None:
        """A person changes the window of an image."""
        self._share_window(key, Window(width, level))
        self._told.window_changed(key, width, level)

    def scrolls(self, ras: Point) -> None:
        """A person scrolls the leading view."""
        self.place = ras
        self._told.slice_changed(ras)

    def touches(self) -> None:
        """A person moves the mouse over the views."""
        self._told.touched()

    def loses(self, what: Lost, key: ImageKey | None = None) -> None:
        """Somebody closes the scene, deletes an image or deletes the segmentation."""
        self._told.losing()
        if what is Lost.SCENE:
            self._reset()
        elif what is Lost.SEGMENTATION:
            self.held, self.source, self.edited, self.tool = {}, None, None, None
            self._undo, self._redo = [], []
        elif key is not None:
            del self.images[key]
        self._told.lost(what)

    @property
    def burden(self) -> int:
        """How many things of ours lie in the scene; 0 for an empty one."""
        marks = len(self.calipers) + len(self.samples) + len(self.sync_pairs)
        return len(self.images) + len(self.windows) + len(self.held) + len(self._undo) + len(self._redo) + marks

    @property
    def _told(self) -> SceneListener:
        assert self.listener is not None, "nobody listens to the scene"
        return self.listener

    def _copy(self) -> dict[SegmentKey, FakeSegment]:
        return {
            key: FakeSegment(item.array.copy(), item.grid, item.name, item.lesion_class)
            for key, item in self.held.items()
        }

    def _share_window(self, key: ImageKey, window: Window) -> None:
        for other in (key, *self._sharing(key)):
            if other in self.images:
                self.windows[other] = window

    def _sharing(self, key: ImageKey) -> list[ImageKey]:
        """The images that show in the same window as `key`."""
        return [other for other in self.images if other != key and _is_phase(key) and _is_phase(other)]


def _is_phase(key: ImageKey) -> bool:
    return key.role in CT_PHASES and not key.is_prior


def box_of(inside: NDArray[np.bool_]) -> Box:
    """The smallest box around what is inside; raises AssertionError for an empty array."""
    assert inside.any()
    spans = []
    for axis in range(3):
        hit = np.flatnonzero(inside.any(axis=tuple(other for other in range(3) if other != axis)))
        spans.append(slice(int(hit[0]), int(hit[-1]) + 1))
    return (spans[0], spans[1], spans[2])


def ball(grid: Grid, centre_ras: Point, radius_mm: float) -> NDArray[np.bool_]:
    """A ball as a person would paint it, on a grid."""
    k, j, i = np.meshgrid(*(np.arange(size) for size in grid.shape_kji), indexing="ij")
    ras = grid.to_ras(np.stack([i, j, k], axis=-1))
    return np.asarray(np.linalg.norm(ras - np.asarray(centre_ras), axis=-1) <= radius_mm)


def middle_of(grid: Grid) -> Point:
    """The middle of a grid in RAS."""
    k, j, i = grid.shape_kji
    ras = grid.to_ras(((i - 1) / 2, (j - 1) / 2, (k - 1) / 2))
    return (float(ras[0]), float(ras[1]), float(ras[2]))


PVP = ImageKey(Role.PVP)
CHEST = ImageKey(Role.CHEST)
