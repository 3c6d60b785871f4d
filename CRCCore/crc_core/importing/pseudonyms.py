"""Everything that replaces an identity, made from it with a secret that stays outside the store.

The same secret gives the same pseudonym for the same original, so that a retry and a follow-up fit together; without
the secret nobody can go back or test a guess.
Source: DICOM PS3.5 annex B.2 (UIDs from a 128-bit number under the root 2.25), FIPS 198-1 (HMAC).
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import date, datetime, timedelta

_DICOM_ROOT = "1.2.840.10008."
_RFC_4122_VERSION_4 = (0xF << 76, 0x4 << 76, 0x3 << 62, 0x2 << 62)


@dataclass(frozen=True, repr=False)
class Pseudonyms:
    """Keyed pseudonyms of one key table; `secret` has at least 32 bytes."""

    secret: bytes

    def __post_init__(self) -> None:
        if len(self.secret) < 32:
            raise ValueError("a secret has at least 32 bytes")

    def digest(self, purpose: str, *parts: str) -> str:
        """A keyed hash of `parts` for one purpose, 64 hexadecimal digits."""
        return self._mac(purpose, parts).hex()

    def uid(self, original: str) -> str:
        """The new UID of `original`; UIDs of the standard itself and an empty one stay as they are."""
        original = original.strip("\0 ")
        if not original or original.startswith(_DICOM_ROOT):
            return original
        number = int.from_bytes(self._mac("uid", (original,))[:16], "big")
        clear_version, version, clear_variant, variant = _RFC_4122_VERSION_4
        return f"2.25.{(number & ~clear_version & ~clear_variant) | version | variant}"

    def shift_days(self, patient: str, longest: int) -> int:
        """By how many whole days all dates of `patient` move back: 1 to `longest`."""
        return 1 + int.from_bytes(self._mac("shift", (patient,))[:8], "big") % longest

    def _mac(self, purpose: str, parts: tuple[str, ...]) -> bytes:
        message = "\0".join((purpose, *(str(len(part)) for part in parts), *parts)).encode("utf-8", "surrogateescape")
        return hmac.new(self.secret, message, hashlib.sha256).digest()


def read_date(text: str) -> date | None:
    """A DICOM date (`YYYYMMDD`, also the older `YYYY.MM.DD`); None for anything else."""
    plain = text.strip().replace(".", "") if text.strip().count(".") == 2 else text.strip()
    if len(plain) != 8 or not plain.isascii() or not plain.isdigit():
        return None
    try:
        return datetime.strptime(plain, "%Y%m%d").date()  # noqa: DTZ007 - a date has no zone
    except ValueError:
        return None


def shifted(day: date, shift_days: int) -> date | None:
    """`day` moved back; None where the calendar ends."""
    try:
        return day - timedelta(days=shift_days)
    except OverflowError:
        return None
