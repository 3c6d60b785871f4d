"""Uploads: whole files and ranges, cut lines, false content, path tricks, other people's."""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from api_bench import Answer, ApiBench
from crc_core.errors import CrcError
from crc_core.files.canonical import canonical_bytes
from crc_core.files.sealed import MANIFEST_SCHEMA
from crc_core.workflow.events import Kind
from crc_core.workflow.intents import intent_document
from hypothesis import given
from hypothesis import strategies as st
from server_support import django_ready
from store_support import submission, write_study


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> ApiBench:
    """The server with everybody signed in."""
    folder = tmp_path_factory.mktemp("api")
    api = ApiBench(folder, write_study(folder / "study"))
    api.sign_in_everybody()
    return api


def manifest_of(files: dict[str, bytes]) -> tuple[str, bytes]:
    listed = {name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)} for name, data in files.items()}
    data = canonical_bytes({"schema": MANIFEST_SCHEMA, "files": listed})
    return hashlib.sha256(data).hexdigest(), data


def begin(api: ApiBench, files: dict[str, bytes], person: str = "wang") -> str:
    name, data = manifest_of(files)
    api.call(person, "delete", f"uploads/{name}")
    assert api.call(person, "put", f"uploads/{name}", data).status == 200
    return name


def put(api: ApiBench, upload: str, name: str, data: bytes, start: int | None = None, total: int = 0) -> Answer:
    headers = {} if start is None else {"Content-Range": f"bytes {start}-{start + len(data) - 1}/{total}"}
    return api.call("wang", "put", f"uploads/{upload}/files/{name}", data, headers)


def code(answer: Answer) -> str:
    return str(json.loads(answer.body)["code"])


def received(api: ApiBench, upload: str) -> dict[str, int]:
    state = json.loads(api.call("wang", "get", f"uploads/{upload}").body)
    return {item["name"]: item["received"] for item in state["files"]}


CONTENT = b"0123456789" * 10


def test_a_file_goes_in_whole_or_in_ranges_and_again_without_harm(api: ApiBench) -> None:
    upload = begin(api, {"a": CONTENT, "masks/b.nii.gz": CONTENT[:50], "empty": b""})
    assert put(api, upload, "a", CONTENT).status == 200
    assert put(api, upload, "a", CONTENT).status == 200
    assert put(api, upload, "empty", b"").status == 200
    assert put(api, upload, "masks/b.nii.gz", CONTENT[:20], 0, 50).status == 200
    assert received(api, upload) == {"a": 100, "masks/b.nii.gz": 20, "empty": 0}
    assert put(api, upload, "masks/b.nii.gz", CONTENT[20:50], 20, 50).status == 200
    state = json.loads(api.call("wang", "get", f"uploads/{upload}").body)
    assert state["whole"]
    _, manifest = manifest_of({"a": CONTENT, "masks/b.nii.gz": CONTENT[:50], "empty": b""})
    assert api.call("wang", "put", f"uploads/{upload}", manifest).status == 200
    assert received(api, upload)["a"] == 100


@given(cuts=st.lists(st.integers(1, 99), max_size=6).map(lambda cuts: sorted({0, *cuts, 100})))
def test_any_cut_into_ranges_gives_the_same_file(cuts: list[int]) -> None:
    from crc_server.api.upload_views import uploads
    from crc_server.uploads import Span

    django_ready()
    name, data = manifest_of({"a": CONTENT})
    upload = uploads().of("cutter", name)
    upload.begin(data)
    for start, end in itertools.pairwise(cuts):
        state = upload.put("a", io.BytesIO(CONTENT[start:end]), end - start, Span(start, 100))
        assert state.received == end
    assert upload.sealed().read("a") == CONTENT
    upload.remove()


def test_a_range_that_does_not_fit_tells_where_to_go_on(api: ApiBench) -> None:
    upload = begin(api, {"a": CONTENT})
    put(api, upload, "a", CONTENT[:30], 0, 100)
    for data, start, total, expected in (
        (CONTENT[40:], 40, 100, "server.range"),
        (CONTENT, 30, 100, "server.range"),
        (CONTENT[30:], 30, 99, "server.upload_length"),
    ):
        assert code(put(api, upload, "a", data, start, total)) == expected
        assert received(api, upload) == {"a": 30}
    # A range that overlaps what is here writes it anew: a sender that lost the answer need not know.
    assert put(api, upload, "a", CONTENT[10:], 10, 100).status == 200


def test_a_line_that_is_cut_keeps_what_came(api: ApiBench) -> None:
    from crc_server.api.upload_views import uploads

    upload = begin(api, {"a": CONTENT})
    with pytest.raises(CrcError) as caught:
        uploads().of("wang", upload).put("a", io.BytesIO(CONTENT[:60]), 100, None)
    assert caught.value.code == "server.upload_cut"
    assert received(api, upload) == {"a": 60}
    assert put(api, upload, "a", CONTENT[60:], 60, 100).status == 200


def test_other_content_than_promised_is_dropped(api: ApiBench) -> None:
    upload = begin(api, {"a": CONTENT})
    assert code(put(api, upload, "a", b"x" * 100)) == "server.upload_other"
    assert received(api, upload) == {"a": 0}
    assert put(api, upload, "a", CONTENT).status == 200


@pytest.mark.parametrize("name", ["b", "../a", "a/../../a", "/etc/passwd", "MANIFEST.json", "%2e%2e/a", "a%00b", "."])
def test_only_listed_files_go_in(api: ApiBench, name: str) -> None:
    upload = begin(api, {"a": CONTENT})
    assert put(api, upload, name, CONTENT).status in (404, 422)
    assert received(api, upload) == {"a": 0}


@pytest.mark.parametrize(
    "files",
    [
        {"../a": b"x"},
        {"/a": b"x"},
        {"a/b/c/d/e": b"x"},
        {"a\u0000": b"x"},
        {".hidden": b"x"},
        {"": b"x"},
    ],
)
def test_a_manifest_cannot_lead_elsewhere(api: ApiBench, files: dict[str, bytes]) -> None:
    name, data = manifest_of(files)
    assert api.call("wang", "put", f"uploads/{name}", data).status in (400, 422)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        canonical_bytes({"schema": "crc-manifest/2", "files": {}}),
        canonical_bytes({"schema": MANIFEST_SCHEMA, "files": {"a": {"sha256": "x", "bytes": -1}}}),
        canonical_bytes({"schema": MANIFEST_SCHEMA, "files": {"a": {"sha256": "x", "bytes": 10**15}}}),
        canonical_bytes({"schema": MANIFEST_SCHEMA, "files": {"a": {"sha256": "x", "bytes": True}}}),
    ],
)
def test_a_manifest_that_is_none_is_refused(api: ApiBench, data: bytes) -> None:
    name = hashlib.sha256(data).hexdigest()
    assert api.call("wang", "put", f"uploads/{name}", data).status in (413, 422)
    assert api.call("wang", "get", f"uploads/{name}").status == 404


def test_a_manifest_has_to_fit_its_name(api: ApiBench) -> None:
    _, data = manifest_of({"a": CONTENT})
    for name in ("0" * 64, "x", "..", "%2e%2e"):
        assert api.call("wang", "put", f"uploads/{name}", data).status in (404, 422)


def test_uploads_are_their_owners_alone(api: ApiBench) -> None:
    """That somebody else sent the same bytes must not show."""
    files = {"a": CONTENT, "b": CONTENT[::-1]}
    upload = begin(api, files)
    put(api, upload, "a", CONTENT)
    answers = []
    for one in (files, {"a": CONTENT, "b": b"never sent by anybody"}):
        name, data = manifest_of(one)
        answers.append(api.call("li", "get", f"uploads/{name}").status)
        state = json.loads(api.call("li", "put", f"uploads/{name}", data).body)
        answers.append([item["received"] for item in state["files"]])
        assert api.call("li", "delete", f"uploads/{name}").status == 204
    assert answers == [404, [0, 0]] * 2
    assert received(api, upload)["a"] == 100


def test_a_reading_goes_in_once_its_files_are_here(api: ApiBench) -> None:
    prepared = api.bench.opened("wang")
    sealed = api.bench.seal(prepared, "wang")
    payload = submission(sealed, "wang")
    intent = intent_document(api.bench.intent("wang", Kind.READING_SUBMITTED, payload, prepared.unit))
    ask: dict[str, Any] = {"intent": intent, "upload": sealed.sha256}
    path = f"units/{prepared.unit}/readings"
    assert code(api.call("wang", "post", path, ask)) == "server.upload_incomplete"
    manifest = (sealed.folder / "MANIFEST.json").read_bytes()
    assert api.call("wang", "put", f"uploads/{sealed.sha256}", manifest).status == 200
    for number, name in enumerate(sealed.manifest.files):
        if number:
            assert code(api.call("wang", "post", path, ask)) == "server.upload_incomplete"
        assert put(api, sealed.sha256, name, sealed.read(name)).status == 200
    first, again = api.call("wang", "post", path, ask), api.call("wang", "post", path, ask)
    assert json.loads(first.body) == {"intent_id": intent["id"], "repeated": False}
    assert json.loads(again.body) == {"intent_id": intent["id"], "repeated": True}
    assert api.call("wang", "get", f"uploads/{sealed.sha256}").status == 404


def test_what_is_half_written_never_lies_in_a_folder_that_is_sealed(
    api: ApiBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server may be killed at any moment, and what it leaves there would spoil the reading for good."""
    prepared = api.bench.opened("wang")
    sealed = api.bench.seal(prepared, "wang")
    moved, replace = [], Path.replace

    def noted(source: Path, target: Any) -> Path:
        moved.append((source, Path(target)))
        return replace(source, target)

    monkeypatch.setattr(Path, "replace", noted)
    upload = begin(api, {name: sealed.read(name) for name in sealed.manifest.files})
    for name in sealed.manifest.files:
        put(api, upload, name, sealed.read(name))
    intent = api.bench.intent("wang", Kind.READING_SUBMITTED, submission(sealed, "wang"), prepared.unit)
    ask: dict[str, Any] = {"intent": intent_document(intent), "upload": upload}
    assert api.call("wang", "post", f"units/{prepared.unit}/readings", ask).status == 200
    into = [(source.parent, target) for source, target in moved if {"body", "readings"} & set(target.parts)]
    assert len(into) >= 2 * len(sealed.manifest.files)
    assert {folder.name for folder, _ in into} == {"parts", ".parts"}


def test_nothing_is_written_below_a_disk_that_is_not_there(api: ApiBench, tmp_path: Path) -> None:
    from crc_server.store.opening import open_store
    from crc_server.store.place import MARK

    prepared = api.bench.opened("wang")
    sealed = api.bench.seal(prepared, "wang")
    upload = begin(api, {name: sealed.read(name) for name in sealed.manifest.files})
    for name in sealed.manifest.files:
        put(api, upload, name, sealed.read(name))
    intent = api.bench.intent("wang", Kind.READING_SUBMITTED, submission(sealed, "wang"), prepared.unit)
    ask: dict[str, Any] = {"intent": intent_document(intent), "upload": upload}
    root, away = Path(open_store().bodies.storage.path("")), tmp_path / "away"  # type: ignore[attr-defined]  # a disk
    for mark, told in ((None, "server.bodies_gone"), ("another", "server.bodies_of_another")):
        root.rename(away)
        root.mkdir()
        if mark is not None:
            (root / MARK).write_text(mark)
        answers = [
            api.call("wang", "post", f"units/{prepared.unit}/readings", ask),
            api.call("wang", "get", f"units/{prepared.unit}/images/PVP"),
        ]
        left = {path.name for path in root.rglob("*")}
        shutil.rmtree(root)
        away.rename(root)
        assert [(answer.status, code(answer)) for answer in answers] == [(503, told)] * 2
        assert left == (set() if mark is None else {MARK})
    assert api.call("wang", "post", f"units/{prepared.unit}/readings", ask).status == 200


def test_who_left_cannot_fill_the_disk(api: ApiBench, tmp_path: Path) -> None:
    from api_bench import undone
    from crc_core.workflow import payloads as p
    from store_support import PEOPLE

    title, roles = PEOPLE["zhao"]
    with undone():
        api.bench.must("admin", Kind.PERSON_SET, p.PersonSet("zhao", title, frozenset(roles), "01", False))
        name, data = manifest_of({"a": CONTENT})
        assert code(api.call("zhao", "put", f"uploads/{name}", data)) == "workflow.unknown_person"
