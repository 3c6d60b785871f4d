"""What the presenter needs from outside, as protocols: scene, questions to a person, work in steps or aside, time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from crc_core.contour.results import Box, Point
from crc_core.contour.segment_key import SegmentKey
from crc_core.desk.arrangement import Arrangement, ImageKey
from crc_core.desk.marks import CaliperKey, CaliperMark, SampleKey, SampleMark, SyncPair
from crc_core.errors import CrcError
from crc_core.panel.ports import Choice as Choice
from crc_core.panel.ports import Questions, Settings, Step, WallClock
from crc_core.store.protocol import Store
from crc_core.vocabulary import LesionClass

if TYPE_CHECKING:
    import numpy as np
    from crc_core.contour.inspection import Window
    from crc_core.geometry import Grid, Volume
    from crc_core.store.remote.session import ServerSession
    from numpy.typing import NDArray


class Tool(StrEnum):
    """A drawing tool of the strip; the scene knows which of Slicer's effects it is."""

    PAINT = "paint"
    ERASE = "erase"
    DRAW = "draw"
    SCISSORS = "scissors"
    LEVEL_TRACING = "level_tracing"
    ISLANDS = "islands"
    SMOOTHING = "smoothing"
    MARGIN = "margin"


class Fill(StrEnum):
    """How contours are shown over the image."""

    OUTLINE = "outline"
    FILLED = "filled"


class Lost(StrEnum):
    """What went away under the open case."""

    SCENE = "scene"
    IMAGE = "image"
    SEGMENTATION = "segmentation"


class SceneListener(Protocol):
    """What the scene tells; every call comes on the application's own thread, none from inside a call to the scene."""

    def segment_changed(self, key: SegmentKey) -> None:
        """The voxels of a segment were changed by a person or by another module."""

    def segment_gone(self, key: SegmentKey) -> None:
        """Another module took a segment out, or moved it elsewhere."""

    def foreign_segment(self, name: str) -> None:
        """Another module put a segment of that name into our segmentation, which is none of the reader's work."""

    def tool_used(self, tool: str) -> None:
        """An effect (Slicer's name) was used on the active segment."""

    def tool_chosen(self, tool: Tool | None) -> None:
        """Another tool is active now, also where a key or another module chose it."""

    def caliper_dragged(self, key: CaliperKey, start_ras: Point, end_ras: Point) -> None:
        """A person let go of a caliper's end."""

    def sample_moved(self, key: SampleKey, centre_ras: Point) -> None:
        """A person let go of a density sample."""

    def sync_point_placed(self, image: ImageKey, ras: Point) -> None:
        """A person placed a sync point on the CT or on the MRI."""

    def window_changed(self, image: ImageKey, width: float, level: float) -> None:
        """The window of an image was changed by hand."""

    def slice_changed(self, ras: Point) -> None:
        """The leading view shows another slice; its centre in RAS."""

    def touched(self) -> None:
        """A person moved the mouse, scrolled or pressed a key over our panel or views; at most once a second."""

    def losing(self) -> None:
        """Something of ours is about to be deleted: the last moment at which the contours can be read."""

    def lost(self, what: Lost) -> None:
        """Something of ours was deleted, or the scene was closed, from outside."""


class SceneGateway(Protocol):
    """The open case in Slicer's scene; raises CrcError where a request is impossible.

    Calls from the presenter never come back as events to the listener.
    """

    def listen(self, listener: SceneListener | None) -> None:
        """Tell `listener` what happens; None for nobody."""

    # images
    def add_image(self, key: ImageKey, volume: Volume, name: str, window: Window | None) -> None:
        """Put an image into the scene, sharing its voxels. CT phases share one window; None lets the image choose."""

    def label_images(self, words: Mapping[ImageKey, str]) -> None:
        """Say in the corner of a view which image it shows; in other words again after a change of the language."""

    def image(self, key: ImageKey) -> Volume | None:
        """The voxels (shared, not copied) and the grid of an image; None where it is not there."""

    def close_case(self) -> None:
        """Take everything of ours out of the scene, release the editor, give back what was taken over."""

    # views
    def arrange(self, arrangement: Arrangement) -> None:
        """Show the views; the position is kept where there is one."""

    def show_image(self, pane: str, key: ImageKey) -> None:
        """Show another image in one view, in place: no zoom, position or window changes."""

    def link(self, linked: bool) -> None:
        """Let views of one orientation move, zoom and window together, or not."""

    def jump(self, ras: Point, *, extent_mm: float | None = None) -> None:
        """Centre all views on a place; with `extent_mm` also zoom so that much is seen."""

    def fit(self) -> None:
        """Show the whole image in every view."""

    def position(self) -> Point | None:
        """The place the views are at."""

    def set_window(self, key: ImageKey, window: Window) -> None:
        """Show an image (and what shares its window) in this window."""

    def window(self, key: ImageKey) -> Window | None:
        """The window an image is shown in."""

    def tilt_oblique(self, start_ras: Point, end_ras: Point) -> None:
        """Turn the oblique view so that it cuts across the line from start to end (along the bowel)."""

    def show_3d(self, keys: Sequence[SegmentKey]) -> None:
        """Show these segments in space, and no other; none for an empty sequence."""

    # contours
    def begin_contours(self, source: ImageKey, name: str) -> None:
        """Make our segmentation on an image's grid and give both to the editor; again with another source rebinds."""

    def ensure_segment(self, key: SegmentKey, name: str, lesion_class: LesionClass | None) -> None:
        """Make the segment if it is not there; name, colour and terminology are set anew."""

    def remove_segment(self, key: SegmentKey) -> None:
        """Take a segment out; nothing where there is none."""

    def segments(self) -> tuple[SegmentKey, ...]:
        """The segments of ours that exist."""

    def read(self, key: SegmentKey, grid: Grid) -> tuple[Box, NDArray[np.bool_]] | None:
        """A segment's voxels as a crop of the grid; None for an empty or missing one. A copy where `np` needs one."""

    def write(self, key: SegmentKey, inside: NDArray[np.bool_] | None, box: Box | None, grid: Grid) -> None:
        """Replace a segment's voxels by a crop of the grid; None empties it. One undo step with `undo_point` before."""

    def undo_point(self) -> None:
        """What follows is one undo step."""

    def undo(self) -> None:
        """One step back."""

    def redo(self) -> None:
        """One step forward again."""

    def show_segments(self, shown: Sequence[SegmentKey], fill: Fill) -> None:
        """Show these segments, hide the others of ours."""

    # editor
    def edit(self, key: SegmentKey | None) -> None:
        """Let the tools draw on a segment; None for none."""

    def use_tool(self, tool: Tool | None) -> None:
        """Take a tool in hand, or lay it down."""

    def set_brush(self, diameter_mm: float) -> None:
        """The brush of paint and erase, in millimetres."""

    # marks
    def show_calipers(self, marks: Sequence[CaliperMark]) -> None:
        """Draw these calipers and no others; each can be dragged."""

    def show_samples(self, marks: Sequence[SampleMark]) -> None:
        """Draw these density samples and no others, each only over its own phase; each can be dragged."""

    def show_sync_pairs(self, pairs: Sequence[SyncPair]) -> None:
        """Draw these pairs of sync points and no others."""

    def place_sync_point(self, image: ImageKey) -> None:
        """Let a person place one sync point on an image; told by `sync_point_placed`."""

    def align_mri(self, ct_to_mri: Sequence[Sequence[float]] | None) -> None:
        """Show the MRI moved by the inverse of this rigid transform (RAS, 4×4), or where it lies with None."""


class Ask(Questions, Protocol):
    """Questions to the person; each waits for the answer. None: the question was put away."""

    def day(self, title: str, words: str, preset: date, *, latest: date) -> date | None:
        """A day, not after `latest`."""

    def database_study(self) -> Path | None:
        """The files of a study chosen in Slicer's DICOM database, gathered in a folder of links; None for none."""


class Jobs(Protocol):
    """Work later, work in short steps between the person's own actions, and work in a process aside."""

    def later(self, name: str, delay_s: float, call: Callable[[], None]) -> None:
        """Call once after a delay; the same name again starts the delay anew."""

    def every(self, name: str, seconds: float, call: Callable[[], None]) -> None:
        """Call again and again until `cancel`."""

    def cancel(self, name: str) -> None:
        """Forget what was asked under a name: a delay, a repetition, steps or a process (which is ended)."""

    def steps(
        self,
        name: str,
        steps: Iterator[Step],
        done: Callable[[], None],
        failed: Callable[[Exception], None],
        progress: Callable[[Step], None] | None = None,
    ) -> None:
        """Run an iterator to its end, one step at a time, with the window alive in between.

        `failed` gets the CrcError (or any other exception) of a step. The same name again ends the steps that run.
        """

    def process(
        self,
        name: str,
        job: str,
        request: Mapping[str, Any],
        done: Callable[[Mapping[str, Any]], None],
        failed: Callable[[Exception], None],
        progress: Callable[[Step], None] | None = None,
    ) -> None:
        """Run a job of `crc_core.desk.jobs` in a process aside: JSON in, lines of progress and JSON out."""


class KeptMask(NamedTuple):
    """A segment's voxels as a crop of its source's grid."""

    box: Box
    inside: NDArray[np.bool_]
    grid: Grid


class Keeper(Protocol):
    """Keeps work safe on this machine, aside: the window never waits for it."""

    def save(self, label: str, document: Mapping[str, Any], masks: Mapping[SegmentKey, KeptMask | None]) -> None:
        """Write the document and the masks that changed (None: emptied); told by `saved` or `save_failed`."""

    def on_saved(self, call: Callable[[str], None]) -> None:
        """Tell which label was written and read back."""

    def on_failed(self, call: Callable[[str, Exception], None]) -> None:
        """Tell which label could not be written and why."""

    def close(self) -> None:
        """Finish what was asked, telling of it as ever, and stop; whatever was not told of by then was not saved."""


class Clock(WallClock, Protocol):
    """Time."""

    def monotonic(self) -> float:
        """Seconds that never go back."""


def _no_server(url: str, ca_file: str | None) -> ServerSession:
    raise CrcError("remote.bad_address", url=url)


@dataclass(frozen=True)
class Kit:
    """All the presenter is given; `home` is the folder of this machine's own data, `open_store` takes a place.

    `connect` gives the session at a server (address, the hospital's own certificate file), where nobody is signed in.
    `versions` are those of the program around us (`slicer`, ...), for the provenance of a reading.
    """

    scene: SceneGateway
    ask: Ask
    jobs: Jobs
    clock: Clock
    settings: Settings
    open_store: Callable[[str], Store]
    keeper: Callable[[Path], Keeper]
    home: Path
    versions: Mapping[str, str] = field(default_factory=dict)
    connect: Callable[[str, str | None], ServerSession] = _no_server
