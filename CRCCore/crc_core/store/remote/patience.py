"""How long a client waits for a server and how often it tries."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Patience:
    """How long to wait and how often to try; times in seconds."""

    attempts: int = 6
    first_pause_s: float = 0.5
    longest_pause_s: float = 20.0
    connect_s: float = 10.0
    read_s: float = 60.0
    work_s: float = 900.0

    def pause(self, attempt: int) -> float:
        """How long to wait after a failed attempt, counted from 0: doubling, and different for every client."""
        return random.uniform(0.5, 1.0) * min(self.longest_pause_s, self.first_pause_s * 2**attempt)
