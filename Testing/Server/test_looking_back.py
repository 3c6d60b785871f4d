"""A unit as it was at any moment, an earlier final in force again, records as they stood; nothing is ever erased."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from api_bench import ApiBench, UnitInState, undone, unit_in
from crc_core.decision.finals import FinalPlace
from crc_core.decision.going_back import final_again
from crc_core.files.sealed import SealedFolder
from crc_core.identity import mask_name
from crc_core.reading.seal import read_final, seal_final
from crc_core.vocabulary import Target, Title
from crc_core.workflow import payloads as p
from crc_core.workflow.events import Kind
from django.test import Client
from store_support import PIN, accepted, grid_of, tube, write_study


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> ApiBench:
    """The server with everybody signed in over the API."""
    folder = tmp_path_factory.mktemp("api")
    api = ApiBench(folder, write_study(folder / "study"))
    api.sign_in_everybody()
    return api


@pytest.fixture(scope="module")
def final(api: ApiBench) -> UnitInState:
    """A unit with its final."""
    return unit_in(api.bench, "final")


@pytest.fixture(scope="module")
def visitors(api: ApiBench) -> dict[str, Client]:
    """A browser for some, signed in."""
    found = {}
    for person in ("chief", "manager", "wang", "user"):
        found[person] = Client(SERVER_NAME="localhost", headers={"Accept-Language": "en"})
        found[person].post("/sign-in", {"person": person, "password": PIN})
    return found


def times(api: ApiBench, unit: Any) -> dict[Kind, datetime]:
    return {event.kind: event.at for event in api.bench.events() if event.unit == str(unit)}


def test_a_unit_is_told_as_it_was(api: ApiBench, final: UnitInState) -> None:
    unit = final.prepared.unit
    at = times(api, unit)

    def told(person: str, moment: datetime) -> Any:
        answer = api.call(person, "get", f"units/{unit}?at={moment.isoformat().replace('+', '%2B')}")
        return json.loads(answer.body)["phase" if answer.status == 200 else "code"]

    assert told("manager", at[Kind.READINGS_COMPARED]) == "final"
    assert told("manager", at[Kind.READING_SUBMITTED]) == "comparing"
    assert told("manager", at[Kind.UNIT_REGISTERED] - timedelta(seconds=1)) == "workflow.moment_unknown"
    assert told("wang", at[Kind.READING_SUBMITTED]) == "reading"
    assert told("user", at[Kind.FINAL_STORED]) == "final"
    assert told("user", at[Kind.READING_SUBMITTED]) == "workflow.moment_unknown"
    assert told("zhao", at[Kind.FINAL_STORED]) == "store.unknown_unit"
    for wrong in ("soon", "2026-01-05", "2026-01-05T10:00", "%00", "9" * 500):
        assert api.call("manager", "get", f"units/{unit}?at={wrong}").status == 422
    view = json.loads(api.call("chief", "get", f"units/{unit}?at={at[Kind.FINAL_STORED].isoformat()[:19]}Z").body)
    assert view["may"] == []


def test_who_is_blind_is_told_no_past(api: ApiBench) -> None:
    with undone():
        blind = unit_in(api.bench, "submitted").prepared.unit
        for moment in ("2026-01-01T00:00Z", "2030-01-01T00:00Z"):
            answer = api.call("wang", "get", f"units/{blind}?at={moment}")
            assert (answer.status, b"workflow.moment_blind" in answer.body) == (409, True)


def test_an_earlier_final_is_in_force_again_as_a_new_version(
    api: ApiBench, final: UnitInState, visitors: dict[str, Client], tmp_path: Path
) -> None:
    from crc_server.store.opening import open_store

    unit, store = final.prepared.unit, api.bench.harness.store("chief")
    first = store.unit(unit, "chief").finals[0]
    address = f"/units/{unit}/finals/restore"
    form = {"final": first.final, "reason": "a vessel was drawn", "secret": PIN}
    with undone():
        assert visitors["chief"].post(address, form).status_code == 409
        second = redrawn(api, final, first.final, tmp_path)
        for person in ("manager", "wang", "user"):
            assert visitors[person].post(address, form).status_code in (403, 404), person
        assert visitors["chief"].post(address, {**form, "secret": "wrong"}).status_code == 403
        assert visitors["chief"].post(address, {**form, "reason": " "}).status_code == 409
        assert visitors["chief"].post(address, {**form, "final": "0" * 64}).status_code == 404
        before = api.bench.events()
        assert visitors["chief"].post(address, form).status_code == 302
        after = api.bench.events()
        assert after[:-1] == before
        payload = after[-1].payload
        assert (payload.version, payload.supersedes, payload.reason) == (3, second.sha256, "a vessel was drawn")
        versions = open_store().unit(unit, "chief").finals
        assert [item.version for item in versions] == [1, 2, 3]
        old, new = (
            read_final(open_store().open_final(unit, "wang", item.final)) for item in (versions[0], versions[2])
        )
        assert new.final.restores == first.final
        assert new.report == old.report
        drawn = [name for name in old.sealed.manifest.files if name.startswith("masks/")]
        assert [new.sealed.read(name) for name in drawn] == [old.sealed.read(name) for name in drawn]
        page = visitors["wang"].get(f"/cases/{unit.case}").content.decode()
        assert f"/units/{unit}/report?final={first.final}" in page
        assert visitors["wang"].get(f"/units/{unit}/report?final={first.final}").status_code == 200
        assert "v3" in page
        assert "finals/restore" not in page
        assert "finals/restore" in visitors["chief"].get(f"/cases/{unit.case}").content.decode()


def redrawn(api: ApiBench, final: UnitInState, first: str, folder: Path) -> SealedFolder:
    """A second final that is in force, drawn one voxel further."""
    unit, store = final.prepared.unit, api.bench.harness.store("chief")
    place = FinalPlace(2, store.chain_head("chief"), supersedes=first, titles_enforced=True)
    draft = final_again(read_final(store.open_final(unit, "chief")), place, "chief", Title.CHIEF.value)
    record = final.prepared.registration.series[0]
    masks = {mask_name(record.code, Target.PRIMARY): tube(grid_of(record), 1)[0]}
    sealed = seal_final(folder / "second", replace(draft, masks=masks))
    payload = p.FinalStored(sealed.sha256, 2, draft.final.parents, False, first, "redrawn")
    accepted(store.sign_final(sealed, api.bench.intent("chief", Kind.FINAL_STORED, payload, unit), secret=PIN))
    return sealed


def test_the_page_of_a_case_goes_back_with_its_records(
    api: ApiBench, final: UnitInState, visitors: dict[str, Client]
) -> None:
    case = final.prepared.unit.case
    with undone():
        moments = []
        for age in (61, 62):
            table = {"csv": f"case,age\n{case},{age}\n", "preview": False}
            assert api.call("manager", "post", "records/clinical", table).status == 200
            moments.append(api.bench.clock().isoformat().replace("+", "%2B"))
            api.bench.clock.wait(hours=1)
        pages = [visitors["manager"].get(f"/cases/{case}?at={moment}").content.decode() for moment in moments]
        assert [("<dd>61</dd>" in page, "<dd>62</dd>" in page) for page in pages] == [(True, False), (False, True)]
        assert all("As it was on" in page and "restore" not in page for page in pages)
        assert visitors["manager"].get(f"/cases/{case}?at=2001-01-01T00:00").status_code == 404
        assert visitors["manager"].get(f"/cases/{case}?at=never").status_code == 422
        now = visitors["manager"].get(f"/cases/{case}").content.decode()
        assert "<dd>62</dd>" in now
        assert (
            visitors["manager"]
            .post(f"/cases/{case}/restore", {"kind": "clinical", "date": "", "version": "1"})
            .status_code
            == 302
        )
        page = visitors["manager"].get(f"/cases/{case}").content.decode()
        assert page.index("<dd>61</dd>") < page.index("<dd>62</dd>")
        assert "v3 · manager" in page


def test_the_time_line_names_the_visit_that_is_due_until_there_is_a_later_one(
    api: ApiBench, final: UnitInState, visitors: dict[str, Client]
) -> None:
    case = final.prepared.unit.case

    def due(rows: str) -> bool:
        with undone():
            table = {"csv": f"case,date,event,next_due\n{rows}", "preview": False}
            assert json.loads(api.call("manager", "post", "records/followup", table).body)["taken"]
            page = visitors["manager"].get(f"/cases/{case}").content.decode()
            return 'class="next"' in page and "2026-06-01" in page[page.index('class="next"') :][:60]

    visit = f"{case},2026-03-01,none,2026-06-01\n"
    assert due(visit)
    assert not due(f"{visit}{case},2026-06-03,none,\n")
    assert "day 58" in page_with(api, visitors, case, visit)


def page_with(api: ApiBench, visitors: dict[str, Client], case: str, rows: str) -> str:
    with undone():
        api.call("manager", "post", "records/followup", {"csv": f"case,date,event,next_due\n{rows}", "preview": False})
        return visitors["manager"].get(f"/cases/{case}").content.decode()
