"""How the views stand on a senior's desk: planes of one series, all phases, the CT beside the MRI."""

from __future__ import annotations

from collections.abc import Collection

from crc_core.desk.arrangement import Arrangement, ImageKey, LayoutKind, Orientation, Pane
from crc_core.desk.arranging import PaneName
from crc_core.vocabulary import CT_PHASES, MR_ROLES, Role

from CRCQualityControlLib.presenter.ports import Views

_PLANES = (
    (PaneName.AXIAL, Orientation.AXIAL),
    (PaneName.CORONAL, Orientation.CORONAL),
    (PaneName.SAGITTAL, Orientation.SAGITTAL),
)
_BESIDE = (PaneName.PHASE_2, PaneName.PHASE_3, PaneName.PHASE_4)
_MRI_PANES = (PaneName.T2, PaneName.DWI)


def arrangement_of(views: Views, lead: Role, roles: Collection[Role]) -> Arrangement:
    """The views with `lead` in the first; where there is nothing to stand beside it, the planes."""
    mri = [role for role in MR_ROLES if role in roles]
    phases = [lead, *(role for role in CT_PHASES if role in roles and role is not lead)]
    if views is Views.MRI and mri:
        panes = [_pane(PaneName.AXIAL, Orientation.AXIAL, lead)]
        panes += [_pane(name, Orientation.NATIVE, role) for name, role in zip(_MRI_PANES, mri, strict=False)]
        return Arrangement(LayoutKind.REFERENCE, tuple(panes))
    if views is Views.PHASES and len(phases) > 1:
        panes = [_pane(PaneName.AXIAL, Orientation.AXIAL, lead)]
        panes += [_pane(name, Orientation.AXIAL, role) for name, role in zip(_BESIDE, phases[1:], strict=False)]
        return Arrangement(LayoutKind.PHASES, tuple(panes))
    planes = tuple(_pane(name, orientation, lead) for name, orientation in _PLANES)
    return Arrangement(LayoutKind.CONTOUR, planes)


def _pane(name: PaneName, orientation: Orientation, role: Role) -> Pane:
    return Pane(name.value, orientation, ImageKey(role))
