"""How long a dialog of ours lives: until it was closed and its entries were read, and no moment longer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import qt


@contextmanager
def shown(dialog: qt.QDialog, run: Callable[[qt.QDialog], object]) -> Iterator[None]:
    """Show a dialog until it is closed; inside the block its entries can be read, after it the dialog is gone.

    It goes at once, with its wrapper at hand. Left to Qt (`deleteLater`) it would go in whatever loop runs next, while
    Python may be collecting the wrappers of the same widgets: then both delete it.
    """
    try:
        run(dialog)
        yield
    finally:
        dialog.delete()


def run_modal(dialog: qt.QDialog) -> object:
    """Show a dialog over Slicer's window until it is closed."""
    return dialog.exec_()
