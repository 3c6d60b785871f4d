"""What a data user meets is what was granted to them, while it is granted, and nothing that is not final."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from crc_core.files.canonical import canonical_bytes
from crc_core.files.records import to_document
from crc_core.vocabulary import PersonRole, Target, Title
from crc_core.workflow import payloads as p
from crc_core.workflow.context import SYSTEM_ACTOR
from crc_core.workflow.events import STORE_WIDE, Kind, read_event
from crc_core.workflow.gates import Situation, gate, may_search
from crc_core.workflow.project import may_open_reading
from crc_core.workflow.store_view import project_store
from crc_core.workflow.views import Phase
from workflow_support import PEOPLE, Chain, digest, ready_chain, unit_name

UNIT, OTHER = unit_name(1), unit_name(2)
AGREED = p.TargetOutcome(Target.LIVER, p.Outcome.AGREED, 900)


def granted(**changes: Any) -> p.AccessGranted:
    return p.AccessGranted(**{"grant": "g1", "person": "user", "units": (UNIT,), "purpose": "a study", **changes})


def make_final(chain: Chain, unit: str) -> str:
    for reader in ("wang", "li"):
        chain.submit(unit, reader)
    chain.wait(minutes=31)
    pair = chain.compare(unit, AGREED)
    chain.must(SYSTEM_ACTOR, Kind.FINAL_STORED, p.FinalStored(digest(unit), 1, pair, True), unit)
    return digest(unit)


@pytest.fixture
def chain() -> Chain:
    """Two final units, wang and li read both."""
    chain = ready_chain(UNIT)
    chain.prepare(OTHER)
    chain.assign(OTHER, "wang", "li")
    for unit in (UNIT, OTHER):
        make_final(chain, unit)
    return chain


def seen(chain: Chain) -> set[str]:
    return {unit for unit in (UNIT, OTHER) if chain.view("user", unit) is not None}


def test_without_a_grant_there_is_nothing_and_with_one_its_units(chain: Chain) -> None:
    assert seen(chain) == set()
    chain.must("admin", Kind.ACCESS_GRANTED, granted())
    assert seen(chain) == {UNIT}
    chain.must("admin", Kind.ACCESS_GRANTED, granted(grant="g2", units=(OTHER,)))
    assert seen(chain) == {UNIT, OTHER}
    chain.must("admin", Kind.ACCESS_ENDED, p.AccessEnded("g1", "the study is over"))
    assert seen(chain) == {OTHER}


def test_a_granted_unit_is_met_once_it_is_final_and_no_longer_than_it_may_be(chain: Chain) -> None:
    third = unit_name(3)
    chain.prepare(third)
    chain.must("admin", Kind.ACCESS_GRANTED, granted(units=(third,)))
    assert chain.view("user", third) is None
    chain.assign(third, "wang", "li")
    assert chain.view("user", third) is None
    final = make_final(chain, third)
    assert chain.view("user", third) is not None
    chain.must("manager", Kind.UNIT_RELEASED, p.UnitReleased("1.0.0", final), third)
    view = chain.view("user", third)
    assert view is not None
    assert view.phase is Phase.RELEASED
    chain.must("manager", Kind.CONSENT_WITHDRAWN, p.ConsentWithdrawn("the patient asked"), third)
    assert chain.view("user", third) is None


def test_the_last_day_counts_and_the_next_does_not(chain: Chain) -> None:
    last = (chain.now + timedelta(days=3)).date()
    chain.must("admin", Kind.ACCESS_GRANTED, granted(until=last.isoformat()))
    days = (last - chain.now.date()).days
    chain.now = chain.now.replace(hour=23, minute=59) + timedelta(days=days)
    assert chain.now.date() == last
    assert seen(chain) == {UNIT}
    chain.wait(minutes=1)
    assert seen(chain) == set()


def test_what_is_shown_holds_nobody_who_reads_and_nothing_to_do(chain: Chain) -> None:
    chain.must("admin", Kind.ACCESS_GRANTED, granted())
    view = chain.view("user", UNIT)
    assert view is not None
    told = canonical_bytes(to_document(view))
    assert not any(f'"{person}"'.encode() in told for person in PEOPLE)
    assert (view.slots, view.comparison, view.questions, view.may) == ((), None, (), frozenset())
    assert [final.final for final in view.finals] == [digest(UNIT)]
    person = chain.context.people["user"]
    situation = Situation(chain.state(UNIT), chain.context, person, chain.now)
    assert not any(may_open_reading(situation, digest(f"{reader}1")) for reader in ("wang", "li"))
    assert all(gate(kind, situation) is not None for kind in Kind)


def test_only_administrators_grant_and_only_what_makes_sense(chain: Chain) -> None:
    for person in PEOPLE:
        if person != "admin":
            assert chain.ask(person, Kind.ACCESS_GRANTED, granted()).code == "workflow.role"  # type: ignore[union-attr]
            ended = p.AccessEnded("g1", "over")
            assert chain.ask(person, Kind.ACCESS_ENDED, ended).code == "workflow.role"  # type: ignore[union-attr]
    wrong = {
        "workflow.not_a_data_user": granted(person="wang"),
        "workflow.grant_empty": granted(units=()),
        "workflow.unknown_unit": granted(units=("../x",)),
        "workflow.reason_missing": granted(purpose="  "),
        "workflow.grant_exists": granted(grant=" "),
    }
    for code, payload in wrong.items():
        refusal = chain.ask("admin", Kind.ACCESS_GRANTED, payload)
        assert refusal is not None
        assert refusal.code == code
    assert chain.ask("admin", Kind.ACCESS_GRANTED, granted(units=(UNIT, UNIT))).code == "workflow.grant_empty"  # type: ignore[union-attr]
    chain.must("admin", Kind.ACCESS_GRANTED, granted())
    assert chain.ask("admin", Kind.ACCESS_GRANTED, granted()).code == "workflow.grant_exists"  # type: ignore[union-attr]
    chain.must("admin", Kind.ACCESS_ENDED, p.AccessEnded("g1", "over"))
    assert chain.ask("admin", Kind.ACCESS_ENDED, p.AccessEnded("g1", "over")).code == "workflow.no_such_grant"  # type: ignore[union-attr]
    with pytest.raises(ValueError, match="day"):
        granted(until="2026-02-30")


def test_who_is_no_data_user_any_more_sees_nothing_of_old_grants(chain: Chain) -> None:
    chain.must("admin", Kind.ACCESS_GRANTED, granted())
    chain.must("admin", Kind.PERSON_SET, p.PersonSet("user", Title.NONE, frozenset({PersonRole.ANNOTATOR}), "01", True))
    assert seen(chain) == set()


def test_grants_are_shown_to_who_keeps_them_and_their_own_to_data_users(chain: Chain) -> None:
    chain.must("admin", Kind.ACCESS_GRANTED, granted())
    shown = {}
    for person in PEOPLE:
        view = project_store(chain.standings, chain.context, person, chain.now)
        assert view is not None
        shown[person] = [(grant.grant, grant.units, grant.is_open) for grant in view.grants]
        assert may_search(chain.context.people[person]) == (
            person in {"admin", "manager", "trainer", "chief", "dean", "user"}
        )
    expected = [("g1", (UNIT,), True)]
    # The dean reads as well: a list of what was granted tells what is final.
    assert {person for person, grants in shown.items() if grants == expected} == {"admin", "manager", "user"}
    assert all(grants in (expected, []) for grants in shown.values())


def test_a_grant_stands_in_the_chain_as_it_was_given(chain: Chain, tmp_path: Any) -> None:
    chain.must("admin", Kind.ACCESS_GRANTED, granted(until="2027-01-01"))
    event = chain.events[-1]
    assert event.kind in STORE_WIDE
    assert read_event(event.to_bytes(), tmp_path / "event.json") == event
