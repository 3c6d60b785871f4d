"""`crcdb subtract`: outer contour minus inner contour, on the grid of the outer one."""

from __future__ import annotations

import argparse
from pathlib import Path

from crc_core.cli.console import Console, Exit
from crc_core.errors import CrcError
from crc_core.text import Lang, say


def configure(parser: argparse.ArgumentParser, lang: Lang) -> None:
    parser.add_argument("outer", type=Path, metavar="OUTER", help=say("contour.cli.outer_mask", lang))
    parser.add_argument("inner", type=Path, metavar="INNER", help=say("contour.cli.inner_mask", lang))
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT", help=say("contour.cli.output", lang))


def run(arguments: argparse.Namespace, console: Console) -> Exit:
    from crc_core.contour.subtraction import subtract
    from crc_core.contour.voxels import bounding_box, lesions_of
    from crc_core.files.nifti import read_mask, write_volume

    output: Path = arguments.output
    _require_own_name(output, (arguments.outer, arguments.inner))
    outer = read_mask(arguments.outer)
    inner = read_mask(arguments.inner, expected=outer.grid)
    if bounding_box(outer.array) is None:
        raise CrcError("mask.empty", path=arguments.outer)
    wall = subtract(outer, inner)
    lesions = lesions_of(wall)
    if not lesions:
        raise CrcError("contour.nothing_left", path=arguments.inner)
    write_volume(output, wall)
    before = {lesion.number: lesion.volume_ml for lesion in lesions_of(outer)}
    for number, volume_ml in before.items():
        left = next((lesion.volume_ml for lesion in lesions if lesion.number == number), 0.0)
        console.say("contour.subtracted", lesion=number, outer=f"{volume_ml:.2f}", left=f"{left:.2f}")
    console.say("contour.written", path=output)
    console.document(
        {
            "output": str(output),
            "volume_ml": sum(lesion.volume_ml for lesion in lesions),
            "outer_ml": sum(before.values()),
            "lesions": [{"lesion": lesion.number, "volume_ml": lesion.volume_ml} for lesion in lesions],
        }
    )
    return Exit.DONE


def _require_own_name(output: Path, sources: tuple[Path, ...]) -> None:
    """Refuse a name that is no `.nii.gz`, or that of a parent: both parents are kept."""
    if not output.name.lower().endswith(".nii.gz"):
        raise CrcError("contour.output_name", path=output)
    if any(output.resolve() == source.resolve() for source in sources):
        raise CrcError("contour.output_is_parent", path=output)
