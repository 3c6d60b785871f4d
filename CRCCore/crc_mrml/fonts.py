"""A font in which VTK can write Chinese; the one it brings has only Latin letters."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import vtk

_WINDOWS = ("msyh.ttc", "msyh.ttf", "simhei.ttf", "Deng.ttf", "simsun.ttc")
_MACOS = ("PingFang.ttc", "Hiragino Sans GB.ttc", "STHeiti Medium.ttc", "STHeiti Light.ttc")
_LINUX = (
    "opentype/noto/NotoSansCJK-Regular.ttc",
    "noto-cjk/NotoSansCJK-Regular.ttc",
    "google-noto-cjk/NotoSansCJK-Regular.ttc",
    "google-noto-sans-cjk-fonts/NotoSansCJK-Regular.ttc",
    "opentype/source-han-sans/SourceHanSansCN-Regular.otf",
    "truetype/wqy/wqy-microhei.ttc",
    "truetype/wqy/wqy-zenhei.ttc",
    "wqy-microhei/wqy-microhei.ttc",
    "wqy-zenhei/wqy-zenhei.ttc",
    "truetype/droid/DroidSansFallbackFull.ttf",
)


@cache
def chinese_font() -> Path | None:
    """The file of a font of this machine that has Chinese characters; None where none is known."""
    return next((path for path in _places() if path.is_file()), None)


def write_in(text_property: Any) -> None:
    """Let a vtkTextProperty write in a font that has Chinese characters, where this machine has one."""
    font = chinese_font()
    if font is not None:
        text_property.SetFontFamily(vtk.VTK_FONT_FILE)
        text_property.SetFontFile(str(font))


def _places() -> Iterator[Path]:
    windows = Path(os.environ.get("WINDIR", r"C:\Windows")) / "Fonts"
    yield from (windows / name for name in _WINDOWS)
    for folder in ("/System/Library/Fonts", "/System/Library/Fonts/Supplemental", "/Library/Fonts"):
        yield from (Path(folder) / name for name in _MACOS)
    for folder in ("/usr/share/fonts", "/usr/local/share/fonts", str(Path.home() / ".local/share/fonts")):
        yield from (Path(folder) / name for name in _LINUX)
