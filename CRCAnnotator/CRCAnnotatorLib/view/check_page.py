"""Step 2: is the scan fit? Series with verdicts and reasons, the phases to look at, what was found, the answer."""

from __future__ import annotations

import qt
from crc_core.text import Lang, say
from crc_core.vocabulary import Role
from crc_widgets.look import Weight, button, column, label, line, rule, show_words, strong, tool, worded
from crc_widgets.rows import Rows
from crc_widgets.strip import Strip, StripItem

from CRCAnnotatorLib.presenter.state import CheckState, ItemRow, SeriesRow, State
from CRCAnnotatorLib.view.keys import KEYS
from CRCAnnotatorLib.view.kit import ViewKit

_ALL = "all"
_NAME_WIDTH = 136


class CheckPage:
    """Draws `state.check`."""

    def __init__(self, parent: qt.QWidget, kit: ViewKit) -> None:
        self._kit, self._check = kit, kit.annotator.check
        self.widget = qt.QWidget(parent)
        self.widget.setObjectName("crc.check")
        layout = column(self.widget, gap=6)
        layout.addLayout(self._verdict_line())
        layout.addLayout(self._view_line())
        holder = qt.QWidget(self.widget)
        self._series = Rows(column(holder, gap=1), self._series_row, _role_of)
        layout.addWidget(holder)
        self._holder = holder
        layout.addWidget(rule(self.widget))
        self._about = label(self.widget, Weight.STRONG, name="crc.check.about")
        layout.addWidget(self._about)
        self._found = qt.QWidget(self.widget)
        self._items = Rows(column(self._found, gap=3), self._item_row, _id_of)
        layout.addWidget(self._found)
        layout.addStretch(1)

    def _verdict_line(self) -> qt.QHBoxLayout:
        row = line(gap=6)
        self._icon = qt.QLabel(self.widget)
        self._verdict = label(self.widget, Weight.STRONG, name="crc.check.verdict")
        self._again = tool(self.widget, "crc.check.again", self._check.check_again, self._kit.icons.icon("again"))
        self._kit.words.tip(self._again, "annotator.view.check.again")
        self._confirm = button(self.widget, "crc.check.confirm", self._check.confirm)
        strong(self._confirm)
        row.addWidget(self._icon)
        row.addWidget(self._verdict, 1)
        row.addWidget(self._again)
        row.addWidget(self._confirm)
        return row

    def _view_line(self) -> qt.QHBoxLayout:
        kit, row = self._kit, line(gap=2)
        self._phases = Strip(self.widget, "crc.check.phase", kit.icons, self._show)
        self._linked = worded(tool(self.widget, "crc.check.linked", self._link, kit.icons.icon("link")))
        self._linked.setCheckable(True)
        kit.words.text(self._linked, "annotator.view.check.linked")
        kit.words.tip(self._linked, "annotator.view.check.linked_tip")
        row.addWidget(self._phases.widget, 1)
        row.addWidget(self._linked)
        return row

    def draw(self, state: State, before: State | None) -> bool:
        """Show the check of a state; whether rows came or went."""
        check = state.check
        fresh = before is None or state.lang != before.lang
        if check is None:
            return self._series.clear() | self._items.clear()
        if not (fresh or check is not before.check):
            return False
        lang = state.lang
        self._icon.setPixmap(self._kit.icons.pixmap(check.verdict.value, 20))
        self._verdict.setText(check.verdict_words)
        moved = self._series.show([(row, row.role is check.selected) for row in check.series], lang)
        self._draw_phases(check, lang)
        chosen = next((row for row in check.series if row.role is check.selected), None)
        about = "annotator.view.check.study" if chosen is None else "annotator.view.check.of_series"
        self._about.setText(say(about, lang, series="" if chosen is None else chosen.label))
        self._about.setVisible(bool(check.items) or chosen is not None)
        moved |= self._items.show(check.items, lang)
        code = "confirmed" if check.confirmed else "confirm"
        self._confirm.setText(say(f"annotator.view.check.{code}", lang))
        self._confirm.setIcon(self._kit.icons.icon("done" if check.confirmed else "next"))
        self._confirm.setEnabled(check.can_confirm)
        return moved

    def _draw_phases(self, check: CheckState, lang: Lang) -> None:
        labels = {row.role: row.label for row in check.series}
        items = [StripItem(_ALL, say("annotator.view.check.side_by_side", lang), "phases")] * (len(check.phases) > 1)
        tip = say("annotator.view.check.flip_tip", lang, forward=KEYS["flip_forward"], back=KEYS["flip_back"])
        items += [StripItem(role.value, labels.get(role, role.value), tip=tip) for role in check.phases]
        self._phases.show(items, _ALL if check.flipped is None else check.flipped.value)
        self._linked.setChecked(check.linked)
        self._linked.setVisible(len(check.phases) > 1)

    def _series_row(self, _key: object) -> _SeriesRow:
        return _SeriesRow(self._holder, self._kit)

    def _item_row(self, _key: object) -> _ItemRow:
        return _ItemRow(self._found, self._kit)

    def _show(self, key: str) -> None:
        if key == _ALL:
            self._check.show_phases()
        else:
            self._check.show_single(Role(key))

    def _link(self) -> None:
        self._check.set_linked(self._linked.checked)


def _role_of(shown: tuple[SeriesRow, bool]) -> Role:
    return shown[0].role


def _id_of(item: ItemRow) -> str:
    return item.id


class _SeriesRow:
    """One series: click it for its items, the eye shows it alone."""

    def __init__(self, parent: qt.QWidget, kit: ViewKit) -> None:
        self._kit, self._role = kit, Role.OTHER
        self.widget = qt.QFrame(parent)
        self.widget.setFrameShape(qt.QFrame.StyledPanel)
        self.widget.setBackgroundRole(qt.QPalette.AlternateBase)
        layout = column(self.widget, gap=0)
        layout.setContentsMargins(4, 1, 2, 2)
        row = line(gap=6)
        self._name = worded(tool(self.widget, "", self._select))
        self._name.setCheckable(True)
        self._name.setMinimumWidth(_NAME_WIDTH)
        self._name.setSizePolicy(qt.QSizePolicy.Fixed, qt.QSizePolicy.Preferred)
        self._description = label(self.widget)
        self._numbers = label(self.widget, Weight.QUIET, wrap=False)
        self._verdict = label(self.widget, wrap=False)
        self._eye = tool(self.widget, "", self._show, kit.icons.icon("eye"))
        for widget in (self._name, self._description, self._numbers, self._verdict, self._eye):
            row.addWidget(widget, 1 if widget is self._description else 0)
        layout.addLayout(row)
        self._note = label(self.widget, Weight.QUIET)
        self._note.setIndent(22)
        layout.addWidget(self._note)

    def draw(self, shown: tuple[SeriesRow, bool], lang: Lang) -> None:
        (row, chosen), icons = shown, self._kit.icons
        self._role = row.role
        self._name.setObjectName(f"crc.check.series.{row.role.value}")
        self._name.setIcon(icons.icon(row.verdict.value))
        self._name.setText(row.label)
        self._name.setAccessibleName(f"{row.label} {row.verdict_words}")
        self._name.setChecked(chosen)
        self.widget.setAutoFillBackground(chosen)
        self._description.setText(row.description)
        self._numbers.setText(say("annotator.view.check.numbers", lang, slices=row.slices, mm=row.thickness))
        self._numbers.setVisible(bool(row.slices))
        self._verdict.setText(row.verdict_words)
        show_words(self._note, " · ".join(words for words in (row.note, row.source_of) if words))
        self._eye.setObjectName(f"crc.check.show.{row.role.value}")
        self._eye.setToolTip(say("annotator.view.check.show", lang, series=row.label))
        self._eye.setAccessibleName(self._eye.toolTip)
        self._eye.setEnabled(row.can_show)

    def _select(self) -> None:
        chosen = self._name.checked
        self._kit.annotator.check.select(self._role if chosen else None)

    def _show(self) -> None:
        self._kit.annotator.check.show_single(self._role)


class _ItemRow:
    """One thing that was checked: what was seen, what is expected, what can be said to it."""

    def __init__(self, parent: qt.QWidget, kit: ViewKit) -> None:
        self._kit, self._item = kit, ""
        self.widget = qt.QWidget(parent)
        row = line(self.widget, gap=6)
        self._icon = qt.QLabel(self.widget)
        self._icon.setAlignment(qt.Qt.AlignTop)
        row.addWidget(self._icon)
        words = qt.QVBoxLayout()
        words.setSpacing(0)
        self._label, self._sentence = label(self.widget), label(self.widget)
        self._seen, self._accepted = label(self.widget, Weight.QUIET), label(self.widget, Weight.QUIET)
        for part in (self._label, self._sentence, self._seen, self._accepted):
            words.addWidget(part)
        row.addLayout(words, 1)
        self._accept = button(self.widget, "", self._accept_it)
        self._take_back = button(self.widget, "", self._take_it_back)
        row.addWidget(self._accept, 0, qt.Qt.AlignTop)
        row.addWidget(self._take_back, 0, qt.Qt.AlignTop)

    def draw(self, item: ItemRow, lang: Lang) -> None:
        self._item = item.id
        self._icon.setPixmap(self._kit.icons.pixmap(item.verdict.value, 16))
        self._icon.setToolTip(item.verdict_words)
        self._label.setText(say("annotator.view.check.item", lang, item=item.label, verdict=item.verdict_words))
        show_words(self._sentence, item.sentence)
        code = "seen_expected" if item.seen and item.expected else "seen" if item.seen else "expected"
        values = {"seen": item.seen, "expected": item.expected}
        show_words(
            self._seen,
            say(f"annotator.view.check.{code}", lang, **values) if item.seen or item.expected else "",
        )
        show_words(self._accepted, item.accepted)
        self._accept.setObjectName(f"crc.check.accept.{item.id}")
        self._accept.setText(say("annotator.view.check.accept", lang))
        self._accept.setVisible(item.can_accept and not item.accepted)
        self._take_back.setObjectName(f"crc.check.take_back.{item.id}")
        self._take_back.setText(say("annotator.view.check.take_back", lang))
        self._take_back.setVisible(bool(item.accepted))

    def _accept_it(self) -> None:
        self._kit.annotator.check.accept(self._item)

    def _take_it_back(self) -> None:
        self._kit.annotator.check.take_back(self._item)
