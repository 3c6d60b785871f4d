"""A senior's hand for quality control in a real Slicer: presses its controls, signs, draws."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import qt
import slicer
import slicer_support as hand


class Senior(hand.PanelHand):
    """The panel as a person meets it; `state` is what it shows."""

    def __init__(self) -> None:
        slicer.util.selectModule("CRCQualityControl")
        self.module = slicer.modules.crcqualitycontrol.widgetRepresentation().self()
        hand.wait_until(lambda: self.module.session is not None, "the panel is built")
        hand.settle(0.3)

    @property
    def session(self) -> Any:
        """Presenter, scene and view of the panel."""
        return self.module.session

    @property
    def quality(self) -> Any:
        """The presenter."""
        return self.session.quality

    @property
    def state(self) -> Any:
        """What the panel shows."""
        return self.quality.state

    @property
    def case(self) -> Any:
        """The case on the desk, as it is shown."""
        return self.state.adjudication.case

    def work_as(self, person: str) -> None:
        """Choose a person in the head, as with the mouse."""
        people = [who for who, _ in self.state.store.people]
        combo = self.control("head.person")
        index = people.index(person) + (0 if self.state.store.person else 1)
        combo.setCurrentIndex(index)
        combo.activated(index)
        hand.settle()
        assert self.state.store.person == person, self.state.message
        self.wait(lambda: self.state.busy is None, "the queue is fetched")

    def open_case(self, row: int = 0) -> str:
        """Choose a row of the queue and open it; its unit."""
        unit = self.state.adjudication.queue[row].unit
        self.control("adjudication.queue").selectRow(row)
        self.press("adjudication.open")
        self.wait(
            lambda: self.case is not None and self.case.unit == unit and self.state.busy is None, "the case opens"
        )
        hand.settle(0.3)
        return unit

    def words(self) -> str:
        """Everything that can be read in the panel and the reports, tool tips included."""
        said = []
        for root in (self.root, self.session.window.reports.widget):
            for kind in ("QLabel", "QAbstractButton"):
                for widget in root.findChildren(kind):
                    said += [widget.text if isinstance(widget.text, str) else "", widget.toolTip]
        return "\n".join(said)


@contextmanager
def signing(pin: str) -> Iterator[list[str]]:
    """Sign in the dialog that comes up: type the PIN and press; what the dialog said is given."""
    said: list[str] = []
    timer = qt.QTimer()
    timer.setInterval(50)

    def look() -> None:
        dialog = slicer.app.activeModalWidget()
        if dialog is None or said or dialog.objectName != "crc.sign":
            return
        said.append(dialog.findChild("QObject", "crc.sign.words").text)
        dialog.findChild("QObject", "crc.sign.secret").setText(pin)
        dialog.findChild("QObject", "crc.sign.sign").click()

    timer.connect("timeout()", look)
    timer.start()
    try:
        yield said
        hand.wait_until(lambda: bool(said), "the dialog that asks for the signature")
    finally:
        timer.stop()
