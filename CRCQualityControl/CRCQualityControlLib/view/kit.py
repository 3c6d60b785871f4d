"""What every page of the panel is given, and what it must offer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import qt
from crc_widgets.icons import Icons
from crc_widgets.words import Words

if TYPE_CHECKING:
    from CRCQualityControlLib.presenter.quality import QualityControl
    from CRCQualityControlLib.presenter.state import State


@dataclass(frozen=True)
class ViewKit:
    """With which words and icons to show; `editor` is the widget with the options of Slicer's effects."""

    words: Words
    icons: Icons
    editor: qt.QWidget | None = None


class PageView(Protocol):
    """One page: made as `XPage(parent, quality, kit)`; its controls are called `crc.<page>.<control>`."""

    widget: qt.QWidget

    width_px: int
    """What the panel takes while the page is shown: 480 beside images, more where tables are read."""

    def render(self, state: State) -> bool:
        """Draw a state, in the language it says; whether rows or buttons came or went.

        Parts that are the same objects as in the state before are left alone.
        """


class MakesPage(Protocol):
    """The class of a page."""

    def __call__(self, parent: qt.QWidget, quality: QualityControl, kit: ViewKit) -> PageView: ...
