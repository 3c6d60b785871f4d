"""What holds for every test: fixed seeds and one language, whatever the person's own."""

from __future__ import annotations

import os

from hypothesis import settings

os.environ["CRC_LANG"] = "en"
settings.register_profile("fixed", derandomize=True, deadline=None, database=None)
settings.load_profile("fixed")

collect_ignore = ["Slicer"]
"""What runs inside Slicer only, started by `Slicer/run_slicer.py`."""
