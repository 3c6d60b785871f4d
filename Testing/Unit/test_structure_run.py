"""The two README commands: what they install, when they need not, and what they say where they cannot."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest
from project_tree import ROOT

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """`run.py` as a module whose checkout is a folder of the test's own."""
    specification = importlib.util.spec_from_file_location("run_under_test", ROOT / "run.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    checkout = tmp_path / "check out 检出"
    for part in module.PARTS:
        (checkout / part).mkdir(parents=True)
    for name in ("constraints.txt", *(f"{part}/pyproject.toml" for part in module.PARTS), "requirements.txt"):
        (checkout / name).write_text(f"# {name}\n", encoding="utf-8")
    environment = checkout / ".venv"
    for name, value in {
        "HERE": checkout,
        "ENVIRONMENT": environment,
        "BEGUN": environment / "setup-begun",
        "LOG": environment / "setup.log",
        "CONSTRAINTS": checkout / "constraints.txt",
        "TEST_REQUIREMENTS": checkout / "requirements.txt",
        "SLICER_TESTS": checkout / "run_slicer.py",
    }.items():
        monkeypatch.setattr(module, name, value)
    return module


@pytest.fixture
def installed(run: types.ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What `run.py` asked pip for; nothing is installed, the environment is only a folder with a Python in it."""
    asked: list[list[str]] = []

    class Builder:
        def __init__(self, **_settings: object) -> None:
            pass

        def create(self, folder: Path) -> None:
            python = run.python_inside()
            python.parent.mkdir(parents=True)
            python.touch()
            (folder / "pyvenv.cfg").touch()

    monkeypatch.setattr(run.venv, "EnvBuilder", Builder)
    monkeypatch.setattr(run, "install", asked.append)
    monkeypatch.setattr(run, "runs_here", lambda: run.python_inside().exists())
    return asked


def answer(code: int, output: str = "") -> Callable[..., subprocess.CompletedProcess[str]]:
    return lambda *_words, **_settings: subprocess.CompletedProcess([], code, stdout="", stderr=output)


def test_setup_installs_the_runtime_once(run: types.ModuleType, installed: list[list[str]], capsys: Capture) -> None:
    assert run.main(["setup"]) == 0
    assert run.main(["setup"]) == 0
    assert installed == [["-e", str(run.HERE / "CRCCore"), "-e", str(run.HERE / "CRCServer")]]
    assert capsys.readouterr().out.count("\n") == 1


def test_the_tests_ask_for_more_than_the_runtime(run: types.ModuleType, installed: list[list[str]]) -> None:
    run.set_up(with_tests=False)
    run.set_up(with_tests=True)
    run.set_up(with_tests=True)
    assert installed[1:] == [["-r", str(run.TEST_REQUIREMENTS)]]


@pytest.mark.parametrize(
    "name", ["constraints.txt", "CRCCore/pyproject.toml", "CRCServer/pyproject.toml", "requirements.txt"]
)
def test_a_changed_requirement_is_installed_again(run: types.ModuleType, installed: list[list[str]], name: str) -> None:
    run.set_up(with_tests=True)
    (run.HERE / name).write_text("changed\n", encoding="utf-8")
    run.set_up(with_tests=True)
    assert len(installed) == 2


def test_an_interrupted_environment_is_made_anew(
    run: types.ModuleType, installed: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_words: list[str]) -> None:
        raise KeyboardInterrupt

    install = run.install
    monkeypatch.setattr(run, "install", interrupted)
    assert run.main(["setup"]) == run.INTERRUPTED
    (run.ENVIRONMENT / "half a package").touch()
    monkeypatch.setattr(run, "install", install)
    assert run.main(["setup"]) == 0
    assert not (run.ENVIRONMENT / "half a package").exists()
    assert len(installed) == 1
    assert run.is_ready("runtime")


def test_an_environment_whose_python_does_not_start_is_made_anew(
    run: types.ModuleType, installed: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    run.set_up(with_tests=False)
    (run.ENVIRONMENT / "old").touch()
    (run.ENVIRONMENT / "runtime-ready").unlink()
    monkeypatch.setattr(run, "runs_here", lambda: False)
    run.set_up(with_tests=False)
    assert not (run.ENVIRONMENT / "old").exists()
    assert len(installed) == 2


def test_a_folder_that_is_no_environment_is_not_deleted(
    run: types.ModuleType, installed: list[list[str]], capsys: Capture
) -> None:
    run.ENVIRONMENT.mkdir()
    (run.ENVIRONMENT / "thesis.docx").touch()
    assert run.main(["setup"]) == 2
    assert (run.ENVIRONMENT / "thesis.docx").exists()
    assert capsys.readouterr().err.strip().endswith("move it away")
    assert not installed


@pytest.mark.parametrize("version", [(3, 10, 13), (3, 14, 0), (3, 8, 1)])
def test_another_python_is_refused_in_one_line(
    run: types.ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: Capture, version: tuple[int, int, int]
) -> None:
    monkeypatch.setattr(run.sys, "version_info", version)
    assert run.main(["setup"]) == 2
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert "3.11" in shown
    assert ".".join(map(str, version)) in shown


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("WARNING: Retrying... NewConnectionError: [Errno -3] Temporary failure in name resolution\nERROR: No "
         "matching distribution found for numpy", "cannot be reached"),
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "No space left"),
        ("WARNING: Location 'x' is ignored", "pip was stopped"),
    ],
)  # fmt: skip
def test_what_pip_complains_of_becomes_one_line(
    run: types.ModuleType, monkeypatch: pytest.MonkeyPatch, output: str, expected: str
) -> None:
    monkeypatch.setattr(run.subprocess, "run", answer(1, output))
    with pytest.raises(run.SetupError) as caught:
        run.install(["x"])
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(run.LOG) in str(caught.value)


def test_a_python_without_environments_is_told_so(
    run: types.ModuleType, installed: list[list[str]], monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    class Broken:
        def __init__(self, **_settings: object) -> None:
            pass

        def create(self, _folder: Path) -> None:
            raise subprocess.CalledProcessError(1, "ensurepip")

    monkeypatch.setattr(run.venv, "EnvBuilder", Broken)
    assert run.main(["setup"]) == 2
    assert "python3-venv" in capsys.readouterr().err
    assert not installed


def test_nothing_leads_pip_out_of_the_environment(run: types.ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTHONPATH", "PYTHONHOME", "PIP_USER", "PIP_TARGET", "PIP_PREFIX"):
        monkeypatch.setenv(name, "elsewhere")
    assert "elsewhere" not in run.clean_environment().values()


def test_windows_keeps_its_python_elsewhere(run: types.ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "os", types.SimpleNamespace(name="nt"))
    assert run.python_inside() == run.ENVIRONMENT / "Scripts" / "python.exe"


@pytest.mark.parametrize(("words", "code"), [([], 0), (["--help"], 0), (["nothing"], 2), (["setup", "x"], 2)])
def test_usage(run: types.ModuleType, capsys: Capture, words: list[str], code: int) -> None:
    assert run.main(words) == code
    shown = capsys.readouterr()
    assert bool(shown.out) == (code == 0)
    assert shown.err.count("\n") == (code != 0)


def test_the_demo_gets_its_arguments_as_they_are(
    run: types.ModuleType, installed: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    called, told = [], [KeyboardInterrupt(), KeyboardInterrupt(), 1]

    class Process:
        def __init__(self, words: list[str], **_settings: object) -> None:
            called.append(words)

        def __enter__(self) -> Process:
            return self

        def __exit__(self, *_error: object) -> None:
            pass

        def wait(self) -> int:
            answer = told.pop(0)
            if isinstance(answer, KeyboardInterrupt):
                raise answer
            return int(answer)

    monkeypatch.setattr(run.subprocess, "Popen", Process)
    assert run.main(["demo", "--study", "a b", "--help"]) == 1
    assert called == [[str(run.python_inside()), "-m", "crc_core.cli.main", "demo", "--study", "a b", "--help"]]
    assert len(installed) == 1


@pytest.mark.parametrize(
    ("slicer", "has_tests", "codes", "expected", "said"),
    [
        (False, False, [0], 0, "pytest: passed. Slicer tests: not run, no Slicer on the PATH."),
        (False, False, [1], 1, "pytest: FAILED. Slicer tests: not run, no Slicer on the PATH."),
        (True, False, [0], 0, "Slicer tests: not run, this version has none"),
        (True, True, [0, 0], 0, "Slicer tests: passed in"),
        (True, True, [0, 3], 3, "Slicer tests: FAILED in"),
        (True, True, [0, 77], 0, "Slicer tests: not run,"),
        (True, True, [1, 0], 1, "pytest: FAILED"),
    ],
)
@pytest.mark.usefixtures("installed")
def test_the_last_line_says_which_tests_ran_and_the_exit_code_agrees(
    run: types.ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
    slicer: bool,
    has_tests: bool,
    codes: list[int],
    expected: int,
    said: str,
) -> None:
    monkeypatch.setattr(run.subprocess, "call", lambda *_words, **_settings: codes.pop(0))
    monkeypatch.setattr(run.shutil, "which", lambda _name: None)
    if has_tests:
        run.SLICER_TESTS.touch()
    words = ["--slicer", sys.executable] if slicer else []
    assert run.main(["test", *words]) == expected
    assert said in capsys.readouterr().out.splitlines()[-1]
    assert not codes


@pytest.mark.usefixtures("installed")
def test_full_and_further_arguments_reach_pytest(run: types.ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[list[str]] = []
    monkeypatch.setattr(run.subprocess, "call", lambda words, **_settings: called.append(words) or 0)
    monkeypatch.setattr(run.shutil, "which", lambda _name: None)
    run.main(["test", "-k", "grid"])
    run.main(["test", "--full"])
    assert called[0][-2:] == ["-k", "grid"]
    assert "full or not full" in called[1]
    assert "full or not full" not in called[0]


def test_a_slicer_that_is_not_there_is_told_before_anything_is_set_up(
    run: types.ModuleType, installed: list[list[str]], capsys: Capture
) -> None:
    assert run.main(["test", "--slicer", "none/Slicer"]) == 2
    assert "no such Slicer" in capsys.readouterr().err
    assert not installed
