"""Contours as a DICOM Segmentation that points at the de-identified source images.

One binary segment per lesion, with SNOMED codes for what and where it is, and a tracking identifier that stays the same
over the time points of a case. Source: DICOM PS3.3 A.51, C.8.20; PS3.16 CID 7150, 7159.
"""

from __future__ import annotations

import io
import itertools
import uuid
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crc_core import __version__
from crc_core.dicom.geometry import grid_of
from crc_core.dicom.index import index_folder
from crc_core.dicom.series import Series
from crc_core.errors import CrcError
from crc_core.files.packaged import packaged_document
from crc_core.geometry.grid import Grid, Volume
from crc_core.report.document import FieldPath, Lesion, Report
from crc_core.vocabulary import Target

PLACE_TOLERANCE_MM = 0.1
"""How far corners may lie apart: float32 in NIfTI and decimal strings in DICOM are rounded."""

_SERIES_NUMBER = 9001
_CATEGORY = "category"
_SAME_ROTATION = 1e-2
_NEEDED = (
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "FrameOfReferenceUID",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "PixelSpacing",
    "SliceThickness",
    "Rows",
    "Columns",
)


@dataclass(frozen=True, eq=False)
class SegMask:
    """The mask of one target: uint8 lesion numbers on the grid of the source series."""

    target: Target
    mask: Volume


def read_sources(folder: Path, masks: Sequence[SegMask], series_uid: str | None = None) -> list[Any]:
    """The headers (pydicom datasets without pixels) of the one series in `folder` that the masks lie on.

    Raises CrcError where no series or more than one lies on their grid, and for multi-frame sources.
    """
    import pydicom

    fitting = [
        series
        for series in index_folder(folder).series
        if series_uid in (None, series.series_uid) and _fits(series, masks)
    ]
    if not fitting:
        raise CrcError("report.seg.no_series", path=folder)
    if len(fitting) > 1:
        raise CrcError("report.seg.many_series", path=folder, series=", ".join(item.series_uid for item in fitting))
    series = fitting[0]
    if len(series.paths) != len(series.instances):
        raise CrcError("report.seg.multi_frame", path=series.paths[0])
    return [pydicom.dcmread(path, stop_before_pixels=True) for path in series.paths]


def _fits(series: Series, masks: Sequence[SegMask]) -> bool:
    if not series.is_placed or len(series.instances) < 2:
        return False
    grid = series.grid.squared()
    return all(_turning(item.mask.grid, grid) is not None for item in masks)


def export_seg(report: Report, masks: Sequence[SegMask], sources: Sequence[Any]) -> bytes:
    """The DICOM Segmentation of these masks as the bytes of one file.

    `sources` are the datasets of one de-identified series, in any order; pixels are not needed. Frames without voxels
    are left out. Raises CrcError where the source may identify a patient, is not one stack, lies elsewhere than the
    masks, or a mask holds a lesion that the report does not know.
    """
    ordered, grid = _stack(sources)
    segments = [(item, lesion) for item in masks for lesion in _lesions(report, item)]
    if not segments:
        raise CrcError("mask.empty")
    turned = {item.target: _turned(item.mask, grid) for item in masks}
    if len(turned) != len(masks):
        raise CrcError("report.seg.same_target")
    pixels, used = _pixels([(turned[item.target], lesion) for item, lesion in segments])
    descriptions = [_description(report, lesion, n) for n, (_, lesion) in enumerate(segments, 1)]
    stream = io.BytesIO()
    _segmentation(report, [ordered[k] for k in used], pixels, descriptions).save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def _segmentation(report: Report, sources: list[Any], pixels: NDArray, descriptions: list[Any]) -> Any:
    import highdicom as hd

    with warnings.catch_warnings():
        # A case code stands where a patient's name was: one component is meant.
        warnings.filterwarnings(
            "ignore", message=".*unlikely to represent the intended person name", category=UserWarning
        )
        made = hd.seg.Segmentation(
            source_images=sources,
            pixel_array=pixels,
            segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
            segment_descriptions=descriptions,
            series_instance_uid=hd.UID(),
            series_number=_SERIES_NUMBER,
            sop_instance_uid=hd.UID(),
            instance_number=1,
            manufacturer="CRCDatabase",
            manufacturer_model_name="crc_core",
            software_versions=__version__,
            device_serial_number=__version__,
            content_label="CRC_LESIONS",
            content_description=f"Lesions of {report.unit}",
            series_description=f"{report.unit} lesions",
        )
    # What is copied from the source may be Chinese, but the source's character set is not copied with it.
    made.SpecificCharacterSet = "ISO_IR 192"
    return made


def _lesions(report: Report, item: SegMask) -> list[Lesion]:
    from scipy import ndimage

    known = {lesion.number: lesion for lesion in report.lesions_of(item.target)}
    numbers = [number for number, box in enumerate(ndimage.find_objects(item.mask.array), 1) if box is not None]
    for number in numbers:
        if number not in known:
            raise CrcError("report.seg.unknown_lesion", target=item.target.value, number=number)
    return [known[number] for number in numbers]


def _stack(sources: Sequence[Any]) -> tuple[list[Any], Grid]:
    if not sources:
        raise CrcError("report.seg.no_source")
    for dataset in sources:
        path = getattr(dataset, "filename", None)
        for keyword in _NEEDED:
            if dataset.get(keyword) in (None, ""):
                raise CrcError("report.seg.lacks", path=path, keyword=keyword)
        if str(dataset.get("PatientIdentityRemoved", "")).upper() != "YES":
            raise CrcError("report.seg.identified", path=path)
    first = sources[0]
    same = ("SeriesInstanceUID", "FrameOfReferenceUID", "Rows", "Columns", "PixelSpacing")
    for dataset in sources:
        orientation = np.subtract(dataset.ImageOrientationPatient, first.ImageOrientationPatient)
        if any(dataset.get(name) != first.get(name) for name in same) or np.abs(orientation).max() > 1e-4:
            raise CrcError("report.seg.not_one_stack", path=getattr(dataset, "filename", None))
    axes = np.array(first.ImageOrientationPatient, dtype=np.float64).reshape(2, 3)
    normal = np.cross(axes[0], axes[1])
    ordered = sorted(sources, key=lambda dataset: float(normal @ np.array(dataset.ImagePositionPatient, np.float64)))
    positions = np.array([dataset.ImagePositionPatient for dataset in ordered], dtype=np.float64)
    row_mm, column_mm = (float(value) for value in first.PixelSpacing)
    orientation_lps = tuple(float(value) for value in first.ImageOrientationPatient)
    grid = grid_of(
        orientation_lps,
        (row_mm, column_mm),
        positions,
        int(first.Rows),
        int(first.Columns),
        float(first.SliceThickness),
    )
    return ordered, grid.squared()


Turning = tuple[tuple[int, int, int], tuple[bool, bool, bool]]


def _turning(mask: Grid, source: Grid) -> Turning | None:
    """The order of the mask's axes `[k, j, i]` and the flips that lay it on the source; None where it is elsewhere."""
    across = (np.linalg.inv(mask.directions) @ source.directions)[::-1, ::-1]
    rounded = np.round(across)
    if np.abs(across - rounded).max() > _SAME_ROTATION or not (np.abs(rounded).sum(axis=0) == 1).all():
        return None
    found = [int(np.abs(rounded[:, n]).argmax()) for n in range(3)]
    axes = (found[0], found[1], found[2])
    flips = (bool(rounded[axes[0], 0] < 0), bool(rounded[axes[1], 1] < 0), bool(rounded[axes[2], 2] < 0))
    if len(set(axes)) != 3 or tuple(mask.shape_kji[axis] for axis in axes) != source.shape_kji:
        return None
    far = 0.0
    for corner in itertools.product((0, 1), repeat=3):
        place = [corner[n] * (source.shape_kji[n] - 1) for n in range(3)]
        own = [0, 0, 0]
        for n, axis in enumerate(axes):
            own[axis] = source.shape_kji[n] - 1 - place[n] if flips[n] else place[n]
        far = max(far, float(np.linalg.norm(source.to_ras(place[::-1]) - mask.to_ras(own[::-1]))))
    return (axes, flips) if far <= PLACE_TOLERANCE_MM else None


def _turned(mask: Volume, grid: Grid) -> NDArray:
    turning = _turning(mask.grid, grid)
    if turning is None:
        raise CrcError("report.seg.other_grid")
    axes, flips = turning
    return mask.array.transpose(axes)[tuple(slice(None, None, -1 if flip else 1) for flip in flips)]


def _pixels(segments: Sequence[tuple[NDArray, Lesion]]) -> tuple[NDArray, list[int]]:
    """The occupied frames and their k: segment numbers `[n, row, column]`, on overlap `[…, segment]` flags."""
    arrays = {lesion.target: array for array, lesion in segments}
    occupied = np.logical_or.reduce([array.any(axis=(1, 2)) for array in arrays.values()])
    used = np.flatnonzero(occupied)
    cropped = {target: array[used] for target, array in arrays.items()}
    inside = [cropped[lesion.target] == lesion.number for _, lesion in segments]
    labels = np.zeros(inside[0].shape, dtype=np.uint8 if len(segments) < 256 else np.uint16)
    for number, voxels in enumerate(inside, 1):
        if labels[voxels].any():
            labels = np.stack(inside, axis=-1).astype(np.uint8)
            break
        labels[voxels] = number
    return labels, [int(k) for k in used]


def _description(report: Report, lesion: Lesion, number: int) -> Any:
    import highdicom as hd

    terms = _terms()
    region = terms["regions"][lesion.target.value]
    answer = report.answers.get(FieldPath("primary", lesion.number, "segment"))
    if lesion.target is Target.PRIMARY and answer is not None and isinstance(answer.value, str):
        region = terms["segments"].get(answer.value, region)
    tracking = f"{report.unit.case}/{lesion.target.value}/{lesion.number}"
    return hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=f"{lesion.target.value} {lesion.number} {lesion.lesion_class.value}",
        segmented_property_category=_code(terms[_CATEGORY]),
        segmented_property_type=_code(terms["types"][lesion.lesion_class.value]),
        algorithm_type=hd.seg.SegmentAlgorithmTypeValues.MANUAL,
        tracking_id=tracking,
        tracking_uid=f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, tracking).int}",
        anatomic_regions=[_code(region)],
    )


def _code(term: dict[str, str]) -> Any:
    import highdicom as hd

    return hd.sr.CodedConcept(term["code"], "SCT", term["meaning"])


@cache
def _terms() -> dict[str, Any]:
    return packaged_document("report/seg-terms-v1.json")
