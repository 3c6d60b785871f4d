"""Writes de-identified DICOM files: new head, cleaned data set, the voxels of the original byte for byte.

Source: DICOM PS3.10 section 7 (file format), PS3.5 annex A.4 (encapsulated pixel data).
"""

from __future__ import annotations

import logging
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from crc_core.errors import CrcError
from crc_core.files.atomic import naming, read_bytes
from crc_core.importing.codestream import cleaner, is_known
from crc_core.importing.deidentify import Deidentifier, require_image
from crc_core.importing.rules import DeidentificationRules

_PIXELS = 0x7FE00010
_IMPLEMENTATION_UID = "2.25.293487110584406617836301120478834862081"
_IMPLEMENTATION_NAME = "CRCDB_1"
_BROKEN = (
    *(ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RuntimeError, EOFError, MemoryError),
    *(OSError, struct.error, zlib.error),
)
"""What the library raises for hostile bytes, whatever it was looking for in them."""


def read_checked(path: Path, rules: DeidentificationRules) -> Any:
    """The data set (pydicom) in the file `path`; raises CrcError where it cannot be read or may not enter."""
    from io import BytesIO

    import pydicom

    data = read_bytes(path)
    with _guarded(path):
        original = pydicom.dcmread(BytesIO(data), force=True)
        require_image(original, rules, path)
        syntax = original.file_meta.TransferSyntaxUID
        if syntax.is_encapsulated and not is_known(str(syntax)):
            raise CrcError("import.codestream_unknown", path=path, syntax=syntax.name)
    return original


def write_deidentified(source: Path, target: Path, deidentifier: Deidentifier, rules: DeidentificationRules) -> str:
    """Write the de-identified form of the file `source` as `target`; the manufacturer as it stands there.

    Raises CrcError where the file cannot be read, may not enter, or cannot be written.
    """
    original = read_checked(source, rules)
    with _guarded(source):
        cleaned = deidentifier.clean(original)
        _add_pixels(original, cleaned)
        data_bytes = _encode(original, cleaned)
    with naming(target):
        target.write_bytes(data_bytes)
    return str(cleaned.get("Manufacturer", ""))


@contextmanager
def _guarded(path: Path) -> Iterator[None]:
    """Turn what the library raises for hostile bytes into a CrcError, and keep its warnings to itself.

    It warns of odd values by quoting them; in a log they would identify.
    """
    from pydicom.errors import BytesLengthException, InvalidDicomError

    logger = logging.getLogger("pydicom")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (BytesLengthException, InvalidDicomError, *_BROKEN) as error:
        raise CrcError("import.unreadable", path=path) from error
    finally:
        logger.setLevel(level)


def _add_pixels(original: Any, cleaned: Any) -> None:
    from pydicom.dataelem import DataElement
    from pydicom.encaps import encapsulate, generate_frames

    element = original.get_item(_PIXELS)
    if element is None or not isinstance(element.value, bytes):
        raise ValueError("no pixel data")
    syntax = original.file_meta.TransferSyntaxUID
    if syntax.is_encapsulated:
        clean = cleaner(str(syntax))
        count = int(original.get("NumberOfFrames", 1) or 1)
        frames = [clean(frame) for frame in generate_frames(element.value, number_of_frames=count)]
        added = DataElement(_PIXELS, "OB", encapsulate(frames))
        added.is_undefined_length = True
    else:
        length = _native_bytes(original)
        if len(element.value) < length:
            raise ValueError("the pixel data is cut off")
        # What follows the last voxel belongs to no image and could hold anything.
        added = DataElement(_PIXELS, "OW", element.value[:length] + b"\0" * (length % 2))
    cleaned[_PIXELS] = added


def _native_bytes(original: Any) -> int:
    count = int(original.get("NumberOfFrames", 1) or 1)
    return int(original.Rows * original.Columns * original.SamplesPerPixel * count * (original.BitsAllocated // 8))


def _encode(original: Any, cleaned: Any) -> bytes:
    from io import BytesIO

    import pydicom
    from pydicom.dataset import FileMetaDataset

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = cleaned.SOPClassUID = original.SOPClassUID
    meta.MediaStorageSOPInstanceUID = cleaned.SOPInstanceUID
    meta.TransferSyntaxUID = original.file_meta.TransferSyntaxUID
    meta.ImplementationClassUID = _IMPLEMENTATION_UID
    meta.ImplementationVersionName = _IMPLEMENTATION_NAME
    cleaned.file_meta = meta
    cleaned.preamble = b"\0" * 128
    stream = BytesIO()
    pydicom.dcmwrite(stream, cleaned, enforce_file_format=True)
    return stream.getvalue()
