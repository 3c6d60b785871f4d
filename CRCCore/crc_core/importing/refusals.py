"""What keeps an imported unit out of reading, in the words of its scan check."""

from __future__ import annotations

from collections.abc import Mapping

from crc_core.importing.admission import ImportResult
from crc_core.text import Lang


def refused_sentences(result: ImportResult, lang: Lang) -> Mapping[str, str]:
    """The sentence of each item that fails and that nobody overruled, by the name the store knows it under."""
    check = result.examination.check
    sentences = {item.id: item.message(lang) for item in check.items}
    for role in result.examination.chosen:
        found = check.chosen(role)
        for item in () if found is None else found.items:
            sentences.setdefault(f"{role.value}.{item.id}", item.message(lang))
    return {name: sentences[name] for name in result.refused_items}
