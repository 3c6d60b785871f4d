"""The annotator's panel: head, the page of the step, foot; it draws a state and decides nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import qt
from crc_core.text import Lang
from crc_widgets.cell import Cell
from crc_widgets.icons import Icons
from crc_widgets.look import column, order_tabs, scrolled
from crc_widgets.words import Words

from CRCAnnotatorLib.presenter.state import State, StepId
from CRCAnnotatorLib.view.case_page import CasePage
from CRCAnnotatorLib.view.check_page import CheckPage
from CRCAnnotatorLib.view.contour_page import ContourPage
from CRCAnnotatorLib.view.foot import Foot
from CRCAnnotatorLib.view.head import Head
from CRCAnnotatorLib.view.kit import ViewKit
from CRCAnnotatorLib.view.menu import PanelMenu
from CRCAnnotatorLib.view.report_dock import ReportDock
from CRCAnnotatorLib.view.report_page import ReportPage
from CRCAnnotatorLib.view.submit_page import SubmitPage

if TYPE_CHECKING:
    from CRCAnnotatorLib.presenter.annotator import Annotator

WIDTH = 480
"""What our panel takes, and never more."""

NARROWEST = 420
"""What it asks for at least: Slicer's module panel adds some 55 pixels, and would be wider than ours otherwise."""

_LEAST_HEIGHT = 380
_ALWAYS = ("sheet",)


class Page(Protocol):
    """The panel of one step."""

    widget: qt.QWidget

    def draw(self, state: State, before: State | None) -> bool:
        """Show a state, where `before` is what was drawn last; whether buttons or rows came or went."""


class Panel:
    """All of the annotator that is drawn with Qt: what is seen at once, the other pages in the turns that follow.

    `editor` is the widget with the options of Slicer's effects, `ask_words(title, words)` asks for a few words,
    `show_report(raise_it)` brings the report's dock up, `on_state(state)` is told of each state after it was drawn.
    """

    def __init__(
        self,
        parent: qt.QWidget,
        annotator: Annotator,
        editor: qt.QWidget | None,
        ask_words: Callable[[str, str], str | None],
        show_report: Callable[[], None],
        on_state: Callable[[State], None],
    ) -> None:
        self.annotator, self._on_state = annotator, on_state
        self.widget = Cell(parent, _LEAST_HEIGHT)
        self.widget.setObjectName("crc.panel")
        self.widget.setMinimumWidth(NARROWEST)
        self.widget.setMaximumWidth(WIDTH)
        content = qt.QWidget(self.widget)
        self.widget.hold(content)
        self._content = content
        self._kit = ViewKit(annotator, Words(), Icons(self.widget))
        self._state: State | None = None
        self._lang: Lang | None = None
        layout = column(content, margin=3, gap=4)
        self.menu = PanelMenu(content, self._kit, show_report)
        self.head = Head(content, self._kit, self.menu.widget)
        layout.addWidget(self.head.widget)
        self._stack = qt.QStackedWidget(content)
        layout.addWidget(self._stack, 1)
        self.foot = Foot(content, self._kit)
        layout.addWidget(self.foot.widget)
        self.case = CasePage(self._stack, self._kit)
        self.check = CheckPage(self._stack, self._kit)
        self.contour = ContourPage(self._stack, self._kit, editor)
        self.report_page = ReportPage(self._stack, self._kit, show_report)
        self.submit = SubmitPage(self._stack, self._kit)
        self._pages: dict[StepId, Page] = {
            StepId.CASE: self.case,
            StepId.CHECK: self.check,
            StepId.CONTOUR: self.contour,
            StepId.REPORT: self.report_page,
            StepId.SUBMIT: self.submit,
        }
        self._areas: dict[StepId, qt.QScrollArea] = {}
        for step, page in self._pages.items():
            area = self._areas[step] = scrolled(self._stack, page.widget, f"crc.page.{step.value}")
            if step is StepId.CASE:
                # The work list fills the page and scrolls by itself.
                area.setVerticalScrollBarPolicy(qt.Qt.ScrollBarAsNeeded)
            self._stack.addWidget(area)
        self.report = ReportDock(None, self._kit, ask_words)
        self._drawn: dict[StepId, State] = {}
        self._has_new_stops = False
        self._turn = qt.QTimer(self.widget)
        self._turn.setSingleShot(True)
        self._turn.setInterval(0)
        self._turn.connect("timeout()", self._draw_one_more)

    @property
    def state(self) -> State | None:
        """What is shown."""
        return self._state

    def render(self, state: State) -> None:
        """Draw a state; parts that did not change are left alone."""
        before, self._state = self._state, state
        if state.lang is not self._lang:
            self._lang = state.lang
            self._kit.words.speak(state.lang)
        self.head.draw(state, before)
        self.menu.draw(state)
        self._draw_page(state.step)
        self.report.draw(state, before)
        self.foot.draw(state, before)
        if before is None or state.step is not before.step:
            self._stack.setCurrentWidget(self._areas[state.step])
        self._turn.start()
        self._on_state(state)

    def _draw_one_more(self) -> None:
        """Draw a page that is not seen now; once all are drawn, put what came in order for the Tab key."""
        late = [step for step in self._pages if self._drawn.get(step) is not self._state]
        if late:
            self._draw_page(late[0])
        if late[1:]:
            self._turn.start()
        elif self._has_new_stops:
            self._has_new_stops = False
            order_tabs(self._content)

    def _draw_page(self, step: StepId) -> None:
        state, before = self._state, self._drawn.get(step)
        if state is not None and state is not before:
            self._drawn[step] = state
            self._has_new_stops |= self._pages[step].draw(state, before) or before is None

    def commit(self) -> None:
        """Tell everything that was typed and not told yet."""
        self.report.form.commit()

    def next_step(self) -> None:
        """To the next step, by a key: nobody has left the entry that was typed in."""
        self.commit()
        self.annotator.next_step()

    def previous_step(self) -> None:
        """To the step before, by a key."""
        self.commit()
        self.annotator.previous_step()

    def save(self) -> None:
        """Save now, by a key."""
        self.commit()
        self.annotator.save_now()

    def submit_now(self) -> None:
        """To the step "submit" by a key; there the same key submits."""
        self.commit()
        if self._state is not None and self._state.step is not StepId.SUBMIT:
            self.annotator.go_to(StepId.SUBMIT)
        elif self._state is not None and self._state.submit is not None and self._state.submit.can_submit:
            self.annotator.submit.submit()

    def with_case(self, name: str, call: Callable[[], None]) -> Callable[[], None]:
        """A call behind a key; most keys have nothing to do while no case is open."""
        return call if name in _ALWAYS else _OnlyWithCase(self, call).call


class _OnlyWithCase:
    def __init__(self, panel: Panel, call: Callable[[], None]) -> None:
        self._panel, self._call = panel, call

    def call(self) -> None:
        if self._panel.state is not None and self._panel.state.header is not None:
            self._call()
