"""Registration: a known rigid motion is found again; what shows another part of the body, or nothing, is refused."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from crc_core.desk.registering import Matrix, mutual_information, register
from crc_core.errors import CrcError
from crc_core.geometry import Grid, Volume
from crc_core.phantom.plan import make_body
from crc_core.reading.schema import SyncPair
from crc_core.vocabulary import Role, Target
from shared_phantom import phantom

CORNERS = np.array([(0, 0, 0), (20, 0, 0), (0, 20, 0), (0, 0, 20), (-20, -20, -20)], dtype=float)


@cache
def rectal_seed() -> int:
    seed = 2
    while not make_body(seed, 1).segments[0].is_rectal:
        seed += 1
    return seed


def ct() -> Volume:
    return phantom(rectal_seed()).images[Role.PVP]


def mri(role: Role = Role.T2) -> Volume:
    return phantom(rectal_seed()).images[role]


def centre() -> np.ndarray:
    return np.array(phantom(rectal_seed()).lesions_of(Target.PRIMARY)[0].centre_ras_mm)


def motion(turn_deg: float, shift_mm: tuple[float, float, float]) -> Matrix:
    """A turn around a slanted axis through the primary, and a shift (RAS, Rodrigues' formula)."""
    axis = np.array([1.0, 2.0, 3.0]) / np.sqrt(14)
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    angle = np.radians(turn_deg)
    matrix = np.eye(4)
    matrix[:3, :3] = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    matrix[:3, 3] = centre() + shift_mm - matrix[:3, :3] @ centre()
    return matrix


def moved(volume: Volume, matrix: Matrix) -> Volume:
    return Volume(volume.array, Grid(volume.grid.shape_kji, matrix @ volume.grid.ijk_to_ras))


def error_mm(found: Matrix, true: Matrix) -> float:
    """The largest distance between where points around the primary are put and where they belong."""
    points = np.c_[centre() + CORNERS, np.ones(len(CORNERS))]
    return float(np.linalg.norm((points @ (found - true).T)[:, :3], axis=1).max())


def pairs(true: Matrix, count: int) -> list[SyncPair]:
    """Sync points as a hand places them, some millimetres off."""
    found = []
    for n, offset in enumerate(((5, 3, -4), (25, -10, 8), (-18, 14, -9))[:count]):
        on_ct = centre() + offset
        on_mri = (true @ np.append(on_ct, 1))[:3] + np.array([3.0, -2.0, 2.0]) * (-1) ** n
        found.append(SyncPair(tuple(map(float, on_ct)), tuple(map(float, on_mri))))
    return found


@pytest.mark.parametrize(
    ("role", "turn_deg", "shift_mm", "count"),
    [
        (Role.T2, 6.0, (8.0, -6.0, 7.0), 0),
        (Role.T2, 8.0, (60.0, 45.0, -130.0), 0),
        (Role.T2, 8.0, (60.0, 45.0, -130.0), 1),
        (Role.DWI, 6.0, (8.0, -6.0, 7.0), 3),
    ],
)
def test_a_known_motion_is_found_again(
    role: Role, turn_deg: float, shift_mm: tuple[float, float, float], count: int
) -> None:
    true = motion(turn_deg, shift_mm)
    told: list[tuple[int, int]] = []
    found = register(ct(), moved(mri(role), true), pairs(true, count), on_progress=lambda *step: told.append(step))
    assert error_mm(found.ct_to_mri, true) < 2.0
    assert found.after.information > found.before.information and found.after.overlap > 0.9
    assert np.allclose(found.ct_to_mri[:3, :3] @ found.ct_to_mri[:3, :3].T, np.eye(3), atol=1e-6), "rigid"
    assert told and all(0 <= done <= total for done, total in told)


def test_images_that_lie_right_stay_where_they_are() -> None:
    found = register(ct(), mri())
    assert error_mm(found.ct_to_mri, np.eye(4)) < 1.0
    assert found.after.information >= found.before.information


def upside_down(volume: Volume) -> Volume:
    return Volume(np.ascontiguousarray(volume.array[::-1, ::-1]), volume.grid)


def noise(volume: Volume) -> Volume:
    return Volume(np.random.default_rng(0).integers(0, 500, volume.array.shape).astype(np.int16), volume.grid)


def upper_half(volume: Volume) -> Volume:
    start = len(volume.array) * 3 // 4
    box = (slice(start, len(volume.array)), slice(0, volume.array.shape[1]), slice(0, volume.array.shape[2]))
    return Volume(volume.array[start:], volume.grid.crop(box))


@pytest.mark.parametrize("case", ["upside-down", "noise", "upper-abdomen"])
def test_what_does_not_fit_is_refused_in_words(case: str) -> None:
    made = {
        "upside-down": lambda: (ct(), upside_down(mri())),
        "noise": lambda: (ct(), noise(mri())),
        "upper-abdomen": lambda: (upper_half(ct()), mri()),
    }[case]()
    with pytest.raises(CrcError) as caught:
        register(*made)
    assert caught.value.code in ("desk.registration_lost", "desk.registration_overlap")
    assert "{" not in str(caught.value)


def test_sync_points_that_lead_out_of_the_body_are_refused() -> None:
    right, anterior, superior = map(float, centre())
    far = SyncPair((right, anterior, superior + 300.0), (right, anterior, superior))
    with pytest.raises(CrcError) as caught:
        register(ct(), mri(), [far])
    assert caught.value.code == "desk.registration_overlap"


def test_it_can_be_cancelled_on_the_way() -> None:
    seen: list[int] = []
    with pytest.raises(CrcError) as caught:
        register(
            ct(),
            moved(mri(), motion(6.0, (8.0, -6.0, 7.0))),
            on_progress=lambda done, total: seen.append(done),
            cancelled=lambda: len(seen) >= 3,
        )
    assert caught.value.code == "desk.cancelled" and len(seen) == 3


def test_mutual_information_of_equal_and_of_independent_values() -> None:
    values = np.random.default_rng(1).random(200_000)
    steps = np.floor(values * 16)
    assert mutual_information(steps, steps, 16) == pytest.approx(np.log(16), rel=0.02)
    assert mutual_information(steps, steps[::-1], 16) == pytest.approx(0.0, abs=0.01)
    assert mutual_information(np.zeros(0), np.zeros(0), 16) == 0.0
