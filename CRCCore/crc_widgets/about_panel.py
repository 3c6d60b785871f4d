"""What a module says of itself: what this version does, its version, where its library lies, its documentation."""

from __future__ import annotations

from pathlib import Path

import crc_core
import qt
from crc_core.text import Lang, say

from crc_widgets.language import choose_panel_language, panel_language

_LANGUAGE_NAMES = ((Lang.ZH, "中文"), (Lang.EN, "English"))


class AboutPanel:
    """The about text of one module and a choice of language; `code` is the catalogue's code of the text."""

    def __init__(self, layout: qt.QVBoxLayout, code: str) -> None:
        self._code = code
        self._lang = panel_language()
        self._text, self._version, self._library = qt.QLabel(), qt.QLabel(), qt.QLabel()
        for label in (self._text, self._library):
            label.setWordWrap(True)
            # Without it a label asks for more width than the module panel has, and its lines are cut off.
            label.setMinimumWidth(1)
        self._documentation = qt.QPushButton()
        self._documentation.setVisible(documentation() is not None)
        self._language = qt.QComboBox()
        for _, name in _LANGUAGE_NAMES:
            self._language.addItem(name)
        self._language.setCurrentIndex([lang for lang, _ in _LANGUAGE_NAMES].index(self._lang))
        self._layout = layout
        self._widgets = (self._language, self._text, self._version, self._library, self._documentation)
        for widget in self._widgets:
            layout.addWidget(widget)
        layout.addStretch(1)
        self._documentation.connect("clicked()", self._open_documentation)
        self._language.connect("currentIndexChanged(int)", self._choose_language)
        self._word()

    def remove(self) -> None:
        """Make room for what takes the place of the about text."""
        for widget in self._widgets:
            self._layout.removeWidget(widget)
            widget.hide()
            widget.deleteLater()
        # What is left at the end is the stretch below the words.
        self._layout.takeAt(self._layout.count() - 1)

    def _word(self) -> None:
        self._text.setText(say(self._code, self._lang))
        self._version.setText(say("panel.version", self._lang, version=crc_core.__version__))
        self._library.setText(say("panel.library", self._lang, folder=library_folder()))
        self._documentation.setText(say("panel.open_documentation", self._lang))

    def _choose_language(self, index: int) -> None:
        self._lang = _LANGUAGE_NAMES[index][0]
        choose_panel_language(self._lang)
        self._word()

    def _open_documentation(self) -> None:
        _open(documentation())


def library_folder() -> Path:
    """The folder the domain library is loaded from."""
    return Path(crc_core.__file__).resolve().parent


def documentation() -> Path | None:
    """The documentation beside the library, as in a source checkout; none where it was not packaged."""
    path = library_folder().parents[1] / "Docs" / "architecture.md"
    return path if path.exists() else None


def show_help(name: str, lang: Lang) -> None:
    """Open a page of the documentation in a language, else what there is of it; nothing where none was packaged."""
    page = documentation()
    if page is None:
        return
    names = (f"{name}.zh-CN.md", f"{name}.md") if lang is Lang.ZH else (f"{name}.md",)
    _open(next((page.with_name(name) for name in names if page.with_name(name).exists()), page))


def _open(page: Path | None) -> None:
    qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(str(page)))
