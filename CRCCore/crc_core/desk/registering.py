"""Laying an MRI over the CT by a rigid transform: an aid to look at both, never the ground of a contour.

Mattes mutual information over the body inside the MRI, coarse to fine (SimpleITK; Mattes et al., IEEE TMI 2003). CT
and MRI come from two scanners, so their patient spaces have no origin in common: sync points that a person placed tell
where to begin. Without them the images are tried as they lie, and with the middles of the body over each other at any
height.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from crc_core.errors import CrcError
from crc_core.files.packaged import packaged_record
from crc_core.geometry import Volume
from crc_core.reading.schema import SyncPair

if TYPE_CHECKING:
    import SimpleITK

Matrix = NDArray[np.float64]
Progress = Callable[[int, int], None]
Cancelled = Callable[[], bool]
_RAS_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
_PAIRS_FOR_A_TURN = 3
_AIR_HU = -1000.0


@dataclass(frozen=True)
class RegistrationRules:
    """The data file `registration.json`: grids in mm, the optimiser's steps, and when a result does not hold.

    `least_overlap` is the share of the MRI's body inside the CT's; `least_sharpness` by how much the images must fit
    better than after a step of `sharpness_step_mm` aside.
    """

    version: str
    source: str
    ct_grid_mm: float
    mri_grid_mm: float
    body_above_hu: float
    bins: int
    sampled_share: float
    shrink: tuple[int, ...]
    smooth_mm: tuple[float, ...]
    iterations: int
    first_step_mm: float
    last_step_mm: float
    search_step_mm: float
    least_overlap: float
    sharpness_step_mm: float
    least_sharpness: float
    largest_turn_deg: float
    largest_shift_mm: float


@dataclass(frozen=True)
class Fit:
    """How well two images lie over each other: mutual information in nats, share of the MRI's body in the CT's."""

    information: float
    overlap: float


@dataclass(frozen=True, eq=False)
class Registered:
    """The rigid transform from CT to MRI (4×4, RAS millimetres); how it fits where it began and where it ended.

    `sharpness` is the information there over the best after a step aside: near 1 where nothing fits.
    """

    ct_to_mri: Matrix
    before: Fit
    after: Fit
    sharpness: float


@cache
def registration_rules() -> RegistrationRules:
    """The rules as shipped with this version."""
    return packaged_record(RegistrationRules, "registration.json")


def register(
    ct: Volume,
    mri: Volume,
    pairs: Sequence[SyncPair] = (),
    *,
    on_progress: Progress | None = None,
    cancelled: Cancelled = lambda: False,
) -> Registered:
    """The rigid transform that lays the MRI over the CT.

    `ct` is HU. `on_progress(done, total)` counts iterations, `cancelled()` is asked at each. Raises CrcError where the
    two share too little of the body, where nothing in them fits, and where the work is cancelled.
    """
    rules = registration_rules()
    images = _Images(rules, ct, mri)
    start = images.start(pairs)
    before = images.fit(start)
    if before.overlap < rules.least_overlap:
        raise CrcError("desk.registration_overlap", percent=f"{100 * before.overlap:.0f}")
    found = images.improved(start, on_progress, cancelled)
    after = images.fit(found)
    if after.information < before.information:
        # Nothing better was found than where a person's points, or the scanner's table, had put it.
        found, after = start, before
    sharpness = images.sharpness(found)
    if sharpness < rules.least_sharpness or _is_far(rules, images.middle, start, found):
        raise CrcError("desk.registration_lost")
    return Registered(_RAS_LPS @ np.linalg.inv(found) @ _RAS_LPS, before, after, sharpness)


def mutual_information(one: NDArray, other: NDArray, bins: int) -> float:
    """The mutual information of two samples in nats, each in `bins` steps between its 1st and 99th percentile."""
    if not one.size:
        return 0.0
    codes = _binned(one, bins) * bins + _binned(other, bins)
    joint = np.bincount(codes, minlength=bins * bins).reshape(bins, bins) / one.size
    apart = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    seen = joint > 0
    return float((joint[seen] * np.log(joint[seen] / apart[seen])).sum())


class _Images:
    """Both images on coarse grids with the body in either; transforms are 4×4 from MRI to CT in LPS millimetres."""

    def __init__(self, rules: RegistrationRules, ct: Volume, mri: Volume) -> None:
        import SimpleITK

        self._sitk = SimpleITK
        self._rules = rules
        self._ct = _even_grid(ct, rules.ct_grid_mm, _AIR_HU)
        self._mri = _even_grid(mri, rules.mri_grid_mm, 0.0)
        self._ct_body = _largest_part(SimpleITK.BinaryThreshold(self._ct, rules.body_above_hu, 1e6))
        smooth = SimpleITK.SmoothingRecursiveGaussian(self._mri, 2 * rules.mri_grid_mm)
        self._mri_body = _largest_part(SimpleITK.OtsuThreshold(smooth, 0, 1))
        self._mri_inside = SimpleITK.GetArrayFromImage(self._mri_body) > 0
        self._mri_values = SimpleITK.GetArrayFromImage(self._mri)[self._mri_inside]
        middle = self._mri.TransformContinuousIndexToPhysicalPoint([(size - 1) / 2 for size in self._mri.GetSize()])
        self.middle = np.array(middle)

    def start(self, pairs: Sequence[SyncPair]) -> Matrix:
        """Where to begin: on the sync points, else where of all heights the images fit best."""
        if pairs:
            return _over(pairs)
        tried = [(self.fit(matrix), matrix) for matrix in self._laid_over()]
        enough = [item for item in tried if item[0].overlap >= self._rules.least_overlap]
        return max(enough or tried, key=lambda item: item[0].information)[1]

    def fit(self, matrix: Matrix) -> Fit:
        """How well the images lie over each other."""
        transform, sitk = self._transform(matrix), self._sitk
        near = sitk.GetArrayFromImage(sitk.Resample(self._ct_body, self._mri, transform, sitk.sitkNearestNeighbor))
        body = self._mri_inside
        overlap = float((near[body] > 0).mean()) if body.any() else 0.0
        moved = sitk.Resample(self._ct, self._mri, transform, sitk.sitkLinear, _AIR_HU)
        values = sitk.GetArrayFromImage(moved)[body]
        return Fit(mutual_information(values, self._mri_values, self._rules.bins), overlap)

    def sharpness(self, matrix: Matrix) -> float:
        """How much better the images fit than after a step aside along each axis."""
        aside: list[float] = [1e-9]
        for step in (*np.eye(3), *-np.eye(3)):
            moved = matrix.copy()
            moved[:3, 3] += step * self._rules.sharpness_step_mm
            aside.append(self.fit(moved).information)
        return self.fit(matrix).information / max(aside)

    def improved(self, start: Matrix, on_progress: Progress | None, cancelled: Cancelled) -> Matrix:
        """The transform after climbing from `start`, coarse to fine."""
        rules, method = self._rules, self._sitk.ImageRegistrationMethod()
        method.SetMetricAsMattesMutualInformation(rules.bins)
        method.SetMetricFixedMask(self._mri_body)
        method.SetMetricSamplingStrategy(method.REGULAR)
        method.SetMetricSamplingPercentage(rules.sampled_share)
        method.SetInterpolator(self._sitk.sitkLinear)
        method.SetOptimizerAsRegularStepGradientDescent(
            rules.first_step_mm, rules.last_step_mm, rules.iterations, relaxationFactor=0.6
        )
        method.SetOptimizerScalesFromPhysicalShift()
        method.SetShrinkFactorsPerLevel(list(rules.shrink))
        method.SetSmoothingSigmasPerLevel(list(rules.smooth_mm))
        method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
        found = self._transform(start)
        method.SetInitialTransform(found, inPlace=True)
        total = rules.iterations * len(rules.shrink)

        def watch() -> None:
            if cancelled():
                method.StopRegistration()
            elif on_progress is not None:
                on_progress(method.GetCurrentLevel() * rules.iterations + method.GetOptimizerIteration(), total)

        method.AddCommand(self._sitk.sitkIterationEvent, watch)
        try:
            method.Execute(self._mri, self._ct)
        except RuntimeError as error:
            # ITK gives up where the images have drifted apart.
            raise CrcError("desk.cancelled" if cancelled() else "desk.registration_lost") from error
        if cancelled():
            raise CrcError("desk.cancelled")
        return _matrix_of(found)

    def _transform(self, matrix: Matrix) -> SimpleITK.Euler3DTransform:
        transform = self._sitk.Euler3DTransform()
        transform.SetCenter(self.middle.tolist())
        transform.SetMatrix(matrix[:3, :3].ravel().tolist(), 1e-6)
        transform.SetTranslation((matrix[:3, :3] @ self.middle + matrix[:3, 3] - self.middle).tolist())
        return transform

    def _laid_over(self) -> Iterator[Matrix]:
        yield np.eye(4)
        mine, (low, high) = _body_middle(self._mri_body), _body_heights(self._ct_body)
        theirs = _body_middle(self._ct_body)
        for height in np.arange(low, high, self._rules.search_step_mm):
            matrix = np.eye(4)
            matrix[:3, 3] = (theirs[0] - mine[0], theirs[1] - mine[1], height - mine[2])
            yield matrix


def _is_far(rules: RegistrationRules, middle: Matrix, start: Matrix, found: Matrix) -> bool:
    """Whether the images were turned or moved further than patients lie differently on two tables."""
    step = found @ np.linalg.inv(start)
    turn = np.degrees(np.arccos(np.clip((np.trace(step[:3, :3]) - 1) / 2, -1, 1)))
    shift = np.linalg.norm((found - start)[:3, :3] @ middle + (found - start)[:3, 3])
    return bool(turn > rules.largest_turn_deg or shift > rules.largest_shift_mm)


def _over(pairs: Sequence[SyncPair]) -> Matrix:
    """MRI to CT by sync points: a shift for one or two, with a turn (Kabsch) for three and more that span a plane."""
    ct, mri = (np.array([getattr(pair, name) for pair in pairs]) * (-1, -1, 1) for name in ("ct_ras", "mri_ras"))
    matrix = np.eye(4)
    apart, theirs = mri - mri.mean(axis=0), ct - ct.mean(axis=0)
    if len(pairs) >= _PAIRS_FOR_A_TURN and np.linalg.matrix_rank(apart, tol=1.0) > 1:
        left, _, right = np.linalg.svd(apart.T @ theirs)
        sign = np.sign(np.linalg.det(right.T @ left.T))
        matrix[:3, :3] = right.T @ np.diag([1, 1, sign]) @ left.T
    matrix[:3, 3] = ct.mean(axis=0) - matrix[:3, :3] @ mri.mean(axis=0)
    return matrix


def _even_grid(volume: Volume, step_mm: float, outside: float) -> SimpleITK.Image:
    """The image on a cubic grid of `step_mm` along its own axes, smoothed to that grid."""
    import SimpleITK

    image = SimpleITK.GetImageFromArray(volume.array.astype(np.float32))
    matrix, spacing = volume.grid.ijk_to_lps, np.array(volume.grid.spacing_ijk_mm)
    image.SetSpacing(spacing.tolist())
    image.SetOrigin(matrix[:3, 3].tolist())
    image.SetDirection((matrix[:3, :3] / spacing).ravel().tolist())
    finer = [float(step_mm / 2) if step < step_mm else 1e-3 for step in spacing]
    smooth = SimpleITK.SmoothingRecursiveGaussian(image, finer)
    size = np.maximum(1, np.ceil(np.array(image.GetSize()) * spacing / step_mm)).astype(int).tolist()
    return SimpleITK.Resample(
        smooth, size, SimpleITK.Transform(), SimpleITK.sitkLinear, image.GetOrigin(), [step_mm] * 3,
        image.GetDirection(), outside,
    )  # fmt: skip


def _largest_part(mask: SimpleITK.Image) -> SimpleITK.Image:
    import SimpleITK

    parts = SimpleITK.RelabelComponent(SimpleITK.ConnectedComponent(mask), sortByObjectSize=True)
    return SimpleITK.Cast(parts == 1, SimpleITK.sitkUInt8)


def _points(mask: SimpleITK.Image) -> NDArray[np.float64]:
    """LPS millimetres of some voxels of a mask, `[n, 3]`."""
    import SimpleITK

    found = np.argwhere(SimpleITK.GetArrayFromImage(mask) > 0)[::17, ::-1]
    direction = np.array(mask.GetDirection()).reshape(3, 3) * np.array(mask.GetSpacing())
    return np.asarray(found @ direction.T + np.array(mask.GetOrigin()))


def _body_middle(mask: SimpleITK.Image) -> NDArray[np.float64]:
    points = _points(mask)
    return (points.min(axis=0) + points.max(axis=0)) / 2 if len(points) else np.zeros(3)


def _body_heights(mask: SimpleITK.Image) -> tuple[float, float]:
    points = _points(mask)
    return (float(points[:, 2].min()), float(points[:, 2].max())) if len(points) else (0.0, 0.0)


def _matrix_of(transform: Any) -> Matrix:
    matrix = np.eye(4)
    matrix[:3, :3] = np.array(transform.GetMatrix()).reshape(3, 3)
    centre, shift = np.array(transform.GetCenter()), np.array(transform.GetTranslation())
    matrix[:3, 3] = centre + shift - matrix[:3, :3] @ centre
    return matrix


def _binned(values: NDArray, bins: int) -> NDArray[np.intp]:
    low, high = np.percentile(values, (1, 99))
    steps = (values.astype(np.float64) - low) / max(high - low, 1e-9) * bins
    return np.clip(steps, 0, bins - 1).astype(np.intp)
