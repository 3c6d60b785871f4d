"""Phantoms made once for all processes of a test run: the first that asks makes one, the others read what it left."""

from __future__ import annotations

import dataclasses
import functools
import os
import pickle
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from crc_core.files.file_lock import locked
from crc_core.phantom import Fault, Phantom, build_phantom

Made = TypeVar("Made")
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


def end(made: Path) -> None:
    """Take away the folder that `begin` made."""
    shutil.rmtree(made)
    del os.environ[_FOLDER]


def phantom(seed: int = 1, *faults: Fault, time_point: int = 0, primaries: int = 1) -> Phantom:
    """The test-size phantom, to be left as it is: whoever wants to change one copies it first."""
    shown = IN_IMAGES.intersection(faults)
    return dataclasses.replace(_built(seed, shown, time_point, primaries), faults=frozenset(faults))


@functools.lru_cache(maxsize=6)
def _built(seed: int, faults: frozenset[Fault], time_point: int, primaries: int) -> Phantom:
    name = "_".join((named(seed, faults), f"T{time_point}", f"P{primaries}"))
    return once(name, lambda: build_phantom(seed, faults=faults, time_point=time_point, primaries=primaries))


def named(seed: int, faults: Iterable[Fault]) -> str:
    """A file name for an examination."""
    return "_".join((str(seed), *sorted(fault.value for fault in faults)))


def once(name: str, make: Callable[[], Made]) -> Made:
    """What `make` makes, made by the first process of the run that asks for `name`."""
    kept = folder() / name
    with locked(kept.with_suffix(".lock")):
        if kept.exists():
            return pickle.loads(kept.read_bytes())
        made = make()
        kept.write_bytes(pickle.dumps(made, pickle.HIGHEST_PROTOCOL))
        return made


def folder() -> Path:
    """The folder of this run."""
    return Path(os.environ[_FOLDER])
