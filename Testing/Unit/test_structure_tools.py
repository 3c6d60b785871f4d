"""Lint, format and types, by the tools' own judgement of the whole tree."""

from __future__ import annotations

import subprocess
import sys

import pytest
from project_tree import ROOT


def require_content(*words: str) -> None:
    """Run a tool over the project and fail with what it complains of."""
    result = subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, capture_output=True, encoding="utf-8", errors="replace", timeout=600
    )
    if result.returncode != 0:
        pytest.fail(f"{result.stdout}{result.stderr}", pytrace=False)


def test_lint() -> None:
    require_content("ruff", "check", "--output-format", "concise", ".")


def test_format() -> None:
    require_content("ruff", "format", "--check", ".")


@pytest.mark.parametrize("package", ["crc_core", "crc_mrml"])
def test_types(package: str) -> None:
    if not (ROOT / "CRCCore" / package / "__init__.py").exists():
        pytest.skip(f"{package} is not here yet")
    require_content("mypy", "-p", package, "--no-error-summary")
