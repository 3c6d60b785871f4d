"""The pages: who sees which, forms, foreign forms, hostile words, a table to take away."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

import pytest
from api_bench import ApiBench, UnitInState, undone, unit_in
from crc_core.workflow import payloads as p
from crc_core.workflow.events import Kind
from django.test import Client
from store_support import PEOPLE, PIN, write_study

OVERSEERS = {"admin", "manager", "trainer", "chief"}
PAGES = {
    "/search": OVERSEERS | {"user"},
    "/work": set(PEOPLE),
    "/progress": set(PEOPLE),
    "/tables": {"manager"},
    "/grants": {"admin", "manager", "user"},
    "/audit": {"admin", "manager"},
    "/audit?check=1": {"admin", "manager"},
    "/people": {"admin"},
    "/password": set(PEOPLE),
}
HOSTILE = "<script>alert('x')</script>"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> ApiBench:
    """The server with everybody signed in over the API."""
    folder = tmp_path_factory.mktemp("api")
    api = ApiBench(folder, write_study(folder / "study"))
    api.sign_in_everybody()
    return api


@pytest.fixture(scope="module")
def units(api: ApiBench) -> dict[str, UnitInState]:
    """A final unit and one that wang has read."""
    return {state: unit_in(api.bench, state) for state in ("final", "submitted")}


@pytest.fixture(scope="module")
def visitors(api: ApiBench) -> dict[str, Client]:
    """A browser for everybody, signed in."""
    found = {}
    for person in PEOPLE:
        browser = Client(SERVER_NAME="localhost", headers={"Accept-Language": "en"})
        answer = browser.post("/sign-in", {"person": person, "password": PIN, "next": "/work"})
        assert (answer.status_code, answer.headers["Location"]) == (302, "/work")
        found[person] = browser
    return found


@pytest.mark.parametrize("address", PAGES)
def test_each_page_is_for_its_people(visitors: dict[str, Client], units: Any, address: str) -> None:
    stranger = Client(SERVER_NAME="localhost").get(address)
    assert stranger.status_code == 302
    assert stranger.headers["Location"].startswith("/sign-in")
    with undone():
        shown = {person for person, browser in visitors.items() if browser.get(address).status_code == 200}
    assert shown == PAGES[address]


def test_a_case_is_for_who_may_know_it_and_an_unknown_one_looks_the_same(
    visitors: dict[str, Client], units: dict[str, UnitInState]
) -> None:
    readers = {"wang", "li"}
    for state, expected in (("final", OVERSEERS | readers | {"user"}), ("submitted", OVERSEERS | readers)):
        case = units[state].prepared.unit.case
        answers = {person: browser.get(f"/cases/{case}") for person, browser in visitors.items()}
        assert {person for person, answer in answers.items() if answer.status_code == 200} == expected
        for person in set(PEOPLE) - expected:
            absent = visitors[person].get("/cases/CRC-09-000001-X")
            assert plain(absent.content, "CRC-09-000001-X") == plain(answers[person].content, case)
    pictures = {
        person: browser.get(f"/units/{units['final'].prepared.unit}/pictures/primary").status_code
        for person, browser in visitors.items()
    }
    assert {person for person, status in pictures.items() if status == 200} == OVERSEERS | readers | {"user"}


def plain(content: bytes, case: str) -> bytes:
    """A page without its tokens and the name that was asked for."""
    return re.sub(rb'name="csrfmiddlewaretoken" value="[^"]+"', b"", content).replace(case.encode(), b"*")


def test_a_readers_page_does_not_tell_of_the_other_reading(api: ApiBench, visitors: dict[str, Client]) -> None:
    told = []
    for others in ((), ("li",)):
        with undone():
            prepared = api.bench.opened("wang", *others)
            if others:
                api.bench.read(prepared, "li", 3)
            api.bench.clock.wait(minutes=31)
            case = prepared.unit.case
            pages = [f"/cases/{case}", "/work", "/progress"]
            told.append([plain(visitors["wang"].get(page).content, case) for page in pages])
    without_times = [[re.sub(rb"\d{4}-\d{2}-\d{2} \d{2}:\d{2}", b"", page) for page in pages] for pages in told]
    assert without_times[0] == without_times[1]


def test_signing_in_is_refused_in_words_and_leads_nowhere_else(api: ApiBench) -> None:
    browser = Client(SERVER_NAME="localhost", headers={"Accept-Language": "en"})
    wrong = browser.post("/sign-in", {"person": "wang", "password": "wrong"})
    assert wrong.status_code == 403
    assert b"name or the password is wrong" in wrong.content
    for elsewhere in ("https://evil.example/", "//evil.example", "javascript:alert(1)"):
        answer = browser.post("/sign-in", {"person": "wang", "password": PIN, "next": elsewhere})
        assert answer.headers["Location"] == "/"


def test_a_form_from_elsewhere_is_refused(api: ApiBench) -> None:
    browser = Client(SERVER_NAME="localhost", enforce_csrf_checks=True, headers={"Accept-Language": "en"})
    answer = browser.post("/sign-in", {"person": "wang", "password": PIN})
    assert answer.status_code == 403
    assert b"open too long" in answer.content


def test_hostile_words_are_words(api: ApiBench, visitors: dict[str, Client], units: dict[str, UnitInState]) -> None:
    unit = units["submitted"].prepared.unit
    with undone():
        api.bench.must("chief", Kind.UNIT_EXCLUDED, p.UnitExcluded("x", HOSTILE), unit)
        form = {"kind": "clinical", "csv": f"case,diet,{HOSTILE}\n{unit.case},{HOSTILE},1\n", "do": "look"}
        pages = [visitors["manager"].get(f"/cases/{unit.case}"), visitors["manager"].post("/tables", form)]
        form = {"kind": "clinical", "csv": f"case,diet\n{unit.case},=HYPERLINK(1)\n", "do": "take"}
        assert b"Taken in" in visitors["manager"].post("/tables", form).content
        table = visitors["manager"].post("/search/export", {"n0.join": "all"}).content.decode("utf-8-sig")
    for answer in pages:
        assert HOSTILE.encode() not in answer.content
        assert b"&lt;script&gt;" in answer.content
    rows = list(csv.reader(io.StringIO(table)))
    assert len({len(row) for row in rows}) == 1
    assert any("'=HYPERLINK(1)" in row for row in rows)


def test_conditions_are_built_by_buttons_alone(visitors: dict[str, Client], units: dict[str, UnitInState]) -> None:
    browser = visitors["manager"]
    form = {"n0.join": "all", "n0.0.field": "phase", "n0.0.is": "is", "n0.0.value": "final"}
    assert b"<strong>1</strong>" in browser.post("/search", form).content
    grown = browser.post("/search", {**form, "do": "group:0"}).content.decode()
    assert 'name="n0.1.join"' in grown
    assert 'name="n0.1.0.field"' in grown
    assert 'name="n0.0.field"' not in browser.post("/search", {**form, "do": "remove:0.0"}).content.decode()
    either = {
        "n0.join": "all",
        "n0.0.join": "any",
        "n0.0.0.field": "phase",
        "n0.0.0.is": "is",
        "n0.0.0.value": "final",
        "n0.0.1.field": "phase",
        "n0.0.1.is": "is",
        "n0.0.1.value": "reading",
    }
    assert b"<strong>2</strong>" in browser.post("/search", either).content
    odd = {"n0.join": "x", "n0.0.field": "nothing", "n0.0.is": "?", "do": "remove:0.9.9", "offset": "-1"}
    assert browser.post("/search", odd).status_code == 200


def test_an_administrator_enters_a_person_who_signs_in(visitors: dict[str, Client], tmp_path: Path) -> None:
    form = {
        "person": "sun",
        "name": "孙医生",
        "site": "02",
        "title": "主治医师",
        "role": ["annotator", "system"],
        "password": "Reading-all-day-9",
        "active": "yes",
    }
    with undone():
        assert "孙医生" in visitors["admin"].post("/people", form).content.decode()
        browser = Client(SERVER_NAME="localhost")
        browser.post("/sign-in", {"person": "sun", "password": "Reading-all-day-9"})
        assert browser.get("/work").status_code == 200
        assert browser.get("/people").status_code == 403
        assert visitors["admin"].post("/people", {**form, "person": "../x"}).status_code == 422
        assert visitors["manager"].post("/people", form).status_code == 403


def test_pages_ask_few_questions_however_much_there_is(visitors: dict[str, Client], units: Any, api: ApiBench) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def count(address: str) -> int:
        visitors["manager"].get(address)
        with CaptureQueriesContext(connection) as asked:
            visitors["manager"].get(address)
        return len(asked)

    before = {address: count(address) for address in ("/search", "/work")}
    with undone():
        for _ in range(4):
            unit_in(api.bench, "registered")
        after = {address: count(address) for address in before}
    assert after == before
    assert max(before.values()) <= 20
