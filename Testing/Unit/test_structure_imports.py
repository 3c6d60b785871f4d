"""The dependency rule holds, and the reader of it finds what breaks it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from import_rules import LINE, cycles, layer_violations, violations
from project_tree import ROOT, files, imported_modules, require_none


def planted(root: Path, name: str, text: str) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    for folder in path.relative_to(root).parents:
        if folder.name.islower() or folder.name.endswith("Lib"):
            (root / folder / "__init__.py").touch()
    path.write_text(text, encoding="utf-8")
    return root


def test_no_part_imports_what_it_must_not() -> None:
    require_none(violations(ROOT))


def test_the_foundations_of_the_domain_know_nothing_above_them_and_nothing_knows_the_command_line() -> None:
    require_none(layer_violations(ROOT))


def test_the_parts_of_the_domain_can_be_put_in_order() -> None:
    require_none(cycles(ROOT))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("CRCCore/crc_core/rules.py", "import qt\n"),
        ("CRCCore/crc_core/rules.py", "def f():\n    import pandas\n"),
        ("CRCCore/crc_core/rules.py", "from django.db import models\n"),
        ("CRCCore/crc_core/rules.py", "from crc_mrml import segments\n"),
        ("CRCCore/crc_mrml/segments.py", "import qt\n"),
        ("CRCCore/crc_mrml/segments.py", "import slicer\nscene = slicer.mrmlScene\n"),
        ("CRCCore/crc_widgets/form.py", "from crc_mrml import segments\n"),
        ("CRCCore/crc_widgets/form.py", "import requests\n"),
        ("CRCAnnotator/CRCAnnotatorLib/presenter.py", "import qt\n"),
        ("CRCAnnotator/CRCAnnotatorLib/presenter.py", "from crc_widgets import form\n"),
        ("CRCAnnotator/CRCAnnotatorLib/presenter.py", "from CRCAnnotatorLib.view import View\n"),
        ("CRCAnnotator/CRCAnnotatorLib/presenter.py", "from .view import View\n"),
        ("CRCAnnotator/CRCAnnotatorLib/presenter/cases.py", "from CRCAnnotatorLib.scene.contents import Contents\n"),
        ("CRCAnnotator/CRCAnnotatorLib/view.py", "from crc_mrml import segments\n"),
        ("CRCAnnotator/CRCAnnotatorLib/view/page.py", "from CRCAnnotatorLib.scene import slicer_scene\n"),
        ("CRCAnnotator/CRCAnnotatorLib/view/page.py", "from crc_core.workflow import decide\n"),
        ("CRCAnnotator/CRCAnnotatorLib/scene/nodes.py", "from CRCAnnotatorLib.view import panel\n"),
        ("CRCAnnotator/CRCAnnotatorLib/scene/nodes.py", "from CRCAnnotatorLib.presenter.hub import Hub\n"),
        ("CRCAnnotator/CRCAnnotatorLib/scene/nodes.py", "import SimpleITK\n"),
        ("CRCAnnotator/CRCAnnotator.py", "import crc_server\n"),
        ("CRCQualityControl/CRCQualityControl.py", "from CRCAnnotatorLib import view\n"),
        ("CRCServer/crc_server/api.py", "import crc_widgets\n"),
        ("run.py", "import numpy\n"),
    ],
)
def test_a_planted_violation_is_found(tmp_path: Path, name: str, text: str) -> None:
    assert violations(planted(tmp_path, name, text))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("CRCCore/crc_core/rules.py", "import json\nimport numpy as np\nfrom crc_core.errors import CrcError\n"),
        ("CRCCore/crc_mrml/segments.py", "import slicer\nimport vtk\nfrom crc_core.geometry.grid import Grid\n"),
        ("CRCAnnotator/CRCAnnotatorLib/presenter.py", "from crc_core.workflow import decide\n"),
        (
            "CRCAnnotator/CRCAnnotatorLib/view.py",
            "import qt\nfrom .presenter import State\nfrom crc_core.text import say\n",
        ),
        (
            "CRCAnnotator/CRCAnnotatorLib/scene/nodes.py",
            "import qt\nimport slicer\nimport vtk\nfrom crc_mrml import panes\nfrom crc_widgets import editor_host\n"
            "from CRCAnnotatorLib.presenter.ports import Tool\nfrom CRCAnnotatorLib.scene.contents import Contents\n",
        ),
        ("CRCServer/crc_server/api.py", "import django\nfrom crc_core.workflow import decide\n"),
    ],
)
def test_what_the_rule_allows_is_not_complained_of(tmp_path: Path, name: str, text: str) -> None:
    assert not violations(planted(tmp_path, name, text))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("CRCCore/crc_core/geometry/grid.py", "from crc_core.files.nifti import read_mask\n"),
        ("CRCCore/crc_core/errors.py", "from crc_core import identity\n"),
        ("CRCCore/crc_core/scan/check.py", "from crc_core.cli.console import Console\n"),
    ],
)
def test_an_import_upwards_is_found(tmp_path: Path, name: str, text: str) -> None:
    for part in ("files", "cli", "identity"):
        planted(tmp_path, f"CRCCore/crc_core/{part}/part.py", "")
    assert layer_violations(planted(tmp_path, name, text))


def test_a_ring_of_parts_is_found(tmp_path: Path) -> None:
    planted(tmp_path, "CRCCore/crc_core/scan/a.py", "from crc_core.report import b\n")
    planted(tmp_path, "CRCCore/crc_core/report/b.py", "def f():\n    from ..scan import a\n")
    assert cycles(tmp_path) == ["report → scan", "scan → report"]


NETWORK = {
    "socket",
    "ssl",
    "http",
    "urllib.request",
    "ftplib",
    "smtplib",
    "asyncio",
    "requests",
    "urllib3",
    "webbrowser",
}
CHANCE_AND_SURROUNDINGS = {"os", "time", "random", "secrets", "uuid", "subprocess", "shutil", "tempfile", "locale"}


def uses_of(folder: Path, forbidden: set[str]) -> list[str]:
    """The imports below `folder` of a forbidden module or of something inside one."""
    return [
        f"{path} imports {name}"
        for path in files(folder, ".py")
        for name in imported_modules(path)
        if any(name == module or name.startswith(f"{module}.") for module in forbidden)
    ]


@pytest.mark.parametrize("part", ["CRCCore", "CRCAnnotator", "CRCQualityControl"])
def test_nothing_can_leave_the_machine_but_to_the_server_a_person_named(part: str) -> None:
    """The README's privacy statement: only the line to the database's own server opens a connection."""
    line = ROOT / "CRCCore" / "crc_core" / LINE
    require_none(use for use in uses_of(ROOT / part, NETWORK) if not use.startswith(f"{line}/"))


def test_the_workflow_decides_from_what_it_is_given_alone() -> None:
    """No clock, no chance, no file system: the same events give the same answer for ever.

    Only who makes an intent gives it an identity of its own.
    """
    workflow = ROOT / "CRCCore" / "crc_core" / "workflow"
    require_none(use for use in uses_of(workflow, CHANCE_AND_SURROUNDINGS) if "intents.py imports uuid" not in use)
    calls = re.compile(r"\.(now|utcnow|today|write_text|write_bytes|mkdir|unlink)\(")
    require_none(path for path in files(workflow, ".py") if calls.search(path.read_text(encoding="utf-8")))
