"""How the work on a case ends: the signature, back to the readers, out for good; and the way to both reports."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import qt
from crc_core.text import Lang, say
from crc_widgets.look import Weight, button, column, label, line, rule, show_words, strong

from CRCQualityControlLib.presenter.state import CaseState
from CRCQualityControlLib.view.keys import KEYS
from CRCQualityControlLib.view.kit import ViewKit

if TYPE_CHECKING:
    from CRCQualityControlLib.presenter.quality import QualityControl


class CaseFoot:
    """Draws the endings of `state.adjudication.case`; `show_reports()` brings both reports up."""

    def __init__(
        self, parent: qt.QWidget, quality: QualityControl, kit: ViewKit, show_reports: Callable[[], None]
    ) -> None:
        signing = quality.signing
        self.widget = qt.QWidget(parent)
        layout = column(self.widget, gap=4)
        layout.addWidget(rule(self.widget))
        self._signer = label(self.widget, Weight.QUIET, name="crc.adjudication.signer")
        layout.addWidget(self._signer)
        row = line(gap=6)
        self._return = button(self.widget, "crc.adjudication.return", signing.return_to_readers)
        kit.words.text(self._return, "quality.view.adjudication.return")
        kit.words.tip(self._return, "quality.view.adjudication.return_tip")
        self._exclude = button(self.widget, "crc.adjudication.exclude", signing.exclude)
        kit.words.text(self._exclude, "quality.view.adjudication.exclude")
        kit.words.tip(self._exclude, "quality.view.adjudication.exclude_tip")
        self._reports = button(self.widget, "crc.adjudication.reports", show_reports, kit.icons.icon("case"))
        kit.words.tip(self._reports, "quality.view.adjudication.reports_tip", KEYS["reports"])
        self._sign = button(self.widget, "crc.adjudication.sign", signing.sign, kit.icons.icon("sign", 20))
        self._sign.setMinimumHeight(36)
        strong(self._sign)
        kit.words.tip(self._sign, "quality.view.adjudication.sign_tip", KEYS["sign"])
        for widget in (self._return, self._exclude, self._reports):
            row.addWidget(widget)
        row.addWidget(self._sign, 1)
        layout.addLayout(row)

    def draw(self, case: CaseState, lang: Lang) -> None:
        """Show as whom one signs, and what is still open."""
        self._draw_reports(case, lang)
        show_words(self._signer, case.signer)
        self._return.setVisible(case.may_return)
        self._exclude.setVisible(case.may_exclude)
        self._sign.setText(_sign_words(case, lang))

    def _draw_reports(self, case: CaseState, lang: Lang) -> None:
        unsettled = sum(row.critical and not row.chosen for row in case.fields)
        code = "reports_open" if unsettled else "reports"
        count = unsettled or len(case.fields)
        self._reports.setText(say(f"quality.view.adjudication.{code}", lang, count=count))


def _sign_words(case: CaseState, lang: Lang) -> str:
    if case.still_open:
        return say("quality.view.adjudication.sign_open", lang, count=case.still_open)
    return say("quality.view.adjudication.sign", lang)
