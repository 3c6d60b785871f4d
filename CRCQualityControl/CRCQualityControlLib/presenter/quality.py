"""The panel of quality control without a screen: the store, the person, the pages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from crc_core.store.protocol import Store
from crc_core.text import Lang

from CRCQualityControlLib.presenter.adjudication import Adjudication
from CRCQualityControlLib.presenter.agreement import Agreement
from CRCQualityControlLib.presenter.calibration import Calibration
from CRCQualityControlLib.presenter.deciding import Deciding
from CRCQualityControlLib.presenter.desk import Desk
from CRCQualityControlLib.presenter.hub import Hub
from CRCQualityControlLib.presenter.online import Online
from CRCQualityControlLib.presenter.people import colleagues, oneself
from CRCQualityControlLib.presenter.ports import Kit
from CRCQualityControlLib.presenter.progress import ProgressPage
from CRCQualityControlLib.presenter.sample import Sampling
from CRCQualityControlLib.presenter.signing import Signing
from CRCQualityControlLib.presenter.state import Level, Page, State, StoreState
from CRCQualityControlLib.presenter.viewing import Viewing

if TYPE_CHECKING:
    from crc_core.store.remote.session import ServerSession, SignedIn

_STORE, _PERSON = "quality/store", "quality/person"
_OTHER_MODULES_STORE = "store"
"""Where the annotator keeps its store; who opens quality control for the first time finds the same."""


class QualityControl:
    """Puts the pages together; the view calls them and draws `state`."""

    def __init__(self, kit: Kit, lang: Lang) -> None:
        self.hub = Hub(kit, lang)
        self.viewing = Viewing(self.hub)
        self.desk = Desk(self.hub, self.viewing)
        self.online = Online(self.hub)
        self.online.may_leave, self.online.entered = self.desk.may_leave, self._signed_in
        self.agreement = Agreement(self.hub)
        self.adjudication = Adjudication(self.hub, self.desk)
        self.deciding = Deciding(self.desk)
        self.signing = Signing(self.desk)
        self.calibration = Calibration(self.hub, self.desk)
        self.sample = Sampling(self.hub)
        self.progress = ProgressPage(self.hub)
        self._place = ""
        self._people: tuple[tuple[str, str], ...] = ()
        kit.scene.on_tool(self.deciding.tool_in_hand)
        kit.scene.on_brush(self.deciding.brush_changed)
        kit.scene.on_lost(self._lost)

    @property
    def state(self) -> State:
        """What the panel shows now."""
        return self.hub.state

    def start(self) -> None:
        """Open what was chosen before on this machine; at a server one signs in first."""
        place = self.hub.kit.settings.get(_STORE) or self.hub.kit.settings.get(_OTHER_MODULES_STORE)
        if place and "://" in place:
            self.online.choose(place)
        elif place:
            self.open_store(place)

    def choose_store(self) -> None:
        """Choose the folder of a store."""
        preset = Path(self._place) if self._place and "://" not in self._place else None
        folder = self.hub.kit.ask.folder(self.hub.say("quality.ask.store"), preset)
        if folder is not None:
            self.open_store(str(folder))

    def open_store(self, place: str) -> None:
        """Work with another store from now on; one that cannot be opened changes nothing."""
        if not self.desk.may_leave():
            return
        store = self.hub.attempt(lambda: self.hub.kit.open_store(place))
        if store is None:
            return
        self.online.forget()
        self._take(place, store)
        remembered = self.hub.kit.settings.get(_PERSON) or ""
        known = {person for person, _ in self._people}
        self._work_as(oneself(store) or (remembered if remembered in known else ""))

    def _signed_in(self, session: ServerSession, signed: SignedIn) -> None:
        self._take(session.url, session.store)
        self._people = ((signed.person, signed.name),)
        self._work_as(signed.person)

    def _take(self, place: str, store: Store) -> None:
        self.hub.clear_message()
        self.hub.kit.settings.put(_STORE, place)
        self._place, self.hub.store = place, store
        self._people = self.hub.attempt(lambda: colleagues(store)) or ()

    def choose_person(self, person: str) -> None:
        """Work as another person from now on, who does not read what the one before was told."""
        if person != self.hub.person and self.desk.may_leave():
            self.hub.clear_message()
            self._work_as(person)

    def show_page(self, page: Page) -> None:
        """Turn to a page; it fetches what it shows."""
        self.hub.publish(page=page)
        self.refresh()

    def refresh(self) -> None:
        """Fetch what the page shows anew; a server that was away is tried again."""
        self.online.look()
        if self.hub.store is None or not self.hub.person:
            return
        pages: dict[Page, Callable[[], None]] = {
            Page.AGREEMENT: self.agreement.show,
            Page.ADJUDICATION: self.adjudication.refresh,
            Page.CALIBRATION: self.calibration.refresh,
            Page.SAMPLE: self.sample.refresh,
            Page.PROGRESS: self.progress.refresh,
        }
        pages[self.state.page]()

    def set_language(self, lang: Lang) -> None:
        """Speak another language from now on; every page says what it shows again."""
        self.hub.set_language(lang)
        self.viewing.label()
        self._show_store()
        for page in (self.agreement, self.adjudication, self.calibration, self.sample, self.progress):
            page.show()

    def leave(self) -> bool:
        """Whether the panel may go away now; asked where something was decided and not signed."""
        if self.hub.is_committed:
            self.hub.note(Level.WARNING, "quality.signature_on_its_way")
            return False
        if not self.desk.may_leave():
            return False
        self.hub.stop()
        self.desk.clear()
        return True

    def shut_down(self) -> None:
        """The application ends or the module is loaded anew: no question any more."""
        self.hub.stop()
        self.online.forget()
        self.deciding.drop_edit()
        self.desk.clear()
        self.viewing.clear()

    def _lost(self) -> None:
        self.hub.stop()
        if self.desk.case is not None:
            self.desk.case.editing, self.desk.case.tool = None, None
        self.viewing.lost()
        self.adjudication.show()

    def _work_as(self, person: str) -> None:
        self.hub.person = person
        if person:
            self.hub.kit.settings.put(_PERSON, person)
        self.hub.stop()
        for page in (self.agreement, self.adjudication, self.calibration, self.sample, self.progress):
            page.reset()
        self.viewing.clear()
        self._show_store()
        self.refresh()

    def _show_store(self) -> None:
        store = self.hub.store
        enforces = store is None or store.info().enforces
        self.hub.publish(
            store=StoreState(
                place=self._place,
                is_open=store is not None,
                person=self.hub.person,
                people=self._people,
                notice="" if enforces else self.hub.say("store.not_enforced"),
            )
        )
