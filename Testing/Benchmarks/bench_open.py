"""Opening a study of four phases × 600 uncompressed slices, against SimpleITK doing the same in the same run.

    python Testing/Benchmarks/bench_open.py [--slices 600] [--repeat 3] [--folder DIR]

Prints one JSON document: seconds of both, their ratio, and whether voxels and grids are equal.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import SimpleITK

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Testing" / "Support"))

from crc_core.dicom.index import index_folder  # noqa: E402
from crc_core.dicom.volume import open_series  # noqa: E402
from crc_core.geometry.grid import Grid, Volume  # noqa: E402
from dicom_support import Stack  # noqa: E402  the support folder is not installed

PHASES = 4


def make(folder: Path, slices: int, size: int = 512) -> None:
    """Four phases of `slices` images, each in a folder of its own, with tags as a scanner writes them."""
    rng = np.random.default_rng(1)
    plane = rng.integers(0, 2000, (size, size), dtype=np.uint16)
    tags = {f"{name}Description": "x" * 30 for name in ("Study", "Series")} | {"KVP": 120, "SliceThickness": 1}
    for phase in range(PHASES):
        array = np.broadcast_to(plane, (slices, size, size)) + np.arange(slices, dtype=np.uint16)[:, None, None]
        stack = Stack(array, spacing_mm=(1.0, 0.68, 0.68), series=f"phase {phase}", tags=tags)
        stack.write(folder / f"phase{phase}")


def ours(folder: Path, cache: Path) -> list[Volume]:
    """Index the folder anew and open every series."""
    return [open_series(series) for series in index_folder(folder, cache=cache).series]


def theirs(folder: Path) -> list[SimpleITK.Image]:
    """GetGDCMSeriesFileNames and ReadImage for every series."""
    images = []
    for part in sorted(folder.iterdir()):
        images.append(SimpleITK.ReadImage(SimpleITK.ImageSeriesReader.GetGDCMSeriesFileNames(str(part))))
    return images


def are_equal(volume: Volume, image: SimpleITK.Image) -> bool:
    """Whether voxels and grid are the same."""
    array = SimpleITK.GetArrayViewFromImage(image)
    matrix = np.eye(4)
    matrix[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    matrix[:3, 3] = image.GetOrigin()
    return bool(np.array_equal(volume.array, array)) and volume.grid.same_as(Grid.from_lps(array.shape, matrix))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--slices", type=int, default=600)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.folder or Path(scratch) / "study"
        if not folder.is_dir():
            make(folder, arguments.slices)
        # A fresh machine hands out its memory slowly the first time; both readers then find it warm.
        np.ones(PHASES * arguments.slices * 512 * 512, dtype=np.int16)
        seconds: dict[str, list[float]] = {"ours": [], "simpleitk": []}
        is_equal = True
        for number in range(arguments.repeat):
            start = time.perf_counter()
            volumes = ours(folder, Path(scratch) / f"cache{number}")
            seconds["ours"].append(time.perf_counter() - start)
            start = time.perf_counter()
            images = theirs(folder)
            seconds["simpleitk"].append(time.perf_counter() - start)
            is_equal &= all(are_equal(volume, image) for volume, image in zip(volumes, images, strict=True))
            del volumes, images
        best = {name: min(values) for name, values in seconds.items()}
        document = {
            "phases": PHASES,
            "slices": arguments.slices,
            "ours_s": round(best["ours"], 3),
            "simpleitk_s": round(best["simpleitk"], 3),
            "ratio": round(best["simpleitk"] / best["ours"], 2),
            "aim_ratio": 2.5,
            "equal": is_equal,
        }
        sys.stdout.write(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main()
