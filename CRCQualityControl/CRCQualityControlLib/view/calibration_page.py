"""The page Calibration: the session at its head, and its parts behind tabs of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import qt
from crc_core.text import say
from crc_widgets.look import Weight, button, column, label, line, show_words
from crc_widgets.strip import Strip, StripItem

from CRCQualityControlLib.presenter.state import CalibrationState, State
from CRCQualityControlLib.view.calibration_meeting import MeetingPart
from CRCQualityControlLib.view.calibration_overview import OverviewPart
from CRCQualityControlLib.view.calibration_plan import PlanForm
from CRCQualityControlLib.view.calibration_protocol import ClearancesPart, ProtocolPart
from CRCQualityControlLib.view.calibration_results import ResultsPart
from CRCQualityControlLib.view.kit import ViewKit

if TYPE_CHECKING:
    from CRCQualityControlLib.presenter.quality import QualityControl

_PARTS = {
    "overview": OverviewPart,
    "results": ResultsPart,
    "meeting": MeetingPart,
    "clearances": ClearancesPart,
    "protocol": ProtocolPart,
}
_NOT_FOR_READERS = ("meeting",)


class CalibrationPage:
    """Draws `state.calibration`; which part is open is remembered here."""

    width_px = 640

    def __init__(self, parent: qt.QWidget, quality: QualityControl, kit: ViewKit) -> None:
        self._calibration, self._before = quality.calibration, None
        self._part, self._sessions = "overview", ()
        self.widget = qt.QWidget(parent)
        self.widget.setObjectName("crc.calibration")
        layout = column(self.widget, gap=6)
        layout.addLayout(self._session_line(kit))
        self._none = label(self.widget, Weight.QUIET, name="crc.calibration.none")
        layout.addWidget(self._none)
        self._tabs = Strip(self.widget, "crc.calibration.part", kit.icons, self._turn)
        layout.addWidget(self._tabs.widget)
        self._stack = qt.QStackedWidget(self.widget)
        self._parts = {name: make(self._stack, self._calibration, kit) for name, make in _PARTS.items()}
        self._plan = PlanForm(self._stack, self._calibration, kit)
        for part in (*self._parts.values(), self._plan):
            self._stack.addWidget(part.widget)
        layout.addWidget(self._stack, 1)

    def _session_line(self, kit: ViewKit) -> qt.QHBoxLayout:
        row = line(gap=6)
        words = label(self.widget, Weight.QUIET, wrap=False)
        kit.words.text(words, "quality.view.calibration.session")
        self._session = qt.QComboBox(self.widget)
        self._session.setObjectName("crc.calibration.session")
        self._session.setSizePolicy(qt.QSizePolicy.Expanding, qt.QSizePolicy.Fixed)
        self._session.setMinimumContentsLength(10)
        self._session.connect("activated(int)", self._chosen)
        self._new = button(self.widget, "crc.calibration.new", self._calibration.planning.begin, kit.icons.icon("plus"))
        kit.words.text(self._new, "quality.view.calibration.new")
        kit.words.tip(self._new, "quality.view.calibration.new_tip")
        row.addWidget(words)
        row.addWidget(self._session, 1)
        row.addWidget(self._new)
        return row

    def render(self, state: State) -> bool:
        """Show the page; whether rows or buttons came or went."""
        before, self._before = self._before, state
        calibration, lang = state.calibration, state.lang
        if before is not None and lang is before.lang and calibration is before.calibration:
            return False
        self._draw_sessions(calibration)
        show_words(self._none, "" if calibration.sessions else say("quality.view.calibration.none", lang))
        moved = False
        for part in (*self._parts.values(), self._plan):
            moved |= part.draw(calibration, lang)
        return self._show_part(state) or moved

    def _draw_sessions(self, state: CalibrationState) -> None:
        self._sessions = tuple(session for session, _ in state.sessions)
        self._session.blockSignals(True)
        self._session.clear()
        for _, words in state.sessions:
            self._session.addItem(words)
        if state.selected in self._sessions:
            self._session.setCurrentIndex(self._sessions.index(state.selected))
        self._session.blockSignals(False)
        self._session.setEnabled(bool(state.sessions))
        self._session.setToolTip(self._session.currentText)
        self._new.setVisible(state.may_plan and state.plan is None)

    def _show_part(self, state: State) -> bool:
        calibration = state.calibration
        names = [name for name in _PARTS if not (calibration.is_own and name in _NOT_FOR_READERS)]
        if not calibration.sessions:
            names = [name for name in names if name in ("clearances", "protocol")]
        shown = self._part if self._part in names else names[0]
        items = [StripItem(name, say(f"quality.view.calibration.part.{name}", state.lang)) for name in names]
        moved = self._tabs.show(items, shown)
        plan = calibration.plan is not None
        self._tabs.widget.setVisible(not plan)
        current = self._plan.widget if plan else self._parts[shown].widget
        for part in (*self._parts.values(), self._plan):
            # Only the part that is seen asks for room: the page would be as high as the highest of them otherwise.
            way = qt.QSizePolicy.Expanding if part.widget is current else qt.QSizePolicy.Ignored
            part.widget.setSizePolicy(qt.QSizePolicy.Expanding, way)
        self._stack.setCurrentWidget(current)
        return moved

    def _chosen(self, place: int) -> None:
        if 0 <= place < len(self._sessions):
            self._calibration.select(self._sessions[place])

    def _turn(self, key: str) -> None:
        self._part = key
        if self._before is not None:
            self._show_part(self._before)
