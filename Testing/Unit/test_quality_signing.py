"""Two seniors at once, and one whose machine dies while signing: a final is whole or absent, a retry harmless."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from crc_core.decision.choices import Choices
from crc_core.decision.finals import FieldRuling
from crc_core.identity import UnitId
from crc_core.quality.case import OpenCase, open_case, sign_case
from crc_core.reading.final import How, Take
from crc_core.reading.seal import read_final
from crc_core.report.merge import Choice
from crc_core.store.check import check_store, clean_store
from crc_core.store.findings import Level
from crc_core.store.folder import FolderStore
from crc_core.store.protocol import Receipt
from crc_core.text import Lang
from crc_core.vocabulary import Target
from crc_core.workflow.intents import Refusal
from crc_core.workflow.views import Phase
from quality_support import Habit, Team, study
from store_support import PIN, MovingClock, hire_second_senior, new_store

WORKER = Path(__file__).parent.parent / "Support" / "quality_worker.py"
HABITS = {"wang": Habit(), "li": Habit(shift=3, misses=True)}
LATEST_KILL_S = 0.25


def disputed(folder: Path, cases: int) -> tuple[Team, tuple[str, ...]]:
    """A store with so many cases that wait for one of two seniors."""
    clock = MovingClock()
    store = new_store(folder, clock)
    hire_second_senior(store)
    team = Team(store, study(folder / "images"), folder, HABITS)
    units = team.open(cases)
    for unit in units:
        for reader in HABITS:
            team.assign(unit, reader)
            team.read(unit, reader)
    clock.wait(minutes=31)
    store.advance()
    assert {store.unit(UnitId.parse(unit), "chief").phase for unit in units} == {Phase.DISPUTED}
    return team, units


def all_taken(case: OpenCase) -> Choices:
    """Every point decided."""
    choices = Choices()
    for target in Target:
        choices = case.dispute.take_all(choices, target, Take.UNION)
    for path in case.dispute.comparison.open_fields:
        choices = choices.with_field(path, FieldRuling(path, Choice.A))
    return choices


def start(folder: Path, unit: str, signer: str, take: Take) -> subprocess.Popen[str]:
    """A senior with the case open, waiting for a line."""
    words = [sys.executable, str(WORKER), str(folder), unit, signer, take.value]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def go(process: subprocess.Popen[str]) -> None:
    """Let the senior sign."""
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def only_leftovers(store: FolderStore) -> None:
    """Nothing is wrong in the store, however much waits to be tidied up."""
    found = check_store(store)
    assert found.is_whole, [item.sentence(Lang.EN) for item in found.of(Level.WRONG)]


def the_one_final(store: FolderStore, unit: str) -> str:
    """The hash of a unit's only final, which is whole to the last byte and signed."""
    view = store.unit(UnitId.parse(unit), "chief")
    assert (view.phase, [final.version for final in view.finals]) == (Phase.FINAL, [1])
    final = read_final(store.open_final(UnitId.parse(unit), "chief"))
    assert final.sealed.sha256 == view.finals[0].final
    assert final.final.how is How.SIGNER
    assert final.mask(Target.PRIMARY).array.any()
    return final.sealed.sha256


def clean(store: FolderStore) -> None:
    """What interrupted work left can be taken away, and then nothing is left to say."""
    found = check_store(store, deep=True)
    assert found.is_whole
    assert set(clean_store(store.layout, found, older_than_hours=0)) == {item.path for item in found.of(Level.LEFTOVER)}
    again = check_store(store, deep=True)
    assert again.is_whole
    assert again.of(Level.LEFTOVER) == (), [item.sentence(Lang.EN) for item in again.of(Level.LEFTOVER)]


@pytest.mark.parametrize("rounds", [1, pytest.param(40, marks=pytest.mark.full)])
def test_of_two_seniors_at_once_one_wins_and_the_other_is_told(tmp_path: Path, rounds: int) -> None:
    team, units = disputed(tmp_path, rounds)
    for unit in units:
        seniors = {"chief": start(tmp_path, unit, "chief", Take.A), "dean": start(tmp_path, unit, "dean", Take.B)}
        for senior in seniors.values():
            go(senior)
        said = {name: senior.communicate(timeout=120)[0].strip() for name, senior in seniors.items()}
        assert sorted(said.values()) == ["stored", "workflow.stale"]
        the_one_final(team.store, unit)
        final = read_final(team.store.open_final(UnitId.parse(unit), "chief")).final
        winner = next(name for name, word in said.items() if word == "stored")
        assert final.signer == winner
        primary = next(target for target in final.targets if target.target is Target.PRIMARY)
        taken = {lesion.take for lesion in primary.lesions}
        assert taken == {Take.A if winner == "chief" else Take.B}
    clean(team.store)


@pytest.mark.parametrize("rounds", [1, pytest.param(40, marks=pytest.mark.full)])
def test_killed_while_signing_the_final_is_whole_or_absent_and_the_retry_harmless(tmp_path: Path, rounds: int) -> None:
    chance, ended = random.Random(7), Counter[str]()
    team, units = disputed(tmp_path, rounds)
    for number, unit in enumerate(units):
        before = open_case(team.store, UnitId.parse(unit), "dean")
        senior = start(tmp_path, unit, "chief", Take.UNION)
        go(senior)
        if number % 4 == 3:
            assert senior.stdout is not None
            assert senior.stdout.readline() == "stored\n"
        else:
            time.sleep(chance.uniform(0.0, LATEST_KILL_S))
        senior.send_signal(signal.SIGKILL)
        senior.communicate(timeout=60)
        only_leftovers(team.store)
        if team.store.unit(UnitId.parse(unit), "chief").finals:
            ended["in"] += 1
            stored = the_one_final(team.store, unit)
            again = sign_case(team.store, before, all_taken(before), "dean", PIN)
            assert isinstance(again.outcome, Refusal)
            assert again.outcome.code == "workflow.stale"
            assert the_one_final(team.store, unit) == stored
        else:
            ended["absent"] += 1
            assert isinstance(sign_case(team.store, before, all_taken(before), "dean", PIN).outcome, Receipt)
            the_one_final(team.store, unit)
    assert ended.total() == rounds
    assert ended["in"] >= rounds // 4
    clean(team.store)


def test_a_power_cut_at_each_step_of_signing_is_harmless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = ("bodies._copy", "bodies.open_sealed", "bodies._rename", "chain.create_events")
    team, units = disputed(tmp_path, len(steps))

    class PowerCut(BaseException):
        """Nothing may catch it and tidy up."""

    def cut(*_: object, **__: object) -> None:
        raise PowerCut

    for step, unit in zip(steps, units, strict=True):
        case = open_case(team.store, UnitId.parse(unit), "chief")
        with monkeypatch.context() as patch:
            patch.setattr(f"crc_core.store.folder.{step}", cut)
            patch.setattr("crc_core.store.folder.bodies.shutil.rmtree", lambda *_, **__: None)
            with pytest.raises(PowerCut):
                sign_case(team.store, case, all_taken(case), "chief", PIN)
        assert team.store.unit(UnitId.parse(unit), "chief").finals == (), step
        only_leftovers(team.store)
        assert isinstance(sign_case(team.store, case, all_taken(case), "chief", PIN).outcome, Receipt)
        the_one_final(team.store, unit)
    clean(team.store)
