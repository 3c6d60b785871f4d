"""The accepted values of an acquisition, from `data/acquisition.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from crc_core.vocabulary import Role, Verdict


@dataclass(frozen=True)
class Limit:
    """One accepted range; beyond it `outside`, but only a note within `tolerated`."""

    low: float
    high: float
    unit: str
    digits: int
    outside: Verdict
    source: str
    tolerated: tuple[float, float] | None

    def verdict(self, value: float) -> Verdict:
        """Pass within the range as printed (to half of its last digit), else what the rule says."""
        slack = 0.5 * 10.0**-self.digits - 1e-9 if self.digits else 0.5 - 1e-9
        if self.low - slack <= value <= self.high + slack:
            return Verdict.PASS
        if self.tolerated and self.tolerated[0] <= value <= self.tolerated[1]:
            return Verdict.NOTE
        return self.outside

    def words(self) -> str:
        """The range in figures and unit."""
        return f"{self.low:g}–{self.high:g} {self.unit}".strip() if self.low else f"≤{self.high:g} {self.unit}".strip()

    def shown(self, value: float) -> str:
        """A value in the precision and unit of the range."""
        return f"{value:.{self.digits}f} {self.unit}".strip()


@dataclass(frozen=True)
class AcquisitionLimits:
    """All limits of one version of the rule file; delays are (shortest, longest) seconds by phase."""

    version: str
    limits: Mapping[str, Limit]
    printed_delays_s: Mapping[Role, tuple[float, float]]
    practice_delays_s: Mapping[Role, tuple[float, float]]
    per_role: Mapping[Role, tuple[str, ...]]
    noted_thickness_mm: float
    mri_pass_days: int
    mri_note_days: int
    metal_hu: float
    metal_noted_ml: float
    metal_warned_ml: float


@cache
def acquisition_limits() -> AcquisitionLimits:
    """The limits in force."""
    document = json.loads((resources.files("crc_core") / "data" / "acquisition.json").read_text(encoding="utf-8"))
    delays = document["delays_s"]
    return AcquisitionLimits(
        document["version"],
        {name: _limit(row) for name, row in document["limits"].items()},
        {Role(name): (row["printed"][0], row["printed"][1]) for name, row in delays.items()},
        {Role(name): (row["practice"][0], row["practice"][1]) for name, row in delays.items()},
        {Role(name): tuple(rows) for name, rows in document["per_role"].items()},
        document["noted_thickness_mm"],
        document["mri_days"]["pass"],
        document["mri_days"]["note"],
        document["metal"]["hu"],
        document["metal"]["noted_ml"],
        document["metal"]["warned_ml"],
    )


def _limit(row: dict) -> Limit:
    tolerated = row.get("tolerated")
    return Limit(
        row["low"],
        row["high"],
        row["unit"],
        row["digits"],
        Verdict(row["outside"]),
        row["source"],
        None if tolerated is None else (tolerated[0], tolerated[1]),
    )
