"""What is on the desk: the unit and what is known of it, the series and views, what the contours mean, the way on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import qt
from crc_core.text import Lang, say
from crc_core.vocabulary import MR_ROLES, Role
from crc_widgets.facts import Fact, FoldedFacts
from crc_widgets.icons import Tone, tone_colour
from crc_widgets.look import Weight, button, column, label, line, show_words, tint, tool
from crc_widgets.strip import Strip, StripItem

from CRCQualityControlLib.presenter.ports import Fill, Views
from CRCQualityControlLib.presenter.state import CaseState, State, ViewingState
from CRCQualityControlLib.view.keys import KEYS
from CRCQualityControlLib.view.kit import ViewKit
from CRCQualityControlLib.view.legend import Legend

if TYPE_CHECKING:
    from CRCQualityControlLib.presenter.quality import QualityControl

_VIEW_ICONS = {Views.PLANES: "planes", Views.PHASES: "phases", Views.MRI: "beside"}


class CaseHead:
    """Draws the head of `state.adjudication.case` and `state.viewing`."""

    def __init__(self, parent: qt.QWidget, quality: QualityControl, kit: ViewKit) -> None:
        self._quality, self._kit = quality, kit
        self._case: CaseState | None = None
        self.widget = qt.QWidget(parent)
        layout = column(self.widget, gap=4)
        layout.addLayout(self._title_line())
        self._context = FoldedFacts(
            self.widget, "crc.adjudication.context", "quality.view.adjudication.context", kit.words, kit.icons
        )
        layout.addWidget(self._context.widget)
        self._questions = label(self.widget, name="crc.adjudication.questions")
        self._questions.setMargin(4)
        tint(self._questions, tone_colour(self.widget, Tone.WARN))
        layout.addWidget(self._questions)
        layout.addWidget(self._lost_line())
        layout.addLayout(self._views_line())
        self._legend = Legend(self.widget)
        layout.addLayout(self._legend_line())
        layout.addLayout(self._region_line())

    def _title_line(self) -> qt.QHBoxLayout:
        kit, row = self._kit, line()
        adjudication = self._quality.adjudication
        self._back = tool(self.widget, "crc.adjudication.close", adjudication.close, kit.icons.icon("back"))
        kit.words.tip(self._back, "quality.view.adjudication.close_tip")
        self._title = label(self.widget, Weight.STRONG, name="crc.adjudication.unit")
        self._next = tool(self.widget, "crc.adjudication.next_case", adjudication.open_next, kit.icons.icon("next"))
        kit.words.tip(self._next, "quality.view.adjudication.open_next_tip", KEYS["next_case"])
        row.addWidget(self._back)
        row.addWidget(self._title, 1)
        row.addWidget(self._next)
        return row

    def _lost_line(self) -> qt.QWidget:
        self._lost = qt.QWidget(self.widget)
        row = line(self._lost)
        words = label(self._lost)
        self._kit.words.text(words, "quality.images_lost")
        again = button(self._lost, "crc.adjudication.show_again", self._quality.adjudication.show_again)
        self._kit.words.text(again, "quality.view.adjudication.show_again")
        row.addWidget(words, 1)
        row.addWidget(again)
        tint(self._lost, tone_colour(self.widget, Tone.WARN))
        return self._lost

    def _views_line(self) -> qt.QHBoxLayout:
        row = line()
        self._phases = Strip(self.widget, "crc.adjudication.phase", self._kit.icons, self._show_phase)
        self._views = Strip(self.widget, "crc.adjudication.views", self._kit.icons, self._show_views)
        row.addWidget(self._phases.widget, 5)
        row.addWidget(self._views.widget, 2)
        return row

    def _legend_line(self) -> qt.QHBoxLayout:
        kit, row = self._kit, line()
        self._fill = tool(self.widget, "crc.adjudication.fill", self.toggle_fill, kit.icons.icon("filled", 18))
        self._fill.setCheckable(True)
        kit.words.tip(self._fill, "quality.view.adjudication.fill_tip", KEYS["outline"])
        self._result = tool(self.widget, "crc.adjudication.result", self.toggle_result, kit.icons.icon("eye", 18))
        self._result.setCheckable(True)
        kit.words.tip(self._result, "quality.view.adjudication.result_tip", KEYS["result"])
        row.addWidget(self._legend.widget, 1)
        row.addWidget(self._fill)
        row.addWidget(self._result)
        return row

    def _region_line(self) -> qt.QHBoxLayout:
        kit, row = self._kit, line()
        self._before = button(self.widget, "crc.adjudication.previous_region", self.previous_region)
        self._before.setIcon(kit.icons.icon("back"))
        kit.words.tip(self._before, "quality.view.adjudication.previous_region", KEYS["previous_region"])
        self._next_region = button(self.widget, "crc.adjudication.next_region", self.next_region)
        self._next_region.setIcon(kit.icons.icon("next"))
        kit.words.text(self._next_region, "quality.view.adjudication.next_region")
        kit.words.tip(self._next_region, "quality.view.adjudication.next_region_tip", KEYS["next_region"])
        self._region = label(self.widget, name="crc.adjudication.region")
        row.addWidget(self._before)
        row.addWidget(self._next_region)
        row.addWidget(self._region, 1)
        return row

    def draw(self, state: State, before: State | None) -> bool:
        """Show the head; whether buttons came or went."""
        case, lang = state.adjudication.case, state.lang
        fresh = before is None or lang != before.lang
        self._case = case
        moved = False
        if fresh or state.viewing is not before.viewing:
            moved |= self._draw_views(state.viewing, lang)
        if case is None or not (fresh or case is not before.adjudication.case):
            return moved
        version = (
            ""
            if case.supersedes is None
            else say("quality.view.adjudication.supersedes", lang, version=case.supersedes)
        )
        self._title.setText(f"{case.unit.replace('_', ' · ')}  {version}".strip())
        facts = [Fact(words, said) for words, said in case.context]
        self._context.draw(" · ".join(fact.words for fact in facts), facts, lang)
        self._context.widget.setVisible(bool(facts))
        show_words(self._questions, "\n".join(case.questions))
        self._lost.setVisible(case.images_lost)
        filled = case.fill is Fill.FILLED
        self._fill.setChecked(filled)
        self._fill.setIcon(self._kit.icons.icon("filled" if filled else "outline", 18))
        self._result.setChecked(case.shows_result)
        self._legend.draw(case.fill, case.shows_result, lang)
        self._region.setText(case.region or say("quality.view.adjudication.no_region", lang))
        for made in (self._before, self._next_region):
            made.setEnabled(bool(case.region) and not case.images_lost)
        return moved

    def _draw_views(self, viewing: ViewingState, lang: Lang) -> bool:
        phases = [role for role in viewing.roles if role not in MR_ROLES]
        items = [
            StripItem(
                role.value, say(f"quality.view.role.{role.value}", lang), tip=say(f"desk.role.{role.value}", lang)
            )
            for role in phases
        ]
        moved = self._phases.show(items, None if viewing.phase is None else viewing.phase.value)
        possible = {
            Views.PLANES: bool(phases),
            Views.PHASES: len(phases) > 1,
            Views.MRI: len(phases) < len(viewing.roles),
        }
        ways = [
            StripItem(way.value, "", _VIEW_ICONS[way], tip=say(f"quality.view.views.{way.value}_tip", lang))
            for way in Views
            if possible[way]
        ]
        return self._views.show(ways, viewing.views.value) or moved

    def next_region(self) -> None:
        """To the next place where the readers differ."""
        self._quality.adjudication.next_region()

    def previous_region(self) -> None:
        """To the place before."""
        self._quality.adjudication.next_region(-1)

    def toggle_fill(self) -> None:
        """Filled areas, or outlines again."""
        if self._case is not None:
            self._quality.desk.set_fill(Fill.OUTLINE if self._case.fill is Fill.FILLED else Fill.FILLED)

    def toggle_result(self) -> None:
        """Show what the choices come to, or no longer."""
        if self._case is not None:
            self._quality.desk.show_result(not self._case.shows_result)

    def turn_views(self) -> None:
        """Arrange the views in the next way that is possible."""
        state = self._quality.state.viewing
        ways = [item.key for item in self._views.items]
        if state.views.value in ways:
            self._show_views(ways[(ways.index(state.views.value) + 1) % len(ways)])

    def _show_phase(self, key: str) -> None:
        self._quality.adjudication.show_phase(Role(key))

    def _show_views(self, key: str) -> None:
        self._quality.viewing.show_views(Views(key))


def _title(case: CaseState, lang: Lang) -> str:
    """The unit as it is read, and the version of the final that is to be superseded."""
    unit = case.unit.replace("_", " · ")
    if case.supersedes is None:
        return unit
    return f"{unit}  {say('quality.view.adjudication.supersedes', lang, version=case.supersedes)}"
