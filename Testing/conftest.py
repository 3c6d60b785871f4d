"""What holds for every test: fixed seeds and one language, whatever the person's own."""

from __future__ import annotations

import os

import pytest
import shared_phantom
from hypothesis import settings

os.environ["CRC_LANG"] = "en"
settings.register_profile("fixed", derandomize=True, deadline=None, database=None)
settings.load_profile("fixed")

collect_ignore = ["Slicer"]
"""What runs inside Slicer only, started by `Slicer/run_slicer.py`."""

_PHANTOMS = pytest.StashKey()


def pytest_configure(config: pytest.Config) -> None:
    """The workers of the run share their phantoms in one folder of the process that starts them."""
    config.stash[_PHANTOMS] = shared_phantom.begin()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Whoever made the folder takes it away."""
    folder = config.stash.get(_PHANTOMS, None)
    if folder is not None:
        shared_phantom.end(folder)
