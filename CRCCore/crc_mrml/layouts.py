"""The layouts of the views as XML, under numbers and names of our own: Slicer's own layouts stay as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as Xml

from crc_core.desk.arrangement import Arrangement, LayoutKind

VIEW_GROUP = 713
"""Our views move apart from Slicer's own."""

MOST_VIEWS = 10
"""No layout has more."""

_FIRST_NUMBER = 71_300
_VIEW_PREFIX = "CRC"
_KINDS = tuple(LayoutKind)


def view_names(count: int) -> tuple[str, ...]:
    """The names of the slice views; the leading one is the same in every layout, so that it stays in place."""
    return tuple(f"{_VIEW_PREFIX}{number + 1}" for number in range(count))


THREE_D_NAME = f"{_VIEW_PREFIX}3D"


def layout_number(arrangement: Arrangement) -> int:
    """The number under which Slicer knows the layout; above 100, as layouts that are not Slicer's must be."""
    kind = _KINDS.index(arrangement.kind)
    return _FIRST_NUMBER + (kind * MOST_VIEWS + len(arrangement.panes)) * 2 + int(arrangement.has_3d)


def is_ours(number: int) -> bool:
    """Whether a layout's number is one of ours."""
    return _FIRST_NUMBER <= number < _FIRST_NUMBER + len(_KINDS) * MOST_VIEWS * 2


def layout_xml(arrangement: Arrangement) -> str:
    """The views of an arrangement side by side: the leading one large, or all alike where they are compared."""
    split = _split(arrangement)
    whole = _Split(False, ((100, split),)) if isinstance(split, _View) else split
    return Xml.tostring(_element(whole), encoding="unicode")


def leading_share(arrangement: Arrangement) -> float:
    """How much of the width the leading view gets."""
    part, share = _split(arrangement), 1.0
    while isinstance(part, _Split):
        percent, first = part.parts[0]
        total = sum(other for other, _ in part.parts)
        share, part = share if part.vertical else share * percent / total, first
    return share


def add_layout(layout_node: Any, arrangement: Arrangement) -> int:
    """Let a vtkMRMLLayoutNode know the layout; its number."""
    number, xml = layout_number(arrangement), layout_xml(arrangement)
    if not layout_node.IsLayoutDescription(number):
        layout_node.AddLayoutDescription(number, xml)
    return number


def remove_layouts(layout_node: Any) -> None:
    """Let a vtkMRMLLayoutNode forget all layouts of ours."""
    for number in range(_FIRST_NUMBER, _FIRST_NUMBER + len(_KINDS) * MOST_VIEWS * 2):
        if layout_node.IsLayoutDescription(number):
            layout_node.SetLayoutDescription(number, "")


@dataclass(frozen=True)
class _View:
    """One view: a slice, or the view in space."""

    name: str


@dataclass(frozen=True)
class _Split:
    """Parts beside or below each other, with their shares in per cent."""

    vertical: bool
    parts: tuple[tuple[int, _View | _Split], ...]


def _split(arrangement: Arrangement) -> _View | _Split:
    views: list[_View | _Split] = [_View(name) for name in view_names(len(arrangement.panes))]
    space = [_View(THREE_D_NAME)] if arrangement.has_3d else []
    if arrangement.kind is LayoutKind.PHASES:
        return _grid([*views, *space])
    if arrangement.kind is LayoutKind.PRIOR:
        return _line([*views, *space], vertical=False)
    lead, others = views[0], [*space, *views[1:]]
    if not others:
        return lead
    if arrangement.kind is LayoutKind.RING:
        beside = _line([others[0], _line(others[1:], vertical=False)] if others[1:] else others, vertical=True)
        return _Split(False, ((55, lead), (45, beside)))
    if len(others) > 3:
        return _Split(False, ((50, lead), (50, _grid([*views[1:], *space]))))
    share = 50 if len(others) == 1 else 55 if len(others) == 2 else 64
    return _Split(False, ((share, lead), (100 - share, _line([*views[1:], *space], vertical=True))))


def _line(parts: list[_View | _Split], *, vertical: bool) -> _View | _Split:
    if len(parts) == 1:
        return parts[0]
    return _Split(vertical, tuple((100 // len(parts), part) for part in parts))


def _grid(views: list[_View | _Split]) -> _View | _Split:
    """Two rows from the third view on; all the same size where their number is even."""
    if len(views) <= 2:
        return _line(views, vertical=False)
    half = (len(views) + 1) // 2
    return _line([_line(views[:half], vertical=False), _line(views[half:], vertical=False)], vertical=True)


def _element(part: _View | _Split) -> Xml.Element:
    if isinstance(part, _View):
        return _view_element(part.name)
    direction = "vertical" if part.vertical else "horizontal"
    element = Xml.Element("layout", type=direction, split="true")
    for share, child in part.parts:
        # Shares of a splitter are taken as pixels first and stretched afterwards, so they must be large.
        item = Xml.SubElement(element, "item", splitSize=str(share * 10))
        item.append(_element(child))
    return element


def _view_element(name: str) -> Xml.Element:
    in_space = name == THREE_D_NAME
    view = Xml.Element("view", {"class": f"vtkMRML{'View' if in_space else 'Slice'}Node", "singletontag": name})
    for key, value in (("viewlabel", "3D" if in_space else name), ("viewgroup", str(VIEW_GROUP))):
        Xml.SubElement(view, "property", name=key, action="default").text = value
    return view
