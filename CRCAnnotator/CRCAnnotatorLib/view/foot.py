"""The foot of the panel: what happens, what was said, what still stands before the submission, and the way on."""

from __future__ import annotations

import qt
from crc_widgets.bars import BusyBar, MessageBar
from crc_widgets.look import button, column, line, rule, tool, worded

from CRCAnnotatorLib.presenter.state import State, StepId
from CRCAnnotatorLib.view.keys import KEYS
from CRCAnnotatorLib.view.kit import ViewKit


class Foot:
    """Draws `busy`, `message`, `foot`."""

    def __init__(self, parent: qt.QWidget, kit: ViewKit) -> None:
        self._kit = kit
        self.widget = qt.QWidget(parent)
        layout = column(self.widget, gap=3)
        self._busy = BusyBar(self.widget, kit.words, kit.annotator.cancel_busy)
        self._message = MessageBar(self.widget, kit.words, kit.icons, kit.annotator.dismiss_message)
        layout.addWidget(self._busy.widget)
        layout.addWidget(self._message.widget)
        layout.addWidget(rule(self.widget))
        layout.addLayout(self._way())

    def _way(self) -> qt.QHBoxLayout:
        kit, annotator, row = self._kit, self._kit.annotator, line()
        self._open = worded(tool(self.widget, "crc.foot.problems", self._to_submit))
        self._senior = worded(tool(self.widget, "crc.foot.senior", annotator.ask_senior, kit.icons.icon("senior")))
        kit.words.text(self._senior, "annotator.view.ask_senior")
        kit.words.tip(self._senior, "annotator.view.ask_senior_tip")
        self._back = button(self.widget, "crc.foot.back", annotator.previous_step, kit.icons.icon("back"))
        self._next = button(self.widget, "crc.foot.next", annotator.next_step, kit.icons.icon("next"))
        kit.words.tip(self._back, "annotator.view.back_tip", KEYS["previous_step"])
        kit.words.text(self._next, "annotator.view.next")
        kit.words.tip(self._next, "annotator.view.next_tip", KEYS["next_step"])
        self._next.setLayoutDirection(qt.Qt.RightToLeft)
        row.addWidget(self._open)
        row.addStretch(1)
        for widget in (self._senior, self._back, self._next):
            row.addWidget(widget)
        return row

    def draw(self, state: State, before: State | None) -> None:
        """Show the foot of a state."""
        if before is None or state.busy != before.busy:
            self._busy.draw(state.busy, can_cancel=state.busy is not None and state.busy.can_cancel)
        if before is None or state.message != before.message:
            self._message.draw(state.message)
        self._open.setText(state.foot)
        self._open.setToolTip(state.foot)
        self._open.setVisible(bool(state.foot))
        self._open.setIcon(self._kit.icons.icon(state.foot_mark.value))
        self._senior.setVisible(state.can_ask_senior)
        ways = [mark.step for mark in state.steps if mark.reachable]
        place = ways.index(state.step) if state.step in ways else -1
        self._back.setEnabled(place > 0)
        self._next.setEnabled(0 <= place < len(ways) - 1)
        shown = state.header is not None
        self._back.setVisible(shown)
        self._next.setVisible(shown)

    def _to_submit(self) -> None:
        self._kit.annotator.go_to(StepId.SUBMIT)
