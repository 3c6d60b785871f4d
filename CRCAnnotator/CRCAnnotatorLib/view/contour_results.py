"""What the contour gives: what the live checks found, sizes, densities with their samples."""

from __future__ import annotations

import qt
from crc_core.text import Lang, say
from crc_core.vocabulary import BowelDirection, Role
from crc_widgets.fold import Fold
from crc_widgets.lines import JumpLine, ValueLine, explain
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

    def clear(self) -> bool:
        """Show none, as no case is open; whether there were rows."""
        self._ids = ()
        return self._rows.clear()

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

    def clear(self) -> bool:
        """Show nothing, as no case is open; whether there were rows."""
        return self._sizes.clear() | self._densities.clear()

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


class _FindingRow(JumpLine):
    def __init__(self, parent: qt.QWidget, kit: ViewKit) -> None:
        super().__init__(parent, kit.icons, self._jump)
        self._contour, self._id = kit.annotator.contour, 0
        self._repair = worded(tool(self.widget, "", self._mend, kit.icons.icon("repair")))
        self.row.insertWidget(2, self._repair)

    def draw(self, finding: FindingRow, lang: Lang) -> None:
        self._id = finding.id
        place = finding.place
        words = finding.words
        if place:
            words = say("annotator.view.contour.finding", lang, words=words, place=place)
        self.say(finding.verdict.value, finding.verdict_words, words)
        explain(self.go, f"crc.contour.go.{finding.id}", say("annotator.view.go", lang), shown=finding.can_go)
        repair = say("annotator.view.repair", lang)
        explain(self._repair, f"crc.contour.repair.{finding.id}", repair, shown=finding.can_repair)
        self._repair.setText(say("annotator.view.repair_short", lang))

    def _jump(self) -> None:
        self._contour.go_to_finding(self._id)

    def _mend(self) -> None:
        self._contour.repair(self._id)


class _SizeRow(ValueLine):
    def __init__(self, parent: qt.QWidget, kit: ViewKit) -> None:
        super().__init__(parent, kit.icons, ("again", self._give_back), ("go", self._jump))
        self._contour, self._id = kit.annotator.contour, ""

    def draw(self, size: SizeRow, lang: Lang) -> None:
        self._id = size.id
        self.say(f"crc.contour.size.{size.id}", size.label, size.value, size.detail)
        source = "typed" if size.by_hand else "measured"
        self.mark(source, say(f"annotator.view.contour.size_{source}", lang))
        reset, go = self.tools
        back = say("annotator.view.contour.reset_size", lang)
        explain(reset, f"crc.contour.reset_size.{size.id}", back, shown=size.by_hand)
        explain(go, f"crc.contour.go_to_size.{size.id}", say("annotator.view.contour.go_to_size", lang))

    def _give_back(self) -> None:
        self._contour.reset_size(self._id)

    def _jump(self) -> None:
        self._contour.go_to_size(self._id)


class _DensityRow(ValueLine):
    def __init__(self, parent: qt.QWidget, kit: ViewKit) -> None:
        super().__init__(parent, kit.icons, ("again", self._resample), ("samples", self._toggle))
        self._contour, self._role = kit.annotator.contour, Role.OTHER
        self.tools[1].setCheckable(True)

    def draw(self, shown: tuple[DensityRow, bool], lang: Lang) -> None:
        density, on = shown
        self._role = density.role
        self.say(f"crc.contour.density.{density.role.value}", density.label, density.value, density.detail)
        code = "confirmed" if density.confirmed else "not_confirmed"
        meaning = say(f"annotator.view.contour.samples_{code}", lang, count=density.samples)
        self.mark("done" if density.confirmed else "todo", meaning, shown=density.samples > 0)
        for made, code in zip(self.tools, ("resample", "samples"), strict=True):
            words = say(f"annotator.view.contour.{code}", lang, phase=density.label)
            explain(made, f"crc.contour.{code}.{density.role.value}", words, shown=density.can_show)
        self.tools[1].setChecked(on)

    def _resample(self) -> None:
        self._contour.resample(self._role)

    def _toggle(self) -> None:
        self._contour.show_samples(self._role if self.tools[1].checked else None)
