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
    """Who signs, with the title the store knows; `enforced` where the store itself checks title and independence."""

    name: str = ""
    title: Title = Title.NONE
    enforced: bool = True

    def words(self, lang: Lang) -> str:
        """As whom one signs, in a sentence."""
        if not self.name:
            return ""
        title = say(f"store.title.{self.title.name.lower()}", lang)
        code = "quality.signer" if self.enforced else "quality.signer_trusted"
        return say(code, lang, name=self.name, title=title)


def signer_of(store: Store, person: str) -> Signer:
    """The signer; raises CrcError for somebody the store does not know."""
    name = dict(colleagues(store)).get(person, person)
    return Signer(name, Title(title_of(store, person)), store.info().enforces)
