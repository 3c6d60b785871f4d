"""Items of the check that the voxels of one axial CT stack answer: coverage, field, metal, motion, arms, drawn text."""

from __future__ import annotations

import numpy as np

from crc_core.geometry.grid import Volume
from crc_core.scan.anatomy import find_lower_end, find_lungs
from crc_core.scan.coarse import Coarse
from crc_core.scan.item import CheckItem, Source, Word
from crc_core.scan.limits import acquisition_limits
from crc_core.scan.motion import ContourJumps, DoubledSkin, contour_jumps, doubled_skin
from crc_core.scan.planes import opened_by_cross
from crc_core.vocabulary import Verdict

_HALF_SYMPHYSIS_MM = 18.0
_CUT_LUNG_CM2, _MUCH_LUNG_CM2 = 10.0, 80.0
_EDGE_MM = 25.0
_TOUCHED_PERCENT, _CUT_PERCENT = 3.0, 25.0
_MOST_JUMPS, _MOST_DOUBLED = 1, 2
_TEXT_HU = 150
_TEXT_PIXELS = 40


def pixel_items(volume: Volume, coarse: Coarse, *, is_chest: bool = False) -> list[CheckItem]:
    """All items about one stack; unknown where the anatomy is not recognised."""
    return [
        chest_coverage_item(coarse) if is_chest else coverage_item(coarse),
        field_item(coarse),
        metal_item(volume),
        motion_item(coarse),
        arms_item(coarse),
        *burnt_in_items(volume),
    ]


def coverage_item(coarse: Coarse) -> CheckItem:
    """From the diaphragm to the lower border of the symphysis: lungs cut by the top, symphysis seen at the bottom."""
    expected = Word("scan.coverage.expected")
    if coarse.body.mean() < 0.02 or len(coarse.array) < 10:
        return CheckItem(
            "coverage", Verdict.UNKNOWN, Word("scan.not_told"), expected, Source.CONSENSUS, "scan.coverage.unknown"
        )
    lungs = find_lungs(coarse)
    lower = find_lower_end(coarse)
    has_top = lungs is not None and lungs.reach_the_top
    has_bottom = _symphysis_is_whole(coarse, lower.symphysis_from, lower.symphysis_to)
    names = {(True, True): "whole", (True, False): "no_bottom", (False, True): "no_top", (False, False): "neither"}
    outcome = names[has_top, has_bottom]
    verdict = Verdict.PASS if outcome == "whole" else Verdict.FAIL
    seen = Word(f"scan.coverage.seen.{outcome}")
    return CheckItem("coverage", verdict, seen, expected, Source.CONSENSUS, f"scan.coverage.{outcome}")


def chest_coverage_item(coarse: Coarse) -> CheckItem:
    """A chest series holds the lungs from the apex to the base."""
    expected = Word("scan.coverage.lungs")
    lungs = find_lungs(coarse)
    if lungs is None:
        code = "scan.coverage.unknown"
        return CheckItem("coverage", Verdict.UNKNOWN, Word("scan.not_told"), expected, Source.OURS, code)
    cut_cm2 = max(lungs.bottom_cm2, lungs.top_right_cm2 + lungs.top_left_cm2)
    if cut_cm2 >= _CUT_LUNG_CM2:
        seen = Word("scan.coverage.seen.lungs_cut")
        verdict = Verdict.WARN if cut_cm2 >= _MUCH_LUNG_CM2 else Verdict.NOTE
        return CheckItem("coverage", verdict, seen, expected, Source.OURS, "scan.coverage.lungs_cut")
    seen = Word("scan.coverage.seen.whole")
    return CheckItem("coverage", Verdict.PASS, seen, expected, Source.OURS, "scan.coverage.lungs_whole")


def _symphysis_is_whole(coarse: Coarse, first: int, last: int) -> bool:
    """Whether the image goes on below the symphysis, or ends in its lower half."""
    if first < 0:
        return False
    return first > 0 or (last - first + 1) * coarse.spacing_kji_mm[0] >= _HALF_SYMPHYSIS_MM


def field_item(coarse: Coarse) -> CheckItem:
    """Whether the body is cut by the edge of the field: skin or flesh along a side in a stretch of slices."""
    _, row_mm, column_mm = coarse.spacing_kji_mm
    body = coarse.body & (coarse.array > -300)
    sides = {
        "right": body[:, :, 0].sum(axis=1) * row_mm,
        "left": body[:, :, -1].sum(axis=1) * row_mm,
        "front": body[:, 0, :].sum(axis=1) * column_mm,
        "back": body[:, -1, :].sum(axis=1) * column_mm,
    }
    count = len(body)
    cut = {name: int((touch >= _EDGE_MM).sum()) for name, touch in sides.items()}
    worst_slices = max(cut.values(), default=0)
    expected = Word("scan.field.expected", (("share", f"{_TOUCHED_PERCENT:g} %"),))
    if not coarse.body.any():
        code = "scan.coverage.unknown"
        return CheckItem("fov-cut-off", Verdict.UNKNOWN, Word("scan.not_told"), expected, Source.OURS, code)
    percent = 100 * worst_slices / count
    share = f"{percent:.1f} %"
    if percent <= _TOUCHED_PERCENT:
        return CheckItem("fov-cut-off", Verdict.PASS, share, expected, Source.OURS, "scan.field.pass")
    # Hips that touch the edge in a few slices lose nothing that is contoured; a trunk cut along its length does.
    verdict = Verdict.WARN if percent > _CUT_PERCENT else Verdict.NOTE
    return CheckItem("fov-cut-off", verdict, share, expected, Source.OURS, "scan.field.cut")


def metal_item(volume: Volume) -> CheckItem:
    """Voxels beyond every bone: how much, and where their middle lies."""
    rules = acquisition_limits()
    # Scanners that write 12 bits clip at 3071 HU; the threshold lies below.
    threshold = int(rules.metal_hu)
    slices = np.flatnonzero(volume.array.max(axis=(1, 2)) > threshold)
    limits = (("volume", f"{rules.metal_noted_ml:g} ml"), ("density", f"{rules.metal_hu:g} HU"))
    expected = Word("scan.metal.expected", limits)
    if not len(slices):
        return CheckItem("metal", Verdict.PASS, "0 ml", expected, Source.OURS, "scan.metal.pass")
    found = np.argwhere(volume.array[slices] > threshold)
    found[:, 0] = slices[found[:, 0]]
    volume_ml = round(len(found) * volume.grid.voxel_volume_mm3 / 1000, 4)
    centre = volume.grid.to_ras(found.mean(axis=0)[::-1])
    middle = volume.grid.to_ras((np.array(volume.array.shape[::-1]) - 1) / 2)
    side = Word("scan.side.right") if centre[0] > middle[0] + 20 else Word("scan.side.middle")
    if centre[0] < middle[0] - 20:
        side = Word("scan.side.left")
    if volume_ml < rules.metal_noted_ml:
        return CheckItem("metal", Verdict.PASS, f"{volume_ml:.4f} ml", expected, Source.OURS, "scan.metal.pass")
    verdict = Verdict.WARN if volume_ml >= rules.metal_warned_ml else Verdict.NOTE
    shown = f"{volume_ml:.{1 if volume_ml >= 1 else 2}f} ml"
    values = (("volume", shown), ("side", side), ("z", f"{centre[2]:.0f} mm"))
    return CheckItem("metal", verdict, shown, expected, Source.OURS, "scan.metal.found", values)


def motion_item(coarse: Coarse) -> CheckItem:
    """Slices in which the skin jumps as no anatomy does, or shows twice; unknown for few slices or a cut outline.

    Slices are counted, not millimetres: what a jump is depends on how much the outline of this body changes anyway.
    """
    jumps, doubled = contour_jumps(coarse), doubled_skin(coarse)
    expected = _slices(f"≤{_MOST_JUMPS}")
    if jumps is None or doubled is None:
        return CheckItem("motion", Verdict.UNKNOWN, Word("scan.not_told"), expected, Source.OURS, "scan.motion.unknown")
    found: ContourJumps | DoubledSkin = jumps
    verdict, outcome = Verdict.PASS, "pass"
    if doubled.count > _MOST_DOUBLED:
        found, expected, verdict, outcome = doubled, _slices(f"≤{_MOST_DOUBLED}"), Verdict.WARN, "doubled"
    elif jumps.count > _MOST_JUMPS:
        verdict, outcome = Verdict.WARN, "found"
    values = (
        ("count", found.count),
        ("largest", f"{found.largest_mm:.1f} mm"),
        ("z", f"{coarse.heights_mm[found.at]:.0f} mm"),
    )
    return CheckItem("motion", verdict, _slices(found.count), expected, Source.OURS, f"scan.motion.{outcome}", values)


def _slices(count: int | str) -> Word:
    return Word("scan.slices", (("count", count),))


def arms_item(coarse: Coarse) -> CheckItem:
    """Arms beside the trunk show as further pieces of the body with bone in them."""
    from scipy import ndimage

    expected = Word("scan.arms.raised")
    _, row_mm, column_mm = coarse.spacing_kji_mm
    count = len(coarse.array)
    chosen = range(int(0.35 * count), count, max(1, count // 25))
    with_arms = 0
    for k in chosen:
        tissue = opened_by_cross(coarse.array[k] > -200)
        pieces, number = ndimage.label(tissue & ~coarse.body[k])
        for piece in range(1, number + 1):
            inside = pieces == piece
            area_cm2 = inside.sum() * row_mm * column_mm / 100
            if area_cm2 > 12 and (coarse.array[k][inside] > 250).sum() * row_mm * column_mm / 100 > 0.5:
                with_arms += 1
                break
    if with_arms > 0.3 * len(chosen):
        return CheckItem("arms", Verdict.NOTE, Word("scan.arms.down"), expected, Source.TABLE4, "scan.arms.note")
    if not coarse.body.any():
        return CheckItem("arms", Verdict.UNKNOWN, Word("scan.not_told"), expected, Source.TABLE4, "scan.arms.unknown")
    return CheckItem("arms", Verdict.PASS, expected, expected, Source.TABLE4, "scan.arms.pass")


def burnt_in_items(volume: Volume) -> list[CheckItem]:
    """Bright pixels that are the same to the last unit in all slices: drawn, not measured."""
    count = len(volume.array)
    if count < 8:
        return []
    chosen = volume.array[np.linspace(0, count - 1, 8).astype(int)]
    low, high = chosen.min(axis=0), chosen.max(axis=0)
    drawn = (low == high) & (low > _TEXT_HU)
    if drawn.sum() < _TEXT_PIXELS:
        return []
    values = (("pixels", int(drawn.sum())),)
    return [
        CheckItem(
            "burnt-in-text",
            Verdict.FAIL,
            Word("scan.yes"),
            Word("scan.no"),
            Source.OURS,
            "scan.burnt_in.pixels",
            values,
            overrulable=False,
        )
    ]
