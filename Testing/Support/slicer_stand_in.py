"""A stand-in for what our modules use of Slicer and Qt; it shows wiring and words, never that Slicer behaves so."""

# ruff: noqa: N802, the names are Slicer's and Qt's

from __future__ import annotations

import types
from typing import Any


class Widget:
    """A widget that remembers what was set and which slots were connected."""

    def __init__(self) -> None:
        self.shown: dict[str, Any] = {}
        self.items: list[str] = []
        self.slots: dict[str, Any] = {}

    def connect(self, signal: str, slot: Any) -> None:
        self.slots[signal] = slot

    def addItem(self, text: str) -> None:
        self.items.append(text)

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("set"):
            raise AttributeError(name)
        return lambda value: self.shown.__setitem__(name.removeprefix("set"), value)


class Layout:
    def __init__(self) -> None:
        self.widgets: list[Widget] = []

    def addWidget(self, widget: Widget) -> None:
        self.widgets.append(widget)

    def addStretch(self, _factor: int) -> None:
        pass

    def texts(self) -> str:
        return "\n".join(str(widget.shown.get("Text", "")) for widget in self.widgets)


class Settings(dict[str, Any]):
    def value(self, key: str, default: Any = None) -> Any:
        return self.get(key, default)

    def setValue(self, key: str, value: Any) -> None:
        self[key] = value


class Base:
    def __init__(self, parent: Any = None) -> None:
        self.parent = parent
        self.layout = Layout()

    def setup(self) -> None:
        pass


def stand_in(settings: Settings) -> dict[str, types.ModuleType]:
    """What a module may import inside Slicer, as far as ours do; anything else fails the import."""
    slicer, qt = types.ModuleType("slicer"), types.ModuleType("qt")
    scripted = types.ModuleType("slicer.ScriptedLoadableModule")
    for name in ("ScriptedLoadableModule", "ScriptedLoadableModuleWidget", "ScriptedLoadableModuleTest"):
        setattr(scripted, name, Base)
    slicer.app = types.SimpleNamespace(userSettings=lambda: settings, slots={})
    slicer.app.connect = slicer.app.slots.__setitem__
    slicer.util = types.SimpleNamespace(toBool=lambda value: str(value).lower() in ("true", "1"))
    for name in ("QLabel", "QPushButton", "QComboBox", "QVBoxLayout"):
        setattr(qt, name, Widget)
    opened: list[str] = []
    qt.opened = opened
    qt.QUrl = types.SimpleNamespace(fromLocalFile=str)
    qt.QDesktopServices = types.SimpleNamespace(openUrl=opened.append)
    return {"slicer": slicer, "slicer.ScriptedLoadableModule": scripted, "qt": qt}
