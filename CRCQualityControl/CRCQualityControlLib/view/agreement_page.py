"""The page Agreement: what is studied, what came out, what it asks for, and what is taken away of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import qt
from crc_core.text import Lang, say
from crc_widgets.icons import Tone, tone_colour
from crc_widgets.look import Weight, button, column, label, line, show_words, strong, tint
from crc_widgets.strip import Strip, StripItem
from crc_widgets.table import Table

from CRCQualityControlLib.presenter.state import AgreementState, State, StudyKind, TableState
from CRCQualityControlLib.view.kit import ViewKit

if TYPE_CHECKING:
    from CRCQualityControlLib.presenter.quality import QualityControl

_PARTS = ("measures", "limits", "pairs", "answers", "left_out")


class AgreementPage:
    """Draws `state.agreement`."""

    width_px = 760

    def __init__(self, parent: qt.QWidget, quality: QualityControl, kit: ViewKit) -> None:
        self._agreement, self._kit = quality.agreement, kit
        self._before: State | None = None
        self._part = _PARTS[0]
        self.widget = qt.QWidget(parent)
        layout = column(self.widget, gap=6)
        layout.addLayout(self._wish_line())
        layout.addLayout(self._acts_line())
        self._lead = label(self.widget, name="crc.agreement.lead")
        layout.addWidget(self._lead)
        self._verdict = label(self.widget, name="crc.agreement.verdict")
        self._verdict.setMargin(5)
        strong(self._verdict)
        self._plain = self._verdict.palette
        layout.addWidget(self._verdict)
        layout.addLayout(self._below_line())
        self._parts = Strip(self.widget, "crc.agreement.part", kit.icons, self._turn)
        layout.addWidget(self._parts.widget)
        self._table = Table(self.widget, "crc.agreement.table", kit.icons, chosen=self._chosen)
        layout.addWidget(self._table.widget, 3)
        self._targets = Table(self.widget, "crc.agreement.targets", kit.icons)
        layout.addWidget(self._targets.widget, 1)
        self._lesions_words = label(self.widget, Weight.QUIET)
        kit.words.text(self._lesions_words, "quality.view.agreement.lesions")
        layout.addWidget(self._lesions_words)
        self._lesions = Table(self.widget, "crc.agreement.lesions", kit.icons, wide=1)
        layout.addWidget(self._lesions.widget, 1)
        self._filler = qt.QWidget(self.widget)
        layout.addWidget(self._filler, 1)

    def _wish_line(self) -> qt.QHBoxLayout:
        kit, row = self._kit, line(gap=6)
        words = label(self.widget, Weight.QUIET, wrap=False)
        kit.words.text(words, "quality.view.agreement.kind")
        self._kind = Strip(self.widget, "crc.agreement.kind", kit.icons, self._choose_kind)
        self._small = qt.QCheckBox(self.widget)
        self._small.setObjectName("crc.agreement.allow_small")
        self._small.connect("toggled(bool)", self._allow_small)
        kit.words.text(self._small, "quality.view.agreement.allow_small")
        row.addWidget(words)
        row.addWidget(self._kind.widget, 1)
        row.addWidget(self._small)
        return row

    def _acts_line(self) -> qt.QHBoxLayout:
        kit, row = self._kit, line(gap=6)
        for name, call, icon in (
            ("compute", self._agreement.compute, "go"),
            ("open_table", self._agreement.open_table, "folder"),
            ("export", self._agreement.export, "saved"),
        ):
            made = button(self.widget, f"crc.agreement.{name}", call, kit.icons.icon(icon))
            kit.words.text(made, f"quality.view.agreement.{name}")
            kit.words.tip(made, f"quality.view.agreement.{name}_tip")
            row.addWidget(made)
            if name == "export":
                self._export = made
        row.insertStretch(2, 1)
        return row

    def _below_line(self) -> qt.QHBoxLayout:
        row = line(gap=6)
        self._below = label(self.widget, name="crc.agreement.below")
        self._flag = button(self.widget, "crc.agreement.flag", self._agreement.flag, self._kit.icons.icon("attention"))
        self._kit.words.text(self._flag, "quality.view.agreement.flag")
        self._kit.words.tip(self._flag, "quality.view.agreement.flag_tip")
        row.addWidget(self._below, 1)
        row.addWidget(self._flag)
        return row

    def render(self, state: State) -> bool:
        """Show the study of a state; whether buttons came or went."""
        before, self._before = self._before, state
        fresh = before is None or state.lang != before.lang
        if fresh or state.agreement is not before.agreement:
            return self._draw(state.agreement, state.lang) or before is None
        return False

    def _draw(self, shown: AgreementState, lang: Lang) -> bool:
        kinds = [StripItem(kind.value, say(f"quality.view.agreement.kind_{kind.value}", lang)) for kind in StudyKind]
        moved = self._kind.show(kinds, shown.kind.value)
        self._small.blockSignals(True)
        self._small.setChecked(shown.allow_small)
        self._small.blockSignals(False)
        self._export.setEnabled(shown.may_export)
        said = shown.lead[:-1] if shown.is_ready else (say("quality.view.agreement.nothing", lang),)
        self._lead.setText("\n".join(said))
        self._draw_verdict(shown)
        readers = say("store.list_joint", lang).join(shown.recalibrate)
        show_words(self._below, say("quality.view.agreement.below", lang, readers=readers) if readers else "")
        self._flag.setVisible(bool(readers))
        return self._draw_tables(shown, lang) or moved

    def _draw_verdict(self, shown: AgreementState) -> None:
        show_words(self._verdict, shown.lead[-1] if shown.is_ready else "")
        self._verdict.setPalette(self._plain)
        if shown.is_ready:
            tint(self._verdict, tone_colour(self.widget, Tone.GOOD if shown.reached else Tone.BAD))

    def _draw_tables(self, shown: AgreementState, lang: Lang) -> bool:
        parts = [part for part in _PARTS if self._of(part, shown).rows]
        if self._part not in parts:
            self._part = parts[0] if parts else _PARTS[0]
        items = [StripItem(part, say(f"quality.view.agreement.tab_{part}", lang)) for part in parts]
        moved = self._parts.show(items, self._part)
        table = self._of(self._part, shown)
        pairs = self._part == "pairs"
        self._table.draw(table.columns, table.rows, table.marks, shown.pair if pairs else None)
        self._targets.draw(shown.targets.columns, shown.targets.rows, shown.targets.marks)
        self._lesions.draw(shown.lesions.columns, shown.lesions.rows, shown.lesions.marks)
        self._table.widget.setVisible(bool(parts))
        self._filler.setVisible(not parts)
        self._targets.widget.setVisible(pairs)
        for part in (self._lesions_words, self._lesions.widget):
            part.setVisible(pairs and bool(shown.lesions.rows))
        return moved

    def _of(self, part: str, shown: AgreementState) -> TableState:
        tables = {
            "measures": shown.measures,
            "limits": shown.limits,
            "pairs": shown.pairs,
            "answers": shown.answers,
            "left_out": shown.left_out,
        }
        return tables[part]

    def _turn(self, part: str) -> None:
        self._part = part
        if self._before is not None:
            self._draw(self._before.agreement, self._before.lang)

    def _choose_kind(self, key: str) -> None:
        self._agreement.choose_kind(StudyKind(key))

    def _allow_small(self, allowed: bool) -> None:
        self._agreement.allow_small(allowed)

    def _chosen(self, row: int) -> None:
        if self._part == "pairs":
            self._agreement.choose_pair(row)
