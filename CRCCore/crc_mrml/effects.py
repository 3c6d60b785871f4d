"""The drawing tools of both modules as Slicer's segment editor names them."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

EFFECTS = MappingProxyType(
    {
        "paint": "Paint",
        "erase": "Erase",
        "draw": "Draw",
        "scissors": "Scissors",
        "level_tracing": "Level tracing",
        "islands": "Islands",
        "smoothing": "Smoothing",
        "margin": "Margin",
    }
)
"""The effect of each tool, by the tool's value; a module may offer fewer."""

AnyTool = TypeVar("AnyTool", bound=StrEnum)


def effect_of(tool: StrEnum | None) -> str:
    """The effect of a tool; empty for none."""
    return "" if tool is None else EFFECTS[tool.value]


def tool_of(effect: str, tools: type[AnyTool]) -> AnyTool | None:
    """Which of a module's tools an effect is; None for none, and for one that the module does not offer."""
    return next((tool for tool in tools if EFFECTS[tool.value] == effect), None)
