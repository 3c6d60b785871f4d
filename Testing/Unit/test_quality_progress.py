"""Progress in numbers: each is the length of the list it opens; who may not see readers does not; quick when large."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from crc_core.cli.main import main
from crc_core.cli.progress_command import progress_page
from crc_core.paper import csv_bytes
from crc_core.quality.progress import Progress, lines_sheet, progress_of
from crc_core.text import Lang
from crc_core.vocabulary import Target
from crc_core.workflow.views import Phase, SlotPhase
from quality_support import ACTIVE_S, Habit, Team, study
from store_support import MovingClock, new_store

HABITS = {"wang": Habit(), "li": Habit(shift=3, every=2), "zhao": Habit()}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Team, MovingClock]:
    """Six cases: two not assigned, one half read, three compared, of which two are disputed."""
    folder = tmp_path_factory.mktemp("progress")
    clock = MovingClock()
    store = new_store(folder, clock)
    team = Team(store, study(folder / "images"), folder, HABITS)
    units = team.open(6)
    for unit in units[:4]:
        for reader in ("wang", "li"):
            team.assign(unit, reader)
    team.read(units[3], "wang")
    for unit in units[:3]:
        for reader in ("wang", "li"):
            team.read(unit, reader)
        clock.wait(days=1)
    store.advance()
    clock.wait(days=3)
    return team, clock


@pytest.fixture
def progress(made: tuple[Team, MovingClock]) -> Progress:
    """As the data manager sees it."""
    return progress_of(made[0].store, "manager", made[1]())


def test_every_number_is_the_length_of_its_list(progress: Progress) -> None:
    assert sum(progress.by_state().values()) == len(progress.lines) == 6
    for phase, count in progress.by_state().items():
        assert len(progress.units_where(phases=[phase])) == count
    for site, states in progress.by_site().items():
        assert len(progress.units_where(site=site)) == sum(states.values())
    for totals in progress.by_reader():
        for phase, count in totals.slots.items():
            assert len(progress.units_where(reader=totals.reader, slot=phase)) == count
    assert progress.by_state() == {Phase.DISPUTED: 2, Phase.FINAL: 1, Phase.READING: 1, Phase.CHECKED: 2}


def test_what_waits_is_told_with_how_long(progress: Progress) -> None:
    waiting = progress.waiting()
    assert len(waiting) == 2
    assert {(progress.at - line.since).days for line in waiting} == {3}


def test_agreement_over_time_and_active_time(progress: Progress) -> None:
    points = progress.agreement(Target.PRIMARY)
    assert len(points) == 3
    assert [point.at for point in points] == sorted(point.at for point in points)
    assert {point.dice_permille == 1000 for point in points} == {True, False}
    assert progress.agreement(Target.PRIMARY, "zhao") == ()
    totals = {item.reader: item for item in progress.by_reader()}
    assert totals["wang"].slots == {SlotPhase.SUBMITTED: 4}
    assert totals["li"].slots == {SlotPhase.SUBMITTED: 3, SlotPhase.ASSIGNED: 1}
    assert (totals["wang"].active_seconds, totals["wang"].median_seconds) == (4 * ACTIVE_S, ACTIVE_S)


def test_a_senior_sees_states_but_nobody_s_name(made: tuple[Team, MovingClock], progress: Progress) -> None:
    seen = progress_of(made[0].store, "chief", made[1]())
    assert seen.by_state() == progress.by_state()
    assert not seen.shows_readers
    assert seen.by_reader() == ()
    own = progress_of(made[0].store, "wang", made[1]())
    assert {line.phase for line in own.lines} <= {Phase.READING, Phase.FINAL}


@pytest.mark.parametrize("lang", list(Lang))
def test_table_and_page(progress: Progress, lang: Lang) -> None:
    rows = list(csv.DictReader(io.StringIO(csv_bytes(lines_sheet(progress.lines, progress.at)).decode("utf-8-sig"))))
    assert [row["unit"] for row in rows] == [line.unit for line in progress.lines]
    assert {row["active_min"] for row in rows} == {"10", "5", ""}
    page = progress_page(progress, progress.waiting(), lang)
    for figure in page.parts[1].figures:
        ElementTree.fromstring(figure.svg)


def test_the_command(
    made: tuple[Team, MovingClock], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CRC_CACHE", str(tmp_path / "cache"))
    words = ["progress", made[0].store.info().place, "--as", "manager"]
    assert main([*words, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["states"]["disputed"] == len(document["waiting"]) == 2
    assert "units" not in document
    assert main([*words, "--state", "disputed", "report_open", "-o", str(tmp_path / "list.csv"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {item["state"] for item in document["units"]} == {"disputed"}
    assert (tmp_path / "list.csv").read_bytes().count(b"\r\n") == 3
    for lang in ("zh", "en"):
        assert main([*words, "--lang", lang, "-o", str(tmp_path / f"{lang}.html")]) == 0
        assert "wang" in capsys.readouterr().out
        assert main([*words, "--lang", lang, "--reader", "li"]) == 0
        assert "wang li" in capsys.readouterr().out.replace("li wang", "wang li")
    assert main([*words, "-o", str(tmp_path / "list.txt")]) == 2
