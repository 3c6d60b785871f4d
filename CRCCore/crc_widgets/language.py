"""The language of the panels."""

from __future__ import annotations

import slicer
from crc_core.text import Lang, system_language

LANGUAGE_SETTING = "CRCDatabase/language"


def panel_language() -> Lang:
    """The language a person chose for our panels, else Slicer's where it is translated, else the system's."""
    settings = slicer.app.userSettings()
    own = settings.value(LANGUAGE_SETTING)
    if own in (Lang.ZH.value, Lang.EN.value):
        return Lang(own)
    slicers = settings.value("language")
    if slicers and slicer.util.toBool(settings.value("Internationalization/Enabled", False)):
        return Lang.ZH if slicers.lower().startswith("zh") else Lang.EN
    return system_language()


def choose_panel_language(lang: Lang) -> None:
    """Keep `lang` as the person's choice for our panels."""
    slicer.app.userSettings().setValue(LANGUAGE_SETTING, lang.value)
