"""What holds for every test: fixed seeds and one language, whatever the person's own."""

from __future__ import annotations

import os
import signal

import pytest
import shared_phantom
from hypothesis import settings

os.environ["CRC_LANG"] = "en"
settings.register_profile("fixed", derandomize=True, deadline=None, database=None)
settings.load_profile("fixed")

collect_ignore = ["Slicer"]
"""What runs inside Slicer only, started by `Slicer/run_slicer.py`."""

_PHANTOMS = pytest.StashKey()
_LONG = (
    *("test_demo_story", "test_browser", "test_remote_contract_postgres", "test_remote_contract_sqlite"),
    *("test_who_may_what", "test_backup", "test_scan_check", "test_desk_jobs", "test_import_admission"),
    *("test_server_outages", "test_server_blinding", "test_structure_tools", "test_desk_registering"),
)
"""The files that take longest: of two processes none is to meet one of them at the end."""


def pytest_configure(config: pytest.Config) -> None:
    """Programs started by tests hear Ctrl+C also where the run itself, in the background of a shell, does not.

    The workers of the run share their phantoms in one folder of the process that starts them.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.stash[_PHANTOMS] = shared_phantom.begin()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Whoever made the folder takes it away."""
    folder = config.stash.get(_PHANTOMS, None)
    if folder is not None:
        shared_phantom.end(folder)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files come first, in their order; whatever else is as it was."""
    place = {name: number for number, name in enumerate(_LONG)}
    items.sort(key=lambda item: place.get(item.path.stem, len(_LONG)))
