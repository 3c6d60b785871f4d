"""What a data user meets: granted finals to search, look at and take away, nothing that names a patient; the audit."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from api_bench import ApiBench, UnitInState, undone, unit_in
from crc_core.workflow import payloads as p
from crc_core.workflow.events import Kind
from django.test import Client
from store_contract import DISPUTING_SHIFT
from store_support import PEOPLE, PIN, accepted, sealed_final, write_study

NAMED = "Mrs Zhang of 12 Harbour Road"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> ApiBench:
    """The server with everybody signed in over the API."""
    folder = tmp_path_factory.mktemp("api")
    api = ApiBench(folder, write_study(folder / "study"))
    api.sign_in_everybody()
    return api


@pytest.fixture(scope="module")
def units(api: ApiBench) -> dict[str, UnitInState]:
    """A granted final and one that is not granted, both with clinical records in which somebody wrote a name."""
    found = {state: unit_in(api.bench, state) for state in ("final", "ungranted")}
    rows = "".join(f"{item.prepared.unit.case},61,{NAMED}\n" for item in found.values())
    table = {"csv": f"case,age,diet\n{rows}", "preview": False}
    assert json.loads(api.call("manager", "post", "records/clinical", table).body)["changed"] == 2
    return found


@pytest.fixture(scope="module")
def visitors(api: ApiBench) -> dict[str, Client]:
    """A browser for some, signed in."""
    found = {}
    for person in ("admin", "manager", "user", "wang"):
        found[person] = Client(SERVER_NAME="localhost", headers={"Accept-Language": "en"})
        found[person].post("/sign-in", {"person": person, "password": PIN})
    return found


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else bytes(answer.content)


def test_an_administrator_grants_what_was_found_and_takes_it_back(
    api: ApiBench, units: dict[str, UnitInState], visitors: dict[str, Client]
) -> None:
    case = units["ungranted"].prepared.unit.case
    conditions = {"n0.join": "all", "n0.0.field": "code", "n0.0.is": "contains", "n0.0.value": case}
    form = {**conditions, "person": "user", "purpose": "one study", "until": "2027-01-31"}
    with undone():
        assert visitors["user"].get(f"/cases/{case}").status_code == 404
        for person in ("manager", "user", "wang"):
            assert visitors[person].post("/grants/new", form).status_code == 403
        assert visitors["admin"].post("/grants/new", {**form, "until": "soon"}).status_code == 422
        assert visitors["admin"].post("/grants/new", {**form, "purpose": " "}).status_code == 409
        assert visitors["admin"].post("/grants/new", {**form, "person": "wang"}).status_code == 409
        assert visitors["admin"].post("/grants/new", form).status_code == 302
        event = api.bench.events()[-1]
        assert (event.kind, event.actor, event.payload.units) == (
            Kind.ACCESS_GRANTED,
            "admin",
            (str(units["ungranted"].prepared.unit),),
        )
        assert visitors["user"].get(f"/cases/{case}").status_code == 200
        for person in ("admin", "manager", "user"):
            assert event.payload.grant in visitors[person].get("/grants").content.decode()
        ending = f"/grants/{event.payload.grant}/end"
        assert visitors["manager"].post(ending, {"reason": "over"}).status_code == 403
        assert visitors["admin"].post(ending, {"reason": ""}).status_code == 409
        assert visitors["admin"].post(ending, {"reason": "the study is over"}).status_code == 302
        assert visitors["user"].get(f"/cases/{case}").status_code == 404
        assert event.payload.grant not in visitors["user"].get("/grants").content.decode()


def test_a_data_user_finds_what_was_granted_and_nothing_else(
    api: ApiBench, units: dict[str, UnitInState], visitors: dict[str, Client]
) -> None:
    granted = str(units["final"].prepared.unit)
    for where in ({"all": []}, {"any": [{"field": "age", "is": "is", "value": "61"}]}):
        found = json.loads(api.call("user", "post", "search", {"where": where}).body)
        assert (found["count"], [item["unit"] for item in found["units"]]) == (1, [granted])
    page = visitors["user"].post("/search", {"n0.join": "all"}).content.decode()
    assert granted in page
    assert str(units["ungranted"].prepared.unit) not in page
    assert json.loads(api.call("user", "get", "work-list").body)["units"][0]["unit"] == granted


def test_no_words_about_a_patient_reach_a_data_user_on_any_way(
    api: ApiBench, units: dict[str, UnitInState], visitors: dict[str, Client]
) -> None:
    case, unit = units["final"].prepared.unit.case, str(units["final"].prepared.unit)
    probe = {"where": {"all": [{"field": "diet", "is": "contains", "value": "Zhang"}]}}
    assert json.loads(api.call("manager", "post", "search", probe).body)["count"] == 2
    assert api.call("user", "post", "search", probe).status == 422
    conditions = {"n0.join": "all", "n0.0.field": "diet", "n0.0.is": "contains", "n0.0.value": "Zhang"}
    assert b"<strong>1</strong>" in visitors["user"].post("/search", conditions).content
    with undone():
        shown = [
            body(visitors["user"].get(f"/cases/{case}")),
            visitors["user"].post("/search/export", conditions).content,
            body(visitors["user"].get(f"/units/{unit}/archive")),
            api.call("user", "get", f"cases/{case}/records").body,
            api.call("user", "get", f"units/{unit}").body,
        ]
    assert [NAMED.encode() in item for item in shown] == [False] * len(shown)
    assert b"61" in shown[0]
    assert [row["age"] for row in [item["values"] for item in json.loads(shown[3])["records"]]] == [61]
    assert not any(b'"%s"' % person.encode() in shown[4] for person in PEOPLE)
    assert NAMED in visitors["manager"].get(f"/cases/{case}").content.decode()


def test_words_in_a_final_do_not_leave_with_a_data_user(
    api: ApiBench, visitors: dict[str, Client], tmp_path: Path
) -> None:
    with undone():
        _words_stay(api, visitors, tmp_path)


def _words_stay(api: ApiBench, visitors: dict[str, Client], folder: Path) -> None:
    prepared = api.bench.opened("wang", "li")
    unit = str(prepared.unit)
    api.bench.read(prepared, "wang")
    api.bench.read(prepared, "li", DISPUTING_SHIFT)
    api.bench.clock.wait(minutes=31)
    api.bench.harness.advance()
    comparison = api.bench.harness.store("chief").unit(prepared.unit, "chief").comparison
    assert comparison is not None
    final = sealed_final(folder / "final", prepared, comparison.readings, "chief", words=NAMED)
    accepted(api.bench.sign(final, prepared.unit, "chief", comparison.readings))
    api.bench.must("admin", Kind.ACCESS_GRANTED, p.AccessGranted("g-words", "user", (unit,), "a study"))
    for person, sees in (("chief", True), ("user", False)):
        files = {name: api.call(person, "get", f"units/{unit}/final/files/{name}") for name in final.manifest.files}
        refused = {name for name, answer in files.items() if answer.status != 200}
        assert refused == (set() if sees else {"final.json", "report.json"})
        archive = zipfile.ZipFile(io.BytesIO(api.call(person, "get", f"units/{unit}/archive").body))
        told = [answer.body for answer in files.values()] + [archive.read(name) for name in archive.namelist()]
        assert any(NAMED.encode() in item for item in told) is sees
    documents = {
        name: json.loads(archive.read(f"final-without-words/{name}")) for name in ("final.json", "report.json")
    }
    assert documents["final.json"]["targets"][0]["lesions"][0]["number"] == 1
    assert documents["report.json"]["lesions"]
    assert NAMED not in visitors["user"].get(f"/units/{unit}/report").content.decode()


def test_an_archive_holds_the_final_the_report_and_the_images_and_stands_in_the_audit(
    api: ApiBench, units: dict[str, UnitInState], visitors: dict[str, Client]
) -> None:
    unit = units["final"].prepared.unit
    with undone():
        data = body(visitors["user"].get(f"/units/{unit}/archive"))
        again = api.call("user", "get", f"units/{unit}/archive")
        api.call("user", "get", f"units/{unit}/images/PVP")
        visitors["user"].post("/search/export", {"n0.join": "all"})
        taken = visitors["admin"].get("/grants").content.decode()
    assert again.status == 200
    assert [taken.count(f"<td>{what}</td>") for what in ("final with images", "images", "table")] == [2, 1, 1]
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert archive.testzip() is None
    names = archive.namelist()
    manifest = json.loads(archive.read("final/MANIFEST.json"))
    for name, entry in manifest["files"].items():
        assert hashlib.sha256(archive.read(f"final/{name}")).hexdigest() == entry["sha256"]
    for record in units["final"].prepared.registration.series:
        folder = units["final"].prepared.folders[record.code]
        there = sorted(name for name in names if name.startswith(f"images/{record.code}/"))
        assert [archive.read(name) for name in there] == [path.read_bytes() for path in sorted(folder.iterdir())]
    assert str(unit) in archive.read("report.html").decode()
    with undone():
        for person in ("wang", "manager"):
            assert visitors[person].get(f"/units/{unit}/archive").status_code == 200
        assert visitors["user"].get(f"/units/{units['ungranted'].prepared.unit}/archive").status_code == 404


def test_an_altered_image_never_makes_a_whole_archive(api: ApiBench, units: dict[str, UnitInState]) -> None:
    from crc_core.errors import CrcError
    from crc_core.text import Lang
    from crc_server.store.opening import open_store
    from crc_server.taking import archive_of

    unit, store = units["ungranted"].prepared.unit, open_store()
    record = store.series(unit, "manager")[0]
    path = sorted(store.bodies.series_folder(str(unit), record).glob("*.dcm"))[-1]
    before = path.read_bytes()
    try:
        path.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
        pieces, raised = [], None
        try:
            for piece in archive_of(store, unit, "manager", Lang.EN):
                pieces.append(piece)
        except CrcError as error:
            raised = error.code
        assert raised == "sealed.altered"
        with pytest.raises(zipfile.BadZipFile):
            zipfile.ZipFile(io.BytesIO(b"".join(pieces)))
    finally:
        path.write_bytes(before)


def test_a_search_is_kept_under_a_name_by_each_for_themselves(
    units: dict[str, UnitInState], visitors: dict[str, Client]
) -> None:
    conditions = {"n0.join": "any", "n0.0.field": "phase", "n0.0.is": "is", "n0.0.value": "final"}
    nested = {**conditions, "n0.1.join": "all", "n0.1.0.field": "age", "n0.1.0.is": "more", "n0.1.0.value": "100"}
    with undone():
        assert visitors["manager"].post("/search/save", {**nested, "name": " old  patients "}).status_code == 302
        page = visitors["manager"].get("/search?saved=old+patients").content.decode()
        assert 'name="n0.1.0.value" type="text" value="100"' in page
        assert "<strong>2</strong>" in page
        assert visitors["admin"].get("/search?saved=old+patients").status_code == 404
        assert "old patients" not in visitors["admin"].get("/search").content.decode()
        assert visitors["manager"].post("/search/save", {**nested, "name": " "}).status_code == 422
        assert visitors["wang"].post("/search/save", {**nested, "name": "x"}).status_code == 403
        visitors["manager"].post("/search/save", {"name": "old patients", "do": "forget"})
        assert visitors["manager"].get("/search?saved=old+patients").status_code == 404


def test_the_table_to_take_away_has_only_the_columns_one_may_know(
    units: dict[str, UnitInState], visitors: dict[str, Client]
) -> None:
    with undone():
        tables = {
            person: list(
                csv.reader(io.StringIO(visitors[person].post("/search/export", {}).content.decode("utf-8-sig")))
            )
            for person in ("manager", "user")
        }
    assert "Diet" in tables["manager"][0]
    assert set(tables["manager"][0]) - set(tables["user"][0]) == {
        "Ethnic group", "Occupation", "Diet", "Disease history", "Family history",
        "Adjuvant plan", "Change of plan", "Pathology of metastases", "Place of the event",
    }  # fmt: skip
    assert len(tables["user"]) == 2
