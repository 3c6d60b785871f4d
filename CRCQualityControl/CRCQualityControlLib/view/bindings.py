"""Which keys do what: each shortcut of `keys.py` with the words on the sheet and the call behind it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from crc_widgets.shortcuts import Binding

from CRCQualityControlLib.presenter.state import Take
from CRCQualityControlLib.view.adjudication_page import AdjudicationPage
from CRCQualityControlLib.view.keys import KEYS
from CRCQualityControlLib.view.panel import Panel
from CRCQualityControlLib.view.reports_dock import ReportsDock

_WORK, _VIEWS, _DECIDE, _EDIT = (f"quality.view.keys.group_{group}" for group in ("work", "views", "decide", "edit"))
Call = Callable[[], None]


def bindings_of(panel: Panel, page: AdjudicationPage, reports: ReportsDock, show_sheet: Call) -> tuple[Binding, ...]:
    """Every shortcut of quality control; those of a case do nothing while none is on the desk."""
    quality, head, lesions, edit = panel.quality, page.head, page.lesions, page.edit
    always: dict[str, Call] = {
        "next_page": partial(panel.turn, 1),
        "previous_page": partial(panel.turn, -1),
        "refresh": quality.refresh,
        "next_case": quality.adjudication.open_next,
        "sheet": show_sheet,
    }
    groups: dict[str, dict[str, Call]] = {
        _WORK: {"sign": quality.signing.sign, "reports": page.bring_reports_up, "next_question": reports.next_open},
        _VIEWS: {
            "next_region": head.next_region,
            "previous_region": head.previous_region,
            "flip_forward": partial(quality.viewing.flip, True),
            "flip_back": partial(quality.viewing.flip, False),
            "views": head.turn_views,
            "preset_window": quality.viewing.preset_window,
            "outline": head.toggle_fill,
            "result": head.toggle_result,
        },
        _DECIDE: {
            "next_lesion": lesions.next_open,
            **{f"take_{take.value}": partial(lesions.take, take) for take in Take},
            "reopen": lesions.reopen,
            "reason": lesions.ask_reason,
            "accept": quality.deciding.accept_sub_voxel,
        },
        _EDIT: {
            **{f"tool_{number}": partial(edit.use, number) for number in range(1, 8)},
            "tool_none": partial(edit.use, 0),
            "brush_larger": edit.larger,
            "brush_smaller": edit.smaller,
            "undo": quality.deciding.undo,
            "redo": quality.deciding.redo,
            "keep_edit": quality.deciding.finish_edit,
            "drop_edit": quality.deciding.drop_edit,
        },
    }
    bound = [_binding(name, call, _WORK) for name, call in always.items()]
    bound += [
        _binding(name, panel.with_case(call), group) for group, calls in groups.items() for name, call in calls.items()
    ]
    return tuple(bound)


def _binding(name: str, call: Call, group: str) -> Binding:
    return Binding(KEYS[name], f"quality.view.keys.{name}", call, group)
