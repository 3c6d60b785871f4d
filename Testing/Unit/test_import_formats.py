"""Every way a scanner may store a stack goes through de-identification and opens to the same voxels and grid."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from crc_core.dicom.index import index_folder
from crc_core.dicom.volume import open_series, pixel_sha256
from crc_core.importing.deidentify import Deidentifier, Subject
from crc_core.importing.pseudonyms import Pseudonyms
from crc_core.importing.rules import load_rules
from crc_core.importing.write_files import write_deidentified
from dicom_support import Stack, enhanced, save, uid, voxels
from import_support import traces
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

RULES = load_rules()
SYNTAXES = (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEG2000Lossless,
    RLELossless,
)
WHO = ("P1X7", "Name^P1X7", "20240102", "19600101", uid("study"), uid("study", "series"))


def worker() -> Deidentifier:
    return Deidentifier(RULES, Pseudonyms(bytes(32)), Subject("CRC-01-000001-H", 400))


def require_same(before: Path, after: Path) -> None:
    """Both folders hold one stack with equal voxels on equal grids."""
    volumes = []
    for folder in (before, after):
        (series,) = index_folder(folder, cache=folder.parent / "cache").series
        volumes.append(open_series(series))
    np.testing.assert_array_equal(volumes[0].array, volumes[1].array)
    assert pixel_sha256(volumes[0]) == pixel_sha256(volumes[1])
    assert volumes[0].grid.same_as(volumes[1].grid)


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("bits", [12, 16])
def test_a_stack_in_any_transfer_syntax(tmp_path: Path, syntax: str, bits: int) -> None:
    stack = Stack(voxels(), patient="P1X7", orientation=(1, 0, 0, 0, 0.8, 0.6), bits_stored=bits)
    (tmp_path / "after").mkdir()
    for path in stack.write(tmp_path / "before", syntax):
        write_deidentified(path, tmp_path / "after" / path.name, worker(), RULES)
    require_same(tmp_path / "before", tmp_path / "after")
    if syntax != DeflatedExplicitVRLittleEndian:
        assert traces([tmp_path / "after"], WHO) == []


def test_an_enhanced_image_keeps_its_frames_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "before").mkdir()
    (tmp_path / "after").mkdir()
    dataset = enhanced(Stack(voxels(), patient="P1X7"), order=(3, 0, 5, 1, 4, 2))
    save(dataset, tmp_path / "before" / "1.dcm")
    write_deidentified(tmp_path / "before" / "1.dcm", tmp_path / "after" / "1.dcm", worker(), RULES)
    require_same(tmp_path / "before", tmp_path / "after")
    assert traces([tmp_path / "after"], WHO) == []
    item = pydicom.dcmread(tmp_path / "after" / "1.dcm")
    moments = {
        group.FrameContentSequence[0].FrameAcquisitionDateTime for group in item.PerFrameFunctionalGroupsSequence
    }
    assert moments == {"20221128101112.5"}
