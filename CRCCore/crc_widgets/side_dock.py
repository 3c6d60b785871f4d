"""A dock on the right of Slicer's window, or a tab beside the module panel where the window is small."""

from __future__ import annotations

import qt
import slicer

NARROW_BELOW_PX = 1600
_PANEL = "PanelDockWidget"


class SideDock:
    """Holds one widget; `name` tells the dock from others."""

    def __init__(self, content: qt.QWidget, name: str, width: int) -> None:
        self._content, self._name, self._width = content, name, width
        self._dock: qt.QDockWidget | None = None
        self._panel_title: str | None = None

    @property
    def is_shown(self) -> bool:
        """Whether the dock can be seen or brought up by its tab."""
        return self._dock is not None and not self._dock.isHidden()

    @property
    def is_tabbed(self) -> bool:
        """Whether the dock shares its place with the module panel."""
        window = slicer.util.mainWindow()
        if window is None or self._dock is None:
            return False
        return any(dock.objectName == _PANEL for dock in window.tabifiedDockWidgets(self._dock))

    def set_titles(self, title: str, panel_title: str) -> None:
        """The words on the dock's edge or tab, and on the module panel's tab while the two share a place."""
        if self._dock is not None:
            self._dock.setWindowTitle(title)
        panel = _panel()
        if panel is not None and self.is_tabbed:
            if self._panel_title is None:
                self._panel_title = panel.windowTitle
            panel.setWindowTitle(panel_title)

    def _give_title_back(self) -> None:
        panel = _panel()
        if panel is not None and self._panel_title is not None:
            panel.setWindowTitle(self._panel_title)
        self._panel_title = None

    def show(self) -> None:
        """Put the dock beside the images, or behind a tab, as the window has room."""
        window = slicer.util.mainWindow()
        if window is None:
            return
        if self._dock is None:
            self._dock = qt.QDockWidget(window)
            self._dock.setObjectName(self._name)
            self._dock.setAllowedAreas(qt.Qt.LeftDockWidgetArea | qt.Qt.RightDockWidgetArea)
            self._dock.setWidget(self._content)
            window.addDockWidget(qt.Qt.RightDockWidgetArea, self._dock)
            self._place(window)
        self._dock.show()

    def _place(self, window: qt.QMainWindow) -> None:
        panel = _panel()
        if window.width < NARROW_BELOW_PX and panel is not None:
            window.tabifyDockWidget(panel, self._dock)
            panel.raise_()
        else:
            window.resizeDocks([self._dock], [self._width], qt.Qt.Horizontal)

    def bring_up(self) -> None:
        """Show the dock in front of what shares its place."""
        self.show()
        if self._dock is not None:
            self._dock.raise_()

    def bring_up_panel(self) -> None:
        """Show the module panel in front, where the two share a place."""
        panel = _panel()
        if panel is not None and self.is_tabbed:
            panel.raise_()

    def hide(self) -> None:
        """Take the dock away; it comes back where it was."""
        self._give_title_back()
        if self._dock is not None:
            self._dock.hide()

    def release(self) -> None:
        """Take the dock out of the window; the content is let go."""
        self._give_title_back()
        window = slicer.util.mainWindow()
        if self._dock is not None:
            if window is not None:
                window.removeDockWidget(self._dock)
            self._dock.deleteLater()
            self._dock = None


def _panel() -> qt.QDockWidget | None:
    """The dock of Slicer's module panel."""
    window = slicer.util.mainWindow()
    return None if window is None else window.findChild("QDockWidget", _PANEL)
