"""The senior's room: a store with read cases, a scene in numpy, people who answer, time that the test moves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from annotator_support import ManualClock, MemorySettings, ScriptedAsk, StepJobs
from crc_core.contour.inspection import Window
from crc_core.geometry.grid import Volume
from crc_core.store.folder import FolderStore
from crc_core.store.protocol import Store
from crc_core.text import Lang
from crc_core.vocabulary import Role, Target
from crc_core.workflow.context import Policy
from crc_core.workflow.events import Kind
from crc_core.workflow.payloads import SampleDrawn
from CRCQualityControlLib.presenter.ports import Fill, Kit, Layer, Point, Tool, Views
from CRCQualityControlLib.presenter.quality import QualityControl
from CRCQualityControlLib.presenter.state import State
from quality_support import Habit, Team, study
from store_support import PIN, POLICY, hire_second_senior, must, new_store

HABITS = {"wang": Habit(), "li": Habit(shift=3, misses=True, stages_up=True), "zhao": Habit()}


@dataclass
class NumpyScene:
    """What the presenter asked the scene to show; `drawn` is what a person will have drawn."""

    images: dict[Role, Volume] = field(default_factory=dict)
    labels: Mapping[Role, str] = field(default_factory=dict)
    phase: Role | None = None
    views: Views | None = None
    window: tuple[Role, Window] | None = None
    layers: Mapping[Layer, Volume] = field(default_factory=dict)
    fill: Fill | None = None
    place: tuple[Point, float] | None = None
    seed: Volume | None = None
    target: Target | None = None
    source: Role | None = None
    tool: Tool | None = None
    brush_mm: float = 0.0
    undone: int = 0
    drawn: Volume | None = None
    opened: int = 0
    closed: int = 0
    tell_tool: Callable[[Tool | None], None] = lambda _: None
    tell_brush: Callable[[float], None] = lambda _: None
    tell_lost: Callable[[], None] = lambda: None

    def add_image(self, role: Role, volume: Volume, name: str, window: Window | None) -> None:
        assert role not in self.images, "an image of another case is there"
        assert name.endswith(role.value)
        self.opened += not self.images
        self.images[role] = volume

    def label_images(self, words: Mapping[Role, str]) -> None:
        self.labels = words

    def close_case(self) -> None:
        self.closed += bool(self.images)
        self.images, self.layers, self.seed, self.views, self.phase = {}, {}, None, None, None

    def show_views(self, views: Views, lead: Role) -> None:
        assert lead in self.images
        self.views, self.phase = views, lead

    def show_phase(self, role: Role) -> None:
        assert role in self.images
        self.phase = role

    def set_window(self, role: Role, window: Window) -> None:
        self.window = (role, window)

    def show_layers(self, layers: Mapping[Layer, Volume], fill: Fill) -> None:
        assert self.images
        self.layers, self.fill = dict(layers), fill

    def jump(self, centre_ras: Point, extent_mm: float) -> None:
        self.place = (centre_ras, extent_mm)

    def begin_edit(self, target: Target, seed: Volume, source: Role) -> None:
        assert source in self.images
        self.target, self.seed, self.source, self.drawn = target, seed, source, seed

    def use_tool(self, tool: Tool | None) -> None:
        assert tool is None or self.seed is not None
        self.tool = tool
        self.tell_tool(tool)

    def set_brush(self, diameter_mm: float) -> None:
        self.brush_mm = diameter_mm

    def undo(self) -> None:
        self.undone += 1

    def redo(self) -> None:
        self.undone -= 1

    def edited(self) -> Volume | None:
        return self.drawn

    def end_edit(self) -> None:
        self.seed = self.target = self.drawn = self.tool = None

    def on_tool(self, call: Callable[[Tool | None], None]) -> None:
        self.tell_tool = call

    def on_brush(self, call: Callable[[float], None]) -> None:
        self.tell_brush = call

    def on_lost(self, call: Callable[[], None]) -> None:
        self.tell_lost = call

    def lose(self) -> None:
        """Somebody else closes the scene."""
        self.close_case()
        self.tell_lost()


@dataclass
class Signature:
    """Who signs with what; `asked` keeps what it was for."""

    secret: str | None = PIN
    asked: list[tuple[str, str]] = field(default_factory=list)

    def ask(self, person: str, words: str) -> str | None:
        self.asked.append((person, words))
        return self.secret


class Room:
    """A store with cases; `sit` gives a presenter of its own to a person."""

    def __init__(self, folder: Path, policy: Policy = POLICY) -> None:
        self.clock = ManualClock()
        self.store: FolderStore = new_store(folder, self.clock, policy=policy)
        hire_second_senior(self.store)
        self.team = Team(self.store, study(folder / "images"), folder, HABITS)
        self.place = self.store.info().place
        self.settings = MemorySettings()

    def read(self, cases: int, *readers: str) -> tuple[str, ...]:
        """Cases read by these readers and compared."""
        return self._compared(self.team.open(cases), readers)

    def sampled(self, cases: int = 4) -> tuple[str, ...]:
        """Cases of the agreement sample, read by wang and zhao, who agree unless their habits were changed."""
        units = self.team.open(cases)
        must(self.store, "manager", Kind.SAMPLE_DRAWN, SampleDrawn(3, units, {}, 28))
        return self._compared(units, ("wang", "zhao"))

    def _compared(self, units: tuple[str, ...], readers: tuple[str, ...]) -> tuple[str, ...]:
        for unit in units:
            for reader in readers:
                self.team.assign(unit, reader)
                self.team.read(unit, reader)
        self.clock.wait(31 * 60)
        self.store.advance()
        return units

    def sit(self, person: str, lang: Lang = Lang.EN) -> Seat:
        """A presenter at which `person` works."""
        return Seat(self, person, lang)


class Seat:
    """A presenter with everything it was given, and what it rendered."""

    def __init__(self, room: Room, person: str, lang: Lang) -> None:
        self.scene, self.ask, self.secrets = NumpyScene(), ScriptedAsk(), Signature()
        self.jobs = StepJobs(room.clock)
        self.rendered: list[State] = []

        def open_store(place: str) -> Store:
            return FolderStore(Path(place), clock=room.clock, pin_policy=room.store.people.policy)

        kit = Kit(self.scene, self.ask, self.secrets, self.jobs, room.clock, room.settings, open_store)
        self.quality = QualityControl(kit, lang)
        self.quality.hub.on_render(self.rendered.append)
        self.quality.open_store(room.place)
        self.quality.choose_person(person)

    @property
    def state(self) -> State:
        """What is shown."""
        return self.quality.state

    @property
    def message(self) -> str:
        """The sentence that is shown."""
        return "" if self.state.message is None else self.state.message.words
