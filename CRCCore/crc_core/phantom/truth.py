"""The truth of the lesions: sizes from their formulas, density from the tissue table."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from crc_core.phantom.colon import WALL_MM, Colon, PrimaryPlan
from crc_core.phantom.model import ColonSegment, PhantomLesion, PrimaryTruth, ReportAnswers
from crc_core.phantom.plan import BodyPlan, SolidLesion, primary_points
from crc_core.phantom.shapes import Ellipsoid, Points
from crc_core.phantom.tissue import Tissue, tissue_table
from crc_core.vocabulary import CT_PHASES, LesionClass, Role, Target

_LATTICE_MM = 1.25


def lesion_truth(plan: BodyPlan, delays_s: Mapping[Role, float]) -> tuple[PhantomLesion, ...]:
    """The truth of every lesion of a plan, primaries first."""
    primaries = [
        _primary(plan.colon, primary, segment, delays_s)
        for primary, segment in zip(plan.colon.primaries, plan.segments, strict=True)
    ]
    return (*primaries, *(_solid(lesion, delays_s) for lesion in plan.lesions))


def hu_by_role(tissue: Tissue, delays_s: Mapping[Role, float]) -> dict[Role, float]:
    """The HU of a tissue in every CT role."""
    table = tissue_table()
    roles = (*CT_PHASES, Role.CHEST)
    return {role: float(table.hu_at(delays_s.get(role))[tissue]) for role in roles}


def axial_diameters_mm(shape: Ellipsoid) -> tuple[float, float]:
    """The longest and the shortest diameter in the axial section through the middle of an ellipsoid.

    Parallel sections of an ellipsoid are similar, so that the one through the middle is the largest.
    """
    axes = np.eye(3) if shape.axes is None else shape.axes
    form = axes @ np.diag(1 / np.array(shape.semi) ** 2) @ axes.T
    values = np.linalg.eigvalsh(form[:2, :2])
    return 2 / float(np.sqrt(values[0])), 2 / float(np.sqrt(values[1]))


def _solid(lesion: SolidLesion, delays_s: Mapping[Role, float]) -> PhantomLesion:
    longest, shortest = axial_diameters_mm(lesion.shape)
    semi = lesion.shape.semi
    return PhantomLesion(
        lesion.target,
        lesion.number,
        lesion.lesion_class,
        lesion.place,
        lesion.shape.centre,
        semi,
        longest,
        shortest,
        4 / 3 * np.pi * semi[0] * semi[1] * semi[2] / 1000,
        _solid_hu(lesion, delays_s),
    )


def _solid_hu(lesion: SolidLesion, delays_s: Mapping[Role, float]) -> dict[Role, float]:
    if lesion.target is Target.LUNG:
        return hu_by_role(Tissue.LUNG_METASTASIS, delays_s)
    if lesion.target is Target.NODE:
        return hu_by_role(Tissue.NODE, delays_s)
    if lesion.lesion_class is LesionClass.UNCERTAIN:
        return hu_by_role(Tissue.UNCERTAIN_LIVER_LESION, delays_s)
    core, rim = hu_by_role(Tissue.METASTASIS_CORE, delays_s), hu_by_role(Tissue.METASTASIS_RIM, delays_s)
    share = lesion.core_share**3
    return {role: share * core[role] + (1 - share) * rim[role] for role in core}


def _primary(colon: Colon, plan: PrimaryPlan, segment: ColonSegment, delays_s: Mapping[Role, float]) -> PhantomLesion:
    points = primary_points(colon, plan, _LATTICE_MM)
    heights, area = np.unique(np.round(points[:, 2], 3), return_counts=True)
    largest = float(heights[np.argmax(area)])
    section = points[np.abs(points[:, 2] - largest) < _LATTICE_MM / 2][:, :2]
    long_axis, short_axis = _axes_mm(section)
    index = colon.index_of(plan.centre_mm)
    middle = points.mean(axis=0)
    direction = colon.tangent[index]
    thickness = WALL_MM + plan.inward_mm + plan.outward_mm
    truth = PrimaryTruth(
        thickness,
        plan.circumference,
        (float(direction[0]), float(direction[1]), float(direction[2])),
        2 * plan.half_length_mm,
        long_axis,
        short_axis,
        float(np.ptp(points[:, 2]) + _LATTICE_MM),
        largest,
    )
    outer = float(colon.radius_mm[index] + plan.outward_mm)
    return PhantomLesion(
        Target.PRIMARY,
        plan.number,
        LesionClass.TUMOUR,
        segment.value,
        (float(middle[0]), float(middle[1]), float(middle[2])),
        (plan.half_length_mm, outer, thickness),
        long_axis,
        short_axis,
        len(points) * _LATTICE_MM**3 / 1000,
        hu_by_role(Tissue.PRIMARY, delays_s),
        truth,
    )


def _axes_mm(section: NDArray) -> tuple[float, float]:
    """The longest distance in a plane section and its extent across that, each with one lattice step added."""
    from scipy.spatial import ConvexHull
    from scipy.spatial.distance import cdist

    rim = section[ConvexHull(section).vertices]
    distances = cdist(rim, rim)
    first, second = np.unravel_index(np.argmax(distances), distances.shape)
    along = (rim[second] - rim[first]) / distances[first, second]
    across = section @ np.array([-along[1], along[0]])
    return float(distances[first, second]) + _LATTICE_MM, float(np.ptp(across)) + _LATTICE_MM


def report_answers(plan: BodyPlan, lesions: tuple[PhantomLesion, ...]) -> ReportAnswers:
    """What a careful reader would answer about these lesions."""
    first = plan.colon.primaries[0]
    liver = [lesion for lesion in lesions if lesion.target is Target.LIVER]
    lung = [lesion for lesion in lesions if lesion.target is Target.LUNG]
    nodes = [lesion for lesion in lesions if lesion.target is Target.NODE]
    sure = [lesion for lesion in liver if lesion.lesion_class is LesionClass.METASTASIS]
    deep = first.outward_mm
    return ReportAnswers(
        segment=plan.segments[0],
        growth_form="infiltrating" if first.circumference > 0.7 else "mass",
        t_stage="T2" if deep < 1.5 else "T3",
        extramural_depth_mm=deep,
        more_than_half_circumference=first.circumference > 0.5,
        outer_wall_rough=deep > 3,
        fat_clouded=deep > 3,
        fatty_liver=False,
        liver_metastases=len(sure),
        liver_segments=tuple(lesion.place for lesion in sure),
        uncertain_liver_segments=tuple(
            lesion.place for lesion in liver if lesion.lesion_class is LesionClass.UNCERTAIN
        ),
        lung_metastases=len(lung),
        lung_lobes=tuple(lesion.place for lesion in lung),
        regional_nodes=len(nodes),
        largest_node_short_mm=max((lesion.shortest_axial_mm for lesion in nodes), default=0.0),
    )


def centre_of(lesion: PhantomLesion) -> Points:
    """The middle of a lesion, RAS mm."""
    return np.array(lesion.centre_ras_mm)
