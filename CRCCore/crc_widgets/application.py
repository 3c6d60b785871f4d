"""What only the running application has and the scene needs: its layout manager, its event loop, its Data Probe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import qt
import slicer


class SlicerApplication:
    """The application as `crc_mrml.screen` needs it."""

    def layout_manager(self) -> Any:
        """Slicer's layout manager; None where it runs without a window."""
        return slicer.app.layoutManager()

    def deliver(self, receiver: Any) -> None:
        """Let what was sent to an object and still waits arrive now."""
        qt.QCoreApplication.sendPostedEvents(receiver, qt.QEvent.MetaCall)

    def later(self, call: Callable[[], None]) -> None:
        """Call once what is going on has ended."""
        qt.QTimer.singleShot(0, call)

    def slice_annotations(self) -> Any:
        """The part of Slicer's Data Probe that writes into slice views; None where it does not run."""
        module = getattr(slicer.modules, "DataProbeInstance", None)
        info = getattr(module, "infoWidget", None)
        return getattr(info, "sliceAnnotations", None)
