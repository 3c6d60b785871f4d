"""The annotator inside a real Slicer: opening against Slicer's DICOM module, and every slot of ours while drawing.

    python Testing/Benchmarks/bench_slicer.py --slicer PATH [--phases 4] [--slices 600] [--repeat 3] [--sections 20]

Prints one JSON document. Both ways open the same files, series of 512×512: Slicer imports them into an empty database
and loads them; ours opens the unit from the store as a reader does, grids and voxels compared with their
registration. A slot is what Slicer's event loop, VTK or a timer calls of ours; what it calls in turn is part of it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
for _name in ("Slicer", "Support"):
    sys.path.insert(0, str(ROOT / "Testing" / _name))

from crc_core.vocabulary import CT_PHASES, Role  # noqa: E402
from dicom_support import Stack  # noqa: E402  the support folder is not installed
from run_slicer import command, screen  # noqa: E402
from small_store import READER, SmallStore  # noqa: E402

SCRIPT = Path(__file__).with_name("slicer_bench.py")
SPACING_MM = (1.0, 0.68, 0.68)
SIZE = 512


def body(role: Role, slices: int) -> Stack:
    """A body of soft tissue in air with a lesion of 60 mm in its middle, of every phase another."""
    k, j, i = (np.arange(count, dtype=np.float32) - count / 2 for count in (slices, SIZE, SIZE))
    noise = np.random.default_rng(len(CT_PHASES) + CT_PHASES.index(role)).integers(
        -12, 13, (SIZE, SIZE), dtype=np.int16
    )
    inside = ((j[:, None] / 180) ** 2 + (i[None, :] / 220) ** 2) < 1
    plane = np.where(inside, 1024 + 45, 24).astype(np.int16) + noise * inside
    array = np.repeat(plane[None], slices, axis=0)
    far = np.hypot(j[:, None], i[None, :]) * SPACING_MM[1]
    for number in np.flatnonzero(np.abs(k) < 30):
        array[number][np.hypot(far, k[number]) < 30] += 50
    origin = (-SIZE / 2 * SPACING_MM[2], -SIZE / 2 * SPACING_MM[1], -slices / 2 * SPACING_MM[0])
    return Stack(array.astype(np.uint16), SPACING_MM, origin_lps_mm=origin, series=role.value, study="large")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--slicer", type=Path, required=True)
    parser.add_argument("--phases", type=int, choices=range(1, 5), default=4)
    parser.add_argument("--slices", type=int, default=600)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--sections", type=int, default=20, help="how many outlines and strokes are drawn")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, screen() as display:
        small = SmallStore(Path(scratch))
        others = [role for role in CT_PHASES if role is not Role.PVP]
        roles = [Role.PVP, *others[: arguments.phases - 1]]
        source = small.written("dicom", {role: body(role, arguments.slices) for role in roles})
        units = [small.add(source=source) for _ in range(arguments.repeat)]
        asked = {
            "store": small.place,
            "reader": READER,
            "units": units,
            "dicom": [str(folder) for folder in source.folders.values()],
            "sections": arguments.sections,
        }
        sys.stdout.write(answer_of(arguments.slicer, SCRIPT, Path(scratch), asked, display) + "\n")


def answer_of(slicer: Path, script: Path, scratch: Path, asked: dict[str, Any], display: str | None) -> str:
    """What a script inside Slicer wrote down; it finds what is asked in `CRC_BENCH`."""
    answer = scratch / "answer.json"
    told = json.dumps({**asked, "scratch": str(scratch), "answer": str(answer)})
    environment = {**os.environ, "CRCDATABASE_HOME": str(scratch / "home"), "CRC_BENCH": told}
    if display:
        environment["DISPLAY"] = display
    ran = subprocess.run(command(slicer, script), env=environment, stdout=subprocess.DEVNULL)
    if not answer.exists():
        raise SystemExit(f"Slicer ended with {ran.returncode} and without an answer")
    return answer.read_text(encoding="utf-8")


if __name__ == "__main__":
    main()
