"""Which keys do what: each shortcut of `keys.py` with the words on the sheet and the call behind it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from crc_widgets.shortcuts import Binding

from CRCQualityControlLib.view.keys import KEYS
from CRCQualityControlLib.view.panel import Panel

_WORK = "quality.view.keys.group_work"
Call = Callable[[], None]


def bindings_of(panel: Panel, show_sheet: Call) -> tuple[Binding, ...]:
    """Every shortcut of quality control."""
    groups: dict[str, dict[str, Call]] = {
        _WORK: {
            "next_page": partial(panel.turn, 1),
            "previous_page": partial(panel.turn, -1),
            "refresh": panel.quality.refresh,
            "sheet": show_sheet,
        },
    }
    return tuple(
        Binding(KEYS[name], f"quality.view.keys.{name}", call, group)
        for group, calls in groups.items()
        for name, call in calls.items()
    )
