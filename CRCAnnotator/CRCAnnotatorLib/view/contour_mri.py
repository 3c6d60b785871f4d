"""The MRI beside the CT: sync points, and the registration that a person looks at before it is used."""

from __future__ import annotations

import qt
from crc_core.text import Lang, say
from crc_widgets.flow import Flow
from crc_widgets.fold import Fold
from crc_widgets.look import Weight, button, label

from CRCAnnotatorLib.presenter.state import MriState
from CRCAnnotatorLib.view.kit import ViewKit


class Mri:
    """Draws `state.contour.mri`; away where there is no MRI."""

    def __init__(self, parent: qt.QWidget, kit: ViewKit) -> None:
        self._kit, self._contour = kit, kit.annotator.contour
        self._fold = Fold(parent, "crc.contour.mri", kit.icons)
        kit.words.text(self._fold.heading, "annotator.view.contour.mri")
        self.widget = self._fold.widget
        self._series = label(self.widget, Weight.QUIET, name="crc.contour.mri_series")
        self._fold.beside.insertWidget(1, self._series, 100)
        self._words = label(self.widget, name="crc.contour.mri_words")
        self._fold.layout.addWidget(self._words)
        flow = self._flow = Flow(self.widget)
        contour, icons = self._contour, kit.icons
        self._add = button(flow, "crc.contour.add_sync", contour.add_sync_pair, icons.icon("plus"))
        self._remove = button(flow, "crc.contour.remove_sync", contour.remove_sync_pair, icons.icon("minus"))
        self._register = button(flow, "crc.contour.register", contour.register_mri, icons.icon("link"))
        self._stop = button(flow, "crc.contour.stop_registration", contour.cancel_registration, icons.icon("close"))
        self._moved = button(flow, "crc.contour.moved", self._show_moved, icons.icon("eye"))
        self._moved.setCheckable(True)
        self._accept = button(flow, "crc.contour.accept_registration", self._accepted, icons.icon("done"))
        self._reject = button(flow, "crc.contour.reject_registration", self._rejected, icons.icon("close"))
        for made, code in (
            (self._remove, "remove_sync"),
            (self._register, "register"),
            (self._stop, "stop_registration"),
            (self._accept, "accept_registration"),
            (self._reject, "reject_registration"),
        ):
            kit.words.text(made, f"annotator.view.contour.{code}")
            kit.words.tip(made, f"annotator.view.contour.{code}_tip")
        kit.words.tip(self._add, "annotator.view.contour.add_sync_tip")
        kit.words.tip(self._moved, "annotator.view.contour.moved_tip")
        for made in (self._add, self._remove, self._register, self._stop, self._moved, self._accept, self._reject):
            flow.add(made)
        self._fold.layout.addWidget(flow)

    def draw(self, mri: MriState | None, lang: Lang) -> None:
        """Show how the MRI stands, or nothing."""
        self.widget.setVisible(mri is not None)
        if mri is None:
            return
        self._series.setText(mri.series)
        self._words.setText(mri.words)
        self._words.setVisible(bool(mri.words))
        self._add.setText(say("annotator.view.contour.add_sync", lang, count=mri.sync_pairs))
        self._remove.setEnabled(mri.sync_pairs > 0)
        self._register.setVisible(mri.can_register and not mri.registering)
        self._stop.setVisible(mri.registering)
        self._moved.setVisible(mri.registered)
        self._moved.setChecked(mri.shown_moved)
        code = "moved" if mri.shown_moved else "not_moved"
        self._moved.setText(say(f"annotator.view.contour.{code}", lang))
        self._accept.setVisible(mri.registered and not mri.accepted)
        self._reject.setVisible(mri.registered)
        self._flow.place()

    def _show_moved(self) -> None:
        self._contour.show_moved(self._moved.checked)

    def _accepted(self) -> None:
        self._contour.accept_registration(True)

    def _rejected(self) -> None:
        self._contour.accept_registration(False)
