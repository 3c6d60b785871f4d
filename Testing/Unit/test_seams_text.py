"""Words by code, the language of the system, and a catalogue that refuses to say two things."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from crc_core import text
from crc_core.text import Lang, catalogue, say, system_language


@pytest.fixture
def own_catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A catalogue folder of the test's own in place of the package's."""
    folder = tmp_path / "data" / "text" / "en"
    folder.mkdir(parents=True)
    monkeypatch.setattr(text.resources, "files", lambda _package: tmp_path)
    catalogue.cache_clear()
    yield folder
    catalogue.cache_clear()


def test_a_sentence_is_found_and_its_places_are_filled() -> None:
    assert say("identity.bad_site", Lang.EN, site="X") == '"X" is not a site number.'
    assert say("identity.bad_site", Lang.ZH, site="X") == "“X”不是机构编号。"


def test_a_value_is_never_read_as_a_sentence() -> None:
    assert "{site} {0} {" in say("identity.bad_site", Lang.EN, site="{site} {0} {")


def test_values_may_be_named_like_our_own_arguments() -> None:
    assert "X-1" in say("identity.bad_case_code", Lang.EN, code="X-1", lang="zh")


def test_an_unknown_code_and_a_missing_value_are_mistakes_of_the_program() -> None:
    with pytest.raises(KeyError):
        say("nothing.of.this", Lang.EN)
    with pytest.raises(KeyError):
        say("identity.bad_site", Lang.EN)


def test_the_catalogue_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        catalogue(Lang.EN)["identity.bad_site"] = "changed"  # type: ignore[index]  # that it fails is what is tested


def test_all_areas_are_read_as_one(own_catalogue: Path) -> None:
    (own_catalogue / "a.json").write_text(json.dumps({"a.one": "One."}), encoding="utf-8")
    (own_catalogue / "b.json").write_text(json.dumps({"b.two": "Zwei – 二."}), encoding="utf-8")
    (own_catalogue / "notes.txt").write_text("not a catalogue", encoding="utf-8")
    assert dict(catalogue(Lang.EN)) == {"a.one": "One.", "b.two": "Zwei – 二."}


def test_a_code_defined_twice_is_refused(own_catalogue: Path) -> None:
    for area in ("a", "b"):
        (own_catalogue / f"{area}.json").write_text(json.dumps({"x.same": area}), encoding="utf-8")
    with pytest.raises(ValueError, match=r"b\.json.*x\.same"):
        catalogue(Lang.EN)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"CRC_LANG": "zh"}, Lang.ZH),
        ({"CRC_LANG": "en", "LANG": "zh_CN.UTF-8"}, Lang.EN),
        ({"LANG": "zh_CN.UTF-8"}, Lang.ZH),
        ({"LANG": "zh_TW"}, Lang.ZH),
        ({"LC_ALL": "de_DE.UTF-8", "LANG": "zh_CN.UTF-8"}, Lang.EN),
        ({"LC_MESSAGES": "zh_CN.UTF-8", "LANG": "C"}, Lang.ZH),
        ({"LANG": "C"}, Lang.EN),
    ],
)
def test_the_systems_language_is_asked_in_order(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: Lang
) -> None:
    for name in ("CRC_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert system_language() is expected


@pytest.mark.parametrize(
    ("locale_name", "expected"),
    [("Chinese (Simplified)_China", Lang.ZH), ("zh_CN", Lang.ZH), (None, Lang.EN), ("English_United States", Lang.EN)],
)
def test_where_no_variable_speaks_the_locale_does(
    monkeypatch: pytest.MonkeyPatch, locale_name: str | None, expected: Lang
) -> None:
    """As on Windows, where a locale is named in words."""
    for name in ("CRC_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(text.locale, "getlocale", lambda: (locale_name, "cp936"))
    assert system_language() is expected
