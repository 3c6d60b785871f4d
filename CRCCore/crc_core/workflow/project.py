"""What one person may know and do about a unit; everything a screen shows goes through here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from crc_core.workflow.context import Context
from crc_core.workflow.events import Event
from crc_core.workflow.views import UnitView


def project(events: Sequence[Event], context: Context, viewer: str, now: datetime) -> UnitView | None:
    """The unit as `viewer` may see it at `now`; None where the viewer may not know that it exists."""
    raise NotImplementedError
