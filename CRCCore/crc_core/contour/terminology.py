"""What each segment is called in SNOMED CT, for segmentations in Slicer and for DICOM SEG.

The words lie in `data/terminology`: `segments.json` says which code belongs to which target, class and part;
`crc.term.json` and `crc-regions.term.json` offer the same codes to Slicer's terminology selector.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any

from crc_core.files.packaged import packaged_document
from crc_core.vocabulary import LesionClass, Target


class Part(StrEnum):
    """Which volume of a target a segment holds: the mask itself, or a parent of the subtraction."""

    MASK = "mask"
    OUTER = "outer"
    INNER = "inner"


class PrimarySite(StrEnum):
    """Which bowel a primary lies in, as far as it is known."""

    LARGE_BOWEL = ""
    COLON = "colon"
    RECTUM = "rectum"


@dataclass(frozen=True)
class Code:
    """A coded concept (DICOM PS3.3, 8.8)."""

    scheme: str
    value: str
    meaning: str


@dataclass(frozen=True)
class SegmentTerm:
    """The segmented property of a segment, its anatomic region and its recommended colour (0 to 255)."""

    category: Code
    type: Code
    region: Code
    rgb: tuple[int, int, int]


@dataclass(frozen=True)
class SegmentTerms:
    """All segment terms by key, with the names of the two contexts that Slicer loads."""

    version: str
    context: str
    regions: str
    by_key: MappingProxyType[str, SegmentTerm]


@cache
def segment_terms() -> SegmentTerms:
    """The terms in force."""
    document = packaged_document("terminology/segments.json")
    terms = {key: _term(entry) for key, entry in document["segments"].items()}
    return SegmentTerms(document["version"], document["context"], document["regions"], MappingProxyType(terms))


def term_of(
    target: Target,
    *,
    part: Part = Part.MASK,
    lesion_class: LesionClass | None = None,
    site: PrimarySite = PrimarySite.LARGE_BOWEL,
) -> SegmentTerm:
    """The term of a segment; raises ValueError for a parent of anything but a primary."""
    if part is not Part.MASK:
        if target is not Target.PRIMARY:
            raise ValueError(f"only a primary has an {part.value} edge")
        return segment_terms().by_key[f"primary-{part.value}"]
    if target is Target.PRIMARY and site is not PrimarySite.LARGE_BOWEL:
        return segment_terms().by_key[f"primary-{site.value}"]
    if target is Target.LIVER and lesion_class is LesionClass.UNCERTAIN:
        return segment_terms().by_key["liver-uncertain"]
    return segment_terms().by_key[target.value]


def _term(entry: dict[str, Any]) -> SegmentTerm:
    category, kind, region = (
        Code(entry[name]["CodingSchemeDesignator"], entry[name]["CodeValue"], entry[name]["CodeMeaning"])
        for name in ("category", "type", "region")
    )
    red, green, blue = entry["rgb"]
    return SegmentTerm(category, kind, region, (red, green, blue))
