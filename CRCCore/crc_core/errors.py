"""The one exception a user may see: a code that `say` words, the file it is about, and what to do."""

from __future__ import annotations

from pathlib import Path

from crc_core.text import Lang, say


class CrcError(Exception):
    """Bad input or an impossible request, told in one sentence: what, which file, what to do.

    The catalogue holds the sentence under `code` and the remedy under `<code>.remedy`; `values` fill both.
    On the command line it becomes exit 2, on the server a problem document, in a panel a message.
    """

    def __init__(self, code: str, /, *, path: Path | str | None = None, **values: object) -> None:
        super().__init__(code)
        self.code = code
        self.path = None if path is None else Path(path)
        self.values = values

    def sentence(self, lang: Lang) -> str:
        """The whole message in `lang`: what is wrong, the file if there is one, and the remedy."""
        what = say(self.code, lang, **self.values)
        remedy = say(f"{self.code}.remedy", lang, **self.values)
        parts = [what, remedy] if self.path is None else [f"{self.path}: {what}", remedy]
        return ("" if lang is Lang.ZH else " ").join(parts)

    def __str__(self) -> str:
        return self.sentence(Lang.EN)
