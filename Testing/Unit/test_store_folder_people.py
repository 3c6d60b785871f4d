"""Names and PINs: salted, slow, limited; nothing of the chain is repeated in the people's files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from crc_core.errors import CrcError
from crc_core.store.folder.people import People, Pin, load_pin_policy
from crc_core.workflow.intents import Refusal
from hypothesis import given, settings
from hypothesis import strategies as st
from store_support import PIN, QUICK_PINS, MovingClock


@pytest.fixture
def clock() -> MovingClock:
    """The store's clock."""
    return MovingClock()


@pytest.fixture
def people(tmp_path: Path, clock: MovingClock) -> People:
    """Two people, one of whom can sign."""
    made = People(tmp_path, clock, QUICK_PINS)
    made.set_name("wang", "王医生")
    made.set_name("chief", "主任")
    made.set_pin("chief", PIN)
    return made


def code(outcome: Refusal | None) -> str | None:
    """The code of a refusal."""
    return None if outcome is None else outcome.code


def test_the_right_pin_and_no_other(people: People) -> None:
    assert people.check("chief", PIN) is None
    assert code(people.check("chief", PIN + " ")) == "store.pin_wrong"
    assert code(people.check("chief", "")) == "store.pin_needed"
    assert code(people.check("chief", None)) == "store.pin_needed"
    assert code(people.check("wang", PIN)) == "store.no_pin"
    assert code(people.check("nobody", PIN)) == "store.no_pin"
    assert code(people.check("../chief", PIN)) == "store.no_pin"


def test_wrong_pins_lock_until_time_has_passed(people: People, clock: MovingClock) -> None:
    for left in (4, 3, 2, 1, 0):
        refusal = people.check("chief", "000000")
        assert refusal is not None
        assert dict(refusal.values) == {"left": str(left)}
    assert code(people.check("chief", PIN)) == "store.pin_locked"
    clock.wait(minutes=14)
    assert code(people.check("chief", PIN)) == "store.pin_locked"
    clock.wait(minutes=1)
    assert people.check("chief", PIN) is None


def test_a_right_pin_forgives_the_wrong_ones(people: People) -> None:
    for _ in range(4):
        people.check("chief", "000000")
    assert people.check("chief", PIN) is None
    assert dict((people.check("chief", "000000") or Refusal("")).values) == {"left": "4"}


def test_the_count_outlives_the_program(people: People, clock: MovingClock) -> None:
    for _ in range(5):
        People(people.folder, clock, QUICK_PINS).check("chief", "000000")
    assert code(people.check("chief", PIN)) == "store.pin_locked"


def test_a_try_counts_before_it_is_looked_at(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def look(self: Pin, secret: str) -> bool:
        seen.append((people.folder / "chief.tries.json").is_file())
        return False

    monkeypatch.setattr(Pin, "fits", look)
    people.check("chief", PIN)
    assert seen == [True]


def test_no_file_holds_a_pin_a_title_or_a_role(people: People) -> None:
    document = json.loads((people.folder / "chief.json").read_text(encoding="utf-8"))
    assert set(document) == {"schema", "person", "name", "pin"}
    assert set(document["pin"]) == {"salt", "hash", "n", "r", "p"}
    assert all(PIN not in path.read_text(encoding="utf-8") for path in people.folder.iterdir())


def test_equal_pins_are_kept_differently(people: People) -> None:
    people.set_pin("wang", PIN)
    first, second = (people.read(person) for person in ("wang", "chief"))
    assert first is not None
    assert second is not None
    assert first.pin != second.pin
    assert first.name == "王医生"


def test_short_pins_and_strange_identifiers_are_refused(people: People) -> None:
    with pytest.raises(CrcError) as refused:
        people.set_pin("wang", "12345")
    assert refused.value.code == "store.pin_short"
    for person in ("", "Wang", "../wang", "wang.tries", "王", "a" * 41, "con/x", "wang "):
        with pytest.raises(CrcError) as refused:
            people.set_name(person, "x")
        assert refused.value.code == "store.bad_person"
        assert people.read(person) is None
    assert people.ids() == ("chief", "wang")


def test_a_broken_file_is_named(people: People) -> None:
    (people.folder / "chief.json").write_bytes(b"{")
    with pytest.raises(CrcError) as refused:
        people.check("chief", PIN)
    assert refused.value.path == people.folder / "chief.json"


def test_shipped_costs_are_those_recommended() -> None:
    """OWASP, Password Storage Cheat Sheet: scrypt with N = 2**14 (16 MiB), r = 8 and p = 5."""
    policy = load_pin_policy()
    assert (policy.scrypt_n, policy.scrypt_r, policy.scrypt_p) == (2**14, 8, 5)
    assert Pin.of(PIN, policy).fits(PIN)
    assert not Pin.of(PIN, policy).fits(PIN + "0")


@settings(max_examples=40)
@given(secret=st.text(min_size=6, max_size=40), other=st.text(max_size=40))
def test_any_text_is_a_pin_and_only_itself(secret: str, other: str) -> None:
    pin = Pin.of(secret, QUICK_PINS)
    assert pin.fits(secret)
    assert pin.fits(other) == (other == secret)
