"""`crcdb agree`: compare masks or sealed readings of two or more readers, or many pairs; unite two on request."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from crc_core.agreement.comparison import Agreement, Comparison
from crc_core.agreement.prepared import PreparedMask, prepare
from crc_core.agreement.readers import ReadersComparison, compare_readers
from crc_core.agreement.report import comparison_document, readers_document, union_document
from crc_core.agreement.union import UnionMask, all_lesions, union_prepared
from crc_core.cli.agree_wording import show_readers
from crc_core.cli.console import Console, Exit
from crc_core.errors import CrcError
from crc_core.files.nifti import read_mask, write_volume
from crc_core.geometry.requirements import require_same_grid
from crc_core.identity import parse_mask_name
from crc_core.text import Lang, say


def configure(parser: argparse.ArgumentParser, lang: Lang) -> None:
    """Add the masks and the place of the union."""
    parser.add_argument("masks", nargs="*", type=Path, metavar="MASK", help=say("agreement.help.masks", lang))
    parser.add_argument("--union", type=Path, metavar="OUT", help=say("agreement.help.union", lang))
    parser.add_argument("--pairs", type=Path, metavar="TABLE", help=say("agreement.help.pairs", lang))
    parser.add_argument("--csv", type=Path, metavar="OUT", help=say("agreement.help.csv", lang))
    parser.add_argument("--workers", type=int, metavar="N", help=say("agreement.help.workers", lang))


def run(arguments: argparse.Namespace, console: Console) -> Exit:
    """Compare; exit 0 agreed, 1 disputed. Raises CrcError for masks that cannot be compared."""
    from crc_core.cli.agree_batch import compare_table
    from crc_core.cli.agree_readings import are_readings, compare_folders

    if arguments.pairs is not None:
        return compare_table(arguments, console)
    paths: list[Path] = arguments.masks
    _refuse_impossible(paths, arguments.union)
    if are_readings(paths):
        return compare_folders(paths, console)
    _refuse_other_series(paths)
    masks = read_masks(paths)
    readers = compare_readers(masks)
    united = _unite(masks, readers, arguments.union) if arguments.union else None
    show_readers([path.name for path in paths], readers, console)
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
        raise CrcError("agreement.one_mask", path=next(iter(paths), None))
    if out is None:
        return
    if len(paths) > 2:
        raise CrcError("agreement.union_of_two", path=out, count=len(paths))
    if not out.name.lower().endswith(".nii.gz"):
        raise CrcError("agreement.union_name", path=out)
    if any(path.exists() and out.exists() and path.samefile(out) for path in paths):
        raise CrcError("agreement.union_is_input", path=out)


def _refuse_other_series(paths: Sequence[Path]) -> None:
    """Names of ours tell the series and the target: a mask of another one is refused even on an equal grid."""
    known = [(path, told) for path in paths if (told := parse_mask_name(path.name)) is not None]
    for path, told in known[1:]:
        if told != known[0][1]:
            raise CrcError("agreement.other_series", path=path, expected=known[0][0].name)


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
