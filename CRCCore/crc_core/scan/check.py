"""The scan check: every item about every series of an examination, and the verdict over those that matter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from crc_core.dicom.series import Series, Study
from crc_core.scan.item import CheckItem
from crc_core.scan.items_geometry import geometry_items, mr_geometry_items
from crc_core.scan.items_study import mri_item, study_items
from crc_core.scan.items_tags import (
    burnt_in_item,
    compression_item,
    contrast_items,
    kernel_item,
    kind_item,
    limit_items,
    phase_time_item,
    position_item,
    scanner_item,
)
from crc_core.scan.phase_item import phase_item
from crc_core.scan.pixels import PixelFindings, look_at
from crc_core.scan.roles import SeriesRole, is_ct, is_mr, propose_roles
from crc_core.vocabulary import CT_PHASES, Role, Verdict, worst

Progress = Callable[[int, int], None]
Cancelled = Callable[[], bool]


@dataclass(frozen=True)
class PhaseFinding:
    """The phase by tags and by pixels, None where unknown; `agreed` only where both are known."""

    tags: Role | None
    pixels: Role | None

    @property
    def agreed(self) -> bool | None:
        """Whether both say the same; None where one of them is unknown."""
        return None if self.tags is None or self.pixels is None else self.tags is self.pixels


@dataclass(frozen=True)
class SeriesCheck:
    """All items about one series."""

    series: Series
    role: Role
    is_chosen: bool
    phase: PhaseFinding
    items: tuple[CheckItem, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of the items."""
        return worst([item.verdict for item in self.items])


@dataclass(frozen=True)
class StudyCheck:
    """The check of one examination: a CT study, with the MR series of its companions.

    The verdict is the worst of the study's own items and of the chosen series; what is not chosen cannot spoil it.
    """

    study: Study
    series: tuple[SeriesCheck, ...]
    items: tuple[CheckItem, ...]

    @property
    def verdict(self) -> Verdict:
        """The verdict over everything that will be used."""
        relevant = [item.verdict for item in self.items]
        relevant += [item.verdict for check in self.series if check.is_chosen for item in check.items]
        return worst(relevant)

    def chosen(self, role: Role) -> SeriesCheck | None:
        """The series proposed for `role`, None where there is none."""
        return next((check for check in self.series if check.role is role and check.is_chosen), None)


def check_study(
    study: Study,
    *,
    companions: Sequence[Study] = (),
    treatment_dates: Sequence[date] = (),
    with_pixels: bool = True,
    on_progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> StudyCheck:
    """Check `study`; `companions` are other studies of the patient, whose MR series count as MRI of the period.

    `treatment_dates` are days of treatment: one between CT and MRI is a warning. `with_pixels=False` looks at tags and
    geometry only. Raises CrcError where the work is cancelled; what cannot be read becomes an item.
    """
    mr_series = [series for other in companions for series in other.series if is_mr(series)]
    everything = [*study.series, *mr_series]
    by_tags = propose_roles(everything)
    findings: Mapping[str, PixelFindings] = {}
    if with_pixels:
        findings = look_at(_stacks(by_tags), on_progress=on_progress, cancelled=cancelled)
    pixel_phases = {key: found.phase for key, found in findings.items() if found.phase is not None}
    roles = propose_roles(everything, pixel_phases)
    checks = tuple(_check_series(role, roles, findings.get(role.series.key), treatment_dates) for role in roles)
    return StudyCheck(study, checks, tuple(study_items(study, roles, treatment_dates)))


def _stacks(roles: Sequence[SeriesRole]) -> list[SeriesRole]:
    """The series whose pixels are worth looking at: axial CT stacks."""
    return [
        role
        for role in roles
        if is_ct(role.series) and not role.kinds and role.series.plane == "axial" and role.series.geometry is not None
    ]


def _check_series(
    role: SeriesRole,
    roles: Sequence[SeriesRole],
    found: PixelFindings | None,
    treatment_dates: Sequence[date],
) -> SeriesCheck:
    series = role.series
    phase = PhaseFinding(role.phase.role if is_ct(series) else None, found.phase if found else None)
    kind = kind_item(role)
    items = [kind]
    if is_ct(series) and not role.kinds:
        items += _ct_items(role, phase, found)
        if role.role is Role.PVP and role.is_chosen:
            items.append(mri_item(series, roles, treatment_dates))
    elif is_mr(series):
        items += [burnt_in_item(series), *mr_geometry_items(series), mri_item(series, roles, treatment_dates)]
    else:
        items.append(burnt_in_item(series))
    return SeriesCheck(series, role.role, role.is_chosen, phase, tuple(items))


def _ct_items(role: SeriesRole, phase: PhaseFinding, found: PixelFindings | None) -> list[CheckItem]:
    series = role.series
    items = [burnt_in_item(series)]
    if role.role in CT_PHASES or role.role is Role.OTHER:
        items.append(phase_item(role, phase.pixels, found))
        time = phase_time_item(role.phase, role.role, phase.pixels)
        if time is not None:
            items.append(time)
    items += limit_items(series, role.role)
    items += [kernel_item(role), position_item(series), scanner_item(series), compression_item(series)]
    items += contrast_items(series, role.role)
    items += geometry_items(series)
    if found is not None:
        items = _with_pixel_items(items, found)
    return items


def _with_pixel_items(items: list[CheckItem], found: PixelFindings) -> list[CheckItem]:
    """The items with those seen in the pixels; burnt-in text seen there outweighs what the tags say."""
    seen = {item.id for item in found.items}
    return [item for item in items if item.id not in seen] + list(found.items)
