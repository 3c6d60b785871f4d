"""What the contour gives: what the live checks found, sizes, densities with their samples."""

from __future__ import annotations

import qt
from crc_core.text import Lang, say
from crc_core.vocabulary import BowelDirection, Role
from crc_widgets.fold import Fold
from crc_widgets.look import Weight, button, column, label, line, tool, worded
from crc_widgets.rows import Rows
from crc_widgets.strip import Strip, StripItem

from CRCAnnotatorLib.presenter.state import ContourState, DensityRow, FindingRow, SizeRow
from CRCAnnotatorLib.view.keys import KEYS
from CRCAnnotatorLib.view.kit import ViewKit


class Findings:
    """The live checks: a row per finding, with a jump and, where it is safe, a repair."""

    def __init__(self, parent: qt.QWidget, kit: ViewKit) -> None:
        self._kit, self._last = kit, -1
        self._ids: tuple[int, ...] = ()
        self._fold = Fold(parent, "crc.contour.findings", kit.icons)
        kit.words.text(self._fold.heading, "annotator.view.contour.findings")
        self.widget = self._fold.widget
        self._words = label(self.widget, Weight.QUIET, name="crc.contour.findings_words")
        self._now = tool(self.widget, "crc.contour.check_now", kit.annotator.contour.check_now, kit.icons.icon("again"))
        kit.words.tip(self._now, "annotator.view.contour.check_now")
        self._fold.beside.insertWidget(1, self._words, 100)
        self._fold.beside.addWidget(self._now)
        self._rows = Rows(self._fold.layout, self._row, _finding_id)

    def draw(self, contour: ContourState, lang: Lang) -> bool:
        """Show the findings; whether rows came or went."""
        words = say("annotator.view.contour.checking", lang) if contour.checking else contour.findings_words
        self._words.setText(words)
        self._ids = tuple(row.id for row in contour.findings if row.can_go)
        return self._rows.show(contour.findings, lang)

    def next(self) -> None:
        """Jump to the next finding, after the last to the first."""
        if self._ids:
            place = self._ids.index(self._last) + 1 if self._last in self._ids else 0
            self._last = self._ids[place % len(self._ids)]
            self._kit.annotator.contour.go_to_finding(self._last)

    def _row(self, _key: object) -> _FindingRow:
        return _FindingRow(self._fold.content, self._kit)


class Measures:
    """Volume, sizes, densities of the active lesion."""

    def __init__(self, parent: qt.QWidget, kit: ViewKit) -> None:
        self._kit, self._contour = kit, kit.annotator.contour
        self._fold = Fold(parent, "crc.contour.measures", kit.icons)
        kit.words.text(self._fold.heading, "annotator.view.contour.measures")
        self.widget = self._fold.widget
        self._volume = label(self.widget, name="crc.contour.volume")
        self._calipers = worded(tool(self.widget, "crc.contour.calipers", self._show, kit.icons.icon("caliper")))
        self._calipers.setCheckable(True)
        kit.words.text(self._calipers, "annotator.view.contour.calipers")
        kit.words.tip(self._calipers, "annotator.view.contour.calipers_tip", KEYS["calipers"])
        self._fold.beside.insertWidget(1, self._volume, 100)
        self._fold.beside.addWidget(self._calipers)
        row = line()
        self._bowel_words = label(self.widget, Weight.QUIET, wrap=False)
        kit.words.text(self._bowel_words, "annotator.view.contour.bowel")
        self._bowel = Strip(self.widget, "crc.contour.bowel", kit.icons, self._set_bowel)
        row.addWidget(self._bowel_words)
        row.addWidget(self._bowel.widget, 1)
        self._fold.layout.addLayout(row)
        sizes, densities = qt.QWidget(self.widget), qt.QWidget(self.widget)
        self._holders = sizes, densities
        self._fold.layout.addWidget(sizes)
        self._fold.layout.addWidget(densities)
        self._sizes = Rows(column(sizes, gap=0), self._size_row, _size_id)
        self._densities = Rows(column(densities, gap=0), self._density_row, _role_of)
        self._confirm = button(
            self.widget, "crc.contour.confirm_samples", self._contour.confirm_samples, kit.icons.icon("done")
        )
        kit.words.text(self._confirm, "annotator.view.contour.confirm_samples")
        kit.words.tip(self._confirm, "annotator.view.contour.confirm_samples_tip")
        self._fold.layout.addWidget(self._confirm)

    def draw(self, contour: ContourState, lang: Lang) -> bool:
        """Show what was measured; whether rows came or went."""
        self._volume.setText(contour.volume)
        self._calipers.setChecked(contour.calipers_shown)
        self._bowel_words.setVisible(contour.bowel is not None)
        self._bowel.widget.setVisible(contour.bowel is not None)
        ways = [
            StripItem(way.value, say(f"annotator.view.contour.bowel_{way.value}", lang), "",
                      True, say(f"annotator.view.contour.bowel_{way.value}_tip", lang))
            for way in BowelDirection
        ]  # fmt: skip
        self._bowel.show(ways, None if contour.bowel is None else contour.bowel.value)
        moved = self._sizes.show(contour.sizes, lang)
        moved |= self._densities.show([(row, row.role is contour.samples_of) for row in contour.densities], lang)
        self._confirm.setVisible(bool(contour.densities))
        self._confirm.setEnabled(contour.can_confirm_samples)
        return moved

    def toggle_calipers(self) -> None:
        """Show the calipers, or no longer."""
        self._contour.show_calipers(not self._calipers.checked)

    def _show(self) -> None:
        self._contour.show_calipers(self._calipers.checked)

    def _set_bowel(self, key: str) -> None:
        self._contour.set_bowel(BowelDirection(key))

    def _size_row(self, _key: object) -> _SizeRow:
        return _SizeRow(self._holders[0], self._kit)

    def _density_row(self, _key: object) -> _DensityRow:
        return _DensityRow(self._holders[1], self._kit)


def _finding_id(row: FindingRow) -> int:
    return row.id


def _size_id(row: SizeRow) -> str:
    return row.id


def _role_of(shown: tuple[DensityRow, bool]) -> Role:
    return shown[0].role


class _FindingRow:
    def __init__(self, parent: qt.QWidget, kit: ViewKit) -> None:
        self._kit, self._id = kit, 0
        self.widget = qt.QWidget(parent)
        row = line(self.widget, gap=6)
        self._icon, self._words = qt.QLabel(self.widget), label(self.widget)
        self._go = tool(self.widget, "", self._jump, kit.icons.icon("go"))
        self._repair = worded(tool(self.widget, "", self._mend, kit.icons.icon("repair")))
        row.addWidget(self._icon)
        row.addWidget(self._words, 1)
        row.addWidget(self._repair)
        row.addWidget(self._go)

    def draw(self, finding: FindingRow, lang: Lang) -> None:
        self._id = finding.id
        self._icon.setPixmap(self._kit.icons.pixmap(finding.verdict.value, 16))
        self._icon.setToolTip(finding.verdict_words)
        place = finding.place
        self._words.setText(say("annotator.view.contour.finding", lang, words=finding.words, place=place)
                            if place else finding.words)  # fmt: skip
        for made, code, shown in ((self._go, "go", finding.can_go), (self._repair, "repair", finding.can_repair)):
            made.setObjectName(f"crc.contour.{code}.{finding.id}")
            made.setToolTip(say(f"annotator.view.{code}", lang))
            made.setAccessibleName(made.toolTip)
            made.setVisible(shown)
        self._repair.setText(say("annotator.view.repair_short", lang))

    def _jump(self) -> None:
        self._kit.annotator.contour.go_to_finding(self._id)

    def _mend(self) -> None:
        self._kit.annotator.contour.repair(self._id)


class _SizeRow:
    def __init__(self, parent: qt.QWidget, kit: ViewKit) -> None:
        self._kit, self._id = kit, ""
        self.widget = qt.QWidget(parent)
        row = line(self.widget, gap=6)
        self._label, self._value = label(self.widget, wrap=False), label(self.widget, Weight.STRONG, wrap=False)
        self._label.setFixedWidth(88)
        self._value.setMinimumWidth(64)
        self._mark = qt.QLabel(self.widget)
        self._detail = label(self.widget, Weight.QUIET)
        self._reset = tool(self.widget, "", self._give_back, kit.icons.icon("again"))
        self._go = tool(self.widget, "", self._jump, kit.icons.icon("go"))
        for widget in (self._label, self._value, self._mark, self._detail, self._reset, self._go):
            row.addWidget(widget, 1 if widget is self._detail else 0)

    def draw(self, size: SizeRow, lang: Lang) -> None:
        self._id = size.id
        self._label.setText(size.label)
        self._label.setToolTip(size.label)
        self._value.setText(size.value)
        self._value.setObjectName(f"crc.contour.size.{size.id}")
        source = "typed" if size.by_hand else "measured"
        self._mark.setPixmap(self._kit.icons.pixmap(source, 14))
        self._mark.setToolTip(say(f"annotator.view.contour.size_{source}", lang))
        self._detail.setText(size.detail)
        for made, code in ((self._reset, "reset_size"), (self._go, "go_to_size")):
            made.setObjectName(f"crc.contour.{code}.{size.id}")
            made.setToolTip(say(f"annotator.view.contour.{code}", lang))
            made.setAccessibleName(made.toolTip)
        self._reset.setVisible(size.by_hand)

    def _give_back(self) -> None:
        self._kit.annotator.contour.reset_size(self._id)

    def _jump(self) -> None:
        self._kit.annotator.contour.go_to_size(self._id)


class _DensityRow:
    def __init__(self, parent: qt.QWidget, kit: ViewKit) -> None:
        self._kit, self._role = kit, Role.OTHER
        self.widget = qt.QWidget(parent)
        row = line(self.widget, gap=6)
        self._label, self._value = label(self.widget, wrap=False), label(self.widget, Weight.STRONG, wrap=False)
        self._label.setFixedWidth(88)
        self._value.setMinimumWidth(64)
        self._mark = qt.QLabel(self.widget)
        self._detail = label(self.widget, Weight.QUIET)
        self._again = tool(self.widget, "", self._resample, kit.icons.icon("again"))
        self._show = tool(self.widget, "", self._toggle, kit.icons.icon("samples"))
        self._show.setCheckable(True)
        for widget in (self._label, self._value, self._mark, self._detail, self._again, self._show):
            row.addWidget(widget, 1 if widget is self._detail else 0)

    def draw(self, shown: tuple[DensityRow, bool], lang: Lang) -> None:
        density, on = shown
        self._role = density.role
        self._label.setText(density.label)
        self._value.setText(density.value)
        self._value.setObjectName(f"crc.contour.density.{density.role.value}")
        self._mark.setPixmap(self._kit.icons.pixmap("done" if density.confirmed else "todo", 14))
        code = "confirmed" if density.confirmed else "not_confirmed"
        self._mark.setToolTip(say(f"annotator.view.contour.samples_{code}", lang, count=density.samples))
        self._mark.setVisible(density.samples > 0)
        self._detail.setText(density.detail)
        for made, code in ((self._again, "resample"), (self._show, "samples")):
            made.setObjectName(f"crc.contour.{code}.{density.role.value}")
            made.setToolTip(say(f"annotator.view.contour.{code}", lang, phase=density.label))
            made.setAccessibleName(made.toolTip)
            made.setVisible(density.can_show)
        self._show.setChecked(on)

    def _resample(self) -> None:
        self._kit.annotator.contour.resample(self._role)

    def _toggle(self) -> None:
        self._kit.annotator.contour.show_samples(self._role if self._show.checked else None)
