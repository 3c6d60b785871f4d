"""The annotator's shortcuts clash with nobody's, each has words in both languages, and the documents list them all."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
from catalogue_uses import sentences
from project_tree import ROOT, require_none, tree_of

VIEW = ROOT / "CRCAnnotator" / "CRCAnnotatorLib" / "view"
DOCUMENTS = {"en": ROOT / "Docs" / "shortcuts.md", "zh": ROOT / "Docs" / "shortcuts.zh-CN.md"}
ROW = re.compile(r"^\| `([^`]+)` \| (.+?) \|$", re.MULTILINE)


def loaded(path: Path) -> ModuleType:
    specification = importlib.util.spec_from_file_location(path.stem, path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[path.stem] = module
    specification.loader.exec_module(module)
    return module


KEYS: dict[str, str] = dict(loaded(VIEW / "keys.py").KEYS)
CLASHES = loaded(ROOT / "CRCCore" / "crc_widgets" / "key_clashes.py")


def test_no_key_belongs_to_slicer_or_its_segment_editor() -> None:
    assert CLASHES.clashes(KEYS.values()) == []


@pytest.mark.parametrize("taken", ["1", "Shift+4", "z", "Q", "Ctrl+S", "Alt+F", "Esc", "ctrl + o", "Alt+Left"])
def test_a_key_that_is_taken_is_found(taken: str) -> None:
    assert CLASHES.clashes(["Alt+W", taken]) == [taken]


def test_the_keys_taken_over_mean_the_same() -> None:
    assert {KEYS["undo"], KEYS["redo"]} == CLASHES.SAME_MEANING


def test_every_key_is_a_chord_and_none_is_given_twice() -> None:
    require_none(key for key in KEYS.values() if not key.startswith(("Ctrl+", "Alt+")))
    assert len(set(KEYS.values())) == len(KEYS)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_key_has_words(lang: str) -> None:
    words = sentences(lang)
    require_none(name for name in KEYS if f"annotator.view.keys.{name}" not in words)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_document_lists_exactly_these_keys_with_these_words(lang: str) -> None:
    words = sentences(lang)
    listed = dict(ROW.findall(DOCUMENTS[lang].read_text(encoding="utf-8")))
    assert listed == {key: words[f"annotator.view.keys.{name}"] for name, key in KEYS.items()}


def test_every_key_is_bound_to_a_call() -> None:
    """The names in `bindings.py` are those in `keys.py`: a key without a call would be a promise on the sheet."""
    text = (VIEW / "bindings.py").read_text(encoding="utf-8")
    assert tree_of(VIEW / "bindings.py")
    named = {name for name in KEYS if f'"{name}"' in text or re.fullmatch(r"tool_[1-8]", name)}
    assert named == set(KEYS)
