"""Tables and plots to take away: whole, safe to open in a spreadsheet, valid as XML, the same for the same numbers."""

from __future__ import annotations

import csv
import io
import math
import re
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest
from crc_core.paper import (
    Dot,
    Figure,
    Interval,
    Page,
    Part,
    Sheet,
    bars,
    csv_bytes,
    differences,
    html_bytes,
    intervals,
    timeline,
)
from crc_core.paper.plots import HEIGHT, WIDTH, _ticks
from crc_core.text import Lang
from hypothesis import given
from hypothesis import strategies as st

CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**9), 10**9),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=20),
)
NUMBERS = st.floats(-1e6, 1e6)


@given(st.lists(st.tuples(CELLS, CELLS), max_size=8))
def test_a_sheet_reads_back_and_no_text_is_a_formula(rows: list) -> None:
    data = csv_bytes(Sheet(("first", "second_mm"), tuple(rows)))
    assert data.startswith(b"\xef\xbb\xbf")
    read = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert len(read) == len(rows) + 1
    for cells, row in zip(read[1:], rows, strict=True):
        for shown, cell in zip(cells, row, strict=True):
            if isinstance(cell, float):
                assert float(shown) == pytest.approx(cell, rel=1e-5, abs=1e-300)
            elif isinstance(cell, str):
                assert shown.removeprefix("'") == cell.removeprefix("'")
                assert not shown.startswith(("=", "+", "-", "@"))


def test_rows_must_fit_the_columns() -> None:
    with pytest.raises(ValueError, match="cells"):
        Sheet(("one",), ((1, 2),))


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=30), NUMBERS, st.floats(0, 1e6))
def test_a_difference_plot_is_whole_and_inside_its_paper(points: list, bias: float, wide: float) -> None:
    svg = differences([Dot(x, y, "<&>") for x, y in points], bias, (bias - wide, bias + wide), "平均 <ml>", "差")
    root = ElementTree.fromstring(svg)
    circles = [item for item in root.iter() if item.tag.endswith("circle")]
    assert len(circles) == len(points)
    for circle in circles:
        assert -1 <= float(circle.attrib["cx"]) <= WIDTH + 1
        assert -1 <= float(circle.attrib["cy"]) <= HEIGHT + 1
    assert "nan" not in svg.lower()


@given(st.floats(-1e9, 1e9), st.floats(1e-6, 1e9))
def test_ticks_are_few_and_inside(low: float, span: float) -> None:
    ends = (low, low + span)
    if ends[1] - ends[0] < abs(low) * 1e-9 or ends[1] <= ends[0]:
        return
    ticks = _ticks(ends)
    assert 1 <= len(ticks) <= 11
    slack = span * 1e-6
    assert all(ends[0] - slack <= tick <= ends[1] + slack and math.isfinite(tick) for tick in ticks)


def test_the_other_plots_are_whole() -> None:
    days = [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 8, 20)]
    for svg in (
        timeline(days, [0.7, 0.82, 0.9], 0.8, "时间", "Dice"),
        timeline(days[:1], [0.7], 0.8, "时间", "Dice"),
        timeline([], [], 0.8, "时间", "Dice"),
        bars(["<0.6", "0.6–0.8", "≥0.8"], [1, 0, 5], "Dice", "例"),
        bars([], [], "Dice", "例"),
        intervals([Interval("体积 <ml>", 0.91, (0.8, 0.97)), Interval("长径", -0.2)], 0.8, "ICC"),
        intervals([], 0.8, "ICC"),
    ):
        ElementTree.fromstring(svg)
        assert "nan" not in svg.lower()


@pytest.mark.parametrize("lang", list(Lang))
def test_a_page_holds_everything_and_asks_nobody(lang: Lang) -> None:
    figure = Figure(bars(["a"], [1], "x", "y"), "caption <1>")
    part = Part("Part & parcel", ("one sentence",), Sheet(("c",), (("=1+1",), (0.12345678,), (None,))), (figure,))
    page = html_bytes(Page("Title <x>", ("lead",), (part,)), lang).decode()
    assert "Title &lt;x&gt;" in page
    assert "=1+1" in page
    assert "0.1235" in page
    assert not re.search(r"<script|<link|src=|href=", page)
    assert html_bytes(Page("Title <x>", ("lead",), (part,)), lang).decode() == page
