"""Indexing 10,000 instances, against pydicom reading only the needed tags in the same run, and the same folder again.

    python Testing/Benchmarks/bench_scan.py [--instances 10000] [--repeat 3]

Prints one JSON document: seconds, ratios, peak of Python's memory, how often each file was opened.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import pydicom

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Testing" / "Support"))

from crc_core.dicom.index import FolderIndex, index_folder  # noqa: E402
from crc_core.dicom.instance import WANTED_TAGS  # noqa: E402
from dicom_support import Stack  # noqa: E402  the support folder is not installed

SERIES = 20


def make(folder: Path, instances: int) -> None:
    """`instances` small images in twenty series with about a hundred elements each."""
    count = instances // SERIES
    for number in range(SERIES):
        stack = Stack(np.zeros((count, 64, 64), dtype=np.uint16), series=f"s{number}", tags={"SeriesNumber": number})
        datasets = stack.datasets()
        (folder / f"s{number}").mkdir(parents=True)
        for k, dataset in enumerate(datasets):
            block = dataset.private_block(0x0029, "BENCHMARK", create=True)
            for element in range(60):
                block.add_new(element, "LO", f"private value {element}")
            dataset.file_meta = pydicom.dataset.FileMetaDataset()
            dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
            dataset.save_as(folder / f"s{number}" / f"{k:05d}.dcm", enforce_file_format=True)


def by_pydicom(folder: Path) -> int:
    """Read the same tags of every file with pydicom."""
    tags = sorted(WANTED_TAGS)
    count = 0
    for path in sorted(folder.rglob("*.dcm")):
        pydicom.dcmread(path, stop_before_pixels=True, specific_tags=tags)
        count += 1
    return count


def timed_index(folder: Path, cache: Path) -> tuple[float, FolderIndex]:
    """Seconds to index the folder and to group it into series."""
    start = time.perf_counter()
    index = index_folder(folder, cache=cache)
    assert index.patients
    return time.perf_counter() - start, index


def peak_mb(folder: Path, cache: Path) -> float:
    """The peak of Python's memory while indexing, in MB."""
    tracemalloc.start()
    index_folder(folder, cache=cache)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def main() -> None:
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--instances", type=int, default=10_000)
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "study"
        make(folder, arguments.instances)
        first, again, peer = [], [], []
        for number in range(arguments.repeat):
            cache = Path(scratch) / f"cache{number}"
            seconds, index = timed_index(folder, cache)
            first.append(seconds)
            assert len(index.instances) == arguments.instances // SERIES * SERIES
            again.append(timed_index(folder, cache)[0])
            start = time.perf_counter()
            by_pydicom(folder)
            peer.append(time.perf_counter() - start)
        document = {
            "instances": arguments.instances,
            "first_s": round(min(first), 3),
            "again_s": round(min(again), 3),
            "pydicom_s": round(min(peer), 3),
            "first_to_pydicom": round(min(first) / min(peer), 3),
            "aim_first_to_pydicom": 1.3,
            "again_faster_than_first": round(min(first) / min(again), 1),
            "again_faster_than_pydicom": round(min(peer) / min(again), 1),
            "aim_again_faster": 20,
            "peak_mb": round(peak_mb(folder, Path(scratch) / "peak"), 1),
        }
        sys.stdout.write(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main()
