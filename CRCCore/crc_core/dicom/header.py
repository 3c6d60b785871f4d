"""What one file says beside its own place in the stack: identity of study and series, acquisition, pixel layout.

A `Header` is shared by all instances that say the same, so that a study of thousands of files holds a few of them.
It holds no name, birth date or patient number: `patient_key` only tells patients apart.
"""

from __future__ import annotations

import hashlib
import math
import struct
from dataclasses import dataclass

from crc_core.dicom.charset import decode_text
from crc_core.dicom.elements import RawHeader

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2.1"
LEGACY_ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2.2"
MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4"
ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4.1"
LEGACY_ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4.4"
MULTIFRAME_CLASSES = (ENHANCED_CT, LEGACY_ENHANCED_CT, ENHANCED_MR, LEGACY_ENHANCED_MR)
MEDIA_DIRECTORY = "1.2.840.10008.1.3.10"

_CHARSET = 0x00080005
_TEXTS = {
    "study_date": 0x00080020,
    "acquisition_date": 0x00080022,
    "series_date": 0x00080021,
    "series_description": 0x0008103E,
    "protocol_name": 0x00181030,
    "performed_step": 0x00400254,
    "modality": 0x00080060,
    "body_part": 0x00180015,
    "manufacturer": 0x00080070,
    "model": 0x00081090,
    "sop_class_uid": 0x00080016,
    "study_uid": 0x0020000D,
    "series_uid": 0x0020000E,
    "frame_of_reference_uid": 0x00200052,
    "photometric": 0x00280004,
    "kernel": 0x00181210,
    "patient_position": 0x00185100,
    "contrast_agent": 0x00180010,
    "contrast_start_time": 0x00181042,
    "contrast_ingredient": 0x00181048,
    "contrast_phase": 0x00189344,
    "exposure_modulation": 0x00189323,
    "burned_in": 0x00280301,
    "processing": 0x00181400,
    "derivation": 0x00082111,
    "image_comments": 0x00204000,
    "sequence_name": 0x00180024,
    "lossy_compression": 0x00282110,
}
_NUMBERS = {
    "series_number": 0x00200011,
    "rescale_slope": 0x00281053,
    "rescale_intercept": 0x00281052,
    "thickness_mm": 0x00180050,
    "declared_tilt_deg": 0x00181120,
    "kvp": 0x00180060,
    "pitch": 0x00189311,
    "rotation_s": 0x00189305,
    "field_of_view_mm": 0x00181100,
    "total_collimation_mm": 0x00189307,
    "single_collimation_mm": 0x00189306,
    "contrast_volume_ml": 0x00181041,
    "contrast_rate_ml_s": 0x00181046,
    "contrast_concentration_mg_ml": 0x00181049,
    "echo_time_ms": 0x00180081,
    "b_value": 0x00189087,
    "window_level_hu": 0x00281050,
    "window_width_hu": 0x00281051,
}
_SHORTS = {
    "rows": 0x00280010,
    "columns": 0x00280011,
    "bits_allocated": 0x00280100,
    "bits_stored": 0x00280101,
    "pixel_representation": 0x00280103,
    "samples": 0x00280002,
}
_BINARY_DOUBLES = frozenset((0x00189311, 0x00189305, 0x00189307, 0x00189306, 0x00189087))
_ORIENTATION, _PIXEL_SPACING, _IMAGE_TYPE = 0x00200037, 0x00280030, 0x00080008
_PATIENT_ID, _PATIENT_NAME, _BIRTH_DATE, _SEX = 0x00100020, 0x00100010, 0x00100030, 0x00100040
# Private words of vendors that the standard elements lack on older scanners, each with the creator of its block.
_GE_ACQUISITION, _GE_PARAMETERS = 0x00190010, 0x00430010
_GE_ROTATION, _GE_PITCH, _GE_AUTO_MA = 0x00191027, 0x00431027, 0x0043106E

SHARED_TAGS = (
    _CHARSET,
    *_TEXTS.values(),
    *_NUMBERS.values(),
    *_SHORTS.values(),
    *(_ORIENTATION, _PIXEL_SPACING, _IMAGE_TYPE, _PATIENT_ID, _PATIENT_NAME, _BIRTH_DATE, _SEX),
    *(_GE_ACQUISITION, _GE_PARAMETERS, _GE_ROTATION, _GE_PITCH, _GE_AUTO_MA),
)


@dataclass(frozen=True, slots=True)
class Header:
    """What instances of one stack share; texts are empty and numbers None where the file is silent.

    `orientation_lps` are the unit vectors of a row and of a column (PS3.3 C.7.6.2.1.1); `pixel_spacing_mm` is the
    distance between rows, then between columns. Dates and times are as written (DA, TM).
    """

    patient_key: str
    person_key: str
    sex: str
    study_date: str
    acquisition_date: str
    series_date: str
    series_description: str
    protocol_name: str
    performed_step: str
    modality: str
    body_part: str
    manufacturer: str
    model: str
    sop_class_uid: str
    study_uid: str
    series_uid: str
    frame_of_reference_uid: str
    photometric: str
    kernel: str
    patient_position: str
    contrast_agent: str
    contrast_start_time: str
    contrast_ingredient: str
    contrast_phase: str
    exposure_modulation: str
    burned_in: str
    processing: str
    derivation: str
    image_comments: str
    sequence_name: str
    lossy_compression: str
    series_number: float | None
    rescale_slope: float | None
    rescale_intercept: float | None
    thickness_mm: float | None
    declared_tilt_deg: float | None
    kvp: float | None
    pitch: float | None
    rotation_s: float | None
    field_of_view_mm: float | None
    total_collimation_mm: float | None
    single_collimation_mm: float | None
    contrast_volume_ml: float | None
    contrast_rate_ml_s: float | None
    contrast_concentration_mg_ml: float | None
    echo_time_ms: float | None
    b_value: float | None
    window_level_hu: float | None
    window_width_hu: float | None
    rows: int
    columns: int
    bits_allocated: int
    bits_stored: int
    pixel_representation: int
    samples: int
    orientation_lps: tuple[float, ...] | None
    pixel_spacing_mm: tuple[float, float] | None
    image_type: tuple[str, ...]
    transfer_syntax: str
    has_pixels: bool

    @property
    def is_localizer(self) -> bool:
        """Whether the image is a scout (PS3.3 C.8.2.1.1.1, value 3 of the image type)."""
        return "LOCALIZER" in self.image_type or "SCOUT" in self.image_type

    @property
    def is_multiframe_class(self) -> bool:
        """Whether places and parameters are kept per frame in functional groups."""
        return self.sop_class_uid in MULTIFRAME_CLASSES


def decode_header(raw: RawHeader) -> Header:
    """The shared part of `raw`; broken values become None or an empty text, never an error."""
    values = raw.values
    declared = values.get(_CHARSET, b"")
    order = ">" if raw.is_big_endian else "<"
    fields: dict[str, object] = {
        name: decode_text(values.get(tag, b""), declared).strip() for name, tag in _TEXTS.items()
    }
    for name, tag in _NUMBERS.items():
        value = values.get(tag)
        fields[name] = _double(value, order) if tag in _BINARY_DOUBLES else first_number(value)
    for name, tag in _SHORTS.items():
        fields[name] = _unsigned(values.get(tag), order)
    _fill_from_private(fields, values)
    spacing = numbers(values.get(_PIXEL_SPACING), 2)
    fields["pixel_spacing_mm"] = (spacing[0], spacing[1]) if spacing and min(spacing) > 0 else None
    return Header(
        patient_key=_key(values, (_PATIENT_ID,), declared),
        person_key=_key(values, (_PATIENT_NAME, _BIRTH_DATE), declared),
        sex=decode_text(values.get(_SEX, b""), declared),
        orientation_lps=_orientation(values.get(_ORIENTATION)),
        image_type=tuple(part.strip().upper() for part in _ascii(values.get(_IMAGE_TYPE)).split("\\") if part.strip()),
        transfer_syntax=raw.transfer_syntax,
        has_pixels=raw.has_pixels,
        **fields,  # type: ignore[arg-type]  # the tables above name every field and its type
    )


def numbers(value: bytes | None, count: int) -> tuple[float, ...] | None:
    """Exactly `count` finite decimal numbers of a multi-valued element, else None."""
    if not value:
        return None
    parts = value.strip(b"\0 ").split(b"\\")
    if len(parts) != count:
        return None
    try:
        result = tuple(map(float, parts))
    except ValueError:
        return None
    return result if all(map(math.isfinite, result)) else None


def first_number(value: bytes | None) -> float | None:
    """The first decimal number of an element, None where there is none."""
    if not value:
        return None
    try:
        number = float(value.split(b"\\", 1)[0].strip(b"\0 "))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _double(value: bytes | None, order: str) -> float | None:
    """An FD value, or a decimal string where the file uses another representation."""
    if value is not None and len(value) >= 8 and len(value) % 8 == 0:
        number = struct.unpack_from(order + "d", value)[0]
        if math.isfinite(number) and (number == 0 or 1e-6 < abs(number) < 1e6):
            return float(number)
    return first_number(value)


def _unsigned(value: bytes | None, order: str) -> int:
    return struct.unpack_from(order + "H", value)[0] if value and len(value) >= 2 else 0


def _orientation(value: bytes | None) -> tuple[float, ...] | None:
    cosines = numbers(value, 6)
    if cosines is None:
        return None
    row, column = cosines[:3], cosines[3:]
    lengths = math.hypot(*row), math.hypot(*column)
    dot = sum(a * b for a, b in zip(row, column, strict=True))
    # Rounded cosines are common; what is no pair of unit vectors at right angles is no orientation.
    if any(abs(length - 1) > 1e-2 for length in lengths) or abs(dot) > 1e-2:
        return None
    return cosines


def _ascii(value: bytes | None) -> str:
    return (value or b"").decode("ascii", "replace").strip("\0 ")


def _key(values: dict[int, bytes], tags: tuple[int, ...], declared: bytes) -> str:
    words = [decode_text(values.get(tag, b""), declared).strip().casefold() for tag in tags]
    if not any(words):
        return ""
    return hashlib.sha256("\n".join(words).encode("utf-8", "replace")).hexdigest()[:24]


def _fill_from_private(fields: dict[str, object], values: dict[int, bytes]) -> None:
    """Pitch, rotation time and automatic exposure of older GE scanners, where the standard elements are missing."""
    if values.get(_GE_PARAMETERS, b"").startswith(b"GEMS_PARM_01"):
        if fields["pitch"] is None:
            fields["pitch"] = first_number(values.get(_GE_PITCH, b"").split(b":")[0])
        automatic = _ascii(values.get(_GE_AUTO_MA))
        if not fields["exposure_modulation"] and automatic:
            fields["exposure_modulation"] = "NONE" if automatic.upper() == "OFF" else automatic
    if values.get(_GE_ACQUISITION, b"").startswith(b"GEMS_ACQU_01") and fields["rotation_s"] is None:
        rotation = first_number(values.get(_GE_ROTATION))
        # Written in milliseconds by some versions and in seconds by others; no scanner turns in 10 s or in 10 ms.
        fields["rotation_s"] = rotation / 1000 if rotation is not None and rotation > 10 else rotation
