"""Phantoms built once for all processes of a test run: the first that asks builds, the others read what it left."""

from __future__ import annotations

import dataclasses
import functools
import os
import pickle
import shutil
import tempfile
from pathlib import Path

from crc_core.files.file_lock import locked
from crc_core.phantom import Fault, Phantom, build_phantom

_FOLDER = "CRC_TEST_PHANTOMS"
"""The variable that tells the workers of a run, which inherit it, where the phantoms lie."""

IN_IMAGES = frozenset(
    (
        *(Fault.METAL, Fault.MOTION, Fault.LATE_PORTAL, Fault.TILT),
        *(Fault.THICK_SLICES, Fault.CUT_OFF_COVERAGE, Fault.CUT_OFF_FIELD),
    )
)
"""The faults that show in voxels; the others are made when the files are written."""


def begin() -> Path | None:
    """Make the folder of this run; None where an outer process has made it."""
    if _FOLDER in os.environ:
        return None
    os.environ[_FOLDER] = tempfile.mkdtemp(prefix="crc-phantoms-")
    return Path(os.environ[_FOLDER])


def end(folder: Path) -> None:
    """Take away the folder that `begin` made."""
    shutil.rmtree(folder)
    del os.environ[_FOLDER]


def phantom(seed: int = 1, *faults: Fault, time_point: int = 0, primaries: int = 1) -> Phantom:
    """The test-size phantom, to be left as it is: whoever wants to change one copies it first."""
    shown = IN_IMAGES.intersection(faults)
    return dataclasses.replace(_built(seed, shown, time_point, primaries), faults=frozenset(faults))


@functools.lru_cache(maxsize=6)
def _built(seed: int, faults: frozenset[Fault], time_point: int, primaries: int) -> Phantom:
    name = "_".join((str(seed), *sorted(fault.value for fault in faults), f"T{time_point}", f"P{primaries}"))
    kept = Path(os.environ[_FOLDER]) / name
    with locked(kept.with_suffix(".lock")):
        if kept.exists():
            return pickle.loads(kept.read_bytes())
        made = build_phantom(seed, faults=faults, time_point=time_point, primaries=primaries)
        kept.write_bytes(pickle.dumps(made, pickle.HIGHEST_PROTOCOL))
        return made
