"""Codes of cases, units, series and masks.

A case code is `CRC-<site>-<serial>-<check>` with an ISO 7064 MOD 37,36 check character over its letters and digits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from crc_core.errors import CrcError
from crc_core.vocabulary import Role, Target

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CASE = re.compile(r"CRC-([0-9]{2})-([0-9]{6})-([0-9A-Z])")
_MASK = re.compile(rf"(.+)_({'|'.join(Target)})(?:-(outer|inner))?\.nii(?:\.gz)?")
_TIME_POINT = re.compile(r"T(0|[1-9][0-9]?)")


def check_character(text: str) -> str:
    """The ISO 7064 MOD 37,36 check character of `text` (digits and capital letters only)."""
    product = 36
    for character in text:
        total = (product + _ALPHABET.index(character)) % 36
        product = (total or 36) * 2 % 37
    return _ALPHABET[(37 - product) % 36]


def mint_case_code(site: str, serial: int) -> str:
    """The code of the `serial`-th case (1 to 999999) of a two-digit `site`."""
    if not re.fullmatch(r"[0-9]{2}", site):
        raise CrcError("identity.bad_site", site=site)
    if not 1 <= serial <= 999_999:
        raise CrcError("identity.bad_serial", serial=serial)
    body = f"CRC{site}{serial:06d}"
    return f"CRC-{site}-{serial:06d}-{check_character(body)}"


def check_case_code(code: str) -> str:
    """`code` itself where it is well formed and its check character fits; else a CrcError."""
    match = _CASE.fullmatch(code)
    if not match:
        raise CrcError("identity.bad_case_code", code=code)
    if check_character(f"CRC{match[1]}{match[2]}") != match[3]:
        raise CrcError("identity.check_character", code=code)
    return code


@dataclass(frozen=True, order=True)
class UnitId:
    """The unit of all work: one case at one time point (`T0` is the baseline)."""

    case: str
    time_point: str

    def __post_init__(self) -> None:
        check_case_code(self.case)
        if not _TIME_POINT.fullmatch(self.time_point):
            raise CrcError("identity.bad_time_point", time_point=self.time_point)

    def __str__(self) -> str:
        return f"{self.case}_{self.time_point}"

    @classmethod
    def parse(cls, text: str) -> UnitId:
        """The unit written as `CRC-01-000123-K_T0`."""
        case, _, time_point = text.partition("_")
        return cls(case, time_point)

    def is_before(self, other: UnitId) -> bool:
        """Whether this is an earlier time point of the same case."""
        return self.case == other.case and int(self.time_point[1:]) < int(other.time_point[1:])

    def series_code(self, role: Role) -> str:
        """The code of this unit's chosen series for `role`, e.g. `CRC-01-000123-K_T0_PVP`."""
        return f"{self}_{role.value}"


def mask_name(series_code: str, target: Target, parent: str = "") -> str:
    """The file name of a target's mask on its source series; `parent` is `outer` or `inner` for subtraction."""
    suffix = f"-{parent}" if parent else ""
    return f"{series_code}_{target.value}{suffix}.nii.gz"


def parse_mask_name(name: str) -> tuple[UnitId, Role, Target, str] | None:
    """The unit, the role of the source, the target and the parent (or "") in a mask's name; None for other names."""
    match = _MASK.fullmatch(name)
    unit, _, role = (match[1] if match else "").rpartition("_")
    if match is None or role not in set(Role):
        return None
    try:
        return UnitId.parse(unit), Role(role), Target(match[2]), match[3] or ""
    except CrcError:
        return None
