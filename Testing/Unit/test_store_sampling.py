"""The agreement sample drawn from a store: only unread units, the same for the same seed, kept and hidden."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from crc_core.cli.main import main
from crc_core.errors import CrcError
from crc_core.files.canonical import canonical_bytes
from crc_core.files.records import to_document
from crc_core.quality.sample_page import strata_words
from crc_core.store.sampling import LeftOut, draw_from_store, rereadings
from crc_core.text import Lang
from crc_core.vocabulary import Role, Target, Verdict
from crc_core.workflow import payloads as p
from crc_core.workflow.events import Kind
from crc_core.workflow.gates import Glance, Situation
from crc_core.workflow.listing import work_item
from crc_core.workflow.project import may_open_reading
from crc_core.workflow.views import Phase
from quality_support import Habit, Team, study
from store_support import MovingClock, new_store, open_unit, write_study
from workflow_support import Chain, digest, unit_name, with_policy

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
    units = [str(open_unit(store, source).unit) for _ in range(4)]
    place = ["--store", str(tmp_path / "store"), "--as", "manager"]
    words = ["sample", *place, "--n", "2", "--allow-small", "--seed", "5"]
    assert main([*words, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert set(document["drawn"]) < set(units)
    kept = [event for event in store.events_since(0, "admin") if event.kind is Kind.SAMPLE_DRAWN]
    assert [list(event.payload.members) for event in kept] == [document["drawn"]]
    assert main([*words, "--lang", "zh"]) == 0
    told = capsys.readouterr().out
    assert "机构 / 设备厂商 / 肿瘤位置 / 大小 / 转移" in told
    assert "未知 / 未知" in told
    assert main(["sample", "--seed", "5", "--lang", "en"]) == 2
    assert "--store" in capsys.readouterr().err


def test_size_and_metastasis_come_from_the_clinical_data():
    made = Chain(with_policy(sample_minimum=4))
    made.hire()
    told = ({"endoscopy_size_mm": "12", "metastases_timing": "none"}, {"endoscopy_size_mm": "80"}, {})
    for unit, clinical in zip(UNITS[:9], told * 3, strict=True):
        pvp = p.SeriesRecord(Role.PVP, f"{unit}_PVP", "2.25.1", digest("pixels"), 10)
        registered = p.UnitRegistered((pvp,), "2026-01-02", clinical=clinical, strata={"site": "01"})
        made.must("manager", Kind.UNIT_REGISTERED, registered, unit)
        made.must("manager", Kind.SCAN_CHECKED, p.ScanChecked(Verdict.PASS, (), "acquisition-1"), unit)
    strata = {count.strata: count.drawn for count in draw_from_store(made.events, made.policy, 6, 3).sample.strata}
    assert strata == {
        ("01", "?", "?", "lt_30", "absent"): 2,
        ("01", "?", "?", "ge_50", "?"): 2,
        ("01", "?", "?", "?", "?"): 2,
    }
    assert strata_words(("01", "UIH", "sigmoid", "lt_50", "absent"), Lang.ZH) == (
        "01",
        "UIH",
        "乙状结肠",
        "30–<50 mm",
        "无",
    )
    assert strata_words(("01", "GE", "?", "?", "present"), Lang.EN) == ("01", "GE", "not known", "not known", "present")


def test_every_reader_gets_as_many_as_an_intra_reader_study_needs():
    made = Chain(with_policy(sample_minimum=4))
    made.hire()
    for place, unit in enumerate(UNITS):
        made.prepare(unit)
        made.assign(unit, "wang", "li" if place < 8 else "zhao")
    drawn = draw_from_store(made.events, made.policy, 4, 7, per_reader=4).payload.members
    for reader in ("wang", "li", "zhao"):
        assert sum(bool(made.state(unit).slots_of(reader)) for unit in drawn) >= 4
    assert set(draw_from_store(made.events, made.policy, 4, 7).payload.members) <= set(drawn)
    assert draw_from_store(list(made.events), made.policy, 4, 7, per_reader=4).payload.members == drawn
    with pytest.raises(CrcError) as caught:
        draw_from_store(made.events, made.policy, 4, 7, per_reader=5)
    assert (caught.value.code, caught.value.values["reader"]) == ("sample.few_for_reader", "zhao")


def test_rereadings_come_shuffled_after_the_washout_and_once():
    made = chain()
    members = draw_from_store(made.events, made.policy, 6, 7, washout_days=10).payload
    made.must("manager", Kind.SAMPLE_DRAWN, members)
    assert rereadings(made.events, made.context) == ()
    for unit in members.members:
        made.submit(unit, "wang")
        made.wait(hours=1)
    waiting = rereadings(made.events, made.context)
    assert {item.unit for item in waiting} == set(members.members)
    assert [item.unit for item in waiting] != sorted(item.unit for item in waiting)
    submitted = made.state(waiting[0].unit).slots["wang", 1].submitted_at
    assert submitted is not None
    assert waiting[0].due_at == submitted + timedelta(days=10)
    refused = made.ask("manager", Kind.READING_ASSIGNED, p.ReadingAssigned("wang", 2), waiting[0].unit)
    assert refused is not None
    assert refused.code == "workflow.washout"
    made.wait(days=10)
    given = [item.unit for item in rereadings(made.events, made.context)]
    for unit in given:
        made.must("manager", Kind.READING_ASSIGNED, p.ReadingAssigned("wang", 2), unit)
        made.wait(seconds=1)
    assert rereadings(made.events, made.context) == ()
    wang = made.context.people["wang"]
    items = [work_item(Glance(made.state(unit), made.context, wang, made.now)) for unit in members.members]
    assert [item.unit for item in sorted((i for i in items if i), key=lambda item: item.since)] == given


def test_own_first_reading_and_the_final_stay_hidden_until_the_second_is_in():
    made = chain()
    members = draw_from_store(made.events, made.policy, 4, 7).payload
    made.must("manager", Kind.SAMPLE_DRAWN, members)
    unit = members.members[0]
    first = {reader: made.submit(unit, reader) for reader in ("wang", "li")}
    made.wait(minutes=31)
    pair = made.compare(unit, p.TargetOutcome(Target.PRIMARY, p.Outcome.AGREED, 1000))
    made.must("system", Kind.FINAL_STORED, p.FinalStored(digest("final"), 1, pair, True), unit)
    made.wait(days=29)
    made.must("manager", Kind.READING_ASSIGNED, p.ReadingAssigned("wang", 2), unit)

    def sees(reader: str) -> tuple[object, ...]:
        view, state = made.view(reader, unit), made.state(unit)
        assert view is not None
        situation = Situation(state, made.context, made.context.people[reader], made.now)
        return (view.phase, len(view.finals), may_open_reading(situation, first[reader]), view.comparison is None)

    assert sees("wang") == (Phase.READING, 0, False, True)
    assert sees("li") == (Phase.READING, 0, False, True)
    made.submit(unit, "wang", number=2)
    assert sees("wang") == (Phase.FINAL, 1, True, False)
    assert sees("li") == (Phase.READING, 0, False, True)


def test_the_command_gives_out_what_is_due_again(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CRC_CACHE", str(tmp_path / "cache"))
    clock = MovingClock()
    store = new_store(tmp_path, clock, policy=with_policy(sample_minimum=2))
    made = Team(store, study(tmp_path / "images"), tmp_path, {"wang": Habit(), "li": Habit()})
    units = made.open(3)
    place = ["sample", "--store", str(tmp_path / "store"), "--as", "manager"]
    assert main([*place, "--n", "3", "--seed", "4", "--washout-days", "0", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["washout_days"] == 0
    assert main([*place, "--reread", "--lang", "en"]) == 1
    assert "0 re-readings" in capsys.readouterr().out
    for unit in units:
        made.assign(unit, "wang")
        made.read(unit, "wang")
    assert main([*place, "--reread", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {item["unit"] for item in document["assigned"]} == set(units)
    assert main([*place, "--lang", "zh"]) == 2
    assert "--seed" in capsys.readouterr().err
