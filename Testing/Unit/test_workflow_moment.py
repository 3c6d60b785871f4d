"""A unit as it was: the past says what it said then, and never what the present still hides."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from crc_core.vocabulary import PersonRole, Target, Title
from crc_core.workflow import payloads as p
from crc_core.workflow.context import SYSTEM_ACTOR
from crc_core.workflow.events import Kind
from crc_core.workflow.intents import Refusal
from crc_core.workflow.moment import project_at
from crc_core.workflow.views import Phase, UnitView
from workflow_support import PEOPLE, Chain, digest, ready_chain, unit_name

UNIT = unit_name()
AGREED = p.TargetOutcome(Target.LIVER, p.Outcome.AGREED, 900)


def back(chain: Chain, viewer: str, moment: datetime) -> UnitView | Refusal | None:
    return project_at(chain.of(UNIT), chain.context, viewer, chain.now, moment)


@pytest.fixture
def lived() -> tuple[Chain, list[tuple[datetime, dict[str, UnitView | None]]]]:
    """A chain from before its unit to a second final, with what everybody was shown after each step."""
    chain = Chain()
    chain.hire()
    told = []

    def keep() -> None:
        told.append((chain.now, {person: chain.view(person, UNIT) for person in PEOPLE}))
        chain.wait(minutes=40)

    keep()
    chain.prepare(UNIT)
    keep()
    chain.assign(UNIT, "wang", "li")
    keep()
    chain.submit(UNIT, "wang")
    keep()
    chain.submit(UNIT, "li")
    keep()
    pair = chain.compare(UNIT, AGREED)
    keep()
    chain.must(SYSTEM_ACTOR, Kind.FINAL_STORED, p.FinalStored(digest("v1"), 1, pair, True), UNIT)
    keep()
    again = p.FinalStored(digest("v2"), 2, pair, False, digest("v1"), "a vessel was drawn")
    chain.must("chief", Kind.FINAL_STORED, again, UNIT)
    keep()
    return chain, told


def test_the_past_is_what_was_shown_then_without_anything_to_do(lived) -> None:
    chain, told = lived
    compared = 0
    for moment, shown in told:
        for person, view in shown.items():
            found = back(chain, person, moment)
            if chain.view(person, UNIT) is None:
                assert found is None
            elif view is None:
                assert isinstance(found, Refusal)
                assert found.code == "workflow.moment_unknown"
            else:
                # Whether readings may still be taken back then is the one thing that is told as of now.
                assert found == replace(view, may=frozenset())
                compared += view.may != frozenset()
    assert compared > 20
    last = [shown["chief"] for _, shown in told[-2:]]
    assert [None if view is None else view.finals[-1].version for view in last] == [1, 2]


def test_there_is_no_future(lived) -> None:
    chain, _ = lived
    found = back(chain, "chief", chain.now.replace(year=chain.now.year + 1))
    assert isinstance(found, Refusal)


def test_who_is_blind_sees_no_past_even_one_without_their_slot() -> None:
    """Two offices: the manager's past would tell what the reader may not know."""
    chain = ready_chain(UNIT)
    both = frozenset({PersonRole.ANNOTATOR, PersonRole.DATA_MANAGER})
    chain.must("admin", Kind.PERSON_SET, p.PersonSet("wang", Title.RESIDENT, both, "01", True))
    before = chain.now
    chain.submit(UNIT, "li")
    chain.wait(minutes=31)
    for moment in (before, chain.now):
        found = back(chain, "wang", moment)
        assert isinstance(found, Refusal)
        assert found.code == "workflow.moment_blind"


def test_what_consent_was_withdrawn_for_stays_hidden_in_the_past(lived) -> None:
    chain, told = lived
    moment = told[-1][0]
    chain.must("manager", Kind.CONSENT_WITHDRAWN, p.ConsentWithdrawn("the patient asked"), UNIT)
    found = back(chain, "manager", moment)
    assert isinstance(found, UnitView)
    assert found.phase is Phase.FINAL
    assert (found.series, found.finals, found.bindings, found.slots, found.comparison) == ((), (), (), (), None)


def test_a_grant_opens_the_past_of_what_it_opens_and_no_more(lived) -> None:
    chain, told = lived
    assert back(chain, "user", told[-1][0]) is None
    chain.must("admin", Kind.ACCESS_GRANTED, p.AccessGranted("g", "user", (UNIT,), "a study"))
    assert isinstance(back(chain, "user", told[-1][0]), UnitView)
    assert isinstance(back(chain, "user", told[-3][0]), Refusal)
