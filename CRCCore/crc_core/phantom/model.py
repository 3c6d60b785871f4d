"""What the phantom is made of at its border: faults, lesions with their truth, the phantom itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from crc_core.geometry.grid import Volume
from crc_core.phantom.tissue import Tissue
from crc_core.vocabulary import LesionClass, Role, Target


class PhantomSize(StrEnum):
    """How finely a phantom is scanned: quick for tests, good enough to work on, or as a hospital does."""

    TEST = "test"
    SAMPLE = "sample"
    FULL = "full"


class Fault(StrEnum):
    """What can be wrong with a synthetic study on request."""

    WRONG_PHASE_WORDS = "wrong-phase-words"
    THICK_SLICES = "thick-slices"
    MISSING_SLICES = "missing-slices"
    DUPLICATE_SLICES = "duplicate-slices"
    METAL = "metal"
    CUT_OFF_COVERAGE = "cut-off-coverage"
    CUT_OFF_FIELD = "cut-off-field"
    TILT = "tilt"
    BURNT_IN_TEXT = "burnt-in-text"
    SECOND_PATIENT = "second-patient"
    MOTION = "motion"
    NO_CONTRAST_TAGS = "no-contrast-tags"
    LATE_PORTAL = "late-portal"
    LATE_MRI = "late-mri"


class ColonSegment(StrEnum):
    """The segments of the large bowel, in the order from the caecum to the anus (consensus table 1, rectum added)."""

    CAECUM = "caecum"
    ASCENDING = "ascending"
    HEPATIC_FLEXURE = "hepatic_flexure"
    TRANSVERSE_RIGHT = "transverse_right"
    TRANSVERSE_LEFT = "transverse_left"
    SPLENIC_FLEXURE = "splenic_flexure"
    DESCENDING = "descending"
    SIGMOID = "sigmoid"
    RECTOSIGMOID = "rectosigmoid"
    RECTUM_UPPER = "rectum_upper"
    RECTUM_MIDDLE = "rectum_middle"
    RECTUM_LOWER = "rectum_lower"

    @property
    def is_rectal(self) -> bool:
        """Whether MRI of the pelvis shows the segment as a matter of course."""
        return self.value.startswith("rect")


@dataclass(frozen=True)
class PrimaryTruth:
    """What is true of a primary beyond its size, in millimetres where named so.

    `bowel_direction` is the unit tangent of the bowel at the centre (RAS); `circumference_fraction` is the widest part
    of the circumference that is involved; long and short axis lie in the axial section of largest area, lumen left out.
    """

    wall_thickness_mm: float
    circumference_fraction: float
    bowel_direction: tuple[float, float, float]
    length_along_bowel_mm: float
    long_axis_mm: float
    short_axis_mm: float
    craniocaudal_mm: float
    largest_section_z_mm: float


@dataclass(frozen=True)
class PhantomLesion:
    """One lesion and its analytic truth.

    `place` is the colon segment, the liver segment (`S1`…`S8`), the lung lobe (`RUL RML RLL LUL LLL`) or the node
    station; `centre_ras_mm` RAS; `semi_axes_mm` of the ellipsoid (for a primary: half length along the bowel, outer
    radius, thickness of the wall); `longest_axial_mm` and `shortest_axial_mm` in the largest axial section;
    `mean_hu` of the solid part without noise and blur, by role.
    """

    target: Target
    number: int
    lesion_class: LesionClass
    place: str
    centre_ras_mm: tuple[float, float, float]
    semi_axes_mm: tuple[float, float, float]
    longest_axial_mm: float
    shortest_axial_mm: float
    volume_ml: float
    mean_hu: Mapping[Role, float]
    primary: PrimaryTruth | None = None


@dataclass(frozen=True)
class Patient:
    """An invented person: nothing here belongs to anyone."""

    name: str
    identifier: str
    sex: str
    birth_date: str
    age_years: int
    weight_kg: int
    height_m: float
    hospital: str
    address: str
    physician: str
    operator: str
    study_date: str
    character_set: str
    speaks_chinese: bool


@dataclass(frozen=True)
class ReportAnswers:
    """The answers a careful reader would give in tables 1-3, kept simple; lists in the order of lesion numbers."""

    segment: ColonSegment
    growth_form: str
    t_stage: str
    extramural_depth_mm: float
    more_than_half_circumference: bool
    outer_wall_rough: bool
    fat_clouded: bool
    fatty_liver: bool
    liver_metastases: int
    liver_segments: tuple[str, ...]
    uncertain_liver_segments: tuple[str, ...]
    lung_metastases: int
    lung_lobes: tuple[str, ...]
    regional_nodes: int
    largest_node_short_mm: float


@dataclass(frozen=True, eq=False)
class Phantom:
    """A synthetic examination: images, truth masks, truth table.

    `images` int16 by role (HU for CT); `masks` uint8 lesion numbers by target (lung on the CHEST grid, the others on
    the PVP grid); `outer` and `inner` are the edge volumes of the primaries on the PVP grid, with
    `masks[PRIMARY] == outer where inner is 0`; `anatomy` and `chest_anatomy` hold a `Tissue` per voxel on the PVP and
    the CHEST grid; `delays_s` is the time after the start of the injection by contrast-enhanced role.
    """

    seed: int
    time_point: int
    size: PhantomSize
    faults: frozenset[Fault]
    patient: Patient
    images: Mapping[Role, Volume]
    masks: Mapping[Target, Volume]
    outer: Volume
    inner: Volume
    anatomy: Volume
    chest_anatomy: Volume
    lesions: tuple[PhantomLesion, ...]
    delays_s: Mapping[Role, float]
    report_answers: ReportAnswers

    def organ(self, *tissues: Tissue) -> NDArray[np.bool_]:
        """Where the anatomy on the PVP grid is one of `tissues`; `[k, j, i]`."""
        chosen = np.zeros(256, dtype=bool)
        chosen[[int(tissue) for tissue in tissues]] = True
        return chosen[self.anatomy.array]

    def lesions_of(self, target: Target) -> tuple[PhantomLesion, ...]:
        """The lesions of one target in the order of their numbers."""
        return tuple(lesion for lesion in self.lesions if lesion.target is target)
