"""The page Adjudication through its presenter: queue, desk, choices, regions, edit, signature, and two seniors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from crc_core.decision.consensus import masks_of
from crc_core.decision.crops import embedded
from crc_core.geometry.grid import Volume
from crc_core.identity import UnitId
from crc_core.quality.adjudication import Order
from crc_core.reading.final import Take
from crc_core.reading.seal import read_final
from crc_core.report.merge import Choice as Side
from crc_core.text import Lang
from crc_core.vocabulary import Role, Target
from crc_core.workflow.views import Phase
from CRCQualityControlLib.presenter.ports import Fill, Layer
from CRCQualityControlLib.presenter.state import Level, Page
from quality_room import Room, Seat
from quality_support import Habit

PRIMARY, LIVER = "primary:A1+B1", "liver:"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Room, tuple[str, ...]]:
    """Three disputed cases that tests only look at."""
    room = Room(tmp_path_factory.mktemp("room"))
    return room, room.read(3, "wang", "li")


@pytest.fixture
def seat(shared: tuple[Room, tuple[str, ...]]) -> Seat:
    """The chief before the queue."""
    return shared[0].sit("chief")


def decide_all(seat: Seat, reason: str = "boundary") -> None:
    """Union of everything both drew, everything else kept, A's answers."""
    case = seat.state.adjudication.case
    assert case is not None
    for row in case.lesions:
        if row.is_open:
            seat.quality.deciding.take(row.key, Take.UNION if Take.UNION in row.takes else row.takes[0])
            seat.quality.deciding.give_reason(row.key, reason)
    for field in case.fields:
        if field.critical:
            seat.quality.deciding.settle_field(field.path, Side.A)


def test_the_queue_is_there_with_its_reasons_and_sorted_as_wished(seat: Seat) -> None:
    queue = seat.state.adjudication.queue
    assert len(queue) == 3
    assert "says none is seen" in queue[0].reason
    seat.quality.adjudication.sort(Order.OLD)
    assert seat.state.adjudication.order is Order.OLD
    assert {row.unit for row in seat.state.adjudication.queue} == {row.unit for row in queue}
    seat.quality.set_language(Lang.ZH)
    assert "Dice 系数" in "".join(row.reason for row in seat.state.adjudication.queue)


def test_nobody_s_name_is_shown_before_the_decision(seat: Seat, shared: tuple[Room, tuple[str, ...]]) -> None:
    for unit in shared[1]:
        seat.quality.adjudication.open(unit)
        shown = repr(seat.state.adjudication)
        assert "wang" not in shown
        assert "'li'" not in shown
        seat.quality.adjudication.close()


def test_a_case_opens_with_all_its_images_and_goes_to_the_largest_difference(
    seat: Seat, shared: tuple[Room, tuple[str, ...]]
) -> None:
    unit = shared[1][0]
    seat.quality.adjudication.open(unit)
    case = seat.state.adjudication.case
    assert case is not None
    assert (seat.state.viewing.unit, set(seat.scene.images)) == (unit, {Role.PVP, Role.CHEST})
    assert set(seat.state.viewing.roles) == {Role.PVP, Role.CHEST}
    desk = seat.quality.desk.case
    assert desk is not None
    sizes = [region.volume_ml for _, region in desk.regions]
    assert sizes == sorted(sizes, reverse=True)
    for place, (_, region) in enumerate(desk.regions):
        assert seat.scene.place is not None
        assert seat.scene.place[0] == region.centre_ras_mm
        assert seat.state.adjudication.case is not None
        assert seat.state.adjudication.case.region.startswith(f"{place + 1} of {len(sizes)}")
        seat.quality.adjudication.next_region()
    seat.quality.adjudication.next_region(-1)
    assert desk.region == len(sizes) - 1


def test_the_layers_are_a_only_b_only_and_both(seat: Seat, shared: tuple[Room, tuple[str, ...]]) -> None:
    seat.quality.adjudication.open(shared[1][1])
    desk = seat.quality.desk.case
    assert desk is not None
    a, b = (mask.array != 0 for mask in masks_of(desk.opened.dispute.pair, Target.PRIMARY) if mask is not None)
    shown = {layer: embedded(volume, desk.grid).array != 0 for layer, volume in seat.scene.layers.items()}
    assert (shown[Layer.ONLY_A] == (a & ~b)).all()
    assert (shown[Layer.ONLY_B] == (b & ~a)).all()
    assert (shown[Layer.BOTH] == (a & b)).all()
    assert Layer.RESULT not in shown
    seat.quality.desk.show_result(True)
    seat.quality.deciding.take(PRIMARY, Take.INTERSECTION)
    assert (seat.scene.layers[Layer.RESULT].array != 0).sum() == (a & b).sum()
    seat.quality.desk.set_fill(Fill.FILLED)
    assert seat.scene.fill is Fill.FILLED
    seat.quality.adjudication.show_phase(Role.CHEST)
    assert (seat.scene.phase, seat.state.viewing.phase) == (Role.CHEST, Role.CHEST)
    seat.quality.adjudication.show_phase(Role.T2)
    assert "T2" in seat.message


def test_choices_show_what_they_come_to_and_what_is_left(seat: Seat, shared: tuple[Room, tuple[str, ...]]) -> None:
    seat.quality.adjudication.open(shared[1][0])
    before = seat.state.adjudication.case
    assert before is not None
    assert before.still_open == 3
    seat.quality.deciding.take(PRIMARY, Take.A)
    after = seat.state.adjudication.case
    assert after is not None
    primary = next(row for row in after.results if row.target == "primary")
    assert primary.with_a == "1.000"
    assert primary.with_b != "1.000"
    assert after.still_open == 2
    assert next(row for row in after.lesions if row.key == PRIMARY).chosen is Take.A
    alone = next(row for row in after.lesions if row.key.startswith(LIVER))
    seat.quality.deciding.take(alone.key, Take.UNION)
    assert seat.state.adjudication.case == after
    seat.quality.deciding.reopen(PRIMARY)
    assert seat.state.adjudication.case.still_open == 3
    seat.quality.deciding.take_target(Target.PRIMARY, Take.B)
    assert seat.state.adjudication.case.still_open == 2


def test_a_reason_comes_after_the_decision_and_some_need_words(
    seat: Seat, shared: tuple[Room, tuple[str, ...]]
) -> None:
    seat.quality.adjudication.open(shared[1][0])
    seat.quality.deciding.give_reason(PRIMARY, "boundary")
    assert seat.message == "Decide on the lesion first."
    seat.quality.deciding.take(PRIMARY, Take.A)
    seat.ask.will("both readers misread the fold")
    seat.quality.deciding.give_reason(PRIMARY, "other")
    row = next(row for row in seat.state.adjudication.case.lesions if row.key == PRIMARY)
    assert row.reason_code == "other"
    seat.quality.deciding.give_reason(PRIMARY, "nonsense")
    assert row.reason_code == "other"


def test_report_fields_are_side_by_side_and_settled_one_by_one(
    seat: Seat, shared: tuple[Room, tuple[str, ...]]
) -> None:
    seat.quality.adjudication.open(shared[1][0])
    stage = next(field for field in seat.state.adjudication.case.fields if field.critical)
    assert stage.path == "primary[1].t_stage"
    assert stage.a != stage.b
    seat.quality.deciding.settle_field_typed(stage.path, "t9")
    assert seat.message == "That is not an answer to this question."
    seat.quality.deciding.settle_field_typed(stage.path, "t3")
    assert next(f for f in seat.state.adjudication.case.fields if f.path == stage.path).chosen is Side.TYPED
    seat.quality.deciding.reopen_field(stage.path)
    assert next(f for f in seat.state.adjudication.case.fields if f.path == stage.path).chosen is None


def test_leaving_with_decisions_asks(seat: Seat, shared: tuple[Room, tuple[str, ...]]) -> None:
    seat.quality.adjudication.open(shared[1][0])
    seat.quality.deciding.take(PRIMARY, Take.A)
    seat.ask.will("cancel")
    seat.quality.adjudication.open(shared[1][1])
    assert seat.state.adjudication.case.unit == shared[1][0]
    seat.ask.will(None)
    assert not seat.quality.leave()
    seat.ask.will("leave")
    seat.quality.adjudication.close()
    assert seat.state.adjudication.case is None
    assert (seat.state.viewing.unit, seat.scene.images, seat.scene.closed) == ("", {}, 1)
    assert seat.ask.pending == 0


def test_signing_needs_everything_and_its_reasons(tmp_path: Path) -> None:
    room = Room(tmp_path)
    (unit,) = room.read(1, "wang", "li")
    seat = room.sit("chief")
    seat.quality.adjudication.open(unit)
    seat.quality.signing.sign()
    assert "still" in seat.message
    decide_all(seat)
    seat.quality.deciding.take(PRIMARY, Take.EDITED)
    assert seat.state.adjudication.case.editing == PRIMARY
    seed = seat.scene.seed
    assert seed is not None
    seat.scene.drawn = Volume(np.zeros_like(seed.array), seed.grid)
    seat.quality.deciding.finish_edit()
    assert seat.message == "Nothing is drawn."
    drawn = seed.array.copy()
    drawn[:, 3, :] = 0
    seat.scene.drawn = Volume(drawn, seed.grid)
    seat.quality.deciding.finish_edit()
    assert seat.scene.seed is None
    seat.secrets.secret = None
    seat.quality.signing.sign()
    assert room.store.unit(UnitId.parse(unit), "chief").finals == ()
    seat.secrets.secret = "000000"
    seat.quality.signing.sign()
    assert seat.state.message.level is Level.ERROR
    assert seat.state.adjudication.case is not None
    seat.secrets.secret = "314159"
    seat.quality.signing.sign()
    assert "is signed" in seat.message
    assert seat.message.endswith(("A: Wang; B: Li.", "A: Li; B: Wang."))
    assert (seat.state.adjudication.case, seat.state.adjudication.queue) == (None, ())
    final = read_final(room.store.open_final(UnitId.parse(unit), "chief"))
    assert (final.mask(Target.PRIMARY).array != 0).sum() == (drawn != 0).sum()
    assert seat.secrets.asked[-1] == ("chief", f"Sign the final of {unit}")


def test_a_missing_reason_is_named(tmp_path: Path) -> None:
    room = Room(tmp_path)
    (unit,) = room.read(1, "wang", "li")
    seat = room.sit("chief")
    seat.quality.adjudication.open(unit)
    for row in seat.state.adjudication.case.lesions:
        seat.quality.deciding.take(row.key, row.takes[0])
    seat.quality.signing.sign()
    assert seat.message.startswith("A reason for A1")
    assert seat.secrets.asked == []


def test_of_two_seniors_the_later_is_told_and_keeps_everything(tmp_path: Path) -> None:
    room = Room(tmp_path)
    (unit,) = room.read(1, "wang", "li")
    chief, dean = room.sit("chief"), room.sit("dean")
    for seat in (chief, dean):
        seat.quality.adjudication.open(unit)
        decide_all(seat)
    chief.quality.signing.sign()
    assert "is signed" in chief.message
    before = dean.state.adjudication.case
    dean.quality.signing.sign()
    assert "changed in the meantime" in dean.message
    assert dean.state.adjudication.case == before
    assert len(room.store.unit(UnitId.parse(unit), "chief").finals) == 1


def test_a_case_goes_back_with_a_question_or_out_for_good(tmp_path: Path) -> None:
    room = Room(tmp_path)
    first, second = room.read(2, "wang", "li")
    seat = room.sit("chief")
    seat.quality.adjudication.open(first)
    seat.ask.will("is this the fold?")
    seat.quality.signing.return_to_readers()
    assert room.store.unit(UnitId.parse(first), "chief").phase is Phase.READING
    assert [row.unit for row in seat.state.adjudication.queue] == [second]
    seat.quality.adjudication.open(second)
    seat.ask.will("not_crc", "a lymphoma after all")
    seat.quality.signing.exclude()
    assert room.store.unit(UnitId.parse(second), "chief").phase is Phase.EXCLUDED
    assert seat.state.adjudication.queue == ()


def test_a_damaged_reading_is_named_and_the_desk_stays_empty(tmp_path: Path) -> None:
    room = Room(tmp_path)
    (unit,) = room.read(1, "wang", "li")
    body = next((tmp_path / "store" / "readings" / unit).iterdir()) / "report.json"
    body.chmod(0o644)
    body.write_bytes(b"{}")
    seat = room.sit("chief")
    seat.quality.adjudication.open(unit)
    assert "report.json" in seat.message
    assert (seat.state.adjudication.case, seat.scene.opened) == (None, 0)


def test_readers_and_managers_have_no_queue(shared: tuple[Room, tuple[str, ...]]) -> None:
    for person in ("wang", "manager", "trainer"):
        seat = shared[0].sit(person)
        seat.quality.show_page(Page.ADJUDICATION)
        assert seat.state.adjudication.queue == ()


def test_a_report_that_is_open_while_contours_agree_is_settled_alone(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.team.habits = {"wang": Habit(), "li": Habit(stages_up=True)}
    (unit,) = room.read(1, "wang", "li")
    assert room.store.unit(UnitId.parse(unit), "chief").phase is Phase.REPORT_OPEN
    seat = room.sit("chief")
    (row,) = seat.state.adjudication.queue
    assert row.reason == "critical answers that differ: 1"
    seat.quality.adjudication.open(unit)
    case = seat.state.adjudication.case
    assert (case.still_open, [row.key for row in case.lesions if row.is_open], case.region) == (1, [], "")
    (stage,) = [field for field in case.fields if field.critical]
    pair = seat.quality.desk.case.opened.dispute.pair
    seat.quality.signing.sign()
    assert "still" in seat.message
    seat.quality.deciding.settle_field(stage.path, Side.B)
    seat.quality.signing.sign()
    final = read_final(room.store.open_final(UnitId.parse(unit), "chief"))
    assert final.final.signer == "chief"
    a, b = (mask.array != 0 for mask in masks_of(pair, Target.PRIMARY) if mask is not None)
    assert ((final.mask(Target.PRIMARY).array != 0) == (a | b)).all()
