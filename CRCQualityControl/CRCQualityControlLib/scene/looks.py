"""How contours look over the image: each layer's hue with a line or a pattern of its own.

Counts of readers are shown in five steps of viridis.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from crc_core.geometry import Volume
from crc_mrml.layers import Layer as Shown
from crc_mrml.layers import Pattern, Style

from CRCQualityControlLib.presenter.ports import HUES, Fill, Layer, heat


def hue(layer: Layer) -> tuple[float, float, float]:
    """The hue of a layer, each part from 0 to 1."""
    red, green, blue = (int(HUES[layer][place : place + 2], 16) / 255 for place in (1, 3, 5))
    return red, green, blue


_FILLED: Mapping[Layer, Style] = MappingProxyType(
    {
        Layer.BOTH: Style(hue(Layer.BOTH), 1, 0.22),
        Layer.ONLY_A: Style(hue(Layer.ONLY_A), 1, 0.55, Pattern.STRIPES),
        Layer.ONLY_B: Style(hue(Layer.ONLY_B), 1, 0.55, Pattern.DOTS),
        Layer.REFERENCE: Style(hue(Layer.REFERENCE), 3, 0.2),
        Layer.OWN: Style(hue(Layer.OWN), 1, 0.55, Pattern.STRIPES),
        Layer.RESULT: Style(hue(Layer.RESULT), 3),
    }
)
_LINES: Mapping[Layer, Style] = MappingProxyType(
    {
        Layer.ONLY_A: Style(hue(Layer.ONLY_A), 3),
        Layer.ONLY_B: Style(hue(Layer.ONLY_B), 1),
        Layer.REFERENCE: Style(hue(Layer.REFERENCE), 3),
        Layer.OWN: Style(hue(Layer.OWN), 1),
        Layer.RESULT: Style(hue(Layer.RESULT), 3),
    }
)
_SIDES = (Layer.ONLY_A, Layer.ONLY_B)


class Looks:
    """Dresses contours; what was given before is the same object again, so that nobody writes it anew."""

    def __init__(self) -> None:
        self._united: dict[Layer, tuple[Volume, Volume, Volume]] = {}

    def styled(self, layers: Mapping[Layer, Volume], fill: Fill) -> dict[str, Shown]:
        """The contours as they are drawn: filled as areas (A only, B only, both), in outline as what A and B drew."""
        shown: dict[str, Shown] = {}
        both = layers.get(Layer.BOTH)
        for layer, volume in layers.items():
            if layer is Layer.VOTES:
                shown |= _votes(volume)
            elif fill is Fill.FILLED:
                shown[layer.value] = Shown(volume, _FILLED[layer])
            elif layer in _SIDES:
                shown[layer.value] = Shown(self._drawn(layer, volume, both), _LINES[layer])
            elif layer is not Layer.BOTH:
                shown[layer.value] = Shown(volume, _LINES[layer])
        return shown

    def _drawn(self, layer: Layer, alone: Volume, both: Volume | None) -> Volume:
        """All that one reader drew: alone, and together with the other."""
        if both is None:
            return alone
        known = self._united.get(layer)
        if known is None or known[0] is not alone or known[1] is not both:
            whole = Volume((alone.array != 0) | (both.array != 0), alone.grid)
            known = self._united[layer] = (alone, both, whole)
        return known[2]


def _votes(counts: Volume) -> dict[str, Shown]:
    """Where how many readers drew: an area for each number, from dark (one) to bright (all)."""
    most = int(counts.array.max(initial=0))
    shown = {}
    for number in range(1, most + 1):
        area = Volume((counts.array == number).astype(np.uint8), counts.grid)
        shown[f"{Layer.VOTES.value}{number}"] = Shown(area, Style(heat(number, most), 1, 0.5))
    return shown
