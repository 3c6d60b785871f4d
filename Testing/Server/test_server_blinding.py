"""Everything a reader can get from the server, headers and all, with and without the other reading."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from api_bench import Answer, ApiBench
from crc_core.workflow.events import STORE_WIDE, Kind
from crc_core.workflow.intents import intent_document
from store_contract import DISPUTING_SHIFT, payload_for
from store_support import PIN, StudySource, digest, write_study

ROLES = ("PVP", "CHEST", "NC", "OTHER", "x")
RANDOM = re.compile(rb'"(intent_id|id)":"[0-9a-f]{32}"')
"""What is not the same twice: the id of an intent, which the client chose, and that of the store."""

OF_A_READING = frozenset({Kind.READING_SUBMITTED, Kind.READING_WITHDRAWN})


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> StudySource:
    """A study on disk."""
    return write_study(tmp_path_factory.mktemp("study"))


def everything(api: ApiBench, reader: str, prepared: Any, own: str, other: str) -> list[tuple[str, int, bytes, Any]]:
    """Every answer to `reader`: all addresses, with own and foreign names, and every kind of intent."""
    unit = str(prepared.unit)
    paths = ["store", "me", "overview", "work-list", "work-list?limit=1", "events", "events/head", "people"]
    paths += [f"units/{unit}", f"units/{unit}/final", f"units/{unit}/final/files/final.json"]
    paths += [f"units/{unit}/images/{role}{name}" for role in ROLES for name in ("", "/00001.dcm", "/none.dcm")]
    for reading in (own, other, digest("none")):
        paths += [f"readings/{reading}", f"readings/{reading}/files/report.json", f"uploads/{reading}"]
    told = [(path, *_plain(api.call(reader, "get", path))) for path in paths]
    ranged = api.call(reader, "get", f"units/{unit}/images/PVP/00001.dcm", headers={"Range": "bytes=5-9"})
    told.append(("range", *_plain(ranged)))
    told += [(path, *_plain(api.call(reader, "post", path, {}))) for path in ("advance", "cases")]
    for kind in Kind:
        for reading in (own, other) if kind in OF_A_READING else (own,):
            payload = payload_for(kind, prepared, reader, reading)
            if payload is not None:
                told += _ask(api, reader, kind, payload, prepared)
    told += [(path, *_plain(api.call(reader, "get", path))) for path in ("work-list", f"units/{unit}")]
    return told


def _ask(api: ApiBench, reader: str, kind: Kind, payload: Any, prepared: Any) -> list[tuple[str, int, bytes, Any]]:
    intent = api.bench.intent(reader, kind, payload, None if kind in STORE_WIDE else prepared.unit)
    ask = {"intent": intent_document(intent), "secret": PIN}
    told = [(f"intents {kind}", *_plain(api.call(reader, "post", "intents", ask)))]
    for path in ("readings", "finals"):
        body = {**ask, "upload": digest("no upload")}
        told.append((f"{path} {kind}", *_plain(api.call(reader, "post", f"units/{prepared.unit}/{path}", body))))
    return told


def _plain(answer: Answer) -> tuple[int, bytes, Any]:
    return answer.status, RANDOM.sub(b"", answer.body), sorted(answer.headers.items())


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
    statuses = {path: status for path, status, _, _ in told[0]}
    assert {statuses["me"], statuses["work-list"], statuses["range"]} == {200, 206}
