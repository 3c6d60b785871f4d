"""Reports as documents: round trips, refusals by name, and nothing but CrcError for any mutation."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest
from crc_core.errors import CrcError
from crc_core.files.canonical import canonical_bytes
from crc_core.report.document import FieldPath, NotAssessable, Report, with_lesions
from crc_core.report.document_json import read_report, write_report
from crc_core.report.editing import answer
from crc_core.report.export_csv import Table, export_csv
from crc_core.report.export_html import export_html
from crc_core.report.export_json import export_json
from crc_core.report.form import form_model
from crc_core.report.merge import merge
from crc_core.report.rules import settled
from crc_core.report.validate import problems
from crc_core.text import Lang
from report_support import LESIONS, LIVER_1, TUMOUR, complete, empty_report, sample_report

FILE = Path("报告 1%.json")


def reports() -> list[Report]:
    full = sample_report()
    other = answer(full, "primary[1].t_stage", "t4a")
    twice = merge(full, other, {lesion: (lesion.number, lesion.number) for lesion in LESIONS}).report
    fewer = with_lesions(full, (TUMOUR, LIVER_1))
    return [empty_report(), full, other, twice, fewer, complete(empty_report((TUMOUR,)))]


@pytest.mark.parametrize("report", reports())
def test_a_report_comes_back_as_it_was(report: Report, tmp_path: Path) -> None:
    document = json.loads(canonical_bytes(report.to_json()))
    assert Report.from_json(document, FILE) == report
    write_report(tmp_path / "r.json", report)
    read = read_report(tmp_path / "r.json")
    assert read == report
    write_report(tmp_path / "again.json", read)
    assert (tmp_path / "r.json").read_bytes() == (tmp_path / "again.json").read_bytes()


def changed(path: list[Any], value: Any) -> dict[str, Any]:
    document = copy.deepcopy(sample_report().to_json())
    place: Any = document
    for step in path[:-1]:
        place = place[step]
    if value is KeyError:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return document


ANSWERS = ["sections", 1, "answers"]


@pytest.mark.parametrize(
    ("path", "value", "code", "field"),
    [
        (["schema"], "crc-reading/1", "json.other_schema", None),
        (["schema"], "crc-report/2", "json.other_schema", None),
        (["extra"], 1, "report.field_unknown", "extra"),
        (["lesions"], KeyError, "report.field_missing", "lesions"),
        (["unit"], "CRC-01-000123-A_T0", "report.field_wrong", "unit"),
        (["unit"], 3, "report.field_wrong", "unit"),
        (["templates", 0, "version"], 7, "report.unknown_version", None),
        (["templates", 0, "name"], "brain", "report.field_wrong", "templates[0]"),
        (["templates"], [], "report.field_wrong", "templates"),
        (["targets", "liver"], "maybe", "report.field_wrong", "targets.liver"),
        (["targets", "brain"], "drawn", "report.field_unknown", "targets.brain"),
        (["lesions", 0, "number"], 0, "report.field_wrong", "lesions[0].number"),
        (["lesions", 0, "class"], "cyst", "report.field_wrong", "lesions[0].class"),
        (["lesions", 0, "number"], True, "report.field_wrong", "lesions[0].number"),
        (["sections", 1, "lesion"], 8, "report.field_wrong", "sections[1]"),
        (["sections", 1, "lesion"], 1.0, "report.field_wrong", "sections[1]"),
        (
            [*ANSWERS, "colour"],
            {"source": "typed", "value": 1},
            "report.field_unknown",
            "primary[1].colour",
        ),
        ([*ANSWERS, "t_stage", "source"], "guess", "report.field_wrong", "primary[1].t_stage.source"),
        ([*ANSWERS, "t_stage", "value"], True, "report.field_wrong", "primary[1].t_stage.value"),
        (
            [*ANSWERS, "t_stage", "value"],
            float("nan"),
            "report.field_wrong",
            "primary[1].t_stage.value",
        ),
        ([*ANSWERS, "t_stage", "value"], 10**400, "report.field_wrong", "primary[1].t_stage.value"),
        ([*ANSWERS, "t_stage", "value"], "\ud800", "report.field_wrong", "primary[1].t_stage.value"),
        ([*ANSWERS, "t_stage"], {"source": "typed"}, "report.field_wrong", "primary[1].t_stage"),
        (["set_aside", "primary[1].colour"], {"source": "typed", "value": 1}, "report.field_unknown", None),
    ],
)
def test_what_is_foreign_is_refused_by_name(path: list[Any], value: Any, code: str, field: str | None) -> None:
    with pytest.raises(CrcError) as refusal:
        Report.from_json(changed(path, value), FILE)
    assert refusal.value.code == code
    assert refusal.value.path == FILE
    assert field is None or refusal.value.values["field"] == field
    for lang in Lang:
        assert str(FILE) in refusal.value.sentence(lang)


def test_a_block_twice_and_answers_inside_answers_are_refused() -> None:
    twice = sample_report().to_json()
    twice["sections"].append(copy.deepcopy(twice["sections"][1]))
    inner = {"source": "both", "readers": [None, {"source": "typed", "value": "clear"}]}
    nested = changed([*ANSWERS, "fat_state"], {"source": "both", "readers": [inner, None]})
    for document in (twice, nested):
        with pytest.raises(CrcError) as refusal:
            Report.from_json(document, FILE)
        assert refusal.value.code == "report.field_wrong"
    Report.from_json(changed([*ANSWERS, "fat_state"], inner), FILE)


@pytest.mark.parametrize("document", [None, [], 3, "x", {}])
def test_what_is_no_report_at_all(document: object) -> None:
    with pytest.raises(CrcError):
        Report.from_json(document, FILE)


def use(report: Report) -> None:
    """Everything a program does with a report it has read."""
    for lang in Lang:
        form_model(report, lang)
        for problem in problems(report):
            assert problem.sentence(lang)
        export_html(report, lang)
    for table in Table:
        export_csv([report], table)
    export_json(report)
    assert settled(settled(report)) == settled(report)
    Report.from_json(json.loads(canonical_bytes(report.to_json())), FILE)


ODD: tuple[Any, ...] = (
    None, True, 0, -1, 1e300, 2.5, "", "none", "s1", "=1+1", "\x00", "\udfff", [], ["s1"], ["s1", 3], {}, {"value": 1},
    {"source": "typed", "value": "t3"}, {"source": "open", "readers": [None, None]}, 10**30, "x" * 5000, "1e999", [[]],
)  # fmt: skip


def mutated(document: Any, rng: random.Random) -> Any:
    document = copy.deepcopy(document)
    for _ in range(rng.randint(1, 3)):
        found = places(document)
        answers = [item for item in found if item[1] in ("value", "reason", "source", "measurement")]
        place, key = rng.choice(answers if answers and rng.random() < 0.6 else found)
        action = rng.random()
        if action < 0.2:
            del place[key]
        elif action < 0.35 and isinstance(place, dict):
            place[rng.choice(("value", "lesion", "", "t_stage", "x", "primary[1].t_stage"))] = place[key]
        elif action < 0.5:
            other, other_key = rng.choice(places(document))
            place[key] = copy.deepcopy(other[other_key])
        else:
            place[key] = copy.deepcopy(rng.choice(ODD))
        if not places(document):
            break
    return document


def places(node: Any) -> list[tuple[Any, Any]]:
    keys = list(node) if isinstance(node, dict) else list(range(len(node))) if isinstance(node, list) else []
    return [(node, key) for key in keys] + [found for key in keys for found in places(node[key])]


def fuzz(seed: int, rounds: int) -> tuple[int, int]:
    """How many mutated documents were read and how many refused; any other outcome raises."""
    rng = random.Random(seed)
    sources = [report.to_json() for report in reports()]
    read = refused = 0
    for _ in range(rounds):
        document = mutated(rng.choice(sources), rng)
        try:
            report = Report.from_json(document, FILE)
        except CrcError as error:
            assert error.sentence(Lang.ZH) and error.sentence(Lang.EN)
            refused += 1
            continue
        use(report)
        read += 1
    return read, refused


def test_mutated_documents_are_read_or_refused() -> None:
    read, refused = fuzz(20250307, 250)
    assert read > 20 and refused > 20


@pytest.mark.full
def test_many_mutated_documents_are_read_or_refused() -> None:
    read, refused = fuzz(7, 6000)
    assert read > 300 and refused > 300


def test_paths_are_written_and_read() -> None:
    for path, _ in sample_report().paths:
        assert FieldPath.parse(str(path)) == path
    for text in ("", "a", "a.", ".b", "a[0].b", "a[256].b", "a[1.b", "a.b.c", "A.b", "a[01].b"):
        with pytest.raises(ValueError, match="no path"):
            FieldPath.parse(text)


def test_wrong_values_are_read_and_told_all_at_once() -> None:
    document = sample_report().to_json()
    block = next(item for item in document["sections"] if item["section"] == "primary")["answers"]
    block["long_diameter_mm"] = {"source": "typed", "value": 9000}
    block["morphology"] = {"source": "typed", "value": "square"}
    block["t_stage"] = {"source": "typed", "value": 3}
    block["fat_nodules"] = {"source": "typed", "not_assessable": {"reason": "other"}}
    block["side"]["value"] = "rectum"
    del block["perforation"]
    found = {(problem.field_path, problem.code) for problem in problems(Report.from_json(document, FILE))}
    assert {
        ("primary[1].long_diameter_mm", "report.problem.range"),
        ("primary[1].morphology", "report.problem.option"),
        ("primary[1].t_stage", "report.problem.kind"),
        ("primary[1].fat_nodules", "report.problem.reason_text"),
        ("primary[1].side", "report.problem.does_not_follow"),
        ("primary[1].perforation", "report.problem.missing"),
    } <= found


def test_an_answer_keeps_its_reason() -> None:
    report = answer(empty_report(), "primary[1].fat_state", not_assessable=NotAssessable("other", " 腹水 "))
    read = Report.from_json(report.to_json(), FILE)
    assert read.answers[FieldPath.parse("primary[1].fat_state")].not_assessable == NotAssessable("other", "腹水")
