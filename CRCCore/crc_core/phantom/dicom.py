"""Writing a phantom as DICOM, one folder per series, as a picture archive would export it."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from crc_core.errors import CrcError
from crc_core.files.atomic import naming
from crc_core.phantom.model import Phantom
from crc_core.phantom.series import Kind, SeriesPlan, series_of

Progress = Callable[[int, int], None]
_TABLE_FEED_MM_PER_S = 60.0


def write_study(phantom: Phantom, folder: Path, *, on_progress: Progress | None = None) -> None:
    """Write every series of a phantom as DICOM (explicit little endian) into the new or empty `folder`.

    `on_progress(done, total)` counts series. The folder appears whole or not at all; raises CrcError where it holds
    anything already or the disk refuses.
    """
    folder = Path(folder)
    require_empty(folder)
    plans = list(series_of(phantom))
    part = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.part")
    with naming(folder):
        try:
            part.mkdir(parents=True)
            for done, plan in enumerate(plans, start=1):
                _write_series(phantom, plan, part)
                if on_progress is not None:
                    on_progress(done, len(plans))
            if folder.exists():
                folder.rmdir()
            part.rename(folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)


def require_empty(folder: Path) -> None:
    """Raise CrcError unless `folder` is missing or an empty folder."""
    with naming(folder):
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise CrcError("phantom.not_empty", path=folder)


def _write_series(phantom: Phantom, plan: SeriesPlan, root: Path) -> None:
    from pydicom.dataset import FileMetaDataset
    from pydicom.filewriter import dcmwrite
    from pydicom.uid import ExplicitVRLittleEndian

    from crc_core.phantom.tags import acquisition_s, clock, decimal, examination, series_dataset, uid

    dataset = series_dataset(phantom, plan)
    target = root / str(dataset.PatientID) / f"{dataset.StudyDate}_{dataset.Modality}" / f"SE{plan.number:04d}"
    target.mkdir(parents=True)
    start_s = acquisition_s(plan, examination(phantom))
    lps = plan.volume.grid.ijk_to_lps
    lowest = plan.volume.grid.to_ras((0, 0, plan.slices[0]))[2]
    for instance, k in enumerate(plan.slices, start=1):
        dataset.SOPInstanceUID = uid(dataset.SeriesInstanceUID, instance)
        dataset.InstanceNumber = instance
        if plan.kind is not Kind.CAPTURE:
            position = lps[:3, 2] * k + lps[:3, 3]
            dataset.ImagePositionPatient = [decimal(float(value)) for value in position]
            dataset.SliceLocation = decimal(round(float(position[2]), 4))
            seconds = start_s if plan.is_mr else start_s + abs(position[2] - lowest) / _TABLE_FEED_MM_PER_S
            dataset.AcquisitionTime = dataset.ContentTime = clock(float(seconds))
        dataset.PixelData = np.ascontiguousarray(plan.volume.array[k]).tobytes()
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dcmwrite(target / f"IM{instance:06d}.dcm", dataset, enforce_file_format=True)
