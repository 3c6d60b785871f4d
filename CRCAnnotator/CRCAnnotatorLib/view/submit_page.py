"""Step 5: what still stands in the way, what will be handed in, handing in, taking back, the next case."""

from __future__ import annotations

import qt
from crc_core.text import Lang, say
from crc_widgets.facts import FactRow, label_of
from crc_widgets.icons import Tone, tone_colour
from crc_widgets.lines import JumpLine, explain
from crc_widgets.look import Weight, button, column, label, line, rule, show_words, strong, tint
from crc_widgets.rows import Rows

from CRCAnnotatorLib.presenter.state import ProblemRow, State
from CRCAnnotatorLib.view.keys import KEYS
from CRCAnnotatorLib.view.kit import ViewKit


class SubmitPage:
    """Draws `state.submit`."""

    def __init__(self, parent: qt.QWidget, kit: ViewKit) -> None:
        self._kit, submit = kit, kit.annotator.submit
        self.widget = qt.QWidget(parent)
        self.widget.setObjectName("crc.submit")
        layout = column(self.widget, gap=6)
        self._submitted = label(self.widget, name="crc.submit.submitted")
        self._submitted.setMargin(6)
        tint(self._submitted, tone_colour(self.widget, Tone.GOOD))
        layout.addWidget(self._submitted)
        self._heading = label(self.widget, Weight.STRONG, name="crc.submit.heading")
        layout.addWidget(self._heading)
        self._list = qt.QWidget(self.widget)
        self._problems = Rows(column(self._list, gap=2), self._problem_row, _id_of)
        layout.addWidget(self._list)
        layout.addWidget(rule(self.widget))
        self._about = label(self.widget, Weight.STRONG)
        kit.words.text(self._about, "annotator.view.submit.summary")
        layout.addWidget(self._about)
        self._facts = qt.QWidget(self.widget)
        self._summary = Rows(column(self._facts, gap=1), self._fact_row, label_of)
        layout.addWidget(self._facts)
        self._submit = button(self.widget, "crc.submit.submit", submit.submit, kit.icons.icon("done", 20))
        self._submit.setMinimumHeight(40)
        strong(self._submit)
        kit.words.tip(self._submit, "annotator.view.submit.submit_tip", KEYS["submit"])
        layout.addWidget(self._submit)
        row = line()
        self._withdraw_words = label(self.widget, Weight.QUIET, name="crc.submit.withdraw_words")
        self._withdraw = button(self.widget, "crc.submit.withdraw", submit.withdraw)
        kit.words.text(self._withdraw, "annotator.view.submit.withdraw")
        row.addWidget(self._withdraw_words, 1)
        row.addWidget(self._withdraw)
        layout.addLayout(row)
        self._next = button(self.widget, "crc.submit.next", submit.open_next, kit.icons.icon("next", 20))
        self._next.setMinimumHeight(40)
        strong(self._next)
        layout.addWidget(self._next)
        layout.addStretch(1)

    def draw(self, state: State, before: State | None) -> bool:
        """Show what stands between the work and its submission; whether rows came or went."""
        submit = state.submit
        fresh = before is None or state.lang != before.lang
        if submit is None:
            return self._problems.clear() | self._summary.clear()
        if not (fresh or submit is not before.submit):
            return False
        lang, submitted = state.lang, bool(submit.submitted)
        show_words(self._submitted, submit.submitted)
        counts = {"blocking": submit.blocking, "count": len(submit.problems)}
        code = "blocked" if submit.blocking else "to_note" if submit.problems else "ready"
        self._heading.setText(say(f"annotator.view.submit.{code}", lang, **counts))
        self._heading.setVisible(not submitted)
        moved = self._problems.show(submit.problems, lang)
        moved |= self._summary.show(submit.summary, lang)
        code = "submitting" if submit.submitting else "submit"
        self._submit.setText(say(f"annotator.view.submit.{code}", lang))
        self._submit.setEnabled(submit.can_submit)
        self._submit.setVisible(not submitted)
        show_words(self._withdraw_words, submit.withdraw)
        self._withdraw.setVisible(submit.can_withdraw)
        self._next.setText(say("annotator.view.submit.next", lang, unit=submit.next_unit))
        self._next.setVisible(submitted and bool(submit.next_unit))
        return moved

    def _problem_row(self, _key: object) -> _ProblemRow:
        return _ProblemRow(self._list, self._kit)

    def _fact_row(self, _key: object) -> FactRow:
        return FactRow(self._facts)


def _id_of(problem: ProblemRow) -> int:
    return problem.id


class _ProblemRow(JumpLine):
    def __init__(self, parent: qt.QWidget, kit: ViewKit) -> None:
        super().__init__(parent, kit.icons, self._jump)
        self._submit, self._id = kit.annotator.submit, 0

    def draw(self, problem: ProblemRow, lang: Lang) -> None:
        self._id = problem.id
        self.say("fail" if problem.blocks else "note", "", problem.words)
        explain(self.go, f"crc.submit.go.{problem.id}", say("annotator.view.go", lang))

    def _jump(self) -> None:
        self._submit.go_to_problem(self._id)
