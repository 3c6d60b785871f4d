"""A calibration session from plan to clearance: numbers against brute force, votes, marks, the protocol, commands."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from agreement_support import on_grid
from crc_core.agreement import prepare
from crc_core.calibration.comparing import CaseScore
from crc_core.calibration.page import bias_words, cases_sheet, session_page, summary_sheet, write_report
from crc_core.calibration.policy import calibration_policy
from crc_core.calibration.protocol import PointRuling, next_protocol
from crc_core.calibration.session import (
    SessionReport,
    heat_map,
    open_results,
    plan_session,
    report_session,
    session_of,
    sign_reference,
)
from crc_core.calibration.summary import Failure, summarize
from crc_core.calibration.votes import count_votes
from crc_core.cli.main import main
from crc_core.desk.rules import rule_card
from crc_core.errors import CrcError
from crc_core.files.nifti import read_mask
from crc_core.geometry.grid import Grid
from crc_core.importing.delineation import default_protocol, protocol_in_force
from crc_core.reading.schema import CALIBRATION_ROUND
from crc_core.store.folder import FolderStore
from crc_core.text import Lang
from crc_core.vocabulary import Mode, PersonRole, Target, TargetAnswer, Title
from crc_core.workflow import payloads as p
from crc_core.workflow.events import Kind
from crc_core.workflow.intents import Intent, Refusal, new_intent
from crc_core.workflow.payloads import CalibrationPlanned, PassMark
from crc_core.workflow.views import Phase
from hypothesis import given
from hypothesis import strategies as st
from quality_support import Habit, Team, drawn_boxes, study
from store_support import PIN, POLICY, SPACING, MovingClock, accepted, must, new_store

HABITS = {
    "wang": Habit(),
    "li": Habit(),
    "zhao": Habit(),
    "ma": Habit(wider=3, misses=True, stages_up=True),
}
VOXEL_ML = float(np.prod(SPACING)) / 1000
MARKS = tuple(calibration_policy().mark(target) for target in (Target.PRIMARY, Target.LIVER))


def hired(store, *people: str) -> None:
    """Enter further annotators with the PIN everybody has."""
    for person in people:
        known = p.PersonSet(person, Title.RESIDENT, frozenset({PersonRole.ANNOTATOR}), "01", True)
        must(store, "admin", Kind.PERSON_SET, known)
        store.people.set_name(person, person)
        store.people.set_pin(person, PIN)


def session(folder: Path, cases: int = 4) -> tuple[Team, MovingClock, tuple[str, ...]]:
    """A session in which everybody has read: wang and li made the reference, zhao and ma were calibrated."""
    clock = MovingClock()
    store = new_store(folder, clock)
    hired(store, "ma")
    team = Team(store, study(folder / "images"), folder, HABITS)
    units = team.open(cases)
    plan = CalibrationPlanned("s1", units, ("zhao", "ma"), ("wang", "li"), MARKS)
    accepted(plan_session(store, "trainer", plan))
    for unit in units:
        for reader in ("wang", "li"):
            team.read(unit, reader)
        for reader in ("zhao", "ma"):
            team.read(unit, reader, CALIBRATION_ROUND)
    clock.wait(minutes=31)
    store.advance()
    return team, clock, units


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Team, SessionReport]:
    """The session and its report, as the trainer sees it."""
    team, _, _ = session(tmp_path_factory.mktemp("calibration"))
    return team, report_session(team.store, "trainer", session_of(team.store, "trainer", "s1"))


def test_everybody_has_their_slots_and_production_is_closed(done: tuple[Team, SessionReport]) -> None:
    team, report = done
    for unit in report.session.units:
        view = team.store.unit(team.cases[unit][0].unit, "trainer")
        assert (view.barred, view.phase) == ("s1", Phase.REFERENCE)
        assert {(slot.reader, slot.round) for slot in view.slots} == {
            *(("wang", 1), ("li", 1)),
            *(("zhao", CALIBRATION_ROUND), ("ma", CALIBRATION_ROUND)),
        }
    assert report.missing == ()
    assert report.complete_readers == ("zhao", "ma")


def test_scores_are_those_of_the_boxes_drawn(done: tuple[Team, SessionReport]) -> None:
    team, report = done
    for score in report.scores:
        truth = team.cases[score.unit][1]
        own = drawn_boxes(truth, HABITS[score.reader], CALIBRATION_ROUND)[score.target]
        true = drawn_boxes(truth, Habit())[score.target]
        sizes = [sum(2 * box[3] * box[4] for box in boxes.values()) for boxes in (own, true)]
        assert score.reference_ml == pytest.approx(sizes[1] * VOXEL_ML)
        if not true:
            assert (score.dice, score.bias, score.missed) == (None, None, ())
            continue
        assert score.volume_ml == pytest.approx(sizes[0] * VOXEL_ML)
        assert score.bias == pytest.approx((sizes[0] - sizes[1]) / sizes[1])
        # The truth lies inside what was drawn, or nothing was drawn.
        expected = 2 * min(sizes) / sum(sizes)
        assert score.dice == pytest.approx(expected)
        assert score.missed == (() if own else tuple(true))
        assert {pair.question.key for pair in score.errors} <= {"primary.t_stage"}


def test_who_draws_as_the_reference_passes_and_the_others_marks_are_named(done: tuple[Team, SessionReport]) -> None:
    _, report = done
    found = {(item.reader, item.target): item for item in report.summaries}
    assert found["zhao", Target.PRIMARY].passed
    assert found["zhao", Target.LIVER].passed
    assert found["zhao", Target.PRIMARY].dice == 1
    ma = found["ma", Target.PRIMARY]
    assert Failure.BIAS in ma.failures
    assert ma.bias is not None
    assert ma.bias > 0.2
    liver = found["ma", Target.LIVER]
    assert liver.missed == 2
    assert Failure.MISSED in liver.failures
    assert liver.dice == 0
    assert ma.errors > 0
    assert {group.name for group in ma.by_type} == {"mass", "ulcerative", "infiltrative"}
    assert sum(group.lesions for group in ma.by_type) == ma.small.lesions + ma.larger.lesions == 4


def test_the_votes_are_counted_voxel_by_voxel(done: tuple[Team, SessionReport]) -> None:
    team, report = done
    unit = report.session.units[1]
    votes = heat_map(team.store, "trainer", report.session, unit, Target.PRIMARY)
    record = team.cases[unit][0].registration.series[0]
    expected = np.zeros(votes.volume.array.shape, int)
    for reader in ("zhao", "ma"):
        for k, j, i, high, wide in drawn_boxes(team.cases[unit][1], HABITS[reader], 3)[Target.PRIMARY].values():
            expected[k : k + 2, j : j + high, i : i + wide] += 1
    assert (votes.volume.array == expected).all()
    assert votes.volumes_ml == pytest.approx([(expected >= least).sum() * VOXEL_ML for least in (1, 2)])
    assert votes.volume.grid.shape_kji == record.shape_kji
    with pytest.raises(CrcError):
        heat_map(team.store, "trainer", report.session, unit, Target.LIVER)


@given(st.integers(0, 10_000), st.integers(1, 5))
def test_votes_of_random_masks(seed: int, readers: int) -> None:
    rng = np.random.default_rng(seed)
    masks = [(rng.random((3, 4, 5)) < 0.4).astype(np.uint8) * int(rng.integers(1, 9)) for _ in range(readers)]
    votes = count_votes([prepare(on_grid(mask)) for mask in masks])
    assert (votes.volume.array == sum(mask != 0 for mask in masks)).all()
    assert votes.drawn_by(readers).sum() == np.all([mask != 0 for mask in masks], axis=0).sum()


def test_votes_on_another_grid_are_refused() -> None:
    one = prepare(on_grid(np.ones((2, 2, 2), np.uint8)))
    other = prepare(on_grid(np.ones((2, 2, 2), np.uint8), Grid.from_spacing((2, 2, 2), (1, 1, 2))))
    with pytest.raises(CrcError):
        count_votes([one, other])


def score(**changes) -> CaseScore:
    """A score that passes every mark, but for the changes."""
    known = {
        "unit": "u",
        "reader": "r",
        "target": Target.PRIMARY,
        "answer": TargetAnswer.DRAWN,
        "expected": TargetAnswer.DRAWN,
        "dice": 0.9,
        "hd95_mm": 1.0,
        "volume_ml": 1.0,
        "reference_ml": 1.0,
        "bias": 0.0,
        "lesions": (),
        "extra": (),
        "answers": 0,
        "errors": (),
    }
    return CaseScore(**(known | changes))


@pytest.mark.parametrize(
    ("scores", "failures"),
    [
        ([score()], ()),
        ([score(dice=0.8)], ()),
        ([score(dice=0.799)], (Failure.DICE,)),
        ([score(dice=0.7), score(dice=0.9)], ()),
        ([score(bias=0.2), score(bias=-0.2)], ()),
        ([score(bias=-0.21)], (Failure.BIAS,)),
        ([score(dice=None, bias=None)], ()),
        ([score(dice=None, bias=None, answer=TargetAnswer.NOT_ASSESSABLE)], (Failure.DICE,)),
    ],
)
def test_each_mark_fails_for_itself(scores: list[CaseScore], failures: tuple[Failure, ...]) -> None:
    (summary,) = summarize(scores, [PassMark(Target.PRIMARY, 80, 20, 0, 80)])
    assert summary.failures == failures
    assert summary.passed == (not failures)


@pytest.mark.parametrize("lang", list(Lang))
def test_the_report_is_written_and_names_nobody_who_does_not_belong(
    done: tuple[Team, SessionReport], tmp_path: Path, lang: Lang
) -> None:
    _, report = done
    write_report(report, tmp_path / "out", lang)
    page = (tmp_path / "out" / "session.html").read_text(encoding="utf-8")
    assert "zhao" in page
    assert "nan" not in page.lower().replace("shannan", "")
    assert len(summary_sheet(report).rows) == 4
    assert len(cases_sheet(report).rows) == len(report.scores) == 16
    assert len(session_page(report, lang).parts) == 3
    assert bias_words(0.12, Lang.EN) == "12 % larger"
    assert bias_words(-0.12, Lang.ZH) == "偏小 12%"


def test_from_the_signature_to_the_clearance(tmp_path: Path) -> None:
    team, clock, _ = session(tmp_path, 3)
    store = team.store
    report = report_session(store, "trainer", session_of(store, "trainer", "s1"))
    refused = open_results(store, "trainer", report)
    assert isinstance(refused, Refusal)
    assert refused.code == "workflow.reference_unsigned"
    wrong = sign_reference(store, "chief", "s1", "000000")
    assert isinstance(wrong, Refusal)
    accepted(sign_reference(store, "chief", "s1", PIN))
    before = store.overview("zhao").sessions
    assert before[0].opened_at is None
    accepted(open_results(store, "trainer", report))
    own = session_of(store, "zhao", "s1")
    assert own.opened_at is not None
    seen = report_session(store, "zhao", own)
    assert {item.reader for item in seen.summaries} == {"zhao"}
    assert all(item.passed for item in seen.summaries)
    assert report_session(store, "wang", session_of(store, "trainer", "s1")).scores == ()
    failing = p.ClearanceSigned("ma", Target.PRIMARY, "v1", True, "s1")
    answer = store.act(_intent("chief", failing, clock), secret=PIN)
    assert isinstance(answer, Refusal)
    assert answer.code == "workflow.not_passed"
    accepted(store.act(_intent("chief", p.ClearanceSigned("zhao", Target.LUNG, "v1"), clock), secret=PIN))
    ma = {item.target: item.passed for item in session_of(store, "ma", "s1").results}
    assert ma == {Target.PRIMARY: False, Target.LIVER: False}


def _intent(actor: str, payload: p.ClearanceSigned, clock: MovingClock) -> Intent:
    return new_intent(Kind.CLEARANCE_SIGNED, None, actor, clock(), payload)


def test_a_damaged_reading_is_named_and_keeps_its_reader_closed(tmp_path: Path) -> None:
    team, _, units = session(tmp_path, 2)
    slots = team.store.unit(team.cases[units[0]][0].unit, "trainer").slots
    reading = next(slot.reading for slot in slots if slot.reader == "ma")
    body = tmp_path / "store" / "readings" / units[0] / str(reading) / "report.json"
    body.chmod(0o644)
    body.write_bytes(b"{}")
    report = report_session(team.store, "trainer", session_of(team.store, "trainer", "s1"))
    assert [(item.unit, item.reader) for item in report.set_aside] == [(units[0], "ma")]
    assert report.complete_readers == ("zhao",)
    assert {item.reader for item in report.opening({}).results} == {"zhao"}


def test_the_protocol_says_what_was_decided_and_replaces_what_was_said_before(tmp_path: Path) -> None:
    store = new_store(tmp_path, MovingClock())
    view = store.overview("trainer")
    shipped = protocol_in_force(view)
    assert shipped == default_protocol()
    rulings = [PointRuling(Target.PRIMARY, "ulcer_gas", False), PointRuling(Target.PRIMARY, "ends", True)]
    payload = next_protocol(view, "hospital-1", rulings, None)
    must(store, "trainer", Kind.PROTOCOL_PUBLISHED, payload)
    view = store.overview("wang")
    made = protocol_in_force(view)
    assert made.version == "hospital-1"
    said = made.targets[Target.PRIMARY]
    assert set(said.includes[Lang.ZH]) - set(shipped.targets[Target.PRIMARY].includes[Lang.ZH]) == {
        rulings[1].sentence(Lang.ZH)
    }
    assert rulings[0].sentence(Lang.EN) in said.excludes[Lang.EN]
    assert made.targets[Target.LIVER] == shipped.targets[Target.LIVER]
    turned = [PointRuling(Target.PRIMARY, "ends", False)]
    must(store, "trainer", Kind.PROTOCOL_PUBLISHED, next_protocol(view, "hospital-2", turned, None))
    latest = protocol_in_force(store.overview("wang")).targets[Target.PRIMARY]
    assert rulings[1].sentence(Lang.ZH) not in latest.includes[Lang.ZH]
    assert turned[0].sentence(Lang.ZH) in latest.excludes[Lang.ZH]
    for bad in ([PointRuling(Target.PRIMARY, "moon", True)], rulings[:1] * 2):
        with pytest.raises(CrcError):
            next_protocol(view, "hospital-3", bad, None)
    with pytest.raises(CrcError):
        next_protocol(view, "hospital-1", rulings, None)


def test_the_rule_card_cites_what_the_store_has_published(tmp_path: Path) -> None:
    store = new_store(tmp_path, MovingClock())
    ruling = PointRuling(Target.PRIMARY, "lumen", True)
    must(store, "trainer", Kind.PROTOCOL_PUBLISHED, next_protocol(store.overview("trainer"), "h-1", [ruling], None))
    published = protocol_in_force(store.overview("wang"))
    card = rule_card(Target.PRIMARY, Mode.DIRECT, Lang.EN, "h-1", published)
    assert ruling.sentence(Lang.EN) in card.includes
    assert "h-1" in card.cites
    assert ruling.sentence(Lang.EN) not in rule_card(Target.PRIMARY, Mode.DIRECT, Lang.EN).includes


def test_the_commands_take_a_session_to_its_clearances(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CRC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CRC_PIN", PIN)
    store = new_store(tmp_path, MovingClock(), policy=replace(POLICY, withdrawal_window_minutes=0))
    hired(store, "ma")
    team = Team(store, study(tmp_path / "images"), tmp_path, HABITS)
    units = team.open(2)
    place = str(tmp_path / "store")

    def crcdb(action: str, *words: str, by: str = "trainer", code: int = 0) -> dict:
        assert main(["calibrate", action, place, *words, "--as", by, "--json"]) == code
        return json.loads(capsys.readouterr().out)

    plan = ("s1", "--unit", *units, "--reader", "zhao", "ma", "--reference", "wang", "li")
    crcdb("plan", *plan, "--mark", "primary:dice=85", "--mark", "liver:missed=2")
    assert len(crcdb("show")["sessions"][0]["waiting"]) == 8
    for unit in units:
        for reader, number in (("wang", 1), ("li", 1), ("zhao", 3), ("ma", 3)):
            team.read(unit, reader, number)
    assert main(["calibrate", "own", place, "s1", "--as", "zhao", "--lang", "en"]) == 2
    assert "not open yet" in capsys.readouterr().err
    team.store.advance()
    crcdb("reference", "s1", by="chief")
    told = crcdb("report", "s1", "-o", str(tmp_path / "out"), code=1)
    assert {(item["reader"], item["target"]): item["passed"] for item in told["results"]} == {
        ("zhao", "primary"): True,
        ("zhao", "liver"): True,
        ("ma", "primary"): False,
        ("ma", "liver"): False,
    }
    assert (tmp_path / "out" / "session.html").is_file()
    assert crcdb("open", "s1")["readers"] == ["zhao", "ma"]
    assert crcdb("own", "s1", by="zhao")["missing"] == []
    votes = crcdb("heatmap", "s1", units[0], "primary", "-o", str(tmp_path / "votes.nii.gz"))
    assert int(read_mask(tmp_path / "votes.nii.gz").array.max()) == votes["readers"] == 2
    crcdb("clear", "s1", "zhao", "primary", "liver", by="chief")
    assert main(["calibrate", "clear", place, "s1", "ma", "primary", "--as", "chief", "--lang", "en"]) == 2
    assert "overrule with a reason" in capsys.readouterr().err
    crcdb("clear", "s1", "ma", "primary", "--reason", "draws wide at every meeting, corrected", by="chief")
    published = crcdb(
        "protocol", "s1", "--version", "h-1", "--point", "primary:ends=out", "-o", str(tmp_path / "p.json")
    )
    assert hashlib.sha256((tmp_path / "p.json").read_bytes()).hexdigest() == published["sha256"]
    crcdb("flag", "zhao", "--reason", "ICC 0.7")
    shown = crcdb("show", by="chief")
    assert {item["reader"] for item in shown["clearances"]} >= {"ma", "wang"}
    assert "zhao" not in {item["reader"] for item in shown["clearances"]}
    for lang in ("zh", "en"):
        assert main(["calibrate", "show", place, "--as", "trainer", "--lang", lang]) == 0
        assert "h-1" in capsys.readouterr().out


def test_a_protocol_of_ours_is_published_with_its_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CRC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CRC_PIN", PIN)
    store = new_store(tmp_path, MovingClock())
    made = next_protocol(store.overview("trainer"), "h-7", [PointRuling(Target.LIVER, "lumen", False)], None)
    file = tmp_path / "protocol.json"
    file.write_bytes((made.document or "").encode())
    words = ["store", "protocol", str(tmp_path / "store"), str(file), "--as", "trainer", "--lang", "en"]
    assert main([*words, "--version", "h-8"]) == 2
    assert "h-7" in capsys.readouterr().err
    assert main([*words, "--version", "h-7"]) == 0
    assert protocol_in_force(FolderStore(tmp_path / "store").overview("wang")).version == "h-7"
    file.write_bytes(b"{}")
    assert main([*words, "--version", "h-9"]) == 2
    (tmp_path / "protocol.pdf").write_bytes(b"%PDF")
    words[3] = str(tmp_path / "protocol.pdf")
    assert main([*words, "--version", "h-10"]) == 0


def test_bad_words_of_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new_store(tmp_path, MovingClock())
    place = str(tmp_path / "store")
    assert main(["calibrate", "report", place, "nothing", "--as", "trainer", "--lang", "en"]) == 2
    assert "nothing" in capsys.readouterr().err
    protocol = ["calibrate", "protocol", place, "s", "--as", "trainer", "--version", "x", "--point", "primary:moon=in"]
    assert main([*protocol, "--lang", "zh"]) == 2
    assert "moon" in capsys.readouterr().err
