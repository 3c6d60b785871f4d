"""The structured report beside the images: answers as they are given, measured values as they come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from crc_core.report.autofill import MeasuredValue

if TYPE_CHECKING:
    from CRCAnnotatorLib.presenter.hub import Hub
    from CRCAnnotatorLib.presenter.open_case import OpenCase


class ReportPart:
    """The report of the open case."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.on_refresh: Callable[[], None] = lambda: None

    def opened(self, case: OpenCase) -> None:
        """A case is open."""

    def closed(self) -> None:
        """The case is closed."""

    def refresh(self) -> None:
        """Word everything anew."""

    def sync_lesions(self) -> None:
        """Lesions or answers of the targets changed."""

    def fill(self, values: Sequence[MeasuredValue]) -> None:
        """Take measured values over; what a person typed stays."""
