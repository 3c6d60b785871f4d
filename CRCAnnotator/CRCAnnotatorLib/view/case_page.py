"""Step 1: where the cases come from, who reads, the work list."""

from __future__ import annotations

import qt
from crc_core.text import Lang, say
from crc_widgets.look import Weight, button, column, label, line, rule, show_words, tool, worded
from crc_widgets.strip import Strip, StripItem

from CRCAnnotatorLib.presenter.state import CaseFilter, CaseRow, CasesState, State, StoreState
from CRCAnnotatorLib.view.case_table import CaseTable
from CRCAnnotatorLib.view.kit import ViewKit
from CRCAnnotatorLib.view.outbox_box import OutboxBox


class CasePage:
    """Draws `state.store` and `state.cases`."""

    def __init__(self, parent: qt.QWidget, kit: ViewKit) -> None:
        self._kit, self._lang = kit, Lang.ZH
        self._cases = kit.annotator.cases
        self.widget = qt.QWidget(parent)
        self.widget.setObjectName("crc.case")
        layout = column(self.widget, gap=6)
        self._store = _StoreCard(self.widget, kit)
        layout.addWidget(self._store.widget)
        self._list = qt.QWidget(self.widget)
        column(self._list, gap=4)
        self._build_list(self._list.layout())
        layout.addWidget(self._list, 1)
        self._outbox = OutboxBox(self.widget, kit)
        layout.addWidget(self._outbox.widget)
        layout.addWidget(self._bring_in())
        self._filler = qt.QWidget(self.widget)
        layout.addWidget(self._filler, 1)

    def _build_list(self, layout: qt.QVBoxLayout) -> None:
        kit = self._kit
        row = line()
        self._search = qt.QLineEdit(self._list)
        self._search.setObjectName("crc.case.search")
        self._search.setClearButtonEnabled(True)
        kit.words.hint(self._search, "annotator.view.case.search")
        self._search.connect("textEdited(QString)", self._cases.search)
        self._search.connect("textChanged(QString)", self._cleared)
        self._refresh = tool(self._list, "crc.case.refresh", self._cases.refresh, kit.icons.icon("again"))
        kit.words.tip(self._refresh, "annotator.view.case.refresh")
        row.addWidget(self._search, 1)
        row.addWidget(self._refresh)
        layout.addLayout(row)
        self._filters = Strip(self._list, "crc.case.filter", kit.icons, self._filter)
        layout.addWidget(self._filters.widget)
        self._table = CaseTable(self._list, kit.icons, self._cases.select, self._cases.open_unit)
        layout.addWidget(self._table.widget, 1)
        self._empty = label(self._list, Weight.QUIET, name="crc.case.empty")
        layout.addWidget(self._empty)
        self._details = _CaseDetails(self._list, kit)
        layout.addWidget(self._details.widget)
        row = line()
        self._open = button(self._list, "crc.case.open", self._cases.open_selected)
        self._next = button(self._list, "crc.case.open_next", self._cases.open_next, kit.icons.icon("next"))
        self._close = button(self._list, "crc.case.close", self._cases.close_case)
        for made, code in ((self._open, "open"), (self._next, "open_next"), (self._close, "close")):
            kit.words.text(made, f"annotator.view.case.{code}")
            row.addWidget(made)
        row.insertStretch(2, 1)
        layout.addLayout(row)

    def _bring_in(self) -> qt.QWidget:
        """Ways for new images to come in; what is not allowed in this store is not shown, the sample always is."""
        kit, cases = self._kit, self._cases
        self._bring = qt.QWidget(self.widget)
        layout = column(self._bring, gap=2)
        layout.addWidget(rule(self._bring))
        row = line(gap=2)
        self._imports: list[qt.QToolButton] = []
        for name, call, icon in (
            ("import_folder", cases.import_folder, "folder"),
            ("import_database", cases.import_from_database, "database"),
            ("sample", cases.make_sample_case, "body"),
        ):
            made = worded(tool(self._bring, f"crc.case.{name}", call, kit.icons.icon(icon)))
            kit.words.text(made, f"annotator.view.case.{name}")
            kit.words.tip(made, f"annotator.view.case.{name}_tip")
            row.addWidget(made)
            if name != "sample":
                self._imports.append(made)
        row.addStretch(1)
        layout.addLayout(row)
        return self._bring

    def draw(self, state: State, before: State | None) -> bool:
        """Show the store and the work list of a state; no buttons come or go."""
        fresh = before is None or state.lang != before.lang
        self._lang = state.lang
        if fresh or state.store != before.store:
            self._draw_store(state.store, state.lang)
        if fresh or state.outbox != before.outbox:
            self._outbox.draw(state.outbox, state.lang)
        if fresh or state.cases != before.cases:
            self._draw_cases(state.cases, state.lang)
        is_open = state.header is not None
        self._close.setVisible(is_open)
        self._open.setEnabled(state.cases.can_open)
        return False

    def _draw_store(self, store: StoreState, lang: Lang) -> None:
        self._store.draw(store, lang)
        ready = store.is_open and bool(store.reader)
        self._list.setVisible(ready)
        self._filler.setVisible(not ready)
        self._bring.setVisible(store.is_open)
        for made in self._imports:
            made.setVisible(store.may_import)

    def _draw_cases(self, cases: CasesState, lang: Lang) -> None:
        if self._search.text != cases.search and not self._search.hasFocus():
            self._search.setText(cases.search)
        self._filters.show(
            [StripItem(filter_.value, f"{words} {count}") for filter_, words, count in cases.counts],
            cases.filter.value,
        )
        self._table.draw(cases.rows, cases.selected, lang)
        show_words(self._empty, cases.empty)
        self._details.draw(next((row for row in cases.rows if row.unit == cases.selected), None))

    def _filter(self, key: str) -> None:
        self._cases.set_filter(CaseFilter(key))

    def _cleared(self, words: str) -> None:
        # The button in the entry empties it without `textEdited`.
        if not words:
            self._cases.search("")


class _StoreCard:
    """The store and the reader: explained while no store is open, one line once both are chosen."""

    def __init__(self, parent: qt.QWidget, kit: ViewKit) -> None:
        self._kit = kit
        self._people: tuple[str, ...] = ()
        cases, icons = kit.annotator.cases, kit.icons
        self.widget = qt.QWidget(parent)
        layout = column(self.widget, gap=6)
        self._welcome = label(self.widget, name="crc.case.welcome")
        kit.words.text(self._welcome, "annotator.view.case.welcome")
        layout.addWidget(self._welcome)
        row = line()
        self._who = label(self.widget, wrap=False)
        kit.words.text(self._who, "annotator.view.case.reader")
        self._reader = qt.QComboBox(self.widget)
        self._reader.setObjectName("crc.case.reader")
        self._reader.setSizePolicy(qt.QSizePolicy.Expanding, qt.QSizePolicy.Fixed)
        self._reader.setMinimumContentsLength(8)
        self._reader.connect("activated(int)", self._chosen)
        self._choose = button(self.widget, "crc.case.choose_store", cases.choose_store, icons.icon("folder"))
        row.addWidget(self._who)
        row.addWidget(self._reader, 1)
        row.addWidget(self._choose)
        layout.addLayout(row)
        self._place = label(self.widget, Weight.QUIET, name="crc.case.place")
        self._notice = label(self.widget, Weight.QUIET, name="crc.case.notice")
        self._sample = button(self.widget, "crc.case.first_sample", cases.make_sample_case, icons.icon("body"))
        kit.words.text(self._sample, "annotator.view.case.first_sample")
        self._sign_in = button(self.widget, "crc.case.sign_in", kit.annotator.online.sign_in, icons.icon("senior"))
        kit.words.text(self._sign_in, "online.view.sign_in")
        for widget in (self._place, self._sign_in, self._notice, self._sample):
            layout.addWidget(widget)

    def draw(self, store: StoreState, lang: Lang) -> None:
        ready = store.is_open and bool(store.reader)
        self._sign_in.setVisible(store.is_server and not store.is_open)
        self._welcome.setVisible(not store.is_open)
        self._sample.setVisible(not store.is_open)
        self._who.setVisible(store.is_open)
        self._reader.setVisible(store.is_open)
        self._place.setText(store.place or say("annotator.view.case.no_store", lang))
        self._place.setVisible(not ready)
        code = "change_store" if store.is_open else "choose_store"
        self._choose.setText(say(f"annotator.view.case.{code}", lang))
        self._choose.setToolTip(store.place)
        show_words(self._notice, store.notice)
        self._draw_people(store, lang)

    def _draw_people(self, store: StoreState, lang: Lang) -> None:
        people = [("", say("annotator.view.case.nobody", lang)), *((who.id, who.words) for who in store.people)]
        if store.reader:
            people = people[1:]
        self._reader.blockSignals(True)
        self._reader.clear()
        for _, words in people:
            self._reader.addItem(words)
        self._people = tuple(person for person, _ in people)
        if store.reader in self._people:
            self._reader.setCurrentIndex(self._people.index(store.reader))
        self._reader.blockSignals(False)

    def _chosen(self, index: int) -> None:
        if 0 <= index < len(self._people) and self._people[index]:
            self._kit.annotator.cases.choose_reader(self._people[index])


class _CaseDetails:
    """What is to be known of the chosen line before it is opened."""

    def __init__(self, parent: qt.QWidget, kit: ViewKit) -> None:
        self._kit, self._unit = kit, ""
        self.widget = qt.QWidget(parent)
        layout = column(self.widget, gap=2)
        self._note = label(self.widget, name="crc.case.note")
        layout.addWidget(self._note)
        row = line()
        self._kept = label(self.widget, name="crc.case.kept")
        self._discard = button(self.widget, "crc.case.discard_kept", self._drop, kit.icons.icon("trash"))
        kit.words.text(self._discard, "annotator.view.case.discard_kept")
        row.addWidget(self._kept, 1)
        row.addWidget(self._discard)
        layout.addLayout(row)

    def draw(self, row: CaseRow | None) -> None:
        self._unit = "" if row is None else row.unit
        show_words(self._note, "" if row is None else row.note)
        kept = "" if row is None else row.kept
        show_words(self._kept, kept)
        self._discard.setVisible(bool(kept))

    def _drop(self) -> None:
        self._kit.annotator.cases.discard_kept(self._unit)
