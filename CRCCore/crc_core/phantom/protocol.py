"""How a phantom was scanned: device, contrast agent, clock; and the small forms of DICOM values."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from crc_core.files.packaged import packaged_document
from crc_core.phantom.model import Phantom
from crc_core.phantom.series import SeriesPlan
from crc_core.vocabulary import Role


def uid(*parts: object) -> str:
    """A UID that only depends on `parts` (PS3.5 B.2: 2.25 and a 128-bit number)."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"


@cache
def protocol() -> dict[str, Any]:
    """The document `data/phantom/protocol.json`."""
    return packaged_document("phantom/protocol.json")


@dataclass(frozen=True)
class Examination:
    """What a seed decides about scanner, contrast agent and clock; times in seconds since midnight."""

    vendor: int
    agent: int
    kvp: float
    effective_mas: float
    uses_aec: bool
    pitch: float
    rotation_s: float
    volume_ml: float
    rate_ml_s: float
    start_s: float
    position: str

    @property
    def injection_s(self) -> float:
        """When the injection begins, after the plain series."""
        return self.start_s + 240


def examination(phantom: Phantom) -> Examination:
    """The examination of a phantom, within consensus table 4."""
    rng = np.random.default_rng([phantom.seed, phantom.time_point, 0xE8A])
    weight = phantom.patient.weight_kg
    return Examination(
        vendor=int(rng.integers(len(protocol()["vendors"]))),
        agent=int(rng.integers(len(protocol()["agents"]))),
        kvp=float(rng.choice([100, 120])),
        effective_mas=float(rng.integers(205, 296)),
        uses_aec=bool(rng.random() < 0.5),
        pitch=float(rng.choice([0.984, 0.992, 1.0, 1.2, 1.375])),
        rotation_s=float(rng.choice([0.6, 0.7, 0.8])),
        volume_ml=float(np.clip(round(1.4 * weight), 80, 100)),
        rate_ml_s=float(rng.choice([2.5, 3.0, 3.5])),
        start_s=float(rng.integers(8 * 3600, 16 * 3600)),
        position=str(rng.choice(["FFS", "HFS"])),
    )


def acquisition_s(plan: SeriesPlan, exam: Examination) -> float:
    """When the first slice of a series is taken, seconds since midnight."""
    if plan.delay_s is not None:
        return exam.injection_s + plan.delay_s
    if plan.role is Role.OTHER:
        return exam.start_s
    return exam.start_s + (60 if plan.role is Role.NC else 100)


def clock(seconds: float) -> str:
    """A DICOM time (TM) of seconds since midnight."""
    whole = int(seconds)
    return f"{whole // 3600:02d}{whole // 60 % 60:02d}{whole % 60:02d}.{round((seconds - whole) * 1000):03d}"


def decimal(value: float) -> str:
    """A decimal string (DS, at most 16 characters) as near to `value` as it can be."""
    for digits in range(15, 5, -1):
        text = f"{value:.{digits}g}"
        if len(text) <= 16:
            return text
    raise ValueError(f"{value} does not fit a decimal string")
