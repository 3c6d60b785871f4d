"""What is drawn: the targets, their lesions, and what is said of a target in which nothing is drawn."""

from __future__ import annotations

import qt
from crc_core.text import Lang, say
from crc_core.vocabulary import LesionClass, Target, TargetAnswer
from crc_widgets.fold import Fold
from crc_widgets.look import Weight, button, column, label, line, show_words, tool
from crc_widgets.strip import Strip, StripItem

from CRCAnnotatorLib.presenter.state import ContourState, LesionRow, Mark, RuleCard, TargetRow
from CRCAnnotatorLib.view.kit import ViewKit


class Targets:
    """The strip of targets, and the chosen one below it."""

    def __init__(self, parent: qt.QWidget, kit: ViewKit) -> None:
        self._kit, self._contour = kit, kit.annotator.contour
        self._target: TargetRow | None = None
        self._lesion: int | None = None
        self.widget = qt.QWidget(parent)
        layout = column(self.widget, gap=3)
        self._targets = Strip(self.widget, "crc.contour.target", kit.icons, self._choose)
        layout.addWidget(self._targets.widget)
        layout.addLayout(self._source_line())
        self._note = label(self.widget, name="crc.contour.note")
        layout.addWidget(self._note)
        self._lesions = Strip(self.widget, "crc.contour.lesion", kit.icons, self._choose_lesion)
        layout.addWidget(self._lesions.widget)
        layout.addLayout(self._kind_line())
        self._answers = Strip(self.widget, "crc.contour.answer", kit.icons, self._answer)
        layout.addWidget(self._answers.widget)
        self._answered = label(self.widget, name="crc.contour.answered")
        layout.addWidget(self._answered)

    def _source_line(self) -> qt.QHBoxLayout:
        kit, row = self._kit, line()
        self._source = label(self.widget, Weight.QUIET, name="crc.contour.source")
        self._add = button(self.widget, "crc.contour.add_lesion", self._add_lesion, kit.icons.icon("plus"))
        self._remove = tool(self.widget, "crc.contour.remove_lesion", self._remove_lesion, kit.icons.icon("trash"))
        kit.words.text(self._add, "annotator.view.contour.add_lesion")
        kit.words.tip(self._remove, "annotator.view.contour.remove_lesion")
        row.addWidget(self._source, 1)
        row.addWidget(self._add)
        row.addWidget(self._remove)
        return row

    def _kind_line(self) -> qt.QHBoxLayout:
        kit, row = self._kit, line()
        self._kind_words = label(self.widget, Weight.QUIET, wrap=False)
        kit.words.text(self._kind_words, "annotator.view.contour.kind")
        self._kinds = Strip(self.widget, "crc.contour.kind", kit.icons, self._set_kind)
        row.addWidget(self._kind_words)
        row.addWidget(self._kinds.widget, 1)
        return row

    def draw(self, contour: ContourState, lang: Lang) -> bool:
        """Show the targets; whether buttons came or went."""
        moved = self._targets.show([_target_item(row) for row in contour.targets], _value(contour.target))
        self._target = next((row for row in contour.targets if row.target is contour.target), None)
        self._lesion = contour.lesion
        if self._target is None:
            return moved
        row = self._target
        self._source.setText(say("annotator.view.contour.source", lang, mode=row.mode_words, source=row.source))
        show_words(self._note, row.note)
        items = [_lesion_item(lesion, row) for lesion in row.lesions]
        moved |= self._lesions.show(items, None if contour.lesion is None else str(contour.lesion))
        self._lesions.widget.setVisible(bool(items))
        moved |= self._draw_lesion(row, next((item for item in row.lesions if item.number == contour.lesion), None))
        answers = [StripItem(answer.value, words) for answer, words in row.answers]
        moved |= self._answers.show(answers, _value(row.answer))
        self._answers.widget.setVisible(bool(answers) and not any(lesion.drawn for lesion in row.lesions))
        show_words(self._answered, row.answer_words)
        return moved

    def clear(self) -> bool:
        """Show no lesion and no answer, as no case is open; whether there were buttons."""
        self._target = self._lesion = None
        return self._lesions.clear() | self._kinds.clear() | self._answers.clear()

    def _draw_lesion(self, row: TargetRow, lesion: LesionRow | None) -> bool:
        self._add.setVisible(row.can_add)
        self._remove.setVisible(lesion is not None)
        choice = lesion is not None and len(row.kinds) > 1
        self._kind_words.setVisible(choice)
        self._kinds.widget.setVisible(choice)
        kinds = [StripItem(kind.value, words) for kind, words in row.kinds] if choice else []
        return self._kinds.show(kinds, None if lesion is None else lesion.kind.value)

    def next_lesion(self) -> None:
        """Go to the next lesion of the target, after the last to the first."""
        numbers = [] if self._target is None else [lesion.number for lesion in self._target.lesions]
        if self._target is not None and numbers:
            place = numbers.index(self._lesion) + 1 if self._lesion in numbers else 0
            self._contour.choose_lesion(self._target.target, numbers[place % len(numbers)])

    def _choose(self, key: str) -> None:
        self._contour.choose_target(Target(key))

    def _choose_lesion(self, key: str) -> None:
        if self._target is not None:
            self._contour.choose_lesion(self._target.target, int(key))

    def _add_lesion(self) -> None:
        if self._target is not None:
            self._contour.add_lesion(self._target.target)

    def _remove_lesion(self) -> None:
        if self._target is not None and self._lesion is not None:
            self._contour.remove_lesion(self._target.target, self._lesion)

    def _set_kind(self, key: str) -> None:
        if self._target is not None and self._lesion is not None:
            self._contour.set_kind(self._target.target, self._lesion, LesionClass(key))

    def _answer(self, key: str) -> None:
        """An answer is given by a click and taken away by another."""
        if self._target is not None:
            chosen = TargetAnswer(key)
            self._contour.answer(self._target.target, None if chosen is self._target.answer else chosen)


class Rule:
    """What belongs to the lesion, from the delineation protocol; folded to its title."""

    def __init__(self, parent: qt.QWidget, kit: ViewKit) -> None:
        self._card: RuleCard | None = None
        self._fold = Fold(parent, "crc.contour.rule", kit.icons)
        kit.words.text(self._fold.heading, "annotator.view.contour.rule")
        self.widget = self._fold.widget
        self._title = label(self.widget, Weight.QUIET)
        self._fold.beside.insertWidget(1, self._title, 100)
        self._includes, self._excludes = label(self.widget), label(self.widget)
        self._cites = label(self.widget, Weight.QUIET)
        for part in (self._includes, self._excludes, self._cites):
            part.setIndent(16)
            self._fold.layout.addWidget(part)
        self._fold.set_open(False)

    def draw(self, card: RuleCard | None) -> None:
        """Show a card, or nothing."""
        self.widget.setVisible(card is not None)
        if card is not None and card != self._card:
            self._title.setText(card.title)
            show_words(self._includes, "\n".join(f"＋ {part}" for part in card.includes))
            show_words(self._excludes, "\n".join(f"－ {part}" for part in card.excludes))
            self._cites.setText(card.cites)
        self._card = card


def _target_item(row: TargetRow) -> StripItem:
    words = f"{row.label} {len(row.lesions)}" if row.lesions else row.label
    return StripItem(row.target.value, words, row.mark.value, tip=row.answer_words or row.mode_words)


def _lesion_item(lesion: LesionRow, row: TargetRow) -> StripItem:
    kind = lesion.kind_words if len(row.kinds) > 1 else ""
    words = " ".join(part for part in (lesion.name, kind, lesion.detail) if part)
    mark = Mark.DONE if lesion.drawn else Mark.TODO
    return StripItem(str(lesion.number), words, mark.value, tip=lesion.kind_words)


def _value(chosen: Target | TargetAnswer | None) -> str | None:
    return None if chosen is None else chosen.value
