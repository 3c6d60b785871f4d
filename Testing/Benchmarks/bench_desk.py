"""Opening a unit of four phases × 600 slices at the reader's desk against SimpleITK; longest step; filling; saving.

    python Testing/Benchmarks/bench_desk.py [--slices 600] [--repeat 3]

Prints one JSON document. The unit is opened as a reader opens it: index made anew, grids compared, the source's voxels
compared with their registration. SimpleITK does what a script would do: series names and reading, nothing compared.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Testing" / "Support"))

from bench_open import make, theirs  # noqa: E402  a neighbour
from crc_core.contour.segment_key import SegmentKey  # noqa: E402
from crc_core.desk.filling import fill_between  # noqa: E402
from crc_core.desk.keeper_frames import encode_frame, read_frame  # noqa: E402
from crc_core.desk.keeping import slot_of  # noqa: E402
from crc_core.desk.opening import open_unit  # noqa: E402
from crc_core.desk.recovery import Recovery  # noqa: E402
from crc_core.dicom.index import index_folder  # noqa: E402
from crc_core.dicom.volume import open_series, pixel_sha256  # noqa: E402
from crc_core.files.records import to_document  # noqa: E402
from crc_core.geometry import Grid  # noqa: E402
from crc_core.text import Lang  # noqa: E402
from crc_core.vocabulary import CT_PHASES, Mode, Role, Target  # noqa: E402
from crc_core.workflow.payloads import Binding, SeriesRecord  # noqa: E402
from desk_support import UNIT, some_work, unit_view, with_lesions  # noqa: E402


class Shelf:
    """A store that only gives out images."""

    def __init__(self, folder: Path) -> None:
        self._folders = {role: folder / f"phase{number}" for number, role in enumerate(CT_PHASES)}

    def open_image(self, unit: object, role: Role, viewer: str) -> tuple[Path, ...]:
        return tuple(sorted(self._folders[role].iterdir()))

    def records(self) -> tuple[SeriesRecord, ...]:
        return tuple(self._record(role, folder) for role, folder in self._folders.items())

    def _record(self, role: Role, folder: Path) -> SeriesRecord:
        (series,) = index_folder(folder).series
        volume = open_series(series)
        matrix = tuple(tuple(float(cell) for cell in row) for row in volume.grid.ijk_to_ras)
        digest = pixel_sha256(volume) if role is Role.PVP else "0" * 64
        return SeriesRecord(
            role,
            UNIT.series_code(role),
            series.series_uid,
            digest,
            len(series.instances),
            volume.grid.shape_kji,
            matrix,
        )


def opened(shelf: Shelf, records: tuple[SeriesRecord, ...]) -> tuple[int, float]:
    """Open everything; how many images came, and the longest step in seconds."""
    bound = (Binding(Target.PRIMARY, Role.PVP, UNIT.series_code(Role.PVP), Mode.DIRECT),)
    view = unit_view(series=records, bindings=bound)
    volumes, longest, start = [], 0.0, time.perf_counter()
    for step in open_unit(shelf, view, "wang", Lang.EN):  # type: ignore[arg-type]
        now = time.perf_counter()
        longest, start = max(longest, now - start), now
        if step.error is not None:
            raise step.error
        volumes += [] if step.volume is None else [step.volume]
    return len(volumes), longest


def best_of(repeat: int, call: Callable[[], Any]) -> float:
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def filling_s(repeat: int) -> float:
    """Filling a lesion of 140×120 pixels over 60 slices, drawn on every fourth one, on a crop of 200×200×60."""
    k, j, i = np.indices((60, 200, 200))
    truth = ((k - 30) / 29) ** 2 + ((j - 100) / 70) ** 2 + ((i - 95) / 60) ** 2 < 1
    truth[~np.isin(np.arange(60), np.arange(1, 60, 4))] = False
    return best_of(repeat, lambda: fill_between(truth))


def saving_s(repeat: int, home: Path) -> tuple[float, float]:
    """One save of a segment of 200×200×60 voxels: in the window, and in the keeper."""
    work = with_lesions(some_work(), Target.PRIMARY, 1)
    inside = np.random.default_rng(1).random((60, 200, 200)) > 0.5
    grid = Grid.from_spacing((600, 512, 512), (0.7, 0.7, 0.8))
    box = (slice(100, 160), slice(100, 300), slice(100, 300))
    label, document, key = slot_of(work).label, to_document(work), SegmentKey(Target.PRIMARY, 1)
    encoded: list[bytes] = []

    def in_the_window() -> None:
        encoded[:] = [encode_frame(1, label, document, {key: (box, inside, grid)})]

    window_s, recovery = best_of(repeat, in_the_window), Recovery(home)

    def aside() -> None:
        frame = read_frame(io.BytesIO(encoded[0]))
        assert frame is not None
        recovery.write(frame.label, frame.document, frame.masks)

    return window_s, best_of(repeat, aside)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--slices", type=int, default=600)
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "study"
        make(folder, arguments.slices)
        np.ones(len(CT_PHASES) * arguments.slices * 512 * 512, dtype=np.int16)
        os.environ["CRC_CACHE"] = str(Path(scratch) / "registered")
        shelf = Shelf(folder)
        records = shelf.records()
        ours, peer, longest = [], [], []
        for number in range(arguments.repeat):
            os.environ["CRC_CACHE"] = str(Path(scratch) / f"cache{number}")
            start = time.perf_counter()
            count, step_s = opened(shelf, records)
            ours.append(time.perf_counter() - start)
            longest.append(step_s)
            assert count == len(CT_PHASES)
            start = time.perf_counter()
            images: list[SimpleITK.Image] = theirs(folder)
            peer.append(time.perf_counter() - start)
            del images
        window_s, keeper_s = saving_s(arguments.repeat, Path(scratch) / "home")
        document = {
            "slices": arguments.slices,
            "open_unit_s": round(min(ours), 3),
            "simpleitk_s": round(min(peer), 3),
            "ratio": round(min(peer) / min(ours), 2),
            "aim_ratio": 2.5,
            "longest_step_s": round(min(longest), 3),
            "fill_between_s": round(filling_s(arguments.repeat), 3),
            "save_in_window_s": round(window_s, 4),
            "save_in_keeper_s": round(keeper_s, 4),
        }
        sys.stdout.write(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main()
