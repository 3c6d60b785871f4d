"""MRI beside the CT: sync points, a registration a person judges, nothing of it where there is no MRI."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from annotator_support import PVP
from contouring_support import READER, UNIT, Desk
from crc_core.desk.arrangement import ImageKey, LayoutKind
from crc_core.desk.job_forms import RegisterAsked, RegisterDone
from crc_core.desk.steps import ContourStepId
from crc_core.errors import CrcError
from crc_core.files.records import from_document, to_document
from crc_core.store.protocol import StoreInfo
from crc_core.vocabulary import Mode, Role, Target
from CRCAnnotatorLib.presenter.ports import Step

WITH_MRI = (Role.NC, Role.AP, Role.PVP, Role.T2, Role.DWI)
MODES = {Target.PRIMARY: Mode.MRI, Target.LIVER: Mode.DIRECT}
T2 = ImageKey(Role.T2)
TURNED = [[1.0, 0.0, 0.0, 4.0], [0.0, 1.0, 0.0, -2.0], [0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 0.0, 1.0]]


DONE = to_document(RegisterDone(tuple(map(tuple, TURNED)), 0.1, 0.4, 0.9, 1.3))


class Placed:
    """A store of which only the place is asked for."""

    def info(self) -> StoreInfo:
        return StoreInfo("store", "somewhere", False, "policy")


def opened(site: str | None = "rectum_middle", roles: tuple[Role, ...] = WITH_MRI) -> Desk:
    desk = Desk()
    desk.hub.store = Placed()  # type: ignore[assignment]  # all that is asked of it here
    return desk.open(MODES, roles, clinical=None if site is None else {"primary_site": site})


def click(desk: Desk, ras: tuple[float, float, float], image: ImageKey | None = None) -> None:
    """A person places the point that is asked for, or another program one on an image."""
    calls = list(desk.scene.calls)
    if image is None:
        desk.scene.places(ras)
    else:
        desk.contour.sync_point_placed(image, ras)
    assert desk.scene.calls == calls, "Slicer is still inside its click"
    desk.jobs.advance(0)


def pair(desk: Desk, ct: tuple[float, float, float], mri: tuple[float, float, float]) -> None:
    desk.contour.add_sync_pair()
    assert desk.scene.placing == PVP and "CT" in desk.state.mri.words
    click(desk, ct)
    assert desk.scene.placing == T2 and "MRI" in desk.state.mri.words
    click(desk, mri)


def test_ct_and_mri_stand_side_by_side_and_drawing_is_on_ct() -> None:
    desk = opened()
    assert desk.scene.arrangement.kind is LayoutKind.REFERENCE
    assert list(desk.scene.shown_images.values()) == [PVP, T2, ImageKey(Role.DWI)]
    assert desk.state.step is ContourStepId.DRAW and desk.scene.source == PVP
    assert desk.state.mri.series == "T2WI, DWI"
    assert not desk.of(Target.PRIMARY).mri_used
    desk.draw()
    assert desk.of(Target.PRIMARY).mri_used


def test_without_mri_nothing_of_it_is_shown_and_none_was_used() -> None:
    desk = opened(roles=(Role.NC, Role.AP, Role.PVP))
    assert desk.state.mri is None and desk.scene.arrangement.kind is LayoutKind.CONTOUR
    desk.contour.add_sync_pair()
    desk.contour.register_mri()
    assert desk.scene.placing is None and desk.jobs.requested == []
    desk.draw()
    assert not desk.of(Target.PRIMARY).mri_used


def test_mri_is_hidden_for_targets_that_are_drawn_without_it() -> None:
    desk = opened()
    pair(desk, (0, 0, 0), (5, 1, -2))
    desk.contour.choose_target(Target.LIVER)
    assert desk.scene.sync_pairs == ()
    assert desk.state.mri is None and desk.scene.arrangement.kind is LayoutKind.CONTOUR
    desk.draw(Target.LIVER, 1)
    assert not desk.of(Target.LIVER).mri_used


def test_pairs_of_points_lead_the_views_of_the_mri() -> None:
    desk = opened()
    pair(desk, (0, 0, 0), (5, 1, -2))
    pair(desk, (10, 0, 0), (15, 3, -2))
    assert desk.state.mri.sync_pairs == 2 == len(desk.work.sync_pairs)
    assert "2 pairs" in desk.state.mri.words and "1 mm" in desk.state.mri.words
    assert desk.scene.sync_pairs == desk.work.sync_pairs and desk.scene.ct_to_mri is None
    desk.contour.remove_sync_pair()
    assert [item.mri_ras for item in desk.scene.sync_pairs] == [(5, 1, -2)]
    desk.contour.remove_sync_pair()
    assert desk.scene.sync_pairs == () == desk.work.sync_pairs


def test_pairs_that_disagree_are_told() -> None:
    desk = opened()
    pair(desk, (0, 0, 0), (0, 0, 0))
    pair(desk, (10, 0, 0), (10, 60, 0))
    assert "disagree by 30 mm" in desk.state.mri.words


def test_a_pair_that_was_begun_can_be_given_up() -> None:
    desk = opened()
    desk.contour.add_sync_pair()
    click(desk, (0, 0, 0))
    desk.contour.remove_sync_pair()
    assert desk.work.sync_pairs == () and "CT" in desk.state.mri.words
    click(desk, (1, 1, 1), T2)
    assert desk.work.sync_pairs == (), "a point that nobody waits for"
    desk.contour.add_sync_pair()
    click(desk, (0, 0, 0))
    desk.contour.choose_target(Target.LIVER)
    desk.contour.choose_target(Target.PRIMARY)
    click(desk, (1, 1, 1), T2)
    assert desk.work.sync_pairs == ()


def test_a_registration_runs_aside_with_progress_and_is_looked_at_before_it_is_used() -> None:
    desk = opened()
    pair(desk, (0, 0, 0), (4, 0, 0))
    desk.jobs.hold_processes = True
    desk.contour.register_mri()
    (job, request) = desk.jobs.requested[0]
    asked = from_document(RegisterAsked, dict(request), Path("request"))
    assert job == "register" and (asked.ct, asked.mri) == (Role.PVP, Role.T2)
    assert (asked.store, asked.unit, asked.viewer) == ("somewhere", str(UNIT), READER)
    assert asked.pairs == desk.work.sync_pairs
    assert desk.state.mri.registering and "Registering" in desk.state.mri.words
    running = desk.jobs.processes["annotator.register"]
    running.progress(Step("Registering", 3, 4))
    assert "75 %" in desk.state.mri.words
    desk.contour.register_mri()
    assert len(desk.jobs.requested) == 1, "one at a time"
    desk.jobs.handlers["register"] = lambda asked, tell: DONE
    desk.jobs.finish_process("annotator.register")
    mri = desk.state.mri
    assert mri.registered and not mri.accepted and not mri.registering and mri.shown_moved
    assert "before and after" in mri.words and np.allclose(desk.scene.ct_to_mri, TURNED)
    desk.contour.show_moved(False)
    assert desk.scene.ct_to_mri is None, "before: where it lies"
    assert not desk.state.mri.shown_moved
    desk.contour.show_moved(True)
    desk.contour.accept_registration(True)
    assert desk.work.registration.accepted and desk.state.mri.accepted and np.allclose(desk.scene.ct_to_mri, TURNED)
    desk.contour.accept_registration(False)
    assert desk.work.registration is None and desk.scene.ct_to_mri is None


def test_an_accepted_registration_comes_back_with_the_case() -> None:
    desk = opened()
    desk.jobs.handlers["register"] = lambda asked, tell: DONE
    desk.contour.register_mri()
    desk.contour.accept_registration(True)
    again = Desk()
    again.open(MODES, WITH_MRI, work=desk.work)
    assert np.allclose(again.scene.ct_to_mri, TURNED) and again.state.mri.accepted


def _refused(asked: Mapping[str, Any], tell: Callable[[Step], None]) -> Mapping[str, Any]:
    raise CrcError("store.no_series", unit="x", role="T2")


def test_a_registration_that_fails_is_told_and_one_can_be_stopped() -> None:
    desk = opened()
    desk.jobs.handlers["register"] = _refused
    desk.contour.register_mri()
    assert desk.message and not desk.state.mri.registering and not desk.state.mri.registered
    desk.jobs.hold_processes = True
    desk.contour.register_mri()
    assert desk.state.mri.registering
    desk.contour.cancel_registration()
    assert not desk.state.mri.registering and "stopped" in desk.message
    assert "annotator.register" not in desk.jobs.processes
    desk.contour.register_mri()
    desk.contour.closed()
    assert "annotator.register" not in desk.jobs.processes


def test_an_answer_that_is_none_is_told() -> None:
    desk = opened()
    desk.jobs.handlers["register"] = lambda asked, tell: {"ct_to_mri": "everywhere"}
    desk.contour.register_mri()
    assert desk.message and desk.work.registration is None and not desk.state.mri.registering


@pytest.mark.parametrize(
    ("site", "can"), [("rectum_lower", True), ("rectosigmoid", True), (None, True), ("caecum", False)]
)
def test_only_where_the_bowel_keeps_its_place_is_a_registration_offered(site: str | None, can: bool) -> None:
    desk = opened(site)
    assert desk.state.mri.can_register is can
    if not can:
        desk.contour.register_mri()
        assert desk.jobs.requested == [] and "would not hold" in desk.message
