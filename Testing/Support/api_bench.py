"""The server in this process as each person reaches it over its API, with a unit in every state."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crc_core.files.sealed import SealedFolder
from crc_core.store.protocol import PreparedUnit
from crc_core.workflow import payloads as p
from crc_core.workflow.events import Kind
from server_clock import FileClock
from server_support import clock_file, django_ready, new_server_store
from store_contract import DISPUTING_SHIFT, Bench
from store_support import PEOPLE, PIN, StudySource, accepted, digest

if TYPE_CHECKING:
    from crc_server.store.server_store import ServerStore

STATES = (
    "registered",
    "checked",
    "reading",
    "submitted",
    "disputed",
    "final",
    "released",
    "ungranted",
    "excluded",
    "withdrawn",
)
"""Where a unit can stand; the data user has a grant for the final and the released one, not for the ungranted final."""


class DirectHarness:
    """Everybody reaches the same database, each request with a store of its own."""

    def __init__(self, folder: Path) -> None:
        django_ready()
        self.clock = FileClock(clock_file())
        new_server_store()

    def store(self, person: str) -> ServerStore:
        """The store as the next request meets it."""
        from crc_server.store.opening import open_store

        return open_store()

    def advance(self) -> tuple[str, ...]:
        """What the server does by itself."""
        return tuple(self.store("system").advance())


@dataclass(frozen=True)
class UnitInState:
    """A unit brought to a state, with wang's reading of it where there is one."""

    prepared: PreparedUnit
    reading: str


def unit_in(bench: Bench, state: str) -> UnitInState:
    """A new unit in that state."""
    if state == "registered":
        prepared = bench.prepared()
        accepted(bench.admit(prepared))
        return UnitInState(prepared, digest("none"))
    if state == "checked":
        return UnitInState(bench.opened(), digest("none"))
    prepared = bench.opened("wang", "li")
    if state == "reading":
        return UnitInState(prepared, digest("none"))
    sealed = bench.read(prepared, "wang")
    if state == "submitted":
        return UnitInState(prepared, sealed.sha256)
    _settle(bench, prepared, state)
    return UnitInState(prepared, sealed.sha256)


def _settle(bench: Bench, prepared: PreparedUnit, state: str) -> None:
    unit = prepared.unit
    bench.read(prepared, "li", DISPUTING_SHIFT)
    bench.clock.wait(minutes=31)
    bench.harness.advance()
    if state == "excluded":
        bench.must("chief", Kind.UNIT_EXCLUDED, p.UnitExcluded("not_crc", "a lymphoma after all"), unit)
    elif state == "withdrawn":
        bench.must("manager", Kind.CONSENT_WITHDRAWN, p.ConsentWithdrawn("the patient asked"), unit)
    elif state in ("final", "released", "ungranted"):
        final = _sign(bench, prepared)
        if state == "released":
            bench.must("manager", Kind.UNIT_RELEASED, p.UnitReleased("2026-1", final.sha256), unit)
        if state != "ungranted":
            bench.must("admin", Kind.ACCESS_GRANTED, p.AccessGranted(f"g-{unit}", "user", (str(unit),), "a study"))


def _sign(bench: Bench, prepared: PreparedUnit) -> SealedFolder:
    comparison = bench.harness.store("chief").unit(prepared.unit, "chief").comparison
    assert comparison is not None
    final = bench.seal_final(prepared, comparison.readings, "chief")
    accepted(bench.sign(final, prepared.unit, "chief", comparison.readings))
    return final


class ApiBench:
    """Requests in this process; `call` answers the response with its body read."""

    def __init__(self, folder: Path, source: StudySource) -> None:
        self.bench = Bench(DirectHarness(folder), source, folder)
        from django.test import Client

        self._client = Client(SERVER_NAME="localhost", raise_request_exception=True)
        self._tokens: dict[str, str] = {}

    def sign_in_everybody(self) -> None:
        """Tokens for everybody."""
        for person in PEOPLE:
            answer = self.call(None, "post", "sessions", {"person": person, "password": PIN})
            self._tokens[person] = json.loads(answer.body)["token"]

    def call(
        self, person: str | None, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request of a person (None: of nobody)."""
        token = {} if person is None else {"Authorization": f"Token {self._tokens[person]}"}
        options: dict[str, Any] = {"headers": {"Accept-Language": "en", **token, **(headers or {})}}
        if isinstance(body, bytes):
            options |= {"data": body, "content_type": "application/octet-stream"}
            options["headers"]["Content-Length"] = str(len(body))
        elif body is not None:
            options |= {"data": json.dumps(body), "content_type": "application/json"}
        response = getattr(self._client, method)(f"/api/v1/{path}", **options)
        content = b"".join(response.streaming_content) if response.streaming else response.content
        # `response.close()` would tell Django that the request is over, and it would close the database under `undone`.
        for close in response._resource_closers:
            close()
        return Answer(response.status_code, content, dict(response.headers))


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: bytes
    headers: dict[str, str]


@contextmanager
def undone() -> Iterator[None]:
    """Whatever the block does in the database is taken back at its end."""
    from crc_server.store.chain import store_row
    from crc_server.store.memory import ChainMemory
    from django.apps import apps
    from django.db import transaction

    with transaction.atomic():
        before = store_row().head_seq
        try:
            yield
        finally:
            is_changed = store_row().head_seq != before
            transaction.set_rollback(True)
    if is_changed:
        apps.get_app_config("crc").memory = ChainMemory()
