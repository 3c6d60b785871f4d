"""Items of the check that the places of the images answer: tilt, spacing, missing and doubled slices, orientation."""

from __future__ import annotations

import dataclasses

from crc_core.dicom.geometry import SPACING_LIMIT, TILT_LIMIT_DEG
from crc_core.dicom.series import Duplicate, Series
from crc_core.dicom.volume import image_sha256
from crc_core.errors import CrcError
from crc_core.scan.item import CheckItem, Source, Word
from crc_core.vocabulary import Verdict

_MOST_COMPARED = 64


def geometry_items(series: Series) -> list[CheckItem]:
    """Tilt, evenness, missing, duplicate and orientation; tilt and evenness cannot be overruled."""
    items = [_orientation_item(series), _duplicate_item(series)]
    geometry = series.geometry
    if geometry is None:
        code, untold = "scan.geometry.unknown", Word("scan.not_told")
        return [
            *items,
            *(
                CheckItem(name, Verdict.FAIL, untold, expected, Source.DICOM, code, overrulable=False)
                for name, expected in (("tilt", _tilt_words()), ("spacing-even", _even_words()))
            ),
        ]
    return [*items, _tilt_item(series), _even_item(series), _missing_item(series)]


def mr_geometry_items(series: Series) -> list[CheckItem]:
    """The same for MR, which is looked at and never contoured on: oblique planes are usual, flaws only warn."""
    items = [item for item in geometry_items(series) if item.id != "orientation"]
    return [
        dataclasses.replace(item, verdict=Verdict.WARN, overrulable=True) if item.verdict is Verdict.FAIL else item
        for item in items
    ]


def _tilt_words() -> str:
    return f"≤{TILT_LIMIT_DEG:g}°"


def _even_words() -> str:
    return f"≤{100 * SPACING_LIMIT:g} %"


def _tilt_item(series: Series) -> CheckItem:
    geometry = series.geometry
    assert geometry is not None
    seen, verdict, outcome = f"{geometry.tilt_deg:.2f}°", Verdict.PASS, "pass"
    declared = series.header.declared_tilt_deg
    values: tuple[tuple[str, str], ...] = ()
    if geometry.is_tilted:
        verdict, outcome = Verdict.FAIL, "fail"
    elif declared is not None and abs(declared) > TILT_LIMIT_DEG:
        verdict, outcome, values = Verdict.NOTE, "declared", (("declared", f"{declared:g}°"),)
    code = f"scan.tilt.{outcome}"
    return CheckItem("tilt", verdict, seen, _tilt_words(), Source.OURS, code, values, overrulable=False)


def _even_item(series: Series) -> CheckItem:
    geometry = series.geometry
    assert geometry is not None
    is_even = geometry.unevenness <= SPACING_LIMIT
    return CheckItem(
        "spacing-even",
        Verdict.PASS if is_even else Verdict.FAIL,
        f"{100 * min(geometry.unevenness, 99.0):.1f} %",
        _even_words(),
        Source.OURS,
        "scan.even.pass" if is_even else "scan.even.fail",
        overrulable=False,
    )


def _missing_item(series: Series) -> CheckItem:
    geometry = series.geometry
    assert geometry is not None
    gaps = [gap for gap in geometry.gaps if gap.missing]
    missing = sum(gap.missing for gap in gaps)
    if not missing:
        return CheckItem("missing", Verdict.PASS, 0, 0, Source.CONSENSUS, "scan.missing.pass")
    places = series.positions_lps_mm
    where = ", ".join(f"z = {places[gap.after][2]:.1f} mm" for gap in gaps[:3]) + (" …" if len(gaps) > 3 else "")
    values = (("where", where),)
    return CheckItem("missing", Verdict.FAIL, missing, 0, Source.CONSENSUS, "scan.missing.fail", values)


def _orientation_item(series: Series) -> CheckItem:
    expected = Word("scan.plane.axial")
    if not series.plane:
        unknown = Word("scan.not_told")
        return CheckItem("orientation", Verdict.FAIL, unknown, expected, Source.DICOM, "scan.orientation.unknown")
    seen = Word(f"scan.plane.{series.plane}")
    if series.plane != "axial":
        return CheckItem("orientation", Verdict.WARN, seen, expected, Source.OURS, "scan.orientation.other")
    return CheckItem("orientation", Verdict.PASS, seen, expected, Source.OURS, "scan.orientation.pass")


def _duplicate_item(series: Series) -> CheckItem:
    """Copies are left out and noted; two different images at one place are a warning."""
    if not series.duplicates:
        return CheckItem("duplicate", Verdict.PASS, 0, 0, Source.CONSENSUS, "scan.duplicate.pass")
    count = len(series.duplicates)
    if all(_is_copy(item) for item in series.duplicates[:_MOST_COMPARED]):
        return CheckItem("duplicate", Verdict.NOTE, count, 0, Source.CONSENSUS, "scan.duplicate.copies")
    return CheckItem("duplicate", Verdict.WARN, count, 0, Source.CONSENSUS, "scan.duplicate.differ")


def _is_copy(duplicate: Duplicate) -> bool:
    try:
        return image_sha256(duplicate.kept) == image_sha256(duplicate.left_out)
    except CrcError:
        return False
