"""Step 3: draw the lesions; what is needed at every stroke stands above, what the contour gives below."""

from __future__ import annotations

import qt
from crc_widgets.look import column, rule

from CRCAnnotatorLib.presenter.state import State
from CRCAnnotatorLib.view.contour_mri import Mri
from CRCAnnotatorLib.view.contour_results import Findings, Measures
from CRCAnnotatorLib.view.contour_targets import Rule, Targets
from CRCAnnotatorLib.view.contour_tools import Filling, Steps, Tools
from CRCAnnotatorLib.view.kit import ViewKit


class ContourPage:
    """Draws `state.contour`; `editor` is the widget with the options of Slicer's effects."""

    def __init__(self, parent: qt.QWidget, kit: ViewKit, editor: qt.QWidget | None) -> None:
        self.widget = qt.QWidget(parent)
        self.widget.setObjectName("crc.contour")
        layout = column(self.widget, gap=5)
        self.targets = Targets(self.widget, kit)
        self._rule = Rule(self.widget, kit)
        self._steps = Steps(self.widget, kit)
        self.tools = Tools(self.widget, kit, editor)
        self._filling = Filling(self.widget, kit)
        self._mri = Mri(self.widget, kit)
        self.findings = Findings(self.widget, kit)
        self.measures = Measures(self.widget, kit)
        for part in (self.targets, self._rule, rule, self._steps, self.tools, self._filling, rule, self._mri):
            layout.addWidget(rule(self.widget) if part is rule else part.widget)
        for part in (self.findings, self.measures):
            layout.addWidget(part.widget)
        layout.addStretch(1)

    def draw(self, state: State, before: State | None) -> bool:
        """Show the contouring of a state; whether buttons or rows came or went."""
        contour, lang = state.contour, state.lang
        fresh = before is None or lang != before.lang
        if contour is None:
            return self.targets.clear() | self.findings.clear() | self.measures.clear()
        if not (fresh or contour is not before.contour):
            return False
        moved = self.targets.draw(contour, lang)
        self._rule.draw(contour.rule)
        moved |= self._steps.draw(contour)
        self.tools.draw(contour, lang)
        self._filling.draw(contour, lang)
        self._mri.draw(contour.mri, lang)
        moved |= self.findings.draw(contour, lang)
        moved |= self.measures.draw(contour, lang)
        return moved
