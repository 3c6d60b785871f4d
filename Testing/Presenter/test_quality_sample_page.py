"""The page Sample through its presenter: drawing, spread, export, re-readings, who may see it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from CRCQualityControlLib.presenter.state import Page
from quality_room import Room
from store_support import POLICY


@pytest.fixture
def room(tmp_path: Path) -> Room:
    """A store without cases."""
    return Room(tmp_path, replace(POLICY, sample_minimum=2))


def test_the_sample_is_drawn_shown_spread_kept_and_given_out_again(room: Room, tmp_path: Path) -> None:
    units = room.team.open(5, strata=True)
    seat = room.sit("manager")
    seat.quality.show_page(Page.SAMPLE)
    assert seat.state.sample.may_draw
    seen: list[tuple[str, ...]] = []

    def cancel(_: object) -> str:
        assert seat.state.sample.selected is None
        seen.extend(seat.state.sample.strata.rows)
        return "cancel"

    seat.ask.will(cancel)
    seat.quality.sample.draw(3, 7)
    assert sum(int(row[-1]) for row in seen) == 3
    assert seat.state.sample.samples == ()
    seat.quality.sample.exclude(units[4])
    assert seat.state.sample.excluded == (units[4],)
    seat.quality.sample.exclude(units[4])
    seat.quality.sample.include(units[4])
    assert seat.state.sample.excluded == ()
    assert seat.state.sample.ready == 5
    seat.ask.will("keep")
    seat.quality.sample.draw(3, 7)
    assert len(seat.state.sample.samples) == 1
    assert seat.state.sample.strata.rows == tuple(seen)
    seat.ask.will(tmp_path)
    seat.quality.sample.export()
    (folder,) = tmp_path.glob("sample-7-*")
    assert {path.name for path in folder.iterdir()} == {"members.csv", "strata.csv", "left_out.csv", "sample.html"}
    assert (folder / "members.csv").read_bytes().count(b"\r\n") == 4
    members = {row[0] for row in seat.state.sample.members.rows}
    assert len(members) == 3
    assert {row[3] for row in seat.state.sample.members.rows} <= {"sigmoid colon", "descending colon"}
    assert {row[4:] for row in seat.state.sample.members.rows} == {("not known", "not known")}
    assert members <= set(units)
    for unit in sorted(members):
        room.team.assign(unit, "wang")
        room.team.read(unit, "wang")
    seat.quality.refresh()
    assert (seat.state.sample.due, seat.state.sample.waiting) == (0, 3)
    room.clock.wait(28 * 86400)
    seat.quality.refresh()
    assert seat.state.sample.due == 3
    assert seat.state.sample.rereads.rows == (("Wang", "3", "0", ""),)
    seat.quality.sample.give_out()
    assert (seat.state.sample.due, seat.state.sample.waiting) == (0, 0)
    assert "3 re-readings" in seat.message
    seat.quality.sample.draw(3, 7)
    assert "only 2" in seat.message


def test_readers_and_seniors_meet_no_sample_page(room: Room) -> None:
    room.sampled()
    for person in ("wang", "chief", "trainer"):
        seat = room.sit(person)
        seat.quality.show_page(Page.SAMPLE)
        assert (seat.state.sample.samples, seat.state.sample.may_draw, seat.message) == ((), False, "")
