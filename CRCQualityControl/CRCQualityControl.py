"""The Slicer module CRCQualityControl: metadata, and the wiring of presenter, scene and view at the first visit."""

import sys
from pathlib import Path

import slicer
from slicer.ScriptedLoadableModule import ScriptedLoadableModule, ScriptedLoadableModuleTest

try:
    import crc_core
except ModuleNotFoundError as error:
    if error.name != "crc_core":  # a broken dependency must not look like a missing folder
        raise
    sys.path.append(str(Path(__file__).resolve().parents[1] / "CRCCore"))
    import crc_core

from crc_core.text import say
from crc_widgets.in_pieces import imported
from crc_widgets.language import panel_language
from crc_widgets.module_panel import ModulePanel

_PIECES = (
    "crc_core.workflow.payloads",
    "crc_core.workflow.context",
    "crc_core.workflow.listing",
    "crc_core.store.folder",
    "crc_core.report.key_images",
    "CRCQualityControlLib.presenter.ports",
    "CRCQualityControlLib.presenter.quality",
    "CRCQualityControlLib.scene.slicer_quality_scene",
    "CRCQualityControlLib.view.pages",
    "CRCQualityControlLib.view.window",
)
"""What the panel is made of, from the bottom up, in pieces that each take a few hundredths of a second to import."""


class CRCQualityControl(ScriptedLoadableModule):
    """The module's entry in Slicer's list."""

    def __init__(self, parent):
        super().__init__(parent)
        lang = panel_language()
        parent.title = say("panel.quality.title", lang)
        parent.categories = ["Informatics"]
        parent.dependencies = ["Segmentations"]
        parent.contributors = ["CRC Database contributors"]
        parent.helpText = say("panel.quality.about", lang)
        parent.acknowledgementText = say("panel.acknowledgement", lang)


class CRCQualityControlWidget(ModulePanel):
    """The module's panel."""

    about_code = "panel.quality.about"
    own_package = "CRCQualityControlLib"

    def new_session(self):
        yield from imported(_PIECES)
        return Session(self.parent)


class Session:
    """Presenter, scene and view of one life of the panel. Tests give `ask`, `secrets`; they find everything here."""

    ask = None
    secrets = None

    def __init__(self, parent):
        from crc_core.store.folder import FolderStore
        from crc_mrml.layouts import QUALITY_VIEWS
        from crc_mrml.screen import SlicerScreen
        from crc_widgets.application import SlicerApplication
        from crc_widgets.ask import Dialogs
        from crc_widgets.clock import MachineClock
        from crc_widgets.dialog import run_modal
        from crc_widgets.editor_host import EditorHost
        from crc_widgets.jobs import QtJobs
        from crc_widgets.settings import SlicerSettings
        from crc_widgets.sign_again import SignAgain
        from CRCQualityControlLib.presenter.ports import Kit, Step
        from CRCQualityControlLib.presenter.quality import QualityControl
        from CRCQualityControlLib.scene.slicer_quality_scene import SlicerQualityScene
        from CRCQualityControlLib.view.pages import PAGES
        from CRCQualityControlLib.view.window import QualityWindow

        self.ask = type(self).ask or Dialogs(slicer.util.mainWindow, self.lang)
        self.secrets = type(self).secrets or SignAgain(slicer.util.mainWindow, self.lang)
        self.editor = EditorHost(parent, "CRCQualityControl")
        self.jobs = QtJobs(parent, Step)
        screen = SlicerScreen(slicer.mrmlScene, SlicerApplication(), QUALITY_VIEWS)
        self.scene = SlicerQualityScene(slicer.mrmlScene, screen, self.editor)
        kit = Kit(
            scene=self.scene,
            ask=self.ask,
            secrets=self.secrets,
            jobs=self.jobs,
            clock=MachineClock(),
            settings=SlicerSettings(),
            open_store=lambda place: FolderStore(Path(place)),
            connect=self.connect,
        )
        self.quality = QualityControl(kit, panel_language())
        self.window = QualityWindow(parent, self.quality, PAGES, self.editor.widget, run_modal)
        self._started = False

    def lang(self):
        """The language the person is asked in."""
        return self.quality.hub.lang

    def connect(self, url, ca_file):
        """The session at a server, where nobody has signed in yet."""
        from crc_core.store.remote.session import ServerSession

        return ServerSession(url, ca_file, lang=self.lang)

    def enter(self):
        """The module is shown."""
        self.window.enter()
        self.scene.come_back()
        if not self._started:
            self._started = True
            self.quality.start()

    def leave(self):
        """Another module is shown; the case stays on the desk."""
        self.window.leave()
        self.scene.step_aside()

    def release(self):
        """The application ends or the module is loaded anew: no question any more, and nothing of ours stays."""
        self.window.release()
        self.quality.shut_down()
        self.jobs.close()
        self.scene.release()
        self.editor.release()
        self.window.panel.widget.deleteLater()
        self.editor.widget.deleteLater()


class CRCQualityControlTest(ScriptedLoadableModuleTest):
    """The self test: the panel opens and its library is the one of this version."""

    def test_panel_opens(self):
        panel = slicer.modules.crcqualitycontrol.widgetRepresentation()
        self.assertIsNotNone(panel)
        self.assertTrue(crc_core.__version__)
