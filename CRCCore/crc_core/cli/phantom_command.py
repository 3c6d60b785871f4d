"""`crcdb phantom`: make a synthetic study with known truth."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from crc_core.cli.console import Console, Exit
from crc_core.errors import CrcError
from crc_core.text import Lang, say
from crc_core.vocabulary import Target

if TYPE_CHECKING:
    from crc_core.phantom import Phantom


def configure(parser: argparse.ArgumentParser, lang: Lang) -> None:
    """Add the arguments."""
    from crc_core.phantom.model import Fault

    parser.add_argument("folder", type=Path, metavar="OUT", help=say("phantom.help.folder", lang))
    parser.add_argument("--seed", type=int, default=1, metavar="N", help=say("phantom.help.seed", lang))
    parser.add_argument("--full-size", action="store_true", help=say("phantom.help.full_size", lang))
    parser.add_argument("--time-point", type=int, default=0, metavar="N", help=say("phantom.help.time_point", lang))
    parser.add_argument("--primaries", type=int, default=1, metavar="N", help=say("phantom.help.primaries", lang))
    parser.add_argument(
        "--fault",
        nargs="+",
        action="extend",
        default=[],
        choices=[fault.value for fault in Fault],
        metavar="F",
        help=say("phantom.help.fault", lang, faults=", ".join(fault.value for fault in Fault)),
    )


def run(arguments: argparse.Namespace, console: Console) -> Exit:
    """Build the phantom and write OUT/dicom and OUT/truth."""
    from crc_core.phantom import Fault, PhantomSize, build_phantom, write_study, write_truth
    from crc_core.phantom.dicom import require_empty

    if arguments.seed < 0 or arguments.time_point not in range(100) or arguments.primaries not in (1, 2, 3):
        raise CrcError("phantom.bad_number")
    dicom, truth = arguments.folder / "dicom", arguments.folder / "truth"
    require_empty(dicom)
    require_empty(truth)
    console.say("phantom.building", seed=arguments.seed)
    phantom = build_phantom(
        arguments.seed,
        size=PhantomSize.FULL if arguments.full_size else PhantomSize.TEST,
        faults=[Fault(value) for value in arguments.fault],
        time_point=arguments.time_point,
        primaries=arguments.primaries,
    )
    write_study(phantom, dicom, on_progress=lambda done, total: console.progress(done, total, "phantom.writing"))
    write_truth(phantom, truth)
    _list_lesions(phantom, console)
    console.say("phantom.done", dicom=dicom, truth=truth)
    console.document(
        {
            "seed": phantom.seed,
            "time_point": f"T{phantom.time_point}",
            "faults": sorted(arguments.fault),
            "dicom": str(dicom),
            "truth": str(truth),
            "lesions": {target.value: len(phantom.lesions_of(target)) for target in Target},
        }
    )
    return Exit.DONE


def _list_lesions(phantom: Phantom, console: Console) -> None:
    for lesion in phantom.lesions:
        console.say(
            "phantom.lesion",
            target=say(f"phantom.target.{lesion.target.value}", console.lang),
            number=lesion.number,
            place=say(f"phantom.place.{lesion.place}", console.lang),
            diameter_mm=lesion.longest_axial_mm,
            volume_ml=lesion.volume_ml,
        )
