"""The Slicer module CRCAnnotator: metadata and wiring; what it shows comes from the shared packages."""

import sys
from pathlib import Path

import slicer
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)

try:
    import crc_core
except ModuleNotFoundError as error:
    if error.name != "crc_core":  # a broken dependency must not look like a missing folder
        raise
    sys.path.append(str(Path(__file__).resolve().parents[1] / "CRCCore"))
    import crc_core

from crc_core.text import say
from crc_widgets.about_panel import AboutPanel
from crc_widgets.language import panel_language


class CRCAnnotator(ScriptedLoadableModule):
    """The module's entry in Slicer's list."""

    def __init__(self, parent):
        super().__init__(parent)
        lang = panel_language()
        parent.title = say("panel.annotator.title", lang)
        parent.categories = ["Informatics"]
        parent.contributors = ["CRC Database contributors"]
        parent.helpText = say("panel.annotator.about", lang)
        parent.acknowledgementText = say("panel.acknowledgement", lang)


class CRCAnnotatorWidget(ScriptedLoadableModuleWidget):
    """The module's panel."""

    def setup(self):
        super().setup()
        self.about = AboutPanel(self.layout, "panel.annotator.about")

    def onReload(self):
        ours = ("crc_core", "crc_mrml", "crc_widgets")
        for name in [name for name in sys.modules if name.split(".")[0] in ours]:
            del sys.modules[name]
        super().onReload()


class CRCAnnotatorTest(ScriptedLoadableModuleTest):
    """The self test: the panel opens and its library is the one of this version."""

    def test_panel_opens(self):
        panel = slicer.modules.crcannotator.widgetRepresentation()
        self.assertIsNotNone(panel)
        self.assertTrue(crc_core.__version__)
