"""Which segment of a segmentation holds what; segments are known by this key, never by their name."""

from __future__ import annotations

from dataclasses import dataclass

from crc_core.contour.terminology import Part
from crc_core.vocabulary import Target


@dataclass(frozen=True)
class SegmentKey:
    """What a segment holds: one lesion of one part of one target."""

    target: Target
    lesion: int
    part: Part = Part.MASK

    @property
    def segment_id(self) -> str:
        """The fixed identifier, e.g. `crc-liver-3` or `crc-primary-outer-1`."""
        middle = "" if self.part is Part.MASK else f"-{self.part.value}"
        return f"crc-{self.target.value}{middle}-{self.lesion}"
