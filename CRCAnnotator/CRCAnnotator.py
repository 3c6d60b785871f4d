"""The Slicer module CRCAnnotator: metadata, and the wiring of presenter, scene and view at the first visit."""

import os
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
    "crc_core.phantom",
    "crc_core.desk.job_forms",
    "CRCAnnotatorLib.presenter.state",
    "CRCAnnotatorLib.presenter.desk",
    "CRCAnnotatorLib.presenter.cases",
    "CRCAnnotatorLib.presenter.contour",
    "CRCAnnotatorLib.presenter.annotator",
    "CRCAnnotatorLib.scene.slicer_scene",
    "crc_mrml.screen",
    "crc_widgets.dicom_picker",
    "crc_widgets.keeper_client",
    "CRCAnnotatorLib.view.window",
)
"""What the panel is made of, from the bottom up, in pieces that each take a few hundredths of a second to import."""


class CRCAnnotator(ScriptedLoadableModule):
    """The module's entry in Slicer's list."""

    def __init__(self, parent):
        super().__init__(parent)
        lang = panel_language()
        parent.title = say("panel.annotator.title", lang)
        parent.categories = ["Informatics"]
        parent.dependencies = ["Segmentations", "Terminologies", "Markups"]
        parent.contributors = ["CRC Database contributors"]
        parent.helpText = say("panel.annotator.about", lang)
        parent.acknowledgementText = say("panel.acknowledgement", lang)
        slicer.app.connect("startupCompleted()", load_our_terminology)


class CRCAnnotatorWidget(ModulePanel):
    """The module's panel."""

    about_code = "panel.annotator.about"
    own_package = "CRCAnnotatorLib"

    def new_session(self):
        yield from imported(_PIECES)
        session = Session(self.parent)
        yield
        session.furnish(self.parent)
        return session


class Session:
    """Presenter, scene and view of one life of the panel. Tests give `ask` and `home`, and find everything here."""

    ask = None
    home = None

    def __init__(self, parent):
        from crc_core.store.folder import FolderStore
        from crc_mrml.layouts import ANNOTATOR_VIEWS
        from crc_mrml.screen import SlicerScreen
        from crc_widgets.application import SlicerApplication
        from crc_widgets.ask import Dialogs
        from crc_widgets.clock import MachineClock
        from crc_widgets.dicom_picker import StudyPicker
        from crc_widgets.editor_host import EditorHost
        from crc_widgets.jobs import QtJobs
        from crc_widgets.keeper_client import KeeperClient
        from crc_widgets.settings import SlicerSettings
        from CRCAnnotatorLib.presenter.ports import Kit, Step
        from CRCAnnotatorLib.scene.slicer_scene import SlicerScene

        load_our_terminology()
        home = type(self).home or data_folder()
        self.picker = StudyPicker(home / "dicom")
        self.ask = type(self).ask or Dialogs(slicer.util.mainWindow, self.lang, pick_study=self.picker.pick)
        self.editor = EditorHost(parent)
        self.jobs = QtJobs(parent, Step)
        self.scene = SlicerScene(
            slicer.mrmlScene, SlicerScreen(slicer.mrmlScene, SlicerApplication(), ANNOTATOR_VIEWS), self.editor
        )
        self._kit = Kit(
            scene=self.scene,
            ask=self.ask,
            jobs=self.jobs,
            clock=MachineClock(),
            settings=SlicerSettings(),
            open_store=lambda place: FolderStore(Path(place)),
            keeper=lambda folder: KeeperClient(folder, parent),
            home=home,
            connect=self.connect,
            versions={"slicer": slicer.app.applicationVersion, "python": sys.version.split()[0]},
        )

    def furnish(self, parent):
        """Presenter and view, once what they stand on is there."""
        from crc_widgets.dialog import run_modal
        from CRCAnnotatorLib.presenter.annotator import Annotator
        from CRCAnnotatorLib.view.window import AnnotatorWindow

        self.annotator = Annotator(self._kit, panel_language())
        self.editor.on_brush_changed(self.annotator.contour.set_brush)
        self.window = AnnotatorWindow(parent, self.annotator, self.editor.widget, self.ask.text, run_modal)

    def lang(self):
        """The language the person is asked in."""
        return self.annotator.hub.lang

    def connect(self, url, ca_file):
        """The session at a server, where nobody has signed in yet."""
        from crc_core.store.remote.session import ServerSession

        return ServerSession(url, ca_file, lang=self.lang)

    def enter(self):
        """The module is shown."""
        self.window.enter()
        self.annotator.start()

    def leave(self):
        """Another module is shown."""
        self.window.leave()
        self.annotator.pause()

    def release(self):
        """The application ends or the module is loaded anew: no question any more, and nothing of ours stays."""
        self.window.release()
        self.annotator.shut_down()
        self.jobs.close()
        self.scene.release()
        self.editor.release()
        self.picker.clear()
        self.window.panel.widget.deleteLater()
        self.editor.widget.deleteLater()


def load_our_terminology():
    """Let Slicer's terminology know the terms that our segments are coded with."""
    from crc_mrml.terminology import load_terminology

    load_terminology(slicer.util.getModuleLogic("Terminologies"))


def data_folder():
    """The folder of this machine's own data, never on a share; `CRCDATABASE_HOME` puts it elsewhere."""
    import qt

    elsewhere = os.environ.get("CRCDATABASE_HOME")
    if elsewhere:
        return Path(elsewhere)
    return Path(qt.QStandardPaths.writableLocation(qt.QStandardPaths.GenericDataLocation)) / "CRCDatabase"


class CRCAnnotatorTest(ScriptedLoadableModuleTest):
    """The self test: the panel opens and its library is the one of this version."""

    def test_panel_opens(self):
        panel = slicer.modules.crcannotator.widgetRepresentation()
        self.assertIsNotNone(panel)
        self.assertTrue(crc_core.__version__)
