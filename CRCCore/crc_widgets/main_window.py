"""What a panel takes over of Slicer's window while it is open, and gives back when it is left."""

from __future__ import annotations

from typing import Any

import slicer

_LOW_SCREEN_PX = 1000


class WindowParts:
    """Room for the panel: the help section above it, and on a low screen the data probe below it, step aside."""

    def __init__(self) -> None:
        self._help: bool | None = None
        self._probe: tuple[Any, bool] | None = None

    def take(self) -> None:
        """Make room; again is harmless."""
        window = slicer.util.mainWindow()
        if window is None or self._help is not None:
            return
        panel = window.findChild("QWidget", "ModulePanel")
        if panel is not None:
            self._help = panel.helpAndAcknowledgmentVisible
            panel.setHelpAndAcknowledgmentVisible(False)
        probe = window.findChild("QWidget", "DataProbeCollapsibleWidget")
        if probe is not None and window.height < _LOW_SCREEN_PX:
            self._probe = (probe, probe.visible)
            probe.setVisible(False)

    def give_back(self) -> None:
        """Put everything back as it was."""
        window = slicer.util.mainWindow()
        if window is not None and self._help is not None:
            panel = window.findChild("QWidget", "ModulePanel")
            if panel is not None:
                panel.setHelpAndAcknowledgmentVisible(self._help)
        if self._probe is not None:
            probe, was_visible = self._probe
            probe.setVisible(was_visible)
        self._help = self._probe = None
