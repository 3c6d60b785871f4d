"""What every part of the panel is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crc_widgets.icons import Icons
from crc_widgets.words import Words

if TYPE_CHECKING:
    from CRCAnnotatorLib.presenter.annotator import Annotator


@dataclass(frozen=True)
class ViewKit:
    """Whom to tell, and with which words and icons to show."""

    annotator: Annotator
    words: Words
    icons: Icons
