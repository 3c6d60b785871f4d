"""The help of every command is in one language: headings, usage and the help option too, of nested commands as well."""

from __future__ import annotations

import re

import pytest
from crc_core.cli.main import BUILT_IN, main
from crc_core.text import Lang, say

COMMANDS = [
    (),
    *((name,) for name in BUILT_IN),
    ("report", "new"),
    ("report", "fill"),
    ("store", "new"),
    ("store", "check"),
    ("people", "add"),
]
ENGLISH = (
    "usage:",
    "positional arguments",
    "options:",
    "show this help",
    "show program's version",
    "optional arguments",
)


def help_of(
    command: tuple[str, ...], lang: Lang, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> str:
    monkeypatch.setenv("CRC_LANG", lang.value)
    with pytest.raises(SystemExit) as left:
        main([*command, "--help"])
    assert left.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("lang", list(Lang))
def test_the_frame_of_the_help_is_in_the_persons_language(
    command: tuple[str, ...], lang: Lang, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = help_of(command, lang, capsys, monkeypatch)
    assert shown.startswith(f"{say('cli.help.usage', lang)}{' '.join(('crcdb', *command))} [-h]")
    assert f"\n{say('cli.help.options', lang)}:\n" in shown
    assert re.search(rf"-h, --help\s+{say('cli.help.help', lang)}\n", shown)
    if lang is Lang.ZH:
        assert [words for words in ENGLISH if words in shown] == []


@pytest.mark.parametrize("lang", list(Lang))
def test_arguments_without_a_dash_have_their_heading(
    lang: Lang, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for command in ((), ("scan",), ("store", "new")):
        assert f"\n{say('cli.help.positional', lang)}:\n" in help_of(command, lang, capsys, monkeypatch)


@pytest.mark.parametrize("lang", list(Lang))
@pytest.mark.parametrize("command", ["scan", "check"])
def test_the_help_warns_of_paths_in_the_cache(
    command: str, lang: Lang, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = "".join(help_of((command,), lang, capsys, monkeypatch).split())
    assert "".join(say("scan.arg.cache", lang).split()) in shown
    assert ("文件路径" if lang is Lang.ZH else "filepaths") in shown
