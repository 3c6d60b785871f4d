"""Codes: published check characters, what a check character catches, units, series and masks by name."""

from __future__ import annotations

import itertools

import pytest
from crc_core.errors import CrcError
from crc_core.identity import UnitId, check_case_code, check_character, mask_name, mint_case_code
from crc_core.vocabulary import Role, Target
from hypothesis import given
from hypothesis import strategies as st

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SITES = st.integers(0, 99).map(lambda number: f"{number:02d}")
SERIALS = st.integers(1, 999_999)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A12425GABC1234002", "M"),  # GRid A1-2425G-ABC1234002-M
        ("00000000D07A0090", "Q"),  # ISAN 0000-0000-D07A-0090-Q-0000-0000-X, both of its check characters
        ("00000000D07A009000000000", "X"),
        ("0000000189470000", "8"),  # ISAN 0000-0001-8947-0000-8-0000-0000-D
        ("000000018947000000000000", "D"),
    ],
)
def test_published_identifiers_have_their_check_characters(text: str, expected: str) -> None:
    assert check_character(text) == expected


@given(SITES, SERIALS)
def test_every_minted_code_is_a_good_one(site: str, serial: int) -> None:
    code = mint_case_code(site, serial)
    assert check_case_code(code) == code
    assert code.startswith(f"CRC-{site}-{serial:06d}-")


@given(st.text(ALPHABET, min_size=1, max_size=12), st.data())
def test_every_single_wrong_character_is_noticed(text: str, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(text) - 1))
    for other in ALPHABET:
        if other != text[position]:
            assert check_character(text[:position] + other + text[position + 1 :]) != check_character(text)


@given(SITES, SERIALS)
def test_every_single_wrong_digit_of_a_case_code_is_noticed(site: str, serial: int) -> None:
    code = mint_case_code(site, serial)
    for position, other in itertools.product((4, 5, *range(7, 13), 14), ALPHABET):
        if other != code[position]:
            with pytest.raises(CrcError):
                check_case_code(code[:position] + other + code[position + 1 :])


def test_neighbours_exchanged_are_noticed_except_the_few_the_standard_itself_misses() -> None:
    """ISO 7064's hybrid systems miss one exchange in a few hundred; counted here over every digit pair and context."""
    missed = total = 0
    for site, serial in itertools.product(("01", "10", "29", "77"), range(12, 1_000_000, 1499)):
        code = mint_case_code(site, serial)
        for position in (4, *range(7, 12)):
            if code[position] != code[position + 1]:
                exchanged = code[:position] + code[position + 1] + code[position] + code[position + 2 :]
                total += 1
                missed += _is_good(exchanged)
    assert total > 10_000
    assert missed / total < 0.01


def _is_good(code: str) -> bool:
    try:
        check_case_code(code)
    except CrcError:
        return False
    return True


@pytest.mark.parametrize("site", ["", "1", "001", "A1", "１２", "-1", " 1"])
def test_a_site_is_two_digits(site: str) -> None:
    with pytest.raises(CrcError) as caught:
        mint_case_code(site, 1)
    assert caught.value.code == "identity.bad_site"


@pytest.mark.parametrize("serial", [0, -1, 1_000_000])
def test_a_serial_has_six_digits_and_begins_at_one(serial: int) -> None:
    with pytest.raises(CrcError) as caught:
        mint_case_code("01", serial)
    assert caught.value.code == "identity.bad_serial"


@pytest.mark.parametrize(
    "code",
    ["", "CRC", "CRC-01-000123", "CRC-01-123-K", "crc-01-000123-k", "CRC-01-000123-K ", "CRC-01-000123-K\n",
     "XYZ-01-000123-K", "CRC-０１-000123-K", "CRC-01-000123-K_T0", "../CRC-01-000123-K"],
)  # fmt: skip
def test_what_does_not_look_like_a_case_code_is_refused(code: str) -> None:
    with pytest.raises(CrcError) as caught:
        check_case_code(code)
    assert caught.value.code == "identity.bad_case_code"
    assert code in caught.value.values.values()


def test_a_wrong_check_character_is_told_apart_from_a_wrong_form() -> None:
    good = mint_case_code("01", 123)
    wrong = good[:-1] + ("A" if good[-1] != "A" else "B")
    with pytest.raises(CrcError) as caught:
        check_case_code(wrong)
    assert caught.value.code == "identity.check_character"


@given(SITES, SERIALS, st.integers(0, 99))
def test_a_unit_is_written_and_read(site: str, serial: int, time_point: int) -> None:
    unit = UnitId(mint_case_code(site, serial), f"T{time_point}")
    assert UnitId.parse(str(unit)) == unit


@pytest.mark.parametrize("time_point", ["", "0", "t0", "T", "T00", "T01", "T100", "T-1", "T0 ", "T０", "T1_PVP"])
def test_a_time_point_is_a_letter_and_a_number(time_point: str) -> None:
    with pytest.raises(CrcError) as caught:
        UnitId(mint_case_code("01", 1), time_point)
    assert caught.value.code == "identity.bad_time_point"


@given(st.text(max_size=30))
def test_parsing_any_text_ends_in_a_unit_or_a_refusal(text: str) -> None:
    try:
        assert str(UnitId.parse(text)) == text
    except CrcError as error:
        assert error.code.startswith("identity.")


def test_names_follow_from_the_unit() -> None:
    unit = UnitId(mint_case_code("01", 123), "T0")
    series = unit.series_code(Role.PVP)
    assert series == f"{mint_case_code('01', 123)}_T0_PVP"
    assert mask_name(series, Target.PRIMARY) == f"{series}_primary.nii.gz"
    assert mask_name(series, Target.PRIMARY, "outer") == f"{series}_primary-outer.nii.gz"


@pytest.mark.parametrize("target", list(Target))
@pytest.mark.parametrize("parent", ["", "outer", "inner"])
@pytest.mark.parametrize("role", list(Role))
def test_no_mask_name_makes_slicer_open_it_as_a_label_map(role: Role, target: Target, parent: str) -> None:
    name = mask_name(UnitId(mint_case_code("01", 1), "T0").series_code(role), target, parent).lower()
    assert "label" not in name
    assert "seg" not in name
