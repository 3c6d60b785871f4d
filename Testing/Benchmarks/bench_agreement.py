"""Agreement of two masks at 600×512×512 from .nii.gz against SimpleITK and MedPy doing the same, in one run.

`python Testing/Benchmarks/bench_agreement.py [--json] [--batch N]`. A tumour and eight liver lesions as two readers
would draw them. The work: read both files, Dice, Jaccard, HD, HD95, ASSD, surface Dice (ours only), lesion by lesion,
write the union and verify it. The peers are spared what they need not do: they work on the joint box of both masks, and
lesion by lesion they measure Dice alone.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK
from crc_core.agreement import Comparison, PairJob, all_lesions, compare_many, compare_prepared, prepare
from crc_core.agreement.union import union_prepared
from crc_core.cli.agree_command import read_masks
from crc_core.files.nifti import read_mask, write_volume
from crc_core.geometry import Grid, Volume
from medpy.metric import binary as medpy
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

SHAPE = (600, 512, 512)
SPACING_IJK_MM = (0.7, 0.7, 1.0)
TUMOUR = ((140, 300, 260), (36, 30, 32))
LIVER = [((350 + 22 * n, 190 + 14 * n, 140 + 31 * (n % 4)), (7 + n,) * 3) for n in range(8)]


def lesion(mask: NDArray[np.uint8], number: int, place: tuple, rng: np.random.Generator, roughness: float) -> None:
    """Draw one rough ellipsoid (centre and half axes in voxels) into the mask."""
    centre, half = (np.array(part, dtype=float) for part in place)
    first = (centre - 1.5 * half - 3).astype(int)
    box = tuple(slice(start, start + int(3 * axis + 7)) for start, axis in zip(first, half, strict=True))
    offsets = np.ogrid[box]
    radius = sum(((axis - middle) / size) ** 2 for axis, middle, size in zip(offsets, centre, half, strict=True)) ** 0.5
    wobble = gaussian_filter(rng.standard_normal(radius.shape), 4)
    mask[box][radius + roughness * wobble / wobble.std() < 1] = number


def reader(seed: int) -> Volume:
    """One reader's mask: tumour 1, liver lesions 2 to 9, each a little elsewhere and a little rough."""
    rng = np.random.default_rng(seed)
    mask = np.zeros(SHAPE, np.uint8)
    for number, (centre, half) in enumerate([TUMOUR, *LIVER], 1):
        moved = tuple(c + rng.uniform(-0.7, 0.7) for c in centre)
        lesion(mask, number, (moved, half), rng, 0.04)
    return Volume(mask, Grid.from_spacing(SHAPE, SPACING_IJK_MM))


def ours(paths: list[Path], out: Path) -> Comparison:
    """Everything `crcdb agree A B --union OUT` does."""
    first, second = read_masks(paths)
    comparison = compare_prepared(first, second)
    write_volume(out, union_prepared(first, second, all_lesions(comparison)).volume)
    return comparison


def peers(paths: list[Path], out: Path) -> dict[str, float]:
    """The same by SimpleITK (reading, overlap, HD, union) and MedPy (HD95, ASSD) on the joint box."""
    images = [SimpleITK.ReadImage(str(path)) for path in paths]
    overlap = SimpleITK.LabelOverlapMeasuresImageFilter()
    overlap.Execute(*images)
    lesions = {number: overlap.GetDiceCoefficient(number) for number in range(1, 10)}
    masks = [image > 0 for image in images]
    union = SimpleITK.Maximum(*images)
    shape = SimpleITK.LabelShapeStatisticsImageFilter()
    shape.Execute(union > 0)
    box = shape.GetBoundingBox(1)
    cropped = [SimpleITK.RegionOfInterest(mask, box[3:], box[:3]) for mask in masks]
    hausdorff = SimpleITK.HausdorffDistanceImageFilter()
    hausdorff.Execute(*cropped)
    arrays = [SimpleITK.GetArrayFromImage(mask) for mask in cropped]
    spacing = SPACING_IJK_MM[::-1]
    found = {
        "dice": medpy.dc(*arrays),
        "jaccard": medpy.jc(*arrays),
        "hd_mm": hausdorff.GetHausdorffDistance(),
        "hd95_mm": medpy.hd95(*arrays, spacing),
        "assd_mm": medpy.assd(*arrays, spacing),
        "least_lesion_dice": min(lesions.values()),
    }
    SimpleITK.WriteImage(union, str(out), useCompression=True)
    back = SimpleITK.ReadImage(str(out))
    if not (SimpleITK.GetArrayViewFromImage(back) == SimpleITK.GetArrayViewFromImage(union)).all():
        raise RuntimeError("the union reads back differently")
    return found


def decompress(paths: list[Path]) -> None:
    """Only decompress both files, one after the other."""
    for path in paths:
        zlib.decompress(path.read_bytes(), 31)


def command(paths: list[Path], out: Path) -> None:
    """The command itself, with the start of Python."""
    words = [sys.executable, "-m", "crc_core.cli.main", "agree", *map(str, paths), "--union", str(out), "--json"]
    subprocess.run(words, check=False, stdout=subprocess.DEVNULL)


def seconds(work: Callable[[], object], times: int) -> float:
    """The median of several runs, the first one not counted where there are several."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken[1:] or taken)


def measure(folder: Path, pairs: int) -> dict[str, float]:
    """All times in seconds and the ratios aimed at, for files by us and by SimpleITK; `pairs` in a batch at the end."""
    volumes = [reader(seed) for seed in (1, 2)]
    by_us = [folder / "a.nii.gz", folder / "b.nii.gz"]
    by_itk = [folder / "itk-a.nii.gz", folder / "itk-b.nii.gz"]
    for path, other, volume in zip(by_us, by_itk, volumes, strict=True):
        write_volume(path, volume)
        SimpleITK.WriteImage(SimpleITK.ReadImage(str(path)), str(other), useCompression=True)
    out = folder / "union.nii.gz"
    comparison, witness = ours(by_us, out), peers(by_itk, folder / "itk-union.nii.gz")
    check(comparison, witness, read_mask(out), volumes)
    found = {"tumour_ml": comparison.millilitres(comparison.pairs[0].size_a), "dice": comparison.overlap.dice or 0.0}
    for name, paths in (("our_files", by_us), ("itk_files", by_itk)):
        ours_s, zlib_s = seconds(lambda p=paths: ours(p, out), 8), seconds(lambda p=paths: decompress(p), 8)
        found[f"{name}_ours_s"] = ours_s
        found[f"{name}_command_s"] = seconds(lambda p=paths: command(p, out), 6)
        found[f"{name}_decompress_both_s"] = zlib_s
        peers_s = seconds(lambda p=paths: peers(p, folder / "itk-union.nii.gz"), 1)
        found[f"{name}_peers_s"] = peers_s
        found[f"{name}_ours_to_decompress"] = ours_s / zlib_s
        found[f"{name}_peers_to_ours"] = peers_s / ours_s
    first, second = read_masks(by_us)
    found["compare_only_s"] = seconds(lambda: compare_prepared(prepare(volumes[0]), prepare(volumes[1])), 6)
    found["union_only_s"] = seconds(lambda: union_prepared(first, second, all_lesions(comparison)), 6)
    return found | (batch_only(folder, pairs) if pairs else {})


def batch_only(folder: Path, pairs: int) -> dict[str, float]:
    """The batch alone, on masks at half the resolution, so that hundreds of pairs take minutes."""
    paths = [folder / f"half-{seed}.nii.gz" for seed in (1, 2)]
    for seed, path in zip((1, 2), paths, strict=True):
        whole = reader(seed)
        matrix = whole.grid.ijk_to_ras.copy()
        matrix[:3, :3] *= 2
        half = np.ascontiguousarray(whole.array[::2, ::2, ::2])
        write_volume(path, Volume(half, Grid(half.shape, matrix)))
    return measure_batch(paths, pairs)


def measure_batch(paths: list[Path], pairs: int) -> dict[str, float]:
    """Pairs per second with one worker and with one per core, and the most memory that a worker took.

    In a process of its own: what a process forks is charged with its own memory at first.
    """
    words = [sys.executable, __file__, "--batch", str(pairs), "--batch-of", *map(str, paths)]
    return dict(json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout))


def run_batch(paths: list[Path], pairs: int) -> dict[str, float]:
    """What `measure_batch` tells, measured here."""
    jobs = [PairJob(str(number), *paths) for number in range(pairs)]
    list(compare_many(jobs[: max(pairs // 10, 4)]))
    early_mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    workers: dict[int, list[Moment]] = {}
    all_s = seconds(lambda: watch(jobs, workers), 1)
    peak_mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    before = moment("self")
    one_s = seconds(lambda: list(compare_many(jobs, workers=1)), 1)
    after = moment("self")
    found = {
        "batch_pairs": pairs,
        "batch_one_worker_pairs_per_s": pairs / one_s,
        "batch_all_cores_pairs_per_s": pairs / all_s,
        "batch_gain": one_s / all_s,
        "batch_worker_peak_mib": peak_mib,
        "batch_peak_to_that_of_a_tenth": peak_mib / early_mib,
    }
    if before is None or after is None or len(workers) < 2:
        return found
    return found | without_others(workers, (after.ran_s - before.ran_s) / pairs, pairs)


@dataclass(frozen=True)
class Moment:
    """How long a process had run and had stood ready without a core, by a clock, in seconds."""

    clock_s: float
    ran_s: float
    ready_s: float


def moment(process: int | str) -> Moment | None:
    """Of a process now; None where the system does not tell (any but Linux)."""
    try:
        ran, ready, _ = Path(f"/proc/{process}/schedstat").read_text().split()
    except OSError:
        return None
    return Moment(time.perf_counter(), int(ran) / 1e9, int(ready) / 1e9)


def watch(jobs: list[PairJob], workers: dict[int, list[Moment]]) -> None:
    """Compare all pairs on all cores; of every worker the first and the last moment with work at hand."""
    for _ in compare_many(jobs):
        for worker in multiprocessing.active_children():
            now = moment(worker.pid)
            if now is not None:
                workers.setdefault(worker.pid, [])[1:] = [now]


def without_others(workers: dict[int, list[Moment]], alone_s: float, pairs: int) -> dict[str, float]:
    """What several workers gain where nobody else wants the cores, told also by a machine that is in use.

    A worker that neither ran nor stood ready waited for work. What a pair costs beside other workers, against alone,
    tells of shared memory; the two together are the gain.
    """
    spans = [(first, last) for first, last in workers.values()]
    ran_s = sum(last.ran_s - first.ran_s for first, last in spans)
    ready_s = sum(last.ready_s - first.ready_s for first, last in spans)
    idle = max(0.0, 1 - (ran_s + ready_s) / sum(last.clock_s - first.clock_s for first, last in spans))
    beside_s = ran_s / (pairs - len(workers))
    return {
        "batch_processor_s_per_pair_alone": alone_s,
        "batch_processor_s_per_pair_beside": beside_s,
        "batch_share_of_waiting_for_work": idle,
        "batch_gain_without_others": len(workers) * (1 - idle) * alone_s / beside_s,
    }


def check(comparison: Comparison, witness: dict[str, float], united: Volume, volumes: list[Volume]) -> None:
    """The answers must be the same before times mean anything; MedPy measures between voxels, not corners."""
    surface = comparison.surface
    if surface is None or abs(surface.hd_mm - witness["hd_mm"]) > 1e-4:
        raise RuntimeError("HD differs")
    if abs((comparison.overlap.dice or 0) - witness["dice"]) > 1e-9:
        raise RuntimeError("Dice differs")
    if abs(surface.hd95_mm - witness["hd95_mm"]) > 1.5 or abs(surface.assd_mm - witness["assd_mm"]) > 0.5:
        raise RuntimeError("HD95 or ASSD is more than a voxel away")
    if not ((united.array > 0) == ((volumes[0].array > 0) | (volumes[1].array > 0))).all():
        raise RuntimeError("the union is not the union")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--batch", type=int, default=0, metavar="N")
    parser.add_argument("--only-batch", action="store_true")
    parser.add_argument("--batch-of", nargs=2, type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.batch_of:
        sys.stdout.write(json.dumps(run_batch(arguments.batch_of, arguments.batch)))
        return
    with tempfile.TemporaryDirectory() as folder:
        only = arguments.only_batch
        found = (batch_only if only else measure)(Path(folder), arguments.batch)
    if arguments.json:
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
        return
    for name, value in found.items():
        sys.stdout.write(f"{name:36} {value:8.3f}\n")


if __name__ == "__main__":
    main()
