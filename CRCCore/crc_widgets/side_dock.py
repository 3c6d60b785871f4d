"""A dock on the right of Slicer's window, or a tab beside the module panel while the window is narrow."""

# ruff: noqa: N802, the name of the override is Qt's

from __future__ import annotations

from collections.abc import Callable

import qt
import slicer

NARROW_BELOW_PX = 1600
_PANEL = "PanelDockWidget"


class SideDock:
    """Holds one widget; `name` tells the dock from others.

    It moves where the window becomes narrow or wide, and only then: wherever a person puts it in between, it stays.
    """

    def __init__(self, content: qt.QWidget, name: str, width: int) -> None:
        self._content, self._name, self._width = content, name, width
        self._dock: qt.QDockWidget | None = None
        self._filter: _Resized | None = None
        self._narrow: bool | None = None
        self._titles = ("", "")
        self._panel_title: str | None = None
        self._main: qt.QMainWindow | None = None

    @property
    def _window(self) -> qt.QMainWindow | None:
        """Slicer's window, looked for once: Slicer goes through all widgets of the application to find it."""
        if self._main is None:
            self._main = slicer.util.mainWindow()
        return self._main

    @property
    def _panel(self) -> qt.QDockWidget | None:
        """The dock of Slicer's module panel."""
        return None if self._window is None else self._window.findChild("QDockWidget", _PANEL)

    @property
    def is_shown(self) -> bool:
        """Whether the dock can be seen or brought up by its tab."""
        return self._dock is not None and not self._dock.isHidden()

    @property
    def is_tabbed(self) -> bool:
        """Whether the dock shares its place with the module panel."""
        window = self._window
        if window is None or self._dock is None:
            return False
        return any(dock.objectName == _PANEL for dock in window.tabifiedDockWidgets(self._dock))

    def set_titles(self, title: str, panel_title: str) -> None:
        """The words on the dock's edge or tab, and on the module panel's tab while the two share a place."""
        self._titles = title, panel_title
        self._write_titles()

    def _write_titles(self) -> None:
        title, panel_title = self._titles
        if self._dock is not None:
            self._dock.setWindowTitle(title)
        panel = self._panel
        if panel is None:
            return
        if self.is_tabbed and self.is_shown:
            if self._panel_title is None:
                self._panel_title = panel.windowTitle
            panel.setWindowTitle(panel_title)
        else:
            self._give_title_back()

    def _give_title_back(self) -> None:
        panel = self._panel
        if panel is not None and self._panel_title is not None:
            panel.setWindowTitle(self._panel_title)
        self._panel_title = None

    def show(self) -> None:
        """Put the dock beside the images, or behind a tab, as the window has room."""
        window = self._window
        if window is None:
            return
        if self._dock is None:
            self._dock = qt.QDockWidget(window)
            self._dock.setObjectName(self._name)
            self._dock.setAllowedAreas(qt.Qt.LeftDockWidgetArea | qt.Qt.RightDockWidgetArea)
            self._dock.setWidget(self._content)
            panel = self._panel
            if window.width < NARROW_BELOW_PX and panel is not None:
                # Beside the images, if only for a moment, it would make the window wider for good.
                window.tabifyDockWidget(panel, self._dock)
            else:
                window.addDockWidget(qt.Qt.RightDockWidgetArea, self._dock)
        self._follow()
        self._dock.show()
        if self._filter is None:
            self._filter = _Resized(window, self._follow)
            window.installEventFilter(self._filter)
        self._write_titles()

    def _follow(self) -> None:
        """Take the place that the window's width asks for, where it asks for another than before."""
        window, panel = self._window, self._panel
        if window is None or panel is None or self._dock is None:
            return
        narrow = window.width < NARROW_BELOW_PX
        if narrow is self._narrow:
            return
        was_beside, self._narrow = self._narrow is False, narrow
        if narrow:
            width = panel.width
            window.tabifyDockWidget(panel, self._dock)
            panel.raise_()
            if was_beside:
                # Together they would keep the room that both had side by side.
                window.resizeDocks([panel], [width], qt.Qt.Horizontal)
        else:
            window.addDockWidget(qt.Qt.RightDockWidgetArea, self._dock)
            window.resizeDocks([self._dock], [self._width], qt.Qt.Horizontal)
        self._write_titles()

    def bring_up(self) -> None:
        """Show the dock in front of what shares its place."""
        self.show()
        if self._dock is not None:
            self._dock.raise_()

    def bring_up_panel(self) -> None:
        """Show the module panel in front, where the two share a place."""
        panel = self._panel
        if panel is not None and self.is_tabbed:
            panel.raise_()

    def hide(self) -> None:
        """Take the dock away; it comes back where it was."""
        self._deafen()
        self._give_title_back()
        if self._dock is not None:
            self._dock.hide()

    def release(self) -> None:
        """Take the dock out of the window; the content is let go."""
        self._deafen()
        self._give_title_back()
        window = self._window
        if self._dock is not None:
            if window is not None:
                window.removeDockWidget(self._dock)
            self._dock.deleteLater()
            self._dock = None

    def _deafen(self) -> None:
        window = self._window
        if self._filter is not None:
            if window is not None:
                window.removeEventFilter(self._filter)
            self._filter.deleteLater()
            self._filter = None


class _Resized(qt.QObject):
    """Tells when a window has another size, once it has come to rest: places change only then."""

    _REST_MS = 50

    def __init__(self, window: qt.QWidget, call: Callable[[], None]) -> None:
        super().__init__(window)
        self._rest = qt.QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(self._REST_MS)
        self._rest.connect("timeout()", call)

    def eventFilter(self, _watched: qt.QObject, event: qt.QEvent) -> bool:
        if event.type() == qt.QEvent.Resize:
            self._rest.start()
        return False
