"""The senior's desk through its presenter: images in steps, views, both reports, the editor's tools, what is lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from crc_core.contour.voxels import bounding_box
from crc_core.errors import CrcError
from crc_core.identity import UnitId
from crc_core.reading.final import Take
from crc_core.report.merge import Choice as Side
from crc_core.store.access import ServerForm
from crc_core.store.folder import FolderStore
from crc_core.store.remote.session import SignedIn
from crc_core.store.remote.standing import LineState
from crc_core.text import Lang
from crc_core.vocabulary import PersonRole, Role, Target, TargetAnswer, Title
from CRCQualityControlLib.presenter.ports import Fill, Tool, Views
from CRCQualityControlLib.presenter.state import Level, Page
from quality_room import Room, Seat
from quality_support import Habit

PRIMARY = "primary:A1+B1"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Room, tuple[str, ...]]:
    """Three disputed cases that tests only look at."""
    room = Room(tmp_path_factory.mktemp("room"))
    return room, room.read(3, "wang", "li")


@pytest.fixture
def seat(shared: tuple[Room, tuple[str, ...]]) -> Seat:
    """The chief before the queue."""
    return shared[0].sit("chief")


def test_a_case_comes_step_by_step_and_a_person_can_stop_it(seat: Seat, shared: tuple[Room, tuple[str, ...]]) -> None:
    seat.jobs.hold_steps = True
    seat.quality.adjudication.open(shared[1][0])
    assert seat.state.busy is not None
    assert shared[1][0] in seat.state.busy.words
    while not seat.scene.images:
        assert seat.jobs.step("work")
    seat.quality.hub.stop()
    assert (seat.state.busy, seat.state.adjudication.case, seat.scene.images) == (None, None, {})
    seat.jobs.hold_steps = False
    seat.quality.adjudication.open(shared[1][0])
    assert seat.state.adjudication.case is not None


def test_views_phases_and_windows_follow_the_person(seat: Seat, shared: tuple[Room, tuple[str, ...]]) -> None:
    seat.quality.adjudication.open(shared[1][0])
    assert (seat.scene.views, seat.state.viewing.phase) == (Views.PLANES, Role.PVP)
    assert seat.scene.labels[Role.PVP] == "portal venous phase · T0"
    seat.quality.viewing.show_views(Views.PHASES)
    assert (seat.scene.views, seat.state.viewing.views) == (Views.PHASES, Views.PHASES)
    seat.quality.viewing.flip()
    assert (seat.scene.phase, seat.state.viewing.phase) == (Role.CHEST, Role.CHEST)
    seat.quality.viewing.flip(False)
    assert seat.scene.phase is Role.PVP
    seat.quality.viewing.preset_window()
    assert seat.scene.window is not None
    assert (seat.scene.window[0], seat.scene.window[1].width_hu) == (Role.PVP, 225.0)
    seat.quality.set_language(Lang.ZH)
    assert seat.scene.labels[Role.PVP].startswith("静脉期")


def test_a_jump_to_a_lesion_centres_on_it(seat: Seat, shared: tuple[Room, tuple[str, ...]]) -> None:
    seat.quality.adjudication.open(shared[1][0])
    seat.quality.adjudication.go_to_lesion(PRIMARY)
    desk = seat.quality.desk.case
    point = seat.quality.desk.point(PRIMARY)
    mask = desk.opened.dispute.lesion_mask(desk.choices, point.key)
    box = bounding_box(mask.array)
    centre = mask.grid.to_ras([(part.start + part.stop - 1) / 2 for part in reversed(box)])
    np.testing.assert_allclose(seat.scene.place[0], centre)
    assert seat.scene.place[1] > 40


def test_both_reports_stand_side_by_side_with_the_differences_marked(
    seat: Seat, shared: tuple[Room, tuple[str, ...]]
) -> None:
    seat.quality.adjudication.open(shared[1][0])
    case = seat.state.adjudication.case
    assert set(case.fields) < set(case.report)
    assert all(row.a == row.b for row in case.report if not row.differs and "–" not in (row.a, row.b))
    stage = next(row for row in case.fields if row.path.endswith("t_stage"))
    assert stage.critical
    assert stage.a != stage.b
    assert stage.chosen is None
    seat.quality.deciding.settle_rest(Side.B)
    after = seat.state.adjudication.case
    assert all(row.chosen is Side.B for row in after.fields if row.critical)
    assert not any(row.chosen for row in after.fields if not row.critical)
    seat.ask.will("t4b")
    seat.quality.deciding.ask_answer(stage.path)
    row = next(row for row in seat.state.adjudication.case.fields if row.path == stage.path)
    assert row.chosen is Side.TYPED
    assert "T4b" in row.typed
    seat.ask.will(None)
    seat.quality.deciding.ask_answer(stage.path)
    assert next(r for r in seat.state.adjudication.case.fields if r.path == stage.path).chosen is Side.TYPED


def test_a_reason_is_chosen_from_the_list_after_the_decision(seat: Seat, shared: tuple[Room, tuple[str, ...]]) -> None:
    seat.quality.adjudication.open(shared[1][0])
    seat.quality.deciding.ask_reason(PRIMARY)
    assert "first" in seat.message
    seat.quality.deciding.take(PRIMARY, Take.UNION)
    seat.ask.will("other", "the fold")
    seat.quality.deciding.ask_reason(PRIMARY)
    row = next(row for row in seat.state.adjudication.case.lesions if row.key == PRIMARY)
    assert row.reason_code == "other"
    assert "the fold" in row.reason
    assert row.disputed
    assert not row.is_open


def test_tools_brush_and_undo_belong_to_the_edit(seat: Seat, shared: tuple[Room, tuple[str, ...]]) -> None:
    seat.quality.adjudication.open(shared[1][0])
    seat.quality.deciding.use_tool(Tool.PAINT)
    assert seat.scene.tool is None
    seat.quality.deciding.take(PRIMARY, Take.EDITED)
    assert (seat.scene.source, seat.scene.tool, seat.state.adjudication.case.tool) == (Role.PVP, Tool.PAINT, Tool.PAINT)
    assert (seat.scene.fill, seat.state.adjudication.case.fill) == (Fill.OUTLINE, Fill.FILLED)
    seat.scene.tell_tool(Tool.ERASE)
    assert seat.state.adjudication.case.tool is Tool.ERASE
    seat.quality.deciding.set_brush(12.0)
    seat.scene.tell_brush(8.0)
    assert (seat.scene.brush_mm, seat.state.adjudication.case.brush_mm) == (12.0, 8.0)
    seat.quality.deciding.undo()
    assert seat.scene.undone == 1
    seat.quality.deciding.drop_edit()
    assert (seat.scene.seed, seat.scene.fill, seat.state.adjudication.case.tool) == (None, Fill.FILLED, None)
    seat.quality.deciding.undo()
    assert seat.scene.undone == 1


def test_a_lost_scene_keeps_the_decisions_and_the_images_come_back(
    seat: Seat, shared: tuple[Room, tuple[str, ...]]
) -> None:
    seat.quality.adjudication.open(shared[1][0])
    seat.quality.deciding.take(PRIMARY, Take.EDITED)
    seat.quality.deciding.finish_edit()
    seat.scene.lose()
    case = seat.state.adjudication.case
    assert case.images_lost
    assert seat.state.message.level is Level.WARNING
    assert next(row for row in case.lesions if row.key == PRIMARY).chosen is Take.EDITED
    seat.quality.deciding.take(PRIMARY, Take.EDITED)
    assert seat.state.adjudication.case.editing == ""
    seat.quality.adjudication.next_region()
    seat.quality.adjudication.show_again()
    assert not seat.state.adjudication.case.images_lost
    assert seat.scene.layers


def test_the_signer_is_named_with_the_title_the_store_knows(seat: Seat, shared: tuple[Room, tuple[str, ...]]) -> None:
    seat.quality.adjudication.open(shared[1][0])
    assert seat.state.adjudication.case.signer == "Signs: Chief, chief physician; has not read this unit."


def test_the_next_unit_of_the_queue_opens_until_none_is_left(seat: Seat, shared: tuple[Room, tuple[str, ...]]) -> None:
    first, second = (row.unit for row in seat.state.adjudication.queue[:2])
    seat.quality.adjudication.open_next()
    assert seat.state.adjudication.case.unit == first
    seat.quality.adjudication.open_next()
    assert seat.state.adjudication.case.unit == second
    reader = shared[0].sit("wang")
    reader.quality.adjudication.open_next()
    assert "Nothing waits" in reader.message


def test_the_end_of_the_module_asks_nothing_and_leaves_nothing(
    seat: Seat, shared: tuple[Room, tuple[str, ...]]
) -> None:
    seat.quality.adjudication.open(shared[1][0])
    seat.quality.deciding.take(PRIMARY, Take.UNION)
    seat.quality.shut_down()
    assert (seat.scene.images, seat.state.adjudication.case, seat.state.viewing.unit) == ({}, None, "")


def test_a_target_that_only_words_dispute_is_settled_in_words(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.team.habits = {"wang": Habit(), "li": Habit(cannot_assess=True)}
    _, unit = room.read(2, "wang", "li")
    seat = room.sit("chief")
    seat.quality.adjudication.open(unit)
    (row,) = seat.state.adjudication.case.silent
    assert {row.a, row.b} == {"none seen", "not assessable"}
    before = seat.state.adjudication.case.still_open
    seat.quality.deciding.say_absent(Target.LIVER, TargetAnswer.NONE_SEEN)
    assert seat.state.adjudication.case.silent[0].chosen == "none_seen"
    assert seat.state.adjudication.case.still_open == before - 1


def test_a_final_that_proves_wrong_is_superseded_by_a_version(tmp_path: Path) -> None:
    room = Room(tmp_path)
    (unit,) = room.read(1, "wang", "li")
    seat = room.sit("chief")
    seat.quality.adjudication.open_final()
    assert "No unit is final" in seat.message
    assert room.team.settle(unit)
    seat.ask.will(unit)
    seat.quality.adjudication.open_final()
    case = seat.state.adjudication.case
    assert (case.unit, case.supersedes) == (unit, 1)
    assert {words for _, words in case.context} & {"A: Wang; B: Li", "A: Li; B: Wang"}
    for row in case.lesions:
        if row.is_open:
            seat.quality.deciding.take(row.key, row.takes[0])
            seat.quality.deciding.give_reason(row.key, "boundary")
    seat.quality.deciding.settle_rest(Side.A)
    seat.ask.will("the wrong fold was taken")
    seat.quality.signing.sign()
    finals = room.store.unit(UnitId.parse(unit), "chief").finals
    assert [final.version for final in finals] == [1, 2]
    assert seat.state.adjudication.case is None


def test_a_signature_on_its_way_cannot_be_stopped_or_overtaken(tmp_path: Path) -> None:
    room = Room(tmp_path)
    first, second = room.read(2, "wang", "li")
    seat = room.sit("chief")
    seat.quality.adjudication.open(first)
    for row in seat.state.adjudication.case.lesions:
        if row.is_open:
            seat.quality.deciding.take(row.key, row.takes[0])
            seat.quality.deciding.give_reason(row.key, "boundary")
    seat.quality.deciding.settle_rest(Side.A)
    seat.jobs.hold_steps = True
    seat.quality.signing.sign()
    assert seat.state.busy is not None
    assert not seat.state.busy.can_cancel
    seat.quality.hub.stop()
    seat.ask.will("leave")
    seat.quality.adjudication.open(second)
    assert not seat.quality.leave()
    assert "on its way" in seat.message
    while seat.jobs.step("work"):
        pass
    assert "is signed" in seat.message
    seat.jobs.finish_steps("work")
    assert (seat.state.busy, seat.state.adjudication.case) == (None, None)
    assert len(room.store.unit(UnitId.parse(first), "chief").finals) == 1


class Server:
    """A session at a server that knows one person and one password."""

    def __init__(self, room: Room, url: str) -> None:
        self.room, self.url, self.ca_file, self.state = room, url, None, LineState.SIGNED_OUT
        self.on_change: Callable[[], None] = lambda: None

    @property
    def store(self) -> FolderStore:
        return self.room.store

    def try_sign_in(self, person: str, password: str, ca_file: str | None = None) -> SignedIn:
        if password != "right":
            raise CrcError("server.sign_in")
        roles = frozenset({PersonRole.SENIOR})
        return SignedIn(person, "t", "Chief", Title.CHIEF, roles, "01", self.room.store.info())

    def enter(self, signed: SignedIn) -> None:
        self.become(LineState.CONNECTED)

    def become(self, state: LineState) -> None:
        self.state = state
        self.on_change()

    def look(self) -> None:
        return None

    def see(self, trouble: CrcError | None) -> None:
        self.become(LineState.CONNECTED)


def test_a_server_is_signed_in_to_and_asked_again_when_the_session_ends(tmp_path: Path) -> None:
    room = Room(tmp_path)
    (unit,) = room.read(1, "wang", "li")
    seat = room.sit("chief")
    servers: list[Server] = []

    def connect(url: str, _ca_file: str | None) -> Server:
        servers.append(Server(room, url))
        return servers[-1]

    seat.quality.hub.kit = replace(seat.quality.hub.kit, connect=connect)
    good = ServerForm("https://crc.example", "", "chief", "right")
    seat.ask.will(replace(good, password="wrong"), good)
    seat.quality.online.choose()
    assert len(seat.ask.troubles) == 1
    assert (seat.state.store.place, seat.state.store.person) == ("https://crc.example", "chief")
    assert [row.unit for row in seat.state.adjudication.queue] == [unit]
    assert room.settings.get("server/person") == "chief"
    assert "right" not in repr(vars(room.settings))
    seat.quality.adjudication.open(unit)
    seat.quality.deciding.take(PRIMARY, Take.UNION)
    decided = seat.state.adjudication.case
    servers[-1].become(LineState.AWAY)
    assert seat.state.message.level is Level.WARNING
    seat.quality.refresh()
    assert servers[-1].state is LineState.CONNECTED
    seat.ask.will(good)
    servers[-1].become(LineState.SIGNED_OUT)
    seat.jobs.advance(1)
    assert servers[-1].state is LineState.CONNECTED
    assert seat.state.adjudication.case == decided
    seat.ask.will("leave")
    seat.quality.open_store(room.place)
    assert seat.state.store.place == room.place


def table(path: Path, *, gap: bool = False, raters: tuple[str, ...] = ("wang", "li")) -> Path:
    """A table of 31 cases measured by some raters."""
    lines = ["case,rater,value"]
    for number in range(31):
        for place, rater in enumerate(raters):
            value = "" if gap and number == 3 and place else f"{10 + number + 0.4 * place * (number % 3)}"
            lines.append(f"c{number},{rater},{value}")
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_a_table_gives_icc_and_limits_and_says_what_was_left_out(seat: Seat, tmp_path: Path) -> None:
    seat.quality.show_page(Page.AGREEMENT)
    seat.ask.will(table(tmp_path / "t.csv", gap=True))
    seat.quality.agreement.open_table()
    shown = seat.state.agreement
    assert shown.is_ready
    assert not shown.may_export
    assert (shown.measures.rows[0][1], shown.limits.rows[0][1]) == ("30", "30")
    assert float(shown.limits.rows[0][2]) == pytest.approx(0.4, abs=0.02)
    assert any("c3" in line for line in shown.lead)
    seat.quality.set_language(Lang.ZH)
    assert "表格" in seat.state.agreement.lead[0]
    seat.ask.will(table(tmp_path / "one.csv", raters=("wang",)))
    seat.quality.agreement.open_table()
    assert "one.csv" in seat.message
    assert seat.state.agreement.is_ready


def test_pairs_of_readers_are_shown_with_their_lesions(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.sampled()
    seat = room.sit("chief")
    seat.quality.agreement.allow_small(True)
    seat.quality.agreement.compute()
    shown = seat.state.agreement
    assert {row[0] for row in shown.targets.rows} >= {"primary tumour"}
    assert len(shown.pairs.columns) == len(shown.pairs.rows[0])
    primary = next(place for place, row in enumerate(shown.pairs.rows) if row[1] == "primary tumour")
    seat.quality.agreement.choose_pair(primary)
    lesions = seat.state.agreement.lesions
    assert lesions.rows[0][1] == "one to one"
    assert lesions.rows[0][2] == shown.pairs.rows[primary][3]
    assert shown.limits.rows
    seat.quality.agreement.reset()
    assert seat.state.agreement.lesions.rows == ()
