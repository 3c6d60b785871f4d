"""The page Progress through its presenter: every number and the list behind it, taking it away."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from crc_core.text import Lang
from CRCQualityControlLib.presenter.progress import WAITING
from CRCQualityControlLib.presenter.state import Page
from quality_room import Room
from store_support import POLICY


@pytest.fixture
def room(tmp_path: Path) -> Room:
    """A store without cases."""
    return Room(tmp_path, replace(POLICY, sample_minimum=2))


def test_every_number_of_the_progress_opens_its_list(room: Room, tmp_path: Path) -> None:
    units = room.read(2, "wang", "li")
    room.team.open(1)
    seat = room.sit("manager")
    seat.quality.show_page(Page.PROGRESS)
    shown = seat.state.progress
    assert shown.is_ready
    for key, words, count in shown.numbers:
        assert words
        seat.quality.progress.open_list(key)
        assert len(seat.state.progress.units.rows) == count, key
        assert seat.state.progress.chosen_words
    for grid in (shown.sites, shown.readers):
        for row in grid.rows:
            assert len(row) == len(grid.columns)
            for cell in row[1:3]:
                seat.quality.progress.open_list(cell.key)
                assert len(seat.state.progress.units.rows) == int(cell.words), cell
    wang = next(row for row in shown.readers.rows if row[0].words == "Wang")
    assert [cell.words for cell in wang] == ["Wang", "2", "0", "5", "0.2"]
    seat.quality.progress.open_list(wang[3].key)
    assert {row[0] for row in seat.state.progress.units.rows} == set(units)
    assert seat.state.progress.units.rows[0][4] == "5"
    assert shown.agreement.columns[1] == "primary tumour"
    (month,) = shown.agreement.rows
    assert "(n=2)" in month[1].words
    seat.quality.progress.open_list(month[1].key)
    assert {row[0] for row in seat.state.progress.units.rows} == set(units)
    course = shown.courses[0]
    assert (course.points[0].count, course.points[0].key) == (2, month[1].key)
    assert "2 wait for a senior" in shown.waiting
    seat.quality.progress.open_list(WAITING)
    seat.ask.will(tmp_path)
    seat.quality.progress.export()
    (folder,) = tmp_path.glob("progress-*")
    assert (folder / "units.csv").read_bytes().count(b"\r\n") == 3
    assert (folder / "readers.csv").read_bytes().count(b"\r\n") == 3
    assert (folder / "progress.html").is_file()
    for nonsense in ("nonsense:1", "month:2026-01|target:none", "state:nowhere"):
        seat.quality.progress.open_list(nonsense)
        assert seat.state.progress.units.rows == ()
    seat.quality.set_language(Lang.ZH)
    assert any("有争议" in words for _, words, _ in seat.state.progress.numbers)
    chief = room.sit("chief")
    chief.quality.show_page(Page.PROGRESS)
    assert not chief.state.progress.shows_readers
    assert chief.state.progress.readers.rows == ()


def test_who_read_a_unit_twice_is_listed_twice_behind_the_number(room: Room) -> None:
    (unit, _) = room.sampled(2)
    for reader in ("wang", "zhao"):
        room.clock.wait(29 * 86400)
        room.team.assign(unit, reader, 2)
        room.team.read(unit, reader, 2)
    seat = room.sit("manager")
    seat.quality.show_page(Page.PROGRESS)
    wang = next(row for row in seat.state.progress.readers.rows if row[0].words == "Wang")
    assert wang[1].words == "3"
    seat.quality.progress.open_list(wang[1].key)
    assert [row[1] for row in seat.state.progress.units.rows if row[0] == unit] == ["1", "2"]
