"""What the presenter needs from outside, as protocols: the scene, questions to a person, work in steps, time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from crc_core.contour.inspection import Window
from crc_core.errors import CrcError
from crc_core.panel.ports import Choice as Choice
from crc_core.panel.ports import Questions, Settings, Step, WallClock
from crc_core.store.protocol import Store
from crc_core.vocabulary import Role, Target

if TYPE_CHECKING:
    from crc_core.geometry.grid import Volume
    from crc_core.store.remote.session import ServerSession

Point = tuple[float, float, float]
"""A point in RAS millimetres."""


class Layer(StrEnum):
    """A contour over the image; every layer has a hue of its own and a hatch, so that it is told without colour."""

    ONLY_A = "only_a"
    ONLY_B = "only_b"
    BOTH = "both"
    RESULT = "result"
    REFERENCE = "reference"
    OWN = "own"
    VOTES = "votes"


HUES: Mapping[Layer, str] = MappingProxyType(
    {
        Layer.ONLY_A: "#56b4e9",
        Layer.ONLY_B: "#e69f00",
        Layer.BOTH: "#ebebeb",
        Layer.RESULT: "#e673b8",
        Layer.REFERENCE: "#00bf8c",
        Layer.OWN: "#56b4e9",
    }
)
"""Hues that colour-blind readers tell apart, after Okabe and Ito, Color Universal Design (2008)."""


HEAT = ((0.27, 0.0, 0.33), (0.23, 0.32, 0.55), (0.13, 0.57, 0.55), (0.37, 0.79, 0.38), (0.99, 0.91, 0.15))
"""The hues of `VOTES` from one reader to all: five steps of viridis, which colour-blind eyes tell apart."""


def heat(number: int, most: int) -> tuple[float, float, float]:
    """The hue of so many votes of at most so many; red, green and blue from 0 to 1."""
    return HEAT[round((number - 1) / max(1, most - 1) * (len(HEAT) - 1))]


class Fill(StrEnum):
    """How contours are shown over the image."""

    OUTLINE = "outline"
    FILLED = "filled"


class Views(StrEnum):
    """How the views stand: three planes of one series, all CT phases beside each other, the CT beside the MRI."""

    PLANES = "planes"
    PHASES = "phases"
    MRI = "mri"


class Tool(StrEnum):
    """A tool to draw with; the scene knows which of Slicer's effects it is."""

    PAINT = "paint"
    ERASE = "erase"
    DRAW = "draw"
    SCISSORS = "scissors"
    ISLANDS = "islands"
    SMOOTHING = "smoothing"
    MARGIN = "margin"


class QualityScene(Protocol):
    """The case on the senior's or trainer's desk in Slicer's scene; raises CrcError where a request is impossible."""

    def add_image(self, role: Role, volume: Volume, name: str, window: Window | None) -> None:
        """Put a series into the scene, sharing its voxels; the first one opens a case."""

    def label_images(self, words: Mapping[Role, str]) -> None:
        """Say in the corner of a view which series it shows."""

    def close_case(self) -> None:
        """Take everything of ours out of the scene, release the editor, and give the views back."""

    def show_views(self, views: Views, lead: Role) -> None:
        """Arrange the views, linked, with this series in the leading one; the place is kept where there is one."""

    def show_phase(self, role: Role) -> None:
        """Show another series in place: no zoom, position or window changes."""

    def set_window(self, role: Role, window: Window) -> None:
        """Show a series, and what shares its window, in this window."""

    def show_layers(self, layers: Mapping[Layer, Volume], fill: Fill) -> None:
        """Show these contours (on crops of the source's grid) and no others; `VOTES` holds counts: a heat map."""

    def jump(self, centre_ras: Point, extent_mm: float) -> None:
        """Centre all views on a place and zoom so that so much is seen."""

    def begin_edit(self, target: Target, seed: Volume, source: Role) -> None:
        """Let a person draw from this contour (on a crop of the source's grid) on, anywhere on the source."""

    def use_tool(self, tool: Tool | None) -> None:
        """Take a tool in hand, or lay it down."""

    def set_brush(self, diameter_mm: float) -> None:
        """The brush of paint and erase, in millimetres."""

    def undo(self) -> None:
        """One step of drawing back."""

    def redo(self) -> None:
        """One step of drawing forward again."""

    def edited(self) -> Volume | None:
        """What was drawn, on the source's grid or a crop of it; None while nothing is edited."""

    def end_edit(self) -> None:
        """Put the editor away."""

    def on_tool(self, call: Callable[[Tool | None], None]) -> None:
        """Tell which tool is in hand whenever that changes, whoever chose it."""

    def on_brush(self, call: Callable[[float], None]) -> None:
        """Tell the brush in millimetres whenever a person changed it in a view."""

    def on_lost(self, call: Callable[[], None]) -> None:
        """Tell when somebody else took the case out of the scene: it was closed, or a series was deleted."""


class Ask(Questions, Protocol):
    """Questions to the person; each waits for the answer. None: the question was put away."""

    def file(self, title: str, endings: Sequence[str], preset: Path | None = None) -> Path | None:
        """A file that exists, of one of these endings (without dots)."""


class Secrets(Protocol):
    """Asks for the person again, and keeps nothing."""

    def ask(self, person: str, words: str) -> str | None:
        """The PIN or password, with what it is asked for; None: put away."""


class Jobs(Protocol):
    """Work in short steps between the person's own actions."""

    def later(self, name: str, delay_s: float, call: Callable[[], None]) -> None:
        """Call once after a delay."""

    def cancel(self, name: str) -> None:
        """Forget the steps that run under a name."""

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


def _no_server(url: str, ca_file: str | None) -> ServerSession:
    raise CrcError("server.sign_in")


@dataclass(frozen=True)
class Kit:
    """All the presenter is given; `open_store` takes a place.

    `connect` gives the session at a server (address, the hospital's own certificate file), where nobody is signed in.
    """

    scene: QualityScene
    ask: Ask
    secrets: Secrets
    jobs: Jobs
    clock: WallClock
    settings: Settings
    open_store: Callable[[str], Store]
    connect: Callable[[str, str | None], ServerSession] = _no_server
