"""Which views a step of the work shows, and which image lies in each of them."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from crc_core.desk.arrangement import Arrangement, ImageKey, LayoutKind, Orientation, Pane
from crc_core.desk.steps import ContourStepId, StepId
from crc_core.vocabulary import CT_PHASES, Mode, Role, Target

_RING_STEPS = (ContourStepId.PREVIEW, ContourStepId.KEEP)
_BEST_CT = (Role.PVP, Role.AP, Role.DP, Role.NC, Role.CHEST)


class PaneName(StrEnum):
    """The names of all panes; the leading one of every layout is `axial`, so that it stays in place between layouts."""

    AXIAL = "axial"
    CORONAL = "coronal"
    SAGITTAL = "sagittal"
    OBLIQUE = "oblique"
    PHASE_2 = "phase2"
    PHASE_3 = "phase3"
    PHASE_4 = "phase4"
    T2 = "t2"
    DWI = "dwi"
    PRIOR = "prior"


def source_of(target: Target | None, roles: Collection[Role], source: Role | None = None) -> Role | None:
    """The image that leads while a target is worked on: its bound source, else what such targets are drawn on.

    None where there is no CT.
    """
    if source is not None and source in roles:
        return source
    wanted = (Role.CHEST, *_BEST_CT) if target is Target.LUNG else _BEST_CT
    return next((role for role in wanted if role in roles), None)


def arrangement_for(
    step: StepId,
    contour_step: ContourStepId | None,
    mode: Mode | None,
    roles: Collection[Role],
    target: Target | None,
    flipped: Role | None,
    prior: Collection[Role] = (),
    *,
    source: Role | None = None,
    in_3d: bool = False,
) -> Arrangement | None:
    """The views for a step; None where no CT is there to show.

    `roles` are the images of the unit in the scene, `prior` those of the earlier time point while it is shown beside
    (else none), `flipped` the phase that was flipped to in place, `source` the bound source of the target, `in_3d`
    whether the person asked for the view in space.
    """
    lead = source_of(target, roles, source)
    if lead is None:
        return None
    shown = flipped if flipped is not None and flipped in roles else lead
    if prior:
        return _beside_prior(shown, prior)
    if step is StepId.CASE:
        return Arrangement(LayoutKind.SINGLE, (_pane(PaneName.AXIAL, Orientation.AXIAL, shown),))
    if step is StepId.CHECK:
        return _phases(roles, flipped, lead)
    if mode is Mode.MRI and contour_step is not ContourStepId.MEASURE and step is StepId.CONTOUR:
        beside = _reference(shown, roles)
        if beside is not None:
            return beside
    if mode is Mode.SUBTRACTION and contour_step in _RING_STEPS and step is StepId.CONTOUR:
        return Arrangement(LayoutKind.RING, _planes(shown)[:3], has_3d=True)
    return Arrangement(LayoutKind.CONTOUR, _planes(shown), has_3d=in_3d)


def _pane(name: PaneName, orientation: Orientation, role: Role, *, is_prior: bool = False) -> Pane:
    return Pane(name.value, orientation, ImageKey(role, is_prior))


def _planes(role: Role) -> tuple[Pane, ...]:
    return (
        _pane(PaneName.AXIAL, Orientation.AXIAL, role),
        _pane(PaneName.CORONAL, Orientation.CORONAL, role),
        _pane(PaneName.SAGITTAL, Orientation.SAGITTAL, role),
        _pane(PaneName.OBLIQUE, Orientation.OBLIQUE, role),
    )


def _phases(roles: Collection[Role], flipped: Role | None, lead: Role) -> Arrangement:
    """The phases side by side; one of them alone where a person flips through them, or where there is only one."""
    phases = [role for role in CT_PHASES if role in roles]
    single = flipped if flipped is not None and flipped in roles else None
    if single is None and len(phases) < 2:
        single = phases[0] if phases else lead
    if single is not None:
        return Arrangement(LayoutKind.SINGLE, (_pane(PaneName.AXIAL, Orientation.AXIAL, single),))
    names = (PaneName.AXIAL, PaneName.PHASE_2, PaneName.PHASE_3, PaneName.PHASE_4)
    panes = (_pane(name, Orientation.AXIAL, role) for name, role in zip(names, phases, strict=False))
    return Arrangement(LayoutKind.PHASES, tuple(panes))


def _reference(role: Role, roles: Collection[Role]) -> Arrangement | None:
    """The CT beside T2WI and DWI (the ADC map where there is no DWI); None without any MRI."""
    diffusion = Role.DWI if Role.DWI in roles else Role.ADC
    beside = [(PaneName.T2, Role.T2), (PaneName.DWI, diffusion)]
    panes = [_pane(name, Orientation.NATIVE, item) for name, item in beside if item in roles]
    if not panes:
        return None
    return Arrangement(LayoutKind.REFERENCE, (_pane(PaneName.AXIAL, Orientation.AXIAL, role), *panes))


def _beside_prior(role: Role, prior: Collection[Role]) -> Arrangement:
    earlier = role if role in prior else source_of(None, prior)
    panes = [_pane(PaneName.AXIAL, Orientation.AXIAL, role)]
    if earlier is not None:
        panes.append(_pane(PaneName.PRIOR, Orientation.AXIAL, earlier, is_prior=True))
    return Arrangement(LayoutKind.PRIOR, tuple(panes))
