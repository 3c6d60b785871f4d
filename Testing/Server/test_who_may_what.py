"""The whole table of who may ask what of a unit in which state, against sets of people written down by hand."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from api_bench import STATES, ApiBench, UnitInState, undone, unit_in
from crc_core.workflow.context import build_context
from crc_core.workflow.decide import decide
from crc_core.workflow.events import STORE_WIDE, Event, Kind
from crc_core.workflow.intents import Refusal, intent_document
from store_contract import ABSENT, payload_for
from store_support import PEOPLE, PIN, POLICY, digest, write_study

EVERYBODY = frozenset(PEOPLE)
OVERSEERS = frozenset({"admin", "manager", "trainer", "chief"})
"""Who knows every unit; an attending who calls himself senior (`upstart`) does not."""

READERS = frozenset({"wang", "li"})
AFTER_ASSIGNMENT = ("reading", "submitted", "disputed", "final", "released", "ungranted", "excluded", "withdrawn")
DECIDED = ("final", "released", "ungranted")
GRANTED = ("final", "released")
Expected = Callable[[str], frozenset[str]]


def knows(state: str) -> frozenset[str]:
    people = OVERSEERS | (READERS if state in AFTER_ASSIGNMENT else frozenset())
    return people | ({"user"} if state in GRANTED else frozenset())


def sees_images(state: str) -> frozenset[str]:
    return frozenset() if state == "withdrawn" else knows(state)


def opens_wangs_reading(state: str) -> frozenset[str]:
    return {
        "submitted": frozenset({"wang", "chief"}),
        "disputed": frozenset({"chief"}),
        "excluded": frozenset({"chief"}),
        "final": READERS | {"chief"},
        "released": READERS | {"chief"},
        "ungranted": READERS | {"chief"},
    }.get(state, frozenset())


def opens_final(state: str) -> frozenset[str]:
    return knows(state) if state in DECIDED else frozenset()


def always(*people: str) -> Expected:
    return lambda state: frozenset(people)


UNIT_TABLE: Mapping[tuple[str, str], Expected] = {
    ("get", "units/{unit}"): knows,
    ("get", "units/{unit}/priors"): knows,
    ("get", "units/{unit}/images/{role}"): sees_images,
    ("get", "units/{unit}/images/{role}/{name}"): sees_images,
    ("get", "readings/{reading}"): opens_wangs_reading,
    ("get", "readings/{reading}/files/{name}"): opens_wangs_reading,
    ("get", "units/{unit}/final"): opens_final,
    ("get", "units/{unit}/final/files/{name}"): opens_final,
    ("get", "units/{unit}/archive"): opens_final,
}
STORE_TABLE: Mapping[tuple[str, str], frozenset[str]] = {
    ("get", "me"): EVERYBODY,
    ("get", "overview"): EVERYBODY,
    ("get", "work-list"): EVERYBODY,
    ("get", "events"): frozenset({"admin", "manager"}),
    ("get", "events/head"): frozenset({"chief"}),
    ("get", "people"): frozenset({"admin"}),
    ("get", "statistics"): EVERYBODY,
    ("get", "progress"): EVERYBODY,
    ("get", "audit"): frozenset({"admin", "manager"}),
    ("post", "search"): EVERYBODY,
    ("post", "records/{kind}"): frozenset({"manager"}),
    ("post", "cases"): frozenset({"manager"}),
    ("post", "advance"): frozenset({"manager", "chief"}),
    ("put", "people/{person}/name"): frozenset({"admin"}),
    ("put", "people/{person}/password"): frozenset({"admin"}),
}
BODIES: Mapping[tuple[str, str], Any] = {
    ("post", "cases"): {"site": "01"},
    ("post", "advance"): {},
    ("post", "search"): {"where": {"all": []}},
    ("post", "records/{kind}"): {"csv": "case,age\n", "preview": True},
    ("put", "people/{person}/name"): {"name": "Somebody"},
    ("put", "people/{person}/password"): {"password": "A-long-enough-word-5"},
}
ELSEWHERE = {
    ("get", "store"): "open to all",
    ("get", "cases/{case}/records"): "test_search",
    ("post", "sessions"): "test_serve",
    ("delete", "sessions/current"): "test_serve",
    ("delete", "sessions/all"): "test_serve",
    ("put", "me/password"): "test_serve",
    ("post", "intents"): "every kind below",
    ("post", "units/{unit}/readings"): "every kind below",
    ("post", "units/{unit}/finals"): "every kind below",
    ("post", "units/{unit}/registration"): "every kind below",
    ("get", "uploads/{sha256}"): "test_uploads",
    ("put", "uploads/{sha256}"): "test_uploads",
    ("delete", "uploads/{sha256}"): "test_uploads",
    ("put", "uploads/{sha256}/files/{name}"): "test_uploads",
}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> ApiBench:
    """The server with everybody signed in."""
    folder = tmp_path_factory.mktemp("api")
    api = ApiBench(folder, write_study(folder / "study"))
    api.sign_in_everybody()
    return api


@pytest.fixture(scope="module")
def units(api: ApiBench) -> dict[str, UnitInState]:
    """A unit in every state."""
    # The window of the submitted one has to be open still: it comes last, since the others let time pass.
    return {state: unit_in(api.bench, state) for state in sorted(STATES, key="submitted".__eq__)}


def address(path: str, found: UnitInState) -> str:
    names = {
        "unit": str(found.prepared.unit),
        "role": "PVP",
        "reading": found.reading,
        "person": "zhao",
        "kind": "clinical",
    }
    file = "00001.dcm" if "images" in path else "final.json" if "final" in path else "report.json"
    return path.format(**names, name=file)


def test_every_address_of_the_server_is_in_a_table(api: ApiBench) -> None:
    from drf_spectacular.generators import SchemaGenerator

    document = SchemaGenerator().get_schema(request=None, public=True)
    known = {
        (method, path.removeprefix("/api/v1/")) for path, methods in document["paths"].items() for method in methods
    }
    assert known == {*UNIT_TABLE, *STORE_TABLE, *ELSEWHERE}


@pytest.mark.parametrize("state", STATES)
def test_units(api: ApiBench, units: dict[str, UnitInState], state: str) -> None:
    for (method, path), expected in UNIT_TABLE.items():
        asked = address(path, units[state])
        assert api.call(None, method, asked).status == 401
        allowed = {person for person in PEOPLE if api.call(person, method, asked).status == 200}
        assert allowed == expected(state), (path, state)
        absent = address(path, UnitInState(api.bench.source.prepared(ABSENT), digest("absent")))
        for person in EVERYBODY - allowed:
            assert api.call(person, method, asked).status == 404
        for person in EVERYBODY - knows(state):
            hidden, nothing = api.call(person, method, asked), api.call(person, method, absent)
            assert scrubbed(hidden.body, asked) == scrubbed(nothing.body, absent)
            assert hidden.headers.keys() == nothing.headers.keys()


def scrubbed(body: bytes, asked: str) -> bytes:
    """The answer without the names that were asked for."""
    for piece in asked.split("/"):
        body = body.replace(piece.encode(), b"*")
    return body


def test_the_store_as_a_whole(api: ApiBench, units: dict[str, UnitInState]) -> None:
    for (method, path), expected in STORE_TABLE.items():
        asked = address(path, units["checked"])
        assert api.call(None, method, asked, BODIES.get((method, path))).status == 401
        with undone():
            allowed = {
                person
                for person in PEOPLE
                if api.call(person, method, asked, BODIES.get((method, path))).status in (200, 201, 204)
            }
        assert allowed == expected, path


def test_the_work_list_holds_what_one_may_know_and_nothing_else(api: ApiBench, units: dict[str, UnitInState]) -> None:
    for person in PEOPLE:
        listed = api.bench.harness.store(person).work_list(person)
        expected = {str(found.prepared.unit) for state, found in units.items() if person in knows(state)}
        assert {item.unit for item in listed} == expected, person


@pytest.mark.parametrize("state", STATES)
def test_every_kind_of_intent_by_everybody(api: ApiBench, units: dict[str, UnitInState], state: str) -> None:
    """What the server answers is what the rules say of the same events, nothing more and nothing less."""
    found = units[state]
    events = api.bench.events()
    unit = str(found.prepared.unit)
    own = [event for event in events if event.unit == unit]
    context = build_context([event for event in events if event.unit is None], POLICY)
    for kind, person in itertools.product(Kind, PEOPLE):
        payload = payload_for(kind, found.prepared, person, found.reading)
        if payload is None:
            continue
        target = None if kind in STORE_WIDE else found.prepared.unit
        intent = api.bench.intent(person, kind, payload, target)
        known: list[Event] = list(events) if target is None else own
        says = decide(known, context, intent, api.bench.clock())
        with undone():
            answer = api.call(person, "post", path_of(kind, unit), ask_of(kind, intent_document(intent)))
        if isinstance(says, Refusal):
            assert answer.status in (403, 404, 409), (kind, person, answer)
            assert says.code.encode() in answer.body, (kind, person, says, answer)
        else:
            wants_body = kind in WITH_BODY and says
            assert answer.status == (409 if wants_body else 200), (kind, person, says, answer)
            assert not wants_body or b"server.upload_incomplete" in answer.body
    assert api.bench.events() == events


WITH_BODY: Mapping[Kind, str] = {
    Kind.READING_SUBMITTED: "readings",
    Kind.FINAL_STORED: "finals",
    Kind.UNIT_REGISTERED: "registration",
}


def path_of(kind: Kind, unit: str) -> str:
    return f"units/{unit}/{WITH_BODY[kind]}" if kind in WITH_BODY else "intents"


def ask_of(kind: Kind, intent: dict[str, Any]) -> dict[str, Any]:
    if kind is Kind.UNIT_REGISTERED:
        return {"intent": intent, "uploads": {}}
    if kind in WITH_BODY:
        return {"intent": intent, "upload": digest("not here"), "secret": PIN}
    return {"intent": intent, "secret": PIN}


def test_one_person_cannot_act_as_another(api: ApiBench, units: dict[str, UnitInState]) -> None:
    found = units["reading"]
    for kind in Kind:
        payload = payload_for(kind, found.prepared, "wang", digest("x"))
        target = None if kind in STORE_WIDE else found.prepared.unit
        for actor in ("chief", "system", "nobody"):
            intent = intent_document(api.bench.intent(actor, kind, payload, target))
            answer = api.call("wang", "post", path_of(kind, str(found.prepared.unit)), ask_of(kind, intent))
            assert (answer.status, b"server.other_person" in answer.body) == (403, True), (kind, actor)


def test_bodies_need_their_own_address(api: ApiBench, units: dict[str, UnitInState]) -> None:
    found = units["reading"]
    for kind in WITH_BODY:
        payload = payload_for(kind, found.prepared, "wang", digest("x"))
        intent = intent_document(api.bench.intent("wang", kind, payload, found.prepared.unit))
        assert api.call("wang", "post", "intents", {"intent": intent}).status == 409
        other = intent_document(api.bench.intent("wang", kind, payload, units["checked"].prepared.unit))
        path = path_of(kind, str(found.prepared.unit))
        assert api.call("wang", "post", path, ask_of(kind, other)).status == 422


def test_who_is_not_known_is_told_nothing(tmp_path: Path, api: ApiBench) -> None:
    for header in ("Token", "Token x", "Token \udcff", "Token a b", "Bearer x", f"Token {'f' * 64}", "Basic eDp5"):
        answer = api.call(None, "get", "me", headers={"Authorization": header.encode("utf-8", "replace").decode()})
        assert answer.status == 401, header
        assert answer.headers["Content-Type"] == "application/problem+json"
