"""One image of a stack: where it lies in the patient and in its file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from crc_core.dicom.elements import RawHeader
from crc_core.dicom.header import SHARED_TAGS, Header, decode_header, first_number, numbers

_SOP_UID, _NUMBER, _ACQUISITION, _TEMPORAL = 0x00080018, 0x00200013, 0x00200012, 0x00200100
_POSITION, _FRAMES = 0x00200032, 0x00280008
_ACQUISITION_TIME, _ACQUISITION_DATETIME, _CONTENT_TIME = 0x00080032, 0x0008002A, 0x00080033
_EXPOSURE, _CURRENT, _EXPOSURE_UAS = 0x00181152, 0x00181151, 0x00181153
_FARTHEST_MM = 1e7

WANTED_TAGS = frozenset(
    (
        *SHARED_TAGS,
        *(_SOP_UID, _NUMBER, _ACQUISITION, _TEMPORAL, _POSITION, _FRAMES),
        *(_ACQUISITION_TIME, _ACQUISITION_DATETIME, _CONTENT_TIME, _EXPOSURE, _CURRENT, _EXPOSURE_UAS),
    )
)


@dataclass(frozen=True, slots=True)
class Instance:
    """One image: a single-frame file, or one frame of a multi-frame file.

    `position_lps_mm` is the centre of the first pixel (PS3.3 C.7.6.2.1.1), None where the file does not say.
    `acquired_s` is the acquisition's time of day in seconds. `pixel_offset` and `pixel_bytes` say where the voxels of
    the whole file lie, as in `RawHeader`; `frame` counts from 0 inside the file.
    """

    location: str
    sop_uid: str
    frame: int
    frames_in_file: int
    number: int | None
    acquisition: int | None
    temporal: int | None
    position_lps_mm: tuple[float, ...] | None
    acquired_s: float | None
    mas: float | None
    tube_current_ma: float | None
    pixel_offset: int
    pixel_bytes: int
    header: Header

    @property
    def path(self) -> Path:
        """The file that holds the image."""
        return Path(self.location)


class HeaderPool:
    """Hands out one `Header` for all files whose shared elements are the same bytes."""

    def __init__(self) -> None:
        self._headers: dict[tuple[object, ...], Header] = {}

    def header(self, raw: RawHeader) -> Header:
        """The shared header of `raw`, decoded only the first time it is seen."""
        get = raw.values.get
        key = (raw.transfer_syntax, raw.has_pixels, *map(get, SHARED_TAGS))
        header = self._headers.get(key)
        if header is None:
            header = self._headers[key] = decode_header(raw)
        return header


def decode_instance(raw: RawHeader, location: str, pool: HeaderPool) -> Instance:
    """The image described by the single-frame (or unplaced) file `raw` at `location`."""
    values = raw.values
    get = values.get
    current = first_number(get(_CURRENT))
    mas = first_number(get(_EXPOSURE))
    if mas is None and (micro := first_number(get(_EXPOSURE_UAS))) is not None:
        mas = micro / 1000
    return Instance(
        location,
        get(_SOP_UID, b"").decode("ascii", "replace").strip("\0 "),
        0,
        whole(get(_FRAMES)) or 1,
        whole(get(_NUMBER)),
        whole(get(_ACQUISITION)),
        whole(get(_TEMPORAL)),
        _position(get(_POSITION)),
        time_of_day_s(get(_ACQUISITION_TIME)) or _time_of_datetime_s(get(_ACQUISITION_DATETIME)),
        mas,
        current,
        raw.pixel_offset,
        raw.pixel_bytes,
        pool.header(raw),
    )


def _position(value: bytes | None) -> tuple[float, ...] | None:
    """A position within ten kilometres of the origin: beyond it the numbers are damaged."""
    position = numbers(value, 3)
    return position if position is not None and max(map(abs, position)) < _FARTHEST_MM else None


def whole(value: bytes | None) -> int | None:
    """The first integer string of an element, None where there is none or it is no number."""
    if not value:
        return None
    try:
        number = int(value.split(b"\\", 1)[0].strip(b"\0 "))
    except ValueError:
        return None
    return number if abs(number) < 1 << 31 else None


def time_of_day_s(value: bytes | str | None) -> float | None:
    """Seconds after midnight of a TM value (HHMMSS.FFFFFF, PS3.5 section 6.2), None where it is no time."""
    if not value:
        return None
    text = (value.decode("ascii", "replace") if isinstance(value, bytes) else value).strip("\0 ").replace(":", "")
    digits, _, fraction = text.partition(".")
    if not digits.isdigit() or len(digits) not in (2, 4, 6) or (fraction and not fraction.isdigit()):
        return None
    hours, minutes, seconds = int(digits[:2]), int(digits[2:4] or 0), int(digits[4:6] or 0)
    if hours > 23 or minutes > 59 or seconds > 60:
        return None
    return hours * 3600 + minutes * 60 + seconds + (float(f"0.{fraction[:6]}") if fraction else 0.0)


def _time_of_datetime_s(value: bytes | None) -> float | None:
    text = (value or b"").split(b"+", 1)[0].split(b"-", 1)[0].strip(b"\0 ")
    return time_of_day_s(text[8:]) if len(text) >= 10 else None
