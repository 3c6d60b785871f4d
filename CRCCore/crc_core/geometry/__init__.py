"""Where voxels are: image grids in RAS millimetres."""

from crc_core.geometry.grid import Grid, Volume

__all__ = ["Grid", "Volume"]
