"""The layouts of the views as XML, under numbers and names of our own: Slicer's own layouts stay as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as Xml

from crc_core.desk.arrangement import Arrangement, LayoutKind

MOST_VIEWS = 10
"""No layout has more."""

_KINDS = tuple(LayoutKind)
_NUMBERS = len(_KINDS) * MOST_VIEWS * 2


@dataclass(frozen=True)
class ViewSet:
    """The views of one module, so that two modules never move each other's: how their names begin, the group in which
    Slicer moves them together, the number of the first layout.
    """

    prefix: str
    group: int
    first_number: int

    @property
    def space_name(self) -> str:
        """The name of the view in space."""
        return f"{self.prefix}3D"

    @property
    def numbers(self) -> range:
        """The numbers of all its layouts; above 100, as layouts that are not Slicer's must be."""
        return range(self.first_number, self.first_number + _NUMBERS)


ANNOTATOR_VIEWS = ViewSet("CRC", 713, 71_300)
QUALITY_VIEWS = ViewSet("CRQ", 714, 71_500)
THREE_D_NAME = ANNOTATOR_VIEWS.space_name


def view_names(count: int, views: ViewSet = ANNOTATOR_VIEWS) -> tuple[str, ...]:
    """The names of the slice views; the leading one is the same in every layout, so that it stays in place."""
    return tuple(f"{views.prefix}{number + 1}" for number in range(count))


def layout_number(arrangement: Arrangement, views: ViewSet = ANNOTATOR_VIEWS) -> int:
    """The number under which Slicer knows the layout."""
    kind = _KINDS.index(arrangement.kind)
    return views.first_number + (kind * MOST_VIEWS + len(arrangement.panes)) * 2 + int(arrangement.has_3d)


def is_ours(number: int, views: ViewSet = ANNOTATOR_VIEWS) -> bool:
    """Whether a layout's number is one of ours."""
    return number in views.numbers


def layout_xml(arrangement: Arrangement, views: ViewSet = ANNOTATOR_VIEWS) -> str:
    """The views of an arrangement side by side: the leading one large, or all alike where they are compared."""
    split = _split(arrangement, views)
    whole = _Split(False, ((100, split),)) if isinstance(split, _View) else split
    return Xml.tostring(_element(whole, views), encoding="unicode")


def leading_share(arrangement: Arrangement) -> float:
    """How much of the width the leading view gets."""
    part, share = _split(arrangement, ANNOTATOR_VIEWS), 1.0
    while isinstance(part, _Split):
        percent, first = part.parts[0]
        total = sum(other for other, _ in part.parts)
        share, part = share if part.vertical else share * percent / total, first
    return share


def add_layout(layout_node: Any, arrangement: Arrangement, views: ViewSet = ANNOTATOR_VIEWS) -> int:
    """Let a vtkMRMLLayoutNode know the layout; its number."""
    number, xml = layout_number(arrangement, views), layout_xml(arrangement, views)
    if not layout_node.IsLayoutDescription(number):
        layout_node.AddLayoutDescription(number, xml)
    return number


def remove_layouts(layout_node: Any, views: ViewSet = ANNOTATOR_VIEWS) -> None:
    """Let a vtkMRMLLayoutNode forget all layouts of ours."""
    for number in views.numbers:
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


def _split(arrangement: Arrangement, named: ViewSet) -> _View | _Split:
    views: list[_View | _Split] = [_View(name) for name in view_names(len(arrangement.panes), named)]
    space = [_View(named.space_name)] if arrangement.has_3d else []
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


def _element(part: _View | _Split, views: ViewSet) -> Xml.Element:
    if isinstance(part, _View):
        return _view_element(part.name, views)
    direction = "vertical" if part.vertical else "horizontal"
    element = Xml.Element("layout", type=direction, split="true")
    for share, child in part.parts:
        # Shares of a splitter are taken as pixels first and stretched afterwards, so they must be large.
        item = Xml.SubElement(element, "item", splitSize=str(share * 10))
        item.append(_element(child, views))
    return element


def _view_element(name: str, views: ViewSet) -> Xml.Element:
    in_space = name == views.space_name
    view = Xml.Element("view", {"class": f"vtkMRML{'View' if in_space else 'Slice'}Node", "singletontag": name})
    shown = "3D" if in_space else name.removeprefix(views.prefix)
    for key, value in (("viewlabel", shown), ("viewgroup", str(views.group))):
        Xml.SubElement(view, "property", name=key, action="default").text = value
    return view
