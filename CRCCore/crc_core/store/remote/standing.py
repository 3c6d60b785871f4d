"""How a window stands to its server."""

from __future__ import annotations

from enum import StrEnum


class LineState(StrEnum):
    """How a window stands to its server."""

    CONNECTED = "connected"
    AWAY = "away"
    SIGNED_OUT = "signed_out"
