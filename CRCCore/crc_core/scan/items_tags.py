"""Items of the check that the tags of one series answer: kind, burnt-in text, table 4, contrast, position, phase."""

from __future__ import annotations

from collections.abc import Callable

from crc_core.dicom.series import Series
from crc_core.scan.item import CheckItem, Source, Value, Word
from crc_core.scan.limits import Limit, acquisition_limits
from crc_core.scan.phase_tags import TagPhase
from crc_core.scan.roles import SeriesRole, is_capture, is_ct, is_mr
from crc_core.scan.words import Kernel, Kind, is_automatic_exposure
from crc_core.vocabulary import Role, Verdict

_DOSE_CLASSES = ("1.2.840.10008.5.1.4.1.1.88.67", "1.2.840.10008.5.1.4.1.1.88.76")
NOT_TOLD = Word("scan.not_told")
_NAME_KERNEL = (("name", Word("scan.name.kernel")),)
_POSITIONS = ("HFS", "HFP", "HFDR", "HFDL", "FFS", "FFP", "FFDR", "FFDL")


def kind_item(item: SeriesRole) -> CheckItem:
    """What the series is: an axial stack, or a reason why it is none."""
    series = item.series
    expected = Word("scan.kind.stack")
    if is_capture(series):
        seen = Word("scan.kind.capture")
        return CheckItem(
            "secondary-capture", Verdict.FAIL, seen, expected, Source.OURS, "scan.capture", (), overrulable=False
        )
    if not is_ct(series) and not is_mr(series):
        is_dose = series.header.sop_class_uid in _DOSE_CLASSES
        seen_word = Word("scan.kind.dose") if is_dose else Word("scan.kind.not_ct")
        name = "dose-report" if is_dose else "not-ct"
        return CheckItem(name, Verdict.NOTE, seen_word, expected, Source.OURS, "scan.not_ct")
    if is_mr(series):
        stack = Word("scan.kind.mr")
        return CheckItem("image-kind", Verdict.PASS, stack, stack, Source.OURS, "scan.mr_pass")
    if Kind.LOCALIZER in item.kinds:
        return CheckItem(
            "localizer", Verdict.NOTE, Word("scan.kind.localizer"), expected, Source.OURS, "scan.localizer"
        )
    if item.kinds:
        kind = Word(f"scan.kind.{sorted(item.kinds)[0]}")
        return CheckItem("image-kind", Verdict.NOTE, kind, expected, Source.OURS, "scan.other_kind")
    return CheckItem("image-kind", Verdict.PASS, expected, expected, Source.OURS, "scan.kind_pass")


def burnt_in_item(series: Series) -> CheckItem:
    """Whether the tags tell of text burnt into the pixels; that cannot be overruled, for it may name the patient."""
    header = series.header
    expected = Word("scan.no")
    if any(other.burned_in.upper() == "YES" for other in series.headers):
        return CheckItem(
            "burnt-in-text",
            Verdict.FAIL,
            Word("scan.yes"),
            expected,
            Source.OURS,
            "scan.burnt_in",
            overrulable=False,
        )
    if header.burned_in.upper() == "NO" or "PRIMARY" in header.image_type:
        return CheckItem("burnt-in-text", Verdict.PASS, expected, expected, Source.OURS, "scan.burnt_in_pass")
    return CheckItem("burnt-in-text", Verdict.UNKNOWN, NOT_TOLD, expected, Source.OURS, "scan.burnt_in_unknown")


def limit_items(series: Series, role: Role) -> list[CheckItem]:
    """The ranges of table 4 that apply to a series of this role."""
    rules = acquisition_limits()
    items = []
    for name in rules.per_role.get(role, ()):
        if name == "mas":
            items.append(_mas_item(series, rules.limits[name]))
        elif name == "thickness":
            items.append(_thickness_item(series, rules.limits[name]))
        else:
            items.append(_range_item(name, _VALUES[name](series), rules.limits[name]))
    return items


def contrast_items(series: Series, role: Role) -> list[CheckItem]:
    """What is told of the contrast medium of an enhanced series; missing tags are unknown and asked per protocol."""
    if role not in (Role.AP, Role.PVP, Role.DP):
        return []
    header = series.header
    limits = acquisition_limits().limits
    agent = header.contrast_agent or header.contrast_ingredient
    expected = Word("scan.contrast.recorded")
    if agent:
        items = [CheckItem("contrast", Verdict.PASS, agent, expected, Source.TABLE4, "scan.contrast.pass")]
    else:
        items = [CheckItem("contrast", Verdict.UNKNOWN, NOT_TOLD, expected, Source.TABLE4, "scan.contrast.unknown")]
    for name, value in (
        ("contrast-concentration", header.contrast_concentration_mg_ml),
        ("contrast-rate", header.contrast_rate_ml_s),
        ("contrast-volume", header.contrast_volume_ml),
    ):
        items.append(_range_item(name, value, limits[name]))
    return items


def phase_time_item(phase: TagPhase, role: Role, pixels: Role | None) -> CheckItem | None:
    """The delay after injection: passed as printed, noted as practised or where the pixels show the phase, else warned.

    None where the role has no delay. Times are held against the bands in whole seconds, as they are printed.
    """
    rules = acquisition_limits()
    if role not in rules.printed_delays_s:
        return None
    printed, practice = rules.printed_delays_s[role], rules.practice_delays_s[role]
    expected = f"{printed[0]:g}–{printed[1]:g} s"
    if phase.delay_s is None:
        return CheckItem("phase-time", Verdict.UNKNOWN, NOT_TOLD, expected, Source.TABLE4, "scan.phase_time.unknown")
    delay_s = round(phase.delay_s)
    seen = f"{delay_s} s"
    if printed[0] <= delay_s <= printed[1]:
        verdict, outcome = Verdict.PASS, "pass"
    elif practice[0] <= delay_s <= practice[1]:
        verdict, outcome = Verdict.NOTE, "note"
    elif pixels is role:
        verdict, outcome = Verdict.NOTE, "by_pixels"
    else:
        verdict, outcome = Verdict.WARN, "warn"
    return CheckItem("phase-time", verdict, seen, expected, Source.TABLE4, f"scan.phase_time.{outcome}")


def kernel_item(item: SeriesRole) -> CheckItem:
    """Standard or soft-tissue kernel for the phases (table 4); for the chest a lung or sharp one too (ours)."""
    name = item.series.header.kernel
    wanted, source = Word("scan.kernel.soft"), Source.TABLE4
    if item.role is Role.CHEST:
        wanted, source = Word("scan.kernel.chest"), Source.OURS
    if not name:
        return CheckItem("kernel", Verdict.UNKNOWN, NOT_TOLD, wanted, source, "scan.limit.unknown", _NAME_KERNEL)
    if item.kernel is Kernel.UNKNOWN:
        return CheckItem("kernel", Verdict.UNKNOWN, name, wanted, source, "scan.kernel.unknown")
    if item.kernel is Kernel.SOFT or item.role is Role.CHEST:
        return CheckItem("kernel", Verdict.PASS, name, wanted, source, "scan.limit.pass", _NAME_KERNEL)
    return CheckItem("kernel", Verdict.WARN, name, wanted, source, "scan.limit.outside", _NAME_KERNEL)


def position_item(series: Series) -> CheckItem:
    """Supine and feet first as printed; other positions are a note (PS3.3 C.7.3.1.1.2)."""
    term = series.header.patient_position.upper()
    expected = Word("scan.position.FFS")
    name = (("name", Word("scan.name.position")),)
    if not term:
        return CheckItem("position", Verdict.UNKNOWN, NOT_TOLD, expected, Source.TABLE4, "scan.limit.unknown", name)
    seen = Word(f"scan.position.{term}") if term in _POSITIONS else term
    if term == "FFS":
        return CheckItem("position", Verdict.PASS, seen, expected, Source.TABLE4, "scan.limit.pass", name)
    return CheckItem("position", Verdict.NOTE, seen, expected, Source.TABLE4, "scan.position.other")


def scanner_item(series: Series) -> CheckItem:
    """Maker and model of the scanner, which the consensus wants recorded."""
    header = series.header
    expected = Word("scan.contrast.recorded")
    if header.manufacturer and header.model:
        seen = f"{header.manufacturer} {header.model}"
        return CheckItem("scanner", Verdict.PASS, seen, expected, Source.CONSENSUS, "scan.scanner.pass")
    return CheckItem("scanner", Verdict.UNKNOWN, NOT_TOLD, expected, Source.CONSENSUS, "scan.scanner.unknown")


def compression_item(series: Series) -> CheckItem:
    """Whether the images were ever compressed with loss (PS3.3 C.7.6.1.1.5), which changes texture and CT values."""
    expected = Word("scan.no")
    if any(header.lossy_compression == "01" for header in series.headers):
        return CheckItem("compression", Verdict.WARN, Word("scan.yes"), expected, Source.OURS, "scan.compression.lossy")
    return CheckItem("compression", Verdict.PASS, expected, expected, Source.OURS, "scan.compression.pass")


def _range_item(name: str, value: float | None, limit: Limit, expected: Value | None = None) -> CheckItem:
    source, expected = Source(limit.source), limit.words() if expected is None else expected
    values = (("name", Word(f"scan.name.{name}")),)
    if value is None:
        return CheckItem(name, Verdict.UNKNOWN, NOT_TOLD, expected, source, "scan.limit.unknown", values)
    verdict = limit.verdict(value)
    code = "scan.limit.pass" if verdict is Verdict.PASS else "scan.limit.outside"
    return CheckItem(name, verdict, limit.shown(value), expected, source, code, values)


def _mas_item(series: Series, limit: Limit) -> CheckItem:
    """Effective mAs; automatic exposure control passes whatever the value (table 4)."""
    header = series.header
    values = [instance.mas for instance in series.instances if instance.mas]
    currents = {instance.tube_current_ma for instance in series.instances if instance.tube_current_ma is not None}
    seen = "" if not values else _span(values)
    expected = Word("scan.mas.expected", (("range", limit.words()),))
    if is_automatic_exposure(header.exposure_modulation):
        how = f"{header.exposure_modulation} {seen}".strip()
        return CheckItem("mas", Verdict.PASS, how, expected, Source.TABLE4, "scan.mas.automatic")
    # A current that follows the patient from slice to slice is modulation, whatever the tags leave out.
    if len(currents) > max(2, len(series.instances) // 20):
        return CheckItem("mas", Verdict.PASS, seen or "mA", expected, Source.TABLE4, "scan.mas.modulated")
    return _range_item("mas", None if not values else sum(values) / len(values), limit, expected)


def _span(values: list[float]) -> str:
    low, high = min(values), max(values)
    return f"{low:.0f} mAs" if round(low) == round(high) else f"{low:.0f}–{high:.0f} mAs"


def _thickness_item(series: Series, limit: Limit) -> CheckItem:
    """At most 5 mm; from 3 mm on it is noted, since small lesions are then measured roughly (design, section 6)."""
    item = _range_item("thickness", series.header.thickness_mm, limit)
    thickness = series.header.thickness_mm
    noted = acquisition_limits().noted_thickness_mm
    if item.verdict is Verdict.PASS and thickness is not None and thickness >= noted:
        values = (("limit", limit.words()), ("noted", f"{noted:g} mm"))
        both = Word("scan.thickness.expected", values)
        return CheckItem("thickness", Verdict.NOTE, item.seen, both, Source.OURS, "scan.thickness.noted", values)
    return item


def _rows(series: Series) -> float | None:
    total, single = series.header.total_collimation_mm, series.header.single_collimation_mm
    return round(total / single) if total and single and single > 0 else None


def _field_of_view_mm(series: Series) -> float | None:
    header = series.header
    if header.field_of_view_mm:
        return header.field_of_view_mm
    return None if header.pixel_spacing_mm is None else header.pixel_spacing_mm[1] * header.columns


_VALUES: dict[str, Callable[[Series], float | None]] = {
    "kvp": lambda series: series.header.kvp,
    "pitch": lambda series: series.header.pitch,
    "rotation": lambda series: series.header.rotation_s,
    "fov": _field_of_view_mm,
    "spacing": lambda series: series.geometry.spacing_mm if series.geometry else None,
    "detector-rows": _rows,
    "window-width": lambda series: series.header.window_width_hu,
    "window-level": lambda series: series.header.window_level_hu,
}
