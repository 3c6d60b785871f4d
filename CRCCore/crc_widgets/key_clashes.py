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
"""What Slicer's segment editor claims on the main window (qMRMLSegmentEditorWidget::installKeyboardShortcuts).

Its Ctrl+Z and Ctrl+Y mean what ours mean, and it has them only while its own module is open.
"""

SLICER_KEYS = frozenset(
    {f"Ctrl+{key}" for key in "0123456OSWXCVHF`"} | {"Alt+F", "Alt+E", "Alt+V", "Alt+H", "F1", "Ctrl+Q"}
)
"""What Slicer's main window claims, the letters of its menus included."""


def clashes(keys: Iterable[str], others: Iterable[str] = ()) -> list[str]:
    """Which keys somebody else has: Slicer, its segment editor, or `others`."""
    taken = {_plain(other) for other in (*SEGMENT_EDITOR_KEYS, *SLICER_KEYS, *others)}
    return [key for key in keys if _plain(key) in taken]


def _plain(keys: str) -> str:
    return keys.replace(" ", "").lower()
