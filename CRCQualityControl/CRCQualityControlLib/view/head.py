"""The head of the panel: the store, who works, the language, and the tabs of the pages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING

import qt
from crc_core.text import Lang, say
from crc_widgets.look import Weight, column, label, line, show_words, tool, worded
from crc_widgets.strip import Strip, StripItem

from CRCQualityControlLib.presenter.state import Page, State, StoreState
from CRCQualityControlLib.view.keys import KEYS
from CRCQualityControlLib.view.kit import ViewKit

if TYPE_CHECKING:
    from CRCQualityControlLib.presenter.quality import QualityControl

_OTHER = {Lang.ZH: (Lang.EN, "EN"), Lang.EN: (Lang.ZH, "中文")}


class Head:
    """Draws `state.store` and the tabs; `menu` is what the button of three dots opens."""

    def __init__(
        self, parent: qt.QWidget, quality: QualityControl, kit: ViewKit, pages: Sequence[Page], menu: qt.QMenu
    ) -> None:
        self._quality, self._kit, self._lang = quality, kit, Lang.ZH
        self._pages = tuple(pages)
        self._people: tuple[str, ...] = ()
        self.widget = qt.QWidget(parent)
        layout = column(self.widget, gap=3)
        layout.addLayout(self._first_line(menu))
        self._welcome = label(self.widget, name="crc.head.welcome")
        kit.words.text(self._welcome, "quality.view.welcome")
        layout.addWidget(self._welcome)
        self._notice = label(self.widget, Weight.QUIET, name="crc.head.notice")
        layout.addWidget(self._notice)
        self._tabs = Strip(self.widget, "crc.head.page", kit.icons, self._turn, even=True)
        layout.addWidget(self._tabs.widget)

    def _first_line(self, menu: qt.QMenu) -> qt.QHBoxLayout:
        kit, row = self._kit, line()
        self._choose = worded(tool(self.widget, "crc.head.choose_store", None))
        self._choose.setIcon(kit.icons.icon("folder"))
        self._choose.setPopupMode(qt.QToolButton.InstantPopup)
        self._stores = qt.QMenu(self._choose)
        for name in ("folder", "server"):
            action = self._stores.addAction("")
            action.setObjectName(f"crc.head.store.{name}")
            action.setData(name)
            kit.words.text(action, f"quality.view.store_{name}")
        self._stores.connect("triggered(QAction*)", self._choose_store)
        self._choose.setMenu(self._stores)
        self._person = qt.QComboBox(self.widget)
        self._person.setObjectName("crc.head.person")
        self._person.setSizePolicy(qt.QSizePolicy.Expanding, qt.QSizePolicy.Fixed)
        self._person.setMinimumContentsLength(8)
        kit.words.tip(self._person, "quality.view.person")
        self._person.connect("activated(int)", self._chosen)
        self._self = label(self.widget, wrap=False, name="crc.head.oneself")
        self._refresh = tool(self.widget, "crc.head.refresh", self._quality.refresh, kit.icons.icon("again"))
        kit.words.tip(self._refresh, "quality.view.refresh", KEYS["refresh"])
        self._language = tool(self.widget, "crc.head.language", self._other_language)
        kit.words.tip(self._language, "quality.view.language")
        self._menu = tool(self.widget, "crc.head.menu", None, kit.icons.icon("menu"))
        self._menu.setPopupMode(qt.QToolButton.InstantPopup)
        self._menu.setMenu(menu)
        # The arrow that a menu brings along says no more than the three dots do, and takes room.
        self._menu.setStyleSheet("QToolButton::menu-indicator { image: none; }")
        kit.words.tip(self._menu, "quality.view.menu")
        row.addWidget(self._choose)
        row.addWidget(self._person, 1)
        row.addWidget(self._self, 1)
        row.addStretch(0)
        for widget in (self._refresh, self._language, self._menu):
            row.addWidget(widget)
        return row

    def draw(self, state: State, before: State | None) -> None:
        """Show the head of a state."""
        self._lang = state.lang
        fresh = before is None or state.lang != before.lang
        if fresh:
            self._language.setText(_OTHER[state.lang][1])
        if fresh or state.store is not before.store:
            self._draw_store(state.store, state.lang)
        self._tabs.show(
            [StripItem(page.value, self._words(page, state), "", state.store.is_open) for page in self._pages],
            state.page.value,
        )

    def _words(self, page: Page, state: State) -> str:
        waiting = len(state.adjudication.queue)
        if page is Page.ADJUDICATION and waiting:
            return say("quality.view.page.adjudication_waiting", state.lang, count=waiting)
        return say(f"quality.view.page.{page.value}", state.lang)

    def _draw_store(self, store: StoreState, lang: Lang) -> None:
        self._choose.setText(_name(store.place) if store.is_open else say("quality.view.choose_store", lang))
        tip = say("quality.view.change_store", lang, place=store.place)
        self._choose.setToolTip(tip if store.is_open else "")
        self._welcome.setVisible(not (store.is_open and store.person))
        show_words(self._notice, store.notice)
        self._refresh.setEnabled(store.is_open)
        self._draw_people(store, lang)

    def _draw_people(self, store: StoreState, lang: Lang) -> None:
        alone = store.is_open and not store.people
        self._self.setVisible(alone)
        self._self.setText(store.person)
        self._person.setVisible(store.is_open and not alone)
        people = [("", say("quality.view.nobody", lang)), *store.people]
        if store.person:
            people = people[1:]
        self._person.blockSignals(True)
        self._person.clear()
        for _, words in people:
            self._person.addItem(words)
        self._people = tuple(person for person, _ in people)
        if store.person in self._people:
            self._person.setCurrentIndex(self._people.index(store.person))
        self._person.blockSignals(False)

    def _chosen(self, index: int) -> None:
        if 0 <= index < len(self._people) and self._people[index]:
            self._quality.choose_person(self._people[index])
        # Where a case stays on the desk the person stays, too.
        self._draw_people(self._quality.state.store, self._lang)

    def _choose_store(self, action: qt.QAction) -> None:
        if action.data() == "server":
            self._quality.online.choose()
        else:
            self._quality.choose_store()

    def _turn(self, key: str) -> None:
        self._quality.show_page(Page(key))

    def _other_language(self) -> None:
        self._quality.set_language(_OTHER[self._lang][0])


def _name(place: str) -> str:
    """The last part of where a store is: a folder's name, a server's address."""
    return place.partition("://")[2] or PurePath(place).name or place
