"""What checks and measurements answer: findings, measurements, calipers, density samples."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from crc_core.errors import CrcError
from crc_core.vocabulary import Role, Target, Verdict

Point = tuple[float, float, float]
"""A point in RAS millimetres."""

Box = tuple[slice, slice, slice]
"""A part of an array `[k, j, i]`; every slice has a start and a stop."""


class Unit(StrEnum):
    """The unit of a quantity, as it ends the names of JSON keys."""

    ML = "ml"
    MM = "mm"
    MM2 = "mm2"
    VOXELS = "voxels"
    SLICES = "slices"
    HU = "hu"


@dataclass(frozen=True)
class Quantity:
    """A number with its unit."""

    value: float
    unit: Unit


class CheckId(StrEnum):
    """What a check can find; `data/text` words each under `contour.finding.<id>`."""

    EMPTY = "empty"
    TINY = "tiny"
    ISLAND = "island"
    SEPARATE = "separate"
    TOO_LARGE = "too_large"
    HOLE = "hole"
    GAP = "gap"
    EVERY_NTH = "every_nth"
    SINGLE_SLICE = "single_slice"
    JUMP = "jump"
    STEP = "step"
    SHIFT = "shift"
    BORDER = "border"
    GAS = "gas"
    FAT = "fat"
    DENSE = "dense"
    METAL = "metal"
    VESSEL = "vessel"
    LUMEN = "lumen"
    FLUID = "fluid"
    OUTSIDE_BODY = "outside_body"
    TOUCHING = "touching"
    BRIDGE = "bridge"
    OVERLAP = "overlap"
    INNER_OUTSIDE = "inner_outside"
    INNER_ALONE = "inner_alone"
    INNER_MISSING = "inner_missing"
    RING_BROKEN = "ring_broken"
    WALL_THIN = "wall_thin"
    WALL_THICK = "wall_thick"
    INTERPOLATED = "interpolated"
    WINDOW = "window"


@dataclass(frozen=True)
class Finding:
    """One thing a check saw; it warns and can be jumped to, it never blocks.

    `slice_index` counts from 0 along the slice axis of the mask (k for axial series), `last_slice_index` ends a run of
    slices. `box` is the part of the mask that a repair would replace, in the mask's own `[k, j, i]`; only a finding
    with `repairable` has it. `against` names the other lesion or target where two are involved.
    """

    id: CheckId
    verdict: Verdict
    target: Target
    lesion: int | None = None
    slice_index: int | None = None
    last_slice_index: int | None = None
    ras: Point | None = None
    size: Quantity | None = None
    limit: Quantity | None = None
    against: str | None = None
    box: Box | None = None

    @property
    def repairable(self) -> bool:
        """Whether `repair` can mend it in one safe step."""
        return self.box is not None


@dataclass(frozen=True)
class Caliper:
    """Two RAS points that a person can see and drag."""

    start_ras: Point
    end_ras: Point

    @property
    def length_mm(self) -> float:
        """The distance between the two points."""
        return math.dist(self.start_ras, self.end_ras)


class Size(StrEnum):
    """Which size of a lesion a measurement gives."""

    LONG_DIAMETER = "long_diameter"
    SHORT_DIAMETER = "short_diameter"
    CRANIO_CAUDAL = "cranio_caudal"
    THICKNESS = "thickness"
    LONGEST_AXIAL = "longest_axial_diameter"


class Method(StrEnum):
    """How a size was measured; `data/text` words each under `contour.method.<id>`."""

    LONGEST_ON_TUMOUR = "longest_on_tumour"
    ACROSS_ON_TUMOUR = "across_on_tumour"
    LONGEST_OF_OUTLINE = "longest_of_outline"
    ACROSS_OUTLINE = "across_outline"
    EXTENT_SUPERIOR = "extent_superior"
    WALL_IN_SECTION = "wall_in_section"
    WALL_IN_SPACE = "wall_in_space"
    BY_HAND = "by_hand"


@dataclass(frozen=True)
class Measurement:
    """One size in millimetres with how and where it was measured.

    `precision` is the smallest difference in millimetres that voxels and slices can tell apart there; `shown` rounds to
    what it allows. `slice_index` is the slice the caliper lies in, where it lies in one.
    """

    kind: Size
    value: float
    unit: Unit
    precision: float
    method: Method
    place: Caliper
    slice_index: int | None = None

    @classmethod
    def from_points(
        cls, kind: Size, start_ras: Point, end_ras: Point, *, precision: float, slice_index: int | None = None
    ) -> Measurement:
        """The size between two points a person has placed or dragged."""
        numbers = (*start_ras, *end_ras, precision)
        if len(numbers) != 7 or not all(math.isfinite(number) for number in numbers):
            raise CrcError("contour.caliper_points")
        start = (float(start_ras[0]), float(start_ras[1]), float(start_ras[2]))
        end = (float(end_ras[0]), float(end_ras[1]), float(end_ras[2]))
        caliper = Caliper(start, end)
        return cls(kind, caliper.length_mm, Unit.MM, precision, Method.BY_HAND, caliper, slice_index)

    def moved(self, start_ras: Point, end_ras: Point, slice_index: int | None = None) -> Measurement:
        """This measurement after its caliper was dragged."""
        return self.from_points(self.kind, start_ras, end_ras, precision=self.precision, slice_index=slice_index)

    @property
    def shown(self) -> str:
        """The value as it is shown: tenths where the precision is below one millimetre, else whole millimetres."""
        return f"{self.value:.1f}" if self.precision < 1.0 else f"{self.value:.0f}"


@dataclass(frozen=True)
class LesionMeasurements:
    """The sizes of one lesion; a size that does not apply is None.

    `long_diameter` and `short_diameter` lie in one axial slice: for a primary in its largest section (`section_slice`,
    `section_area_mm2`), for all other lesions where the axial diameter is longest. `longest_axial` is the longest
    diameter of the outline over all axial slices, a lumen counted.
    """

    lesion: int
    volume_ml: float
    voxels: int
    centroid_ras: Point
    slices: int
    section_slice: int
    section_area_mm2: float
    long_diameter: Measurement
    short_diameter: Measurement
    cranio_caudal: Measurement
    longest_axial: Measurement
    thickness: Measurement | None = None

    def of(self, size: Size) -> Measurement | None:
        """One size; None where it does not apply."""
        return next((item for item in self.all if item.kind is size), None)

    @property
    def all(self) -> tuple[Measurement, ...]:
        """Every measurement there is, in the order of the report's fields."""
        five = (self.long_diameter, self.short_diameter, self.cranio_caudal, self.thickness, self.longest_axial)
        return tuple(item for item in five if item is not None)


@dataclass(frozen=True)
class DensitySample:
    """A disc in one slice of one phase and the HU values of the voxels whose centres lie in it."""

    centre_ras: Point
    radius_mm: float
    slice_index: int
    voxels: int
    mean_hu: float
    sd_hu: float


class NotMeasurable(StrEnum):
    """Why a density cannot be given; `data/text` words each under `contour.density.<id>`."""

    LESION_MISSING = "lesion_missing"
    OUTSIDE_IMAGE = "outside_image"
    TOO_SMALL = "too_small"
    TOO_LARGE = "too_large"
    NO_SOLID_PART = "no_solid_part"
    TOO_FEW_SAMPLES = "too_few_samples"


@dataclass(frozen=True)
class LesionDensity:
    """The density of one lesion in one phase: the mean of its samples' means, or the reason why there is none."""

    lesion: int
    role: Role
    samples: tuple[DensitySample, ...]
    mean_hu: float | None
    reason: NotMeasurable | None = None
