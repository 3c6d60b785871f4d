"""Builds small DICOM files whose content a test knows."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import SimpleITK
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import (
    CTImageStorage,
    EnhancedCTImageStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
    generate_uid,
)

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def uid(*parts: object) -> str:
    """A UID that depends on `parts` alone."""
    return str(generate_uid(entropy_srcs=[str(part) for part in parts]))


@dataclass
class Stack:
    """A CT series to write: stored voxels `[k, j, i]`, where its slices lie, and its tags."""

    voxels: NDArray[Any]
    spacing_mm: tuple[float, float, float] = (2.0, 0.7, 0.8)
    orientation: Sequence[float] = AXIAL
    origin_lps_mm: tuple[float, float, float] = (-50.0, -40.0, -30.0)
    step_lps_mm: Sequence[float] | None = None
    positions_lps_mm: Sequence[Sequence[float]] | None = None
    series: str = "series"
    study: str = "study"
    patient: str = "P1"
    tags: dict[str, Any] = field(default_factory=dict)
    slope: float = 1.0
    intercept: float = -1024.0
    bits_stored: int = 12

    def positions(self) -> NDArray[np.float64]:
        """The position of every slice, `[k, 3]` in LPS."""
        if self.positions_lps_mm is not None:
            return np.array(self.positions_lps_mm, dtype=np.float64)
        normal = np.cross(self.orientation[:3], self.orientation[3:])
        step = np.array(self.step_lps_mm) if self.step_lps_mm is not None else normal * self.spacing_mm[0]
        return np.array(self.origin_lps_mm) + np.arange(len(self.voxels))[:, None] * step

    def datasets(self) -> list[Dataset]:
        """One data set per slice, in the order of `voxels`."""
        return [self._dataset(k, position) for k, position in enumerate(self.positions())]

    def write(self, folder: Path, syntax: str = ExplicitVRLittleEndian, name: str = "IM{:04d}.dcm") -> list[Path]:
        """Write every slice as a file and return the paths."""
        folder.mkdir(parents=True, exist_ok=True)
        paths = []
        for k, dataset in enumerate(self.datasets()):
            paths.append(save(dataset, folder / name.format(k), syntax))
        return paths

    def _dataset(self, k: int, position: NDArray[np.float64]) -> Dataset:
        plane = self.voxels[k]
        dataset = self.base()
        dataset.SOPClassUID = CTImageStorage
        dataset.SOPInstanceUID = uid(self.study, self.series, k)
        dataset.InstanceNumber = k + 1
        dataset.ImagePositionPatient = [f"{value:.10g}" for value in position]
        dataset.ImageOrientationPatient = [f"{value:.10g}" for value in self.orientation]
        dataset.PixelSpacing = [self.spacing_mm[1], self.spacing_mm[2]]
        dataset.SliceThickness = self.spacing_mm[0]
        dataset.RescaleSlope, dataset.RescaleIntercept = self.slope, self.intercept
        dataset.Rows, dataset.Columns = plane.shape
        set_pixels(dataset, plane, self.bits_stored)
        for keyword, value in self.tags.items():
            setattr(dataset, keyword, value[k] if isinstance(value, PerSlice) else value)
        return dataset

    def base(self) -> Dataset:
        """The tags of patient, study and series."""
        dataset = Dataset()
        dataset.PatientID, dataset.PatientName = self.patient, f"Name^{self.patient}"
        dataset.PatientBirthDate, dataset.PatientSex = "19600101", "F"
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = uid(self.study), uid(self.study, self.series)
        dataset.FrameOfReferenceUID = uid(self.study, "frame")
        dataset.StudyDate, dataset.StudyTime, dataset.StudyID = "20240102", "101112", "1"
        dataset.SeriesNumber, dataset.Modality = 1, "CT"
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        return dataset


class PerSlice(list[Any]):
    """Values of a tag that differ from slice to slice."""


def set_pixels(dataset: Dataset, array: NDArray[Any], bits_stored: int) -> None:
    """The pixel module for a 16-bit or 8-bit grey array."""
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = array.dtype.itemsize * 8
    dataset.BitsStored = min(bits_stored, dataset.BitsAllocated)
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(array.dtype.kind == "i")
    dataset.PixelData = np.ascontiguousarray(array).tobytes()
    dataset["PixelData"].VR = "OW" if dataset.BitsAllocated == 16 else "OB"


def save(dataset: Dataset, path: Path, syntax: str = ExplicitVRLittleEndian) -> Path:
    """Write `dataset` in a transfer syntax; compressed ones through pydicom's encoders."""
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    if syntax in (RLELossless, JPEGLSLossless):
        dataset.compress(syntax, generate_instance_uid=False)
    elif syntax in _ITK_COMPRESSORS:
        _compress_by_itk(dataset, syntax)
    elif syntax == ExplicitVRBigEndian:
        if dataset.BitsAllocated == 16:
            dataset.PixelData = np.frombuffer(dataset.PixelData, "<u2").astype(">u2").tobytes()
        dataset.file_meta.TransferSyntaxUID = syntax
    else:
        dataset.file_meta.TransferSyntaxUID = syntax
    little, implicit = dataset.file_meta.TransferSyntaxUID.is_little_endian, syntax == "1.2.840.10008.1.2"
    dataset.save_as(path, enforce_file_format=True, little_endian=little, implicit_vr=implicit)
    return path


def _compress_by_itk(dataset: Dataset, syntax: str) -> None:
    """Compress the frames of `dataset` with GDCM, which knows the JPEG processes that pydicom cannot write."""
    kind = f"{'i' if dataset.PixelRepresentation else 'u'}{dataset.BitsAllocated // 8}"
    frames = np.frombuffer(dataset.PixelData, kind).reshape(-1, dataset.Rows, dataset.Columns)
    fragments = []
    for frame in frames:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "one.dcm"
            writer = SimpleITK.ImageFileWriter()
            writer.SetImageIO("GDCMImageIO")
            writer.SetFileName(str(path))
            writer.UseCompressionOn()
            writer.SetCompressor(_ITK_COMPRESSORS[syntax])
            writer.Execute(SimpleITK.GetImageFromArray(frame[None]))
            packed = pydicom.dcmread(path)
        assert packed.file_meta.TransferSyntaxUID == syntax, packed.file_meta.TransferSyntaxUID
        fragments.extend(generate_frames(packed.PixelData, number_of_frames=1))
    dataset.BitsStored, dataset.HighBit = dataset.BitsAllocated, dataset.BitsAllocated - 1
    dataset.PixelData = encapsulate(fragments)
    dataset["PixelData"].is_undefined_length = True
    dataset["PixelData"].VR = "OB"
    dataset.file_meta.TransferSyntaxUID = syntax


_ITK_COMPRESSORS = {str(JPEG2000Lossless): "JPEG2000", str(JPEGLosslessSV1): "JPEG"}


def enhanced(stack: Stack, order: Sequence[int] | None = None) -> Dataset:
    """The stack as one enhanced multi-frame CT image; `order` gives the slice of every frame."""
    frames = list(order if order is not None else range(len(stack.voxels)))
    positions = stack.positions()
    dataset = stack.base()
    dataset.SOPClassUID, dataset.SOPInstanceUID = EnhancedCTImageStorage, uid(stack.series, "enhanced")
    dataset.NumberOfFrames = len(frames)
    dataset.Rows, dataset.Columns = stack.voxels.shape[1:]
    shared = Dataset()
    shared.PixelMeasuresSequence = _one(
        PixelSpacing=[stack.spacing_mm[1], stack.spacing_mm[2]], SliceThickness=stack.spacing_mm[0]
    )
    shared.PlaneOrientationSequence = _one(ImageOrientationPatient=list(stack.orientation))
    shared.PixelValueTransformationSequence = _one(RescaleSlope=stack.slope, RescaleIntercept=stack.intercept)
    shared.CTXRayDetailsSequence = _one(KVP=120)
    dataset.SharedFunctionalGroupsSequence = DicomSequence([shared])
    groups = []
    for k in frames:
        group = Dataset()
        group.PlanePositionSequence = _one(ImagePositionPatient=[float(value) for value in positions[k]])
        group.FrameContentSequence = _one(FrameAcquisitionNumber=1, FrameAcquisitionDateTime="20240102101112.5")
        groups.append(group)
    dataset.PerFrameFunctionalGroupsSequence = DicomSequence(groups)
    set_pixels(dataset, stack.voxels[frames], stack.bits_stored)
    return dataset


def _one(**values: Any) -> DicomSequence:
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return DicomSequence([dataset])


def voxels(
    shape: tuple[int, int, int] = (6, 12, 10), seed: int = 0, kind: str = "u2", high: int = 4096
) -> NDArray[Any]:
    """Random stored values below `high` in a 16-bit type."""
    rng = np.random.default_rng(seed)
    low = 0 if kind.startswith("u") else -high // 2
    return rng.integers(low, low + high, shape).astype(kind)
