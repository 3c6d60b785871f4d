"""What holds for every test: fixed seeds, one language, one thread per image filter."""

from __future__ import annotations

import os

from hypothesis import settings

os.environ["CRC_LANG"] = "en"
os.environ["ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS"] = "1"
settings.register_profile("fixed", derandomize=True, deadline=None, database=None)
settings.load_profile("fixed")
