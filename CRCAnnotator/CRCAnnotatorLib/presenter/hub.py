"""What the parts of the presenter share: kit, language, store, the open case, and the state they publish."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crc_core.errors import CrcError
from crc_core.panel.board import Board
from crc_core.store.protocol import Store
from crc_core.store.remote.standing import LineState
from crc_core.text import Lang
from crc_core.vocabulary import Title

from CRCAnnotatorLib.presenter.open_case import OpenCase
from CRCAnnotatorLib.presenter.ports import Kit
from CRCAnnotatorLib.presenter.state import State
from CRCAnnotatorLib.presenter.views import Views

if TYPE_CHECKING:
    from crc_core.store.remote.outbox import Outbox
    from crc_core.store.remote.session import ServerSession


class Hub(Board[State]):
    """The one owner of the state; parts publish into it, the view is told once per change.

    `session` and `outbox` are there while `store` is a server's; `protocol` is the text of the delineation protocol
    that the store has published, None where it goes by the one this program comes with.
    """

    def __init__(self, kit: Kit, lang: Lang) -> None:
        super().__init__(State(lang))
        self.kit = kit
        self.store: Store | None = None
        self.session: ServerSession | None = None
        self.outbox: Outbox | None = None
        self.protocol: str | None = None
        self.reader = ""
        self.title = Title.NONE
        self.case: OpenCase | None = None
        self.views = Views(self)

    def tell_looking(self, error: CrcError) -> None:
        """Show what went wrong while the store was looked at anew; that a server is away the head says already."""
        if self.session is None or self.session.state is LineState.CONNECTED:
            self.tell(error)
