"""Forty cases, four readers with known habits, a trainer, two seniors: everything comes out as planned, twice."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from crc_core.calibration.policy import calibration_policy
from crc_core.calibration.session import open_results, plan_session, report_session, session_of, sign_reference
from crc_core.files.canonical import canonical_bytes
from crc_core.files.records import to_document
from crc_core.identity import UnitId
from crc_core.quality.adjudication import adjudication_queue
from crc_core.quality.progress import progress_of
from crc_core.reading.schema import CALIBRATION_ROUND
from crc_core.reading.seal import read_final
from crc_core.store.check import check_store
from crc_core.store.sampling import draw_from_store, rereadings
from crc_core.study.agreement import Study, StudyKind, study_of
from crc_core.study.collecting import collect, sample_units
from crc_core.vocabulary import PersonRole, Target, TargetAnswer, Title
from crc_core.workflow import payloads as p
from crc_core.workflow.context import build_context
from crc_core.workflow.events import Kind
from crc_core.workflow.views import Phase
from quality_support import Habit, Team, Truth, drawn_boxes, mask_of, study
from store_support import PIN, POLICY, MovingClock, accepted, grid_of, must, new_store

HABITS = {
    "wang": Habit(),
    "li": Habit(wider=1),
    "zhao": Habit(shift=3, every=4),
    "sun": Habit(misses=True, stages_up=True, every=5),
}
READERS = tuple(HABITS)
SENIORS = ("chief", "dean")
TARGETS = (Target.PRIMARY, Target.LIVER)
CALIBRATION = 2


@dataclass(frozen=True)
class Outcome:
    """What a run came to, without anything that is random or of this machine."""

    phases: tuple[tuple[int, Phase], ...]
    finals: tuple[tuple[int, tuple[tuple[Target, int], ...]], ...]
    inter: tuple[tuple[str, float | None], ...]
    intra: tuple[tuple[str, str | None, float | None], ...]
    cleared: tuple[tuple[str, Target], ...]
    queue: tuple[tuple[int, int], ...]


def run(folder: Path, cases: int, sampled: int) -> tuple[Outcome, Team, Study, Study]:
    """The whole work: calibration, sample, two readings each, comparison, adjudication, re-reading, the study."""
    clock = MovingClock()
    store = new_store(folder, clock, policy=replace(POLICY, sample_minimum=sampled))
    for person, title, roles in (
        ("sun", Title.RESIDENT, {PersonRole.ANNOTATOR}),
        ("dean", Title.ASSOCIATE_CHIEF, {PersonRole.SENIOR}),
        ("ref1", Title.ATTENDING, {PersonRole.ANNOTATOR}),
        ("ref2", Title.ATTENDING, {PersonRole.ANNOTATOR}),
    ):
        must(store, "admin", Kind.PERSON_SET, p.PersonSet(person, title, frozenset(roles), "01", True))
        store.people.set_name(person, person)
        store.people.set_pin(person, PIN)
    team = Team(store, study(folder / "images"), folder, {**HABITS, "ref1": Habit(), "ref2": Habit()})
    units = team.open(cases + CALIBRATION, strata=True)
    _calibrate(team, clock, units[:CALIBRATION])
    production = units[CALIBRATION:]
    for place, unit in enumerate(production):
        for reader in _pair(place):
            team.assign(unit, reader)
    events = store.events_since(0, "manager")
    drawn = draw_from_store(events, store.file.policy, sampled, 11)
    must(store, "manager", Kind.SAMPLE_DRAWN, drawn.payload)
    seen = {reader: _seen(team, reader, production[0]) for reader in _pair(0)}
    for place, unit in enumerate(production):
        first, second = _pair(place)
        team.read(unit, first)
        if place == 0:
            assert _seen(team, second, unit) == seen[second]
        team.read(unit, second)
        clock.wait(hours=1)
    clock.wait(minutes=31)
    store.advance()
    assert store.advance() == ()
    queue = adjudication_queue(store, "chief")
    for place, entry in enumerate(queue):
        assert team.settle(entry.unit, SENIORS[place % 2])
    clock.wait(days=29)
    _reread(team, clock)
    studies = [
        study_of(collect(store, "chief", sample_units(store, "chief")), kind, allow_small=True) for kind in StudyKind
    ]
    assert check_store(store, deep=True).is_whole
    number = {unit: truth.number for unit, (_, truth) in team.cases.items()}
    outcome = Outcome(
        phases=tuple((number[item.unit], item.phase) for item in store.work_list("manager")),
        finals=tuple(sorted((number[unit], _sizes(team, unit)) for unit in production)),
        inter=tuple((str(item.measure), _value(item.icc)) for item in studies[0].measures),
        intra=tuple((str(item.measure), item.reader, _value(item.icc)) for item in studies[1].measures),
        cleared=tuple(sorted((item.reader, item.target) for item in store.overview("chief").clearances)),
        queue=tuple((number[entry.unit], entry.badness) for entry in queue),
    )
    return outcome, team, studies[0], studies[1]


def _value(icc: object) -> float | None:
    return None if icc is None else round(float(icc.value), 12)


def _pair(place: int) -> tuple[str, str]:
    return (READERS[place % 4], READERS[(place + 1 + place // 4 % 3) % 4])


def _seen(team: Team, reader: str, unit: str) -> bytes:
    store = team.store
    told = (store.unit(UnitId.parse(unit), reader), store.overview(reader), store.work_list(reader))
    return canonical_bytes([to_document(item) for item in told])


def _calibrate(team: Team, clock: MovingClock, units: tuple[str, ...]) -> None:
    """Sun is calibrated and cleared by a senior; the others were cleared before."""
    store = team.store
    marks = tuple(calibration_policy().mark(target) for target in TARGETS)
    accepted(plan_session(store, "trainer", p.CalibrationPlanned("first", units, ("sun",), ("ref1", "ref2"), marks)))
    for unit in units:
        for reader in ("ref1", "ref2"):
            team.read(unit, reader)
        team.read(unit, "sun", CALIBRATION_ROUND)
    clock.wait(minutes=31)
    store.advance()
    accepted(sign_reference(store, "dean", "first", PIN))
    report = report_session(store, "trainer", session_of(store, "trainer", "first"))
    accepted(open_results(store, "trainer", report))
    for target in TARGETS:
        passed = next(item.passed for item in report.summaries if item.target is target)
        reason = None if passed else "the missed lesion was discussed"
        must(store, "chief", Kind.CLEARANCE_SIGNED, p.ClearanceSigned("sun", target, "v1", True, "first", reason))


def _reread(team: Team, clock: MovingClock) -> None:
    store = team.store
    events = store.events_since(0, "manager")
    waiting = rereadings(events, build_context((event for event in events if event.unit is None), store.file.policy))
    assert all(item.due_at <= clock() for item in waiting)
    for item in waiting:
        team.assign(item.unit, item.reader, 2)
        team.read(item.unit, item.reader, 2)
        clock.wait(minutes=1)
    clock.wait(minutes=31)


def _sizes(team: Team, unit: str) -> tuple[tuple[Target, int], ...]:
    final = read_final(team.store.open_final(UnitId.parse(unit), "chief"))
    return tuple(
        (item.target, int(np.count_nonzero(final.mask(item.target).array)) if item.source else 0)
        for item in final.final.targets
    )


def expected_voxels(team: Team, unit: str, readers: tuple[str, str]) -> dict[Target, int]:
    """The union of what both drew: what the rule stores, and what the seniors of this run take."""
    prepared, truth = team.cases[unit]
    grid = grid_of(prepared.registration.series[0])
    found = {}
    for target in TARGETS:
        masks = [mask_of(drawn_boxes(truth, HABITS[reader])[target], grid).array != 0 for reader in readers]
        found[target] = int((masks[0] | masks[1]).sum())
    return found


def planned_phase(truth: Truth, readers: tuple[str, str]) -> bool:
    """Whether the pair must be disputed or its report open, from the habits alone."""
    wang_like = [drawn_boxes(truth, HABITS[reader]) for reader in readers]
    first, second = (set(_voxels(boxes[Target.PRIMARY])) for boxes in wang_like)
    low = 10 * len(first & second) < 4 * (len(first) + len(second))
    missed = bool(wang_like[0][Target.LIVER]) != bool(wang_like[1][Target.LIVER])
    stages = {HABITS[reader].stages_up and HABITS[reader].shows(truth.number, 1) for reader in readers}
    return low or missed or (len(stages) > 1 and truth.stage != "t4a")


def _voxels(boxes: dict) -> list[tuple[int, int, int]]:
    return [
        (k + dk, j + dj, i + di)
        for k, j, i, high, wide in boxes.values()
        for dk in range(2)
        for dj in range(high)
        for di in range(wide)
    ]


@pytest.mark.parametrize(("cases", "sampled"), [(8, 6), pytest.param(40, 30, marks=pytest.mark.full)])
def test_the_whole_work_comes_out_as_planned_and_again(tmp_path: Path, cases: int, sampled: int) -> None:
    outcome, team, inter, intra = run(tmp_path / "one", cases, sampled)
    production = list(team.cases)[CALIBRATION:]
    # Every production case is final, the calibration cases are references and nothing else.
    assert Counter(phase for _, phase in outcome.phases) == {Phase.FINAL: cases, Phase.REFERENCE: CALIBRATION}
    disputed = {number for number, _ in outcome.queue}
    for place, unit in enumerate(production):
        truth = team.cases[unit][1]
        assert (truth.number in disputed) == planned_phase(truth, _pair(place)), truth
    finals = dict(outcome.finals)
    for place, unit in enumerate(production):
        assert dict(finals[team.cases[unit][1].number]) == expected_voxels(team, unit, _pair(place))
    # The seniors settled what was disputed, the rule the rest; nobody settled a case they read.
    for unit in production:
        (final,) = team.store.unit(UnitId.parse(unit), "manager").finals
        assert final.by_rule == (team.cases[unit][1].number not in disputed)
    # Who draws the same again agrees with themselves; who does not, does less.
    volume = {item.reader: item.icc for item in intra.measures if str(item.measure) == "primary.volume_ml"}
    assert volume["wang"] is not None
    assert volume["wang"].value == 1
    assert inter.form_reason == "other_readers"
    assert set(outcome.cleared) >= {(reader, target) for reader in READERS for target in TARGETS}
    progress = progress_of(team.store, "manager", team.store.ledger.now)
    assert {totals.reader for totals in progress.by_reader()} == {*READERS, "ref1", "ref2"}
    # A sampled reader is blind until the second reading is in, and sees the final afterwards.
    assert all(team.store.unit(UnitId.parse(unit), _pair(n)[0]).finals for n, unit in enumerate(production))
    # Where nobody drew a metastasis, that is agreed, stored as "none seen", and in no mean.
    absent = [unit for unit in production if team.cases[unit][1].metastasis is None]
    liver = next(item for item in inter.measures if str(item.measure) == "liver.volume_ml")
    assert not set(absent) & set(liver.cases)
    said = read_final(team.store.open_final(UnitId.parse(absent[-1]), "chief")).final
    assert {item.target: item.answer for item in said.targets}[Target.LIVER] is TargetAnswer.NONE_SEEN
    again, *_ = run(tmp_path / "two", cases, sampled)
    assert again == outcome
