"""The outbox: nothing put in is lost, doubled or sent out of order, whatever happens to programs and lines."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from crc_core.desk.job_forms import SendAsked, SendTold
from crc_core.errors import CrcError
from crc_core.files.records import from_document, to_document
from crc_core.identity import UnitId
from crc_core.store.access import Access
from crc_core.store.protocol import PreparedUnit
from crc_core.store.remote.outbox import Outbox, OutboxItem, SendState
from crc_core.store.remote.sending import SendResult, send_all
from crc_core.store.remote.signing_in import sign_in
from crc_core.text import Lang
from crc_core.workflow import payloads as p
from crc_core.workflow.events import Kind
from crc_core.workflow.intents import new_intent
from live_server import LiveServer, RemoteHarness
from store_contract import Bench
from store_support import PIN, START, StudySource, submission, write_study


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> StudySource:
    """A study on disk."""
    return write_study(tmp_path_factory.mktemp("study"))


@pytest.fixture
def bench(sqlite_server: LiveServer, source: StudySource, tmp_path: Path) -> Bench:
    """A new store on the live server."""
    return Bench(RemoteHarness(sqlite_server, tmp_path), source, tmp_path)


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    """An empty outbox."""
    return Outbox(tmp_path / "outbox")


def put_reading(outbox: Outbox, bench: Bench, prepared: PreparedUnit, reader: str = "wang") -> OutboxItem:
    sealed = bench.seal(prepared, reader)
    intent = bench.intent(reader, Kind.READING_SUBMITTED, submission(sealed, reader), prepared.unit)
    return outbox.put(intent, sealed, START)


def put_question(outbox: Outbox, unit: UnitId, words: str, **options: Any) -> OutboxItem:
    intent = new_intent(Kind.SENIOR_ASKED, str(unit), "wang", START, p.SeniorAsked("wang", 1, words))
    return outbox.put(intent, None, START, **options)


def run_sender(outbox: Outbox, access: Access) -> tuple[int, SendTold]:
    """The sending in a process aside, which is told the token on its standard input: its exit code, what it told."""
    asked = SendAsked(str(outbox.folder), access, Lang.EN)
    done = subprocess.run(
        [sys.executable, "-m", "crc_core.desk.jobs", "send_outbox"],
        input=json.dumps(to_document(asked)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.stderr, done.stderr
    last = json.loads(done.stdout.splitlines()[-1])
    return done.returncode, from_document(SendTold, last["result"], outbox.folder)


@pytest.fixture
def access(sqlite_server: LiveServer, bench: Bench) -> Access:
    """What the sending process is told of the server."""
    token = sign_in(sqlite_server.connection(), "wang", PIN).token
    return Access(sqlite_server.address.url, "wang", token)


def test_a_reading_is_sent_by_the_process_aside(outbox: Outbox, bench: Bench, access: Access) -> None:
    prepared = bench.opened("wang")
    item = put_reading(outbox, bench, prepared)
    code, told = run_sender(outbox, access)
    assert code == 0 and not told.is_busy and told.why == ""
    assert [(one.intent, one.result) for one in told.items] == [(item.intent.id, SendResult.SENT)]
    assert [item.state for item in outbox.items()] == [SendState.SENT]
    assert not list(outbox.folder.rglob("reading.json")), "no copy stays where it could be looked up"
    view = bench.harness.store("wang").unit(prepared.unit, "wang")
    assert view.slots[0].reading == item.intent.payload.reading
    outbox.remove(outbox.items()[0])
    assert outbox.items() == ()


def test_the_token_is_in_no_file_and_on_no_command_line(outbox: Outbox, bench: Bench, access: Access) -> None:
    put_reading(outbox, bench, bench.opened("wang"))
    run_sender(outbox, access)
    assert access.token not in repr(access)
    for path in outbox.folder.rglob("*"):
        assert not path.is_file() or access.token.encode() not in path.read_bytes()


def test_without_a_line_everything_waits_and_goes_later(
    outbox: Outbox, bench: Bench, access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = bench.opened("wang")
    put_reading(outbox, bench, prepared)
    store = RemoteHarness.store(bench.harness, "wang")  # type: ignore[arg-type]  # the harness of this bench
    store._line.address = store._line.address.of("http://127.0.0.1:9")
    sent = list(send_all(outbox, store))
    assert [(one.result, one.error.code) for one in sent if one.error] == [(SendResult.WAITING, "remote.offline")]
    assert outbox.items()[0].state is SendState.WAITING
    assert [one.result for one in run_sender(outbox, access)[1].items] == [SendResult.SENT]


def test_items_of_one_unit_go_in_order_and_a_refused_one_holds_the_others(
    outbox: Outbox, bench: Bench, access: Access
) -> None:
    mine, not_mine = bench.opened("wang"), bench.opened("li")
    first = put_question(outbox, not_mine.unit, "may I?")
    behind = put_question(outbox, not_mine.unit, "and now?")
    questions = [put_question(outbox, mine.unit, f"question {number}") for number in range(3)]
    _, told = run_sender(outbox, access)
    sent = [one.intent for one in told.items if one.result is SendResult.SENT]
    assert sent == [item.intent.id for item in questions]
    states = {item.intent.id: item for item in outbox.items()}
    assert states[first.intent.id].state is SendState.REFUSED
    assert states[first.intent.id].refusal is not None
    assert states[first.intent.id].refusal.code == "workflow.unknown_unit"
    assert states[behind.intent.id].state is SendState.WAITING
    assert outbox.due() == ()
    assert bench.harness.store("wang").unit(mine.unit, "wang").questions == tuple(f"question {n}" for n in range(3))
    outbox.remove(states[first.intent.id])
    assert [item.intent.id for item in outbox.due()] == [behind.intent.id]


def test_what_is_kept_here_only_is_not_sent_until_it_is_released(outbox: Outbox, bench: Bench) -> None:
    prepared = bench.opened("wang")
    item = put_question(outbox, prepared.unit, "not yet", send=False)
    assert outbox.due() == ()
    assert outbox.release(item) in outbox.due()
    with pytest.raises(CrcError) as caught:
        outbox.remove(item)
    assert caught.value.code == "outbox.not_sent"


def test_the_same_intent_is_one_item_and_signed_ones_are_not_kept(outbox: Outbox, bench: Bench) -> None:
    prepared = bench.opened("wang")
    item = put_question(outbox, prepared.unit, "once")
    assert outbox.put(item.intent, None, START) == item
    excluded = new_intent(Kind.UNIT_EXCLUDED, str(prepared.unit), "chief", START, p.UnitExcluded("x", "y"))
    with pytest.raises(CrcError) as caught:
        outbox.put(excluded, None, START)
    assert caught.value.code == "outbox.signed"


def test_an_altered_reading_is_refused_with_its_reason_and_not_sent(
    outbox: Outbox, bench: Bench, access: Access
) -> None:
    prepared = bench.opened("wang")
    item = put_reading(outbox, bench, prepared)
    assert item.sealed is not None
    (item.sealed / "report.json").write_bytes(b"{}")
    (told,) = run_sender(outbox, access)[1].items
    assert (told.result, told.code) == (SendResult.REFUSED, "sealed.altered") and "report.json" not in told.intent
    refused = outbox.items()[0]
    assert refused.state is SendState.REFUSED
    assert refused.refusal is not None
    assert refused.refusal.code == "sealed.altered"


def test_a_second_sender_stands_back(outbox: Outbox, bench: Bench, access: Access) -> None:
    put_question(outbox, bench.opened("wang").unit, "wait")
    with outbox.sending():
        _, told = run_sender(outbox, access)
    assert told.is_busy and told.items == ()
    assert outbox.items()[0].state is SendState.WAITING


def test_two_programs_put_in_at_once_and_nothing_is_lost(outbox: Outbox, bench: Bench) -> None:
    unit = bench.opened("wang").unit
    script = (
        "import sys\nfrom pathlib import Path\nfrom crc_core.identity import UnitId\n"
        "from crc_core.store.remote.outbox import Outbox\nfrom test_outbox import put_question\n"
        "for n in range(20): put_question(Outbox(Path(sys.argv[1])), UnitId.parse(sys.argv[2]), f'{sys.argv[3]} {n}')\n"
    )
    paths = ":".join([str(Path(__file__).parent), *sys.path])
    writers = [
        subprocess.Popen([sys.executable, "-c", script, str(outbox.folder), str(unit), name], env={"PYTHONPATH": paths})
        for name in ("first", "second")
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    items = outbox.items()
    assert [item.number for item in items] == list(range(1, 41))
    for name in ("first", "second"):
        own = [item.intent.payload.question for item in items if item.intent.payload.question.startswith(name)]
        assert own == [f"{name} {n}" for n in range(20)]


def test_what_was_thought_better_of_is_taken_out_unless_it_is_under_way_or_in(
    outbox: Outbox, bench: Bench, access: Access
) -> None:
    item = put_reading(outbox, bench, bench.opened("wang"))
    assert outbox.of_slot(str(item.intent.unit), "wang", 1) == (item,)
    with outbox.sending(), pytest.raises(CrcError) as caught:
        outbox.take_back(item)
    assert caught.value.code == "outbox.being_sent"
    outbox.take_back(item)
    assert outbox.items() == () and not list(outbox.folder.glob(".*.part"))
    outbox.take_back(item)
    again = put_reading(outbox, bench, bench.opened("wang"))
    run_sender(outbox, access)
    with pytest.raises(CrcError) as caught:
        outbox.take_back(again)
    assert caught.value.code == "outbox.is_sent"


def test_an_ended_session_leaves_everything_waiting_and_says_so(outbox: Outbox, bench: Bench, access: Access) -> None:
    put_reading(outbox, bench, bench.opened("wang"))
    _, told = run_sender(outbox, replace(access, token="0" * 64))
    assert told.code == "server.signed_out" and told.why
    assert outbox.items()[0].state is SendState.WAITING
