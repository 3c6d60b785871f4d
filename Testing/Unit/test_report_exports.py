"""What leaves as a table, as JSON and as a page: columns, codes, escapes, both languages, pictures."""

from __future__ import annotations

import csv
import html.parser
import io
import json
from itertools import pairwise

import numpy as np
import pytest
from crc_core.geometry.grid import Grid, Volume
from crc_core.report.document import Lesion, NotAssessable, Report
from crc_core.report.editing import answer
from crc_core.report.export_csv import Table, csv_row, disarmed, export_csv
from crc_core.report.export_html import Picture, export_html
from crc_core.report.export_json import export_json
from crc_core.report.key_images import ABDOMEN, LUNG, key_images
from crc_core.report.merge import merge
from crc_core.report.template import Words
from crc_core.text import Lang
from crc_core.vocabulary import LesionClass, Target
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from report_support import LESIONS, LIVER_1, LIVER_2, TUMOUR, UNIT, complete, empty_report, sample_report


def rows(data: bytes) -> list[dict[str, str]]:
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_columns_do_not_depend_on_the_answers() -> None:
    one, two = (export_csv([report]).split(b"\r\n")[0] for report in (sample_report(), empty_report((TUMOUR,))))
    assert one == two
    columns = one.decode("utf-8-sig").split(",")
    assert len(set(columns)) == len(columns)
    assert columns[:3] == ["unit", "case", "time_point"]


def test_not_assessable_is_no_absence() -> None:
    report = sample_report()
    row = csv_row(report)
    assert (row["primary_fat_nodules"], row["primary_fat_nodules__not_assessable"]) == ("", "other: 周围大量腹水")
    assert (row["primary_arteriole_sign"], row["primary_arteriole_sign__not_assessable"]) == ("absent", "")
    assert (row["primary_dp_hu"], row["primary_dp_hu__not_assessable"]) == ("", "phase_missing")


def test_values_are_plain() -> None:
    row = csv_row(sample_report())
    assert row["unit"] == str(UNIT)
    assert row["primary_long_diameter_mm"] == "46.2"
    assert row["primary_extramural_depth_mm"] == "3.5"
    assert row["liver_distribution"] == "s5;s6;s8"
    assert row["distant_metastases"] == "liver;lung"
    assert row["primary_t_printed_box"] == "肿瘤突破固有肌层（T3）<5 mm"
    deeper = answer(sample_report(), "primary[1].extramural_depth_mm", 8)
    assert csv_row(deeper)["primary_t_printed_box"] == "肿瘤突破固有肌层（T3）≥3 mm"
    cold = csv_row(answer(sample_report(), "primary[1].nc_hu", -12))
    assert cold["primary_nc_hu"] == "-12"


def test_one_row_per_unit_and_per_lesion() -> None:
    reports = [sample_report(), empty_report((TUMOUR, Lesion(Target.PRIMARY, 2, LesionClass.TUMOUR)))]
    assert [row["primary_count"] for row in rows(export_csv(reports))] == ["1", "2"]
    assert [row["lesion"] for row in rows(export_csv(reports, Table.PRIMARY))] == ["1", "1", "2"]
    liver = rows(export_csv(reports, Table.LIVER_LESION))
    assert [(row["lesion"], row["class"], row["segment"]) for row in liver] == [
        ("1", "metastasis", "s6"),
        ("2", "metastasis", "s5;s8"),
        ("3", "uncertain", "s4"),
    ]
    lung = rows(export_csv(reports, Table.LUNG_LESION))
    assert lung[0]["lobe"] == "right_lower"


def test_the_code_book_names_every_column() -> None:
    report = sample_report()
    book = {(row["table"].split(" ")[0], row["column"]) for row in rows(export_csv([report], Table.CODEBOOK))}
    bare = {"unit", "case", "time_point", "templates", "lesion", "class", "differing_answers"}
    for table in (Table.PRIMARY, Table.LIVER_LESION, Table.LUNG_LESION):
        for column in rows(export_csv([report], table))[0]:
            if column not in bare and not column.endswith(("__not_assessable", "printed_box")):
                assert (table.value, column) in book
    said = [row for row in rows(export_csv([report], Table.CODEBOOK)) if row["column"] == "margin"]
    assert "clear=清晰/Clear" in said[0]["options"]


def test_differences_have_their_own_column() -> None:
    a = sample_report()
    merged = merge(
        a, answer(a, "primary[1].outer_wall", "smooth"), {lesion: (lesion.number,) * 2 for lesion in LESIONS}
    )
    row = csv_row(merged.report)
    assert row["primary_outer_wall"] == ""
    assert row["differing_answers"] == "primary[1].outer_wall=rough|smooth"


def test_the_page_shows_both_answers_and_what_is_open() -> None:
    a = sample_report()
    b = answer(answer(a, "primary[1].outer_wall", "smooth"), "primary[1].t_stage", "t2")
    page = Page(
        export_html(merge(a, b, {lesion: (lesion.number, lesion.number) for lesion in LESIONS}).report, Lang.ZH)
    )
    assert "A：毛糙；B：光滑" in page.words["zh"]
    assert "A: Rough; B: Smooth" in page.words["en"]
    assert "（待裁定）" in page.words["zh"] and "(to be settled)" in page.words["en"]
    assert {"毛糙", "光滑"}.isdisjoint(page.ticked)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.text(min_size=1, max_size=30))
def test_no_cell_is_a_formula_and_every_text_comes_back(text: str) -> None:
    cell = disarmed(text)
    assert cell[0] not in "=+-@\t\r\n＝＋－＠"
    assert cell.removeprefix("'").endswith(text) or cell == text
    encodable = text.encode("utf-8", "ignore").decode()
    stream = io.StringIO(newline="")
    csv.writer(stream).writerow([disarmed(encodable), "x"])
    assert next(csv.reader(io.StringIO(stream.getvalue(), newline="")))[0] == disarmed(encodable)


@pytest.mark.parametrize("start", "=+-@＝＋－＠\t\r\n")
def test_each_start_of_a_formula_is_disarmed(start: str) -> None:
    assert disarmed(f"{start}1") == f"'{start}1"
    assert disarmed(f"1{start}") == f"1{start}"


def test_typed_formulas_are_disarmed() -> None:
    report = answer(sample_report(), "primary[1].other", "=HYPERLINK(1)")
    report = answer(report, "primary[1].fat_nodules", not_assessable=NotAssessable("other", "=1+1"))
    row = csv_row(report)
    assert row["primary_other"] == "'=HYPERLINK(1)"
    assert row["primary_fat_nodules__not_assessable"] == "other: =1+1"


def test_json_speaks_for_itself() -> None:
    document = json.loads(export_json(sample_report()))
    assert document["schema"] == "crc-report-export/1"
    primary = next(block for block in document["sections"] if block["section"] == "primary")
    side = primary["answers"]["side"]
    assert (side["value"], side["source"], side["words"]["zh"]) == ("left_colon", "derived", "左半结肠")
    assert primary["answers"]["dp_hu"]["not_assessable"] == "phase_missing"
    assert primary["answers"]["long_diameter_mm"]["unit"] == {"zh": "mm", "en": "mm"}


class Page(html.parser.HTMLParser):
    """A strict reader: every tag closes, and words are gathered by language."""

    void = frozenset({"meta", "input", "img", "br"})

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.open: list[tuple[str, dict[str, str | None]]] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = {"zh": "", "en": ""}
        self.ticked: list[str] = []
        self.feed(page.decode("utf-8"))
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.void:
            self.open.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        spoken = [attrs.get("lang") for tag, attrs in self.open if tag == "span" and attrs.get("lang")]
        for lang in spoken or ["zh", "en"]:
            self.words[str(lang)] += data + "\n"
        if any(attrs.get("aria-checked") == "true" for _, attrs in self.open) and (not spoken or spoken[-1] == "zh"):
            self.ticked.append(data)


def test_the_page_holds_both_languages_and_the_ticks() -> None:
    page = Page(export_html(sample_report(), Lang.ZH))
    for word in (
        "CRC CT 数据库原位肿瘤标注结构化报告",
        "肿瘤环周状况",
        "5.与重要血管的关系",
        "无法评估：期相缺失",
        "肝肺".replace("肝肺", "肺门区"),
    ):
        assert word in page.words["zh"]
    for word in ("Around the tumour", "5. Relation to important vessels", "Not assessable: phase missing"):
        assert word in page.words["en"]
    assert {"左半结肠", "乙状结肠", "溃疡型", "肿瘤突破固有肌层（T3）", "<5 mm", ">1/2", "肝脏转移"} <= set(page.ticked)
    assert {"右半结肠", "肿块型", "≤1/2", "≥5 mm"}.isdisjoint(page.ticked)
    assert "3.5" in page.words["zh"]


def test_the_page_needs_nothing_from_outside() -> None:
    page = export_html(sample_report(), Lang.EN, [Picture(b"\x89PNG", Words("图", "picture"))])
    text = page.decode()
    assert "http" not in text and "<script" not in text and "url(" not in text
    assert "data:image/png;base64," in text


def test_the_language_shown_first() -> None:
    for lang in Lang:
        shown = [attrs["id"] for tag, attrs in Page(export_html(sample_report(), lang)).tags if "checked" in attrs]
        assert shown == [f"show-{lang.value}"]


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img src=x onerror=1>', "a & b", "'"])
def test_text_is_escaped(text: str) -> None:
    report = answer(sample_report(), "primary[1].other", text)
    page = Page(export_html(report, Lang.EN, [Picture(b"", Words(text, text))], [Words(text, text)]))
    assert "script" not in [tag for tag, _ in page.tags]
    assert not any("onerror" in attrs for _, attrs in page.tags)
    assert text in page.words["en"]


def test_unfinished_reports_print_too() -> None:
    page = Page(export_html(empty_report(), Lang.ZH))
    assert page.words["zh"].count("未填") > 40
    assert Page(export_html(empty_report(()), Lang.ZH)).words["zh"].count("远处转移") >= 1


def test_two_primaries_print_two_tables() -> None:
    report = complete(empty_report((TUMOUR, Lesion(Target.PRIMARY, 2, LesionClass.TUMOUR))))
    page = Page(export_html(report, Lang.ZH))
    assert page.words["zh"].count("CRC CT 数据库原位肿瘤标注结构化报告") == 2


def study(matrix: np.ndarray | None = None) -> tuple[Volume, Volume]:
    """A grey body with a bright left half; lesion 1 in the patient's right front, largest in slice 7."""
    shape = (12, 40, 50)
    k, j, i = np.indices(shape)
    image = np.full(shape, -1000, np.int16)
    image[:, 5:35, 5:45] = 0
    image[(i < 25) & (image > -500)] = 150
    mask = np.zeros(shape, np.uint8)
    for level, radius in ((6, 3), (7, 5), (8, 4)):
        mask[(k == level) & ((j - 26) ** 2 + (i - 33) ** 2 <= radius**2)] = 1
    mask[2, 10:13, 10:13] = 2
    grid = Grid(shape, np.diag([2.0, 2.0, 5.0, 1.0]) if matrix is None else matrix)
    return Volume(image, grid), Volume(mask, grid)


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)))


def test_key_images_show_the_largest_section_where_it_lies() -> None:
    image, mask = study()
    first, second = key_images(
        image, mask, ABDOMEN, [LIVER_1, LIVER_2, Lesion(Target.LIVER, 9, LesionClass.METASTASIS)]
    )
    assert (first.slice_index, second.slice_index) == (7, 2)
    assert np.allclose(first.place_ras, (66, 52, 35), atol=1)
    assert "8" in first.caption.zh and "R 66" in first.caption.en and "225" in first.caption.zh
    picture = pixels(first.png)
    assert picture.shape == (480, 724, 3)


def test_right_is_left_and_front_is_up() -> None:
    image, mask = study()
    overview = pixels(key_images(image, mask, ABDOMEN, [LIVER_1])[0].png)[:236, 488:]
    yellow = np.argwhere((overview == (255, 205, 40)).all(axis=2))
    middle = yellow.mean(axis=0)
    assert middle[1] < 118, "a lesion on the patient's right is drawn on the left"
    assert middle[0] < 118, "a lesion in front is drawn above"
    assert overview[118, 150:200].mean() > overview[118, 40:80].mean(), "the patient's left is brighter"


@pytest.mark.parametrize("seed", range(6))
def test_the_picture_does_not_depend_on_how_the_array_is_stored(seed: int) -> None:
    image, mask = study()
    rng = np.random.default_rng(seed)
    axes = [int(axis) for axis in rng.permutation(3)]
    flips = [bool(flip) for flip in rng.integers(0, 2, 3)]

    def stored(volume: Volume) -> Volume:
        cut = tuple(slice(None, None, -1) if flip else slice(None) for flip in flips)
        start = [size - 1 if flip else 0 for size, flip in zip(volume.grid.shape_kji, flips, strict=True)]
        matrix = np.eye(4)
        columns = [volume.grid.ijk_to_ras[:3, 2 - axis] * (-1 if flips[axis] else 1) for axis in axes]
        matrix[:3, :3] = np.stack(columns[::-1], axis=1)
        matrix[:3, 3] = volume.grid.to_ras(start[::-1])
        array = np.ascontiguousarray(volume.array[cut].transpose(axes))
        return Volume(array, Grid(array.shape, matrix))

    plain = key_images(image, mask, ABDOMEN, [LIVER_1])[0]
    turned = key_images(stored(image), stored(mask), ABDOMEN, [LIVER_1])[0]
    assert np.array_equal(pixels(plain.png), pixels(turned.png))
    assert np.allclose(plain.place_ras, turned.place_ras)


def test_the_window_is_the_one_asked_for() -> None:
    image, mask = study()
    soft, lung = (pixels(key_images(image, mask, window, [LIVER_1])[0].png) for window in (ABDOMEN, LUNG))
    fat_grey = [round((0 - (w.level_hu - w.width_hu / 2)) * 255 / w.width_hu) for w in (ABDOMEN, LUNG)]
    for picture, grey in ((soft, fat_grey[0]), (lung, fat_grey[1])):
        assert abs(int(picture[240, 240, 0]) - grey) <= 2


def test_a_mask_elsewhere_is_refused() -> None:
    image, mask = study()
    moved = Volume(mask.array, Grid.from_spacing((12, 40, 50), (2, 2, 5), (1, 0, 0)))
    with pytest.raises(ValueError, match="another grid"):
        key_images(image, moved, ABDOMEN, [LIVER_1])


def test_the_same_report_makes_the_same_page() -> None:
    report: Report = sample_report()
    assert export_html(report, Lang.ZH) == export_html(report, Lang.ZH)
    assert all(a != b for a, b in pairwise([export_html(report, lang) for lang in Lang]))
