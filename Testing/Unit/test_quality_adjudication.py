"""The senior's desk: the queue, what can be taken, what it comes to, signing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from crc_core.agreement import agreement_policy
from crc_core.cli.main import main
from crc_core.decision.choices import Choices, LesionChoice, LesionKey, reason_codes
from crc_core.decision.consensus import masks_of
from crc_core.decision.crops import embedded
from crc_core.decision.finals import AbsentRuling, FieldRuling
from crc_core.decision.table import Reason
from crc_core.errors import CrcError
from crc_core.geometry.grid import Volume
from crc_core.identity import UnitId
from crc_core.quality.adjudication import LesionDispute, Order, QueueEntry, adjudication_queue, sorted_queue
from crc_core.quality.case import OpenCase, accept_sub_voxel, open_case, sign_case
from crc_core.reading.final import Take
from crc_core.reading.seal import read_final
from crc_core.report.merge import Choice
from crc_core.text import Lang, say
from crc_core.vocabulary import LesionClass, Target, TargetAnswer
from crc_core.workflow.intents import Refusal
from crc_core.workflow.views import Phase
from quality_support import Habit, Team, study
from store_support import PIN, POLICY, START, MovingClock, hire_second_senior, new_store

HABITS = {"wang": Habit(), "li": Habit(shift=3, misses=True, stages_up=True), "zhao": Habit(shift=2, every=2)}


def team_of(folder: Path, cases: int, policy=POLICY, readers=("wang", "li")) -> tuple[Team, tuple[str, ...]]:
    """Cases read by two readers and compared."""
    clock = MovingClock()
    store = new_store(folder, clock, policy=policy)
    hire_second_senior(store)
    team = Team(store, study(folder / "images"), folder, HABITS)
    units = team.open(cases)
    for unit in units:
        for reader in readers:
            team.assign(unit, reader)
            team.read(unit, reader)
        clock.wait(hours=5)
    clock.wait(minutes=31)
    store.advance()
    return team, units


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> tuple[Team, tuple[str, ...]]:
    """Four disputed cases; the first and the fourth have a metastasis that li missed."""
    return team_of(tmp_path_factory.mktemp("adjudication"), 4)


@pytest.fixture
def case(team: tuple[Team, tuple[str, ...]]) -> OpenCase:
    """The first of them on the desk."""
    return open_case(team[0].store, UnitId.parse(team[1][0]), "chief")


def all_taken(case: OpenCase, take: Take = Take.UNION) -> Choices:
    """Every point decided."""
    choices = Choices()
    for target in Target:
        choices = case.dispute.take_all(choices, target, take, reason="boundary")
    for path in case.dispute.comparison.open_fields:
        choices = choices.with_field(path, FieldRuling(path, Choice.A))
    return choices


def test_the_queue_tells_why_and_puts_the_worst_first(team: tuple[Team, tuple[str, ...]]) -> None:
    made, units = team
    queue = adjudication_queue(made.store, "chief")
    assert {entry.unit for entry in queue} == set(units)
    assert {entry.unit for entry in queue[:2]} == {units[0], units[3]}
    worst = queue[0]
    assert worst.disputes[0].reasons == (Reason.ONE_SAYS_NONE,)
    assert "says none is seen" in worst.sentence(Lang.EN)
    first = next(entry for entry in queue if entry.unit == units[0])
    assert "critical answers that differ: 1" in first.sentence(Lang.EN)
    assert "Dice" in first.sentence(Lang.ZH)
    big = [entry.volume_ml for entry in adjudication_queue(made.store, "chief", Order.BIG)]
    assert big == sorted(big, reverse=True)
    old = [entry.since for entry in adjudication_queue(made.store, "chief", Order.OLD)]
    assert old == sorted(old)
    assert worst.waiting_words(worst.since + timedelta(days=4, hours=3), Lang.EN) == "4 d"
    assert worst.waiting_words(worst.since + timedelta(hours=3), Lang.ZH) == "3 小时"


def test_only_who_may_settle_has_a_queue(team: tuple[Team, tuple[str, ...]]) -> None:
    for person in ("wang", "li", "manager", "upstart", "user", "trainer"):
        assert adjudication_queue(team[0].store, person) == ()
    assert len(adjudication_queue(team[0].store, "dean")) == 4


def test_the_volume_that_differs_is_that_of_the_masks(team: tuple[Team, tuple[str, ...]]) -> None:
    for entry in adjudication_queue(team[0].store, "chief"):
        dispute = open_case(team[0].store, UnitId.parse(entry.unit), "chief").dispute
        total = 0.0
        for target in (Target.PRIMARY, Target.LIVER):
            a, b = masks_of(dispute.pair, target)
            grid = (a or b).grid if a or b else None
            if grid is None:
                continue
            empty = np.zeros(grid.shape_kji, bool)
            differ = (empty if a is None else a.array != 0) ^ (empty if b is None else b.array != 0)
            total += differ.sum() * grid.voxel_volume_mm3 / 1000
        assert entry.volume_ml == pytest.approx(total, abs=0.05)


def entry(unit: str, badness: int, volume_ml: float, hours: int) -> QueueEntry:
    """A line of the queue."""
    dispute = LesionDispute(Target.LIVER, "A1", ("unmatched",), badness, volume_ml)
    return QueueEntry(unit, Phase.DISPUTED, START + timedelta(hours=hours), (dispute,), (), False, ())


def test_the_orders_break_their_ties() -> None:
    one, other, third = entry("u1", 80, 1.0, 5), entry("u2", 80, 9.0, 9), entry("u3", 30, 9.0, 1)
    names = {order: [e.unit for e in sorted_queue([one, other, third], order)] for order in Order}
    assert names == {Order.BAD: ["u2", "u1", "u3"], Order.BIG: ["u2", "u3", "u1"], Order.OLD: ["u3", "u1", "u2"]}


def test_every_reason_has_a_severity_and_every_code_its_words() -> None:
    assert {reason.value for reason in Reason} <= set(reason_codes().severity)
    assert all(say(f"adjudication.reason.{code}", lang) for code in reason_codes().codes for lang in Lang)
    assert {reason_codes().sub_voxel, *reason_codes().needs_note} <= set(reason_codes().codes)


def test_what_can_be_taken_of_a_lesion_depends_on_who_drew_it(case: OpenCase) -> None:
    points = {point.key.target: point for point in case.dispute.points}
    assert set(points[Target.PRIMARY].takes) == set(Take)
    alone = points[Target.LIVER]
    assert Take.UNION not in alone.takes
    assert Take.EDITED in alone.takes
    wrong = Choices().with_lesion(alone.key, LesionChoice(Take.INTERSECTION))
    with pytest.raises(CrcError) as caught:
        case.dispute.result(wrong, Target.LIVER)
    assert caught.value.code == "adjudication.cannot_take"


@pytest.mark.parametrize("take", [Take.A, Take.B, Take.UNION, Take.INTERSECTION])
def test_the_result_and_its_dice_are_those_of_the_arrays(case: OpenCase, take: Take) -> None:
    choices = case.dispute.take_all(Choices(), Target.PRIMARY, take)
    result = case.dispute.result(choices, Target.PRIMARY)
    assert result is not None
    a, b = (mask.array != 0 for mask in masks_of(case.dispute.pair, Target.PRIMARY) if mask is not None)
    expected = {Take.A: a, Take.B: b, Take.UNION: a | b, Take.INTERSECTION: a & b}[take]
    grid = case.dispute.sides(Target.PRIMARY).grid
    assert ((embedded(result.mask, grid).array != 0) == expected).all()
    for told, drawn in ((result.dice.with_a, a), (result.dice.with_b, b)):
        assert told == int(2000 * (expected & drawn).sum() // (expected.sum() + drawn.sum()))


def test_regions_lead_from_one_difference_to_the_next(case: OpenCase) -> None:
    regions = case.dispute.regions(Target.PRIMARY)
    a, b = (mask.array != 0 for mask in masks_of(case.dispute.pair, Target.PRIMARY) if mask is not None)
    assert sum(region.voxels for region in regions) == (a ^ b).sum()
    assert [region.voxels for region in regions] == sorted((region.voxels for region in regions), reverse=True)
    (liver,) = case.dispute.regions(Target.LIVER)
    assert liver.voxels == sum((mask.array != 0).sum() for mask in masks_of(case.dispute.pair, Target.LIVER) if mask)


def test_open_points_shrink_and_open_again(case: OpenCase) -> None:
    dispute = case.dispute
    assert dispute.open_points(Choices()).count == 3
    choices = all_taken(case)
    assert dispute.open_points(choices).count == 0
    key = next(iter(choices.lesions))
    assert dispute.open_points(choices.with_lesion(key, None)).lesions[0].key == key
    path = next(iter(choices.fields))
    assert dispute.open_points(choices.with_field(path, None)).fields == (path,)
    for missing in (Choices(), choices.with_lesion(key, None), choices.with_field(path, None)):
        with pytest.raises(CrcError):
            dispute.ruling(missing, "chief", "主任医师")


def test_dropping_everything_says_none_seen_unless_something_else_is_said(case: OpenCase) -> None:
    choices = all_taken(case)
    liver = next(point for point in case.dispute.points if point.key.target is Target.LIVER)
    dropped = choices.with_lesion(liver.key, LesionChoice(Take.DROPPED, reason="not_a_lesion"))
    ruling = case.dispute.ruling(dropped, "chief", "主任医师")
    assert (ruling.absent or {})[Target.LIVER] == AbsentRuling(TargetAnswer.NONE_SEEN)
    said = dropped.with_absent(Target.LIVER, AbsentRuling(TargetAnswer.NOT_ASSESSABLE, "artefact"))
    assert (case.dispute.ruling(said, "c", "").absent or {})[Target.LIVER].answer is TargetAnswer.NOT_ASSESSABLE


def test_differences_of_the_reports_are_told_critical_first(case: OpenCase) -> None:
    differences = case.dispute.differences(Choices())
    assert [str(item.path) for item in differences if item.critical] == list(case.dispute.comparison.open_fields)
    assert differences[0].critical
    assert differences[0].a is not None
    assert differences[0].b is not None


def test_a_split_lesion_taken_from_who_split_it_stays_two(case: OpenCase) -> None:
    """As if B had drawn the primary in two parts."""
    lesion = replace(case.dispute.comparison.targets[0].lesions[0], a=(1,), b=(1, 2), reasons=("split",))
    target = replace(case.dispute.comparison.targets[0], lesions=(lesion,))
    comparison = replace(case.dispute.comparison, targets=(target, *case.dispute.comparison.targets[1:]))
    dispute = replace(case.dispute, comparison=comparison)
    key = LesionKey(Target.PRIMARY, (1,), (1, 2))
    of_b = dispute.decisions(Choices().with_lesion(key, LesionChoice(Take.B)), Target.PRIMARY)
    assert [(item.from_a, item.from_b) for item in of_b] == [((1,), (1,)), ((1,), (2,))]
    united = dispute.decisions(Choices().with_lesion(key, LesionChoice(Take.UNION)), Target.PRIMARY)
    assert [(item.from_a, item.from_b) for item in united] == [((1,), (1, 2))]


def test_signing_stores_a_new_final_and_leaves_the_readings_alone(tmp_path: Path) -> None:
    team, units = team_of(tmp_path, 1)
    case = open_case(team.store, UnitId.parse(units[0]), "chief")
    before = {path: path.read_bytes() for path in (tmp_path / "store" / "readings").rglob("*") if path.is_file()}
    grid = next(mask for mask in masks_of(case.dispute.pair, Target.PRIMARY) if mask is not None).grid
    drawn = np.zeros(grid.shape_kji, np.uint8)
    drawn[1:3, 2:7, 3:9] = 1
    edited = LesionChoice(Take.EDITED, LesionClass.TUMOUR, "boundary", "between both", Volume(drawn, grid))
    choices = all_taken(case).with_lesion(case.dispute.points[0].key, edited)
    signed = sign_case(team.store, case, choices, "chief", PIN)
    assert signed.is_stored
    final = read_final(team.store.open_final(UnitId.parse(units[0]), "chief"))
    assert ((final.mask(Target.PRIMARY).array != 0) == (drawn != 0)).all()
    lesion = final.final.targets[0].lesions[0]
    assert (lesion.reason, lesion.note, lesion.from_a, lesion.from_b) == ("boundary", "between both", (1,), (1,))
    assert (final.final.signer, final.final.signer_title) == ("chief", "主任医师")
    assert {path: path.read_bytes() for path in before} == before
    again = open_case(team.store, UnitId.parse(units[0]), "dean")
    nothing_said = sign_case(team.store, again, all_taken(again), "dean", PIN)
    assert isinstance(nothing_said.outcome, Refusal)
    second = sign_case(team.store, again, all_taken(again), "dean", PIN, note="the edge was misread")
    assert second.is_stored
    finals = team.store.unit(UnitId.parse(units[0]), "chief").finals
    assert [final.version for final in finals] == [1, 2]


def test_a_wrong_pin_and_a_reader_of_the_case_do_not_sign(tmp_path: Path) -> None:
    team, units = team_of(tmp_path, 1)
    unit = UnitId.parse(units[0])
    case = open_case(team.store, unit, "chief")
    refused = sign_case(team.store, case, all_taken(case), "chief", "000000")
    assert isinstance(refused.outcome, Refusal)
    for person in ("wang", "manager", "upstart", "trainer"):
        with pytest.raises(CrcError):
            open_case(team.store, unit, person)
    assert team.store.unit(unit, "chief").finals == ()


def test_an_altered_reading_is_named_and_never_settled(tmp_path: Path) -> None:
    team, units = team_of(tmp_path, 1)
    unit = UnitId.parse(units[0])
    comparison = team.store.unit(unit, "chief").comparison
    assert comparison is not None
    body = tmp_path / "store" / "readings" / units[0] / comparison.readings[0] / "report.json"
    body.chmod(0o644)
    body.write_bytes(b"{}")
    with pytest.raises(CrcError) as caught:
        open_case(team.store, unit, "chief")
    assert "report.json" in str(caught.value)


def test_sub_voxel_disputes_are_accepted_many_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lenient = replace(agreement_policy(), sub_voxel_percent=30)
    monkeypatch.setattr("crc_core.decision.facts.agreement_policy", lambda: lenient)
    team, units = team_of(tmp_path, 3, readers=("wang", "zhao"))
    queue = adjudication_queue(team.store, "chief")
    easy = [entry.unit for entry in queue if entry.is_sub_voxel_only]
    assert easy
    answers = accept_sub_voxel(team.store, [UnitId.parse(unit) for unit in easy], "chief", PIN)
    assert all(not isinstance(answer, CrcError) and answer.is_stored for answer in answers)
    for unit in easy:
        final = read_final(team.store.open_final(UnitId.parse(unit), "chief")).final
        assert {lesion.reason for target in final.targets for lesion in target.lesions} >= {"sub_voxel"}
    hard = next(unit for unit in units if unit not in easy)
    assert isinstance(accept_sub_voxel(team.store, [UnitId.parse(hard)], "chief", PIN)[0], CrcError)


def test_the_command_takes_reason_codes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CRC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CRC_PIN", PIN)
    team, (unit,) = team_of(tmp_path, 1, readers=("wang", "zhao"))
    words = ["store", "settle", str(tmp_path / "store"), unit, "--as", "chief", "--json"]
    assert main([*words, "--sub-voxel"]) == 1
    assert json.loads(capsys.readouterr().out)["open"][0]["reasons"] == ["low_dice"]
    assert main([*words, "--lesion", "primary:A1=union", "--why", "boundary", "--note", "the fold"]) == 0
    final = read_final(team.store.open_final(UnitId.parse(unit), "chief")).final
    assert [(item.reason, item.note) for item in final.targets[0].lesions] == [("boundary", "the fold")]
