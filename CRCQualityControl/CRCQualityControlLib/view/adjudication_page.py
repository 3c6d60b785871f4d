"""The page Adjudication: the queue, or the case on the desk with everything to settle it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import qt
from crc_widgets.look import column, scrolled

from CRCQualityControlLib.presenter.state import State
from CRCQualityControlLib.view.case_foot import CaseFoot
from CRCQualityControlLib.view.case_head import CaseHead
from CRCQualityControlLib.view.edit_bar import EditBar
from CRCQualityControlLib.view.kit import ViewKit
from CRCQualityControlLib.view.lesion_rows import Lesions
from CRCQualityControlLib.view.queue_part import QueuePart
from CRCQualityControlLib.view.results import Results

if TYPE_CHECKING:
    from CRCQualityControlLib.presenter.quality import QualityControl


class AdjudicationPage:
    """Draws `state.adjudication`; `show_reports` is set by who can bring the reports up."""

    width_px = 480

    def __init__(self, parent: qt.QWidget, quality: QualityControl, kit: ViewKit) -> None:
        self._before: State | None = None
        self.show_reports: Callable[[], None] = lambda: None
        self.widget = qt.QStackedWidget(parent)
        self.queue = QueuePart(self.widget, quality, kit)
        self.widget.addWidget(self.queue.widget)
        self._case = qt.QWidget(self.widget)
        layout = column(self._case, gap=4)
        self.head = CaseHead(self._case, quality, kit)
        layout.addWidget(self.head.widget)
        content = qt.QWidget(self._case)
        inner = column(content, gap=4)
        self.edit = EditBar(content, quality, kit)
        self.lesions = Lesions(content, quality, kit)
        inner.addWidget(self.edit.widget)
        inner.addWidget(self.lesions.widget)
        self.results = Results(content, kit)
        inner.addWidget(self.results.widget)
        inner.addStretch(1)
        layout.addWidget(scrolled(self._case, content, "crc.adjudication.content"), 1)
        self.foot = CaseFoot(self._case, quality, kit, self.bring_reports_up)
        layout.addWidget(self.foot.widget)
        self.widget.addWidget(self._case)

    def render(self, state: State) -> bool:
        """Show the queue or the case of a state; whether rows or buttons came or went."""
        before, self._before = self._before, state
        case = state.adjudication.case
        moved = self.queue.draw(state, before)
        moved |= self.head.draw(state, before)
        if case is None:
            self.lesions.put_away()
        elif before is None or state.lang != before.lang or case is not before.adjudication.case:
            self.edit.draw(case, state.lang)
            moved |= self.lesions.draw(case, state.lang)
            self.results.draw(case, state.lang)
            self.foot.draw(case, state.lang)
        self.widget.setCurrentWidget(self.queue.widget if case is None else self._case)
        was_open = before is not None and before.adjudication.case is not None
        return moved or was_open != (case is not None)

    def bring_reports_up(self) -> None:
        """Show both reports."""
        self.show_reports()
