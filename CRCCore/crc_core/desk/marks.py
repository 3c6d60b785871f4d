"""What is drawn on the images beside the contours, and can be dragged there: calipers, density samples, sync points."""

from __future__ import annotations

from dataclasses import dataclass

from crc_core.contour.results import DensitySample, Measurement, Size
from crc_core.desk.arrangement import ImageKey
from crc_core.reading.schema import SyncPair
from crc_core.vocabulary import Target

__all__ = ["CaliperKey", "CaliperMark", "SampleKey", "SampleMark", "SyncPair"]


@dataclass(frozen=True)
class CaliperKey:
    """Which caliper: one size of one lesion."""

    target: Target
    lesion: int
    size: Size


@dataclass(frozen=True)
class CaliperMark:
    """A caliper as it is drawn on the images: the measurement it shows and the words beside it."""

    key: CaliperKey
    measurement: Measurement
    words: str


@dataclass(frozen=True)
class SampleKey:
    """Which density sample: its number (from 0) among those of one lesion in one phase."""

    target: Target
    lesion: int
    image: ImageKey
    number: int


@dataclass(frozen=True)
class SampleMark:
    """A density sample as it is drawn on its own phase's image."""

    key: SampleKey
    sample: DensitySample
    words: str
