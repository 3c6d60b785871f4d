"""The figures of a demonstration's page: the phases, the three ways to contour, where two readers disagree."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from crc_core.demo.page import Figure
from crc_core.demo.pictures import BLUE, YELLOW, Grey, Outline, Plane, disagreement, largest_section, row, tile
from crc_core.demo.work import Done
from crc_core.geometry.grid import Volume
from crc_core.text import Lang, say
from crc_core.vocabulary import CT_PHASES, MR_ROLES, Role, Target

_WINDOW = Grey.window(225, 40)
_WIDE_MM, _NEAR_MM = 320.0, 130.0


def phases(images: Mapping[Role, Volume], centre_ras: tuple[float, float, float], lang: Lang) -> Figure:
    """Every phase on one axial plane in the abdominal window."""
    plane = Plane(centre_ras, _WIDE_MM)
    tiles = [tile(images[role], _WINDOW, plane, caption=role.value) for role in CT_PHASES if role in images]
    return Figure(row(tiles), say("demo.figure.phases", lang), say("demo.figure.phases.note", lang))


def direct(images: Mapping[Role, Volume], done: Done, lang: Lang) -> Figure:
    """The primary contoured along its edge on the portal venous phase."""
    mask = done.drawings[Target.PRIMARY].mask
    plane = Plane(largest_section(mask), _NEAR_MM)
    tiles = [
        tile(images[Role.PVP], _WINDOW, plane, caption="PVP"),
        tile(images[Role.PVP], _WINDOW, plane, [Outline(mask, YELLOW)], "PVP"),
    ]
    return Figure(row(tiles), say("demo.figure.direct", lang))


def beside_mri(images: Mapping[Role, Volume], done: Done, lang: Lang) -> Figure:
    """The contour on CT and the same place in the MR series."""
    mask = done.drawings[Target.PRIMARY].mask
    plane, outline = Plane(largest_section(mask), _NEAR_MM), [Outline(mask, YELLOW)]
    tiles = [tile(images[Role.PVP], _WINDOW, plane, outline, "CT PVP")]
    for role in MR_ROLES:
        if role in images:
            tiles.append(tile(images[role], Grey.range_of(images[role]), plane, outline, role.value))
    return Figure(row(tiles), say("demo.figure.mri", lang), say("demo.figure.mri.note", lang))


def subtraction(images: Mapping[Role, Volume], done: Done, lang: Lang) -> Figure:
    """Outer edge, inner edge and the ring that is stored."""
    drawing = done.drawings[Target.PRIMARY]
    if drawing.outer is None or drawing.inner is None:
        raise ValueError("the primary was not drawn by subtraction")
    image, plane = images[Role.PVP], Plane(largest_section(drawing.mask), _NEAR_MM)
    outer, inner = Outline(drawing.outer, YELLOW), Outline(drawing.inner, BLUE)
    words = [say(f"demo.figure.{name}", Lang.EN) for name in ("outer", "inner", "ring")]
    tiles = [
        tile(image, _WINDOW, plane, [outer], words[0]),
        tile(image, _WINDOW, plane, [outer, inner], words[1]),
        tile(image, _WINDOW, plane, [Outline(drawing.mask, YELLOW)], words[2]),
    ]
    return Figure(row(tiles), say("demo.figure.subtraction", lang))


def dispute(images: Mapping[Role, Volume], a: Done, b: Done, target: Target, lang: Lang) -> Figure:
    """One target as A and B drew it, where they differ most."""
    image = images[Role.CHEST if target is Target.LUNG else Role.PVP]
    first, second = (_mask(done, target, image) for done in (a, b))
    only_one = Volume(((first.array != 0) ^ (second.array != 0)).astype(np.uint8), image.grid)
    plane = Plane(largest_section(only_one), _NEAR_MM)
    tiles = [
        tile(image, _WINDOW, plane),
        disagreement(image, _WINDOW, plane, first, second, "A / B"),
    ]
    title = say("demo.figure.dispute", lang, target=say(f"report.target.{target.value}", lang))
    return Figure(row(tiles), title, say("demo.figure.dispute.note", lang))


def _mask(done: Done, target: Target, image: Volume) -> Volume:
    if target in done.drawings:
        return done.drawings[target].mask
    return Volume(np.zeros(image.grid.shape_kji, np.uint8), image.grid)
