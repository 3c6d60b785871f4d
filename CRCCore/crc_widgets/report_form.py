"""The structured report: a page per table, blocks that come and go with the lesions, rows drawn only when changed.

The parts of a table are made when it is first looked at; what a person types is never lost by drawing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import qt
from crc_core.report.form import Form, FormGroup, FormSection, Row
from crc_core.text import Lang, say

from crc_widgets.fold import Fold
from crc_widgets.icons import Icons
from crc_widgets.look import Weight, column, label, order_tabs, scrolled, show_words, strong
from crc_widgets.report_entries import FormEditor
from crc_widgets.report_rows import FormKit, ReportRow
from crc_widgets.strip import Strip, StripItem

BlockKey = tuple[str, int | None]
_SETTLES_IN_MS = 60


class ReportForm:
    """Draws a `Form`; `go_to(path)` brings a question into sight and gives it the keyboard."""

    def __init__(
        self, parent: qt.QWidget, editor: FormEditor, icons: Icons, ask_words: Callable[[str, str], str | None]
    ) -> None:
        self._kit = FormKit(editor, icons, ask_words)
        self.widget = qt.QWidget(parent)
        layout = column(self.widget, gap=4)
        self._tables = Strip(self.widget, "crc.report.table", icons, self._turn_to)
        self._stack = qt.QStackedWidget(self.widget)
        layout.addWidget(self._tables.widget)
        layout.addWidget(self._stack, 1)
        self._aside = _SetAside(self.widget, icons)
        layout.addWidget(self._aside.widget)
        self._pages: dict[str, _Page] = {}
        self._current = ""
        self._shown: _Shown | None = None
        self._marked: ReportRow | None = None
        self._settled = qt.QTimer(self.widget)
        self._settled.setSingleShot(True)
        self._settled.setInterval(_SETTLES_IN_MS)
        self._settled.connect("timeout()", self._show_marked)

    def draw(self, form: Form, lang: Lang, *, read_only: bool = False) -> None:
        """Show a report; only what is different from before is touched."""
        tables = _tables(form)
        if self._current not in tables:
            self._current = next(iter(tables), "")
        self._tables.show([_table_item(table, parts, lang) for table, parts in tables.items()], self._current)
        self._tables.widget.setVisible(len(tables) > 1)
        self._shown = _Shown(form, lang, read_only)
        self._aside.draw(form, lang)
        for gone in set(self._pages) - set(tables):
            page = self._pages.pop(gone)
            self._stack.removeWidget(page.area)
            page.area.hide()
            page.area.deleteLater()
        self._draw_page()

    def go_to(self, path: str) -> None:
        """Bring a question into sight and give it the keyboard; nothing where it is not asked."""
        section = None if self._shown is None else _section_of(self._shown.form, path)
        if section is None:
            return
        self._turn_to(section.table)
        row = self._pages[section.table].row(path)
        if row is None or row.widget.isHidden():
            return
        if self._marked is not None:
            self._marked.mark(False)
        self._marked = row
        row.mark(True)
        row.focus()
        self._show_marked()
        # Parts that were made just now find their heights only when the event loop runs.
        self._settled.start()

    def _show_marked(self) -> None:
        page = self._pages.get(self._current)
        if page is not None and self._marked is not None:
            page.area.ensureWidgetVisible(self._marked.widget, 0, 60)

    def commit(self) -> None:
        """Tell everything that was typed and not told yet."""
        for page in self._pages.values():
            page.commit()

    def _turn_to(self, table: str) -> None:
        self._current = table
        if self._shown is not None:
            tables = _tables(self._shown.form)
            items = [_table_item(name, parts, self._shown.lang) for name, parts in tables.items()]
            self._tables.show(items, table)
            self._draw_page()

    def _draw_page(self) -> None:
        """Draw the table that is looked at; another is drawn when it is turned to."""
        if self._shown is None or not self._current:
            return
        page = self._pages.get(self._current)
        if page is None:
            page = self._pages[self._current] = _Page(self._stack, self._current, self._kit)
            self._stack.addWidget(page.area)
        if self._marked is not None and self._marked.widget.isHidden():
            self._marked = None
        page.draw(self._shown)
        self._stack.setCurrentWidget(page.area)


@dataclass(frozen=True)
class _Shown:
    form: Form
    lang: Lang
    read_only: bool


class _Page:
    """The blocks of one table, below each other in a scroll area."""

    def __init__(self, parent: qt.QWidget, table: str, kit: FormKit) -> None:
        self._kit, self._table = kit, table
        self._content = qt.QWidget()
        self._layout = column(self._content, gap=6)
        self._layout.setContentsMargins(2, 2, 4, 2)
        self._layout.addStretch(1)
        self.area = scrolled(parent, self._content, f"crc.report.page.{table}")
        self._blocks: dict[BlockKey, _Block] = {}
        self._order: list[BlockKey] = []
        self._last: _Shown | None = None

    def draw(self, shown: _Shown) -> None:
        if shown == self._last:
            return
        self._last = shown
        sections = [section for section in shown.form.sections if section.table == self._table and section.visible]
        order = [(section.id, section.lesion) for section in sections]
        for key in set(self._blocks) - set(order):
            gone = self._blocks.pop(key).widget
            self._layout.removeWidget(gone)
            gone.hide()
            gone.deleteLater()
        made = False
        if not self._blocks:
            # Much quicker: nothing is laid out until all is there.
            self._content.hide()
        for place, section in enumerate(sections):
            key = (section.id, section.lesion)
            if key not in self._blocks:
                self._blocks[key] = _Block(self._content, section, self._kit)
                made = True
            if self._layout.indexOf(self._blocks[key].widget) != place:
                self._layout.removeWidget(self._blocks[key].widget)
                self._layout.insertWidget(place, self._blocks[key].widget)
            made |= self._blocks[key].draw(section, shown)
        self._content.show()
        if made or order != self._order:
            order_tabs(self._content)
        self._order = order

    def row(self, path: str) -> ReportRow | None:
        return next((block.rows[path] for block in self._blocks.values() if path in block.rows), None)

    def commit(self) -> None:
        for block in self._blocks.values():
            for row in block.rows.values():
                row.commit()


class _Block:
    """One part of a table, or one lesion."""

    def __init__(self, parent: qt.QWidget, section: FormSection, kit: FormKit) -> None:
        self._kit = kit
        number = "" if section.lesion is None else f".{section.lesion}"
        self._fold = Fold(parent, f"crc.report.block.{section.id}{number}", kit.icons)
        self.widget = self._fold.widget
        self._progress = label(self.widget, Weight.QUIET, wrap=False)
        self._fold.beside.addWidget(self._progress)
        self.rows: dict[str, ReportRow] = {}
        self._groups: dict[str, qt.QLabel] = {}
        self._drawn: dict[str, Row] = {}
        self._how: tuple[Lang, bool] | None = None

    def draw(self, section: FormSection, shown: _Shown) -> bool:
        """Show the block; whether rows were made."""
        self._fold.heading.setText(section.title)
        words = say("widgets.report.done_of", shown.lang, done=section.done, total=section.total)
        self._progress.setText(words if section.total else "")
        how = (shown.lang, shown.read_only)
        made = False
        for group in section.groups:
            made |= self._draw_group(group, section, shown, how != self._how)
        self._how = how
        return made

    def _draw_group(self, group: FormGroup, section: FormSection, shown: _Shown, all_rows: bool) -> bool:
        made = False
        if group.id not in self._groups:
            heading = self._groups[group.id] = label(self.widget)
            strong(heading)
            self._fold.layout.addWidget(heading)
            made = True
        alone = sum(row.visible for row in group.rows) == 1 and any(row.label == group.label for row in group.rows)
        same = group.label == section.title
        show_words(self._groups[group.id], group.label if group.visible and not alone and not same else "")
        for row in group.rows:
            if row.path not in self.rows:
                self.rows[row.path] = ReportRow(self.widget, row, self._kit)
                self._fold.layout.addWidget(self.rows[row.path].widget)
                made = True
            if all_rows or self._drawn.get(row.path) != row:
                self._drawn[row.path] = row
                self.rows[row.path].widget.setVisible(row.visible)
                self.rows[row.path].draw(row, section.reasons, shown.read_only, shown.lang)
        return made


class _SetAside:
    """Answers to questions that do not apply at present."""

    def __init__(self, parent: qt.QWidget, icons: Icons) -> None:
        self._fold = Fold(parent, "crc.report.set_aside", icons)
        self.widget = self._fold.widget
        self._words = label(self.widget, Weight.QUIET)
        self._fold.layout.addWidget(self._words)
        self._fold.set_open(False)

    def draw(self, form: Form, lang: Lang) -> None:
        self.widget.setVisible(bool(form.set_aside))
        self._fold.heading.setText(say("widgets.report.set_aside", lang, count=len(form.set_aside)))
        entries = [
            say("widgets.report.set_aside_entry", lang, field=aside.label, words=aside.words)
            for aside in form.set_aside
        ]
        self._words.setText("\n".join(entries))


def _tables(form: Form) -> dict[str, list[FormSection]]:
    tables: dict[str, list[FormSection]] = {}
    for section in form.sections:
        if section.visible:
            tables.setdefault(section.table, []).append(section)
    return tables


def _table_item(table: str, parts: Sequence[FormSection], lang: Lang) -> StripItem:
    done, total = sum(part.done for part in parts), sum(part.total for part in parts)
    lesions = sum(part.lesion is not None for part in parts)
    name = say(f"report.target.{table}", lang)
    code = "table_with_lesions" if lesions else "table"
    tip = say(f"widgets.report.{code}", lang, table=name, count=lesions)
    words = say("widgets.report.table_done", lang, table=name, done=done, total=total)
    return StripItem(table, words, "done" if done == total else "todo", tip=tip)


def _section_of(form: Form, path: str) -> FormSection | None:
    return next(
        (
            section
            for section in form.sections
            if section.visible and any(row.path == path for group in section.groups for row in group.rows)
        ),
        None,
    )
