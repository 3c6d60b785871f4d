"""The presenter of the annotator at a live server, jobs in real processes: killed and started again in between."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from annotator_room import answer_everything
from annotator_support import FakeKeeper, FakeScene, ManualClock, MemorySettings, ScriptedAsk, StepJobs
from crc_core.desk.keeping import pack
from crc_core.desk.recovery import Recovery
from crc_core.errors import CrcError
from crc_core.store.access import ServerForm
from crc_core.store.remote.outbox import SendState
from crc_core.store.remote.session import LineState, ServerSession
from crc_core.text import Lang
from crc_core.workflow.views import SlotPhase
from CRCAnnotatorLib.presenter.annotator import Annotator
from CRCAnnotatorLib.presenter.ports import Kit, Step
from live_server import LiveServer, RemoteHarness
from store_contract import Bench
from store_support import PIN, StudySource, write_study

JOBS = ("hand_in", "send_outbox", "fetch", "check_scan")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> StudySource:
    """A study on disk."""
    return write_study(tmp_path_factory.mktemp("study"))


@pytest.fixture
def server(tmp_path: Path) -> Any:
    """A server of this test's own, which is killed on the way."""
    made = LiveServer(tmp_path / "server")
    made.folder.mkdir()
    made.start()
    yield made
    made.stop()


def in_a_process(name: str) -> Callable[[Mapping[str, Any], Callable[[Step], None]], Mapping[str, Any]]:
    """The job in a real process, as the window runs it."""

    def run(request: Mapping[str, Any], progress: Callable[[Step], None]) -> Mapping[str, Any]:
        done = subprocess.run(
            [sys.executable, "-m", "crc_core.desk.jobs", name],
            input=json.dumps(request),
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        last: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        if "error" in last:
            raise CrcError(last["error"]["code"], url="", reason=last["error"]["sentence"])
        result: Mapping[str, Any] = last["result"]
        return result

    return run


def seat(home: Path) -> tuple[Annotator, StepJobs, ScriptedAsk]:
    """An annotator on a machine of its own."""
    clock = ManualClock()
    jobs, ask, recovery = StepJobs(clock), ScriptedAsk(), Recovery(home)
    jobs.handlers.update({name: in_a_process(name) for name in JOBS})

    def write(label: str, document: Mapping[str, Any], masks: Mapping[Any, Any]) -> None:
        recovery.write(label, document, {key: mask and pack(*mask) for key, mask in masks.items()})

    def no_folder(place: str) -> Any:
        raise CrcError("store.vanished", path=place)

    kit = Kit(
        FakeScene(),
        ask,
        jobs,
        clock,
        MemorySettings(),
        no_folder,
        lambda folder: FakeKeeper(write),
        home,
        {"slicer": "5.13"},
        connect=lambda url, ca_file: ServerSession(url, ca_file, lang=lambda: Lang.EN, cache_folder=home / "cache"),
    )
    return Annotator(kit, Lang.EN), jobs, ask


def test_a_reading_is_handed_in_over_a_server_that_was_killed(
    server: LiveServer, source: StudySource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRC_CACHE", str(tmp_path / "cache"))
    bench = Bench(RemoteHarness(server, tmp_path), source, tmp_path)
    prepared = bench.opened("wang")
    annotator, jobs, ask = seat(tmp_path / "本机")
    annotator.start()
    form = ServerForm(server.address.url, "", "wang", PIN)
    ask.will("server", ServerForm(server.address.url, "", "wang", "wrong"), form)
    annotator.cases.choose_store()
    assert [error.code for error in ask.troubles] == ["server.sign_in_wrong"]
    annotator.cases.open_next()
    state = annotator.hub.state
    assert state.header is not None and state.header.unit == str(prepared.unit), state.message
    fake: Any = annotator.hub
    answer_everything(type("Seat", (), {"annotator": annotator, "state": property(lambda self: fake.state)})())

    server.stop()
    annotator.submit.submit()
    outbox = annotator.hub.state.outbox
    assert outbox is not None and [row.state for row in outbox.rows] == [SendState.WAITING]
    jobs.advance(30)
    assert annotator.hub.state.line is not None and annotator.hub.state.line.state is LineState.AWAY

    port = server.port
    server.start({"CRC_TEST_PORT": str(port)})
    assert server.port == port
    jobs.advance(30)
    outbox = annotator.hub.state.outbox
    assert outbox is not None and [row.state for row in outbox.rows] == [SendState.SENT], annotator.hub.state.message
    (slot,) = bench.harness.store("wang").unit(prepared.unit, "wang").slots
    assert slot.phase is SlotPhase.SUBMITTED
    assert annotator.hub.state.submit is not None and str(slot.reading)[:8] in annotator.hub.state.submit.submitted
    assert not list((tmp_path / "本机").rglob("reading.json"))
    annotator.shut_down()
