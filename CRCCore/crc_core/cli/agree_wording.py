"""How `crcdb agree` words what it found."""

from __future__ import annotations

from collections.abc import Sequence

from crc_core.agreement.comparison import Comparison, LesionPair
from crc_core.agreement.readers import ReadersComparison, Spread
from crc_core.agreement.report import floored
from crc_core.cli.console import Console
from crc_core.text import say


def show_readers(names: Sequence[str], readers: ReadersComparison, console: Console) -> None:
    """All pairs, then mean and minimum where there are several, then the verdict."""
    for pair in readers.pairs:
        between = {"name_a": names[pair.first], "name_b": names[pair.second]}
        console.say("agreement.readers", **between)
        _show_pair(pair.comparison, console)
    if len(names) > 2 and readers.dice_values:
        mean, least = floored(readers.dice_mean), floored(readers.dice_minimum)
        console.say("agreement.means", pairs=len(readers.dice_values), mean=_digits(mean), minimum=_digits(least))
        _show_spread(readers, console)
    threshold = readers.pairs[0].comparison.policy.dice_percent / 100
    verdict = readers.verdict.value if readers.dice_values else "absent"
    console.say(f"agreement.verdict.{verdict}", threshold=threshold)


def _show_pair(comparison: Comparison, console: Console) -> None:
    if comparison.is_absent:
        return
    first, second = comparison.volumes_ml
    console.say(
        "agreement.overlap",
        dice=_digits(comparison.overlap.dice_floored),
        jaccard=_digits(floored(comparison.overlap.jaccard)),
        volume_a_ml=first,
        volume_b_ml=second,
        difference_ml=second - first,
    )
    _show_surface(comparison, console)
    for lesion in comparison.pairs:
        _show_lesion(lesion, comparison, console)
    for number in comparison.only_a:
        console.say("agreement.lesion.only_a", number=number)
    for number in comparison.only_b:
        console.say("agreement.lesion.only_b", number=number)
    joint = say("agreement.list_joint", console.lang)
    for split in comparison.split:
        console.say("agreement.lesion.split", number=split.number_a, numbers=joint.join(map(str, split.numbers_b)))
    for merge in comparison.merged:
        console.say("agreement.lesion.merged", number=merge.number_b, numbers=joint.join(map(str, merge.numbers_a)))


def _show_surface(comparison: Comparison, console: Console) -> None:
    surface = comparison.surface
    if surface is None:
        console.say("agreement.one_empty")
        return
    console.say(
        "agreement.surface",
        hd_mm=surface.hd_mm,
        hd95_mm=surface.hd95_mm,
        assd_mm=surface.assd_mm,
        centroid_mm=comparison.centroid_distance_mm,
    )
    shares = [
        say("agreement.at_tolerance", console.lang, share=_digits(floored(share)), tolerance_mm=tolerance)
        for tolerance, share in surface.surface_dice
    ]
    joint = say("agreement.list_joint", console.lang)
    voxel = _digits(floored(surface.surface_dice_voxel))
    console.say("agreement.surface_dice", shares=joint.join(shares), voxel=voxel)


def _show_lesion(lesion: LesionPair, comparison: Comparison, console: Console) -> None:
    policy = comparison.policy
    line = say(
        "agreement.lesion",
        console.lang,
        number_a=lesion.number_a,
        number_b=lesion.number_b,
        dice=_digits(lesion.overlap.dice_floored),
        hd95_mm=lesion.hd95_mm,
    )
    notes = []
    if not lesion.overlap.reaches(policy.dice_percent):
        notes.append(say("agreement.lesion.below", console.lang, threshold=policy.dice_percent / 100))
        if lesion.sub_voxel:
            notes.append(say("agreement.lesion.sub_voxel", console.lang))
    console.line(say("agreement.list_joint", console.lang).join([line, *notes]))


def _show_spread(readers: ReadersComparison, console: Console) -> None:
    hd95 = readers.spread(lambda pair: None if pair.surface is None else pair.surface.hd95_mm)
    assd = readers.spread(lambda pair: None if pair.surface is None else pair.surface.assd_mm)
    if hd95 is not None and assd is not None:
        console.say("agreement.means_mm", **_worst("hd95", hd95), **_worst("assd", assd))


def _worst(name: str, spread: Spread) -> dict[str, float]:
    return {f"{name}_mm": spread.mean, f"{name}_worst_mm": spread.maximum}


def _digits(share: float | None) -> str:
    return "–" if share is None else f"{share:.3f}"
