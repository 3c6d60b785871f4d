"""The structured report beside the images: answers as a person gives them, measured values as they come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from crc_core.desk.reporting import following, report_of, with_report
from crc_core.errors import CrcError
from crc_core.report.autofill import MeasuredValue, autofill
from crc_core.report.document import FieldPath, NotAssessable, Report
from crc_core.report.editing import answer, take_measured, toggle
from crc_core.report.form import Form, FormGroup, FormSection, Row, form_model
from crc_core.report.wording import path_label

from CRCAnnotatorLib.presenter.state import Level, MissingRow, ReportState

if TYPE_CHECKING:
    from CRCAnnotatorLib.presenter.hub import Hub
    from CRCAnnotatorLib.presenter.open_case import OpenCase

Change = Callable[[Report], Report]


class ReportPart:
    """The report of the open case; `on_refresh` is called when a person asks for everything measured anew."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.on_refresh: Callable[[], None] = lambda: None
        self._forget()

    def _forget(self) -> None:
        self._report: Report | None = None
        self._document: dict[str, Any] | None = None
        self._refused: dict[str, tuple[str, CrcError]] = {}
        self._focus, self._focus_id = "", 0

    # the case
    def opened(self, case: OpenCase) -> None:
        """A case is open; raises CrcError where its report cannot be read."""
        self._forget()
        self._report, self._document = report_of(case.work), case.work.report
        self._publish()

    def closed(self) -> None:
        """The case is closed."""
        self._forget()
        self._hub.publish(report=None)

    def refresh(self) -> None:
        """Word everything anew."""
        self._publish()

    def sync_lesions(self) -> None:
        """Lesions or answers of the targets changed: blocks come and go, answers are set aside and come back."""
        case, report = self._hub.case, self._current()
        if case is not None and report is not None:
            self._take(case, following(report, case.work))

    def fill(self, values: Sequence[MeasuredValue]) -> None:
        """Take measured values over; what a person typed stays and is marked where it differs."""
        case, report = self._hub.case, self._current()
        if case is None or report is None or case.read_only:
            return
        known = {(lesion.target, lesion.number) for lesion in report.lesions}
        told = [value for value in values if (value.target, value.lesion) in known]
        filled = autofill(report, told) if told else report
        if filled != report:
            self._take(case, filled)

    # answers
    def set_text(self, path: str, text: str) -> None:
        """Answer with a number, words or a date as typed; what is no answer stays in its field and is told."""
        case = self._hub.case
        shown = None if self._hub.state.report is None else self._hub.state.report.form.row(path)
        if case is None or (shown is not None and text == shown.text):
            return
        self._change(lambda report: answer(report, path, text), path, text)

    def choose(self, path: str, code: str) -> None:
        """Answer with one option."""
        self._change(lambda report: answer(report, path, code), path)

    def toggle(self, path: str, code: str) -> None:
        """Tick or untick one of several options."""
        self._change(lambda report: toggle(report, path, code), path)

    def clear(self, path: str) -> None:
        """Take an answer away; a measurement behind it shows again."""
        self._change(lambda report: answer(report, path), path)

    def not_assessable(self, path: str, reason: str, words: str = "") -> None:
        """Say why something cannot be assessed; asks for words where the reason needs them."""
        if not words.strip() and self._needs_words(path, reason) and self._may_change():
            asked = self._hub.kit.ask.text(
                self._hub.say("report.not_assessable"),
                self._hub.say("annotator.report.why_not", field=self._label(path)),
            )
            if asked is None:
                return
            words = asked
        self._change(lambda report: answer(report, path, not_assessable=NotAssessable(reason, words)), path)

    def take_measured(self, path: str) -> None:
        """Take what was measured instead of what was typed."""
        self._change(lambda report: take_measured(report, path), path)

    def refresh_measured(self) -> None:
        """Measure everything anew; typed answers stay."""
        if self._may_change():
            self.on_refresh()
            self._hub.note(Level.INFO, "annotator.report.measured_again")

    # places
    def go_to(self, path: str) -> None:
        """Bring a question into sight."""
        state = self._hub.state.report
        if state is not None and state.form.row(path) is not None:
            self._focus = path
            self._focus_id += 1
            self._publish()

    def next_missing(self) -> None:
        """Bring the next open question into sight, after the last one the first."""
        state = self._hub.state.report
        if state is None or not state.missing:
            self._hub.note(Level.INFO, "annotator.report.complete")
            return
        paths = [row.path for section in state.form.sections for group in section.groups for row in group.rows]
        here = paths.index(self._focus) if self._focus in paths else -1
        missing = set(state.form.missing)
        after = [path for path in (*paths[here + 1 :], *paths) if path in missing]
        self.go_to(after[0])

    # within
    def _may_change(self) -> bool:
        case = self._hub.case
        if case is not None and case.read_only:
            self._hub.note(Level.INFO, "annotator.report.read_only")
        return case is not None and not case.read_only

    def _change(self, call: Change, path: str, typed: str | None = None) -> None:
        """Change the report as a person asks; where that is no answer, what was typed stays and a sentence says why."""
        case, report = self._hub.case, self._current()
        if case is None or report is None or not self._may_change():
            return
        with self._hub.hold():
            try:
                changed = call(report)
            except CrcError as error:
                if typed is not None:
                    self._refused[path] = (typed, error)
                self._hub.tell(error)
                self._publish()
                return
            self._refused.pop(path, None)
            self._take(case, changed)

    def _take(self, case: OpenCase, report: Report) -> None:
        work = with_report(case.work, report)
        self._report, self._document = report, work.report
        case.change(work)
        self._publish()

    def _current(self) -> Report | None:
        """The report as the work has it."""
        case = self._hub.case
        if case is None:
            return None
        if self._report is None or self._document is not case.work.report:
            self._report, self._document = report_of(case.work), case.work.report
        return self._report

    def _publish(self) -> None:
        case, report = self._hub.case, self._current()
        if case is None or report is None:
            return
        form = form_model(report, self._hub.lang)
        self._refused = {path: item for path, item in self._refused.items() if _is_asked(form, path)}
        form = self._with_refused(form)
        missing = tuple(MissingRow(path, self._label(path)) for path in form.missing)
        progress = self._hub.say("annotator.report.progress", done=form.done, total=form.total)
        self._hub.publish(report=ReportState(form, progress, missing, self._focus, self._focus_id, case.read_only))

    def _with_refused(self, form: Form) -> Form:
        """The form with what was typed in fields that could not take it, and why."""
        if not self._refused:
            return form
        return replace(form, sections=tuple(self._section(section) for section in form.sections))

    def _section(self, section: FormSection) -> FormSection:
        return replace(section, groups=tuple(self._group(group) for group in section.groups))

    def _group(self, group: FormGroup) -> FormGroup:
        return replace(group, rows=tuple(self._row(row) for row in group.rows))

    def _row(self, row: Row) -> Row:
        refused = self._refused.get(row.path)
        if refused is None:
            return row
        text, error = refused
        return replace(row, text=text, problems=(*row.problems, error.sentence(self._hub.lang)))

    def _label(self, path: str) -> str:
        report = self._current()
        return path if report is None else path_label(report, FieldPath.parse(path)).say(self._hub.lang)

    def _needs_words(self, path: str, reason: str) -> bool:
        state = self._hub.state.report
        sections = () if state is None else state.form.sections
        section = next(
            (item for item in sections for group in item.groups for row in group.rows if row.path == path), None
        )
        return section is not None and any(item.code == reason and item.needs_text for item in section.reasons)


def _is_asked(form: Form, path: str) -> bool:
    row = form.row(path)
    return row is not None and row.visible
