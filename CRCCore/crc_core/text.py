"""Every word a person reads comes from here, in Chinese and in English, looked up by code.

The catalogue is `data/text/<language>/<area>.json`, one flat object of code to sentence per area; a test keeps
the codes and the `{places}` of both languages equal.
"""

from __future__ import annotations

import json
import locale
import os
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib import resources
from types import MappingProxyType


class Lang(StrEnum):
    """A language of the interface."""

    ZH = "zh"
    EN = "en"


@cache
def catalogue(lang: Lang) -> Mapping[str, str]:
    """All sentences of one language by code; raises ValueError where two areas define the same code."""
    sentences: dict[str, str] = {}
    folder = resources.files("crc_core") / "data" / "text" / lang.value
    for area in sorted(folder.iterdir(), key=lambda item: item.name):
        if not area.name.endswith(".json"):
            continue
        for code, sentence in json.loads(area.read_text(encoding="utf-8")).items():
            if code in sentences:
                raise ValueError(f"{area.name}: the code {code} is defined twice")
            sentences[code] = sentence
    return MappingProxyType(sentences)


def say(code: str, lang: Lang, /, **values: object) -> str:
    """The sentence for `code` in `lang` with its places filled; raises KeyError for an unknown code."""
    return catalogue(lang)[code].format(**values)


def system_language() -> Lang:
    """The language of the person's system: `CRC_LANG`, then the locale; English where neither speaks of Chinese."""
    wish = (
        os.environ.get("CRC_LANG")
        or os.environ.get("LC_ALL")
        or os.environ.get("LC_MESSAGES")
        or os.environ.get("LANG")
    )
    if not wish:
        wish = locale.getlocale()[0] or ""
    return Lang.ZH if wish.lower().startswith(("zh", "chinese")) else Lang.EN
