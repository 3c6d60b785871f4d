"""How contours look over the image: hues that colour-blind readers tell apart, and a line or pattern for each.

Hues: Okabe and Ito, Color Universal Design (2008); counts of readers: five steps of viridis.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from crc_core.geometry import Volume
from crc_mrml.layers import Layer as Shown
from crc_mrml.layers import Pattern, Style

from CRCQualityControlLib.presenter.ports import Fill, Layer

SKY, ORANGE, GREEN, YELLOW, PURPLE, WHITE = (
    (0.34, 0.71, 0.91),
    (0.90, 0.62, 0.0),
    (0.0, 0.75, 0.55),
    (0.94, 0.89, 0.26),
    (0.90, 0.45, 0.72),
    (0.92, 0.92, 0.92),
)
_VIRIDIS = ((0.27, 0.0, 0.33), (0.23, 0.32, 0.55), (0.13, 0.57, 0.55), (0.37, 0.79, 0.38), (0.99, 0.91, 0.15))

_FILLED: Mapping[Layer, Style] = MappingProxyType(
    {
        Layer.BOTH: Style(WHITE, 1, 0.22),
        Layer.ONLY_A: Style(SKY, 1, 0.75, Pattern.STRIPES),
        Layer.ONLY_B: Style(ORANGE, 1, 0.75, Pattern.DOTS),
        Layer.REFERENCE: Style(GREEN, 3, 0.2),
        Layer.OWN: Style(SKY, 1, 0.75, Pattern.STRIPES),
        Layer.RESULT: Style(PURPLE, 3),
    }
)
_LINES: Mapping[Layer, Style] = MappingProxyType(
    {
        Layer.ONLY_A: Style(SKY, 3),
        Layer.ONLY_B: Style(ORANGE, 1),
        Layer.REFERENCE: Style(GREEN, 3),
        Layer.OWN: Style(SKY, 1),
        Layer.RESULT: Style(PURPLE, 3),
    }
)
_SIDES = (Layer.ONLY_A, Layer.ONLY_B)


def styled(layers: Mapping[Layer, Volume], fill: Fill) -> dict[str, Shown]:
    """The contours as they are drawn: filled as areas (A only, B only, both), in outline as what A and what B drew."""
    shown: dict[str, Shown] = {}
    both = layers.get(Layer.BOTH)
    for layer, volume in layers.items():
        if layer is Layer.VOTES:
            shown |= _votes(volume)
        elif fill is Fill.FILLED:
            shown[layer.value] = Shown(volume, _FILLED[layer])
        elif layer in _SIDES:
            shown[layer.value] = Shown(volume if both is None else _together(volume, both), _LINES[layer])
        elif layer is not Layer.BOTH:
            shown[layer.value] = Shown(volume, _LINES[layer])
    return shown


def _together(one: Volume, other: Volume) -> Volume:
    """Two contours on one grid as one."""
    return Volume((one.array != 0) | (other.array != 0), one.grid)


def _votes(counts: Volume) -> dict[str, Shown]:
    """Where how many readers drew: an area for each number, from dark (one) to bright (all)."""
    most = int(counts.array.max(initial=0))
    shown = {}
    for number in range(1, most + 1):
        colour = _VIRIDIS[round((number - 1) / max(1, most - 1) * (len(_VIRIDIS) - 1))]
        area = Volume((counts.array == number).astype(np.uint8), counts.grid)
        shown[f"{Layer.VOTES.value}{number}"] = Shown(area, Style(colour, 1, 0.5))
    return shown
