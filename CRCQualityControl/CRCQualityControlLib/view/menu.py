"""What lies behind the three dots in the head: superseding a final, the sheet of shortcuts, the documentation."""

from __future__ import annotations

from collections.abc import Callable

import qt

from CRCQualityControlLib.view.kit import ViewKit


class PanelMenu:
    """The menu; `calls` says what each entry does, by its name."""

    def __init__(self, parent: qt.QWidget, kit: ViewKit) -> None:
        self.calls: dict[str, Callable[[], None]] = {}
        self.widget = qt.QMenu(parent)
        self.widget.setObjectName("crc.menu")
        self._actions = []
        for name in ("final", "sheet", "help"):
            action = self.widget.addAction("")
            action.setObjectName(f"crc.menu.{name}")
            action.setData(name)
            kit.words.text(action, f"quality.view.menu.{name}")
            self._actions.append(action)
        self.widget.connect("triggered(QAction*)", self._chosen)

    def _chosen(self, action: qt.QAction) -> None:
        call = self.calls.get(action.data())
        if call is not None:
            call()
