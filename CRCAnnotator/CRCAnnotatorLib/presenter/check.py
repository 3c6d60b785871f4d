"""The step "check": is the scan fit? Verdicts with their reasons, the phases to look at, the reader's word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from crc_core.desk.job_forms import ScanChecked
from crc_core.errors import CrcError
from crc_core.reading.schema import ScanRemark
from crc_core.text import Lang
from crc_core.vocabulary import Role, Verdict, worst
from crc_core.workflow.events import Kind
from crc_core.workflow.payloads import ScanOverruled

from CRCAnnotatorLib.presenter.acting import open_store_of, tried
from CRCAnnotatorLib.presenter.check_rows import Item, item_label, item_row, items_of, series_rows
from CRCAnnotatorLib.presenter.checking import Checking
from CRCAnnotatorLib.presenter.hub import Hub
from CRCAnnotatorLib.presenter.open_case import OpenCase
from CRCAnnotatorLib.presenter.running import Running
from CRCAnnotatorLib.presenter.state import CheckState, Level, StepId


class Check:
    """The scan check of the open case; `go_on` leads to the next step once the scan is found fit."""

    def __init__(self, hub: Hub, running: Running, go_on: Callable[[], None]) -> None:
        self._hub, self._go_on = hub, go_on
        self._checking = Checking(hub, running, self._found)
        self._checked: dict[Lang, ScanChecked] = {}
        self._wording: Lang | None = None
        self._asked = False
        self._selected: Role | None = None

    # the life of a case
    def opened(self, case: OpenCase) -> None:
        """A case is open: its items are put into words aside."""
        self._checked, self._selected, self._asked = {}, None, False
        self.refresh()

    def closed(self) -> None:
        """The case is closed."""
        self._checking.stop()
        self._checked, self._wording = {}, None

    def refresh(self) -> None:
        """Show the check as it stands; in another language, its reasons are fetched in that one."""
        case = self._hub.case
        if case is None:
            return
        if self._hub.lang not in self._checked and self._wording is not self._hub.lang:
            self._wording = self._hub.lang
            self._checking.quietly(case)
        self._hub.publish(check=self._state(case))

    @property
    def to_settle(self) -> int:
        """How many items ask for a word of the reader."""
        case = self._hub.case
        return 0 if case is None else sum(item.is_open for item in self._items(case))

    # what the person does
    def select(self, role: Role | None) -> None:
        """Show the items of one series; None for those of the examination as a whole."""
        self._selected = role
        self.refresh()

    def show_phases(self) -> None:
        """The phases side by side."""
        self._hub.views.single(None)
        self.refresh()

    def show_single(self, role: Role) -> None:
        """One series alone, in place."""
        case = self._hub.case
        if case is not None and any(key.role is role and not key.is_prior for key in case.grids):
            self._hub.views.single(role)
            self.refresh()

    def set_linked(self, linked: bool) -> None:
        """Let the views move, zoom and window together, or not."""
        self._hub.views.link(linked)
        self.refresh()

    def accept(self, item: str) -> None:
        """Say why an item that fell short may stand."""
        case, found = self._hub.case, self._item(item)
        if case is None or found is None or case.read_only or not found.checked.overrulable:
            return
        words = self._hub.say("annotator.ask.why", item=item_label(found.checked, self._hub.lang))
        reason = self._hub.kit.ask.text(self._hub.say("annotator.ask.accept"), words)
        if reason is None or not reason.strip():
            return
        if Kind.SCAN_OVERRULED in case.view.may:
            self._overrule(case, item, reason.strip())
        else:
            remarks = tuple(remark for remark in case.work.scan_remarks if remark.item != item)
            case.change(replace(case.work, scan_remarks=(*remarks, ScanRemark(item, reason.strip()))))
        self.refresh()

    def take_back(self, item: str) -> None:
        """Take back what was said to an item."""
        case = self._hub.case
        if case is None or case.read_only:
            return
        remarks = tuple(remark for remark in case.work.scan_remarks if remark.item != item)
        if remarks != case.work.scan_remarks:
            case.change(replace(case.work, scan_remarks=remarks, scan_confirmed=False))
        self.refresh()

    def confirm(self) -> None:
        """The scan is fit: remember it and go on to the contours."""
        case = self._hub.case
        if case is None:
            return
        if not self._can_confirm(case):
            self._hub.note(Level.WARNING, "annotator.check.not_yet")
            return
        if not case.work.scan_confirmed:
            case.change(replace(case.work, scan_confirmed=True))
        self.refresh()
        self._go_on()

    def check_again(self) -> None:
        """Run the check anew on the images as they are."""
        case = self._hub.case
        if case is not None:
            self._wording, self._asked = self._hub.lang, True
            self._checking.openly(case)

    # the state
    def _found(self, lang: Lang, checked: ScanChecked) -> None:
        self._checked[lang] = checked
        self.refresh()

    def _items(self, case: OpenCase) -> tuple[Item, ...]:
        return items_of(case, self._checked.get(self._hub.lang), with_new=self._asked)

    def _item(self, name: str) -> Item | None:
        case = self._hub.case
        items = () if case is None else self._items(case)
        return next((item for item in items if item.checked.id == name), None)

    def _can_confirm(self, case: OpenCase) -> bool:
        failing = any(item.is_open and item.checked.verdict is Verdict.FAIL for item in self._items(case))
        return not failing and not case.read_only

    def _state(self, case: OpenCase) -> CheckState:
        lang, items = self._hub.lang, self._items(case)
        verdict = worst([item.checked.verdict for item in items])
        views = self._hub.views
        return CheckState(
            series=series_rows(case, items, self._checked.get(lang), lang),
            items=tuple(
                item_row(item, lang, read_only=case.read_only) for item in items if item.checked.role is self._selected
            ),
            selected=self._selected,
            verdict=verdict,
            verdict_words=self._hub.say(f"scan.verdict.{verdict.value}"),
            open_items=sum(item.is_open for item in items),
            confirmed=case.work.scan_confirmed,
            can_confirm=self._can_confirm(case),
            phases=case.phases,
            flipped=views.flipped if self._hub.state.step is StepId.CHECK else None,
            linked=views.linked,
        )

    def _overrule(self, case: OpenCase, item: str, reason: str) -> None:
        if not tried(self._hub, Kind.SCAN_OVERRULED, str(case.unit), ScanOverruled((item,), reason)):
            return
        try:
            case.view = open_store_of(self._hub).unit(case.unit, self._hub.reader)
        except CrcError as error:
            self._hub.tell(error)
