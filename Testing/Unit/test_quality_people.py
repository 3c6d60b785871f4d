"""One person under two names: the second identifier is refused unless somebody confirms that it is somebody else."""

from __future__ import annotations

from pathlib import Path

import pytest
from crc_core.cli.main import main
from store_support import MovingClock, new_store


@pytest.mark.parametrize("name", ["王芳", " 王 芳 ", "WANG Fang", "ｗａｎｇ ｆａｎｇ"])
def test_a_name_that_is_taken_needs_to_be_confirmed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    monkeypatch.setenv("CRC_CACHE", str(tmp_path / "cache"))
    store = new_store(tmp_path, MovingClock())
    store.people.set_name("wang", "王芳" if "王" in name else "Wang Fang")
    words = ["people", "add", str(tmp_path / "store"), "wang2", "--as", "admin", "--role", "annotator", "--site", "01"]
    before = len(store.persons())
    assert main([*words, "--name", name, "--lang", "en"]) == 2
    assert '"wang"' in capsys.readouterr().err
    assert len(store.persons()) == before
    assert main([*words, "--name", name, "--namesake"]) == 0
    assert len(store.persons()) == before + 1
    change = ["people", "change", str(tmp_path / "store"), "li", "--as", "admin", "--name", name]
    assert main(change) == 2
    assert main(["people", "change", str(tmp_path / "store"), "wang", "--as", "admin", "--site", "02"]) == 0
