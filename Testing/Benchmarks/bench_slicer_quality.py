"""Quality control inside a real Slicer: opening a case that two read, against Slicer loading the same; what follows.

    python Testing/Benchmarks/bench_slicer_quality.py --slicer PATH [--phases 1] [--slices 600] [--repeat 3]

Prints one JSON document. Ours runs from pressing the button until both readings lie over the images of 512×512, the
readings compared with what was sealed, every voxel of the images with its registration, and the differences in order.
Slicer imports the same DICOM files into an empty database, loads them and both masks, which it shows as segmentations.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

from bench_slicer import answer_of, body
from crc_core.geometry import Grid, Volume
from crc_core.identity import UnitId, mask_name
from crc_core.reading.schema import LesionClass, LesionRecord, TargetReading
from crc_core.reading.seal import seal_reading
from crc_core.vocabulary import CT_PHASES, Mode, Role, Target, TargetAnswer
from run_slicer import screen
from small_store import OTHER_READER, READER, SENIOR, Clock, SmallStore
from store_support import StudySource, accepted, grid_of, reading_draft, submit

SCRIPT = Path(__file__).with_name("slicer_bench_quality.py")
DRAWN_MM = {READER: ((0.0, 0.0, 0.0), 30.0), OTHER_READER: ((9.0, -6.0, 4.0), 34.0)}
"""Of each reader the middle in RAS and the radius of what they draw."""


def ball(grid: Grid, middle: tuple[float, float, float], radius_mm: float) -> Volume:
    """A ball as a mask, a plane at a time."""
    mask = np.zeros(grid.shape_kji, np.uint8)
    j, i = np.meshgrid(*(np.arange(count) for count in grid.shape_kji[1:]), indexing="ij")
    for k in range(grid.shape_kji[0]):
        ras = grid.to_ras(np.stack([i, j, np.full_like(i, k)], axis=-1))
        mask[k] = np.linalg.norm(ras - np.array(middle), axis=-1) < radius_mm
    return Volume(mask, grid)


def disputed(small: SmallStore, source: StudySource, drawn: dict[str, Volume]) -> str:
    """A unit that both have read and do not agree on."""
    name = small.add(*DRAWN_MM, source=source, mode=Mode.DIRECT)
    prepared = source.prepared(UnitId.parse(name))
    code = prepared.registration.series[0].code
    primary = TargetReading(
        Target.PRIMARY, TargetAnswer.DRAWN, code, Mode.DIRECT, (LesionRecord(1, LesionClass.TUMOUR),)
    )
    for reader, mask in drawn.items():
        draft = reading_draft(prepared, reader)
        reading = dataclasses.replace(draft.reading, targets=(primary, *draft.reading.targets[1:]))
        draft = dataclasses.replace(draft, reading=reading, masks={mask_name(code, Target.PRIMARY): mask})
        sealed = seal_reading(small.folder / f"sealed {name} {reader}", draft)
        accepted(submit(small.store, sealed, prepared.unit, reader))
    return name


def main() -> None:
    """Make the store, run Slicer, print what it measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--slicer", type=Path, required=True)
    parser.add_argument("--phases", type=int, choices=range(1, 5), default=1)
    parser.add_argument("--slices", type=int, default=600)
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, screen() as display:
        small = SmallStore(Path(scratch), Clock(timedelta(hours=2)))
        others = [role for role in CT_PHASES if role is not Role.PVP]
        roles = [Role.PVP, *others[: arguments.phases - 1]]
        source = small.written("dicom", {role: body(role, arguments.slices) for role in roles})
        first = small.add(source=source)
        grid = grid_of(source.prepared(UnitId.parse(first)).registration.series[0])
        drawn = {reader: ball(grid, *where) for reader, where in DRAWN_MM.items()}
        units = [disputed(small, source, drawn) for _ in range(arguments.repeat)]
        small.clock.behind = timedelta(0)
        small.store.advance()
        sealed = Path(scratch) / f"sealed {units[0]} {READER}"
        masks = [
            str(path)
            for reader in DRAWN_MM
            for path in sealed.with_name(f"sealed {units[0]} {reader}").rglob("*.nii.gz")
        ]
        asked = {
            "store": small.place,
            "senior": SENIOR,
            "units": units,
            "dicom": [str(folder) for folder in source.folders.values()],
            "masks": masks,
        }
        sys.stdout.write(answer_of(arguments.slicer, SCRIPT, Path(scratch), asked, display) + "\n")


if __name__ == "__main__":
    main()
