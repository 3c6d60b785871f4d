"""Which keys Slicer's window and its segment editor have already: a second owner of a key makes it dead for both."""

from __future__ import annotations

from collections.abc import Iterable

SEGMENT_EDITOR_KEYS = frozenset(
    [
        *(str(number) for number in range(10)),
        *(f"Shift+{number}" for number in range(10)),
        *("Esc", "Space", "Z", "Y", "Q", "W", "/", "*", ",", ".", ">", "<", "I"),
    ]
)
"""What Slicer's segment editor claims on the main window (qMRMLSegmentEditorWidget::installKeyboardShortcuts)."""

SLICER_KEYS = frozenset(
    {
        *(f"Ctrl+{key}" for key in "0123456OSWXCVHFGQ`"),
        *(f"Ctrl+Shift+{key}" for key in ("A", "T", "Space", "Down", "Left", "Right")),
        *(f"{chord}+{key}" for chord in ("Alt", "Ctrl") for key in ("Left", "Right")),
        *(f"Alt+{letter}" for letter in "FEVH"),
        "F1",
    }
)
"""What Slicer's main window claims, the letters of its menus included."""

SAME_MEANING = frozenset({"Ctrl+Z", "Ctrl+Y"})
"""Undo and redo: Slicer's window and segment editor have them too, for the same; they are taken over and given back."""


def clashes(keys: Iterable[str], others: Iterable[str] = ()) -> list[str]:
    """Which keys somebody else has: Slicer, its segment editor, or `others`."""
    taken = {_plain(other) for other in (*SEGMENT_EDITOR_KEYS, *SLICER_KEYS, *others)}
    return [key for key in keys if _plain(key) in taken]


def _plain(keys: str) -> str:
    return keys.replace(" ", "").lower()
