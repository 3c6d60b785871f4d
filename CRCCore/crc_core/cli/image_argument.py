"""An image named on the command line: a NIfTI file, or a folder of DICOM that holds it."""

from __future__ import annotations

from pathlib import Path

from crc_core.errors import CrcError
from crc_core.geometry.grid import Grid, Volume


def read_image(path: Path, grid: Grid) -> Volume:
    """The image at `path` on `grid`, in HU.

    Raises CrcError where it lies on another grid, or where a folder holds none or several series on it.
    """
    from crc_core.files.nifti import read_volume
    from crc_core.geometry.requirements import require_same_grid

    if path.is_dir():
        return _from_dicom(path, grid)
    image = read_volume(path)
    require_same_grid(image.grid, grid, path)
    return image


def _from_dicom(folder: Path, grid: Grid) -> Volume:
    from crc_core.dicom.index import index_folder
    from crc_core.dicom.volume import open_series

    fitting = [one for one in index_folder(folder).series if one.can_be_source and one.grid.same_as(grid)]
    if len(fitting) != 1:
        raise CrcError("work.image_folder", path=folder, seen=len(fitting))
    return open_series(fitting[0])
