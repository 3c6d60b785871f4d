"""The shortcuts clash with nobody's, each has words in both languages, and the documents list them all."""

from __future__ import annotations

import importlib.util
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
from catalogue_uses import sentences
from project_tree import ROOT, require_none, tree_of


@dataclass(frozen=True)
class Module:
    """A module with shortcuts: where its view is, how the codes of its words begin, which document lists its keys."""

    name: str
    words: str
    document: str

    @property
    def view(self) -> Path:
        return ROOT / self.name / f"{self.name}Lib" / "view"

    @property
    def keys(self) -> dict[str, str]:
        return dict(loaded(self.view / "keys.py").KEYS)


MODULES = (
    Module("CRCAnnotator", "annotator.view.keys", "shortcuts"),
    Module("CRCQualityControl", "quality.view.keys", "quality-control"),
)
ENDINGS = {"en": ".md", "zh": ".zh-CN.md"}
COUNTED = re.compile(r"tool_[1-8]|take_(a|b|union|intersection|edited|dropped)")
"""Keys that are bound in one go, for every tool and every choice."""

ROW = re.compile(r"^\| `([^`]+)` \| (.+?) \|$", re.MULTILINE)


def loaded(path: Path) -> ModuleType:
    specification = importlib.util.spec_from_file_location(path.stem, path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[path.stem] = module
    specification.loader.exec_module(module)
    return module


CLASHES = loaded(ROOT / "CRCCore" / "crc_widgets" / "key_clashes.py")
every_module = pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)


@every_module
def test_no_key_belongs_to_slicer_or_its_segment_editor(module: Module) -> None:
    assert CLASHES.clashes(module.keys.values()) == []


@pytest.mark.parametrize("taken", ["1", "Shift+4", "z", "Q", "Ctrl+S", "Alt+F", "Esc", "ctrl + o", "Alt+Left"])
def test_a_key_that_is_taken_is_found(taken: str) -> None:
    assert CLASHES.clashes(["Alt+W", taken]) == [taken]


@every_module
def test_the_keys_taken_over_mean_the_same(module: Module) -> None:
    assert {module.keys["undo"], module.keys["redo"]} == CLASHES.SAME_MEANING


@every_module
def test_every_key_is_a_chord_and_none_is_given_twice(module: Module) -> None:
    keys = module.keys
    require_none(key for key in keys.values() if not key.startswith(("Ctrl+", "Alt+")))
    assert len(set(keys.values())) == len(keys)


def test_what_both_modules_do_has_the_same_key_in_both() -> None:
    annotator, quality = (module.keys for module in MODULES)
    same = ("flip_forward", "flip_back", "preset_window", "outline", "undo", "redo", "sheet", "tool_none", "tool_1")
    assert {name: annotator[name] for name in same} == {name: quality[name] for name in same}


@every_module
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_key_has_words(module: Module, lang: str) -> None:
    words = sentences(lang)
    require_none(name for name in module.keys if f"{module.words}.{name}" not in words)


@every_module
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_document_lists_exactly_these_keys_with_these_words(module: Module, lang: str) -> None:
    words = sentences(lang)
    document = ROOT / "Docs" / f"{module.document}{ENDINGS[lang]}"
    listed = dict(ROW.findall(document.read_text(encoding="utf-8")))
    assert listed == {key: words[f"{module.words}.{name}"] for name, key in module.keys.items()}


@every_module
def test_every_key_is_bound_to_a_call(module: Module) -> None:
    """The names in `bindings.py` are those in `keys.py`: a key without a call would be a promise on the sheet."""
    text = (module.view / "bindings.py").read_text(encoding="utf-8")
    assert tree_of(module.view / "bindings.py")
    named = {name for name in module.keys if f'"{name}"' in text or COUNTED.fullmatch(name)}
    assert named == set(module.keys)
