"""Looks at the voxels of every axial CT stack of an examination, one after the other, so that memory stays flat."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from crc_core.dicom.volume import open_series
from crc_core.errors import CrcError
from crc_core.scan.coarse import Coarse, coarsen
from crc_core.scan.item import CheckItem, Source, Word
from crc_core.scan.items_pixels import pixel_items
from crc_core.scan.phase_pixels import PixelPhase, phases_by_pixels
from crc_core.scan.roles import SeriesRole
from crc_core.vocabulary import Role, Verdict

Progress = Callable[[int, int], None]
Cancelled = Callable[[], bool]


@dataclass(frozen=True)
class PixelFindings:
    """What the voxels of one stack show: the phase (None: unknown), what it rests on, and items of the check."""

    pixel_phase: PixelPhase
    items: tuple[CheckItem, ...]

    @property
    def phase(self) -> Role | None:
        """The phase, None for unknown."""
        return self.pixel_phase.role


def look_at(
    stacks: Sequence[SeriesRole],
    *,
    on_progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> dict[str, PixelFindings]:
    """The findings of every stack by its key; a stack that cannot be read gets an item that says so.

    Raises CrcError only where the work is cancelled.
    """
    coarse: dict[str, Coarse] = {}
    items: dict[str, tuple[CheckItem, ...]] = {}
    for done, role in enumerate(stacks):
        series = role.series
        if cancelled is not None and cancelled():
            raise CrcError("dicom.cancelled", path=series.paths[0].parent)
        try:
            volume = open_series(series, allow_unsound=True)
        except CrcError as error:
            items[series.key] = (_unreadable(error),)
        else:
            copy = coarsen(volume)
            items[series.key] = tuple(pixel_items(volume, copy, is_chest=role.role is Role.CHEST))
            if series.can_be_source:
                coarse[series.key] = copy
        if on_progress is not None:
            on_progress(done + 1, len(stacks))
    phases = phases_by_pixels(coarse)
    unknown = PixelPhase(None, None, 0.0, None)
    return {key: PixelFindings(phases.get(key, unknown), found) for key, found in items.items()}


def _unreadable(error: CrcError) -> CheckItem:
    name = "" if error.path is None else error.path.name
    # A code with places needs its values; the common reasons have none, the others share one sentence.
    reason = Word("scan.pixels.broken" if error.values else error.code)
    values = (("file", name), ("reason", reason))
    code = "scan.pixels.unreadable"
    return CheckItem("pixels", Verdict.FAIL, name, Word("scan.yes"), Source.DICOM, code, values, overrulable=False)
