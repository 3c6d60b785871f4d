"""One small case open in the panel, with what is drawn in it, kept of it and said about it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import qt
import slicer
import slicer_support as hand
from annotator_hand import Annotator
from crc_core.contour.segment_key import SegmentKey
from crc_core.desk.keeping import PackedMask, Slot, pack
from crc_core.desk.recovery import Recovery
from crc_core.errors import CrcError
from crc_core.text import say
from crc_core.vocabulary import Target
from slicer_support import Place
from small_store import MIDDLE, READER, SmallStore, grid

VIEW = "CRC1"
"""The leading view, axial."""

PRIMARY = SegmentKey(Target.PRIMARY, 1)
Drawn = dict[SegmentKey, PackedMask]
_small: dict[str, SmallStore] = {}


class Said(NamedTuple):
    """The sentence in the foot."""

    level: str
    words: str


def small_store(name: str = "small") -> SmallStore:
    """A store of this run, made when it is first asked for."""
    return _small.setdefault(name, SmallStore(hand.folder() / name))


class CaseInHand:
    """A case of a small store; `open` goes to where the primary can be drawn."""

    def __init__(self, place: str, unit: str, reader: str = READER) -> None:
        self.place, self.unit, self.reader = place, unit, reader
        self.person = Annotator()

    @property
    def home(self) -> Path:
        """The folder of this machine's own data."""
        home: Path = self.person.session.annotator.hub.kit.home
        return home

    # the way
    def enter(self) -> None:
        """Choose the store and the reader."""
        annotator = self.person.session.annotator
        annotator.cases.open_store(self.place)
        annotator.cases.choose_reader(self.reader)
        hand.settle()

    def choose(self) -> None:
        """Choose the case's line in the list and press for opening."""
        self.person.go_to("case")
        self.person.session.annotator.cases.select(self.unit)
        self.person.press("case.open")

    def is_open(self) -> bool:
        """Whether the case is open and nothing is under way."""
        state = self.person.state
        return state.header is not None and state.header.unit == self.unit and state.busy is None

    def open(self) -> None:
        """Open the case and go to the step where the primary is drawn."""
        self.enter()
        self.choose()
        self.person.wait(self.is_open, f"{self.unit} opens")
        if self.person.state.step.value == "check":
            self.person.press("check.confirm")
        self.to_contour()

    def to_contour(self) -> None:
        """Go to the primary, with a lesion to draw."""
        self.person.go_to("contour")
        self.person.press("contour.target.primary")
        hand.settle()

    def close(self, answer: str = "save") -> None:
        """Close the case, answering the question about what is not saved where it comes."""
        if self.person.state.header is None:
            return
        self.person.wait(lambda: self.person.state.busy is None, "nothing is under way")
        self.person.go_to("case")
        if self.person.session.annotator._keeping.is_unsaved:
            with asked(answer):
                self.person.press("case.close")
        else:
            self.person.press("case.close")
        self.person.wait(lambda: self.person.state.header is None, f"{self.unit} closes")

    # drawing
    def paint(self, *places: Place, view: str = VIEW) -> None:
        """Paint a short stroke at each place with the tool of the strip, and lay it down."""
        self.person.press("contour.tool.paint")
        for place in places or (MIDDLE,):
            hand.show_slice(view, place)
            hand.stroke(view, [place, (place[0] + 9.0, place[1], place[2])])
        self.person.press("contour.tool.paint")

    def safe(self) -> None:
        """Wait until checks are through and everything is kept."""
        self.person.idle()

    def drawn(self) -> Drawn:
        """What the scene holds of every segment."""
        scene = self.person.session.scene
        crops = {key: scene.read(key, grid()) for key in scene.segments()}
        return {key: pack(*crop, grid()) for key, crop in crops.items() if crop is not None}

    @property
    def label(self) -> str:
        """The slot's name below this machine's kept work."""
        store = self.person.session.annotator.hub.store
        return Slot(store.info().id, self.unit, self.reader, 1).label

    def kept(self) -> Drawn:
        """What is kept on this machine."""
        try:
            return dict(Recovery(self.home).read(self.label).masks)
        except CrcError as error:
            if error.code != "file.missing":
                raise
            return {}

    # what is said
    def said(self) -> Said | None:
        """The sentence in the foot, where one is seen."""
        state, bar = self.person.state.message, self.person.control("message")
        if state is None or not bar.isVisible():
            return None
        words = self.person.control("message.words").text
        assert words == state.words, (words, state.words)
        return Said(state.level.value, words)

    def say(self, code: str, **values: object) -> str:
        """A sentence of the catalogue in the person's language."""
        return say(code, self.person.session.annotator.hub.lang, **values)


@contextmanager
def folder_given(person: Annotator, folder: Path) -> Iterator[None]:
    """Answer the system's own dialog for a folder; every other question is asked as ever."""
    hub = person.session.annotator.hub
    kit = hub.kit
    hub.kit = dataclasses.replace(kit, ask=_FolderGiven(kit.ask, folder))
    try:
        yield
    finally:
        hub.kit = kit


class _FolderGiven:
    def __init__(self, ask: Any, folder: Path) -> None:
        self._ask, self._folder = ask, folder

    def folder(self, title: str, preset: Path | None = None) -> Path:
        return self._folder

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ask, name)


@contextmanager
def asked(*answers: str, words: str = "") -> Iterator[list[str]]:
    """Answer the dialogs that come up, in their order; their words are given.

    Dialogs may come until the block ends; one that never comes is an AssertionError.
    """
    waiting, seen = list(answers), []
    timer = qt.QTimer()
    timer.setInterval(50)

    def look() -> None:
        dialog = slicer.app.activeModalWidget()
        button = None if dialog is None or not waiting else dialog.findChild("QObject", f"crc.ask.{waiting[0]}")
        if button is None or not button.isVisible():
            return
        seen.append(dialog.findChild("QObject", "crc.ask.words").text)
        entry = dialog.findChild("QObject", "crc.ask.text")
        if entry is not None:
            entry.setPlainText(words)
        waiting.pop(0)
        button.click()

    timer.connect("timeout()", look)
    timer.start()
    try:
        yield seen
        hand.wait_until(lambda: not waiting, f"a dialog with {waiting}")
    finally:
        timer.stop()
