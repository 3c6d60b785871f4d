"""Compressed frames lose their comments and keep every voxel, by independent decoders."""

from __future__ import annotations

import struct
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk  # noqa: N813 - the name everybody knows it by
from crc_core.errors import CrcError
from crc_core.importing.codestream import CodestreamError, clean_jpeg, clean_jpeg_2000
from crc_core.importing.deidentify import Deidentifier, Subject
from crc_core.importing.pseudonyms import Pseudonyms
from crc_core.importing.rules import load_rules
from crc_core.importing.write_files import write_deidentified
from hypothesis import given
from hypothesis import strategies as st
from import_support import NAME, PINYIN, hostile_file, plain_file, traces, voxels, write_file
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.uid import MPEG2MPML, JPEG2000Lossless, JPEGBaseline8Bit, JPEGLSLossless, RLELossless

COMMENT = f"{PINYIN} {NAME}".encode()
RULES = load_rules()


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">HH", marker, len(content) + 2) + content


def with_jpeg_comment(frame: bytes) -> bytes:
    return frame[:2] + segment(0xFFE1, COMMENT) + segment(0xFFFE, COMMENT) + frame[2:] + COMMENT


def with_jpeg_2000_comment(frame: bytes) -> bytes:
    """A comment in the main header and one in the header of the first tile part, whose length grows with it."""
    start = frame.index(b"\xff\x90")
    length = struct.unpack_from(">L", frame, start + 6)[0] or len(frame) - 2 - start
    extra = segment(0xFF64, b"\0\1" + COMMENT)
    tile = bytearray(frame[start:])
    tile[6:10] = struct.pack(">L", length + len(extra))
    return frame[:start] + extra + bytes(tile[:12]) + extra + bytes(tile[12:])


def compressed(syntax: str) -> pydicom.Dataset:
    """Slice 7, shifted to values without a sign, compressed; with comments where the codestream has any."""
    item = plain_file(7)
    item.PixelRepresentation, stored = 0, (voxels(7) + 1000).astype(np.uint16)
    if syntax == JPEG2000Lossless:
        stream = BytesIO()
        Image.fromarray(stored).save(stream, "JPEG2000", irreversible=False, no_jp2=True)
        frame = with_jpeg_2000_comment(stream.getvalue())
    else:
        item.PixelData = stored.tobytes()
        item.file_meta = pydicom.dataset.FileMetaDataset()
        item.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        item.compress(syntax, generate_instance_uid=False)
        frame = next(pydicom.encaps.generate_frames(item.PixelData, number_of_frames=1))
        frame = with_jpeg_comment(frame) if syntax == JPEGLSLossless else frame
    pixels = pydicom.DataElement("PixelData", "OB", encapsulate([frame]))
    pixels.is_undefined_length = True
    item["PixelData"] = pixels
    return item


@pytest.mark.parametrize("syntax", [JPEGLSLossless, JPEG2000Lossless, RLELossless])
def test_a_compressed_file_keeps_its_voxels_and_loses_what_was_written_into_it(tmp_path: Path, syntax: str) -> None:
    source = write_file(compressed(syntax), tmp_path / "in" / "1.dcm", syntax)
    (tmp_path / "out").mkdir()
    worker = Deidentifier(RULES, Pseudonyms(bytes(32)), Subject("CRC-01-000123-K", 9))
    write_deidentified(source, tmp_path / "out" / "1.dcm", worker, RULES)
    written = pydicom.dcmread(tmp_path / "out" / "1.dcm")
    assert written.file_meta.TransferSyntaxUID == syntax
    np.testing.assert_array_equal(written.pixel_array, voxels(7) + 1000)
    image = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "out" / "1.dcm")))
    np.testing.assert_array_equal(image[0], voxels(7) + 1000)
    assert traces([tmp_path / "out"]) == []


def test_a_compression_that_cannot_be_cleaned_is_refused(tmp_path: Path) -> None:
    item = hostile_file()
    item.PixelData = encapsulate([b"\0" * 64])
    item["PixelData"].VR, item["PixelData"].is_undefined_length = "OB", True
    source = write_file(item, tmp_path / "1.dcm", MPEG2MPML)
    worker = Deidentifier(RULES, Pseudonyms(bytes(32)), Subject("CRC-01-000123-K", 9))
    with pytest.raises(CrcError) as caught:
        write_deidentified(source, tmp_path / "out.dcm", worker, RULES)
    assert caught.value.code == "import.codestream_unknown"


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_with_several_scans_decodes_to_the_same(progressive: bool) -> None:
    image = Image.fromarray((np.add.outer(np.arange(40), np.arange(56)) * 3 % 256).astype(np.uint8))
    stream = BytesIO()
    image.save(stream, "JPEG", progressive=progressive, comment=COMMENT, quality=80)
    clean = clean_jpeg(stream.getvalue() + COMMENT)
    assert COMMENT in stream.getvalue()
    assert COMMENT not in clean
    np.testing.assert_array_equal(
        np.asarray(Image.open(BytesIO(clean))), np.asarray(Image.open(BytesIO(stream.getvalue())))
    )
    assert clean_jpeg(clean) == clean
    assert JPEGBaseline8Bit.is_encapsulated


FRAMES = {
    syntax: next(pydicom.encaps.generate_frames(compressed(syntax).PixelData, number_of_frames=1))
    for syntax in (JPEGLSLossless, JPEG2000Lossless)
}


@given(st.integers(min_value=0), st.binary(max_size=12))
@pytest.mark.parametrize("syntax", [JPEGLSLossless, JPEG2000Lossless])
def test_a_broken_frame_is_refused_or_cleaned_and_never_worse(syntax: str, place: int, junk: bytes) -> None:
    frame = bytearray(FRAMES[syntax])
    place %= len(frame)
    frame[place : place + len(junk)] = junk
    clean = clean_jpeg if syntax == JPEGLSLossless else clean_jpeg_2000
    try:
        result = clean(bytes(frame))
    except CodestreamError:
        return
    assert len(result) <= len(frame)
    assert clean(result) == result
