"""Subtraction, checks, measurements and density at 600×512×512 against SimpleITK's statistics, in one run.

`python Testing/Benchmarks/bench_contour.py [--json]`. A ring-shaped primary with both edges and eight liver lesions on
a CT with noise, all in memory. The peer does what Slicer's Segment Statistics does by default, volume and centroid of
every lesion and its densities, by ITK's own filters, and for the subtraction ITK's mask filter. Memory is the peak of
what was allocated on the way, results included, over the size of the arrays given.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable

import numpy as np
import SimpleITK
from crc_core.contour import inspect, measure, sample_densities, subtract
from crc_core.geometry import Grid, Volume
from crc_core.vocabulary import Role, Target
from numpy.typing import NDArray

SHAPE = (600, 512, 512)
GRID = Grid.from_spacing(SHAPE, (0.7, 0.7, 1.0), (-179.2, -179.2, 0.0))
PRIMARY = ((140, 300, 260), (36, 30, 32))
LUMEN = ((140, 302, 263), (60, 17, 18))
LIVER = [((350 + 22 * n, 190 + 14 * n, 140 + 31 * (n % 4)), (7 + n,) * 3) for n in range(8)]
AIMED_SECONDS, AIMED_TIMES, AIMED_MEMORY = 0.2, 5.0, 1.3


def ball(mask: NDArray, number: int, centre: tuple[int, ...], half: tuple[int, ...]) -> None:
    """Put one ellipsoid (centre and half axes in voxels) into the mask."""
    box = tuple(slice(c - h - 1, c + h + 2) for c, h in zip(centre, half, strict=True))
    offsets = np.ogrid[box]
    away = sum(((axis - c) / h) ** 2 for axis, c, h in zip(offsets, centre, half, strict=True))
    mask[box][away <= 1] = number


def study() -> tuple[Volume, Volume, Volume, Volume]:
    """CT, outer edge, inner edge, liver mask."""
    rng = np.random.default_rng(1)
    outer, inner, liver = (np.zeros(SHAPE, np.uint8) for _ in range(3))
    ball(outer, 1, *PRIMARY)
    ball(inner, 1, *LUMEN)
    for number, place in enumerate(LIVER, 1):
        ball(liver, number, *place)
    slab = rng.integers(-15, 16, (8, *SHAPE[1:]), dtype=np.int16)
    ct = np.tile(slab, (SHAPE[0] // 8, 1, 1))
    ct += 100
    ct[inner > 0] -= 1000
    ct[liver > 0] -= 35
    return Volume(ct, GRID), Volume(outer, GRID), Volume(inner, GRID), Volume(liver, GRID)


def seconds(work: Callable[[], object], runs: int = 5) -> float:
    """The median of several runs, the first one dropped."""
    taken = []
    for _ in range(runs + 1):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken[1:])


def memory_share(work: Callable[[], object], arrays: tuple[Volume, ...]) -> float:
    """(Arrays given + peak allocated on the way) over arrays given."""
    given = sum(volume.array.nbytes for volume in arrays)
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return (given + peak) / given


def peer_statistics(mask: SimpleITK.Image, ct: SimpleITK.Image) -> None:
    """Volume, centroid and mean HU of every label."""
    shape = SimpleITK.LabelShapeStatisticsImageFilter()
    shape.ComputePerimeterOff()
    shape.Execute(mask)
    values = SimpleITK.LabelStatisticsImageFilter()
    values.UseHistogramsOff()
    values.Execute(ct, mask)


def run() -> dict[str, dict[str, float]]:
    """Seconds, times faster than the peer, and memory share of each piece of work."""
    ct, outer, inner, liver = study()
    wall = subtract(outer, inner)
    picture = {id(volume): SimpleITK.GetImageFromArray(volume.array) for volume in (ct, outer, inner, liver, wall)}
    edges = {"outer": outer, "inner": inner}
    primary, hepatic = {"target": Target.PRIMARY}, {"target": Target.LIVER}
    images = {Role.PVP: ct}
    cut = seconds(lambda: SimpleITK.MaskNegated(picture[id(outer)], picture[id(inner)]))
    of_wall = seconds(lambda: peer_statistics(picture[id(wall)], picture[id(ct)]), 1)
    of_liver = seconds(lambda: peer_statistics(picture[id(liver)], picture[id(ct)]), 1)
    # The result of a subtraction is an array of its own: it counts as one of the arrays.
    works: dict[str, tuple[Callable[[], object], tuple[Volume, ...], float]] = {
        "subtract": (lambda: subtract(outer, inner), (outer, inner, wall), cut),
        "measure primary": (lambda: measure(wall, **primary, **edges), (wall, outer, inner), of_wall),
        "measure 8 liver lesions": (lambda: measure(liver, **hepatic), (liver,), of_liver),
        "inspect primary": (lambda: inspect(wall, ct, **primary, **edges), (wall, ct, outer, inner), of_wall),
        "inspect 8 liver lesions": (lambda: inspect(liver, ct, **hepatic), (liver, ct), of_liver),
        "density of primary": (lambda: sample_densities(wall, images, **primary), (wall, ct), of_wall),
        "density of 8 liver lesions": (lambda: sample_densities(liver, images, **hepatic), (liver, ct), of_liver),
    }
    result = {}
    for name, (work, arrays, peer) in works.items():
        taken = seconds(work)
        share = memory_share(work, arrays) - (wall.array.nbytes / _bytes(arrays) if name == "subtract" else 0.0)
        result[name] = {"seconds": taken, "peer_seconds": peer, "times_faster": peer / taken, "memory_share": share}
    return result


def _bytes(arrays: tuple[Volume, ...]) -> int:
    return sum(volume.array.nbytes for volume in arrays)


def main() -> int:
    """Print the table; 1 where an aim is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    arguments = parser.parse_args()
    result = run()
    if arguments.json:
        sys.stdout.write(json.dumps(result, indent=2) + "\n")
    else:
        for name, figures in result.items():
            sys.stdout.write(
                f"{name:28} {figures['seconds']:.3f} s, peer {figures['peer_seconds']:.2f} s, "
                f"{figures['times_faster']:.0f} times faster, memory {figures['memory_share']:.2f}\n"
            )
    missed = [
        name
        for name, figures in result.items()
        if figures["seconds"] > AIMED_SECONDS
        or figures["times_faster"] < AIMED_TIMES
        or figures["memory_share"] > AIMED_MEMORY
    ]
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
