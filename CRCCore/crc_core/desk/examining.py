"""Everything that is told of one lesion while it is drawn, in pieces short enough that drawing does not wait for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module

from crc_core.contour.density import sampling_lesion
from crc_core.contour.inspection import inspecting
from crc_core.contour.measuring import measuring_lesion
from crc_core.contour.pieces import Pieces
from crc_core.contour.results import Finding, LesionDensity, LesionMeasurements
from crc_core.desk.layers import TargetLayers
from crc_core.geometry import Volume
from crc_core.vocabulary import CT_PHASES, BowelDirection, Role, Target


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What a target's lesions are looked at with.

    `image` is the source in HU on the target's own grid (None to leave densities out of the checks), `phases` the
    phases on grids of their own, `others` the masks of other targets on the same grid, `to_review` the filled slices
    nobody has looked at, `slice_thickness_mm` the nominal thickness where it differs from the distance of slices.
    """

    image: Volume | None
    phases: Mapping[Role, Volume]
    others: Sequence[tuple[Target, Volume]] = ()
    to_review: Sequence[int] = ()
    bowel_direction: BowelDirection = BowelDirection.ACROSS
    slice_thickness_mm: float | None = None


@dataclass(frozen=True)
class Exam:
    """What one lesion shows; `sizes` is None and `densities` empty where it holds no voxels."""

    target: Target
    lesion: int
    findings: tuple[Finding, ...]
    sizes: LesionMeasurements | None
    densities: tuple[LesionDensity, ...]


def getting_ready() -> Iterator[None]:
    """Import what the first examination needs, one library at a time, so that the first stroke does not wait for it."""
    for name in ("scipy.ndimage", "scipy.spatial"):
        import_module(name)
        yield


def examining(layers: TargetLayers, target: Target, lesion: int, around: Surroundings) -> Pieces[Exam]:
    """Check and measure one lesion; the same results as `inspect`, `measure` and `sample_densities` give for all.

    Every piece is bounded by the size of the lesion, not by that of the image. Raises CrcError as these do.
    """
    one = layers.one(lesion)
    yield
    outer = None if layers.outer is None else layers.outer.mask
    inner = None if layers.inner is None else layers.inner.mask
    findings: list[Finding] = []
    for found in inspecting(
        layers.examined,
        around.image,
        target=target,
        outer=outer,
        inner=inner,
        others=around.others,
        interpolated_slices=around.to_review,
        only=one,
    ):
        findings.extend(found)
        yield
    if one.mask is None:
        return Exam(target, lesion, tuple(findings), None, ())
    sizes = yield from measuring_lesion(
        one.mask,
        target=target,
        bowel_direction=around.bowel_direction,
        outer=outer,
        inner=inner,
        slice_thickness_mm=around.slice_thickness_mm,
    )
    densities: list[LesionDensity] = []
    phases = {role: around.phases[role] for role in CT_PHASES if role in around.phases}
    for density in sampling_lesion(one.mask, phases, target=target):
        if density is not None:
            densities.append(density)
        yield
    return Exam(target, lesion, tuple(findings), sizes, tuple(densities))
