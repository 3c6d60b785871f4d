"""The synthetic study: a body with colorectal cancer whose truth is known, as images, DICOM and masks."""

from crc_core.phantom.dicom import write_study
from crc_core.phantom.model import (
    ColonSegment,
    Fault,
    Patient,
    Phantom,
    PhantomLesion,
    PhantomSize,
    PrimaryTruth,
    ReportAnswers,
)
from crc_core.phantom.study import build_phantom
from crc_core.phantom.tissue import Tissue
from crc_core.phantom.truth_files import write_truth

__all__ = [
    "ColonSegment",
    "Fault",
    "Patient",
    "Phantom",
    "PhantomLesion",
    "PhantomSize",
    "PrimaryTruth",
    "ReportAnswers",
    "Tissue",
    "build_phantom",
    "write_study",
    "write_truth",
]
