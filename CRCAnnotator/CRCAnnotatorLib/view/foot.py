"""The foot of the panel: what happens, what was said, what still stands before the submission, and the way on."""

from __future__ import annotations

import qt
from crc_widgets.icons import Tone, tone_colour
from crc_widgets.look import button, column, label, line, rule, tint, tool, worded

from CRCAnnotatorLib.presenter.state import Busy, Level, Message, State, StepId
from CRCAnnotatorLib.view.keys import KEYS
from CRCAnnotatorLib.view.kit import ViewKit

_TOLD_FOR_MS = 10_000
_TONES = {Level.INFO: Tone.NOTE, Level.WARNING: Tone.WARN, Level.ERROR: Tone.BAD}


class Foot:
    """Draws `busy`, `message`, `foot`."""

    def __init__(self, parent: qt.QWidget, kit: ViewKit) -> None:
        self._kit = kit
        self.widget = qt.QWidget(parent)
        layout = column(self.widget, gap=3)
        self._busy, self._message = _BusyBar(self.widget, kit), _MessageBar(self.widget, kit)
        layout.addWidget(self._busy.widget)
        layout.addWidget(self._message.widget)
        layout.addWidget(rule(self.widget))
        layout.addLayout(self._way())

    def _way(self) -> qt.QHBoxLayout:
        kit, annotator, row = self._kit, self._kit.annotator, line()
        self._open = worded(tool(self.widget, "crc.foot.problems", self._to_submit))
        self._open.setIcon(kit.icons.icon("attention"))
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
            self._busy.draw(state.busy)
        if before is None or state.message != before.message:
            self._message.draw(state.message)
        self._open.setText(state.foot)
        self._open.setToolTip(state.foot)
        self._open.setVisible(bool(state.foot))
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


class _BusyBar:
    """What takes a while: how far it is, and a way to stop it."""

    def __init__(self, parent: qt.QWidget, kit: ViewKit) -> None:
        self.widget = qt.QWidget(parent)
        self.widget.setObjectName("crc.busy")
        row = line(self.widget)
        self._words = label(self.widget, name="crc.busy.words")
        self._bar = qt.QProgressBar(self.widget)
        self._bar.setFixedWidth(130)
        self._cancel = button(self.widget, "crc.busy.cancel", kit.annotator.cancel_busy)
        kit.words.text(self._cancel, "annotator.view.cancel")
        row.addWidget(self._words, 1)
        row.addWidget(self._bar)
        row.addWidget(self._cancel)

    def draw(self, busy: Busy | None) -> None:
        self.widget.setVisible(busy is not None)
        if busy is not None:
            self._words.setText(busy.words)
            self._bar.setRange(0, busy.total)
            self._bar.setValue(busy.done)
            self._cancel.setVisible(busy.can_cancel)


class _MessageBar:
    """One sentence, as loud as it is meant, until it is put away; what is only told goes by itself."""

    def __init__(self, parent: qt.QWidget, kit: ViewKit) -> None:
        self._icons = kit.icons
        self._told = qt.QTimer(parent)
        self._told.setSingleShot(True)
        self._told.setInterval(_TOLD_FOR_MS)
        self._told.connect("timeout()", kit.annotator.dismiss_message)
        self.widget = qt.QFrame(parent)
        self.widget.setObjectName("crc.message")
        self.widget.setFrameShape(qt.QFrame.StyledPanel)
        row = line(self.widget, gap=6)
        row.setContentsMargins(6, 4, 4, 4)
        self._icon, self._words = qt.QLabel(self.widget), label(self.widget, name="crc.message.words")
        self._icon.setAlignment(qt.Qt.AlignTop)
        self._words.setTextInteractionFlags(qt.Qt.TextSelectableByMouse)
        self._close = tool(self.widget, "crc.message.close", kit.annotator.dismiss_message, kit.icons.icon("close", 12))
        kit.words.tip(self._close, "annotator.view.dismiss")
        row.addWidget(self._icon)
        row.addWidget(self._words, 1)
        row.addWidget(self._close)
        self._plain = self.widget.palette

    def draw(self, message: Message | None) -> None:
        self.widget.setVisible(message is not None)
        self._told.stop()
        if message is not None:
            if message.level is Level.INFO:
                self._told.start()
            self.widget.setPalette(self._plain)
            tint(self.widget, tone_colour(self.widget, _TONES[message.level]))
            self._icon.setPixmap(self._icons.pixmap(message.level.value, 18))
            self._words.setText(message.words)
