"""The shortcuts of quality control: only chords with Ctrl or Alt, none that Slicer's window or segment editor has.

What both modules do has the same key in both. Undo and redo are those that everybody expects: Slicer's own are taken
over while our panel is open.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

KEYS: Mapping[str, str] = MappingProxyType(
    {
        "next_page": "Ctrl+PgDown",
        "previous_page": "Ctrl+PgUp",
        "refresh": "Ctrl+R",
        "sheet": "Ctrl+/",
    }
)
