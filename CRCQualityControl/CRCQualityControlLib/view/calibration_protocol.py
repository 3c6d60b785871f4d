"""The parts Clearances and Protocol of the page Calibration: who may read what, and what belongs to the lesion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import qt
from crc_core.text import Lang, say
from crc_core.vocabulary import Target
from crc_widgets.fold import Fold
from crc_widgets.look import Weight, button, column, label, line, show_words, strong
from crc_widgets.rows import Rows
from crc_widgets.strip import Strip, StripItem
from crc_widgets.table import Table

from CRCQualityControlLib.presenter.calibration_state import PointState, ProtocolState
from CRCQualityControlLib.presenter.state import CalibrationState
from CRCQualityControlLib.view.kit import ViewKit

if TYPE_CHECKING:
    from CRCQualityControlLib.presenter.calibration import Calibration
    from CRCQualityControlLib.presenter.calibration_protocol import ProtocolDraft

_REASON_COLUMN = 5
_POINT_WIDTH = 150


class ClearancesPart:
    """Draws the clearances in force and who was asked to recalibrate."""

    def __init__(self, parent: qt.QWidget, _calibration: Calibration, kit: ViewKit) -> None:
        self.widget = qt.QWidget(parent)
        layout = column(self.widget, gap=4)
        self._flags = label(self.widget, name="crc.calibration.flags")
        self._empty = label(self.widget, Weight.QUIET)
        kit.words.text(self._empty, "quality.view.calibration.no_clearances")
        self._table = Table(self.widget, "crc.calibration.clearances", kit.icons, wide=_REASON_COLUMN)
        self._where = label(self.widget, Weight.QUIET)
        kit.words.text(self._where, "quality.view.calibration.clear_where")
        layout.addWidget(self._flags)
        layout.addWidget(self._empty)
        layout.addWidget(self._table.widget, 1)
        layout.addWidget(self._where)

    def draw(self, state: CalibrationState, _lang: Lang) -> bool:
        """Show the part; whether rows came or went."""
        show_words(self._flags, "\n".join(state.flags))
        self._empty.setVisible(not state.clearances.rows)
        self._where.setVisible(state.may_clear)
        return self._table.draw(state.clearances.columns, state.clearances.rows)


class ProtocolPart:
    """Draws the protocol in force, and lets its points be decided for the next version, target by target."""

    def __init__(self, parent: qt.QWidget, calibration: Calibration, kit: ViewKit) -> None:
        self._draft, self._kit = calibration.protocol, kit
        self._state, self._lang, self._target = ProtocolState(), Lang.ZH, Target.PRIMARY
        self.widget = qt.QWidget(parent)
        layout = column(self.widget, gap=6)
        self._version = label(self.widget, Weight.STRONG, name="crc.calibration.protocol_version")
        layout.addWidget(self._version)
        self._targets = Strip(self.widget, "crc.calibration.protocol_target", kit.icons, self._turn)
        layout.addWidget(self._targets.widget)
        self._includes, self._excludes = label(self.widget), label(self.widget)
        layout.addWidget(self._includes)
        layout.addWidget(self._excludes)
        self._fold = Fold(self.widget, "crc.calibration.points", kit.icons)
        kit.words.text(self._fold.heading, "quality.view.calibration.points")
        self._points = Rows(self._fold.layout, self._point_row, _key_of)
        layout.addWidget(self._fold.widget)
        row = line(gap=6)
        self._name = qt.QLineEdit(self.widget)
        self._name.setObjectName("crc.calibration.version")
        kit.words.hint(self._name, "quality.view.calibration.version")
        self._name.connect("textChanged(QString)", self._typed)
        self._publish = button(self.widget, "crc.calibration.publish", self._send)
        kit.words.text(self._publish, "quality.view.calibration.publish")
        kit.words.tip(self._publish, "quality.view.calibration.publish_tip")
        strong(self._publish)
        row.addWidget(self._name, 1)
        row.addWidget(self._publish)
        layout.addLayout(row)
        layout.addStretch(1)

    def draw(self, state: CalibrationState, lang: Lang) -> bool:
        """Show the part; whether rows came or went."""
        if state.protocol.version != self._state.version:
            self._name.setText("")
        self._state, self._lang = state.protocol, lang
        code = "in_force" if state.protocol.is_published else "shipped"
        self._version.setText(say(f"quality.view.calibration.{code}", lang, version=state.protocol.version))
        return self._draw_target()

    def _draw_target(self) -> bool:
        state, lang = self._state, self._lang
        targets = list(Target)
        decided = {point.target for point in state.points if point.belongs is not None}
        items = [
            StripItem(target.value, words + (" ●" if target in decided else ""))
            for target, (words, _, _) in zip(targets, state.lines, strict=False)
        ]
        self._targets.show(items, self._target.value)
        if state.lines:
            _, includes, excludes = state.lines[targets.index(self._target)]
            self._includes.setText(say("quality.view.calibration.includes", lang, words=" ".join(includes)))
            self._excludes.setText(say("quality.view.calibration.excludes", lang, words=" ".join(excludes)))
        points = [point for point in state.points if point.target is self._target] if state.may_publish else []
        moved = self._points.show(points, lang)
        self._fold.widget.setVisible(state.may_publish)
        for widget in (self._name, self._publish):
            widget.setVisible(state.may_publish)
        self._typed(self._name.text)
        return moved

    def _point_row(self, _key: object) -> _PointRow:
        return _PointRow(self._fold.content, self._draft, self._kit)

    def _turn(self, key: str) -> None:
        self._target = Target(key)
        self._draw_target()

    def _typed(self, words: str) -> None:
        self._publish.setEnabled(bool(words.strip()) and self._state.decided > 0)

    def _send(self) -> None:
        self._draft.publish(self._name.text)


def _key_of(point: PointState) -> tuple[Target, str]:
    return point.target, point.point


class _PointRow:
    """One point: what it is, how it stands, what is decided of it."""

    def __init__(self, parent: qt.QWidget, draft: ProtocolDraft, kit: ViewKit) -> None:
        self._draft, self._kit = draft, kit
        self._target, self._point = Target.PRIMARY, ""
        self.widget = qt.QWidget(parent)
        layout = column(self.widget, gap=1)
        row = line(gap=6)
        names = qt.QVBoxLayout()
        names.setSpacing(0)
        self._name, self._force = label(self.widget), label(self.widget, Weight.QUIET)
        names.addWidget(self._name)
        names.addWidget(self._force)
        holder = qt.QWidget(self.widget)
        holder.setLayout(names)
        names.setContentsMargins(0, 0, 0, 0)
        holder.setFixedWidth(_POINT_WIDTH)
        row.addWidget(holder)
        self._choice: Strip | None = None
        self._row = row
        self._reword = button(self.widget, "", self._ask)
        layout.addLayout(row)
        self._sentence = label(self.widget, Weight.QUIET)
        self._sentence.setIndent(_POINT_WIDTH + 6)
        layout.addWidget(self._sentence)

    def draw(self, point: PointState, lang: Lang) -> None:
        self._target, self._point = point.target, point.point
        name = f"{point.target.value}.{point.point}"
        if self._choice is None:
            self._choice = Strip(self.widget, f"crc.calibration.point.{name}", self._kit.icons, self._decide)
            self._row.addWidget(self._choice.widget, 1)
            self._row.addWidget(self._reword)
            self._reword.setObjectName(f"crc.calibration.reword.{name}")
        self._name.setText(point.words)
        self._force.setText(point.in_force)
        items = [
            StripItem(key, say(f"quality.view.calibration.{code}", lang))
            for key, code in (("as_is", "as_is"), ("in", "belongs"), ("out", "not_belongs"))
        ]
        self._choice.show(items, "as_is" if point.belongs is None else "in" if point.belongs else "out")
        self._reword.setText(say("quality.view.calibration.reword", lang))
        self._reword.setVisible(point.belongs is not None)
        show_words(self._sentence, point.sentence)

    def _decide(self, key: str) -> None:
        self._draft.decide(self._target, self._point, {"as_is": None, "in": True, "out": False}[key])

    def _ask(self) -> None:
        self._draft.reword(self._target, self._point)
