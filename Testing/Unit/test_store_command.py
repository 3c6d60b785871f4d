"""The commands `store`, `people` and `submit`: the whole work of a data manager on the command line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from crc_core.cli.console import Exit
from crc_core.cli.main import main
from crc_core.reading.seal import open_final
from crc_core.store.folder import FolderStore
from crc_core.store.protocol import PreparedUnit
from crc_core.text import Lang, say
from crc_core.vocabulary import Role, Target
from crc_core.workflow.events import Kind
from store_support import PIN, QUICK_PINS, SCAN_PASSED, admit, must, sealed_reading, write_study

POLICY = {
    "version": "workflow-test",
    "readers_per_unit": 2,
    "withdrawal_window_minutes": 0,
    "require_clearance": True,
    "washout_days": 28,
    "sample_minimum": 2,
}
STAFF = {
    "manager": ("--role", "data_manager"),
    "wang": ("--role", "annotator", "--title", "resident"),
    "li": ("--role", "annotator", "--title", "主治医师"),
    "chief": ("--role", "senior", "--title", "associate_chief"),
}
Run = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A machine with a cache folder of its own, a PIN in the environment, and PINs that cost little."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRC_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("CRC_PIN", PIN)
        patch.setenv("CRC_NEW_PIN", PIN)
        patch.setattr("crc_core.store.folder.store.load_pin_policy", lambda: QUICK_PINS)
        yield


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, machine: None) -> tuple[Path, PreparedUnit]:
    """A store with its staff and a unit that is bound and assigned, made on the command line once for all tests."""
    folder = tmp_path_factory.mktemp("model")
    policy, root = folder / "policy.json", folder / "store"
    policy.write_text(json.dumps(POLICY), encoding="utf-8")
    done("store", "new", root, "--administrator", "admin", "--name", "张", "--site", "01", "--policy", policy)
    for person, words in STAFF.items():
        done("people", "add", root, person, "--as", "admin", "--name", person.title(), "--site", "01", *words)
        done("people", "pin", root, person, "--as", person)
    for reader in ("wang", "li"):
        done("people", "clear", root, reader, "primary", "liver", "--version", "v1", "--as", "chief")
    store = FolderStore(root)
    prepared = admit(store, write_study(folder / "study"))
    must(store, "manager", Kind.SCAN_CHECKED, SCAN_PASSED, prepared.unit)
    words = ("primary=PVP:subtraction", "liver=pvp")
    done("store", "bind", root, prepared.unit, *words, "--version", "v1", "--as", "manager")
    for reader in ("wang", "li"):
        done("store", "assign", root, prepared.unit, reader, "--as", "manager")
    return root, prepared


@pytest.fixture
def root(model: tuple[Path, PreparedUnit], tmp_path: Path) -> Path:
    """A copy of the store for one test, at a path that is not easy."""
    return Path(shutil.copytree(model[0], tmp_path / "共享 盘 100%" / "store"))


@pytest.fixture
def unit(model: tuple[Path, PreparedUnit]) -> PreparedUnit:
    """The unit in it."""
    return model[1]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command with `--json`; its document."""

    def call(*words: object, exit_code: int = Exit.DONE) -> dict[str, Any]:
        assert main([str(word) for word in words] + ["--json"]) == exit_code
        document: dict[str, Any] = json.loads(capsys.readouterr().out)
        return document

    return call


def done(*words: object) -> None:
    """A command that has to succeed."""
    assert main([str(word) for word in words]) == Exit.DONE


def refused(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    """The one line of a command that is refused with exit 2 and says nothing else."""
    assert main([str(word) for word in words]) == Exit.BAD_INPUT
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert "Traceback" not in told.err
    return told.err


def test_from_an_empty_folder_to_an_exported_release(run: Run, root: Path, unit: PreparedUnit, tmp_path: Path) -> None:
    for reader in ("wang", "li"):
        sealed = sealed_reading(tmp_path / reader, unit, reader)
        assert run("submit", sealed.folder, "--store", root, "--as", reader) == {
            "unit": str(unit.unit),
            "reading": sealed.sha256,
            "repeated": False,
            "enforces": False,
        }
    assert run("submit", sealed.folder, "--store", root, "--as", "li")["repeated"] is True
    assert run("store", "advance", root) == {"units": [str(unit.unit)]}
    assert run("store", "show", root, unit.unit, "--as", "wang")["phase"] == "final"
    assert run("store", "list", root, "--as", "li")["units"][0]["phase"] == "final"
    assert run("store", "release", root, "2026-1", "--as", "manager") == {
        "release": "2026-1",
        "units": [str(unit.unit)],
    }
    log = run("store", "log", root, "--as", "manager", "--since", "4")["events"]
    assert log[0]["seq"] == 5
    assert log[-1]["kind"] == "unit_released"
    copied = run("store", "final", root, unit.unit, "-o", tmp_path / "final", "--as", "wang")
    assert open_final(tmp_path / "final").sealed.sha256 == copied["final"]
    exported = run("store", "export", root, "2026-1", "-o", tmp_path / "release", "--as", "manager")
    assert exported["chain_head"] == log[-1]["hash"]
    _check_release(tmp_path / "release", unit, copied["final"])
    found = run("store", "check", root, "--deep")
    assert found["whole"] is True
    assert found["findings"] == []
    assert (found["units"], found["series"], found["readings"], found["finals"], found["people"]) == (1, 2, 2, 1, 5)


def _check_release(folder: Path, unit: PreparedUnit, final: str) -> None:
    record = json.loads((folder / "release.json").read_bytes())
    assert record["titles_enforced"] is False
    assert [item["unit"] for item in record["units"]] == [str(unit.unit)]
    opened = open_final(folder / str(unit.unit) / "final")
    assert opened.sealed.sha256 == final
    assert np.count_nonzero(opened.mask(Target.PRIMARY).array)
    code = unit.unit.series_code(Role.PVP)
    images = sorted((folder / str(unit.unit) / "images" / code).iterdir())
    originals = sorted(unit.folders[code].iterdir())
    assert [path.read_bytes() for path in images] == [path.read_bytes() for path in originals]


def test_a_senior_is_told_in_words_what_is_disputed(
    run: Run, root: Path, unit: PreparedUnit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for reader, shift in (("wang", 0), ("li", 4)):
        sealed = sealed_reading(tmp_path / reader, unit, reader, shift)
        run("submit", sealed.folder, "--store", root, "--as", reader)
    run("store", "advance", root)
    assert main(["store", "show", str(root), str(unit.unit), "--as", "chief", "--lang", "zh"]) == Exit.DONE
    told = capsys.readouterr().out
    assert "原位肿瘤：有争议（" in told and "肝转移瘤：一致：未见" in told
    assert "减影勾画" in told and "subtraction" not in told
    assert main(["store", "show", str(root), str(unit.unit), "--as", "wang", "--lang", "zh"]) == Exit.DONE
    assert "有争议" not in capsys.readouterr().out


def test_people_come_change_and_leave(run: Run, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    people = {item["person"]: item for item in run("people", "list", root)["people"]}
    assert people["li"] == {
        "person": "li",
        "name": "Li",
        "title": "主治医师",
        "roles": ["annotator"],
        "site": "01",
        "active": True,
        "has_pin": True,
        "cleared": ["primary", "liver"],
    }
    run("people", "change", root, "li", "--as", "admin", "--title", "副主任医师", "--name", "李")
    run("people", "clear", root, "li", "liver", "--version", "v1", "--revoke", "--as", "chief")
    run("people", "retire", root, "wang", "--as", "admin")
    people = {item["person"]: item for item in run("people", "list", root)["people"]}
    assert (people["li"]["title"], people["li"]["name"], people["li"]["cleared"]) == ("副主任医师", "李", ["primary"])
    assert (people["wang"]["active"], people["wang"]["cleared"]) == (False, ["primary", "liver"])
    again = ("people", "add", root, "li", "--as", "admin", "--name", "x", "--site", "01", "--role", "senior")
    assert "li" in refused(capsys, *again)
    assert main(["people", "list", str(root), "--lang", "zh"]) == Exit.DONE
    listed = capsys.readouterr().out
    assert say("store.retired", Lang.ZH) in listed
    assert "副主任医师  标注者" in listed and "annotator" not in listed
    assert main(["people", "list", str(root), "--lang", "en"]) == Exit.DONE
    assert "associate chief physician  annotator" in capsys.readouterr().out


def test_signed_work_needs_the_pin(
    run: Run, root: Path, unit: PreparedUnit, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("store", "exclude", root, unit.unit, "--code", "not_crc", "--reason", "lymphoma", "--as", "chief")
    monkeypatch.setenv("CRC_PIN", "000000")
    assert "wrong" in refused(capsys, *words)
    monkeypatch.delenv("CRC_PIN")
    assert "CRC_PIN" in refused(capsys, *words)
    monkeypatch.setenv("CRC_PIN", PIN)
    assert run(*words) == {"unit": str(unit.unit), "repeated": False}
    assert run("store", "show", root, unit.unit, "--as", "manager")["phase"] == "excluded"


def test_pins_are_set_by_their_owner_or_an_administrator(
    run: Run, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "administrator" in refused(capsys, "people", "pin", root, "wang", "--as", "li")
    assert "PIN" in refused(capsys, "people", "pin", root, "wang", "--as", "admin")
    run("people", "pin", root, "admin", "--as", "admin")
    monkeypatch.setenv("CRC_NEW_PIN", "271828")
    run("people", "pin", root, "wang", "--as", "admin")
    assert "wrong" in refused(capsys, "people", "pin", root, "wang", "--as", "wang")
    monkeypatch.setenv("CRC_PIN", "271828")
    run("people", "pin", root, "wang", "--as", "wang")
    monkeypatch.setenv("CRC_NEW_PIN", "123")
    assert "short" in refused(capsys, "people", "pin", root, "wang", "--as", "wang")


def test_what_a_data_manager_and_a_senior_do_with_a_unit(
    run: Run, root: Path, unit: PreparedUnit, tmp_path: Path
) -> None:
    protocol = tmp_path / "protocol.pdf"
    protocol.write_bytes(b"protocol")
    assert run("store", "protocol", root, protocol, "--version", "v2", "--as", "chief")["version"] == "v2"
    sealed = sealed_reading(tmp_path / "reading", unit, "wang")
    run("submit", sealed.folder, "--store", root, "--as", "wang")
    run("store", "return", root, unit.unit, "--question", "血管?", "--as", "chief")
    slot = run("store", "list", root, "--as", "wang")["units"][0]["slot"]
    assert (slot["phase"], slot["question"]) == ("returned", "血管?")
    run("store", "withdraw-consent", root, unit.unit, "--reason", "the patient asked", "--as", "manager")
    assert run("store", "show", root, unit.unit, "--as", "manager")["phase"] == "withdrawn"


def test_a_release_leaves_out_who_withdrew_since(run: Run, root: Path, unit: PreparedUnit, tmp_path: Path) -> None:
    for reader in ("wang", "li"):
        folder = sealed_reading(tmp_path / reader, unit, reader).folder
        run("submit", folder, "--store", root, "--as", reader)
    run("store", "advance", root)
    run("store", "release", root, "2026-1", unit.unit, "--as", "manager")
    run("store", "withdraw-consent", root, unit.unit, "--reason", "the patient asked", "--as", "manager")
    exported = run("store", "export", root, "2026-1", "-o", tmp_path / "release", "--as", "manager")
    assert (exported["units"], exported["left_out"]) == ([], [str(unit.unit)])
    assert [path.name for path in (tmp_path / "release").iterdir()] == ["release.json"]


def test_a_harmed_store_is_told_with_exit_1(
    run: Run, root: Path, unit: PreparedUnit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sealed = sealed_reading(tmp_path / "reading", unit, "wang")
    run("submit", sealed.folder, "--store", root, "--as", "wang")
    kept = next(root.glob("readings/*/*/report.json"))
    kept.write_bytes(b"{}")
    (root / "events" / ".00000099.json.x.part").write_bytes(b"")
    found = run("store", "check", root, "--clean", "--clean-hours", "0", exit_code=Exit.ANSWER_NO)
    assert found["whole"] is False
    assert [(item["level"], item["code"], item["path"]) for item in found["findings"]] == [
        ("wrong", "sealed.altered", str(kept))
    ]
    assert found["cleared"] == [str(root / "events" / ".00000099.json.x.part")]
    assert main(["store", "check", str(root), "--lang", "zh"]) == Exit.ANSWER_NO
    assert str(kept) in capsys.readouterr().out


def test_bad_requests_are_one_line_and_exit_2(
    run: Run, root: Path, unit: PreparedUnit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sealed = sealed_reading(tmp_path / "reading", unit, "wang")
    assert "store.json" in refused(capsys, "store", "check", tmp_path)
    assert str(root) in refused(capsys, "store", "new", root, "--administrator", "a", "--name", "A", "--site", "01")
    assert "nowhere" in refused(capsys, "store", "list", tmp_path / "nowhere", "--as", "wang")
    assert "slot" in refused(capsys, "submit", sealed.folder, "--store", root, "--as", "li")
    (sealed.folder / "report.json").write_bytes(b"{}")
    assert "altered" in refused(capsys, "submit", sealed.folder, "--store", root, "--as", "wang")
    assert "binding" in refused(
        capsys, "store", "bind", root, unit.unit, "primary:PVP", "--version", "v1", "--as", "manager"
    )
    assert "check character" in refused(capsys, "store", "show", root, "CRC-01-000001-0_T0", "--as", "manager")
    assert "no final" in refused(capsys, "store", "final", root, unit.unit, "-o", tmp_path / "f", "--as", "manager")
    assert "release" in refused(capsys, "store", "export", root, "none", "-o", tmp_path / "r", "--as", "manager")
    assert "release" in refused(capsys, "store", "release", root, "../x", "--as", "manager")
    assert "nobody" in refused(capsys, "store", "log", root, "--as", "nobody")
    broken = tmp_path / "broken.json"
    broken.write_bytes(b"{")
    words = ("store", "new", tmp_path / "new", "--administrator", "a", "--name", "A", "--site", "01")
    assert "broken.json" in refused(capsys, *words, "--policy", broken)
    assert not (tmp_path / "new").exists()


def test_usage_errors_name_the_choices(capsys: pytest.CaptureFixture[str], root: Path) -> None:
    for words in (
        ["people", "add", str(root), "x", "--as", "admin", "--name", "X", "--site", "01", "--role", "king"],
        ["store", "assign", str(root)],
        ["store", "fly", str(root)],
    ):
        with pytest.raises(SystemExit) as refusal:
            main(words)
        assert refusal.value.code == Exit.BAD_INPUT
        assert capsys.readouterr().err.count("\n") == 1


def test_an_export_that_fails_leaves_nothing(
    run: Run, root: Path, unit: PreparedUnit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for reader in ("wang", "li"):
        folder = sealed_reading(tmp_path / reader, unit, reader).folder
        run("submit", folder, "--store", root, "--as", reader)
    run("store", "advance", root)
    run("store", "release", root, "2026-1", "--as", "manager")
    kept = next(root.glob("finals/*/*/final.json"))
    kept.write_bytes(kept.read_bytes() + b" ")
    out = tmp_path / "out" / "release"
    assert "final.json" in refused(capsys, "store", "export", root, "2026-1", "-o", out, "--as", "manager")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_reader_begins_asks_and_meets_a_closed_window(
    run: Run, root: Path, unit: PreparedUnit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("store", "take", root, unit.unit, "--as", "wang")
    run("store", "ask", root, unit.unit, "--question", "Is this a node?", "--as", "wang")
    view = run("store", "show", root, unit.unit, "--as", "wang")
    assert [(slot["reader"], slot["phase"]) for slot in view["slots"]] == [("wang", "in_work")]
    assert view["questions"] == ["Is this a node?"]
    assert run("store", "show", root, unit.unit, "--as", "li").get("questions", []) == []
    place = (root, unit.unit, "--reason", "wrong side", "--as", "wang", "--lang", "en")
    assert "No reading of yours" in refused(capsys, "store", "take-back", *place)
    run("submit", sealed_reading(tmp_path / "wang", unit, "wang").folder, "--store", root, "--as", "wang")
    assert "are over" in refused(capsys, "store", "take-back", *place)


def test_an_open_window_lets_a_reading_be_taken_back(
    run: Run, root: Path, unit: PreparedUnit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = json.loads((root / "store.json").read_bytes())
    settings["policy"]["withdrawal_window_minutes"] = 30
    (root / "store.json").write_text(json.dumps(settings), encoding="utf-8")
    run("submit", sealed_reading(tmp_path / "wang", unit, "wang").folder, "--store", root, "--as", "wang")
    done("store", "show", root, unit.unit, "--as", "wang", "--lang", "en")
    assert "can be taken back until" in capsys.readouterr().out
    run("store", "take-back", root, unit.unit, "--reason", "wrong side", "--as", "wang")
    slots = run("store", "show", root, unit.unit, "--as", "wang")["slots"]
    assert [slot["phase"] for slot in slots] == ["withdrawn"]


def test_a_senior_changes_the_mode_before_anything_is_in(run: Run, root: Path, unit: PreparedUnit) -> None:
    run("store", "mode", root, unit.unit, "primary", "direct", "--reason", "no lumen", "--as", "chief")
    bindings = run("store", "show", root, unit.unit, "--as", "chief")["bindings"]
    assert {item["target"]: item["mode"] for item in bindings}["primary"] == "direct"
