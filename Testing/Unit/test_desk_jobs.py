"""Jobs in a process aside: what they answer, in words and forms; what ends them early leaves nothing half done."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from crc_core.desk import sample_case
from crc_core.desk.import_case import import_case
from crc_core.desk.job_forms import (
    FetchAsked,
    HandInAsked,
    ImportAsked,
    Imported,
    RegisterAsked,
    RegisterDone,
    SampleAsked,
    SampleMade,
    ScanAsked,
    ScanChecked,
    SendAsked,
    StudiesAsked,
)
from crc_core.desk.job_running import Cancel, Cancelled, folder_store
from crc_core.desk.jobs import JOBS, main
from crc_core.desk.register_case import register_case
from crc_core.desk.scan_again import check_scan
from crc_core.errors import CrcError
from crc_core.files.file_lock import locked
from crc_core.files.records import from_document, to_document
from crc_core.identity import UnitId
from crc_core.phantom import Phantom
from crc_core.phantom.model import PhantomSize
from crc_core.reading.schema import SyncPair
from crc_core.store.access import Access, store_at
from crc_core.store.folder import FolderStore
from crc_core.text import Lang
from crc_core.vocabulary import CT_PHASES, Mode, Role, Target, Verdict
from crc_core.workflow.views import SlotPhase
from import_support import IDENTITY
from import_support import write_study as write_tiny
from shared_phantom import phantom
from store_support import POLICY, MovingClock, new_store

posix_only = pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")


def quick_phantom(seed: int, *, size: PhantomSize, faults: Any = (), time_point: int = 0) -> Phantom:
    return phantom(seed, *faults, time_point=time_point)


def quiet(words: str, done: int, total: int) -> None:
    assert words and (0 <= done <= total or total == 0)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home with the first sample case, made once."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("家")
        patch.setenv("CRC_CACHE", str(folder / "cache"))
        patch.setattr(sample_case, "build_phantom", quick_phantom)
        sample_case.make_sample_case(asked(folder), quiet)
        yield folder


@pytest.fixture
def store(home: Path) -> FolderStore:
    return FolderStore(home / "sample" / "store")


@pytest.fixture
def unit(store: FolderStore) -> str:
    return store.work_list("you")[0].unit


def asked(home: Path) -> SampleAsked:
    return SampleAsked(str(home), Lang.ZH, PhantomSize.TEST)


def run(name: str, request: object, **more: Any) -> tuple[int, list[dict[str, Any]]]:
    """A job as a real process: its exit and its lines."""
    text = request if isinstance(request, str) else json.dumps(to_document(request), ensure_ascii=False)
    command = [sys.executable, "-m", "crc_core.desk.jobs", name]
    done = subprocess.run(command, input=text, capture_output=True, encoding="utf-8", timeout=600, **more)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


# sample_case


def test_the_sample_case_waits_for_its_reader_with_all_it_takes(home: Path, store: FolderStore, unit: str) -> None:
    view = store.unit(UnitId.parse(unit), "you")
    assert {record.role for record in view.series} >= {*CT_PHASES, Role.CHEST, Role.T2, Role.DWI}
    assert {item.target: item.mode for item in view.bindings}[Target.PRIMARY] is Mode.MRI
    assert view.slots[0].phase is SlotPhase.ASSIGNED and view.scan_verdict is not Verdict.FAIL
    assert view.clinical is not None and view.clinical["endoscopy_anal_verge_cm"]
    assert any(item.id == "PVP.phase-time" for item in view.scan_items), "there is something to look at in the check"
    assert store.work_list("li")[0].unit == unit, "a second reader lets the work go on"
    for name in ("you", "li", "chief", "manager"):
        assert " / " in store.people.name(name)
    assert not list((home / "sample").glob("making-*"))


def test_the_open_case_is_answered_again(home: Path, unit: str) -> None:
    again = sample_case.make_sample_case(asked(home), quiet)
    assert again == SampleMade(str(home / "sample" / "store"), "you", unit, is_new=False)
    assert from_document(SampleMade, json.loads(json.dumps(to_document(again))), home) == again


def test_two_programs_do_not_make_samples_at_once(home: Path) -> None:
    with locked(home / "sample" / "lock"), pytest.raises(CrcError) as caught:
        sample_case.make_sample_case(asked(home), quiet)
    assert caught.value.code == "desk.sample_in_progress"


def test_a_cut_off_attempt_is_tidied_up_and_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRC_CACHE", str(tmp_path / "cache"))

    def cut(*arguments: Any, **more: Any) -> None:
        raise Cancelled

    monkeypatch.setattr(sample_case, "build_phantom", cut)
    with pytest.raises(Cancelled):
        sample_case.make_sample_case(asked(tmp_path), quiet)
    assert not list((tmp_path / "sample").glob("making-*"))
    (tmp_path / "sample" / "making-left").mkdir()
    assert FolderStore(tmp_path / "sample" / "store").chain.units == ()
    monkeypatch.setattr(sample_case, "found_store", cut)
    with pytest.raises(Cancelled):
        sample_case.make_sample_case(asked(tmp_path / "other"), quiet)
    assert not (tmp_path / "other" / "sample" / "store").exists()
    assert not list((tmp_path / "other" / "sample").glob(".store*"))


def test_what_was_taken_in_but_not_written_down_is_found_again(home: Path, store: FolderStore, unit: str) -> None:
    (home / "sample" / "made.json").unlink()
    assert sample_case.make_sample_case(asked(home), quiet).unit == unit
    assert len(store.chain.units) == 1


@pytest.mark.full
def test_the_next_cases_are_a_subtraction_and_a_follow_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(sample_case, "build_phantom", quick_phantom)
    wanted = (Mode.DIRECT, Mode.SUBTRACTION, None, Mode.SUBTRACTION)
    follow_up, ring, open_one, same_ring = (
        sample_case.make_sample_case(replace(asked(tmp_path), mode=mode), quiet) for mode in wanted
    )
    assert (follow_up.is_new, ring.is_new, open_one.is_new, same_ring.is_new) == (True, True, False, False)
    assert same_ring.unit == ring.unit
    first, third = UnitId.parse(open_one.unit), UnitId.parse(follow_up.unit)
    assert (third.case, third.time_point, first.time_point) == (first.case, "T1", "T0")
    store = FolderStore(Path(ring.store))
    modes = [store.unit(UnitId.parse(item.unit), "you").bindings[0].mode for item in (open_one, ring, follow_up)]
    assert modes == [Mode.MRI, Mode.SUBTRACTION, Mode.DIRECT]
    assert [prior.unit for prior in store.prior_units(third, "you")] == [str(first)]
    assert store.unit(third, "you").treatment_since is not None
    monkeypatch.setattr(sample_case, "_is_open", lambda store, unit: False)
    another = sample_case.make_sample_case(asked(tmp_path), quiet)
    assert another.is_new and UnitId.parse(another.unit).case not in (first.case, UnitId.parse(ring.unit).case)


# check_scan


def test_the_scan_check_tells_every_item_in_words(store: FolderStore, unit: str, home: Path) -> None:
    request = ScanAsked(str(home / "sample" / "store"), unit, "you", Lang.ZH)
    answer = check_scan(request, quiet)
    view = store.unit(UnitId.parse(unit), "you")
    assert [item.role for item in answer.series] == [record.role for record in view.series]
    assert all(item.slices and item.thickness_mm for item in answer.series if item.role in CT_PHASES)
    ids = [item.id for item in answer.items]
    assert len(set(ids)) == len(ids)
    assert {item.role for item in answer.items} == {None, *(record.role for record in view.series)}
    for item in answer.items:
        assert item.name and item.sentence and item.source
        assert item.id.startswith(f"{item.role.value}.") if item.role else "." not in item.id
    told = {item.id: item.verdict for item in answer.items if item.verdict is not Verdict.PASS}
    assert told == {item.id: item.verdict for item in view.scan_items}, "the same as when it came in"
    assert answer.verdict is view.scan_verdict
    english = check_scan(replace(request, lang=Lang.EN), quiet)
    assert [item.id for item in english.items] == ids and english.items[0].name != answer.items[0].name
    assert from_document(ScanChecked, json.loads(json.dumps(to_document(answer))), home) == answer


def test_a_reader_without_the_unit_gets_no_check(home: Path, unit: str) -> None:
    request = ScanAsked(str(home / "sample" / "store"), unit, "nobody", Lang.EN)
    with pytest.raises(CrcError) as caught:
        check_scan(request, quiet)
    assert caught.value.code == "store.unknown_unit"


# register


def test_registration_as_a_process_answers_the_matrix(home: Path, unit: str, store: FolderStore) -> None:
    request = RegisterAsked(str(home / "sample" / "store"), unit, "you", Lang.ZH, Role.PVP, Role.T2)
    code, lines = run("register", request, env={**os.environ, "CRC_CACHE": str(home / "cache")})
    assert code == 0
    assert all("step" in line for line in lines[:-1]) and len(lines) > 2
    answer = from_document(RegisterDone, lines[-1]["result"], home)
    matrix = np.array(answer.ct_to_mri)
    assert np.allclose(matrix, np.eye(4), atol=3.0), "the phantom's MRI lies in the CT's own space"
    assert answer.information_after >= answer.information_before > 0 and answer.sharpness > 1.2
    assert answer.overlap > 0.9


def test_registration_of_a_colon_is_refused_by_its_place(
    home: Path, unit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = FolderStore.unit
    monkeypatch.setattr(FolderStore, "unit", lambda *given: replace(real(*given), clinical={"primary_site": "sigmoid"}))
    request = RegisterAsked(str(home / "sample" / "store"), unit, "you", Lang.ZH, Role.PVP, Role.T2)
    with pytest.raises(CrcError) as caught:
        register_case(request, quiet, Cancel())
    assert caught.value.code == "desk.registration_site" and "乙状结肠" in caught.value.sentence(Lang.ZH)


@posix_only
def test_registration_ends_at_once_when_cancelled(home: Path, unit: str) -> None:
    pair = SyncPair((0.0, 0.0, 0.0), (0.0, 0.0, 25.0))
    request = RegisterAsked(str(home / "sample" / "store"), unit, "you", Lang.EN, Role.PVP, Role.T2, (pair,))
    with cancelled_after(lambda line: line["step"]["done"] > 2, "register", request) as lines:
        assert all("step" in line for line in lines), "no answer of a cancelled job"


# import_study


@pytest.fixture
def taking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FolderStore:
    """A store with everybody in it; the person's own folders lie in the test's."""
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "own"))
    (tmp_path / "own").mkdir()
    return new_store(tmp_path, MovingClock(), policy=replace(POLICY, require_clearance=False))


def import_asked(folder: Path, **more: Any) -> ImportAsked:
    return ImportAsked(str(folder / "store"), str(folder / "检查"), "manager", Lang.ZH, **more)


def test_an_import_is_bound_and_assigned_and_tells_no_name(taking: FolderStore, tmp_path: Path) -> None:
    write_tiny(tmp_path / "检查")
    answer = import_case(import_asked(tmp_path, reader="wang"), quiet)
    assert (answer.refused, answer.is_assigned, answer.not_assigned) == ((), True, "")
    view = taking.unit(UnitId.parse(answer.unit), "wang")
    assert view.bindings and view.slots[0].phase is SlotPhase.ASSIGNED
    text = json.dumps(to_document(answer), ensure_ascii=False)
    assert from_document(Imported, json.loads(text), tmp_path) == answer
    assert not [value for value in IDENTITY if value in text]


def test_a_person_who_may_not_read_is_told_and_the_unit_is_in(taking: FolderStore, tmp_path: Path) -> None:
    write_tiny(tmp_path / "检查")
    answer = import_case(import_asked(tmp_path, reader="chief"), quiet)
    assert not answer.is_assigned and "chief" in answer.not_assigned
    assert taking.unit(UnitId.parse(answer.unit), "manager").bindings


def test_nobody_named_is_nobody_assigned(taking: FolderStore, tmp_path: Path) -> None:
    write_tiny(tmp_path / "检查")
    answer = import_case(import_asked(tmp_path, treatment_since="2025-11-01"), quiet)
    assert (answer.is_assigned, answer.not_assigned) == (False, "")
    view = taking.unit(UnitId.parse(answer.unit), "manager")
    assert view.slots == () and view.treatment_since < view.study_date


def test_a_scan_that_fails_is_told_item_by_item(taking: FolderStore, tmp_path: Path) -> None:
    write_tiny(tmp_path / "检查")
    (tmp_path / "检查" / "SE3" / "IM0003").unlink()
    answer = import_case(import_asked(tmp_path, reader="wang"), quiet)
    assert answer.verdict is Verdict.FAIL and not answer.is_assigned
    told = {item.id: item for item in answer.refused}
    assert "PVP.missing" in told and not told["PVP.spacing-even"].overrulable
    assert all(any("一" <= letter <= "鿿" for letter in item.sentence) for item in answer.refused)
    assert not taking.unit(UnitId.parse(answer.unit), "manager").bindings


def test_who_may_not_import_is_told(taking: FolderStore, tmp_path: Path) -> None:
    write_tiny(tmp_path / "检查")
    with pytest.raises(CrcError) as caught:
        import_case(replace(import_asked(tmp_path), actor="wang"), quiet)
    assert "{" not in caught.value.sentence(Lang.ZH)
    assert taking.chain.units == ()


# the process


@contextmanager
def cancelled_after(enough: Callable[[dict[str, Any]], bool], name: str, request: object) -> Iterator[list[Any]]:
    """Send SIGTERM once a line is enough, and give all lines there were."""
    command = [sys.executable, "-m", "crc_core.desk.jobs", name]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")
    assert process.stdin is not None and process.stdout is not None
    try:
        process.stdin.write(json.dumps(to_document(request)))
        process.stdin.close()
        lines = []
        for text in process.stdout:
            lines.append(json.loads(text))
            if enough(lines[-1]):
                break
        process.send_signal(signal.SIGTERM)
        lines += [json.loads(text) for text in process.stdout]
        assert process.wait(timeout=60) == 3
    finally:
        process.kill()
        process.stdout.close()
    yield lines


@posix_only
def test_a_cancelled_sample_leaves_nothing_half_done(tmp_path: Path) -> None:
    with cancelled_after(lambda line: "store" not in line["step"]["words"], "sample_case", asked_in_english(tmp_path)):
        pass
    assert not list((tmp_path / "sample").glob("making-*")) and not list((tmp_path / "sample").glob(".*"))
    assert FolderStore(tmp_path / "sample" / "store").chain.units == ()


def asked_in_english(home: Path) -> SampleAsked:
    return SampleAsked(str(home), Lang.EN, PhantomSize.SAMPLE)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"home": 7, "lang": "zh"}', '{"home": "x", "lang": "fr"}'])
def test_a_broken_request_is_one_sentence(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)
    answers = io.StringIO()
    assert main(["sample_case"], io.StringIO(text), answers) == 1
    (line,) = answers.getvalue().splitlines()
    error = json.loads(line)["error"]
    assert set(error) == {"code", "sentence", "path", "values"} and "{" not in error["sentence"]


def test_an_unknown_job_is_bad_usage() -> None:
    assert run("coffee", "{}") == (2, [])


def test_a_store_that_is_none_is_told_in_the_language_asked(tmp_path: Path) -> None:
    code, lines = run("check_scan", ScanAsked(str(tmp_path / "nowhere"), "CRC-01-000001-H_T0", "you", Lang.ZH))
    assert code == 1 and any("一" <= letter <= "鿿" for letter in lines[-1]["error"]["sentence"])
    with pytest.raises(CrcError) as caught:
        folder_store("https://crc.example")
    assert caught.value.code == "desk.job_needs_folder"
    with pytest.raises(CrcError) as caught:
        store_at("https://crc.example", None, Lang.EN)
    assert caught.value.code == "server.sign_in"


def test_every_job_has_a_form_that_goes_over_a_pipe(tmp_path: Path, store: FolderStore, unit: str) -> None:
    view, access = store.unit(UnitId.parse(unit), "you"), Access("https://crc", "you", "token", "/医院.pem")
    examples = (
        SampleAsked("家", Lang.ZH),
        import_asked(tmp_path, overrules={"PVP.thickness": "有理由"}),
        ScanAsked("s", "u", "v", Lang.EN),
        RegisterAsked("s", "u", "v", Lang.EN, Role.PVP, Role.T2, (SyncPair((0.0, 1.0, 2.0), (3.0, 4.0, 5.0)),)),
        HandInAsked("s", "家", "s/u/v-r1", Lang.ZH, view, "住院医师", {"m": "0"}, {"slicer": "5"}, "箱", access),
        SendAsked("箱", access, Lang.ZH),
        StudiesAsked("夹", Lang.ZH),
        FetchAsked(access, "u", "v", Lang.EN, (Role.PVP, Role.T2), "r"),
    )
    assert {type(example) for example in examples} == {job.asked for job in JOBS.values()}
    for example in examples:
        document = json.loads(json.dumps(to_document(example), ensure_ascii=False))
        assert from_document(type(example), document, tmp_path) == example
