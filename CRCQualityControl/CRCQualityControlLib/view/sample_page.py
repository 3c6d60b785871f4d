"""The page Sample: drawing the agreement sample, what was kept, and giving re-readings out."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import qt
from crc_core.text import Lang, say
from crc_widgets.facts import Fact, FactRow
from crc_widgets.flow import Flow
from crc_widgets.fold import Fold
from crc_widgets.look import Weight, button, column, label, line, show_words, strong, tool
from crc_widgets.rows import Rows
from crc_widgets.strip import Strip, StripItem
from crc_widgets.table import Table

from CRCQualityControlLib.presenter.state import Page, SampleState, State
from CRCQualityControlLib.presenter.tables import TableState
from CRCQualityControlLib.view.kit import ViewKit

if TYPE_CHECKING:
    from CRCQualityControlLib.presenter.quality import QualityControl

_PARTS = ("strata", "members", "left_out", "rereads")
_MOST_SEED = 2**31 - 1


class SamplePage:
    """Draws `state.sample`; what is typed for the next draw stays here."""

    width_px = 640

    def __init__(self, parent: qt.QWidget, quality: QualityControl, kit: ViewKit) -> None:
        self._quality, self._sample, self._kit = quality, quality.sample, kit
        self._before: State | None = None
        self._part, self._is_preset = "strata", False
        self.widget = qt.QWidget(parent)
        self.widget.setObjectName("crc.sample")
        layout = column(self.widget, gap=6)
        self._hidden = label(self.widget, name="crc.sample.hidden")
        kit.words.text(self._hidden, "quality.view.sample.hidden")
        layout.addWidget(self._hidden)
        self._fold = Fold(self.widget, "crc.sample.new", kit.icons)
        kit.words.text(self._fold.heading, "quality.view.sample.draw_title")
        self._build_draw()
        layout.addWidget(self._fold.widget)
        self._kept = qt.QWidget(self.widget)
        self._build_kept(column(self._kept, gap=4))
        layout.addWidget(self._kept, 1)
        self._filler = qt.QWidget(self.widget)
        layout.addWidget(self._filler, 1)

    def _build_draw(self) -> None:
        kit, inside = self._kit, self._fold.content
        self._ready = label(inside, name="crc.sample.ready")
        self._fold.layout.addWidget(self._ready)
        grid = qt.QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(3)
        self._spins = {}
        for place, (name, most) in enumerate(
            (("size", 100_000), ("per_reader", 10_000), ("washout", 3_650), ("seed", _MOST_SEED))
        ):
            words = label(inside, Weight.QUIET, wrap=False)
            kit.words.text(words, f"quality.view.sample.{name}")
            spin = self._spins[name] = qt.QSpinBox(inside)
            spin.setObjectName(f"crc.sample.{name}")
            spin.setRange(0 if name != "size" else 1, most)
            words.setBuddy(spin)
            grid.addWidget(words, 0, place)
            grid.addWidget(spin, 1, place)
        kit.words.tip(self._spins["per_reader"], "quality.view.sample.per_reader_tip")
        kit.words.tip(self._spins["seed"], "quality.view.sample.seed_tip")
        grid.setColumnStretch(3, 1)
        self._fold.layout.addLayout(grid)
        self._left_out = Flow(inside)
        self._chips: dict[str, qt.QToolButton] = {}
        self._fold.layout.addWidget(self._left_out)
        row = line(gap=6)
        self._draw_it = button(inside, "crc.sample.draw", self._draw_sample)
        kit.words.text(self._draw_it, "quality.view.sample.draw")
        strong(self._draw_it)
        self._exclude = button(inside, "crc.sample.exclude", self._ask_exclusion)
        kit.words.text(self._exclude, "quality.view.sample.exclude")
        row.addWidget(self._draw_it)
        row.addWidget(self._exclude)
        row.addStretch(1)
        self._fold.layout.addLayout(row)

    def _build_kept(self, layout: qt.QVBoxLayout) -> None:
        kit = self._kit
        heading = label(self._kept, Weight.STRONG)
        kit.words.text(heading, "quality.view.sample.kept")
        layout.addWidget(heading)
        self._none = label(self._kept, Weight.QUIET, name="crc.sample.none")
        kit.words.text(self._none, "quality.view.sample.none")
        layout.addWidget(self._none)
        row = line(gap=6)
        self._which = qt.QComboBox(self._kept)
        self._which.setObjectName("crc.sample.which")
        self._which.setSizePolicy(qt.QSizePolicy.Expanding, qt.QSizePolicy.Fixed)
        self._which.connect("activated(int)", self._sample.select)
        self._export = button(self._kept, "crc.sample.export", self._sample.export)
        self._study = button(self._kept, "crc.sample.study", self._to_study)
        for made, name in ((self._export, "export"), (self._study, "study")):
            kit.words.text(made, f"quality.view.sample.{name}")
        kit.words.tip(self._study, "quality.view.sample.study_tip")
        row.addWidget(self._which, 1)
        row.addWidget(self._export)
        row.addWidget(self._study)
        layout.addLayout(row)
        self._facts_in = qt.QWidget(self._kept)
        self._facts = Rows(column(self._facts_in, gap=1), self._fact_row, _itself)
        layout.addWidget(self._facts_in)
        self._tabs = Strip(self._kept, "crc.sample.part", kit.icons, self._turn)
        layout.addWidget(self._tabs.widget)
        self._table = Table(self._kept, "crc.sample.table", kit.icons)
        layout.addWidget(self._table.widget, 1)
        row = line(gap=6)
        self._give = button(self._kept, "crc.sample.give_out", self._sample.give_out)
        kit.words.tip(self._give, "quality.view.sample.give_out_tip")
        self._later = label(self._kept, Weight.QUIET, name="crc.sample.later")
        row.addWidget(self._give)
        row.addWidget(self._later, 1)
        layout.addLayout(row)

    def render(self, state: State) -> bool:
        """Show the page; whether rows or buttons came or went."""
        before, self._before = self._before, state
        if before is not None and state.lang is before.lang and state.sample is before.sample:
            return False
        sample, lang = state.sample, state.lang
        self._hidden.setVisible(not sample.may_see)
        self._filler.setVisible(not sample.may_see)
        self._fold.widget.setVisible(sample.may_draw)
        self._kept.setVisible(sample.may_see)
        if sample.may_draw and not self._is_preset:
            self._is_preset = True
            self._spins["size"].setValue(sample.least)
            self._spins["washout"].setValue(sample.washout_days)
            self._spins["seed"].setValue(1 + secrets.randbelow(999_999))
        self._ready.setText(say("quality.view.sample.ready", lang, count=sample.ready))
        self._draw_chips(sample, lang)
        return self._draw_kept(sample, lang)

    def _draw_chips(self, sample: SampleState, lang: Lang) -> None:
        for unit in set(self._chips) - set(sample.excluded):
            gone = self._chips.pop(unit)
            self._left_out.drop(gone)
            gone.hide()
            gone.deleteLater()
        for unit in sample.excluded:
            if unit not in self._chips:
                chip = _Chip(self._left_out, unit, self._sample.include, self._kit)
                self._chips[unit] = chip.widget
                self._left_out.add(chip.widget)
            self._chips[unit].setToolTip(say("quality.view.sample.include", lang, unit=unit))
        self._left_out.place()

    def _draw_kept(self, sample: SampleState, lang: Lang) -> bool:
        self._which.blockSignals(True)
        self._which.clear()
        for words in sample.samples:
            self._which.addItem(words)
        if sample.selected is not None:
            self._which.setCurrentIndex(sample.selected)
        self._which.blockSignals(False)
        has = bool(sample.samples) or bool(sample.strata.rows)
        self._none.setVisible(not has)
        for widget in (self._which, self._export, self._study):
            widget.setVisible(bool(sample.samples))
        for widget in (self._tabs.widget, self._table.widget):
            widget.setVisible(has)
        moved = self._facts.show([Fact(*fact) for fact in sample.facts], lang)
        counts = {"members": len(sample.members.rows), "left_out": len(sample.left_out.rows), "rereads": sample.due}
        items = [
            StripItem(
                name, say(f"quality.view.sample.part.{name}", lang) + (f"  {counts[name]}" if counts.get(name) else "")
            )
            for name in _PARTS
        ]
        moved |= self._tabs.show(items, self._part)
        self._draw_table(sample)
        self._give.setText(say("quality.view.sample.give_out", lang, count=sample.due))
        self._give.setVisible(bool(sample.due))
        later = {"count": sample.waiting, "at": sample.next_due}
        show_words(self._later, say("quality.view.sample.later", lang, **later) if sample.waiting else "")
        return moved

    def _draw_table(self, sample: SampleState) -> None:
        table: TableState = getattr(sample, self._part)
        self._table.draw(table.columns, table.rows, table.marks)

    def _fact_row(self, _key: object) -> FactRow:
        return FactRow(self._facts_in)

    def _turn(self, key: str) -> None:
        self._part = key
        if self._before is not None:
            self._draw_kept(self._before.sample, self._before.lang)

    def _draw_sample(self) -> None:
        values = {name: spin.value for name, spin in self._spins.items()}
        self._sample.draw(
            values["size"], values["seed"], per_reader=values["per_reader"], washout_days=values["washout"]
        )

    def _ask_exclusion(self) -> None:
        self._sample.ask_exclusion()

    def _to_study(self) -> None:
        self._quality.show_page(Page.AGREEMENT)


class _Chip:
    """A unit that is left out; a click lets it be drawn again."""

    def __init__(self, parent: qt.QWidget, unit: str, include: object, kit: ViewKit) -> None:
        self._unit, self._include = unit, include
        self.widget = tool(parent, f"crc.sample.excluded.{unit}", self._click, kit.icons.icon("close", 12))
        self.widget.setToolButtonStyle(qt.Qt.ToolButtonTextBesideIcon)
        self.widget.setText(unit)
        self.widget.show()

    def _click(self) -> None:
        self._include(self._unit)


def _itself(fact: Fact) -> Fact:
    return fact
