"""The shortcuts of the annotator: only chords with Ctrl or Alt, none that Slicer's window or segment editor has.

Undo and redo are those that everybody expects: Slicer's own are taken over while our panel is open.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

KEYS: Mapping[str, str] = MappingProxyType(
    {
        "next_step": "Ctrl+PgDown",
        "previous_step": "Ctrl+PgUp",
        "flip_forward": "Alt+X",
        "flip_back": "Alt+Z",
        "preset_window": "Alt+W",
        "prior": "Alt+P",
        "tool_none": "Alt+0",
        "tool_1": "Alt+1",
        "tool_2": "Alt+2",
        "tool_3": "Alt+3",
        "tool_4": "Alt+4",
        "tool_5": "Alt+5",
        "tool_6": "Alt+6",
        "tool_7": "Alt+7",
        "tool_8": "Alt+8",
        "brush_larger": "Ctrl+Up",
        "brush_smaller": "Ctrl+Down",
        "undo": "Ctrl+Z",
        "redo": "Ctrl+Y",
        "fill_between": "Alt+B",
        "review_next": "Alt+N",
        "mark_reviewed": "Alt+M",
        "keep": "Alt+K",
        "next_finding": "Alt+J",
        "next_lesion": "Alt+L",
        "outline": "Alt+O",
        "space": "Alt+D",
        "oblique": "Alt+A",
        "calipers": "Alt+C",
        "next_missing": "Alt+G",
        "report": "Alt+R",
        "save": "Alt+S",
        "submit": "Ctrl+Return",
        "sheet": "Ctrl+/",
    }
)
