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
        "next_case": "Alt+G",
        "sign": "Ctrl+Return",
        "sheet": "Ctrl+/",
        "next_region": "Alt+N",
        "previous_region": "Alt+Shift+N",
        "flip_forward": "Alt+X",
        "flip_back": "Alt+Z",
        "views": "Alt+C",
        "preset_window": "Alt+W",
        "outline": "Alt+O",
        "result": "Alt+T",
        "next_lesion": "Alt+L",
        "take_a": "Alt+A",
        "take_b": "Alt+B",
        "take_union": "Alt+U",
        "take_intersection": "Alt+I",
        "take_edited": "Alt+D",
        "take_dropped": "Alt+Delete",
        "reopen": "Alt+Backspace",
        "reason": "Alt+R",
        "accept": "Alt+Y",
        "reports": "Alt+J",
        "next_question": "Alt+M",
        "tool_none": "Alt+0",
        "tool_1": "Alt+1",
        "tool_2": "Alt+2",
        "tool_3": "Alt+3",
        "tool_4": "Alt+4",
        "tool_5": "Alt+5",
        "tool_6": "Alt+6",
        "tool_7": "Alt+7",
        "brush_larger": "Ctrl+Up",
        "brush_smaller": "Ctrl+Down",
        "undo": "Ctrl+Z",
        "redo": "Ctrl+Y",
        "keep_edit": "Alt+K",
        "drop_edit": "Alt+Q",
    }
)
