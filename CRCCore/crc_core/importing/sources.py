"""Which series each target is drawn on, and in which mode: proposed once, before anybody reads.

Source: design, section 3; consensus 2.4.1 and 2.4.2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from crc_core.dicom.series import Series
from crc_core.identity import UnitId
from crc_core.importing.delineation import DelineationProtocol, TargetProtocol
from crc_core.scan.roles import is_ct
from crc_core.vocabulary import Mode, Role, Target, Verdict
from crc_core.workflow.payloads import Binding


@dataclass(frozen=True)
class ModeFacts:
    """What the mode depends on: the MRI, the place of the primary where it is told, and the lumen.

    `mri` is the check's verdict on the distance of the MRI, None where there is none; `lumen_is_seen` is asked only
    where it matters, since it looks at the pixels.
    """

    roles: frozenset[Role]
    mri: Verdict | None
    primary_site: str | None
    lumen_is_seen: Callable[[], bool]


def propose_bindings(
    unit: UnitId,
    chosen: Mapping[Role, Series],
    protocol: DelineationProtocol,
    facts: ModeFacts,
    wishes: Mapping[Target, Mode],
) -> tuple[Binding, ...]:
    """The source and mode of every target that has a source; `wishes` are modes that a person asked for."""
    bindings = []
    for target, rule in protocol.targets.items():
        role = source_role(rule, chosen)
        if role is not None:
            mode = wishes.get(target) or propose_mode(target, protocol, facts)
            bindings.append(Binding(target, role, unit.series_code(role), mode))
    return tuple(bindings)


def source_role(rule: TargetProtocol, chosen: Mapping[Role, Series]) -> Role | None:
    """The role whose chosen series a target is drawn on; None where no series can be its source."""
    for role in rule.roles:
        if role in chosen and chosen[role].can_be_source:
            return role
    if not rule.widest_instead:
        return None
    candidates = [role for role, series in chosen.items() if is_ct(series) and series.can_be_source]
    return max(candidates, key=lambda role: (_range_mm(chosen[role]), _preferred(role)), default=None)


def propose_mode(target: Target, protocol: DelineationProtocol, facts: ModeFacts) -> Mode:
    """The mode that the protocol's rules propose for a target."""
    rules = protocol.modes
    if target not in rules.targets:
        return Mode.DIRECT
    has_mri = facts.mri is not None and bool(facts.roles & set(rules.mri_roles))
    if facts.primary_site is not None:
        wants_mri = facts.primary_site in rules.mri_sites and facts.mri in (Verdict.PASS, Verdict.NOTE)
    else:
        wants_mri = facts.mri is Verdict.PASS
    if has_mri and wants_mri:
        return Mode.MRI
    return Mode.SUBTRACTION if facts.lumen_is_seen() else Mode.DIRECT


def mri_verdict(verdicts: Sequence[Verdict]) -> Verdict | None:
    """The best verdict of several MRI series on their distance to the CT; None for none."""
    order = (Verdict.PASS, Verdict.NOTE, Verdict.UNKNOWN, Verdict.WARN, Verdict.FAIL)
    return min(verdicts, key=order.index, default=None)


def _range_mm(series: Series) -> float:
    geometry = series.geometry
    return 0.0 if geometry is None else round(geometry.spacing_mm * len(series.instances))


def _preferred(role: Role) -> int:
    """Among series of one length the portal venous one."""
    return 1 if role is Role.PVP else 0
