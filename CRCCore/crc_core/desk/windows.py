"""The window presets: what a target is looked at in before a person chooses another window."""

from __future__ import annotations

from crc_core.contour.inspection import Window
from crc_core.report.key_images import ABDOMEN, LUNG
from crc_core.vocabulary import Target


def preset_window(target: Target | None) -> Window:
    """The preset of a target in HU: the lung window for lung metastases, else the soft-tissue window.

    Source: consensus table 4 (width 200-250, level 30-50) and 2.4 (lung window).
    """
    preset = LUNG if target is Target.LUNG else ABDOMEN
    return Window(preset.width_hu, preset.level_hu)
