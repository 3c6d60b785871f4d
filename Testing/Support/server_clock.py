"""The clock of a server under test: a file that the test writes, so that it can be moved from another process."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

from crc_core.files.atomic import write_bytes
from store_support import START, MovingClock

VARIABLE = "CRC_TEST_CLOCK"


def now() -> datetime:
    """What the file says."""
    return datetime.fromisoformat(Path(os.environ[VARIABLE]).read_text(encoding="ascii"))


class FileClock(MovingClock):
    """A clock that the test moves, for itself and for a server that reads the same file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.set(START)

    def set(self, moment: datetime) -> None:
        """Make it that time."""
        self.now = moment
        write_bytes(self.path, moment.isoformat().encode())

    def wait(self, **span: float) -> None:
        """Let time pass."""
        self.set(self.now + timedelta(**span))
