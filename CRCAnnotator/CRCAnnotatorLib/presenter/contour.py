"""The step "contour": what the view asks for and what the scene tells, handed to the part it concerns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from crc_core.contour.segment_key import SegmentKey

from CRCAnnotatorLib.presenter.ports import KeptMask

if TYPE_CHECKING:
    from crc_core.contour.results import Finding
    from crc_core.geometry import Volume

    from CRCAnnotatorLib.presenter.hub import Hub
    from CRCAnnotatorLib.presenter.open_case import OpenCase
    from CRCAnnotatorLib.presenter.report import ReportPart
    from CRCAnnotatorLib.presenter.views import Views


class Contour:
    """The step "contour" of the open case."""

    def __init__(self, hub: Hub, views: Views, report: ReportPart) -> None:
        self._hub, self._views, self._report = hub, views, report

    def opened(self, case: OpenCase, masks: Mapping[SegmentKey, KeptMask] | None = None) -> None:
        """A case is open and its images are in the scene: make its segments, put `masks` (kept ones) into them."""

    def closed(self) -> None:
        """The case is closed."""

    def entered(self) -> None:
        """The step is shown."""

    def left(self) -> None:
        """Another step is shown: tools are laid down."""

    def refresh(self) -> None:
        """Word everything anew."""

    def drawn(self) -> frozenset[SegmentKey]:
        """The segments that hold voxels."""
        return frozenset()

    def findings(self) -> tuple[Finding, ...]:
        """What the live checks found, over all targets."""
        return ()

    def go_to_found(self, finding: Finding) -> None:
        """Jump to the place of a finding and choose its target and lesion."""

    def read_masks(self) -> dict[str, Volume]:
        """The masks of the drawn targets by the names they have in a reading, read from the scene."""
        return {}
