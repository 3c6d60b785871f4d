"""Writing a phantom as DICOM, one folder per series, as a picture archive would export it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

import numpy as np

from crc_core.errors import CrcError
from crc_core.files.atomic import naming
from crc_core.files.whole_folder import whole_folder
from crc_core.phantom.model import Phantom
from crc_core.phantom.protocol import Examination, acquisition_s, clock, decimal, examination, uid
from crc_core.phantom.series import Kind, SeriesPlan, series_of

Progress = Callable[[int, int], None]
_TABLE_FEED_MM_PER_S = 60.0
_INSTANCE_UID, _ACQUISITION_TIME, _CONTENT_TIME = 0x00080018, 0x00080032, 0x00080033
_INSTANCE_NUMBER, _POSITION, _LOCATION, _PIXELS = 0x00200013, 0x00200032, 0x00201041, 0x7FE00010
_CHANGING = (
    (_INSTANCE_UID, "UI"),
    (_ACQUISITION_TIME, "TM"),
    (_CONTENT_TIME, "TM"),
    (_INSTANCE_NUMBER, "IS"),
    (_POSITION, "DS"),
    (_LOCATION, "DS"),
    (_PIXELS, "OW"),
)


def write_study(
    phantom: Phantom, folder: Path, *, leave_out: Collection[Kind] = (), on_progress: Progress | None = None
) -> None:
    """Write every series of a phantom as DICOM (explicit little endian) into the new or empty `folder`.

    `leave_out` are kinds of series that are not written; `on_progress(done, total)` counts series. The folder appears
    whole or not at all; raises CrcError where it holds anything already or the disk refuses.
    """
    folder = Path(folder)
    require_empty(folder)
    plans = [plan for plan in series_of(phantom) if plan.kind not in leave_out]
    with naming(folder), whole_folder(folder) as part:
        for done, plan in enumerate(plans, start=1):
            _write_series(phantom, plan, part)
            if on_progress is not None:
                on_progress(done, len(plans))


def require_empty(folder: Path) -> None:
    """Raise CrcError unless `folder` is missing or an empty folder."""
    with naming(folder):
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise CrcError("phantom.not_empty", path=folder)


def _write_series(phantom: Phantom, plan: SeriesPlan, root: Path) -> None:
    from crc_core.phantom.encoding import SeriesEncoder
    from crc_core.phantom.tags import series_dataset

    dataset = series_dataset(phantom, plan)
    target = root / str(dataset.PatientID) / f"{dataset.StudyDate}_{dataset.Modality}" / f"SE{plan.number:04d}"
    target.mkdir(parents=True)
    encoder = SeriesEncoder(dataset, _CHANGING)
    exam, voxels = examination(phantom), plan.voxels()
    for instance, k in enumerate(plan.slices, start=1):
        values = _slice_values(plan, exam, k) if plan.kind is not Kind.CAPTURE else {}
        values[_INSTANCE_UID] = uid(dataset.SeriesInstanceUID, instance).encode()
        values[_INSTANCE_NUMBER] = str(instance).encode()
        values[_PIXELS] = voxels[k].tobytes()
        (target / f"IM{instance:06d}.dcm").write_bytes(encoder.file(values))


def _slice_values(plan: SeriesPlan, exam: Examination, k: int) -> dict[int, bytes]:
    """Place and time of slice `k` by tag, as DICOM writes them."""
    grid = plan.grid
    position = grid.ijk_to_lps[:3] @ np.array([0.0, 0.0, k, 1.0])
    seconds = acquisition_s(plan, exam)
    if not plan.is_mr:
        first = grid.to_ras((0, 0, plan.slices[0]))[2]
        seconds += abs(position[2] - first) / _TABLE_FEED_MM_PER_S
    time = clock(float(seconds)).encode()
    return {
        _ACQUISITION_TIME: time,
        _CONTENT_TIME: time,
        _POSITION: "\\".join(decimal(float(value)) for value in position).encode(),
        _LOCATION: decimal(round(float(position[2]), 4)).encode(),
    }
