"""What waits for the server: a line that unfolds into a list with reasons, retry and a way to take things out."""

from __future__ import annotations

from typing import Any

import qt
from crc_core.text import Lang, say
from crc_widgets.fold import Fold
from crc_widgets.look import Weight, column, label, line, show_words, tool
from crc_widgets.rows import Rows

from CRCAnnotatorLib.presenter.online_state import OutboxRow, OutboxState
from CRCAnnotatorLib.view.kit import ViewKit

_ICONS = {"local": "unsaved", "waiting": "clock", "sent": "saved", "refused": "failed"}


class OutboxBox:
    """Draws `state.outbox`."""

    def __init__(self, parent: qt.QWidget, kit: ViewKit) -> None:
        self._kit = kit
        self._fold = Fold(parent, "crc.outbox", kit.icons)
        self.widget = self._fold.widget
        self._sending = label(self._fold.content, Weight.QUIET, name="crc.outbox.sending")
        self._fold.layout.addWidget(self._sending)
        lines = qt.QWidget(self._fold.content)
        self._rows = Rows(column(lines, gap=2), self._make, _id_of)
        self._fold.layout.addWidget(lines)
        self._lines = lines

    def draw(self, outbox: OutboxState | None, lang: Lang) -> None:
        """Show the outbox; nothing where the store is no server."""
        self.widget.setVisible(outbox is not None)
        if outbox is None:
            return
        self._fold.heading.setText(outbox.words)
        show_words(self._sending, outbox.sending)
        self._rows.show(outbox.rows, lang)

    def _make(self, key: Any) -> _Row:
        return _Row(self._lines, self._kit, str(key))


class _Row:
    def __init__(self, parent: qt.QWidget, kit: ViewKit, id_: str) -> None:
        self._kit, self._id = kit, id_
        self.widget = qt.QWidget(parent)
        self.widget.setObjectName("crc.outbox.row")
        layout = column(self.widget, gap=0)
        row = line()
        self._icon = qt.QLabel(self.widget)
        self._what = label(self.widget, name="crc.outbox.what")
        self._state = label(self.widget, Weight.QUIET, wrap=False, name="crc.outbox.state")
        self._retry = tool(self.widget, "crc.outbox.retry", self._send, kit.icons.icon("again"))
        self._back = tool(self.widget, "crc.outbox.take_back", self._take_back, kit.icons.icon("trash"))
        row.addWidget(self._icon)
        row.addWidget(self._what, 1)
        for widget in (self._state, self._retry, self._back):
            row.addWidget(widget)
        layout.addLayout(row)
        self._why = label(self.widget, Weight.QUIET, name="crc.outbox.why")
        layout.addWidget(self._why)

    def draw(self, item: OutboxRow, lang: Lang) -> None:
        """Show one thing."""
        self._icon.setPixmap(self._kit.icons.pixmap(_ICONS[item.state.value], 14))
        self._what.setText(item.what)
        self._state.setText(item.state_words)
        show_words(self._why, item.why)
        for made, words in (
            (self._retry, say("online.view.retry", lang)),
            (self._back, say("online.view.take_back", lang)),
        ):
            made.setToolTip(words)
            made.setAccessibleName(words)
        self._retry.setVisible(item.can_retry)
        self._back.setVisible(item.can_take_back)

    def _send(self) -> None:
        self._kit.annotator.posting.retry(self._id)

    def _take_back(self) -> None:
        self._kit.annotator.posting.take_back(self._id)


def _id_of(item: OutboxRow) -> str:
    return item.id
