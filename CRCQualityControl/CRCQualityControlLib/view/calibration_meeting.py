"""The part Meeting of the page Calibration: one case after the other, all readers as a heat map over the images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import qt
from crc_core.text import Lang
from crc_core.vocabulary import Target
from crc_widgets.look import Weight, button, column, label, line, show_words, strong, tool
from crc_widgets.rows import Rows
from crc_widgets.table import Table

from CRCQualityControlLib.presenter.state import CalibrationState
from CRCQualityControlLib.view.kit import ViewKit

if TYPE_CHECKING:
    from CRCQualityControlLib.presenter.calibration import Calibration

_SWATCH_PX = 14


class MeetingPart:
    """Draws `state.meeting`; a line of its table shows that reader against the reference."""

    def __init__(self, parent: qt.QWidget, calibration: Calibration, kit: ViewKit) -> None:
        self._meeting = calibration.meeting
        self._state = CalibrationState()
        self._units: tuple[str, ...] = ()
        self._targets: tuple[Target, ...] = ()
        self.widget = qt.QWidget(parent)
        layout = column(self.widget, gap=6)
        layout.addLayout(self._choice_line(kit))
        self._hint = label(self.widget, Weight.QUIET)
        kit.words.text(self._hint, "quality.view.calibration.meeting_hint")
        layout.addWidget(self._hint)
        self._words = label(self.widget, Weight.STRONG, name="crc.calibration.meeting_words")
        layout.addWidget(self._words)
        self._legend = qt.QWidget(self.widget)
        self._swatches = Rows(column(self._legend, gap=1), self._swatch, _place_of)
        layout.addWidget(self._legend)
        self._table = Table(self.widget, "crc.calibration.meeting_numbers", kit.icons, wide=5, opened=self._open)
        layout.addWidget(self._table.widget, 1)
        self._filler = qt.QWidget(self.widget)
        layout.addWidget(self._filler, 1)

    def _choice_line(self, kit: ViewKit) -> qt.QHBoxLayout:
        row = line(gap=4)
        self._unit = _combo(self.widget, "crc.calibration.unit", self._unit_chosen)
        self._target = _combo(self.widget, "crc.calibration.target", self._target_chosen)
        self._votes = button(self.widget, "crc.calibration.votes", self._show_votes, kit.icons.icon("eye"))
        kit.words.text(self._votes, "quality.view.calibration.votes")
        kit.words.tip(self._votes, "quality.view.calibration.votes_tip")
        strong(self._votes)
        self._back = tool(self.widget, "crc.calibration.previous", self._step_back, kit.icons.icon("back"))
        self._next = tool(self.widget, "crc.calibration.next", self._step_on, kit.icons.icon("next"))
        kit.words.tip(self._back, "quality.view.calibration.previous")
        kit.words.tip(self._next, "quality.view.calibration.next")
        row.addWidget(self._back)
        row.addWidget(self._unit, 3)
        row.addWidget(self._next)
        row.addWidget(self._target, 2)
        row.addWidget(self._votes)
        return row

    def draw(self, state: CalibrationState, lang: Lang) -> bool:
        """Show the part; whether rows came or went."""
        self._state, meeting = state, state.meeting
        self._units = meeting.units
        self._targets = tuple(target for target, _ in meeting.targets)
        _fill(self._unit, meeting.units, meeting.unit)
        words = dict(meeting.targets)
        chosen = "" if meeting.target is None else words.get(meeting.target, "")
        _fill(self._target, tuple(words.values()), chosen)
        for widget in (self._votes, self._back, self._next, self._unit, self._target):
            widget.setEnabled(bool(meeting.units))
        show_words(self._words, meeting.words)
        self._hint.setVisible(not meeting.words)
        moved = self._swatches.show([(place, *hue) for place, hue in enumerate(meeting.legend)], lang)
        numbers = meeting.numbers
        self._table.widget.setVisible(bool(numbers.rows))
        self._filler.setVisible(not numbers.rows)
        return self._table.draw(numbers.columns, numbers.rows, numbers.marks) or moved

    def _swatch(self, _key: object) -> _Swatch:
        return _Swatch(self._legend)

    def _show_votes(self) -> None:
        meeting = self._state.meeting
        if meeting.target is not None:
            self._meeting.show_votes(meeting.unit, meeting.target)

    def _step_on(self) -> None:
        self._meeting.step()

    def _step_back(self) -> None:
        self._meeting.step(forward=False)

    def _unit_chosen(self, place: int) -> None:
        target = self._state.meeting.target
        if 0 <= place < len(self._units) and target is not None:
            self._meeting.choose(self._units[place], target)

    def _target_chosen(self, place: int) -> None:
        if 0 <= place < len(self._targets):
            self._meeting.choose(self._state.meeting.unit, self._targets[place])

    def _open(self, row: int) -> None:
        meeting = self._state.meeting
        keys = [k for k in self._state.case_keys if (k.unit, k.target) == (meeting.unit, meeting.target)]
        if row < len(keys):
            self._meeting.show_reading(keys[row].unit, keys[row].target, keys[row].reader)


class _Swatch:
    """One hue of the heat map and what lies in it."""

    def __init__(self, parent: qt.QWidget) -> None:
        self.widget = qt.QWidget(parent)
        row = line(self.widget, gap=6)
        self._hue, self._words = qt.QLabel(self.widget), label(self.widget)
        row.addWidget(self._hue)
        row.addWidget(self._words, 1)

    def draw(self, shown: tuple[int, str, str], _lang: Lang) -> None:
        pixmap = qt.QPixmap(_SWATCH_PX, _SWATCH_PX)
        pixmap.fill(qt.QColor(shown[1]))
        self._hue.setPixmap(pixmap)
        self._words.setText(shown[2])


def _place_of(shown: tuple[int, str, str]) -> int:
    return shown[0]


def _combo(parent: qt.QWidget, name: str, chosen: object) -> qt.QComboBox:
    made = qt.QComboBox(parent)
    made.setObjectName(name)
    made.setSizePolicy(qt.QSizePolicy.Expanding, qt.QSizePolicy.Fixed)
    made.setMinimumContentsLength(6)
    made.connect("activated(int)", chosen)
    return made


def _fill(combo: qt.QComboBox, words: tuple[str, ...], current: str) -> None:
    """Show these lines with one chosen; nobody is told."""
    combo.blockSignals(True)
    if [combo.itemText(place) for place in range(combo.count)] != list(words):
        combo.clear()
        for word in words:
            combo.addItem(word)
    if current in words:
        combo.setCurrentIndex(words.index(current))
    combo.blockSignals(False)
