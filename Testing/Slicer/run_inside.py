"""Runs inside Slicer: the tests of this folder, then ends Slicer with 0 or 1. Started by `run_slicer.py`.

What the official Slicer does not bundle cannot be imported here, whatever this machine's own Slicer offers.
"""

from __future__ import annotations

import os
import sys
import unittest
from pathlib import Path

import slicer

NOT_BUNDLED = frozenset(
    {"pandas", "matplotlib", "nibabel", "skimage", "sklearn", "yaml", "pydantic", "jsonschema", "pytest", "medpy",
     "surface_distance", "pingouin", "dicomanonymizer", "hypothesis"}
)  # fmt: skip
HERE = Path(__file__).resolve().parent


class NotBundled:
    """An importer that refuses what the official Slicer lacks."""

    def find_spec(self, name: str, *_: object) -> None:
        """Refuse by name; leave everything else to the next importer."""
        if name.split(".")[0] in NOT_BUNDLED:
            raise ModuleNotFoundError(f"the official Slicer does not bundle {name}", name=name)


def main() -> None:
    """Run what `CRC_SLICER_TESTS` names (a pattern), all by default."""
    sys.meta_path.insert(0, NotBundled())
    sys.path.insert(0, str(HERE))
    pattern = os.environ.get("CRC_SLICER_TESTS") or "test_slicer_*.py"
    suite = unittest.defaultTestLoader.discover(str(HERE), pattern=pattern, top_level_dir=str(HERE))
    outcome = unittest.TextTestRunner(stream=sys.stdout, verbosity=2, failfast=True).run(suite)
    good = outcome.wasSuccessful() and outcome.testsRun > 0
    passed = outcome.testsRun - len(outcome.failures) - len(outcome.errors) - len(outcome.skipped)
    sys.stdout.write(f"slicer: {passed} passed, {len(outcome.failures) + len(outcome.errors)} failed\n")
    sys.stdout.flush()
    slicer.util.exit(0 if good else 1)


if __name__ == "__main__":
    main()
