"""One thing that is wrong with a report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from crc_core.report.template import Words
from crc_core.text import Lang, say

Worded = str | Words


@dataclass(frozen=True)
class Problem:
    """Where (the path of a field, `targets.<target>` or `lesions.<target>[n]`), what, and whether it blocks."""

    field_path: str
    code: str
    values: Mapping[str, Worded]
    blocks: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", MappingProxyType(dict(self.values)))

    def sentence(self, lang: Lang) -> str:
        """The problem in words."""
        worded = {name: value.say(lang) if isinstance(value, Words) else value for name, value in self.values.items()}
        return say(self.code, lang, **worded)
