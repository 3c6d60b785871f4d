"""Clinical records: units, choices in both languages, every problem by row, all or nothing."""

from __future__ import annotations

import pytest
from crc_core.clinical.fields import FieldKind, choice_label, record_kinds
from crc_core.clinical.table import read_table
from crc_core.clinical.values import Problem, read_value, show_value
from crc_core.errors import CrcError
from crc_core.text import Lang
from hypothesis import given
from hypothesis import strategies as st

CASES = ("CRC-01-000001-H", "CRC-01-000002-F")
CLINICAL, PATHOLOGY = record_kinds().kind("clinical"), record_kinds().kind("pathology")
FIELDS = [field for kind in record_kinds().records for field in kind.fields]


def value(name: str, text: str, unit: str | None = None) -> object:
    field = next(field for field in FIELDS if field.id == name)
    found = read_value(field, text, unit)
    return found.code if isinstance(found, Problem) else found


@pytest.mark.parametrize(
    ("name", "text", "unit", "expected"),
    [
        ("cea", "5.2", None, 5.2),
        ("cea", "5.2 ug/L", None, 5.2),
        ("cea", "0.0052", "mg/L", 5.2),
        ("cea", "0.0052 mg/L", "ng/mL", 5.2),
        ("cea", "-1", None, "clinical.out_of_range"),
        ("cea", "5,2", None, "clinical.not_a_number"),
        ("cea", "<5", None, "clinical.not_a_number"),
        ("cea", "5 stone", None, "clinical.unknown_unit"),
        ("cea", "nan", None, "clinical.not_a_number"),
        ("age", "61", None, 61),
        ("age", "61.5", None, "clinical.not_whole"),
        ("anal_verge_distance", "83 mm", None, 8.3),
        ("pfs", "2.5 a", None, 30.0),
        ("sex", "女", None, "female"),
        ("sex", "Male", None, "male"),
        ("sex", "?", None, "clinical.not_a_choice"),
        ("ct", "cT3", None, "cT3"),
        ("neoadjuvant", "化疗;targeted", None, ("chemotherapy", "targeted")),
        ("perforation", "有", None, True),
        ("perforation", "no", None, False),
        ("next_due", "2026/02/03", None, "2026-02-03"),
        ("next_due", "2026-02-30", None, "clinical.not_a_date"),
        ("next_due", "2026/2/3", None, "2026-02-03"),
        ("next_due", "2026.2.3", None, "2026-02-03"),
        ("next_due", "2026年2月3日", None, "2026-02-03"),
        ("next_due", "2026/2/3 0:00", None, "2026-02-03"),
        ("next_due", "２０２６-02-03", None, "2026-02-03"),
        ("next_due", "3/2/2026", None, "clinical.not_a_date"),
        ("next_due", "46056", None, "clinical.not_a_date"),
        ("cea", "５.２ μg/L", None, 5.2),
        ("cea", "5.2", "µg/L", 5.2),
        ("ct", "ＣＴ３", None, "cT3"),
        ("diet", "x" * 501, None, "clinical.too_long"),
        ("diet", "  ", None, None),
    ],
)
def test_values(name: str, text: str, unit: str | None, expected: object) -> None:
    assert value(name, text, unit) == expected


@given(st.sampled_from(FIELDS), st.text(max_size=60))
def test_any_text_is_a_value_or_a_problem_in_both_languages(field: object, text: str) -> None:
    found = read_value(field, text)  # type: ignore[arg-type]
    if isinstance(found, Problem):
        assert all(found.sentence(lang) for lang in Lang)
    elif found is not None:
        assert all(isinstance(show_value(field, found, lang), str) for lang in Lang)  # type: ignore[arg-type]


@given(st.integers(0, 99_999_999), st.sampled_from(["ng/mL", "ug/L", "mg/L"]))
def test_units_are_converted_by_their_factor_alone(thousandths: int, unit: str) -> None:
    factor = {"ng/mL": 1, "ug/L": 1, "mg/L": 1000}[unit]
    found = value("cea", f"{thousandths // 1000}.{thousandths % 1000:03d} {unit}")
    expected = thousandths / 1000 * factor
    assert found == ("clinical.out_of_range" if expected > 100_000 else pytest.approx(expected, rel=1e-9))


def test_what_is_shown_is_understood_again() -> None:
    for field in FIELDS:
        for lang in Lang:
            for choice in field.choices:
                wanted = (choice,) if field.kind is FieldKind.CHOICES else choice
                assert read_value(field, choice_label(choice, lang)) == wanted, (field.id, choice)


def test_every_field_has_one_name_and_one_place() -> None:
    names = [field.id for field in FIELDS]
    assert len(names) == len(set(names))
    for lang in Lang:
        for kind in record_kinds().records:
            assert kind.label(lang)
            labels = [field.label(lang) for field in kind.fields]
            assert len(labels) == len(set(labels))


def test_a_table_is_read_by_names_in_either_language_with_units_in_the_header() -> None:
    data = "影像编码,年龄,CEA (mg/L),性别\nCRC-01-000001-H,61,0.004,女\n\nCRC-01-000002-F,70,,男\n"
    for encoding in ("utf-8", "utf-8-sig", "gb18030"):
        table = read_table(data.encode(encoding), CLINICAL, CASES)
        assert table.problems == ()
        assert [dict(record.values) for record in table.records] == [
            {"age": 61, "cea": 4.0, "sex": "female"},
            {"age": 70, "sex": "male"},
        ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("mark", [",", "\t", ";"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_what_spreadsheets_save_is_read(encoding: str, mark: str, end: str) -> None:
    """Columns without a head that stay empty, separators left out at the end of a row, and a line that names them."""
    lines = ["影像编码,日期,病理类型,pT,,", "crc-01-000001-h,2026/1/5,腺癌,pT3,,", "CRC-01-000002-F,2026/1/6 0:00,,pT1"]
    for first in ([], [f"sep={mark}"]):
        text = end.join([*first, *(line.replace(",", mark) for line in lines), ""])
        table = read_table(text.encode(encoding), PATHOLOGY, CASES)
        assert table.problems == (), (first, table.problems)
        assert [(record.case, record.date) for record in table.records] == [
            ("CRC-01-000001-H", "2026-01-05"),
            ("CRC-01-000002-F", "2026-01-06"),
        ]
        wrong = text.replace("2026/1/5", "2026/1/32")
        assert [item.row for item in read_table(wrong.encode(encoding), PATHOLOGY, CASES).problems] == [2 + len(first)]


def test_no_value_is_dropped_for_want_of_a_head() -> None:
    data = "case,age,\nCRC-01-000001-H,61,5\nCRC-01-000002-F,62,,7\n"
    found = [
        (item.row, item.problem.code, item.problem.values)
        for item in read_table(data.encode(), CLINICAL, CASES).problems
    ]
    assert found == [
        (2, "clinical.no_head", (("column", "3"), ("text", "5"))),
        (3, "clinical.no_head", (("column", "4"), ("text", "7"))),
    ]


@pytest.mark.parametrize("start", [b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1"])
def test_a_workbook_is_told_from_a_table(start: bytes) -> None:
    with pytest.raises(CrcError) as caught:
        read_table(start + b"anything", CLINICAL, CASES)
    assert caught.value.code == "clinical.workbook"
    assert "CSV" in caught.value.sentence(Lang.ZH)


def test_every_problem_is_told_with_its_row_and_nothing_is_taken() -> None:
    data = (
        "case,date,pt,margin,nonsense\n"
        "CRC-01-000001-H,2026-01-02,pT3,R0,\n"
        "CRC-01-000001-H,2026-01-02,pT3,R0,\n"
        "CRC-99-000001-H,2026-13-02,pT9,R0,\n"
        "CRC-01-000002-F,2026-01-02,,,\n"
    )
    table = read_table(data.encode(), PATHOLOGY, CASES)
    assert table.records == ()
    found = {(item.row, item.column, item.problem.code) for item in table.problems}
    assert found == {
        (1, "nonsense", "clinical.unknown_column"),
        (3, None, "clinical.twice_row"),
        (4, "date", "clinical.not_a_date"),
        (4, "pt", "clinical.not_a_choice"),
        (4, "case", "clinical.unknown_case"),
        (5, None, "clinical.empty_row"),
    }
    assert all(item.problem.sentence(lang) for item in table.problems for lang in Lang)


@pytest.mark.parametrize("data", [b"", b'"unclosed', b"\x00", b"\xff\xff\xff", b"case\n" * 20_003])
def test_what_is_no_table_is_refused(data: bytes) -> None:
    with pytest.raises(CrcError) as caught:
        read_table(data, CLINICAL, CASES)
    assert caught.value.code == "clinical.not_a_table"


def test_a_table_without_its_columns_is_told_so() -> None:
    found = {item.problem.code for item in read_table(b"pt\npT1\n", PATHOLOGY, CASES).problems}
    assert found == {"clinical.no_case_column", "clinical.no_date_column"}
