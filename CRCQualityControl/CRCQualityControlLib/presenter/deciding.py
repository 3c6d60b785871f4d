"""Deciding on the case on the desk: lesion by lesion, target by target, question by question."""

from __future__ import annotations

from dataclasses import replace

from crc_core.decision.choices import LesionChoice, LesionKey, reason_codes
from crc_core.decision.crops import embedded
from crc_core.decision.finals import AbsentRuling, FieldRuling
from crc_core.reading.final import Take
from crc_core.report.document import FieldPath
from crc_core.report.merge import Choice as Side
from crc_core.report.template import Kind
from crc_core.report.wording import path_label
from crc_core.vocabulary import LesionClass, Target, TargetAnswer

from CRCQualityControlLib.presenter.desk import Desk
from CRCQualityControlLib.presenter.desk_case import DeskCase
from CRCQualityControlLib.presenter.ports import Choice, Tool
from CRCQualityControlLib.presenter.state import Level


class Deciding:
    """What a senior decides; nothing leaves the desk before it is signed."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._hub = desk, desk.hub

    def take(self, key: str, take: Take) -> None:
        """Take one lesion: A, B, union, intersection, dropped, or begin to edit it."""
        case, point = self._desk.case, self._desk.point(key)
        if case is None or point is None or take not in point.takes:
            return
        self.drop_edit()
        if take is Take.EDITED:
            self._begin_edit(case, point.key)
            return
        before = case.choices.lesions.get(point.key)
        choice = LesionChoice(take) if before is None else replace(before, take=take, edited=None)
        case.choices = case.choices.with_lesion(point.key, choice)
        self._desk.draw()

    def take_target(self, target: Target, take: Take) -> None:
        """Take every open lesion of a target the same way."""
        case = self._desk.case
        if case is not None and take is not Take.EDITED:
            case.choices = case.opened.dispute.take_all(case.choices, target, take)
            self._desk.draw()

    def reopen(self, key: str) -> None:
        """Take a lesion's decision back."""
        case, point = self._desk.case, self._desk.point(key)
        if case is not None and point is not None:
            case.choices = case.choices.with_lesion(point.key, None)
            self._desk.draw()

    def classify(self, key: str, kind: LesionClass) -> None:
        """Give a decided lesion another class."""
        case, known = self._desk.case, self._desk.decided(key)
        if case is not None and known is not None:
            case.choices = case.choices.with_lesion(known, replace(case.choices.lesions[known], kind=kind))
            self._desk.changed()

    def ask_reason(self, key: str) -> None:
        """Ask why a lesion was decided so."""
        known = self._desk.decided(key)
        if known is None:
            return
        choices = [Choice(code, self._hub.say(f"adjudication.reason.{code}")) for code in reason_codes().codes]
        code = self._hub.kit.ask.pick(self._hub.say("quality.ask.reason"), known.name, choices)
        if code is not None:
            self.give_reason(key, code)

    def give_reason(self, key: str, code: str) -> None:
        """Say why; some reasons ask for words."""
        case, known = self._desk.case, self._desk.decided(key)
        if case is None or known is None or code not in reason_codes().codes:
            return
        note = case.choices.lesions[known].note
        if code in reason_codes().needs_note:
            title = self._hub.say(f"adjudication.reason.{code}")
            note = self._hub.kit.ask.text(title, self._hub.say("quality.ask.note"), note or "")
            if note is None:
                return
        choice = replace(case.choices.lesions[known], reason=code, note=note)
        case.choices = case.choices.with_lesion(known, choice)
        self._desk.changed()

    def accept_sub_voxel(self) -> None:
        """Take the union of every lesion of this unit that differs by no more than a voxel."""
        case = self._desk.case
        if case is not None:
            case.choices = case.opened.dispute.accept_sub_voxel(case.choices)
            self._desk.draw()

    def settle_field(self, path: str, side: Side) -> None:
        """Settle one question: A's answer or B's."""
        case = self._desk.case
        if case is not None and side is not Side.TYPED:
            case.choices = case.choices.with_field(path, FieldRuling(path, side))
            self._desk.changed()

    def settle_field_typed(self, path: str, value: str) -> None:
        """Settle one question with an answer of one's own: the code of a box (several with commas), or a number."""
        case = self._desk.case
        if case is None:
            return
        field = case.opened.dispute.merged(case.choices).report.field(FieldPath.parse(path))
        parts = value.split(",")
        if field is None or (field.options and any(field.option(part) is None for part in parts)):
            self._hub.note(Level.WARNING, "quality.no_such_answer")
            return
        typed = tuple(parts) if field.kind is Kind.CHOICES else value
        case.choices = case.choices.with_field(path, FieldRuling(path, Side.TYPED, typed))
        self._desk.changed()

    def reopen_field(self, path: str) -> None:
        """Take a question's settlement back."""
        case = self._desk.case
        if case is not None:
            case.choices = case.choices.with_field(path, None)
            self._desk.changed()

    def settle_rest(self, side: Side) -> None:
        """Settle every question that is still open with one reader's answer."""
        case = self._desk.case
        if case is None or side is Side.TYPED:
            return
        for difference in case.opened.dispute.merged(case.choices).open:
            path = str(difference.path)
            if path not in case.choices.fields:
                case.choices = case.choices.with_field(path, FieldRuling(path, side))
        self._desk.changed()

    def ask_answer(self, path: str) -> None:
        """Ask for an answer of one's own to a question, from its boxes or in words."""
        case = self._desk.case
        report = None if case is None else case.opened.dispute.merged(case.choices).report
        field = None if report is None else report.field(FieldPath.parse(path))
        if report is None or field is None:
            return
        lang, ask = self._hub.lang, self._hub.kit.ask
        title, words = field.label.say(lang), path_label(report, FieldPath.parse(path)).say(lang)
        if field.options:
            choices = [Choice(str(option.code), option.label.say(lang)) for option in field.options]
            typed = ask.pick(title, words, choices)
        else:
            typed = ask.text(title, words)
        if typed is not None:
            self.settle_field_typed(path, typed)

    def say_absent(self, target: Target, answer: TargetAnswer, reason: str | None = None) -> None:
        """Say what a target without lesions comes to."""
        case = self._desk.case
        if case is not None and answer is not TargetAnswer.DRAWN:
            case.choices = case.choices.with_absent(target, AbsentRuling(answer, reason))
            self._desk.changed()

    def finish_edit(self) -> None:
        """Take what was drawn as the lesion."""
        case, drawn = self._desk.case, self._hub.kit.scene.edited()
        if case is None or case.editing is None:
            return
        if drawn is None or not drawn.array.any():
            self._hub.note(Level.WARNING, "quality.nothing_drawn")
            return
        before, sides = case.choices.lesions.get(case.editing), case.opened.dispute.sides(case.editing.target)
        whole = None if sides is None else self._hub.attempt(lambda: embedded(drawn, sides.grid))
        if whole is None:
            return
        choice = LesionChoice(Take.EDITED, edited=whole)
        if before is not None:
            choice = replace(before, take=Take.EDITED, edited=whole)
        case.choices = case.choices.with_lesion(case.editing, choice)
        self.drop_edit()
        self._desk.draw()

    def drop_edit(self) -> None:
        """Put the editor away without taking anything."""
        case = self._desk.case
        if case is not None and case.editing is not None:
            case.editing, case.tool = None, None
            self._hub.kit.scene.end_edit()
            self._desk.draw()

    def use_tool(self, tool: Tool | None) -> None:
        """Take a tool in hand while a lesion is edited, or lay it down."""
        case = self._desk.case
        if case is not None and case.editing is not None:
            self._hub.attempt(lambda: self._hub.kit.scene.use_tool(tool))

    def tool_in_hand(self, tool: Tool | None) -> None:
        """The scene tells which tool is in hand."""
        case = self._desk.case
        if case is not None and case.editing is not None and case.tool is not tool:
            case.tool = tool
            self._desk.changed()

    def set_brush(self, mm: float) -> None:
        """The brush of paint and erase, in millimetres."""
        case = self._desk.case
        if case is not None:
            case.brush_mm = mm
            self._hub.kit.scene.set_brush(mm)
            self._desk.changed()

    def brush_changed(self, mm: float) -> None:
        """A person changed the brush in a view."""
        case = self._desk.case
        if case is not None:
            case.brush_mm = mm
            self._desk.changed()

    def undo(self) -> None:
        """One step of drawing back."""
        if self._desk.case is not None and self._desk.case.editing is not None:
            self._hub.kit.scene.undo()

    def redo(self) -> None:
        """One step of drawing forward again."""
        if self._desk.case is not None and self._desk.case.editing is not None:
            self._hub.kit.scene.redo()

    def _begin_edit(self, case: DeskCase, key: LesionKey) -> None:
        source = next((item.role for item in case.opened.view.bindings if item.target is key.target), None)
        if source is None or not self._desk.has_images:
            self._hub.note(Level.WARNING, "quality.images_lost")
            return

        def begin() -> bool:
            self._hub.kit.scene.begin_edit(key.target, case.opened.dispute.lesion_mask(case.choices, key), source)
            self._hub.kit.scene.set_brush(case.brush_mm)
            return True

        if self._hub.attempt(begin):
            case.editing = key
            self._desk.draw()
            self.use_tool(Tool.PAINT)
