"""What the parts of the presenter share: kit, language, store, the open case, and the state they publish."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from crc_core.errors import CrcError
from crc_core.store.protocol import Store
from crc_core.text import Lang, say
from crc_core.vocabulary import Title

from CRCAnnotatorLib.presenter.open_case import OpenCase
from CRCAnnotatorLib.presenter.ports import Kit
from CRCAnnotatorLib.presenter.state import Level, Message, State
from CRCAnnotatorLib.presenter.views import Views

if TYPE_CHECKING:
    from crc_core.store.remote.outbox import Outbox
    from crc_core.store.remote.session import ServerSession

Render = Callable[[State], None]


class Hub:
    """The one owner of the state; parts publish into it, the view is told once per change.

    `session` and `outbox` are there while `store` is a server's; `protocol` is the text of the delineation protocol
    that the store has published, None where it goes by the one this program comes with.
    """

    def __init__(self, kit: Kit, lang: Lang) -> None:
        self.kit = kit
        self.store: Store | None = None
        self.session: ServerSession | None = None
        self.outbox: Outbox | None = None
        self.protocol: str | None = None
        self.reader = ""
        self.title = Title.NONE
        self.case: OpenCase | None = None
        self.views = Views(self)
        self._state = State(lang)
        self._render: Render | None = None
        self._messages = 0
        self._wording: Callable[[Lang], str] | None = None
        self._held = 0
        self._pending = False

    @property
    def state(self) -> State:
        """What the panel shows now."""
        return self._state

    @property
    def lang(self) -> Lang:
        """The person's language."""
        return self._state.lang

    def say(self, code: str, /, **values: object) -> str:
        """A sentence of the catalogue in the person's language."""
        return say(code, self.lang, **values)

    def on_render(self, render: Render | None) -> None:
        """Who draws the state; told at once."""
        self._render = render
        self._tell()

    def publish(self, **parts: Any) -> None:
        """Replace parts of the state; nothing is told where they are equal to what is shown."""
        fresh = {name: value for name, value in parts.items() if value != getattr(self._state, name)}
        if fresh:
            self._state = replace(self._state, **fresh)
            self._tell()

    def hold(self) -> Hold:
        """A context in which several parts publish and the view is told once at its end."""
        return Hold(self)

    def message(self, level: Level, words: str) -> None:
        """Show one sentence; one that is to change with the language is told by `note` or `tell`."""
        self.speak(level, lambda lang: words)

    def note(self, level: Level, code: str, /, **values: object) -> None:
        """Show one sentence of the catalogue."""
        self.speak(level, lambda lang: say(code, lang, **values))

    def tell(self, error: CrcError) -> None:
        """Show what went wrong and what to do."""
        self.speak(Level.ERROR, error.sentence)

    def clear_message(self) -> None:
        """Put the sentence away."""
        self._wording = None
        self.publish(message=None)

    def set_language(self, lang: Lang) -> None:
        """Speak another language from now on; the sentence that is shown is said again in it."""
        shown = self._state.message
        if shown is not None and self._wording is not None:
            shown = replace(shown, words=self._wording(lang))
        self.publish(lang=lang, message=shown)

    def speak(self, level: Level, wording: Callable[[Lang], str]) -> None:
        """Show what `wording` says in the person's language."""
        self._messages += 1
        self._wording = wording
        self.publish(message=Message(self._messages, level, wording(self.lang)))

    def _tell(self) -> None:
        if self._held:
            self._pending = True
        elif self._render is not None:
            self._render(self._state)

    def _release(self) -> None:
        self._held -= 1
        if not self._held and self._pending:
            self._pending = False
            self._tell()


class Hold:
    """Keeps the view from being told until its block ends."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def __enter__(self) -> None:
        self._hub._held += 1

    def __exit__(self, *_: object) -> None:
        self._hub._release()
