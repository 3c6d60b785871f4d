"""As whom a senior signs: name, title, and that they read none of it."""

from __future__ import annotations

from dataclasses import dataclass

from crc_core.quality.case import title_of
from crc_core.store.protocol import Store
from crc_core.text import Lang, say
from crc_core.vocabulary import Title

from CRCQualityControlLib.presenter.people import colleagues


@dataclass(frozen=True)
class Signer:
    """Who signs, with the title the store knows; the store lets nobody settle what they read."""

    name: str = ""
    title: Title = Title.NONE

    def words(self, lang: Lang) -> str:
        """As whom one signs, in a sentence."""
        if not self.name:
            return ""
        title = say(f"store.title.{self.title.name.lower()}", lang)
        return say("quality.signer", lang, name=self.name, title=title)


def signer_of(store: Store, person: str) -> Signer:
    """The signer; raises CrcError for somebody the store does not know."""
    name = dict(colleagues(store)).get(person, person)
    return Signer(name, Title(title_of(store, person)))
