"""Items about an examination as a whole: its set of phases, their order in time, the chest, MRI of the same period."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from crc_core.dicom.series import Series, Study
from crc_core.scan.item import CheckItem, Source, Word, Words
from crc_core.scan.limits import acquisition_limits
from crc_core.scan.roles import SeriesRole, is_capture, is_ct
from crc_core.vocabulary import CT_PHASES, MR_ROLES, Role, Verdict


def study_items(study: Study, roles: Sequence[SeriesRole], treatment_dates: Sequence[date]) -> list[CheckItem]:
    """The items that belong to no single series."""
    items = [_phase_set_item(roles), *_phase_order_items(roles), *_thinner_items(roles), _chest_item(roles)]
    if any(is_capture(role.series) for role in roles):
        count = sum(is_capture(role.series) for role in roles)
        items.append(CheckItem("secondary-capture", Verdict.NOTE, count, 0, Source.OURS, "scan.captures", ()))
    chosen = next((role for role in roles if role.role is Role.PVP and role.is_chosen), None)
    items.append(mri_item(chosen.series if chosen else study.series[0], roles, treatment_dates))
    return items


def mri_item(series: Series, roles: Sequence[SeriesRole], treatment_dates: Sequence[date]) -> CheckItem:
    """How far apart CT and MRI are: up to 14 days pass, up to 28 note, treatment in between or more days warn.

    Asked of an MR series it tells the distance to the CT, asked of a CT series that to the nearest MRI.
    """
    rules = acquisition_limits()
    expected = f"≤{rules.mri_pass_days} d"
    if is_ct(series):
        others = [role.series for role in roles if role.role in MR_ROLES]
    else:
        others = [role.series for role in roles if role.role in CT_PHASES and role.is_chosen]
    if not others:
        code = "scan.mri.none" if is_ct(series) else "scan.mri.no_ct"
        return CheckItem("mri", Verdict.NOTE, Word("scan.none"), expected, Source.OURS, code)
    own = series_date(series)
    dates = [found for other in others if (found := series_date(other)) is not None]
    if own is None or not dates:
        return CheckItem("mri", Verdict.UNKNOWN, Word("scan.not_told"), expected, Source.OURS, "scan.mri.unknown")
    nearest = min(dates, key=lambda found: abs((found - own).days))
    days = abs((nearest - own).days)
    first, last = min(own, nearest), max(own, nearest)
    values = (("days", days),)
    if any(first < day <= last or (first == day and days) for day in treatment_dates):
        return CheckItem("mri", Verdict.WARN, f"{days} d", expected, Source.OURS, "scan.mri.treatment", values)
    if days <= rules.mri_pass_days:
        return CheckItem("mri", Verdict.PASS, f"{days} d", expected, Source.OURS, "scan.mri.pass", values)
    verdict = Verdict.NOTE if days <= rules.mri_note_days else Verdict.WARN
    return CheckItem("mri", verdict, f"{days} d", expected, Source.OURS, "scan.mri.apart", values)


def series_date(series: Series) -> date | None:
    """The day of acquisition, else of the series, else of the study; None where none is told."""
    header = series.header
    for text in (header.acquisition_date, header.series_date, header.study_date):
        try:
            return date(int(text[:4]), int(text[4:6]), int(text[6:8]))
        except ValueError:
            continue
    return None


def _phase_set_item(roles: Sequence[SeriesRole]) -> CheckItem:
    """All four phases; without the portal venous one there is nothing to contour on."""
    present = {role.role for role in roles if role.is_chosen}
    missing = [phase for phase in CT_PHASES if phase not in present]
    expected = _named(CT_PHASES)
    seen = _named([phase for phase in CT_PHASES if phase in present]) if present & {*CT_PHASES} else Word("scan.none")
    if not missing:
        return CheckItem("phase-set", Verdict.PASS, seen, expected, Source.CONSENSUS, "scan.phase_set.pass")
    values = (("missing", _named(missing)),)
    verdict = Verdict.FAIL if Role.PVP in missing else Verdict.WARN
    code = "scan.phase_set.no_source" if Role.PVP in missing else "scan.phase_set.missing"
    return CheckItem("phase-set", verdict, seen, expected, Source.CONSENSUS, code, values)


def _named(phases: Sequence[Role], joined_by: str = "scan.sign.list") -> Words:
    return Words(tuple(Word(f"scan.phase.{phase.value}") for phase in phases), joined_by)


def _phase_order_items(roles: Sequence[SeriesRole]) -> list[CheckItem]:
    """Whether the phases were acquired in the order their names say; nothing where times are not told."""
    times = []
    for phase in CT_PHASES:
        chosen = next((role.series for role in roles if role.role is phase and role.is_chosen), None)
        seconds = (
            [] if chosen is None else [item.acquired_s for item in chosen.instances if item.acquired_s is not None]
        )
        if seconds:
            times.append((phase, min(seconds)))
    if len(times) < 2:
        return []
    expected = _named([phase for phase, _ in times], "scan.sign.before")
    ordered = sorted(times, key=lambda item: item[1])
    seen = _named([phase for phase, _ in ordered], "scan.sign.before")
    if len({seconds for _, seconds in times}) < len(times):
        return []
    if ordered == times:
        return [CheckItem("phase-order", Verdict.PASS, seen, expected, Source.CONSENSUS, "scan.phase_order.pass")]
    return [CheckItem("phase-order", Verdict.WARN, seen, expected, Source.CONSENSUS, "scan.phase_order.warn")]


def _thinner_items(roles: Sequence[SeriesRole]) -> list[CheckItem]:
    """A thinner series than the chosen one that a flaw keeps from being a source: worth exporting again."""
    items = []
    for chosen in roles:
        if not chosen.is_chosen or chosen.role not in CT_PHASES or not chosen.series.can_be_source:
            continue
        expected = chosen.series.header.thickness_mm
        for other in roles:
            thickness = other.series.header.thickness_mm
            is_flawed = other.role is chosen.role and other.series.geometry and not other.series.can_be_source
            if is_flawed and thickness and expected and thickness < expected - 0.01:
                seen, wanted = f"{thickness:g} mm", f"{expected:g} mm"
                values = (("role", Word(f"scan.phase.{chosen.role.value}")),)
                items.append(
                    CheckItem("thickness-source", Verdict.WARN, seen, wanted, Source.OURS, "scan.thinner", values)
                )
    return items


def _chest_item(roles: Sequence[SeriesRole]) -> CheckItem:
    has_chest = any(role.role is Role.CHEST and role.is_chosen for role in roles)
    seen = Word("scan.yes") if has_chest else Word("scan.none")
    code = "scan.chest.pass" if has_chest else "scan.chest.none"
    verdict = Verdict.PASS if has_chest else Verdict.NOTE
    return CheckItem("chest", verdict, seen, Word("scan.yes"), Source.OURS, code)
