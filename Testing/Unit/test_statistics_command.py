"""`crcdb icc` as it is called: forms, verdicts, and a clear answer for every table that has none."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from crc_core.cli.main import main
from crc_core.errors import CrcError
from crc_core.statistics import IccForm, intraclass_correlation, read_ratings
from hypothesis import given, settings
from hypothesis import strategies as st


def rows(cases: int, raters: tuple[str, ...] = ("甲", "乙"), noise: float = 0.2, measure: str = "") -> list[str]:
    """Lines of a table without its heading."""
    rng = np.random.default_rng(1)
    truth = rng.normal(30, 5, cases)
    tail = f",{measure}" if measure else ""
    return [f"C{n:03d},{rater},{truth[n] + rng.normal(0, noise):.3f}{tail}" for n in range(cases) for rater in raters]


def save(path: Path, lines: list[str], encoding: str = "utf-8") -> Path:
    """Write the table."""
    path.write_bytes("\r\n".join(lines).encode(encoding))
    return path


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, dict]:
    """The exit code and the document of `crcdb icc --json`."""
    code = main(["icc", *map(str, words), "--json"])
    return code, json.loads(capsys.readouterr().out)


HEAD = "case,rater,value"


@pytest.mark.parametrize("form", list(IccForm))
def test_every_form_with_its_interval(tmp_path: Path, capsys: pytest.CaptureFixture[str], form: IccForm) -> None:
    lines = rows(30)
    code, document = run(capsys, save(tmp_path / "t.csv", [HEAD, *lines]), "--form", form.value)
    matrix = np.array([float(line.split(",")[2]) for line in lines]).reshape(30, 2)
    witness = intraclass_correlation(matrix, form)
    assert (code, document["verdict"], document["form"]) == (0, "reached", form.value)
    assert (document["icc"], tuple(document["ci95"])) == (witness.value, witness.interval)
    assert (document["cases"], document["raters"]) == (30, ["甲", "乙"])
    assert set(document["forms"]) == {form.value for form in IccForm}
    assert document["bland_altman"]["bias"] == pytest.approx((matrix[:, 1] - matrix[:, 0]).mean())
    assert "small_sample" not in document


def test_below_the_threshold_is_exit_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, document = run(capsys, save(tmp_path / "t.csv", [HEAD, *rows(40, noise=6)]))
    assert (code, document["verdict"], document["form"], document["kind"]) == (1, "below", "2,1", "inter")


def test_small_tables_only_when_allowed_and_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = save(tmp_path / "t.csv", [HEAD, *rows(29)])
    assert main(["icc", str(path)]) == 2
    assert "29" in capsys.readouterr().err
    code, document = run(capsys, path, "--allow-small")
    assert (code, document["small_sample"]) == (0, True)
    assert main(["icc", str(path), "--allow-small"]) == 0
    assert "Only 29 cases" in capsys.readouterr().out


def test_several_measures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [HEAD + ",measure", *rows(30, measure="体积"), *rows(30, noise=9, measure="长径")]
    code, document = run(capsys, save(tmp_path / "t.csv", lines), "--kind", "intra")
    assert (code, document["kind"]) == (1, "intra")
    assert [(item["measure"], item["reached"]) for item in document["measures"]] == [("体积", True), ("长径", False)]
    assert "icc" not in document


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encodings_and_separators(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], encoding: str, delimiter: str
) -> None:
    lines = [line.replace(",", delimiter) for line in [" Case ,RATER,Value", *rows(30), "", ",,"]]
    code, document = run(capsys, save(tmp_path / "表 50%.csv", lines, encoding))
    assert (code, document["raters"], document["cases"]) == (0, ["甲", "乙"], 30)


def test_gaps_are_named_and_left_out_only_when_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = rows(32)
    lines[5] = "C002,乙,"
    del lines[20]
    path = save(tmp_path / "t.csv", [HEAD, *lines])
    assert main(["icc", str(path)]) == 2
    refusal = capsys.readouterr().err
    assert "乙" in refusal
    assert "C002" in refusal
    code, document = run(capsys, path, "--skip-incomplete")
    assert (code, document["cases"], document["left_out"]) == (0, 30, ["C002", "C010"])


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("form", [form.value for form in IccForm])
def test_the_answer_in_words_names_the_form(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], lang: str, form: str
) -> None:
    path = save(tmp_path / "t.csv", [HEAD, *rows(31), "C999,甲,3"])
    assert main(["icc", str(path), "--form", form, "--skip-incomplete", "--lang", lang]) == 0
    out = capsys.readouterr().out
    assert f"ICC({form})" in out
    assert "C999" in out


NUMBERS = [HEAD, *rows(30)]


@pytest.mark.parametrize(
    ("lines", "part"),
    [
        ([], "no values"),
        ([HEAD], "no values"),
        (["case,value", "a,1"], "rater are missing"),
        (["case,rater,value,value", "a,b,1,2"], "occurs twice"),
        ([*NUMBERS, "C100,甲,12 mm"], 'Line 62: "12 mm"'),
        ([*NUMBERS, "C100,甲,nan"], '"nan"'),
        ([*NUMBERS, "C100,甲,inf"], '"inf"'),
        ([*NUMBERS, "C100,甲,1e999"], '"1e999"'),
        ([*NUMBERS, "C100,甲,1_0"], '"1_0"'),
        ([*NUMBERS, 'C100,甲,"12,5"'], '"12,5"'),
        ([*NUMBERS, "C100,甲,12,5"], "Line 62 has 4 cells"),
        ([*NUMBERS, "C000,甲,1"], "twice"),
        ([*NUMBERS, ",甲,1"], "case is empty"),
        ([*NUMBERS, "C100,,1"], "rater is empty"),
        ([*NUMBERS, 'C100,"甲,1'], "not readable as CSV"),
        ([HEAD, *rows(30, ("甲",))], "only one rater"),
        ([HEAD, *(f"C{n},{rater},5" for n in range(30) for rater in "ab")], "no variation"),
        ([HEAD, *(f"C{n},{rater},{rater == 'a':d}" for n in range(30) for rater in "ab")], "ICC(3,1) is not defined"),
    ],
)
def test_tables_without_an_answer_are_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], lines: list[str], part: str
) -> None:
    path = save(tmp_path / "t.csv", lines)
    assert main(["icc", str(path), "--form", "3,1"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert part in captured.err
    assert "t.csv" in captured.err
    assert "nan" not in captured.err.replace('"nan"', "")


@pytest.mark.parametrize(
    "data", [b"\xff\xfe\x00", b"\x00\x01\x02" * 50, b"\x80\x81\xff" * 20, b"PK\x03\x04" + bytes(40)]
)
def test_what_is_no_text_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], data: bytes) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(data)
    assert main(["icc", str(path)]) == 2
    assert "t.csv" in capsys.readouterr().err
    assert main(["icc", str(tmp_path / "none.csv")]) == 2


def test_one_constant_rater_is_low_agreement_not_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [f"C{n},{rater},{n if rater == 'a' else 5}" for n in range(30) for rater in "ab"]
    code, document = run(capsys, save(tmp_path / "t.csv", [HEAD, *lines]))
    assert code == 1
    assert document["icc"] < 0.2


@settings(max_examples=150)
@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.csv"
    for start in (b"", b"case,rater,value\n", b'case;rater;value\n"', b"\xef\xbb\xbfcase\trater\tvalue\n"):
        path.write_bytes(start + data)
        try:
            read = read_ratings(path)
        except CrcError as error:
            assert error.path == path
            assert str(error)
        else:
            assert all(np.isfinite(list(ratings.values.values())).all() for ratings in read)
