"""The command line's frame: words in both languages, one line for every refusal, one document for --json."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from crc_core import __version__
from crc_core.cli import main as cli
from crc_core.cli.console import Console, Exit
from crc_core.cli.main import BUILT_IN, main
from crc_core.errors import CrcError
from crc_core.text import Lang, say

PRESENT = [name for name in BUILT_IN if importlib.util.find_spec(f"crc_core.cli.{name}_command")]
HAN = re.compile(r"[\u4e00-\u9fff]")
Capture = pytest.CaptureFixture[str]


class OwnCommand:
    """A command of the test's own, as an entry point of another package would offer it."""

    def __init__(self, work: Callable[[Console], Exit]) -> None:
        self._work = work

    def configure(self, parser: argparse.ArgumentParser, lang: Lang) -> None:
        parser.add_argument("--times", type=int, default=1, help=lang.value)

    def run(self, arguments: argparse.Namespace, console: Console) -> Exit:
        return self._work(console)


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs `crcdb own …` with the given work."""

    def run(work: Callable[[Console], Exit], *words: str) -> int:
        monkeypatch.setattr(cli, "_loaders", lambda: {"own": lambda: OwnCommand(work)})
        return main(["own", *words])

    return run


def left(words: list[str]) -> int:
    """The exit code of `crcdb` where it ends by leaving."""
    with pytest.raises(SystemExit) as caught:
        main(words)
    return int(caught.value.code or 0)


def crcdb(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "crc_core.cli.main", *words],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        timeout=120,
    )


@pytest.mark.parametrize("lang", list(Lang))
@pytest.mark.parametrize("command", PRESENT)
def test_every_command_explains_itself_in_both_languages(command: str, lang: Lang, capsys: Capture) -> None:
    assert left([command, "--lang", lang.value, "--help"]) == 0
    shown = capsys.readouterr()
    assert say(f"cli.{command}", lang)[:20] in " ".join(shown.out.split())
    assert "--json" in shown.out
    assert not shown.err
    assert HAN.search(shown.out) or lang is Lang.EN


@pytest.mark.parametrize("lang", list(Lang))
@pytest.mark.parametrize("command", PRESENT)
def test_every_command_meets_an_unknown_option_with_one_line(command: str, lang: Lang, capsys: Capture) -> None:
    assert left([command, "--lang", lang.value, "--no-such-option"]) == Exit.BAD_INPUT
    shown = capsys.readouterr()
    assert not shown.out
    assert shown.err.count("\n") == 1
    assert shown.err.startswith("crcdb")
    assert HAN.search(shown.err) or lang is Lang.EN


@pytest.mark.parametrize("lang", list(Lang))
def test_the_list_of_commands_names_each_with_its_line(
    lang: Lang, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRC_LANG", lang.value)
    assert left(["--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for name in BUILT_IN:
        assert f"{name} {say(f'cli.{name}', lang)[:15]}" in shown


@pytest.mark.parametrize("words", [[], ["nothing"], ["--nothing"], ["--lang", "zh"], ["--lang", "xx", "scan"]])
def test_wrong_usage_is_one_line_and_exit_2(words: list[str], capsys: Capture) -> None:
    assert left(words) == Exit.BAD_INPUT
    shown = capsys.readouterr()
    assert not shown.out
    assert shown.err.count("\n") == 1
    assert "crcdb --help" in shown.err


def test_the_version_is_told(capsys: Capture) -> None:
    assert left(["--version"]) == 0
    assert capsys.readouterr().out == f"crcdb {__version__}\n"


@pytest.mark.parametrize("code", list(Exit))
def test_a_commands_answer_is_the_exit_code(own: Callable[..., int], code: Exit) -> None:
    assert own(lambda _console: code) == code


@pytest.mark.parametrize("lang", list(Lang))
def test_a_refusal_is_one_line_in_the_persons_language(own: Callable[..., int], lang: Lang, capsys: Capture) -> None:
    error = CrcError("file.trouble", path="a\nb/文件.nii.gz", reason="several\nlines")

    def refuse(_console: Console) -> Exit:
        raise error

    assert own(refuse, "--lang", lang.value) == Exit.BAD_INPUT
    shown = capsys.readouterr()
    assert not shown.out
    assert shown.err == error.sentence(lang).replace("\n", " ") + "\n"


def test_an_interruption_is_one_line_and_exit_2(own: Callable[..., int], capsys: Capture) -> None:
    def interrupt(_console: Console) -> Exit:
        raise KeyboardInterrupt

    assert own(interrupt, "--lang", "en") == Exit.BAD_INPUT
    assert capsys.readouterr().err == say("cli.interrupted", Lang.EN) + "\n"


@pytest.mark.parametrize("lang", list(Lang))
def test_an_error_nobody_foresaw_is_one_line_too(own: Callable[..., int], lang: Lang, capsys: Capture) -> None:
    def fail(_console: Console) -> Exit:
        raise RuntimeError("several\nlines of {words}")

    assert own(fail, "--lang", lang.value) == Exit.BAD_INPUT
    shown = capsys.readouterr()
    assert not shown.out
    assert shown.err.count("\n") == 1
    assert "RuntimeError: several lines of {words} (test_seams_cli.py:" in shown.err
    assert bool(HAN.search(shown.err)) == (lang is Lang.ZH)


def test_who_mends_the_program_sees_where_it_failed(own: Callable[..., int], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_console: Console) -> Exit:
        raise RuntimeError("seen")

    monkeypatch.setenv(cli.TRACEBACK_VARIABLE, "1")
    with pytest.raises(RuntimeError, match="seen"):
        own(fail)


def test_json_is_one_document_and_nothing_else(own: Callable[..., int], capsys: Capture) -> None:
    def speak(console: Console) -> Exit:
        console.say("cli.scan")
        console.line("words for people")
        console.document({"直肠": [1, {"gone": None, "kept": False}], "gone": None})
        return Exit.DONE

    assert own(speak, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"直肠": [1, {"kept": False}]}


def test_without_json_only_words_are_printed(own: Callable[..., int], capsys: Capture) -> None:
    def speak(console: Console) -> Exit:
        console.say("cli.scan")
        console.document({"a": 1})
        return Exit.DONE

    own(speak, "--lang", "zh")
    assert capsys.readouterr().out == say("cli.scan", Lang.ZH) + "\n"


def test_a_document_without_meaning_is_a_mistake_of_the_program(capsys: Capture) -> None:
    with pytest.raises(ValueError, match="JSON"):
        Console(Lang.EN, as_json=True).document({"a": float("nan")})


def test_progress_is_for_terminals_only(capsys: Capture) -> None:
    Console(Lang.EN, as_json=False).progress(1, 2, "cli.scan")
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("words", [("--lang", "zh"), ("--lang=zh",)])
def test_the_option_decides_the_language(own: Callable[..., int], words: tuple[str, ...], capsys: Capture) -> None:
    def speak(console: Console) -> Exit:
        console.say("cli.scan")
        return Exit.DONE

    own(speak, *words)
    assert capsys.readouterr().out == say("cli.scan", Lang.ZH) + "\n"


def test_the_system_decides_where_no_option_does() -> None:
    assert say("cli.description", Lang.ZH) in crcdb("--help", CRC_LANG="zh").stdout
    assert say("cli.description", Lang.EN) in crcdb("--help", CRC_LANG="en").stdout


def test_chinese_is_printed_whatever_the_terminal_says() -> None:
    shown = crcdb("--help", CRC_LANG="zh", PYTHONIOENCODING="ascii", LC_ALL="C", PYTHONUTF8="0")
    assert shown.returncode == 0
    assert say("cli.description", Lang.ZH) in shown.stdout


def test_a_reader_who_leaves_early_is_no_error(tmp_path: Path) -> None:
    program = (
        "import sys; from crc_core.cli import main as cli; from types import SimpleNamespace as S\n"
        "work = S(configure=lambda *a: None, run=lambda a, c: [c.line('x' * 100) for _ in range(20000)] and 0)\n"
        "cli._loaders = lambda: {'own': lambda: work}\n"
        "sys.exit(cli.main(['own']))"
    )
    writer = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert writer.stdout is not None
    assert writer.stderr is not None
    writer.stdout.read(10)
    writer.stdout.close()
    assert writer.stderr.read() == b""
    writer.stderr.close()
    writer.wait(60)


def test_starting_brings_nothing_heavy() -> None:
    program = (
        "import sys; from crc_core.cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'numpy', 'scipy', 'pydicom', 'SimpleITK', 'highdicom', 'PIL'} & set(sys.modules)\n"
        "sys.exit(f'brought {heavy}' if heavy else 0)"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8")
    assert result.returncode == 0, result.stderr


@pytest.mark.skipif(os.name == "nt", reason="a shell closes streams this way on POSIX only")
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_stream_that_is_closed_is_no_error(closed: str, tmp_path: Path) -> None:
    command = f'"{sys.executable}" -m crc_core.cli.main scan "{tmp_path}" {closed}'
    result = subprocess.run(["sh", "-c", command], capture_output=True, encoding="utf-8")
    assert (result.returncode, result.stderr) == (Exit.ANSWER_NO, "")
    refused = subprocess.run(["sh", "-c", command.replace(str(tmp_path), "/nowhere")], capture_output=True)
    assert refused.returncode == Exit.BAD_INPUT


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only some systems have a device that is always full")
@pytest.mark.parametrize("lines", [1, 20000])
def test_a_full_disk_behind_the_output_is_told_in_one_line(lines: int) -> None:
    program = (
        "import sys; from crc_core.cli import main as cli; from types import SimpleNamespace as S\n"
        f"work = S(configure=lambda *a: None, run=lambda a, c: [c.line('x' * 100) for _ in range({lines})] and 0)\n"
        "cli._loaders = lambda: {'own': lambda: work}\n"
        "sys.exit(cli.main(['own', '--lang', 'en']))"
    )
    with Path("/dev/full").open("w") as full:
        result = subprocess.run([sys.executable, "-c", program], stdout=full, stderr=subprocess.PIPE, encoding="utf-8")
    assert result.returncode == Exit.BAD_INPUT
    assert result.stderr.count("\n") == 1
    assert "could not be written" in result.stderr
