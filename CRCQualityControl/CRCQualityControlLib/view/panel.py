"""The panel of quality control: head, the page, foot; it draws a state and decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import qt
from crc_widgets.bars import BusyBar, MessageBar
from crc_widgets.cell import Cell
from crc_widgets.icons import Icons
from crc_widgets.look import column, order_tabs, scrolled
from crc_widgets.words import Words

from CRCQualityControlLib.presenter.state import Page, State
from CRCQualityControlLib.view.head import Head
from CRCQualityControlLib.view.kit import MakesPage, PageView, ViewKit
from CRCQualityControlLib.view.menu import PanelMenu

if TYPE_CHECKING:
    from CRCQualityControlLib.presenter.quality import QualityControl

NARROWEST = 420
"""What it asks for at least: Slicer's module panel adds some 55 pixels, and would be wider than ours otherwise."""

_LEAST_HEIGHT = 380


class Panel:
    """All of quality control that is drawn with Qt in the module panel.

    `pages` says which class draws which page, `on_state(state)` is told of each state after it was drawn.
    """

    def __init__(
        self,
        parent: qt.QWidget,
        quality: QualityControl,
        pages: Mapping[Page, MakesPage],
        editor: qt.QWidget | None,
        on_state: Callable[[State], None],
    ) -> None:
        self.quality, self._on_state = quality, on_state
        self.widget = Cell(parent, _LEAST_HEIGHT)
        self.widget.setObjectName("crc.panel")
        self.widget.setMinimumWidth(NARROWEST)
        content = qt.QWidget(self.widget)
        self.widget.hold(content)
        self._content = content
        self.kit = ViewKit(Words(), Icons(self.widget), editor)
        self._state: State | None = None
        layout = column(content, margin=3, gap=4)
        self.menu = PanelMenu(content, self.kit)
        self.head = Head(content, quality, self.kit, tuple(pages), self.menu.widget)
        layout.addWidget(self.head.widget)
        self._stack = qt.QStackedWidget(content)
        layout.addWidget(self._stack, 1)
        self._busy = BusyBar(content, self.kit.words, quality.hub.stop)
        self._message = MessageBar(content, self.kit.words, self.kit.icons, quality.hub.clear_message)
        layout.addWidget(self._busy.widget)
        layout.addWidget(self._message.widget)
        self.pages: dict[Page, PageView] = {}
        self._areas: dict[Page, qt.QScrollArea] = {}
        for page, make in pages.items():
            made = self.pages[page] = make(self._stack, quality, self.kit)
            area = self._areas[page] = scrolled(self._stack, made.widget, f"crc.page.{page.value}")
            area.setVerticalScrollBarPolicy(qt.Qt.ScrollBarAsNeeded)
            self._stack.addWidget(area)

    @property
    def state(self) -> State | None:
        """What is shown."""
        return self._state

    @property
    def width_px(self) -> int:
        """What the page that is shown takes."""
        return self.pages[Page.ADJUDICATION if self._state is None else self._state.page].width_px

    def render(self, state: State) -> None:
        """Draw a state; parts that did not change are left alone."""
        before, self._state = self._state, state
        if before is None or state.lang is not before.lang:
            self.kit.words.speak(state.lang)
        self.head.draw(state, before)
        moved = before is None
        for page in self.pages.values():
            moved |= page.render(state)
        if before is None or state.busy != before.busy:
            can_cancel = state.busy is None or state.busy.can_cancel
            self._busy.draw(state.busy, can_cancel=can_cancel)
            # Nothing of what is being signed can be changed.
            for part in (self._stack, self.head.widget):
                part.setEnabled(can_cancel)
        if before is None or state.message != before.message:
            self._message.draw(state.message)
        if before is None or state.page is not before.page:
            self._stack.setCurrentWidget(self._areas[state.page])
        if moved:
            order_tabs(self._content)
        self._on_state(state)

    def turn(self, step: int) -> None:
        """To the next page or the one before, by a key."""
        if self._state is not None and self._state.store.is_open:
            pages = list(self.pages)
            self.quality.show_page(pages[(pages.index(self._state.page) + step) % len(pages)])

    def with_case(self, call: Callable[[], None]) -> Callable[[], None]:
        """A call behind a key that has nothing to do while no case is seen."""
        return _OnlyWithCase(self, call).call


class _OnlyWithCase:
    def __init__(self, panel: Panel, call: Callable[[], None]) -> None:
        self._panel, self._call = panel, call

    def call(self) -> None:
        state = self._panel.state
        if state is None or state.page is not Page.ADJUDICATION or state.adjudication.case is None:
            return
        if state.busy is None or state.busy.can_cancel:
            self._call()
