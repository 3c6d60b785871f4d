"""The two Slicer modules load from plain module paths and say what they are, on a stand-in for Slicer and Qt."""

from __future__ import annotations

import importlib.util
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from project_tree import ROOT
from slicer_stand_in import Settings, stand_in

MODULES = ("CRCAnnotator", "CRCQualityControl")
OUR_PACKAGES = ("crc_core", "crc_mrml", "crc_widgets")
SAYS = {
    "CRCAnnotator": {"zh": "在本面板中选择病例库", "en": "Choose the case store"},
    "CRCQualityControl": {"zh": "裁定有争议之处", "en": "settle what is disputed"},
}
"""Words by which the text of a module in a language is known."""


@pytest.fixture
def settings() -> Settings:
    return Settings()


@pytest.fixture
def inside_slicer(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Slicer's path: the module folders only; our packages and everything installed elsewhere are not found."""
    for name in [name for name in sys.modules if name.split(".")[0] in OUR_PACKAGES]:
        monkeypatch.delitem(sys.modules, name)
    for name, module in stand_in(settings).items():
        monkeypatch.setitem(sys.modules, name, module)
    outside = [path for path in sys.path if "site-packages" not in path and "CRCCore" not in path]
    monkeypatch.setattr(sys, "path", [*outside, *(str(ROOT / name) for name in MODULES)])
    monkeypatch.setattr(sys, "meta_path", [f for f in sys.meta_path if "editable" not in f"{f!r}".lower()])
    yield
    for name in [name for name in sys.modules if name.split(".")[0] in (*OUR_PACKAGES, *MODULES)]:
        sys.modules.pop(name)


def load(name: str) -> types.ModuleType:
    """The module file as Slicer loads it: by its path, under its own name."""
    specification = importlib.util.spec_from_file_location(name, ROOT / name / f"{name}.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def opened_panel(name: str) -> Any:
    widget = getattr(load(name), f"{name}Widget")()
    widget.setup()
    return widget


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.usefixtures("inside_slicer")
def test_a_module_loads_from_its_folder_alone_and_fills_its_metadata(name: str) -> None:
    parent = types.SimpleNamespace()
    getattr(load(name), name)(parent)
    assert parent.title.startswith("CRC ")
    assert "crcdb" in parent.helpText
    assert parent.categories == ["Informatics"]
    assert Path(sys.modules["crc_core"].__file__ or "").is_relative_to(ROOT / "CRCCore")


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.usefixtures("inside_slicer")
def test_the_panel_opens_without_anything_heavy(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for heavy in ("numpy", "scipy", "pydicom", "SimpleITK", "highdicom", "PIL", "pandas", "matplotlib"):
        monkeypatch.setitem(sys.modules, heavy, None)
    opened_panel(name)


@pytest.mark.usefixtures("inside_slicer")
def test_the_terms_of_our_segments_are_loaded_once_slicer_has_started() -> None:
    module = load("CRCAnnotator")
    module.CRCAnnotator(types.SimpleNamespace())
    assert sys.modules["slicer"].app.slots == {"startupCompleted()": module.load_our_terminology}


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.usefixtures("inside_slicer")
def test_the_class_names_are_those_slicer_looks_for(name: str) -> None:
    module = load(name)
    assert {name, f"{name}Widget", f"{name}Test"} <= set(vars(module))
    assert any(word.startswith("test") for word in vars(getattr(module, f"{name}Test")))


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.usefixtures("inside_slicer")
def test_the_panel_speaks_the_chosen_language_and_changes_it_at_once(name: str, settings: Settings) -> None:
    settings["CRCDatabase/language"] = "zh"
    panel = opened_panel(name)
    assert SAYS[name]["zh"] in panel.layout.texts()
    languages = next(widget for widget in panel.layout.widgets if widget.items)
    languages.slots["currentIndexChanged(int)"](languages.items.index("English"))
    assert SAYS[name]["en"] in panel.layout.texts()
    assert settings["CRCDatabase/language"] == "en"


@pytest.mark.parametrize(
    ("kept", "expected"),
    [
        ({}, "en"),
        ({"CRCDatabase/language": "zh"}, "zh"),
        ({"language": "zh-CN", "Internationalization/Enabled": "true"}, "zh"),
        ({"language": "zh-CN", "Internationalization/Enabled": "false"}, "en"),
        ({"CRCDatabase/language": "en", "language": "zh-CN", "Internationalization/Enabled": "true"}, "en"),
    ],
)
@pytest.mark.usefixtures("inside_slicer")
def test_own_setting_comes_before_slicers_before_the_systems(
    settings: Settings, kept: dict[str, str], expected: str
) -> None:
    settings.update(kept)
    assert SAYS["CRCAnnotator"][expected] in opened_panel("CRCAnnotator").layout.texts()


@pytest.mark.usefixtures("inside_slicer")
def test_the_panel_shows_version_and_library_and_opens_the_documentation() -> None:
    panel = opened_panel("CRCQualityControl")
    assert sys.modules["crc_core"].__version__ in panel.layout.texts()
    assert str(ROOT / "CRCCore" / "crc_core") in panel.layout.texts()
    button = next(widget for widget in panel.layout.widgets if "clicked()" in widget.slots)
    assert button.shown["Visible"]
    button.slots["clicked()"]()
    assert sys.modules["qt"].opened == [str(ROOT / "Docs" / "architecture.md")]


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.usefixtures("inside_slicer")
def test_a_missing_dependency_of_the_library_is_not_mistaken_for_a_missing_folder(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken:
        def find_spec(self, wanted: str, *_: object) -> None:
            if wanted == "crc_core":
                raise ModuleNotFoundError("No module named 'numpy'", name="numpy")

    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    with pytest.raises(ModuleNotFoundError, match="numpy"):
        load(name)
