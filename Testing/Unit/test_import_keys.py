"""The key table: outside the store, for its owner only, appended to and never lost."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from crc_core.errors import CrcError
from crc_core.importing.file_lock import locked
from crc_core.importing.key_table import KeyTable, PatientRecord, SeriesKey, UnitFinished, UnitRecord, default_key_table
from crc_core.importing.pseudonyms import Pseudonyms
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)


def patient(case: str = "CRC-01-000001-H", store: str = "s1") -> PatientRecord:
    return PatientRecord(store, case, "n" * 64, "p" * 64, "P00772941", "欧阳靖宇", "19531117", 411)


def unit(name: str = "CRC-01-000001-H_T0", store: str = "s1") -> UnitRecord:
    return UnitRecord(store, name, "1.2.3", "20251103", (SeriesKey(f"{name}_PVP", "1.2.4", "2.25.4", "a" * 64),), NOW)


def append(path: Path, record: PatientRecord) -> None:
    table = KeyTable.open(path)
    with table.locked():
        table.append(record)


def test_what_is_appended_is_read_again(tmp_path: Path) -> None:
    table = KeyTable.open(tmp_path / "keys" / "a.jsonl")
    with table.locked():
        table.append(patient())
        table.append(unit())
    again = KeyTable.open(tmp_path / "keys" / "a.jsonl")
    assert again.patients("s1") == (patient(),)
    assert again.units("s1") == {unit().unit: unit()}
    assert not again.is_finished("s1", unit().unit)
    assert again.patients("s2") == ()
    with again.locked():
        again.append(UnitFinished("s1", unit().unit, NOW))
    assert KeyTable.open(table.path).is_finished("s1", unit().unit)
    assert not KeyTable.open(table.path).is_finished("s2", unit().unit)


def test_the_secret_stays_the_same_and_differs_between_tables(tmp_path: Path) -> None:
    first, other = KeyTable.open(tmp_path / "a.jsonl"), KeyTable.open(tmp_path / "b.jsonl")
    assert KeyTable.open(tmp_path / "a.jsonl").pseudonyms.secret == first.pseudonyms.secret != other.pseudonyms.secret
    assert len(first.pseudonyms.secret) == 32


@pytest.mark.skipif(os.name == "nt", reason="rights of this kind are POSIX")
def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "a.jsonl"
    KeyTable.open(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    path.chmod(0o644)
    KeyTable.open(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_place_inside_a_store_is_refused(tmp_path: Path) -> None:
    store = tmp_path / "store"
    (store / "raw").mkdir(parents=True)
    (store / "store.json").write_text("{}")
    (tmp_path / "shortcut").symlink_to(store / "raw")
    for path in (store / "keys.jsonl", store / "raw" / "deep" / "keys.jsonl", tmp_path / "shortcut" / "keys.jsonl"):
        with pytest.raises(CrcError) as caught:
            KeyTable.open(path)
        assert caught.value.code == "import.keys_in_store"
    assert {path.name for path in store.rglob("*")} == {"raw", "store.json"}


@given(cut=st.integers(min_value=1, max_value=200))
def test_a_torn_last_line_is_cut_off_and_nothing_else_is_lost(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    path = tmp_path_factory.mktemp("keys") / "a.jsonl"
    append(path, patient())
    whole = path.read_bytes()
    append(path, patient("CRC-01-000002-F"))
    second = len(path.read_bytes()) - len(whole)
    torn = path.read_bytes()[: len(whole) + 1 + cut % (second - 2)]
    path.write_bytes(torn)
    assert KeyTable.open(path).patients("s1") == (patient(),)
    append(path, patient("CRC-01-000003-D"))
    assert [record.case for record in KeyTable.open(path).patients("s1")] == ["CRC-01-000001-H", "CRC-01-000003-D"]


@pytest.mark.parametrize("damage", ["first", "middle", "empty", "foreign"])
def test_a_damaged_table_is_never_guessed_at(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "a.jsonl"
    append(path, patient())
    lines = path.read_bytes().split(b"\n")
    if damage == "first":
        lines[0] = lines[1]
    elif damage == "middle":
        lines[1] = lines[1][:-5] + b'"}}}'
    path.write_bytes({"empty": b"", "foreign": b"code,name\n1,2\n"}.get(damage, b"\n".join(lines)))
    with pytest.raises(CrcError) as caught:
        KeyTable.open(path)
    assert caught.value.code == "import.keys_broken"


def _append_many(path: str, site: int) -> None:
    for number in range(5):
        append(Path(path), patient(f"CRC-{site:02d}-{number:06d}-X"))


def test_several_processes_append_without_losing_a_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with ProcessPoolExecutor(max_workers=3) as pool:
        list(pool.map(_append_many, [str(path)] * 3, range(3)))
    assert len({record.case for record in KeyTable.open(path).patients("s1")}) == 15


def test_a_lock_that_is_held_is_told_of(tmp_path: Path) -> None:
    with locked(tmp_path / "a.lock"), pytest.raises(CrcError) as caught, locked(tmp_path / "a.lock", wait=False):
        pass
    assert caught.value.code == "import.in_progress"
    with locked(tmp_path / "a.lock", wait=False):
        assert (tmp_path / "a.lock").exists()


def test_records_do_not_show_themselves() -> None:
    assert "P00772941" not in repr(patient())
    assert "1.2.3" not in repr(unit())


def test_the_default_place_is_the_persons_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    assert default_key_table("abc") == tmp_path / "CRCDatabase" / "keys" / "abc.jsonl"


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="32"):
        Pseudonyms(b"short")


@given(st.lists(st.text(max_size=6), min_size=1, max_size=3), st.lists(st.text(max_size=6), min_size=1, max_size=3))
def test_digests_tell_parts_apart(one: list[str], other: list[str]) -> None:
    pseudonyms = Pseudonyms(bytes(32))
    assert (pseudonyms.digest("x", *one) == pseudonyms.digest("x", *other)) == (one == other)
    assert pseudonyms.digest("x", *one) != pseudonyms.digest("y", *one)
