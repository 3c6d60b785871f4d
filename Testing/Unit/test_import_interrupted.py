"""An import that is killed or runs out of room is finished by the next try, and leaves nothing half done."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from crc_core.identity import UnitId
from crc_core.store.folder import FolderStore
from crc_core.workflow.events import Kind
from import_bench import ImportBench
from import_support import traces, write_study


@pytest.fixture
def bench(tmp_path: Path) -> ImportBench:
    return ImportBench(tmp_path)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_study(tmp_path / "source" / "a")


class Stopped(BaseException):
    """The process ended here."""


class StoppingStore:
    """A store before whose n-th call, or after it, the process ends."""

    CALLS = ("reserve_case", "admit", "act")

    def __init__(self, store: FolderStore, at: int, *, after: bool) -> None:
        self._store, self._at, self._after, self._count = store, at, after, 0

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._store, name)
        if name not in self.CALLS:
            return call

        def stopping(*values: Any, **named: Any) -> Any:
            self._count += 1
            if self._count == self._at and not self._after:
                os._exit(9)
            answer = call(*values, **named)
            if self._count == self._at:
                os._exit(9)
            return answer

        return stopping


def _killed_import(bench: ImportBench, source: Path, store: Any) -> None:
    """Import in a process of its own that is killed on the way, as by a power cut."""
    child = os.fork()
    if child == 0:
        try:
            bench.take(source, store=store)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 9


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_an_import_killed_at_any_step_is_finished_by_a_retry(
    bench: ImportBench, source: Path, at: int, after: bool
) -> None:
    _killed_import(bench, source, StoppingStore(bench.store, at, after=after))
    if at == 1:  # a reserved serial that nobody remembers is lost, as on paper
        assert bench.kinds() == []
    result = bench.take(source)
    assert bench.kinds() == [Kind.UNIT_REGISTERED, Kind.SCAN_CHECKED, Kind.SOURCES_BOUND]
    assert result.unit is not None
    assert result.unit.case == ("CRC-01-000002-F" if (at, after) == (1, True) else "CRC-01-000001-H")
    assert traces(bench.places_without_key()) == []
    assert not list(bench.keys.parent.rglob("*.dcm"))
    assert bench.refusal(source) == "import.already_in"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_an_import_killed_while_writing_is_finished_by_a_retry(
    bench: ImportBench, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crc_core.importing import preparing

    real, count = preparing.write_deidentified, [0]

    def dying(*values: Any) -> Any:
        count[0] += 1
        return os._exit(9) if count[0] == 9 else real(*values)

    with monkeypatch.context() as patched:
        patched.setattr(preparing, "write_deidentified", dying)
        _killed_import(bench, source, bench.store)
    assert len(list(bench.keys.parent.rglob("*.dcm"))) == 8
    assert bench.take(source).unit == UnitId("CRC-01-000001-H", "T0")
    assert not list(bench.keys.parent.rglob("*.dcm"))


def test_a_full_disk_is_one_sentence_and_leaves_nothing(
    bench: ImportBench, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, count = Path.write_bytes, [0]

    def filling(path: Path, data: bytes) -> int:
        if path.suffix == ".dcm":
            count[0] += 1
            if count[0] > 5:
                raise OSError(errno.ENOSPC, "full")
        return real(path, data)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", filling)
        assert bench.refusal(source) == "file.disk_full"
    assert bench.kinds() == []
    assert not list(bench.keys.parent.rglob("*.dcm"))
    assert bench.take(source).unit == UnitId("CRC-01-000001-H", "T0")
