"""Search, clinical records, statistics and audit: what is found is what holds, and what one may know."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from api_bench import ApiBench, undone, unit_in
from crc_core.workflow import payloads as p
from crc_core.workflow.events import Kind
from hypothesis import given, settings
from hypothesis import strategies as st
from store_support import PEOPLE, write_study

VALUES = [
    {"age": 40, "sex": "female", "cea": 3.0},
    {"age": 50, "sex": "male", "cea": 8.0},
    {"age": 60, "sex": "female"},
    {"age": 70, "sex": "male", "cea": 80.0},
    {},
]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> ApiBench:
    """The server with everybody signed in and five registered units, the first four with clinical records."""
    folder = tmp_path_factory.mktemp("api")
    api = ApiBench(folder, write_study(folder / "study"))
    api.sign_in_everybody()
    units = [unit_in(api.bench, "registered").prepared.unit for _ in VALUES]
    names = ["age", "sex", "cea"]
    rows = [
        f"{unit.case}," + ",".join(str(one.get(n, "")) for n in names)
        for unit, one in zip(units, VALUES, strict=True)
        if one
    ]
    assert take(api, "clinical", "\n".join([f"case,{','.join(names)}", *rows]))["changed"] == 4
    api.units = [str(unit) for unit in units]  # type: ignore[attr-defined]  # kept for the tests below
    return api


def take(api: ApiBench, kind: str, csv: str, preview: bool = False) -> Any:
    return json.loads(api.call("manager", "post", f"records/{kind}", {"csv": csv, "preview": preview}).body)


def found(api: ApiBench, where: Any, person: str = "manager") -> list[str]:
    answer = api.call(person, "post", "search", {"where": where})
    assert answer.status == 200, answer.body
    document = json.loads(answer.body)
    assert document["count"] == len(document["units"])
    return [item["unit"] for item in document["units"]]


CONDITIONS = {
    ("age", "at_least", "60"): lambda one: one.get("age", -1) >= 60,
    ("age", "less", "50"): lambda one: "age" in one and one["age"] < 50,
    ("sex", "is", "女"): lambda one: one.get("sex") == "female",
    ("sex", "is_not", "female"): lambda one: one.get("sex") == "male",
    ("cea", "more", "0.005 mg/L"): lambda one: one.get("cea", 0) > 5,
    ("cea", "unknown", ""): lambda one: "cea" not in one,
    ("cea", "known", ""): lambda one: "cea" in one,
    ("phase", "is", "registered"): lambda one: True,
}
leaf = st.sampled_from(sorted(CONDITIONS))
tree = st.recursive(
    leaf,
    lambda inner: st.tuples(st.sampled_from(["all", "any"]), st.lists(inner, min_size=1, max_size=3)),
    max_leaves=8,
)


def as_document(node: Any, top: bool = True) -> Any:
    if len(node) == 3:
        document = {"field": node[0], "is": node[1], "value": node[2]}
        return {"all": [document]} if top else document
    return {node[0]: [as_document(part, False) for part in node[1]]}


def holds(node: Any, one: Any) -> bool:
    if len(node) == 3:
        return bool(CONDITIONS[node](one))
    return (all if node[0] == "all" else any)(holds(part, one) for part in node[1])


@settings(max_examples=40)
@given(tree)
def test_any_tree_finds_what_python_finds(api: ApiBench, node: Any) -> None:
    expected = [unit for unit, one in zip(api.units, VALUES, strict=True) if holds(node, one)]  # type: ignore[attr-defined]
    assert found(api, as_document(node)) == sorted(expected)


@pytest.mark.parametrize(
    "where",
    [
        None,
        [],
        {},
        {"all": {}},
        {"none": []},
        {"all": [{"field": "age"}]},
        {"all": [{"field": "age", "is": "contains", "value": "6"}]},
        {"all": [{"field": "age", "is": "more", "value": ""}]},
        {"all": [{"field": "age", "is": "more", "value": "old"}]},
        {"all": [{"field": "nothing", "is": "is", "value": "1"}]},
        {"all": [{"field": "code__regex", "is": "is", "value": "."}]},
        {"all": [{"field": "study_date", "is": "is", "value": "soon"}]},
        {"all": [{"all": [{"all": [{"all": [{"all": [{"all": [{"all": [{"all": []}]}]}]}]}]}]}]},
        {"all": [{"field": "age", "is": "known"}] * 61},
    ],
)
def test_a_tree_that_is_none_is_refused(api: ApiBench, where: Any) -> None:
    assert api.call("manager", "post", "search", {"where": where}).status == 422


def test_a_table_is_taken_whole_or_not_at_all_and_every_version_stays(api: ApiBench) -> None:
    from crc_core.identity import UnitId

    case = UnitId.parse(api.units[0]).case  # type: ignore[attr-defined]
    with undone():
        wrong = f"case,age\n{case},41\n{case},x\n"
        answer = take(api, "clinical", wrong)
        assert (answer["taken"], [item["row"] for item in answer["problems"]]) == (False, [3])
        assert found(api, {"all": [{"field": "age", "is": "is", "value": "41"}]}) == []
        assert take(api, "clinical", f"case,age\n{case},41\n", preview=True)["taken"] is False
        assert take(api, "clinical", f"case,age\n{case},41\n")["changed"] == 1
        assert take(api, "clinical", f"case,age\n{case},41\n")["changed"] == 0
        assert found(api, {"all": [{"field": "age", "is": "is", "value": "41"}]}) == [api.units[0]]  # type: ignore[attr-defined]
        from crc_server.clinical import check_records, records_of, restore_version
        from crc_server.models import RecordRow

        restore_version(case, "clinical", None, 1, "manager", api.bench.clock())
        history = records_of(case, history=True)
        assert [(item.version, item.values.get("age"), item.is_current) for item in history] == [
            (3, 40, True),
            (2, 41, False),
            (1, 40, False),
        ]
        assert check_records() is None
        row = RecordRow.objects.get(case=case, version=2)
        row.body = row.body.replace('"age":41', '"age":14')
        row.save()
        assert check_records() == case


def test_everybody_finds_only_what_they_may_know(api: ApiBench) -> None:
    with undone():
        blind = unit_in(api.bench, "submitted").prepared.unit
        api.bench.must("admin", Kind.PERSON_SET, p.PersonSet("wang", *both("wang", "manager"), "01", True))
        everything = {"all": []}
        assert str(blind) in found(api, everything, "manager")
        assert str(blind) not in found(api, everything, "wang")
        for person, other in itertools.product(("zhao", "li", "user", "upstart"), (everything,)):
            assert found(api, other, person) == []
            assert api.call(person, "get", f"cases/{blind.case}/records").status == 404
        assert api.call("wang", "get", f"cases/{blind.case}/records").status == 404


def both(first: str, second: str) -> tuple[Any, frozenset[Any]]:
    title, roles = PEOPLE[first]
    return title, frozenset(roles) | frozenset(PEOPLE[second][1])


def test_numbers_and_the_audit(api: ApiBench) -> None:
    numbers = json.loads(api.call("manager", "get", "statistics").body)
    assert numbers["by_state"]["registered"] >= len(VALUES)
    assert json.loads(api.call("zhao", "get", "statistics").body) == {"by_site": {}, "by_state": {}}
    audit = json.loads(api.call("admin", "get", "audit").body)
    assert audit["head"] == api.bench.events()[-1].hash
    assert audit.get("records_broken_in") is None
