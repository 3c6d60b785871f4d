"""Which keys do what: each shortcut of `keys.py` with the words on the sheet and the call behind it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from crc_widgets.shortcuts import Binding

from CRCAnnotatorLib.view.keys import KEYS
from CRCAnnotatorLib.view.panel import Panel

_WORK, _VIEWS, _DRAW, _REPORT = (f"annotator.view.keys.group_{group}" for group in ("work", "views", "draw", "report"))
Call = Callable[[], None]


def bindings_of(panel: Panel, show_report: Call, show_sheet: Call) -> tuple[Binding, ...]:
    """Every shortcut of the annotator."""
    annotator, tools = panel.annotator, panel.contour.tools
    contour = annotator.contour
    groups: dict[str, dict[str, Call]] = {
        _WORK: {
            "next_step": panel.next_step,
            "previous_step": panel.previous_step,
            "save": panel.save,
            "submit": panel.submit_now,
            "sheet": show_sheet,
        },
        _VIEWS: {
            "flip_forward": partial(annotator.flip_phase, True),
            "flip_back": partial(annotator.flip_phase, False),
            "preset_window": annotator.preset_window,
            "prior": annotator.toggle_prior,
            "oblique": contour.align_oblique,
            "space": tools.toggle_space,
            "outline": tools.toggle_fill,
            "calipers": panel.contour.measures.toggle_calipers,
        },
        _REPORT: {
            "report": show_report,
            "next_missing": annotator.report.next_missing,
        },
        _DRAW: {
            **{f"tool_{number}": partial(tools.use, number) for number in range(1, 9)},
            "tool_none": partial(tools.use, 0),
            "brush_larger": tools.larger,
            "brush_smaller": tools.smaller,
            "undo": contour.undo,
            "redo": contour.redo,
            "fill_between": contour.fill_between,
            "review_next": contour.review_next,
            "mark_reviewed": contour.mark_reviewed,
            "keep": contour.keep,
            "next_finding": panel.contour.findings.next,
            "next_lesion": panel.contour.targets.next_lesion,
        },
    }
    return tuple(
        Binding(KEYS[name], f"annotator.view.keys.{name}", panel.with_case(name, call), group)
        for group, calls in groups.items()
        for name, call in calls.items()
    )
