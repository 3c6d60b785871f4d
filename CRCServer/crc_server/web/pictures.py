"""Key images: the slice with the largest section of a target, in its window, the final drawn on it."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from crc_core.errors import CrcError
from crc_core.files.atomic import naming, write_bytes
from crc_core.files.nifti import read_mask
from crc_core.geometry.grid import Volume
from crc_core.identity import UnitId, mask_name
from crc_core.store.images import open_images
from crc_core.vocabulary import Target
from crc_core.workflow.views import UnitView
from django.conf import settings
from PIL import Image
from scipy import ndimage

from crc_server.store.server_store import ServerStore

_WINDOWS = {Target.LUNG: (1500.0, -600.0)}
_ABDOMEN = (225.0, 40.0)
"""Width and level in HU (consensus, table 4)."""

_LINE_RGB = (255, 196, 0)
_WIDEST_PIXELS = 512


def picture_of(store: ServerStore, view: UnitView, target: str, viewer: str) -> Path:
    """The picture of a target of a unit's final as a PNG file, made once; raises CrcError where there is none."""
    binding = next((item for item in view.bindings if item.target.value == target), None)
    if binding is None or not view.finals:
        raise CrcError("server.not_found")
    sealed = store.open_final(UnitId.parse(view.unit), viewer)
    place = settings.CONFIG.cache / "pictures" / f"{sealed.sha256}-{binding.target.value}.png"
    if place.exists():
        return place
    name = f"masks/{mask_name(binding.series_code, binding.target)}"
    if name not in sealed.manifest.files:
        raise CrcError("server.not_found")
    record = next(item for item in view.series if item.code == binding.series_code)
    volume = open_images(store.bodies.series_folder(view.unit, record))
    if volume is None:
        raise CrcError("server.not_found")
    mask = read_mask(sealed.folder / name, volume.grid)
    with naming(place):
        place.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(place, _drawn(volume, mask.array, *_WINDOWS.get(binding.target, _ABDOMEN)))
    return place


def _drawn(volume: Volume, mask: np.ndarray, width_hu: float, level_hu: float) -> bytes:
    k = int(np.argmax((mask != 0).sum(axis=(1, 2))))
    section, inside = volume.array[k].astype(np.float32), mask[k] != 0
    grey = np.clip((section - (level_hu - width_hu / 2)) / width_hu, 0, 1) * 255
    factor = max(1, _WIDEST_PIXELS // max(section.shape))
    grey, inside = (np.kron(part, np.ones((factor, factor), part.dtype)) for part in (grey, inside))
    picture = np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)
    picture[inside & ~ndimage.binary_erosion(inside)] = _LINE_RGB
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, format="PNG")
    return stream.getvalue()
