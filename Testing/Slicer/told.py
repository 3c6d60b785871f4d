"""Inside a Slicer that is driven from outside: what it tells, in lines, and how it ends."""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import slicer
from crc_core.desk.keeping import PackedMask
from crc_core.files.records import to_document


def tell(event: str, **values: Any) -> None:
    """Write one line to where the driver reads."""
    with Path(os.environ["CRC_TOLD"]).open("a", encoding="utf-8") as stream:
        stream.write(json.dumps({"event": event, "at": time.time(), **values}, ensure_ascii=False) + "\n")


def told_masks(drawn: dict[Any, PackedMask]) -> list[Any]:
    """What is drawn, in a form that is equal where the voxels are."""
    return sorted([key.segment_id, to_document(mask.place), mask.bits.hex()] for key, mask in drawn.items())


def run(script: Callable[[], None]) -> None:
    """Do what is asked and end Slicer with 0; where it fails, tell why and end with 1."""
    try:
        script()
        code = 0
    except Exception:  # noqa: BLE001  whatever it is, the driver is told of it
        tell("failed", why=traceback.format_exc())
        code = 1
    sys.stdout.flush()
    slicer.util.exit(code)
