"""Everything a reader can get from the server, headers and pages and all, with and without the other reading.

How long an answer takes is compared by what it costs a process that knows the chain: the questions asked of the
database and the files opened. Seconds on a busy machine would tell less.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from api_bench import ApiBench
from crc_core.workflow.events import STORE_WIDE, Kind
from crc_core.workflow.intents import intent_document
from server_support import django_ready
from store_contract import DISPUTING_SHIFT, payload_for
from store_support import PIN, StudySource, digest, write_study

django_ready()
from django.contrib.auth.models import User  # noqa: E402 - Django has to be set up first
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

ROLES = ("PVP", "CHEST", "NC", "OTHER", "x")
RANDOM = re.compile(rb'"(intent_id|id)":"[0-9a-f]{32}"')
"""What is not the same twice: the id of an intent, which the client chose, and that of the store."""

OF_A_READING = frozenset({Kind.READING_SUBMITTED, Kind.READING_WITHDRAWN})


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> StudySource:
    """A study on disk."""
    return write_study(tmp_path_factory.mktemp("study"))


TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="[^"]+"')
Told = tuple[str, int, bytes, Any, int]
"""What was asked, the status, the body, the headers, and what the answer cost."""


def everything(api: ApiBench, reader: str, prepared: Any, own: str, other: str) -> list[Told]:
    """Every answer to `reader`: all addresses, with own and foreign names, every kind of intent, and the pages."""
    unit, case = str(prepared.unit), prepared.unit.case
    paths = ["store", "me", "overview", "work-list", "work-list?limit=1", "events", "events/head", "people"]
    paths += [f"units/{unit}", f"units/{unit}/final", f"units/{unit}/final/files/final.json"]
    paths += [f"units/{unit}/priors", f"units/{unit}/archive", f"cases/{case}/records"]
    paths += ["statistics", "progress", "audit"]
    paths += [f"units/{unit}?at={moment}T00:00Z" for moment in ("2026-01-05", "2026-01-06", "2030-01-01")]
    paths += [f"units/{unit}/images/{role}{name}" for role in ROLES for name in ("", "/00001.dcm", "/none.dcm")]
    for reading in (own, other, digest("none")):
        paths += [f"readings/{reading}", f"readings/{reading}/files/report.json", f"uploads/{reading}"]
    for path in (f"units/{unit}", "overview", "work-list"):
        # What the process has to learn anew after an event costs once, whoever asks first.
        api.call(reader, "get", path)
    told = [(path, *_asked(api, reader, "get", path)) for path in paths]
    ranged = _asked(api, reader, "get", f"units/{unit}/images/PVP/00001.dcm", headers={"Range": "bytes=5-9"})
    told.append(("range", *ranged))
    told += [(path, *_asked(api, reader, "post", path, {})) for path in ("advance", "cases")]
    told += [(f"search {where}", *_asked(api, reader, "post", "search", {"where": where})) for where in SEARCHES]
    told += _pages(reader, unit, case, own, other)
    for kind in Kind:
        for reading in (own, other) if kind in OF_A_READING else (own,):
            payload = payload_for(kind, prepared, reader, reading)
            if payload is not None:
                told += _ask(api, reader, kind, payload, prepared)
    told += [(path, *_asked(api, reader, "get", path)) for path in ("work-list", f"units/{unit}")]
    return told


SEARCHES: tuple[Any, ...] = ({"all": []}, {"any": [{"field": "phase", "is": "is", "value": "comparing"}]})


def _pages(reader: str, unit: str, case: str, own: str, other: str) -> list[Told]:
    """The same of the pages, as a browser meets them."""
    browser = Client(SERVER_NAME="localhost", headers={"Accept-Language": "en"})
    browser.force_login(User.objects.get(username=reader))
    addresses = ["/", "/work", "/progress", "/search", "/grants", "/audit", "/people", "/tables", f"/cases/{case}"]
    addresses += [f"/cases/{case}?at=2026-01-06T00:00", f"/units/{unit}/report", f"/units/{unit}/archive"]
    addresses += [f"/units/{unit}/pictures/primary", *(f"/units/{unit}/report?final={name}" for name in (own, other))]
    told = []
    for address in addresses:
        with _costing() as cost:
            answer = browser.get(address)
            body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        told.append((address, answer.status_code, TOKEN.sub(b"", body), sorted(answer.headers.items()), cost()))
    return told


def _ask(api: ApiBench, reader: str, kind: Kind, payload: Any, prepared: Any) -> list[Told]:
    intent = api.bench.intent(reader, kind, payload, None if kind in STORE_WIDE else prepared.unit)
    ask = {"intent": intent_document(intent), "secret": PIN}
    told = [(f"intents {kind}", *_asked(api, reader, "post", "intents", ask))]
    for path in ("readings", "finals"):
        body = {**ask, "upload": digest("no upload")}
        told.append((f"{path} {kind}", *_asked(api, reader, "post", f"units/{prepared.unit}/{path}", body)))
    return told


def _asked(api: ApiBench, reader: str, method: str, path: str, *body: Any, **more: Any) -> tuple[int, bytes, Any, int]:
    with _costing() as cost:
        answer = api.call(reader, method, path, *body, **more)
    return answer.status, RANDOM.sub(b"", answer.body), sorted(answer.headers.items()), cost()


@contextmanager
def _costing() -> Iterator[Callable[[], int]]:
    """What happens in the block: questions to the database and files of bodies that are opened or measured."""
    from crc_server.store.bodies import StoredBodies

    touched = 0
    methods = ("reading", "final", "series_folder", "series_key", "manifest", "open")

    def counted(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*values: Any) -> Any:
            nonlocal touched
            touched += 1
            return method(*values)

        return call

    with CaptureQueriesContext(connection) as asked, pytest.MonkeyPatch.context() as patch:
        for name in methods:
            patch.setattr(StoredBodies, name, counted(getattr(StoredBodies, name)))
        yield lambda: len(asked) * 1000 + touched


@pytest.mark.parametrize("own_is_in", [False, True])
def test_no_answer_tells_of_another_reading(tmp_path: Path, source: StudySource, own_is_in: bool) -> None:
    told = []
    variants = ["nobody else", "assigned", "submitted", *(["compared"] if own_is_in else [])]
    for number, others in enumerate(variants):
        folder = tmp_path / str(number)
        folder.mkdir()
        api = ApiBench(folder, source)
        api.sign_in_everybody()
        prepared = api.bench.opened("wang", *(() if others == "nobody else" else ("li",)))
        own = api.bench.read(prepared, "wang").sha256 if own_is_in else digest("own")
        foreign = api.bench.seal(prepared, "li", DISPUTING_SHIFT)
        if others in ("submitted", "compared"):
            api.bench.read(prepared, "li", DISPUTING_SHIFT)
        api.bench.clock.wait(minutes=31)
        if others == "compared":
            assert api.bench.harness.advance() == (str(prepared.unit),)
        told.append(everything(api, "wang", prepared, own, foreign.sha256))
    for variant in told[1:]:
        for first, second in zip(told[0], variant, strict=True):
            assert first == second, first[0]
    statuses = {path: status for path, status, *_ in told[0]}
    assert {statuses["me"], statuses["work-list"], statuses["range"]} == {200, 206}
    assert {statuses["/work"], statuses[f"/cases/{prepared.unit.case}"]} == {200}
    assert max(cost for *_, cost in told[0]) > 1000
