"""The role of each series of an examination, and which series is proposed as the chosen one of its role.

Tags decide the phase. The proposal is the thinnest axial soft-tissue reconstruction that can be a source; a person
confirms it (design, section 3).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from crc_core.dicom.header import CT_IMAGE, ENHANCED_CT, ENHANCED_MR, LEGACY_ENHANCED_CT, LEGACY_ENHANCED_MR, MR_IMAGE
from crc_core.dicom.series import Series
from crc_core.scan.phase_tags import TagPhase, phase_by_tags
from crc_core.scan.words import Kernel, Kind, body_parts, kernel_kind, kinds, mr_role
from crc_core.vocabulary import CT_PHASES, Role

_CT_CLASSES = (CT_IMAGE, ENHANCED_CT, LEGACY_ENHANCED_CT)
_MR_CLASSES = (MR_IMAGE, ENHANCED_MR, LEGACY_ENHANCED_MR)
_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_LEAST_IMAGES = 5


@dataclass(frozen=True)
class SeriesRole:
    """What a series is for, and whether it is the one proposed for its role.

    `phase` is what the tags say; `kinds` why it is no ordinary axial stack, empty where it is one.
    `is_proposed_by_pixels` says that the tags were silent and the role comes from the pixels.
    """

    series: Series
    role: Role
    is_chosen: bool
    phase: TagPhase
    kinds: frozenset[Kind]
    kernel: Kernel
    is_proposed_by_pixels: bool


def is_ct(series: Series) -> bool:
    """Whether the series holds CT images (not reports, captures or other modalities)."""
    return series.header.sop_class_uid in _CT_CLASSES and series.header.modality in ("CT", "")


def is_mr(series: Series) -> bool:
    """Whether the series holds MR images."""
    return series.header.sop_class_uid in _MR_CLASSES and series.header.modality in ("MR", "")


def is_capture(series: Series) -> bool:
    """Whether the images are captures of a screen or a film (PS3.3 A.8)."""
    header = series.header
    return header.sop_class_uid.startswith(_SECONDARY_CAPTURE) or "SCREEN SAVE" in header.image_type


def kinds_of(series: Series) -> frozenset[Kind]:
    """What keeps a CT series from being an ordinary axial reconstruction."""
    header = series.header
    found = set(kinds(header.series_description))
    if header.is_localizer:
        found.add(Kind.LOCALIZER)
    if series.plane in ("coronal", "sagittal", "oblique"):
        found.add(Kind.REFORMAT)
    elif series.plane == "axial":
        # The images lie across the body whatever the words say; only planes decide what a reformat is.
        found.discard(Kind.REFORMAT)
    if {"MIP", "MINIP", "VOLUME RENDERING", "PROJECTION IMAGE"} & set(header.image_type):
        found.add(Kind.RENDERING)
    return frozenset(found)


def propose_roles(series: Iterable[Series], pixel_phases: Mapping[str, Role] | None = None) -> tuple[SeriesRole, ...]:
    """The role of every series of one examination, one of each role proposed as chosen.

    `pixel_phases` (by series key) are used only where the tags are silent.
    """
    pixel_phases = pixel_phases or {}
    found = [_role(item, pixel_phases.get(item.key)) for item in series]
    chosen: dict[Role, SeriesRole | None] = {role: _best(found, role) for role in Role if role is not Role.OTHER}
    return tuple(
        SeriesRole(
            item.series,
            item.role,
            chosen.get(item.role) is item,
            item.phase,
            item.kinds,
            item.kernel,
            item.is_proposed_by_pixels,
        )
        for item in found
    )


def _role(series: Series, by_pixels: Role | None) -> SeriesRole:
    phase = phase_by_tags(series)
    kernel = kernel_kind(series.header.kernel)
    found = kinds_of(series)
    role, is_by_pixels = Role.OTHER, False
    if is_mr(series):
        role = _mr_role(series)
    elif is_ct(series) and not found and len(series.instances) >= _LEAST_IMAGES:
        if _is_chest(series, kernel):
            role = Role.CHEST
        elif phase.role is not None:
            role = phase.role
        elif by_pixels is not None:
            role, is_by_pixels = by_pixels, True
    return SeriesRole(series, role, False, phase, found, kernel, is_by_pixels)


def _mr_role(series: Series) -> Role:
    header = series.header
    if "ADC" in header.image_type:
        return Role.ADC
    named = mr_role(header.series_description) or mr_role(header.protocol_name) or mr_role(header.sequence_name)
    if named is None and header.b_value:
        return Role.DWI
    return named or Role.OTHER


def _is_chest(series: Series, kernel: Kernel) -> bool:
    """Whether a series shows the chest alone: its own words first, then its protocol and body part."""
    header = series.header
    for text in (header.series_description, header.body_part, header.protocol_name):
        parts = body_parts(text)
        if parts:
            return "chest" in parts and "abdomen" not in parts
    return kernel is Kernel.LUNG


def _best(found: Sequence[SeriesRole], role: Role) -> SeriesRole | None:
    candidates = [item for item in found if item.role is role]
    if role in (*CT_PHASES, Role.CHEST):
        candidates = [item for item in candidates if item.series.plane == "axial"]
    if not candidates:
        return None
    return min(candidates, key=lambda item: _preference(item, role))


def _preference(item: SeriesRole, role: Role) -> tuple[object, ...]:
    """Smaller is better: can be a source, soft tissue, thin, long, then the first in the study."""
    series = item.series
    kernel_order = [Kernel.SOFT, Kernel.UNKNOWN, Kernel.SHARP, Kernel.LUNG]
    if role is Role.CHEST:
        kernel_order = [Kernel.LUNG, Kernel.SHARP, Kernel.UNKNOWN, Kernel.SOFT]
    geometry = series.geometry
    thickness = series.header.thickness_mm or (geometry.spacing_mm if geometry else 99.0)
    stretch = geometry.spacing_mm * len(series.instances) if geometry else 0.0
    axial = 0 if series.plane == "axial" else 1
    return (
        not series.can_be_source,
        kernel_order.index(item.kernel) if role not in (Role.T2, Role.DWI, Role.ADC) else axial,
        round(thickness, 2),
        -round(stretch),
        -(series.header.b_value or 0.0) if role is Role.DWI else 0.0,
        series.header.series_number or 0.0,
        series.key,
    )
