"""Chinese and English say the same things, and the code asks only for what both can say."""

from __future__ import annotations

import re

import pytest
from catalogue_uses import TEXT, composed_codes, names, places, sentences, speaking_files, uses, written_codes
from crc_core.text import Lang, catalogue
from project_tree import files, require_none

ALL_USES = [use for path in speaking_files() for use in uses(path)]
CHINESE, ENGLISH = sentences("zh"), sentences("en")
HAN = re.compile(r"[\u4e00-\u9fff]")


def test_both_languages_have_the_same_areas_and_codes() -> None:
    assert [path.name for path in files(TEXT / "zh")] == [path.name for path in files(TEXT / "en")]
    assert set(CHINESE) == set(ENGLISH)


def test_the_catalogue_the_program_reads_is_these_files() -> None:
    assert dict(catalogue(Lang.ZH)) == CHINESE
    assert dict(catalogue(Lang.EN)) == ENGLISH


def test_both_languages_have_the_same_places() -> None:
    assert {code: places(text) for code, text in CHINESE.items()} == {
        code: places(text) for code, text in ENGLISH.items()
    }


def test_every_place_has_a_name() -> None:
    require_none(code for code, text in ENGLISH.items() for name in names(text) if not name.isidentifier())


def test_no_sentence_is_empty_or_of_several_lines() -> None:
    require_none(code for code, text in [*CHINESE.items(), *ENGLISH.items()] if not text.strip() or "\n" in text)


def test_chinese_is_chinese() -> None:
    """A sentence without a Chinese character is a pattern of places and signs, or a name that is the same in both."""
    require_none(
        code
        for code, text in CHINESE.items()
        if re.search("[A-Za-z]{3}", re.sub(r"\{.*?\}", "", text)) and not HAN.search(text) and text != ENGLISH[code]
    )


@pytest.mark.parametrize("speaker", ["CrcError", "say", "Refusal"])
def test_every_code_in_the_code_is_in_the_catalogue(speaker: str) -> None:
    require_none(use for use in ALL_USES if use.speaker == speaker and use.code not in ENGLISH)


def test_every_refusal_says_what_to_do() -> None:
    require_none(use for use in ALL_USES if use.speaker == "CrcError" and f"{use.code}.remedy" not in ENGLISH)


def test_every_remedy_belongs_to_a_sentence() -> None:
    require_none(code for code in ENGLISH if code.endswith(".remedy") and code.removesuffix(".remedy") not in ENGLISH)


def test_every_call_gives_the_values_its_sentence_needs() -> None:
    lacking = []
    for use in ALL_USES:
        if use.values is None or use.code not in ENGLISH:
            continue
        remedy = ENGLISH.get(f"{use.code}.remedy", "") if use.speaker == "CrcError" else ""
        if missing := (names(ENGLISH[use.code]) | names(remedy)) - use.values:
            lacking.append((use.place, use.code, missing))
    require_none(lacking)


def test_no_sentence_is_left_over() -> None:
    written, composed = written_codes(), composed_codes()
    left_over = [
        code
        for code in ENGLISH
        if code.removesuffix(".remedy") not in written
        and not any(pattern.fullmatch(code.removesuffix(".remedy")) for pattern in composed)
    ]
    require_none(left_over)


def test_the_code_is_really_read() -> None:
    assert {"nifti.truncated", "identity.bad_site"} <= {use.code for use in ALL_USES}
    assert any(pattern.fullmatch("cli.scan") for pattern in composed_codes())
    assert not any(pattern.fullmatch("nothing.of.this") for pattern in composed_codes())
