"""How often each page and call asks the database: as often with many cases as with few."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from api_bench import ApiBench, unit_in
from crc_core.identity import UnitId
from crc_core.workflow import payloads as p
from crc_core.workflow.events import Kind
from store_support import write_study

MOST = {
    ("reader", "work-list"): 9,
    ("manager", "work-list"): 6,
    ("manager", "search"): 7,
    ("manager", "statistics"): 6,
    ("manager", "progress"): 9,
    ("manager", "overview"): 7,
    ("manager", "units/{unit}"): 5,
    ("reader", "units/{unit}"): 5,
    ("manager", "audit"): 7,
    ("manager", "events?limit=5"): 6,
    ("manager", "cases/{case}/records"): 7,
    ("manager", "/work"): 7,
    ("manager", "/progress"): 13,
    ("manager", "/search"): 9,
    ("manager", "/search/export"): 9,
    ("manager", "/cases/{case}"): 12,
    ("admin", "/audit"): 8,
    ("admin", "/people"): 6,
}
"""By person and place; `/…` are pages. Bounds with room: that the numbers stay the same is what matters."""
PEOPLE = {"reader": "wang", "manager": "manager", "admin": "admin"}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiBench]:
    """The server with everybody signed in."""
    folder = tmp_path_factory.mktemp("api")
    api = ApiBench(folder, write_study(folder / "study"))
    api.sign_in_everybody()
    yield api


def fill(api: ApiBench) -> None:
    """Units in some states, and a sample of units that are being read."""
    for state in ("registered", "reading", "disputed"):
        unit_in(api.bench, state)
    members = [api.bench.opened("wang", "li") for _ in range(2)]
    names = tuple(str(item.unit) for item in members)
    api.bench.must("manager", Kind.SAMPLE_DRAWN, p.SampleDrawn(1, names, {}, 28))


def queries(api: ApiBench, unit: UnitId) -> dict[tuple[str, str], int]:
    """The queries of each visit, once nothing has to be remembered for the first time."""
    from crc_server.store.memory import ChainMemory
    from django.apps import apps
    from django.contrib.auth.models import User
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    counted = {}
    for who, place in MOST:
        person = PEOPLE[who]
        address = place.format(unit=unit, case=unit.case)
        client = Client(SERVER_NAME="localhost")
        client.force_login(User.objects.get(username=person))

        def visit(client: Any = client, person: str = person, address: str = address) -> int:
            if address.endswith("/export"):
                return int(client.post(address, {"n0.join": "all"}).status_code)
            if address.startswith("/"):
                return int(client.get(address).status_code)
            method = "post" if address == "search" else "get"
            return api.call(person, method, address, {"where": {"all": []}} if method == "post" else None).status

        apps.get_app_config("crc").memory = ChainMemory()
        assert visit() == 200, (who, address)
        with CaptureQueriesContext(connection) as seen:
            visit()
        counted[who, place] = len(seen)
    return counted


def test_pages_ask_the_database_as_often_with_many_cases_as_with_few(api: ApiBench) -> None:
    unit = api.bench.opened("wang", "li").unit
    fill(api)
    few = queries(api, unit)
    fill(api)
    many = queries(api, unit)
    assert many == few
    assert {place: count for place, count in few.items() if count > MOST[place]} == {}
