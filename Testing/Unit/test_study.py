"""The agreement study of a store's sample: values, forms, kappa, Dice, small samples, damaged readings, flags."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas
import pingouin
import pytest
from crc_core.cli.main import main
from crc_core.errors import CrcError
from crc_core.reading.seal import open_reading, parse_report, seal_reading
from crc_core.report.document import FieldPath, NotAssessable, Report
from crc_core.report.editing import answer
from crc_core.statistics.icc import IccForm
from crc_core.study.agreement import FormReason, Study, StudyKind, study_of
from crc_core.study.answers import NOT_ASSESSABLE, answer_pairs
from crc_core.study.collecting import Collected, collect, sample_units
from crc_core.study.flags import flags_of
from crc_core.study.page import study_page, write_study
from crc_core.study.policy import study_policy
from crc_core.study.tables import icc_sheet
from crc_core.study.values import Measure, measures_of
from crc_core.text import Lang
from crc_core.vocabulary import Target
from crc_core.workflow import payloads as p
from crc_core.workflow.events import Kind
from quality_support import STAGES, Habit, Team, Truth, drawn_boxes, reading_of, study
from sklearn.metrics import cohen_kappa_score
from store_support import SPACING, MovingClock, must, new_store

CASES = 12
HABITS = {
    "wang": Habit(),
    "li": Habit(wider=1, every=2),
    "zhao": Habit(shift=2, misses=True, stages_up=True, every=3),
}
VOXEL_ML = float(np.prod(SPACING)) / 1000


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Team:
    """Twelve cases in the sample, each read by two of three readers, all of it final or disputed; one not read yet."""
    folder = tmp_path_factory.mktemp("study")
    clock = MovingClock()
    store = new_store(folder, clock)
    made = Team(store, study(folder / "images"), folder, HABITS)
    units = made.open(CASES + 1)
    must(store, "manager", Kind.SAMPLE_DRAWN, p.SampleDrawn(5, units, {}, 28))
    for place, unit in enumerate(units[:CASES]):
        pair = (("wang", "li"), ("wang", "zhao"), ("li", "zhao"))[place % 3]
        for reader in pair:
            made.assign(unit, reader)
            made.read(unit, reader)
    clock.wait(minutes=31)
    store.advance()
    clock.wait(days=29)
    for unit in units[:CASES:3]:
        made.assign(unit, "wang", 2)
        made.read(unit, "wang", 2)
    clock.wait(minutes=31)
    return made


def sampled(team: Team) -> Collected:
    """The readings of the sample as the senior sees them."""
    return collect(team.store, "chief", sample_units(team.store, "chief"))


def computed(team: Team, kind: StudyKind = StudyKind.INTER) -> Study:
    """The study as the senior computes it."""
    return study_of(sampled(team), kind, allow_small=True)


def volume_ml(truth: Truth, reader: str, target: Target, round_number: int = 1) -> float:
    """What a reader's contour of the target must measure."""
    boxes = drawn_boxes(truth, HABITS[reader], round_number)[target].values()
    return sum(2 * box[3] * box[4] for box in boxes) * VOXEL_ML


def test_volumes_are_those_drawn_and_the_icc_is_pingouins(team: Team) -> None:
    found = computed(team)
    result = next(item for item in found.measures if item.measure == Measure(Target.PRIMARY, "volume_ml"))
    assert len(result.cases) == CASES
    for unit, row in zip(result.cases, result.values, strict=True):
        truth = team.cases[unit][1]
        readers = (("li", "wang"), ("wang", "zhao"), ("li", "zhao"))[truth.number % 3]
        assert sorted(row) == pytest.approx(sorted(volume_ml(truth, reader, Target.PRIMARY) for reader in readers))
    table = pandas.DataFrame(
        [(case, rater, value) for case, row in enumerate(result.values) for rater, value in enumerate(row)],
        columns=["case", "rater", "value"],
    )
    witness = pingouin.intraclass_corr(table, "case", "rater", "value").set_index("Type")
    assert result.icc is not None
    assert (result.icc.form, found.form_reason) == (IccForm.ONE_SINGLE, FormReason.OTHER_READERS)
    assert result.icc.value == pytest.approx(witness["ICC"].iloc[0], abs=1e-9)


def test_cases_nobody_drew_stay_out_and_a_missed_lesion_counts_as_nothing(team: Team) -> None:
    found = computed(team)
    liver = next(item for item in found.measures if item.measure == Measure(Target.LIVER, "volume_ml"))
    assert set(liver.cases) == {unit for unit, (_, truth) in team.cases.items() if truth.metastasis} & set(liver.cases)
    assert len(liver.cases) == CASES // 3
    absent = [row for row in found.pairs if row.target is Target.LIVER and row.absent]
    assert absent == []
    dice = [row.measures["dice"] for row in found.pairs if row.target is Target.LIVER]
    assert found.dice_mean(Target.LIVER) == pytest.approx(np.mean([value for value in dice if value is not None]))


def test_densities_come_from_the_reports_and_diameters_from_the_contours(team: Team) -> None:
    found = computed(team)
    by_name = {str(item.measure): item for item in found.measures}
    hu = by_name["primary.pvp_hu"]
    assert hu.icc is not None
    assert hu.icc.value == 1
    assert not hu.decides
    long = by_name["primary.long_diameter_mm"]
    assert len(long.cases) == CASES
    assert (long.values > 3).all()


def test_kappa_is_scikit_learns_and_ordered_answers_are_weighted(team: Team) -> None:
    found = computed(team)
    by_key = {item.question.key: item for item in found.fields}
    stage = by_key["primary.t_stage"]
    said: dict[str, list[int]] = {}
    for item in sorted(sampled(team).readings, key=lambda item: item.rater):
        if item.round == 1:
            report = parse_report(item.reading.report, item.reading.sealed.folder)
            told = report.answers[FieldPath.parse("primary[1].t_stage")].value
            said.setdefault(item.unit, []).append(STAGES.index(str(told)))
    first, second = zip(*said.values(), strict=True)
    assert stage.weighted is not None
    assert stage.weighted.kappa == pytest.approx(
        cohen_kappa_score(first, second, labels=range(len(STAGES)), weights="quadratic")
    )
    perforation = by_key["primary.perforation"]
    assert (perforation.plain.agreement, perforation.plain.kappa) == (1, None)
    assert perforation.plain.prevalence_adjusted == 1
    assert perforation.weighted is None
    assert by_key["patient.distant_metastases=liver"].plain.agreement == 1


def test_not_assessable_is_an_answer_of_nominal_questions_only(team: Team, tmp_path: Path) -> None:
    prepared, truth = next(iter(team.cases.values()))
    readings = []
    for reader in ("wang", "li"):
        draft = reading_of(prepared, truth, reader, Habit())
        report = Report.from_json(dict(draft.report), tmp_path)
        for path in ("primary[1].t_stage", "primary[1].morphology"):
            if reader == "li":
                report = answer(report, path, not_assessable=NotAssessable("artefact"))
        seal_reading(tmp_path / reader, replace(draft, report=report.to_json()))
        readings.append(open_reading(tmp_path / reader))
    pairs = {pair.question.key: pair for pair in answer_pairs(*readings, study_policy())}
    assert pairs["primary.morphology"].second == NOT_ASSESSABLE
    assert pairs["primary.t_stage"].second == NOT_ASSESSABLE
    assert not any(key.startswith("header") for key in pairs)


def test_intra_reader_is_told_per_reader_with_its_own_form(team: Team) -> None:
    found = computed(team, StudyKind.INTRA)
    assert {item.reader for item in found.measures} == {"wang"}
    assert (found.form, found.form_reason) == (IccForm.TWO_SINGLE, FormReason.ONE_READER)
    volume = next(item for item in found.measures if str(item.measure) == "primary.volume_ml")
    assert len(volume.cases) == CASES // 3
    assert volume.icc is not None
    assert volume.icc.value == 1


def test_same_readers_throughout_take_the_two_way_form(team: Team) -> None:
    collected = sampled(team)
    pairs: dict[str, set[str]] = {}
    for item in collected.readings:
        pairs.setdefault(item.unit, set()).add(item.rater)
    named = [item for item in collected.readings if pairs[item.unit] == {"li", "wang"}]
    found = study_of(replace(collected, readings=tuple(named)), StudyKind.INTER, allow_small=True)
    assert (found.form, found.form_reason) == (IccForm.TWO_SINGLE, FormReason.SAME_READERS)
    assert {item.raters for item in found.measures} == {("li", "wang")}


def test_small_samples_only_when_allowed(team: Team) -> None:
    collected = sampled(team)
    with pytest.raises(CrcError) as caught:
        study_of(collected, StudyKind.INTER)
    assert caught.value.code == "study.few_cases"
    assert computed(team).small
    assert len(collected.waiting) == 1


def test_the_sample_is_not_for_readers(team: Team) -> None:
    for person in ("wang", "trainer", "user"):
        with pytest.raises(CrcError) as caught:
            sample_units(team.store, person)
        assert caught.value.code == "study.no_sample"


def test_an_altered_reading_is_named_and_set_aside(tmp_path: Path) -> None:
    clock = MovingClock()
    store = new_store(tmp_path, clock)
    made = Team(store, study(tmp_path / "images"), tmp_path, HABITS)
    units = made.open(3)
    must(store, "manager", Kind.SAMPLE_DRAWN, p.SampleDrawn(5, units, {}, 28))
    hashes = []
    for unit in units:
        for reader in ("wang", "li"):
            made.assign(unit, reader)
            hashes.append(made.read(unit, reader))
    clock.wait(minutes=31)
    store.advance()
    damaged = tmp_path / "store" / "readings" / units[0] / hashes[0] / "report.json"
    damaged.chmod(0o644)
    damaged.write_bytes(b"{}")
    collected = collect(store, "chief", units)
    assert [item.unit for item in collected.set_aside] == [units[0]]
    assert "report.json" in str(collected.set_aside[0].error)
    found = study_of(collected, StudyKind.INTER, allow_small=True)
    assert all(units[0] not in item.cases for item in found.measures)


@pytest.mark.parametrize("lang", list(Lang))
def test_tables_and_page_hold_the_same_numbers(team: Team, tmp_path: Path, lang: Lang) -> None:
    found = computed(team)
    write_study(found, tmp_path / "out", lang)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        *("icc.csv", "values.csv", "kappa.csv", "pairs.csv", "left_out.csv", "study.html")
    }
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out" / "icc.csv").read_bytes().decode("utf-8-sig"))))
    assert [row["measure"] for row in rows] == [str(item.measure) for item in found.measures]
    for row, item in zip(rows, found.measures, strict=True):
        assert (row["icc"] == "") == (item.icc is None)
        if item.icc is not None:
            assert float(row["icc"]) == pytest.approx(item.icc.value, rel=1e-4)
    page = (tmp_path / "out" / "study.html").read_text(encoding="utf-8")
    assert "nan" not in page.lower()
    for figure in (figure for part in study_page(found, lang).parts for figure in part.figures):
        ElementTree.fromstring(figure.svg)
    with pytest.raises(CrcError):
        write_study(found, tmp_path / "out", lang)
    assert icc_sheet(found).columns[0] == "measure"


def test_the_values_table_is_what_crcdb_icc_reads(
    team: Team, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = computed(team)
    write_study(found, tmp_path / "out", Lang.EN)
    defined = {str(item.measure): item.icc.value for item in found.measures if item.icc is not None}
    lines = (tmp_path / "out" / "values.csv").read_bytes().decode("utf-8-sig").splitlines()
    table = tmp_path / "values.csv"
    kept = [lines[0], *(line for line in lines[1:] if line.split(",")[3] in defined)]
    table.write_text("\n".join(kept), encoding="utf-8")
    assert main(["icc", str(table), "--form", "1,1", "--allow-small", "--json"]) in (0, 1)
    told = {item["measure"]: item["icc"] for item in json.loads(capsys.readouterr().out)["measures"]}
    assert told == pytest.approx(defined, abs=1e-4)


def test_the_command_tells_writes_and_flags(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CRC_CACHE", str(tmp_path / "cache"))
    clock = MovingClock()
    store = new_store(tmp_path, clock)
    made = Team(store, study(tmp_path / "images"), tmp_path, {"wang": Habit(), "li": Habit(wider=7, every=2)})
    units = made.open(6)
    must(store, "manager", Kind.SAMPLE_DRAWN, p.SampleDrawn(5, units, {}, 28))
    clock.wait(days=1)
    for unit in units:
        for reader in ("wang", "li"):
            made.assign(unit, reader)
            made.read(unit, reader)
    clock.wait(minutes=31)
    store.advance()
    words = ["icc", "--store", str(tmp_path / "store"), "--as", "chief", "--allow-small"]
    assert main([*words, "-o", str(tmp_path / "out"), "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["cases"], document["small_sample"], document["verdict"]) == (6, True, "below")
    assert document["form"] == "1,1"
    assert (tmp_path / "out" / "study.html").is_file()
    for lang in ("zh", "en"):
        main([*words, "--lang", lang])
        assert "ICC(1,1)" in capsys.readouterr().out
    assert main(words[:-1]) == 2
    assert main(["icc", "--store", str(tmp_path / "store")]) == 2
    assert main(["icc"]) == 2


def test_readers_below_the_mark_are_flagged_since_their_clearance(tmp_path: Path) -> None:
    clock = MovingClock()
    store = new_store(tmp_path, clock)
    made = Team(store, study(tmp_path / "images"), tmp_path, {"wang": Habit(), "li": Habit(wider=7, every=2)})
    units = made.open(4)
    must(store, "manager", Kind.SAMPLE_DRAWN, p.SampleDrawn(5, units, {}, 0))
    for reader in ("wang", "li"):
        for unit in units:
            made.assign(unit, reader)
            made.read(unit, reader)
            clock.wait(minutes=31)
            store.advance()
    signed = {item.reader: item.at for item in store.overview("chief").clearances}
    for unit in units:
        made.settle(unit)
        for reader in ("wang", "li"):
            made.assign(unit, reader, 2)
            made.read(unit, reader, 2)
    clock.wait(minutes=31)
    found = computed(made, StudyKind.INTRA)
    assert found.below == ("li",)
    (flag,) = flags_of(found, store.overview("chief"), Lang.EN)
    assert (flag.reader, flag.since) == ("li", signed["li"])
    assert "primary.volume_ml" in flag.reason
    must(store, "chief", Kind.READINGS_FLAGGED, flag)
    view = store.overview("chief")
    assert {item.reader for item in view.clearances} == {"wang", "zhao"}
    assert all(store.unit(made.cases[unit][0].unit, "manager").flagged for unit in units)


def test_every_measure_has_its_target() -> None:
    for target in Target:
        assert measures_of(target)[0] == Measure(target, "volume_ml")
    assert Measure(Target.LUNG, "pvp_hu") in measures_of(Target.LUNG)
