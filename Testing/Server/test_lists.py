"""Lists and counts from the index say what a replay of all events says, for everybody; the index is the chain's."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from api_bench import STATES, ApiBench, undone, unit_in
from crc_core.quality.progress import progress_of
from crc_core.store.ruled import RuledStore
from crc_core.vocabulary import PersonRole, Title
from crc_core.workflow import payloads as p
from crc_core.workflow.events import Draft, Kind, Signature, mint
from crc_core.workflow.gates import may_know
from crc_core.workflow.project import is_blind
from store_support import PEOPLE, PIN, write_study

DEAN = p.PersonSet("dean", Title.CHIEF, frozenset({PersonRole.SENIOR, PersonRole.DATA_MANAGER}), "01", True)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> ApiBench:
    """The server with a unit in every state, units of the sample half read, and barred ones being calibrated on."""
    folder = tmp_path_factory.mktemp("api")
    api = ApiBench(folder, write_study(folder / "study"))
    api.sign_in_everybody()
    bench = api.bench
    bench.must("admin", Kind.PERSON_SET, p.PersonSet("wang", *_reader_and_manager(), "01", True))
    for state in STATES:
        unit_in(bench, state)
    members = [bench.opened() for _ in range(3)]
    names = tuple(str(item.unit) for item in members)
    bench.must("manager", Kind.SAMPLE_DRAWN, p.SampleDrawn(3, names, {}, 28))
    for prepared in members[:2]:
        for reader in ("wang", "li"):
            bench.must("manager", Kind.READING_ASSIGNED, p.ReadingAssigned(reader, 1), prepared.unit)
            bench.read(prepared, reader)
    bench.clock.wait(minutes=31)
    bench.harness.advance()
    bench.clock.wait(days=29)
    bench.must("manager", Kind.READING_ASSIGNED, p.ReadingAssigned("li", 2), members[0].unit)
    barred = bench.opened().unit
    bench.must("trainer", Kind.UNIT_BARRED, p.UnitBarred("s1"), barred)
    return api


def _reader_and_manager() -> tuple[Any, frozenset[Any]]:
    title, roles = PEOPLE["wang"]
    return title, frozenset(roles) | {PersonRole.DATA_MANAGER}


def everybody(api: ApiBench) -> list[str]:
    return [*(person.id for person in api.bench.harness.store("x").persons()), "nobody"]


def replayed(store: Any, call: str, viewer: str) -> Any:
    """What the rules of every store say of all events, with briefs made anew."""
    from crc_core.workflow.brief import brief_of

    class Replaying(RuledStore):
        """Asks the chain, never the index."""

        def _reads_blind(self, person: Any) -> bool:
            own = self._ledger.chain.units_read_by(person.id)
            return any(is_blind(glance) for glance in self._glances(person.id, own))

    class Anew:
        """The chain without the index's briefs."""

        def __getattr__(self, name: str) -> Any:
            return getattr(store.chain, name)

        def briefs(self, policy: Any, units: Any = None) -> Any:
            found = (
                brief_of(u, store.chain.of_unit(u), policy) for u in (store.chain.units if units is None else units)
            )
            return {brief.unit: brief for brief in found if brief is not None}

    from crc_core.store.ledger import Ledger

    ledger = Ledger(Anew(), store.ledger.policy, lambda: store.ledger.now, lambda *_: ())  # type: ignore[arg-type]
    return getattr(Replaying(ledger, store._parts), call)(viewer)


def test_work_lists_are_those_of_a_replay_whole_and_in_every_part(api: ApiBench) -> None:
    store = api.bench.harness.store("x")
    for viewer in everybody(api):
        whole = replayed(store, "work_list", viewer)
        assert store.work_list(viewer) == whole, viewer
        for offset in range(len(whole) + 1):
            part, more = store.work_page(viewer, offset, 2)
            assert (part, more) == (whole[offset : offset + 2], offset + 2 < len(whole)), (viewer, offset)


def test_progress_is_that_of_a_replay_and_its_numbers_are_those_of_its_lines(api: ApiBench) -> None:
    store = api.bench.harness.store("x")
    shown = set()
    for viewer in everybody(api):
        progress = progress_of(store, viewer, store.ledger.now)
        assert store.unit_lines(viewer) == replayed(store, "unit_lines", viewer), viewer
        numbers, waiting = store.tally(viewer)
        assert numbers.by_state == progress.by_state(), viewer
        assert numbers.by_site == store.counts(viewer).by_site == progress.by_site(), viewer
        assert numbers.by_reader == {item.reader: item.slots for item in progress.by_reader()}, viewer
        assert [(line.unit, line.phase, line.since) for line in waiting] == [
            (line.unit, line.phase, line.since) for line in progress.waiting()
        ], viewer
        counted = {item.target: item.count for item in numbers.agreement}
        assert counted == {target: len(points) for target in counted if (points := progress.agreement(target))}, viewer
        shown.add(progress.shows_readers)
    assert shown == {True, False}


def test_a_page_of_progress_over_the_api_is_a_part_of_the_whole(api: ApiBench) -> None:
    for person in ("manager", "wang", "li", "user"):
        whole = json.loads(api.call(person, "get", "progress").body)
        assert not whole["more"]
        parts, after = [], ""
        while True:
            page = json.loads(api.call(person, "get", f"progress?after={after}&limit=2").body)
            parts += page["units"]
            if not page["more"]:
                break
            after = page["units"][-1]["unit"]
        assert parts == whole["units"]
    assert api.call("manager", "get", "progress?limit=x").status == 422
    assert api.call("manager", "get", "progress?after=%00").status == 200


def test_what_can_be_searched_is_what_one_knows_without_reading_it_blind(api: ApiBench) -> None:
    store = api.bench.harness.store("x")
    for viewer in everybody(api):
        seen = [glance for glance in store._glances(viewer) if not is_blind(glance)]
        without = [replace(glance, state=replace(glance.state, slots={})) for glance in seen]
        expected = {glance.state.unit for glance in without if may_know(glance)}
        assert set(store.searchable(viewer).values_list("code", flat=True)) == expected, viewer


def test_the_index_is_what_the_chain_says_and_what_is_altered_is_named_and_mended(api: ApiBench) -> None:
    from crc_server.models import AgreementRow, SlotRow, UnitRow
    from crc_server.store.reindexing import check_index, make_index

    policy = api.bench.harness.store("x").ledger.policy
    assert check_index(policy) == ()
    with undone():
        slot = SlotRow.objects.filter(phase="submitted").first()
        assert slot is not None
        SlotRow.objects.filter(pk=slot.pk).update(phase="assigned")
        gone = UnitRow.objects.exclude(code=slot.unit_id).first()
        assert gone is not None
        AgreementRow.objects.filter(unit=gone.code).delete()
        SlotRow.objects.filter(unit=gone.code).delete()
        UnitRow.objects.filter(code=gone.code).update(phase="released", last_seq=1)
        UnitRow.objects.create(
            code="CRC-99-000001-X_T0",
            case="CRC-99-000001-X",
            site="99",
            phase="final",
            first_at=gone.first_at,
            last_at=gone.last_at,
            last_seq=1,
        )
        assert check_index(policy) == tuple(sorted({slot.unit_id, gone.code, "CRC-99-000001-X_T0"}))
        make_index(policy)
        assert check_index(policy) == ()


def test_the_rules_are_asked_again_for_every_event_and_a_forged_one_is_named(api: ApiBench) -> None:
    from crc_server.models import EventRow
    from crc_server.store.chain import event_row
    from crc_server.store.redeciding import first_forged

    store = api.bench.harness.store("admin")
    policy, last = store.ledger.policy, api.bench.events()[-1]
    assert first_forged(policy) is None
    unit = store.chain.units[0]
    by_hand = Signature("li", PersonRole.ANNOTATOR, PEOPLE["li"][0], last.at, "0" * 32, last.policy)
    for draft in (
        Draft(Kind.UNIT_EXCLUDED, unit, p.UnitExcluded("not_crc", "no office for that")),
        Draft(Kind.PERSON_SET, None, p.PersonSet("li", Title.CHIEF, frozenset({PersonRole.SENIOR}), "01", True)),
    ):
        with undone():
            EventRow.objects.bulk_create([event_row(mint(draft, by_hand, last.seq + 1, last.hash))])
            assert first_forged(policy) == last.seq + 1


def test_signing_in_still_works_for_everybody(api: ApiBench) -> None:
    assert api.call(None, "post", "sessions", {"person": "li", "password": PIN}).status == 201
