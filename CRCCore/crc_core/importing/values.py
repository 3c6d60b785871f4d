"""Whether the value of a kept element is what its kind of element may hold; anything else is dropped, not repaired.

Source: DICOM PS3.5 section 6.2 (value representations).
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from crc_core.importing.pseudonyms import read_date, shifted

BINARY_VRS = frozenset(("AT", "FD", "FL", "SL", "SS", "SV", "UL", "US", "UV"))
TEXT_VRS = frozenset(("CS", "DS", "IS", "LO", "SH", "UC"))

_FORMS = {
    "CS": re.compile(r"(?!.*\d{9})[A-Za-z0-9_ .+/-]{0,16}"),
    "DS": re.compile(r" *[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})? *"),
    "IS": re.compile(r" *[+-]?\d{1,10} *"),
    # Nine digits in a row are a telephone or an identity number, never a kernel or a version.
    "LO": re.compile(r"(?!.*\d{9})[\x20-\x7e]{0,64}"),
    "SH": re.compile(r"(?!.*\d{9})[\x20-\x7e]{0,16}"),
    "UC": re.compile(r"(?!.*\d{9})[\x20-\x7e]{0,64}"),
}
_TIME = re.compile(r"([01]\d|2[0-3])([0-5]\d([0-5]\d(\.\d{1,6})?)?)?")
_DATETIME = re.compile(r"(\d{8})(\d{2,6}(\.\d{1,6})?)?([+-]\d{4})?")
_AGE = re.compile(r"(\d{3})([DWMY])")
_CODE = re.compile(r"[A-Za-z0-9.-]{1,16}")
_SEX = frozenset(("F", "M", "O"))


def valid_text(vr: str, text: str) -> list[str] | None:
    """The values of a text element, or None where one of them does not fit its representation."""
    values = text.split("\\")
    form = _FORMS[vr]
    if vr in ("DS", "IS"):
        values = [value for value in values if value.strip()]
    return values if all(form.fullmatch(value) for value in values) else None


def shifted_date(text: str, shift_days: int) -> str | None:
    """A DA value moved back by whole days; None for what is no date."""
    day = read_date(text)
    moved = None if day is None else shifted(day, shift_days)
    return None if moved is None else moved.strftime("%Y%m%d").zfill(8)


def shifted_datetime(text: str, shift_days: int) -> str | None:
    """A DT value moved back by whole days, without its time zone, which tells the region."""
    match = _DATETIME.fullmatch(text.strip())
    if not match:
        return None
    day = shifted_date(match[1], shift_days)
    return None if day is None else day + (match[2] or "")


def valid_time(text: str) -> str | None:
    """A TM value; None for what is no time."""
    return text.strip() if _TIME.fullmatch(text.strip()) else None


def capped_age(text: str, born: date | None, scanned: date | None, oldest_years: int) -> str | None:
    """The age as AS, from the dates where it is missing, at most `oldest_years` + 1; None where nothing tells it."""
    match = _AGE.fullmatch(text.strip())
    if match:
        return f"{min(int(match[1]), oldest_years + 1):03d}Y" if match[2] == "Y" else match[0]
    if born is None or scanned is None or scanned < born:
        return None
    years = scanned.year - born.year - ((scanned.month, scanned.day) < (born.month, born.day))
    return f"{min(years, oldest_years + 1):03d}Y"


def valid_sex(text: str) -> str | None:
    """The sex where it is one of the three values of the standard."""
    return text.strip().upper() if text.strip().upper() in _SEX else None


def valid_code(text: str) -> str | None:
    """A code value without spaces and free text."""
    return text.strip() if _CODE.fullmatch(text.strip()) else None


def binary_value(element: Any) -> Any:
    """The numbers of a binary element as the library converted them; None for none."""
    return element.value if element.value not in (None, "", b"") else None
