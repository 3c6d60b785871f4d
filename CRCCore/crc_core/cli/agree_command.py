"""`crcdb agree`: compare masks of two or more readers, and unite two of them on request."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from crc_core.agreement.comparison import Agreement, Comparison, LesionPair
from crc_core.agreement.prepared import PreparedMask, prepare
from crc_core.agreement.readers import ReadersComparison, compare_readers
from crc_core.agreement.report import comparison_document, floored, readers_document, union_document
from crc_core.agreement.union import UnionMask, all_lesions, union_prepared
from crc_core.cli.console import Console, Exit
from crc_core.errors import CrcError
from crc_core.files.nifti import read_mask, write_volume
from crc_core.geometry.requirements import require_same_grid
from crc_core.text import Lang, say


def configure(parser: argparse.ArgumentParser, lang: Lang) -> None:
    """Add the masks and the place of the union."""
    parser.add_argument("masks", nargs="+", type=Path, metavar="MASK", help=say("agreement.help.masks", lang))
    parser.add_argument("--union", type=Path, metavar="OUT", help=say("agreement.help.union", lang))


def run(arguments: argparse.Namespace, console: Console) -> Exit:
    """Compare; exit 0 agreed, 1 disputed. Raises CrcError for masks that cannot be compared."""
    paths: list[Path] = arguments.masks
    _refuse_impossible(paths, arguments.union)
    masks = read_masks(paths)
    readers = compare_readers(masks)
    united = _unite(masks, readers, arguments.union) if arguments.union else None
    _show(paths, readers, console)
    if len(paths) > 2:
        console.document(readers_document(readers, paths))
    else:
        comparison = readers.pairs[0].comparison
        told = {"union": union_document(united, arguments.union, comparison)} if united else {}
        console.document(comparison_document(comparison) | told)
    if arguments.union:
        _show_union(united, arguments.union, readers.pairs[0].comparison, console)
    return Exit.DONE if readers.verdict is Agreement.AGREED else Exit.ANSWER_NO


def _refuse_impossible(paths: Sequence[Path], out: Path | None) -> None:
    if len(paths) < 2:
        raise CrcError("agreement.one_mask", path=paths[0])
    if out is None:
        return
    if len(paths) > 2:
        raise CrcError("agreement.union_of_two", path=out, count=len(paths))
    if not out.name.lower().endswith(".nii.gz"):
        raise CrcError("agreement.union_name", path=out)
    if any(path.exists() and out.exists() and path.samefile(out) for path in paths):
        raise CrcError("agreement.union_is_input", path=out)


def read_masks(paths: Sequence[Path]) -> list[PreparedMask]:
    """The masks of the readers, two files at a time; raises CrcError where one is no mask or on another grid."""
    # Decompression leaves Python alone, so two files are read in the time of one.
    with ThreadPoolExecutor(max_workers=2) as threads:
        masks = list(threads.map(lambda path: prepare(read_mask(path)), paths))
    for mask, path in zip(masks, paths, strict=True):
        require_same_grid(mask.grid, masks[0].grid, path)
    return masks


def _unite(masks: Sequence[PreparedMask], readers: ReadersComparison, out: Path) -> UnionMask | None:
    comparison = readers.pairs[0].comparison
    if comparison.is_absent:
        return None
    united = union_prepared(masks[0], masks[1], all_lesions(comparison))
    write_volume(out, united.volume)
    return united


def _show(paths: Sequence[Path], readers: ReadersComparison, console: Console) -> None:
    for pair in readers.pairs:
        names = {"name_a": paths[pair.first].name, "name_b": paths[pair.second].name}
        console.say("agreement.readers", **names)
        _show_pair(pair.comparison, console)
    if len(paths) > 2 and readers.dice_values:
        mean, least = floored(readers.dice_mean), floored(readers.dice_minimum)
        console.say("agreement.means", pairs=len(readers.dice_values), mean=_digits(mean), minimum=_digits(least))
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


def _show_union(united: UnionMask | None, out: Path, comparison: Comparison, console: Console) -> None:
    if united is None:
        console.say("agreement.union_of_nothing")
        return
    volume_ml = comparison.millilitres(comparison.overlap.union)
    console.say("agreement.union_written", path=out, volume_ml=volume_ml)
    if comparison.verdict is Agreement.DISPUTED:
        console.say("agreement.union_is_proposal")
    if united.contested_voxels:
        console.say("agreement.union_contested", voxels=united.contested_voxels)


def _digits(share: float | None) -> str:
    return "–" if share is None else f"{share:.3f}"
