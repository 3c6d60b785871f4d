"""The lesions of the case: who drew each, why it is open, what is taken of it and for which reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import qt
from crc_core.text import Lang, say
from crc_core.vocabulary import Target, TargetAnswer
from crc_widgets.fold import Fold
from crc_widgets.look import Weight, button, column, label, line, show_words, tool, worded
from crc_widgets.rows import Rows
from crc_widgets.strip import Strip, StripItem

from CRCQualityControlLib.presenter.state import CaseState, LesionRow, SilentRow, Take
from CRCQualityControlLib.view.keys import KEYS
from CRCQualityControlLib.view.kit import ViewKit

if TYPE_CHECKING:
    from CRCQualityControlLib.presenter.quality import QualityControl

_ICONS = {
    Take.A: "take_a",
    Take.B: "take_b",
    Take.UNION: "union",
    Take.INTERSECTION: "intersection",
    Take.EDITED: "edited",
    Take.DROPPED: "dropped",
}
_WHOLE = (Take.A, Take.B, Take.UNION, Take.INTERSECTION)


class Lesions:
    """Draws the lesions and the targets without any; one lesion is current: keys act on it."""

    def __init__(self, parent: qt.QWidget, quality: QualityControl, kit: ViewKit) -> None:
        self._quality, self._kit = quality, kit
        self._case: CaseState | None = None
        self.current = ""
        self._fold = Fold(parent, "crc.adjudication.lesions", kit.icons)
        kit.words.text(self._fold.heading, "quality.view.adjudication.lesions")
        self.widget = self._fold.widget
        self._accept = button(self.widget, "crc.adjudication.accept", quality.deciding.accept_sub_voxel)
        self._accept.setIcon(kit.icons.icon("done"))
        kit.words.tip(self._accept, "quality.view.adjudication.accept_tip", KEYS["accept"])
        self._fold.beside.addWidget(self._accept)
        self._holder = qt.QWidget(self.widget)
        self._rows = Rows(column(self._holder, gap=5), self._row, _key_of)
        self._fold.layout.addWidget(self._holder)
        self._silent_holder = qt.QWidget(self.widget)
        self._silent = Rows(column(self._silent_holder, gap=5), self._silent_row, _target_of)
        self._fold.layout.addWidget(self._silent_holder)
        self._whole_words = label(self.widget, Weight.QUIET, wrap=False)
        kit.words.text(self._whole_words, "quality.view.adjudication.whole")
        self._whole_of = qt.QComboBox(self.widget)
        self._whole_of.setObjectName("crc.adjudication.whole_of")
        self._whole = Strip(self.widget, "crc.adjudication.whole", kit.icons, self._take_whole)
        row = line()
        row.addWidget(self._whole_words)
        row.addWidget(self._whole_of)
        row.addWidget(self._whole.widget, 1)
        self._fold.layout.addLayout(row)
        self._targets: tuple[str, ...] = ()

    def put_away(self) -> None:
        """No case is on the desk; the next one begins at its first open lesion, the same unit once more as well."""
        self._case, self.current = None, ""

    def draw(self, case: CaseState, lang: Lang) -> bool:
        """Show the lesions; whether rows came or went."""
        fresh = self._case is None or self._case.unit != case.unit
        self._case = case
        keys = [row.key for row in case.lesions]
        if fresh or self.current not in keys:
            self.current = next((row.key for row in case.lesions if row.is_open), keys[0] if keys else "")
        moved = self._rows.show([(row, row.key == self.current, case.editing == row.key) for row in case.lesions], lang)
        moved |= self._silent.show(case.silent, lang)
        self._accept.setText(say("quality.view.adjudication.accept", lang, count=case.sub_voxel))
        self._accept.setVisible(case.sub_voxel > 0)
        return self._draw_whole(case, lang) or moved

    def _draw_whole(self, case: CaseState, lang: Lang) -> bool:
        """All disputed lesions of a target in one go, where there are several."""
        disputed = [row.key.partition(":")[0] for row in case.lesions if row.disputed]
        targets = tuple(dict.fromkeys(target for target in disputed if disputed.count(target) > 1))
        for part in (self._whole_words, self._whole_of, self._whole.widget):
            part.setVisible(bool(targets))
        if targets != self._targets:
            self._whole_of.clear()
        for place, target in enumerate(targets):
            words = say(f"contour.target.{target}", lang)
            if place < self._whole_of.count:
                self._whole_of.setItemText(place, words)
            else:
                self._whole_of.addItem(words)
        self._targets = targets
        items = [
            StripItem(take.value, "", _ICONS[take], tip=say(f"quality.view.take.{take.value}", lang)) for take in _WHOLE
        ]
        return self._whole.show(items, None)

    def next_open(self) -> None:
        """Make the next lesion that is open current, after the last the first; the views go there."""
        rows = () if self._case is None else self._case.lesions
        keys = [row.key for row in rows]
        start = keys.index(self.current) + 1 if self.current in keys else 0
        order = [*rows[start:], *rows[:start]]
        found = next((row for row in order if row.is_open), order[0] if order else None)
        if found is not None:
            self.select(found.key)

    def select(self, key: str) -> None:
        """Make a lesion current and go there."""
        self.current = key
        self._quality.adjudication.go_to_lesion(key)
        self._again()

    def take(self, take: Take) -> None:
        """Take the current lesion so."""
        if self.current:
            self._decide(self.current, take)

    def _decide(self, key: str, take: Take) -> None:
        if take is Take.EDITED:
            self._quality.adjudication.go_to_lesion(key)
        self._quality.deciding.take(key, take)

    def reopen(self) -> None:
        """Take the decision on the current lesion back."""
        if self.current:
            self._quality.deciding.reopen(self.current)

    def ask_reason(self) -> None:
        """Ask why the current lesion was decided so."""
        if self.current:
            self._quality.deciding.ask_reason(self.current)

    def take_of(self, key: str, take: Take) -> None:
        """Take a lesion so; the same again takes the decision back."""
        row = None if self._case is None else next((row for row in self._case.lesions if row.key == key), None)
        self.current = key
        if row is not None and row.chosen is take and take is not Take.EDITED:
            self._quality.deciding.reopen(key)
        else:
            self._decide(key, take)
        self._again()

    def _again(self) -> None:
        if self._case is not None:
            self.draw(self._case, self._quality.state.lang)

    def _take_whole(self, key: str) -> None:
        if self._targets:
            target = self._targets[max(0, self._whole_of.currentIndex)]
            self._quality.deciding.take_target(Target(target), Take(key))

    def _row(self, key: object) -> _Lesion:
        return _Lesion(self._holder, str(key), self, self._quality, self._kit)

    def _silent_row(self, key: object) -> _Silent:
        return _Silent(self._silent_holder, str(key), self._quality, self._kit)


def _key_of(shown: tuple[LesionRow, bool, bool]) -> str:
    return shown[0].key


def _target_of(row: SilentRow) -> str:
    return row.target


class _Lesion:
    """One lesion: a line of words that goes there, and where it is disputed, a strip of what can be taken."""

    def __init__(self, parent: qt.QWidget, key: str, lesions: Lesions, quality: QualityControl, kit: ViewKit) -> None:
        self._key, self._lesions, self._deciding, self._kit = key, lesions, quality.deciding, kit
        self.widget = qt.QFrame(parent)
        layout = column(self.widget, margin=3, gap=2)
        row = line(gap=4)
        self._mark = qt.QLabel(self.widget)
        self._go = button(self.widget, f"crc.adjudication.lesion.{key}", self._select)
        self._go.setFlat(True)
        self._go.setStyleSheet("QPushButton { text-align: left; padding: 2px 4px; }")
        self._go.setSizePolicy(qt.QSizePolicy.Ignored, qt.QSizePolicy.Fixed)
        self._drawn = label(self.widget, Weight.QUIET, wrap=False)
        row.addWidget(self._mark)
        row.addWidget(self._go, 1)
        row.addWidget(self._drawn)
        layout.addLayout(row)
        self._why = label(self.widget, Weight.QUIET)
        self._why.setIndent(22)
        layout.addWidget(self._why)
        row = line(gap=4)
        row.addSpacing(20)
        self._takes = Strip(self.widget, f"crc.adjudication.take.{key}", kit.icons, self._take)
        self._reason = worded(tool(self.widget, f"crc.adjudication.why.{key}", self._ask_reason))
        row.addWidget(self._takes.widget, 1)
        layout.addLayout(row)
        row = line(gap=4)
        row.addSpacing(20)
        row.addWidget(self._reason)
        row.addStretch(1)
        layout.addLayout(row)

    def draw(self, shown: tuple[LesionRow, bool, bool], lang: Lang) -> None:
        row, current, editing = shown
        state = "todo" if row.is_open else "current" if editing else "done"
        self._mark.setPixmap(self._kit.icons.pixmap(state, 16))
        self._mark.setToolTip(say(f"quality.view.lesion.{state}", lang))
        self._go.setText(row.words)
        self._go.setToolTip(say("quality.view.adjudication.go_to_lesion", lang))
        font = self._go.font
        font.setBold(current)
        self._go.setFont(font)
        self._drawn.setText(row.drawn)
        show_words(self._why, row.reasons)
        self.widget.setFrameShape(qt.QFrame.StyledPanel if current else qt.QFrame.NoFrame)
        shown_takes = row.disputed or row.chosen is not None or current
        self._takes.widget.setVisible(shown_takes)
        items = [
            StripItem(take.value, say(f"quality.view.take.{take.value}", lang), _ICONS[take],
                      tip=say(f"quality.view.take.{take.value}_tip", lang))
            for take in row.takes
        ]  # fmt: skip
        chosen = Take.EDITED if editing else row.chosen
        self._takes.show(items, None if chosen is None else chosen.value)
        self._reason.setVisible(row.chosen is not None)
        self._reason.setText(row.reason or say("quality.view.adjudication.reason", lang))
        self._reason.setIcon(self._kit.icons.icon("done" if row.reason else "attention"))
        self._reason.setToolTip(say("quality.view.adjudication.reason_tip", lang))

    def _select(self) -> None:
        self._lesions.select(self._key)

    def _take(self, take: str) -> None:
        self._lesions.take_of(self._key, Take(take))

    def _ask_reason(self) -> None:
        self._deciding.ask_reason(self._key)


class _Silent:
    """A target on which the readers differ in words alone: what each says, and what is right."""

    def __init__(self, parent: qt.QWidget, target: str, quality: QualityControl, kit: ViewKit) -> None:
        self._target, self._deciding = target, quality.deciding
        self.widget = qt.QWidget(parent)
        layout = column(self.widget, gap=2)
        self._words = label(self.widget)
        self._answers = Strip(self.widget, f"crc.adjudication.absent.{target}", kit.icons, self._answer)
        layout.addWidget(self._words)
        layout.addWidget(self._answers.widget)

    def draw(self, row: SilentRow, lang: Lang) -> None:
        self._words.setText(say("quality.view.adjudication.silent", lang, target=row.words, a=row.a, b=row.b))
        self._answers.show([StripItem(code, words) for code, words in row.answers], row.chosen or None)

    def _answer(self, code: str) -> None:
        self._deciding.say_absent(Target(self._target), TargetAnswer(code))
