"""A dock on the right of Slicer's window, or a tab beside the module panel where the window is small."""

from __future__ import annotations

import qt
import slicer

NARROW_BELOW_PX = 1600


class SideDock:
    """Holds one widget; `name` tells the dock from others."""

    def __init__(self, content: qt.QWidget, name: str, width: int) -> None:
        self._content, self._name, self._width = content, name, width
        self._dock: qt.QDockWidget | None = None

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
        return any(dock.objectName == "PanelDockWidget" for dock in window.tabifiedDockWidgets(self._dock))

    def set_title(self, title: str) -> None:
        """The words on the dock's edge or tab."""
        if self._dock is not None:
            self._dock.setWindowTitle(title)

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
        panel = window.findChild("QDockWidget", "PanelDockWidget")
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
        window = slicer.util.mainWindow()
        if self.is_tabbed and window is not None:
            window.findChild("QDockWidget", "PanelDockWidget").raise_()

    def hide(self) -> None:
        """Take the dock away; it comes back where it was."""
        if self._dock is not None:
            self._dock.hide()

    def release(self) -> None:
        """Take the dock out of the window; the content is let go."""
        window = slicer.util.mainWindow()
        if self._dock is not None:
            if window is not None:
                window.removeDockWidget(self._dock)
            self._dock.deleteLater()
            self._dock = None
