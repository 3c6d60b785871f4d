"""The images of the open case in the scene: shared voxels, windows that images share, and the place they hang in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from crc_core.contour.inspection import Window
from crc_core.desk.arrangement import ImageKey
from crc_core.errors import CrcError
from crc_core.geometry import Volume
from crc_core.vocabulary import CT_PHASES, MR_ROLES
from numpy.typing import NDArray

from crc_mrml.geometry import vtk_matrix
from crc_mrml.observers import Observers, Quiet
from crc_mrml.owned import Owned
from crc_mrml.volumes import put_into_node

_GREY = "vtkMRMLColorTableNodeGrey"
_SAMPLED_VOXELS = 200_000
_PERCENTILES = (1.0, 99.5)
_SAME_WINDOW = 1e-3

WindowChanged = Callable[[tuple[ImageKey, ...], Window], None]


@dataclass(frozen=True, eq=False)
class Image:
    """One image: its voxels as they were given, its node, and the display node it may share."""

    key: ImageKey
    volume: Volume
    node: Any
    display: Any


def is_mri(key: ImageKey) -> bool:
    """Whether an image is an MRI, which lies in a patient space of its own."""
    return key.role in MR_ROLES


def window_group(key: ImageKey) -> str:
    """What shows in one window: the CT phases, of both time points; a chest CT; every MRI series for itself."""
    if key.role in CT_PHASES:
        return "phases"
    if is_mri(key):
        return f"{key.role.value}{'-prior' if key.is_prior else ''}"
    return key.role.value


def auto_window(array: NDArray) -> Window:
    """A window in which an image can be read: percentiles of a spread of its voxels, the background left out."""
    step = max(1, array.size // _SAMPLED_VOXELS)
    values = array.reshape(-1)[::step] if array.flags.c_contiguous else array[:: max(1, round(step ** (1 / 3)))].ravel()
    shown = values[values > values.min()]
    low, high = np.percentile(shown, _PERCENTILES) if shown.size else (0.0, 1.0)
    width = max(float(high - low), 1.0)
    return Window(width, float(low) + width / 2)


class Images:
    """The images of a case by key; tells a window that somebody else changed, and which images share it."""

    def __init__(self, owned: Owned, observers: Observers, quiet: Quiet, on_window: WindowChanged) -> None:
        self._owned, self._observers, self._quiet, self._on_window = owned, observers, quiet, on_window
        self._images: dict[ImageKey, Image] = {}
        self._displays: dict[str, Any] = {}
        self._windows: dict[str, Window] = {}
        self._transform: Any = None

    def add(self, key: ImageKey, volume: Volume, name: str, window: Window | None) -> Image:
        """Put an image into the scene without copying its voxels; in place of one of the same key.

        An image that joins others of its window takes theirs. Without a window it gets one from its own voxels.
        """
        old = self._images.get(key)
        node = self._owned.add("vtkMRMLScalarVolumeNode", name) if old is None else old.node
        node.SetName(name)
        put_into_node(volume, node)
        display = self._display(window_group(key), window, volume)
        node.SetAndObserveDisplayNodeID(display.GetID())
        if self._transform is not None and is_mri(key):
            node.SetAndObserveTransformNodeID(self._transform.GetID())
        self._images[key] = Image(key, volume, node, display)
        return self._images[key]

    def get(self, key: ImageKey) -> Image | None:
        """An image, where it is there."""
        return self._images.get(key)

    def need(self, key: ImageKey) -> Image:
        """An image; raises CrcError where it is not there."""
        found = self._images.get(key)
        if found is None:
            raise CrcError("mrml.no_image", role=key.role.value)
        return found

    @property
    def keys(self) -> tuple[ImageKey, ...]:
        """The images there are."""
        return tuple(self._images)

    def key_of(self, node: Any) -> ImageKey | None:
        """Which image a volume node holds."""
        return next((key for key, image in self._images.items() if image.node is node), None)

    def window(self, key: ImageKey) -> Window | None:
        """The window an image is shown in."""
        found = self._images.get(key)
        return None if found is None else _window_of(found.display)

    def set_window(self, key: ImageKey, window: Window) -> None:
        """Show an image, and what shares its window, in this window."""
        display = self.need(key).display
        self._windows[window_group(key)] = window
        with self._quiet():
            display.SetWindowLevel(window.width_hu, window.level_hu)

    def move_mri(self, mri_to_ct: NDArray[np.float64] | None) -> None:
        """Hang all MRI series below a transform (4×4, RAS millimetres), or let them lie where they were acquired."""
        if mri_to_ct is not None and self._transform is None:
            self._transform = self._owned.add("vtkMRMLLinearTransformNode", "CRC MRI to CT")
        if mri_to_ct is not None:
            self._transform.SetMatrixTransformToParent(vtk_matrix(mri_to_ct))
        for image in self._images.values():
            if is_mri(image.key):
                image.node.SetAndObserveTransformNodeID(None if mri_to_ct is None else self._transform.GetID())
        if mri_to_ct is None and self._transform is not None:
            self._owned.remove(self._transform)
            self._transform = None

    @property
    def transform(self) -> Any:
        """The node the MRI hangs below; None where it lies in its own place."""
        return self._transform

    def empty(self) -> None:
        """Take the voxels out of all images; Slicer's views would hold on to them until they show something else."""
        for image in self._images.values():
            image.node.SetAndObserveImageData(None)

    def forget(self, key: ImageKey) -> None:
        """An image was taken out by somebody else."""
        image = self._images.pop(key, None)
        if image is not None:
            self._owned.forget(image.node)

    def forget_all(self) -> None:
        """The scene no longer holds any of the images."""
        self._images, self._displays, self._windows, self._transform = {}, {}, {}, None

    def _display(self, group: str, window: Window | None, volume: Volume) -> Any:
        display = self._displays.get(group)
        if display is None:
            display = self._owned.add("vtkMRMLScalarVolumeDisplayNode", f"CRC {group}")
            display.SetAndObserveColorNodeID(_GREY)
            display.AutoWindowLevelOff()
            chosen = window or auto_window(volume.array)
            display.SetWindowLevel(chosen.width_hu, chosen.level_hu)
            self._displays[group], self._windows[group] = display, chosen
            self._observers.add(display, "ModifiedEvent", lambda *_: self._modified(group))
        return display

    def _modified(self, group: str) -> None:
        now = _window_of(self._displays[group])
        before, self._windows[group] = self._windows[group], now
        differs = (
            abs(now.width_hu - before.width_hu) > _SAME_WINDOW or abs(now.level_hu - before.level_hu) > _SAME_WINDOW
        )
        keys = tuple(key for key in self._images if window_group(key) == group)
        if differs and not self._quiet and keys:
            self._on_window(keys, now)


def _window_of(display: Any) -> Window:
    return Window(float(display.GetWindow()), float(display.GetLevel()))
