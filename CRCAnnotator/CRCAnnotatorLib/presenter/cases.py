"""Step 1: which store, which reader, which case; and new cases from DICOM or from the synthetic study."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from crc_core.desk.job_forms import SampleMade
from crc_core.desk.keeping import Slot, slot_of
from crc_core.desk.recovery import Kept
from crc_core.errors import CrcError
from crc_core.importing.delineation import protocol_in_force
from crc_core.store.protocol import Store
from crc_core.store.remote.outbox import SendState
from crc_core.vocabulary import Title

from CRCAnnotatorLib.presenter.acting import open_store_of
from CRCAnnotatorLib.presenter.bringing import Bringing
from CRCAnnotatorLib.presenter.case_rows import Listing, case_list, next_to_read
from CRCAnnotatorLib.presenter.desk import Desk
from CRCAnnotatorLib.presenter.hub import Hub
from CRCAnnotatorLib.presenter.keeping import Keeping
from CRCAnnotatorLib.presenter.online import Online
from CRCAnnotatorLib.presenter.people import Colleague, colleagues, oneself
from CRCAnnotatorLib.presenter.ports import Choice
from CRCAnnotatorLib.presenter.posting import Posting
from CRCAnnotatorLib.presenter.running import Running
from CRCAnnotatorLib.presenter.state import CaseFilter, Level, StoreState
from CRCAnnotatorLib.presenter.watch import Watch

_STORE, _READER = "store", "reader"
"""What is remembered on this machine."""


class Cases:
    """The store, the reader and the work list."""

    def __init__(
        self, hub: Hub, running: Running, keeping: Keeping, desk: Desk, online: Online, posting: Posting
    ) -> None:
        self._hub, self._keeping, self._desk = hub, keeping, desk
        self._online, self._posting = online, posting
        online.entered, online.left, online.back = self._entered, self._left, self.refresh
        online.leave_first = desk.leave
        self._watch = Watch(hub, desk)
        self._watch.is_posted = lambda case: self._is_posted(slot_of(case.work))
        desk.starting.is_posted = self._is_posted
        self._bringing = Bringing(hub, running)
        self._bringing.made, self._bringing.taken_in = self._made, self._taken_in
        self._place, self._notice_code = "", ""
        self.reader_chosen: Callable[[], None] = lambda: None
        self._people: tuple[Colleague, ...] = ()
        self._listing = Listing()
        desk.listed = self.list_again

    # store and reader
    def start(self) -> None:
        """Open what was chosen before on this machine."""
        place = self._hub.kit.settings.get(_STORE)
        if place:
            self._place = place
            self._open_store(place)
        self.refresh_words()

    def choose_store(self) -> None:
        """Choose where the cases come from: a folder or a server."""
        title, words = self._hub.say("annotator.ask.store"), self._hub.say("online.ask.which")
        choices = [Choice(code, self._hub.say(f"online.answer.{code}")) for code in ("server", "folder", "cancel")]
        kind = self._hub.kit.ask.choose(title, words, choices)
        if kind == "server":
            self._online.choose()
        elif kind == "folder":
            self._choose_folder()

    def _choose_folder(self) -> None:
        preset = Path(self._place) if self._place and not _is_server(self._place) else None
        folder = self._hub.kit.ask.folder(self._hub.say("annotator.ask.store"), preset)
        if folder is not None:
            self.open_store(str(folder))

    def open_store(self, place: str) -> None:
        """Work with another store from now on; one that cannot be opened changes nothing."""

        def then() -> None:
            self._open_store(place)

        self._desk.leave(then)

    def choose_reader(self, person: str) -> None:
        """Work as another person from now on."""
        if person != self._hub.reader:
            self._desk.leave(lambda: self._read_as(person))

    def _open_store(self, place: str, *, offers: bool = True) -> bool:
        if _is_server(place):
            self._place, self._hub.store, self._people = place, None, ()
            self._online.remember(place)
            return False
        try:
            store = self._hub.kit.open_store(place)
            info, people = store.info(), colleagues(store)
        except CrcError as error:
            self._hub.tell(error)
            self.refresh_words()
            return False
        self._online.forget()
        self._hub.kit.settings.put(_STORE, place)
        self._hub.store, self._place, self._people = store, place, people
        self._notice_code = "" if info.enforces else "store.not_enforced"
        self._listing = replace(self._listing, items=(), kept={}, selected="", search="")
        self._read_as(self._remembered(store), offers=offers)
        return True

    def _entered(self, person: Colleague) -> None:
        """Somebody signed in to a server: work there from now on."""
        session = self._hub.session
        if session is None:
            return
        self._hub.kit.settings.put(_STORE, session.url)
        self._place, self._people, self._notice_code = session.url, (person,), ""
        self._listing = replace(self._listing, items=(), kept={}, selected="", search="")
        self._read_as(person.id)

    def _left(self) -> None:
        """Nobody is signed in any more: nothing of theirs is shown."""
        self._people, self._hub.reader, self._hub.title = (), "", Title.NONE
        self._listing = replace(self._listing, items=(), kept={}, selected="", search="")
        self.refresh_words()

    def _remembered(self, store: Store) -> str:
        """The reader chosen before, where they are still known; the only one there is; else nobody."""
        known = {person.id for person in self._people}
        wish = self._hub.kit.settings.get(_READER) or ""
        if not known:
            return oneself(store) or wish
        if wish in known:
            return wish
        if wish:
            self._hub.note(Level.WARNING, "annotator.unknown_reader", person=wish)
        readers = [person.id for person in self._people if person.reads]
        return readers[0] if len(readers) == 1 else ""

    def _read_as(self, person: str, *, offers: bool = True) -> None:
        """Read as a person; with `offers`, work over which a program ended is offered back."""
        colleague = self._colleague(person)
        if self._people and colleague is None and person:
            self._hub.note(Level.WARNING, "annotator.unknown_reader", person=person)
            person = ""
        self._hub.reader = person
        self._hub.title = Title.NONE if colleague is None else colleague.title
        if person:
            self._hub.kit.settings.put(_READER, person)
        self._listing = replace(self._listing, items=(), kept={}, selected="")
        self._look_at_protocol()
        self.list_again()
        if person and offers:
            self.reader_chosen()

    def _colleague(self, person: str) -> Colleague | None:
        return next((item for item in self._people if item.id == person), None)

    # the work list
    def refresh(self) -> None:
        """Look at the store anew: the list, and whether the open case still is what it was."""
        if self._hub.store is None:
            if self._place and not _is_server(self._place):
                self._open_store(self._place)
            return
        self._look_at_protocol()
        self.list_again()
        self._watch.look()

    def _look_at_protocol(self) -> None:
        """Which delineation protocol the store has in force; one that cannot be read is told."""
        self._hub.protocol = None
        if self._hub.store is None or not self._hub.reader:
            return
        try:
            view = self._hub.store.overview(self._hub.reader)
            protocol_in_force(view)
        except CrcError as error:
            self._hub.tell_looking(error)
            return
        self._hub.protocol = None if view.protocol is None else view.protocol.document

    def list_again(self) -> None:
        """Fetch the list; where that is impossible the lines stay as they were."""
        if self._hub.store is not None and self._hub.reader:
            try:
                items = self._hub.store.work_list(self._hub.reader)
                self._listing = replace(self._listing, items=items, kept=self._kept(self._hub.store))
            except CrcError as error:
                self._hub.tell_looking(error)
        self.refresh_words()

    def search(self, words: str) -> None:
        """Show only lines with these words."""
        self._look(replace(self._listing, search=words))

    def set_filter(self, filter: CaseFilter) -> None:  # noqa: A002
        """Show another part of the list."""
        self._look(replace(self._listing, filter=filter))

    def select(self, unit: str) -> None:
        """Choose a line."""
        self._look(replace(self._listing, selected=unit))

    def open_selected(self) -> None:
        """Open the chosen line."""
        selected = self._hub.state.cases.selected
        if selected:
            self.open_unit(selected)

    def open_unit(self, unit: str) -> None:
        """Open a case."""
        self.select(unit)
        self._desk.open(unit)

    def open_next(self) -> None:
        """Open the next case that waits: the one after the open one, else the first."""
        unit = self.next_after(self._open_unit)
        if unit:
            self.open_unit(unit)
        else:
            self._hub.note(Level.INFO, "annotator.no_next")

    def next_after(self, unit: str) -> str:
        """The case to read after another; empty for none."""
        return next_to_read(self._listing.items, unit, self._posting.units)

    def killed(self) -> Kept | None:
        """The newest work over which a program ended, in this store and of this reader."""
        found = (item for item in self._keeping.recovery.list_kept() if self._is_own(item.slot, item.slot.unit))
        return next((item for item in found if self._keeping.was_killed(item.label)), None)

    def close_case(self) -> None:
        """Back to the list, asking where something is not saved."""
        self._desk.leave(lambda: None)

    def discard_kept(self, unit: str) -> None:
        """Throw away what is kept of a case on this machine, after asking."""
        if unit == self._open_unit:
            self._hub.note(Level.INFO, "annotator.kept_is_open")
            return
        found = [item for item in self._keeping.recovery.list_kept() if self._is_own(item.slot, unit)]
        choices = [Choice(code, self._hub.say(f"annotator.answer.{code}")) for code in ("drop_kept", "cancel")]
        words = self._hub.say("annotator.ask.discard_kept", unit=unit)
        if not found or self._hub.kit.ask.choose(self._hub.say("annotator.ask.kept"), words, choices) != "drop_kept":
            return
        try:
            for item in found:
                self._keeping.recovery.open_slot(item.slot).close()
                self._keeping.recovery.discard(item.label)
        except CrcError as error:
            self._hub.tell(error)
        self.list_again()

    # new cases
    def make_sample_case(self) -> None:
        """Make the synthetic study, with a store and a reader of its own, and open it."""
        self._desk.leave(self._bringing.sample)

    def import_folder(self) -> None:
        """Take a study in from a folder of DICOM files."""
        folder = self._hub.kit.ask.folder(self._hub.say("annotator.ask.study"))
        if folder is not None:
            self._bring(folder)

    def import_from_database(self) -> None:
        """Take a study in from Slicer's DICOM database."""
        folder = self._hub.kit.ask.database_study()
        if folder is not None:
            self._bring(folder)

    # the state
    def refresh_words(self) -> None:
        """Show store and list as they are known."""
        lang, colleague = self._hub.lang, self._colleague(self._hub.reader)
        is_open, is_server = self._hub.store is not None, _is_server(self._place)
        state = StoreState(
            place=self._place,
            is_open=is_open,
            reader=self._hub.reader,
            people=tuple(person.row(lang) for person in self._people),
            notice=self._hub.say(self._notice_code) if is_open and self._notice_code else "",
            may_import=is_open and not is_server and colleague is not None and colleague.imports,
            is_server=is_server,
        )
        with self._hub.hold():
            self._hub.publish(store=state)
            self._look(self._listing)

    def _look(self, listing: Listing) -> None:
        self._listing = replace(
            listing,
            is_store_open=self._hub.store is not None,
            has_reader=bool(self._hub.reader),
            waiting=self._posting.units,
        )
        now = self._hub.kit.clock.now()
        self._hub.publish(cases=case_list(self._listing, self._open_unit, now, self._hub.lang))

    def _is_posted(self, slot: Slot) -> bool:
        """Whether a reading of the slot waits in the outbox: until it is taken back, it is only looked at."""
        item = self._posting.of_slot(slot.unit, slot.reader, slot.round)
        return item is not None and item.state is SendState.WAITING

    @property
    def _open_unit(self) -> str:
        return "" if self._hub.case is None else str(self._hub.case.unit)

    def _kept(self, store: Store) -> Mapping[str, datetime | None]:
        """When work was kept last, by unit; None for damaged work. The open case is safe and not spoken of."""
        own = [item for item in self._keeping.recovery.list_kept() if item.slot.store == store.info().id]
        newest: dict[str, datetime | None] = {}
        for item in own:
            if item.slot.reader == self._hub.reader and item.slot.unit != self._open_unit:
                newest.setdefault(item.slot.unit, item.saved_at)
        return newest

    def _is_own(self, slot: Slot, unit: str) -> bool:
        is_here = slot.store == open_store_of(self._hub).info().id
        return is_here and (slot.unit, slot.reader) == (unit, self._hub.reader)

    def _bring(self, folder: Path) -> None:
        readers = [person for person in self._people if person.reads]
        self._bringing.study(folder, self._colleague(self._hub.reader), readers)

    def _made(self, made: SampleMade) -> None:
        """The sample case is there, in its own store: work there from now on, and open it."""
        self._hub.kit.settings.put(_READER, made.reader)
        if self._open_store(made.store, offers=False):
            self.open_unit(made.unit)

    def _taken_in(self, unit: str) -> None:
        self.list_again()
        self.select(unit)


def _is_server(place: str) -> bool:
    """Whether a place is the address of a server."""
    return "://" in place
