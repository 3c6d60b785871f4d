"""What a reader sees is the same, to the last byte, whether or not anybody else has read the unit."""

from __future__ import annotations

import pytest
from crc_core.files.canonical import canonical_bytes
from crc_core.files.records import to_document
from crc_core.reading.schema import FIRST_ROUND
from crc_core.vocabulary import Target
from crc_core.workflow import payloads as p
from crc_core.workflow.context import SYSTEM_ACTOR
from crc_core.workflow.events import STORE_WIDE, Kind
from crc_core.workflow.gates import Situation, gate
from crc_core.workflow.intents import Refusal
from crc_core.workflow.listing import work_item
from crc_core.workflow.project import may_open_reading
from crc_core.workflow.views import Phase
from hypothesis import given, settings
from hypothesis import strategies as st
from workflow_support import PEOPLE, Chain, digest, ready_chain, unit_name

UNIT = unit_name()
DISPUTED = p.TargetOutcome(Target.LIVER, p.Outcome.DISPUTED, 700)
AGREED = p.TargetOutcome(Target.LIVER, p.Outcome.AGREED, 900)


def seen_by(chain: Chain, viewer: str) -> bytes:
    """Everything the viewer can fetch of the unit, and what every wish would be answered."""
    person = chain.context.people[viewer]
    situation = Situation(chain.state(UNIT), chain.context, person, chain.now)
    answers = {kind.value: to_document(gate(kind, situation)) for kind in Kind if kind not in STORE_WIDE}
    view = to_document(chain.view(viewer, UNIT))
    item = to_document(work_item(situation))
    return canonical_bytes([view, item, answers])


Step = tuple[str, int]
OTHERS_STEPS = st.lists(
    st.sampled_from(["take", "submit", "supersede", "withdraw", "ask", "compare", "nothing"]), max_size=8
)


def other_does(chain: Chain, step: str, count: int) -> None:
    """One move of the second reader or of the store; refusals are fine here."""
    slot = chain.state(UNIT).slots["li", FIRST_ROUND]
    reading = digest(f"li{count}")
    pair = chain.state(UNIT).current_pair(chain.policy)
    if step == "take":
        chain.ask("li", Kind.READING_TAKEN, p.ReadingTaken("li", 1), UNIT)
    elif step in ("submit", "supersede"):
        chain.ask("li", Kind.READING_SUBMITTED, p.ReadingSubmitted("li", 1, reading, slot.reading), UNIT)
    elif step == "withdraw" and slot.reading:
        chain.ask("li", Kind.READING_WITHDRAWN, p.ReadingWithdrawn("li", 1, slot.reading, "no"), UNIT)
    elif step == "ask":
        chain.ask("li", Kind.SENIOR_ASKED, p.SeniorAsked("li", 1, "Is this a node?"), UNIT)
    elif step == "compare" and pair:
        chain.ask(SYSTEM_ACTOR, Kind.READINGS_COMPARED, p.ReadingsCompared(pair, (DISPUTED,), ()), UNIT)


@settings(max_examples=120, deadline=None, derandomize=True)
@given(OTHERS_STEPS, st.lists(st.sampled_from(["take", "submit", "withdraw", "wait"]), max_size=6), st.integers(0, 40))
def test_the_other_reader_leaves_no_trace(others, own, minutes):
    with_other, alone = ready_chain(UNIT), ready_chain(UNIT)
    # li's assignment is the only difference allowed to exist from the start, and it must not show either
    alone.events = [e for e in alone.events if not (e.kind is Kind.READING_ASSIGNED and e.payload.reader == "li")]
    for count in range(max(len(others), len(own))):
        if count < len(others):
            other_does(with_other, others[count], count)
        for chain in (with_other, alone):
            if count < len(own):
                own_move(chain, own[count], count)
        assert seen_by(with_other, "wang") == seen_by(alone, "wang")
    for chain in (with_other, alone):
        chain.wait(minutes=minutes)
    assert seen_by(with_other, "wang") == seen_by(alone, "wang")


def own_move(chain: Chain, step: str, count: int) -> None:
    """One move of the reader whose view is compared."""
    slot = chain.state(UNIT).slots["wang", FIRST_ROUND]
    if step == "take":
        chain.ask("wang", Kind.READING_TAKEN, p.ReadingTaken("wang", 1), UNIT)
    elif step == "submit":
        wish = p.ReadingSubmitted("wang", 1, digest(f"w{count}"), slot.reading)
        chain.ask("wang", Kind.READING_SUBMITTED, wish, UNIT)
    elif step == "withdraw" and slot.reading:
        chain.ask("wang", Kind.READING_WITHDRAWN, p.ReadingWithdrawn("wang", 1, slot.reading, "no"), UNIT)
    else:
        chain.wait(minutes=11)


def test_who_has_no_slot_and_no_office_meets_a_unit_that_does_not_exist():
    chain = ready_chain(UNIT)
    unknown = unit_name(9)
    for person in ("zhao", "user", "upstart"):
        assert chain.view(person, UNIT) is None
        for kind, payload in (
            (Kind.READING_SUBMITTED, p.ReadingSubmitted(person, 1, digest("z"))),
            (Kind.READING_TAKEN, p.ReadingTaken(person, 1)),
            (Kind.UNIT_EXCLUDED, p.UnitExcluded("a", "b")),
        ):
            real = chain.ask(person, kind, payload, UNIT)
            made_up = chain.ask(person, kind, payload, unknown)
            assert real is not None
            assert made_up is not None
            assert real.code == made_up.code == "workflow.unknown_unit"
            assert Refusal.because("workflow.unknown_unit", unit=UNIT) == real


def test_a_senior_sees_letters_until_the_decision():
    chain = ready_chain(UNIT)
    chain.submit(UNIT, "wang")
    chain.submit(UNIT, "li")
    chain.wait(hours=1)
    pair = chain.compare(UNIT, DISPUTED)
    view = chain.view("chief", UNIT)
    assert view is not None
    assert [(slot.reader, slot.reading) for slot in view.slots] == [("A", pair[0]), ("B", pair[1])]
    document = canonical_bytes(to_document(view))
    assert b"wang" not in document
    assert b'"li"' not in document
    assert view.comparison is not None
    chain.must("chief", Kind.FINAL_STORED, p.FinalStored(digest("f"), 1, pair, False), UNIT)
    named = chain.view("chief", UNIT)
    assert named is not None
    assert {slot.reader for slot in named.slots} == {"wang", "li"}


@pytest.mark.parametrize("in_sample", [False, True])
def test_blinding_ends_with_the_final_or_with_the_re_reading(in_sample):
    chain = Chain()
    chain.hire()
    units = [UNIT, unit_name(2), unit_name(3)]
    for unit in units:
        chain.prepare(unit)
    if in_sample:
        chain.must("manager", Kind.SAMPLE_DRAWN, p.SampleDrawn(7, tuple(units), {}, 28))
    before = canonical_bytes(to_document(chain.view("manager", UNIT)))
    assert b"sample" not in before
    chain.assign(UNIT, "wang", "li")
    own = chain.submit(UNIT, "wang")
    chain.submit(UNIT, "li")
    chain.wait(hours=1)
    pair = chain.compare(UNIT, AGREED)
    chain.must(SYSTEM_ACTOR, Kind.FINAL_STORED, p.FinalStored(digest("f"), 1, pair, True), UNIT)
    view = chain.view("wang", UNIT)
    assert view is not None
    person = chain.context.people["wang"]
    situation = Situation(chain.state(UNIT), chain.context, person, chain.now)
    if not in_sample:
        assert view.phase is Phase.FINAL
        assert len(view.slots) == 2
        assert may_open_reading(situation, own)
        return
    assert view.phase is Phase.READING
    assert view.finals == ()
    assert not may_open_reading(situation, own)
    again = p.ReadingAssigned("wang", 2)
    refusal = chain.ask("manager", Kind.READING_ASSIGNED, again, UNIT)
    assert refusal is not None
    assert refusal.code == "workflow.washout"
    chain.wait(days=29)
    chain.must("manager", Kind.READING_ASSIGNED, again, UNIT)
    chain.submit(UNIT, "wang", number=2)
    after = chain.view("wang", UNIT)
    assert after is not None
    assert after.phase is Phase.FINAL
    still = chain.view("li", UNIT)
    assert still is not None
    assert still.finals == ()


def test_every_office_sees_only_its_part():
    chain = ready_chain(UNIT)
    chain.submit(UNIT, "wang")
    chain.submit(UNIT, "li")
    chain.wait(hours=1)
    chain.compare(UNIT, DISPUTED)
    seen = {person: chain.view(person, UNIT) for person in PEOPLE}
    manager = seen["manager"]
    assert manager is not None
    assert {slot.reader for slot in manager.slots} == {"wang", "li"}
    assert all(slot.reading is None for slot in manager.slots)
    trainer = seen["trainer"]
    assert trainer is not None
    assert (trainer.slots, trainer.comparison) == ((), None)
    assert seen["user"] is None
    for person in PEOPLE:
        situation = Situation(chain.state(UNIT), chain.context, chain.context.people[person], chain.now)
        reading = chain.state(UNIT).slots["li", 1].reading
        assert reading is not None
        assert may_open_reading(situation, reading) == (person in ("chief", "dean"))
