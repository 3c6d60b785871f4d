"""The agreement sample: the same everywhere, spread over the strata, every unit with the same chance."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path

import pytest
from crc_core.cli.main import main
from crc_core.errors import CrcError
from crc_core.statistics import SampleUnit, draw_sample
from hypothesis import given, settings
from hypothesis import strategies as st

UNITS = [
    SampleUnit(f"CRC-{site:02d}-{n:06d}", (f"{site:02d}", vendor, place))
    for site in range(1, 4)
    for n, (vendor, place) in enumerate([("联影", "左半结肠"), ("GE", "右半结肠"), ("GE", "直肠")] * 20)
]
NAMES = [unit.unit for unit in UNITS]


def test_the_draw_is_fixed_for_all_time() -> None:
    """A released sample must be drawn again unchanged: this list may never change under the same algorithm name."""
    sample = draw_sample(UNITS, 30, seed=20250101)
    assert (sample.algorithm, sample.population) == ("crc-sample/1", 180)
    assert hashlib.sha256("\n".join(sample.drawn).encode()).hexdigest() == FIXED


FIXED = "6c7875d908ad5f0667d8aa3ce9e972058310a37699d823bc16fe5fc2db662d37"


def test_the_rule_as_it_is_documented_draws_the_same() -> None:
    seed, size = 7, 31

    def digest(*unit: str) -> str:
        return hashlib.sha256("\n".join(("crc-sample/1", str(seed), *unit)).encode()).hexdigest()

    ordered = sorted(UNITS, key=lambda unit: (*unit.strata, digest(unit.unit)))
    start = int(digest(), 16) % len(ordered)
    places = [(start + m * len(ordered)) // size for m in range(size)]
    wanted = sorted((ordered[place].unit for place in places), key=digest)
    assert list(draw_sample(UNITS, size, seed).drawn) == wanted


@settings(max_examples=50)
@given(
    st.integers(-5, 10**12), st.integers(1, 180), st.sets(st.sampled_from([unit.unit for unit in UNITS]), max_size=40)
)
def test_size_exclusions_and_shares(seed: int, size: int, excluded: set[str]) -> None:
    eligible = [unit for unit in UNITS if unit.unit not in excluded]
    if size > len(eligible):
        with pytest.raises(CrcError):
            draw_sample(UNITS, size, seed, excluded)
        return
    sample = draw_sample(UNITS, size, seed, excluded)
    assert len(set(sample.drawn)) == size
    assert not excluded & set(sample.drawn)
    assert sample.excluded == tuple(sorted(excluded))
    of = {unit.unit: unit.strata for unit in UNITS}
    drawn = Counter(of[unit] for unit in sample.drawn)
    for stratum in sample.strata:
        assert stratum.drawn == drawn[stratum.strata]
        assert abs(stratum.drawn - size * stratum.population / len(eligible)) < 1
    sites = Counter(of[unit][0] for unit in sample.drawn)
    for site, population in Counter(unit.strata[0] for unit in eligible).items():
        assert abs(sites[site] - size * population / len(eligible)) < 1


def test_the_order_of_the_table_does_not_matter() -> None:
    assert draw_sample(UNITS, 40, 3) == draw_sample(UNITS[::-1], 40, 3)


def test_every_unit_has_the_same_chance() -> None:
    units = [SampleUnit(f"u{n}", (str(n % 3),)) for n in range(20)]
    counts = Counter(unit for seed in range(2000) for unit in draw_sample(units, 5, seed).drawn)
    assert len(counts) == 20
    assert all(abs(count - 500) < 100 for count in counts.values())


def write(path: Path, lines: list[str], encoding: str = "utf-8") -> Path:
    """A table of units."""
    path.write_text("\n".join(lines), encoding=encoding)
    return path


def table(path: Path, count: int = 60, encoding: str = "utf-8") -> Path:
    """A table of `count` units with all strata."""
    rows = [f"CRC-01-{n:06d},0{n % 2 + 1},联影,直肠,{'<5' if n % 3 else '≥5'},无" for n in range(count)]
    return write(path, ["case,site,vendor,place,size,metastasis", *rows], encoding)


def test_the_command_draws_and_records(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = table(tmp_path / "单元.csv")
    words = ["sample", str(path), "--seed", "11", "--exclude", "CRC-01-000004", "CRC-01-000009", "--json"]
    assert main(words) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["seed"], document["n"], document["population"]) == (11, 30, 58)
    assert document["excluded"] == ["CRC-01-000004", "CRC-01-000009"]
    assert document["table_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert sum(stratum["drawn"] for stratum in document["strata"]) == 30
    assert {"site", "vendor", "place", "size", "metastasis"} < set(document["strata"][0])
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out) == document
    gb18030 = table(tmp_path / "gb.csv", encoding="gb18030")
    assert main(["sample", str(gb18030), *words[2:]]) == 0
    assert json.loads(capsys.readouterr().out)["drawn"] == document["drawn"]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_command_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str], lang: str) -> None:
    path = table(tmp_path / "units.csv")
    assert main(["sample", str(path), "--seed", "1", "--exclude", "CRC-01-000000", "--lang", lang]) == 0
    assert capsys.readouterr().out.count("CRC-01-") == 31


@pytest.mark.parametrize(
    ("lines", "options", "part"),
    [
        (["case,site", "a,1", "a,2"], ["--n", "1", "--allow-small"], "twice"),
        (["case,site", "a,1", "b,"], ["--n", "1", "--allow-small"], "Line 3"),
        (["case,site", "a,1"], ["--n", "2", "--allow-small"], "only 1"),
        (["case,site", "a,1"], ["--n", "0", "--allow-small"], "0 units"),
        (["case,site", "a,1"], ["--n", "1"], "smaller than the 30"),
        (["case,site", "a,1"], ["--n", "1", "--allow-small", "--exclude", "b"], "b is to be excluded"),
        (["unit,site", "a,1"], ["--n", "30"], "case are missing"),
        ([], ["--n", "30"], "no values"),
    ],
)
def test_what_cannot_be_drawn_from_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], lines: list[str], options: list[str], part: str
) -> None:
    path = write(tmp_path / "units.csv", lines)
    assert main(["sample", str(path), "--seed", "1", *options]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert part in captured.err
