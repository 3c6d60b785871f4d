"""Whatever is sent, right people get a sentence and wrong ones nothing: a 4xx, no trace, and a server that goes on."""

from __future__ import annotations

import gzip
import hashlib
import json
import socket
import struct
import threading
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from api_bench import ApiBench
from crc_core.files import nifti
from crc_core.files.canonical import canonical_bytes
from crc_core.files.sealed import MANIFEST_NAME, MANIFEST_SCHEMA
from crc_core.geometry.grid import Volume
from crc_core.identity import mask_name
from crc_core.reading.seal import LARGEST_DOCUMENT_BYTES
from crc_core.vocabulary import Role, Target
from crc_core.workflow.events import Kind
from crc_core.workflow.intents import intent_document
from live_server import LiveServer
from store_support import PIN, submission, write_study

GIGABYTE = 1024**3


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> ApiBench:
    """The server with everybody signed in."""
    folder = tmp_path_factory.mktemp("api")
    api = ApiBench(folder, write_study(folder / "study"))
    api.sign_in_everybody()
    return api


@pytest.fixture(scope="module")
def prepared(api: ApiBench) -> Any:
    """A unit that wang reads."""
    return api.bench.opened("wang")


Files = dict[str, bytes]


def other_grid(files: Files, prepared: Any) -> None:
    """A mask one voxel aside, and one of another shape."""
    name = mask_of(prepared)
    volume = read(files[name], prepared)
    moved = volume.grid.ijk_to_ras.copy()
    moved[0, 3] += 0.8
    files[name] = nifti.encode(Volume(volume.array, replace(volume.grid, ijk_to_ras=moved)), Path("x"))


def other_shape(files: Files, prepared: Any) -> None:
    name = mask_of(prepared)
    volume = read(files[name], prepared)
    larger = np.pad(volume.array, ((0, 1), (0, 0), (0, 0)))
    files[name] = nifti.encode(Volume(larger, replace(volume.grid, shape_kji=larger.shape)), Path("x"))


def bomb_of_another_grid(files: Files, prepared: Any) -> None:
    """Some kilobytes that say they are a gigabyte of voxels, and are."""
    head = bytearray(gzip.decompress(files[mask_of(prepared)])[:352])
    struct.pack_into("<8h", head, 40, 3, 1024, 1024, 1024, 1, 1, 1, 1)
    files[mask_of(prepared)] = squeezed(bytes(head), GIGABYTE)


def bomb_behind_the_voxels(files: Files, prepared: Any) -> None:
    """The right grid with a gigabyte behind it."""
    plain = gzip.decompress(files[mask_of(prepared)])
    files[mask_of(prepared)] = squeezed(plain, GIGABYTE)


def squeezed(start: bytes, zeros: int) -> bytes:
    """A gzip file of `start` and that many zeros, whose compressed stretches are made once and repeated."""
    packer, empty = (zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS) for _ in range(2))
    stretch = empty.compress(bytes(1 << 20)) + empty.flush(zlib.Z_FULL_FLUSH)
    first = packer.compress(start) + packer.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff" + first + stretch * (zeros >> 20) + packer.flush() + bytes(8)


def cut_off(files: Files, prepared: Any) -> None:
    files[mask_of(prepared)] = files[mask_of(prepared)][:-9]


def no_image(files: Files, prepared: Any) -> None:
    files[mask_of(prepared)] = b"GIF89a" + bytes(400)


def too_many_lesions(files: Files, prepared: Any) -> None:
    volume = read(files[mask_of(prepared)], prepared)
    files[mask_of(prepared)] = nifti.encode(
        Volume(np.where(volume.array != 0, 7, 0).astype(np.uint8), volume.grid), Path("x")
    )


def a_mask_more(files: Files, prepared: Any) -> None:
    files[f"masks/{mask_name(prepared.unit.series_code(Role.PVP), Target.LUNG)}"] = files[mask_of(prepared)]


def another_unit(files: Files, prepared: Any) -> None:
    document = json.loads(files["reading.json"])
    files["reading.json"] = canonical_bytes({**document, "unit": f"{prepared.unit.case}_T7"})


def another_reader(files: Files, prepared: Any) -> None:
    document = json.loads(files["reading.json"])
    files["reading.json"] = canonical_bytes({**document, "reader": "li"})


def deep_report(files: Files, prepared: Any) -> None:
    files["report.json"] = b'{"schema":' + b"[" * 200_000 + b"]" * 200_000 + b"}"


def huge_report(files: Files, prepared: Any) -> None:
    files["report.json"] = b'"' + bytes(LARGEST_DOCUMENT_BYTES) + b'"'


def wrong_types(files: Files, prepared: Any) -> None:
    files["reading.json"] = canonical_bytes({"schema": "crc-reading/1", "unit": 5, "targets": {"a": None}})


WRONG: tuple[Callable[[Files, Any], None], ...] = (
    other_grid,
    other_shape,
    bomb_of_another_grid,
    bomb_behind_the_voxels,
    cut_off,
    no_image,
    too_many_lesions,
    a_mask_more,
    another_unit,
    another_reader,
    deep_report,
    huge_report,
    wrong_types,
)


def mask_of(prepared: Any) -> str:
    return f"masks/{mask_name(prepared.unit.series_code(Role.PVP), Target.PRIMARY)}"


def read(data: bytes, prepared: Any) -> Volume:
    path = prepared.folders[prepared.unit.series_code(Role.PVP)].parent / "mask.nii.gz"
    path.write_bytes(data)
    return nifti.read_mask(path)


def bodies(api: ApiBench) -> set[str]:
    from crc_server.store.opening import open_store

    root = Path(open_store().bodies.storage.path(""))  # type: ignore[attr-defined]  # the local disk
    return {str(path.relative_to(root)) for path in root.rglob("*")}


@pytest.mark.parametrize("spoil", WRONG)
def test_a_reading_that_is_wrong_is_refused_in_a_sentence_and_leaves_nothing(
    api: ApiBench, prepared: Any, spoil: Callable[[Files, Any], None]
) -> None:
    sealed = api.bench.seal(prepared, "wang")
    files = {name: sealed.read(name) for name in sealed.manifest.files}
    spoil(files, prepared)
    listed = {name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)} for name, data in files.items()}
    manifest = canonical_bytes({"schema": MANIFEST_SCHEMA, "files": listed})
    upload = hashlib.sha256(manifest).hexdigest()
    events, before = api.bench.events(), bodies(api)
    assert api.call("wang", "put", f"uploads/{upload}", manifest).status == 200
    for name, data in files.items():
        assert api.call("wang", "put", f"uploads/{upload}/files/{name}", data).status == 200, name
    payload = replace(submission(sealed, "wang"), reading=upload)
    intent = intent_document(api.bench.intent("wang", Kind.READING_SUBMITTED, payload, prepared.unit))
    tracemalloc.start()
    answer = api.call("wang", "post", f"units/{prepared.unit}/readings", {"intent": intent, "upload": upload})
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 400 <= answer.status < 500, answer
    told = json.loads(answer.body)
    assert told["title"]
    assert told["detail"]
    assert "/" not in told.get("file", "")
    assert peak < 64 * 1024 * 1024
    assert api.bench.events() == events
    assert bodies(api) == before
    assert api.call("wang", "delete", f"uploads/{upload}").status == 204


def test_who_signs_in_twice_at_once_is_let_in_twice(api: ApiBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that is through takes away the count of tries which the other is just about to raise."""
    from crc_server.models import TriesRow

    manager, taken = type(TriesRow.objects), []
    get_or_create = manager.get_or_create

    def taken_away(self: Any, *given: Any, **named: Any) -> Any:
        answer = get_or_create(self, *given, **named)
        if self.model is TriesRow and not taken:
            taken.append(TriesRow.objects.filter(person="li").delete())
        return answer

    monkeypatch.setattr(manager, "get_or_create", taken_away)
    assert api.call(None, "post", "sessions", {"person": "li", "password": PIN}).status == 201
    assert taken
    assert api.call(None, "post", "sessions", {"person": "li", "password": "not that one"}).status == 401
    assert TriesRow.objects.get(person="li").wrong == 1


UP = ("../", "..%2f", "%2e%2e/", "....//", "%c0%ae%c0%ae/", "..%5c", "%00", "//")


@pytest.mark.parametrize("up", UP)
def test_no_path_leads_out(api: ApiBench, prepared: Any, up: str) -> None:
    target = f"{up * 6}etc/passwd"
    reading = api.bench.seal(prepared, "wang").sha256
    paths = [
        f"units/{prepared.unit}/images/PVP/{target}",
        f"units/{prepared.unit}/final/files/{target}",
        f"readings/{reading}/files/{target}",
        f"units/{target}",
        f"cases/{target}/records",
        f"uploads/{target}",
        target,
    ]
    for path in paths:
        for person in ("manager", "wang"):
            answer = api.call(person, "get", path)
            assert 400 <= answer.status < 500, path
            assert b"root:" not in answer.body
    for path in (f"/cases/{target}", f"/units/{prepared.unit}/pictures/{target}", f"/static/{target}", f"/{target}"):
        answer = api._client.get(path)
        assert answer.status_code in (302, 301, 400, 404), path


DOCUMENTS = {
    "not json": b"{",
    "not utf-8": b"\xff\xfe{}",
    "a list": b"[]",
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "a number nobody can hold": b'{"person": 1e999, "password": "x"}',
    "not a number": b'{"person": NaN, "password": "x"}',
    "half a character": b'{"person": "\\ud800", "password": "x"}',
    "a nul": b'{"person": "a\\u0000", "password": "x"}',
    "wrong types": b'{"person": {}, "password": []}',
    "unknown keys": b'{"person": "wang", "password": "x", "role": "admin"}',
    "long": b'{"person": "' + b"w" * 1_000_000 + b'", "password": "x"}',
}


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("path", ["sessions", "intents", "search", "records/clinical", "cases"])
def test_documents_that_are_none(api: ApiBench, name: str, path: str) -> None:
    headers = {"HTTP_AUTHORIZATION": f"Token {api._tokens['manager']}"}
    answer = api._client.post(f"/api/v1/{path}", DOCUMENTS[name], content_type="application/json", **headers)
    assert 400 <= answer.status_code < 500
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_what_is_too_large_is_told_before_it_is_read(api: ApiBench) -> None:
    class Endless:
        def read(self, *_: int) -> bytes:
            raise AssertionError("somebody reads it")

        readline = read

    for path in ("/api/v1/sessions", "/api/v1/intents", "/sign-in", "/tables", "/search"):
        for length in (str(5 * GIGABYTE), "9" * 400, "-1", "x"):
            answer = api._client.generic(
                "POST", path, b"", content_type="multipart/form-data; boundary=x", CONTENT_LENGTH=length,
                **{"wsgi.input": Endless()},
            )  # fmt: skip
            assert answer.status_code in (400, 413), (path, length)


def test_the_same_wish_many_times_at_once_happens_once(sqlite_server: LiveServer, tmp_path: Path) -> None:
    sqlite_server.reset()
    line = sqlite_server.connection()
    token = line.post("sessions", {"person": "manager", "password": PIN})["token"]
    ask = {"site": "01"}
    url = sqlite_server.address.at("intents")
    headers = {"Authorization": f"Token {token}"}
    case = requests.post(sqlite_server.address.at("cases"), json=ask, headers=headers, timeout=20).json()["case"]
    assert case
    from crc_core.workflow import payloads as p
    from crc_core.workflow.intents import new_intent
    from store_support import START

    flagged = p.ReadingsFlagged("zhao", START, "agreement below the mark")
    intent = intent_document(new_intent(Kind.READINGS_FLAGGED, None, "manager", START, flagged))
    answers: list[dict[str, Any]] = []

    def wish() -> None:
        answers.append(requests.post(url, json={"intent": intent}, headers=headers, timeout=30).json())

    threads = [threading.Thread(target=wish) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer["repeated"] for answer in answers) == [False] + [True] * 11
    events = requests.get(sqlite_server.address.at("events"), headers=headers, timeout=20).json()["events"]
    assert sum(event["kind"] == Kind.READINGS_FLAGGED.value for event in events) == 1


@pytest.fixture
def slow_callers(sqlite_server: LiveServer) -> Iterator[list[socket.socket]]:
    """Many who begin a request and do not go on: half a head, or a body that never comes."""
    address = ("127.0.0.1", sqlite_server.port)
    starts = (
        b"POST /api/v1/sessions HTTP/1.1\r\nHost: localhost\r\nX-Slow:",
        b"PUT /api/v1/uploads/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n{",
        b"",
    )
    callers = [socket.create_connection(address) for _ in range(60)]
    for number, caller in enumerate(callers):
        caller.sendall(starts[number % len(starts)])
    yield callers
    for caller in callers:
        caller.close()


def test_slow_callers_keep_nobody_waiting(sqlite_server: LiveServer, slow_callers: list[socket.socket]) -> None:
    """More of them than the server has threads: a body is taken in before a thread is asked."""
    assert len(slow_callers) > 10 * 4
    for _ in range(5):
        assert requests.get(sqlite_server.address.at("store"), timeout=10).ok


def test_lines_that_are_no_requests_are_answered_or_closed(sqlite_server: LiveServer) -> None:
    for data in (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"POST /api/v1/sessions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /" + b"a" * 300_000 + b" HTTP/1.1\r\n\r\n",
        b"\x00" * 4096 + b"\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", sqlite_server.port), timeout=10) as caller:
            caller.sendall(data)
            caller.shutdown(socket.SHUT_WR)
            answer = caller.recv(4096)
        assert not answer or answer.split()[1][:1] == b"4", (data[:40], answer)
    assert requests.get(sqlite_server.address.at("store"), timeout=10).ok


def test_a_line_cut_in_mid_upload_leaves_what_came_and_the_rest_follows(
    sqlite_server: LiveServer, tmp_path: Path
) -> None:
    sqlite_server.reset()
    token = sqlite_server.connection().post("sessions", {"person": "wang", "password": PIN})["token"]
    content = bytes(range(256)) * 4096
    listed = {"a": {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}}
    manifest = canonical_bytes({"schema": MANIFEST_SCHEMA, "files": listed})
    upload = hashlib.sha256(manifest).hexdigest()
    kind = {"Authorization": f"Token {token}", "Content-Type": "application/octet-stream"}
    at = sqlite_server.address.at
    assert requests.put(at(f"uploads/{upload}"), manifest, headers=kind, timeout=20).ok
    head = (
        f"PUT /api/v1/uploads/{upload}/files/a HTTP/1.1\r\nHost: localhost\r\nAuthorization: Token {token}\r\n"
        f"Content-Type: application/octet-stream\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", sqlite_server.port), timeout=10) as caller:
        caller.sendall(head.encode() + content[: len(content) // 2])
    state = requests.get(at(f"uploads/{upload}"), headers=kind, timeout=20).json()
    received = state["files"][0]["received"]
    assert 0 <= received <= len(content) // 2
    span = {"Content-Range": f"bytes {received}-{len(content) - 1}/{len(content)}"}
    done = requests.put(at(f"uploads/{upload}/files/a"), content[received:], headers={**kind, **span}, timeout=20)
    assert done.json()["received"] == len(content)
    kept = next((sqlite_server.folder / "data" / "uploads").rglob(f"{upload}/body/a"))
    assert kept.read_bytes() == content
    assert MANIFEST_NAME in {path.name for path in kept.parent.iterdir()}
