"""SNOMED CT entries as Slicer writes them on segments, and the contexts its selector loads."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

from crc_core.contour.terminology import Code, SegmentTerm, segment_terms

_NO_MODIFIER = "^^"


def terminology_entry(term: SegmentTerm) -> str:
    """The entry in Slicer's own form: context~category~type~modifier~region context~region~modifier."""
    terms = segment_terms()
    parts = (
        terms.context,
        _triple(term.category),
        _triple(term.type),
        _NO_MODIFIER,
        terms.regions,
        _triple(term.region),
        _NO_MODIFIER,
    )
    return "~".join(parts)


def load_terminology(logic: Any) -> bool:
    """Let a vtkSlicerTerminologiesModuleLogic know both contexts; whether it took them."""
    folder = resources.files("crc_core") / "data" / "terminology"
    with resources.as_file(folder) as path:
        entries = bool(logic.LoadTerminologyFromFile(str(Path(path) / "crc.term.json")))
        regions = bool(logic.LoadRegionContextFromFile(str(Path(path) / "crc-regions.term.json")))
    return entries and regions


def _triple(code: Code) -> str:
    return f"{code.scheme}^{code.value}^{code.meaning}"
