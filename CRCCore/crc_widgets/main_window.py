"""What a panel takes over of Slicer's window while it is open, and gives back when it is left."""

from __future__ import annotations

from typing import Any

import qt
import slicer

_PANEL_DOCK = "PanelDockWidget"


class WindowParts:
    """Room for the panel, and no more than it needs: it gets `width`; what stands around it steps aside.

    That is the help section above it and the data probe below it: what lies under the mouse stands in the corners of
    the views, and the probe goes on naming the image that was there before where another is shown in its place.
    """

    def __init__(self, width: int) -> None:
        self._width = width
        self._width_before = 0
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
            panel.helpAndAcknowledgmentVisible = False
        dock = window.findChild("QDockWidget", _PANEL_DOCK)
        if dock is not None:
            self._width_before = dock.width
            window.resizeDocks([dock], [self._width], qt.Qt.Horizontal)
        probe = window.findChild("QWidget", "DataProbeCollapsibleWidget")
        if probe is not None:
            self._probe = (probe, probe.visible)
            probe.setVisible(False)

    def widen(self, width: int) -> None:
        """Give the panel another width, and no more than half of the window."""
        window = slicer.util.mainWindow()
        if window is None or self._help is None:
            return
        dock = window.findChild("QDockWidget", _PANEL_DOCK)
        if dock is not None:
            window.resizeDocks([dock], [max(self._width, min(width, window.width // 2))], qt.Qt.Horizontal)

    def give_back(self) -> None:
        """Put everything back as it was."""
        window = slicer.util.mainWindow()
        if window is not None and self._help is not None:
            panel = window.findChild("QWidget", "ModulePanel")
            if panel is not None:
                panel.helpAndAcknowledgmentVisible = self._help
            dock = window.findChild("QDockWidget", _PANEL_DOCK)
            if dock is not None and self._width_before:
                window.resizeDocks([dock], [self._width_before], qt.Qt.Horizontal)
        if self._probe is not None:
            probe, was_visible = self._probe
            probe.setVisible(was_visible)
        self._help = self._probe = None
        self._width_before = 0
