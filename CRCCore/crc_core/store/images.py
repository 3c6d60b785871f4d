"""Images in a store: the one stack of a series folder, its pixels compared with what was registered."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from crc_core.errors import CrcError
from crc_core.files.atomic import naming
from crc_core.files.sealed import MANIFEST_NAME
from crc_core.geometry.grid import Grid, Volume
from crc_core.identity import UnitId
from crc_core.store.protocol import Store
from crc_core.vocabulary import MR_ROLES, Role
from crc_core.workflow.payloads import SeriesRecord
from crc_core.workflow.views import UnitView

if TYPE_CHECKING:
    from crc_core.dicom.series import Series


def check_images(folder: Path, record: SeriesRecord) -> None:
    """Read the stack in `folder` and raise the CrcError that names how it differs from its registration.

    Compared are the number of images, the hash of the voxels and, where one was registered, the grid.
    """
    from crc_core.dicom.volume import open_series, pixel_sha256

    stack = _stack(folder)
    if len(stack.instances) != record.instances:
        raise CrcError("store.instances", path=folder, seen=len(stack.instances), expected=record.instances)
    volume = open_series(stack, allow_unsound=True)
    if pixel_sha256(volume) != record.pixel_sha256:
        raise CrcError("store.other_pixels", path=folder, code=record.code)
    if record.shape_kji is not None and record.ijk_to_ras is not None:
        registered = Grid(record.shape_kji, np.array(record.ijk_to_ras))
        if not volume.grid.same_as(registered):
            raise CrcError("store.other_grid", path=folder, code=record.code)


def image_files(folder: Path) -> tuple[Path, ...]:
    """The image files of a prepared or stored series, by name; raises CrcError where there is none."""
    with naming(folder):
        paths = tuple(sorted(path for path in folder.iterdir() if path.is_file() and path.name != MANIFEST_NAME))
    if not paths:
        raise CrcError("file.missing", path=folder)
    return paths


def open_images(folder: Path) -> Volume | None:
    """The voxels and the grid of the stack in `folder`; None for one that nothing can be measured on (tilt, gaps)."""
    from crc_core.dicom.volume import open_series

    stack = _stack(folder)
    return open_series(stack) if stack.can_be_source else None


def ct_images(store: Store, view: UnitView, viewer: str) -> dict[Role, Volume]:
    """The CT series of a unit in HU by role, without those nothing can be measured on (tilt, gaps)."""
    images = {}
    for record in view.series:
        if record.role not in MR_ROLES:
            volume = open_images(store.open_image(UnitId.parse(view.unit), record.role, viewer)[0].parent)
            if volume is not None:
                images[record.role] = volume
    return images


def _stack(folder: Path) -> Series:
    from crc_core.dicom.index import index_folder

    # What a cache remembers by size and time must not vouch for files that are being checked.
    with tempfile.TemporaryDirectory() as cache:
        stacks = index_folder(folder, cache=Path(cache)).series
    if len(stacks) != 1:
        raise CrcError("store.not_one_stack", path=folder, seen=len(stacks))
    return stacks[0]
