"""The drawing tools as Slicer's segment editor names them."""

from __future__ import annotations

from types import MappingProxyType

from CRCQualityControlLib.presenter.ports import Tool

EFFECTS = MappingProxyType(
    {
        Tool.PAINT: "Paint",
        Tool.ERASE: "Erase",
        Tool.DRAW: "Draw",
        Tool.SCISSORS: "Scissors",
        Tool.ISLANDS: "Islands",
        Tool.SMOOTHING: "Smoothing",
        Tool.MARGIN: "Margin",
    }
)


def tool_of(effect: str) -> Tool | None:
    """Which tool an effect is; None for none, and for one that is not ours."""
    return next((tool for tool, name in EFFECTS.items() if name == effect), None)
