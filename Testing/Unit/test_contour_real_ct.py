"""The checks of tissue on a real abdomen, where the data lie beside the checkout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from contour_support import ellipsoid, mask
from crc_core.contour import CheckId, Finding, inspect, sample_density
from crc_core.contour.voxels import axial_first
from crc_core.files.nifti import read_volume
from crc_core.geometry import Volume
from crc_core.vocabulary import Role, Target
from scipy.ndimage import uniform_filter

CT = Path(__file__).resolve().parents[3] / "shared" / "data" / "abdomen-ct-plain" / "ct.nii.gz"
RADIUS_MM = 11.0
pytestmark = pytest.mark.skipif(not CT.exists(), reason="the real CT is not here")


@pytest.fixture(scope="module")
def ct() -> Volume:
    volume = axial_first(read_volume(CT))
    return Volume(np.ascontiguousarray(volume.array), volume.grid)


def ball_at(ct: Volume, place: np.ndarray) -> Volume:
    centre = ct.grid.to_ras(place[::-1].astype(float))
    return mask(ellipsoid(ct.grid, centre, (RADIUS_MM,) * 3), ct.grid)


def found_at(ct: Volume, place: np.ndarray) -> set[CheckId]:
    found: tuple[Finding, ...] = inspect(ball_at(ct, place), ct, target=Target.LIVER)
    return {item.id for item in found}


def most(score: np.ndarray) -> np.ndarray:
    """The place of the highest score, away from the image's border."""
    inner = np.full(score.shape, -np.inf)
    inner[8:-8, 8:-8, 8:-8] = score[8:-8, 8:-8, 8:-8]
    return np.array(np.unravel_index(int(inner.argmax()), inner.shape))


def around(ct: Volume, chosen: np.ndarray) -> np.ndarray:
    return uniform_filter(chosen.astype(np.float32), 7)


def test_the_quietest_organ_has_no_finding_and_a_density(ct: Volume) -> None:
    values = ct.array.astype(np.float32)
    mean = uniform_filter(values, 9)
    quiet = -(uniform_filter(values**2, 9) - mean**2)
    place = most(np.where((mean > 30) & (mean < 90), quiet, -np.inf))
    assert found_at(ct, place) == set()
    density = sample_density(ball_at(ct, place), ct, lesion=1, target=Target.LIVER, role=Role.NC)
    assert density.mean_hu == pytest.approx(float(mean[tuple(place)]), abs=8)


@pytest.mark.parametrize(
    ("low", "high", "check"),
    [
        (1800, np.inf, CheckId.METAL),
        (-140, -70, CheckId.FAT),
        (-np.inf, -800, CheckId.GAS),
        (400, 1500, CheckId.DENSE),
    ],
)
def test_tissue_that_is_no_tumour_is_told(ct: Volume, low: float, high: float, check: CheckId) -> None:
    assert check in found_at(ct, most(around(ct, (ct.array > low) & (ct.array < high))))


def test_air_beside_the_patient_is_outside_the_body(ct: Volume) -> None:
    air = ct.array < -950
    corner = np.zeros(ct.array.shape, bool)
    corner[:, :24, :24] = True
    assert CheckId.OUTSIDE_BODY in found_at(ct, most(around(ct, air & corner)))
