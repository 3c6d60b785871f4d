"""The agreement sample drawn from a store: only unread units, the same for the same seed, kept and hidden."""

from __future__ import annotations

import json

import pytest
from crc_core.cli.main import main
from crc_core.errors import CrcError
from crc_core.files.canonical import canonical_bytes
from crc_core.files.records import to_document
from crc_core.store.sampling import LeftOut, draw_from_store
from crc_core.workflow import payloads as p
from crc_core.workflow.events import Kind
from store_support import MovingClock, new_store, open_unit, write_study
from workflow_support import Chain, unit_name, with_policy

UNITS = [unit_name(serial) for serial in range(1, 13)]


def chain() -> Chain:
    """Twelve bound units; the first was read by wang, the second is a calibration case."""
    made = Chain(with_policy(sample_minimum=4))
    made.hire()
    for unit in UNITS:
        made.prepare(unit)
    made.must("trainer", Kind.UNIT_BARRED, p.UnitBarred("calibration-1"), UNITS[1])
    for unit in UNITS[:1] + UNITS[2:]:
        made.assign(unit, "wang", "li")
    made.submit(UNITS[0], "wang")
    return made


def test_only_units_nobody_has_read_are_drawn_and_the_others_say_why():
    made = chain()
    drawn = draw_from_store(made.events, made.policy, 4, 7, excluded=[UNITS[2]])
    assert len(set(drawn.payload.members)) == 4
    assert not set(drawn.payload.members) & set(UNITS[:3])
    assert drawn.payload.exclusions == {
        UNITS[0]: LeftOut.READING_BEGAN,
        UNITS[1]: LeftOut.BARRED,
        UNITS[2]: LeftOut.BY_HAND,
    }


def test_the_seed_alone_decides_and_a_second_sample_takes_other_units():
    made = chain()
    first = draw_from_store(made.events, made.policy, 4, 7)
    assert first == draw_from_store(list(made.events), made.policy, 4, 7)
    seeds = {draw_from_store(made.events, made.policy, 4, seed).payload.members for seed in range(20)}
    assert len(seeds) > 10
    made.must("manager", Kind.SAMPLE_DRAWN, first.payload)
    second = draw_from_store(made.events, made.policy, 4, 7)
    assert not set(second.payload.members) & set(first.payload.members)


def test_readers_see_the_same_with_and_without_the_sample():
    made = chain()
    before = [canonical_bytes(to_document(made.view("wang", unit))) for unit in UNITS]
    made.must("manager", Kind.SAMPLE_DRAWN, draw_from_store(made.events, made.policy, 4, 7).payload)
    assert [canonical_bytes(to_document(made.view("wang", unit))) for unit in UNITS] == before


def test_too_few_and_unknown_units_are_refused():
    made = chain()
    with pytest.raises(CrcError):
        draw_from_store(made.events, made.policy, 11, 7)
    with pytest.raises(CrcError) as caught:
        draw_from_store(made.events, made.policy, 4, 7, excluded=[unit_name(99)])
    assert caught.value.code == "workflow.unknown_unit"


def test_the_command_draws_from_a_store_and_the_store_keeps_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CRC_CACHE", str(tmp_path / "cache"))
    clock = MovingClock()
    store = new_store(tmp_path, clock, policy=with_policy(sample_minimum=2))
    source = write_study(tmp_path / "study")
    units = [str(open_unit(store, source).unit) for _ in range(3)]
    place = ["--store", str(tmp_path / "store"), "--as", "manager"]
    words = ["sample", *place, "--n", "2", "--allow-small", "--seed", "5"]
    assert main([*words, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert set(document["drawn"]) < set(units)
    kept = [event for event in store.events_since(0, "admin") if event.kind is Kind.SAMPLE_DRAWN]
    assert [list(event.payload.members) for event in kept] == [document["drawn"]]
    assert main(["sample", "--seed", "5", "--lang", "en"]) == 2
    assert "--store" in capsys.readouterr().err
