"""Lint, format and types, by the tools' own judgement of the whole tree."""

from __future__ import annotations

import subprocess
import sys

import pytest
from project_tree import ROOT


def judged(*words: str) -> str:
    """What a tool complains of; empty where it is content."""
    result = subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, capture_output=True, encoding="utf-8", errors="replace", timeout=600
    )
    return "" if result.returncode == 0 else f"\n{result.stdout}{result.stderr}"


def test_lint() -> None:
    complaint = judged("ruff", "check", "--output-format", "concise", ".")
    assert not complaint, complaint


def test_format() -> None:
    complaint = judged("ruff", "format", "--check", ".")
    assert not complaint, complaint


@pytest.mark.parametrize("package", ["crc_core", "crc_mrml"])
def test_types(package: str) -> None:
    if not (ROOT / "CRCCore" / package / "__init__.py").exists():
        pytest.skip(f"{package} is not here yet")
    complaint = judged("mypy", "-p", package, "--no-error-summary")
    assert not complaint, complaint
