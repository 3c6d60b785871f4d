"""The head of the panel: which case, how long, whether it is safe, the five steps, what is known of the patient."""

from __future__ import annotations

import qt
from crc_core.text import Lang, say
from crc_widgets.facts import FoldedFacts
from crc_widgets.icons import Tone, tone_colour
from crc_widgets.look import Weight, column, label, line, show_words, tint, tool, worded
from crc_widgets.strip import Strip, StripItem

from CRCAnnotatorLib.presenter.online_state import LineRow
from CRCAnnotatorLib.presenter.state import HeaderState, State, StepId
from CRCAnnotatorLib.view.keys import KEYS
from CRCAnnotatorLib.view.kit import ViewKit

_OTHER = {Lang.ZH: (Lang.EN, "EN"), Lang.EN: (Lang.ZH, "中文")}


class Head:
    """Draws `state.header` and `state.steps`; `menu` is what the button of three dots opens."""

    def __init__(self, parent: qt.QWidget, kit: ViewKit, menu: qt.QMenu) -> None:
        self._kit, self._lang = kit, Lang.ZH
        self.widget = qt.QWidget(parent)
        layout = column(self.widget, gap=3)
        layout.addLayout(self._title_line(menu))
        self._steps = Strip(self.widget, "crc.head.step", kit.icons, self._go_to, even=True)
        layout.addWidget(self._steps.widget)
        self._told = label(self.widget, name="crc.head.line_told")
        self._told.setMargin(4)
        tint(self._told, tone_colour(self.widget, Tone.WARN))
        layout.addWidget(self._told)
        self._card = _ContextCard(self.widget, kit)
        layout.addWidget(self._card.widget)
        self._returned = label(self.widget, name="crc.head.returned")
        self._returned.setMargin(4)
        tint(self._returned, tone_colour(self.widget, Tone.WARN))
        layout.addWidget(self._returned)

    def _title_line(self, menu: qt.QMenu) -> qt.QHBoxLayout:
        kit, row = self._kit, line()
        self._title = label(self.widget, Weight.STRONG, wrap=False, name="crc.head.title")
        self._read_only = qt.QLabel(self.widget)
        self._read_only.setObjectName("crc.head.read_only")
        self._read_only.setPixmap(kit.icons.pixmap("locked", 16))
        kit.words.tip(self._read_only, "annotator.view.read_only")
        self._clock, self._active = qt.QLabel(self.widget), label(self.widget, wrap=False, name="crc.head.active")
        self._clock.setPixmap(kit.icons.pixmap("clock", 14))
        kit.words.tip(self._active, "annotator.view.active_time")
        self._safe, self._saved = qt.QLabel(self.widget), label(self.widget, wrap=False, name="crc.head.saved")
        self._line = tool(self.widget, "crc.head.line", self._to_line)
        self._language = tool(self.widget, "crc.head.language", self._other_language)
        kit.words.tip(self._language, "annotator.view.language")
        self._menu = tool(self.widget, "crc.head.menu", None, kit.icons.icon("menu"))
        self._menu.setPopupMode(qt.QToolButton.InstantPopup)
        self._menu.setMenu(menu)
        # The arrow that a menu brings along says no more than the three dots do, and takes room.
        self._menu.setStyleSheet("QToolButton::menu-indicator { image: none; }")
        kit.words.tip(self._menu, "annotator.view.menu")
        row.addWidget(self._title)
        row.addWidget(self._read_only)
        row.addStretch(1)
        for widget in (self._clock, self._active, self._safe, self._saved, self._line, self._language, self._menu):
            row.addWidget(widget)
        row.insertSpacing(5, 6)
        return row

    def draw(self, state: State, before: State | None) -> None:
        """Show the head of a state."""
        self._lang = state.lang
        if before is None or state.steps != before.steps or state.step != before.step:
            self._steps.show(
                [
                    StripItem(step.step.value, f"{number} {step.words}", step.mark.value, step.reachable, step.words)
                    for number, step in enumerate(state.steps, 1)
                ],
                state.step.value,
            )
        if before is None or state.line != before.line:
            self._draw_line(state.line)
        if before is None or state.header != before.header or state.lang != before.lang:
            self._language.setText(_OTHER[state.lang][1])
            self._draw_case(state.header, state.lang)

    def _draw_case(self, header: HeaderState | None, lang: Lang) -> None:
        is_open = header is not None
        is_read_only = header is not None and header.read_only
        for widget in (self._clock, self._active):
            widget.setVisible(is_open)
        for widget in (self._safe, self._saved):
            widget.setVisible(is_open and not is_read_only)
        self._read_only.setVisible(is_read_only)
        self._card.draw(header, lang)
        show_words(self._returned, "" if header is None else header.returned)
        if header is None:
            self._title.setText(say("panel.annotator.title", lang))
            return
        self._title.setText(header.title)
        self._title.setToolTip(header.unit)
        self._active.setText(header.active)
        self._safe.setPixmap(self._kit.icons.pixmap(header.saved.value, 14))
        self._saved.setText(header.saved_words)

    def _draw_line(self, row: LineRow | None) -> None:
        self._line.setVisible(row is not None)
        if row is not None:
            self._line.setIcon(self._kit.icons.icon(f"line_{row.state.value}", 16))
            self._line.setToolTip(row.tip)
            self._line.setAccessibleName(row.words)
        show_words(self._told, "" if row is None else row.told)

    def _to_line(self) -> None:
        self._kit.annotator.to_line()

    def _go_to(self, key: str) -> None:
        self._kit.annotator.go_to(StepId(key))

    def _other_language(self) -> None:
        self._kit.annotator.set_language(_OTHER[self._lang][0])


class _ContextCard:
    """What is known of the patient, and the way to the prior time point."""

    def __init__(self, parent: qt.QWidget, kit: ViewKit) -> None:
        self._kit = kit
        self._facts = FoldedFacts(parent, "crc.head.context", "annotator.view.context", kit.words, kit.icons)
        self.widget = self._facts.widget
        self._prior = worded(tool(self.widget, "crc.head.prior", self._toggle_prior, kit.icons.icon("prior")))
        self._prior.setCheckable(True)
        kit.words.text(self._prior, "annotator.view.prior")
        kit.words.tip(self._prior, "annotator.view.prior_tip", KEYS["prior"])
        self._facts.row.addWidget(self._prior)

    def draw(self, header: HeaderState | None, lang: Lang) -> None:
        self.widget.setVisible(header is not None)
        if header is None:
            return
        self._facts.draw(header.context_brief, header.context, lang)
        self._prior.setVisible(header.has_prior)
        self._prior.setChecked(header.prior_shown)

    def _toggle_prior(self) -> None:
        self._kit.annotator.toggle_prior()
