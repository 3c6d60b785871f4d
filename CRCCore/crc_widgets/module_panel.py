"""What Slicer asks of a module's panel, the same for both: built at the first visit, and gone without a trace."""

from __future__ import annotations

import sys
from abc import abstractmethod
from collections.abc import Generator
from typing import Any, ClassVar

from slicer.ScriptedLoadableModule import ScriptedLoadableModuleWidget

from crc_widgets.about_panel import AboutPanel
from crc_widgets.in_pieces import InPieces

_SHARED_PACKAGES = ("crc_core", "crc_mrml", "crc_widgets")


class ModulePanel(ScriptedLoadableModuleWidget):
    """The panel of a module; it is built when it is first visited, in pieces, until then a few words stand there.

    A module says `about_code`, the catalogue's code of those words, `own_package`, which is loaded anew with the shared
    ones, and `new_session`, which builds presenter, scene and view.
    """

    about_code: ClassVar[str]
    own_package: ClassVar[str]

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.about: AboutPanel | None = None
        self.session: Any = None
        self._building: InPieces | None = None
        self._is_here = False

    @abstractmethod
    def new_session(self) -> Generator[None, None, Any]:
        """Build presenter, scene and view of one life of the panel, a piece at each step, and return them.

        What is returned has `enter`, `leave`, `release`, `window.panel.widget`.
        """

    def setup(self) -> None:
        """Slicer made the panel."""
        super().setup()
        self.about = AboutPanel(self.layout, self.about_code)

    def enter(self) -> None:
        """The module is shown."""
        self._is_here = True
        if self.session is not None:
            self.session.enter()
        elif self._building is None or not self._building.is_going_on:
            self._building = InPieces(self.parent, self.new_session(), self._built)

    def _built(self, session: Any) -> None:
        if self.about is not None:
            self.about.remove()
            self.about = None
        self.layout.addWidget(session.window.panel.widget)
        self.session = session
        if self._is_here:
            session.enter()

    def exit(self) -> None:
        """Another module is shown."""
        self._is_here = False
        if self.session is not None:
            self.session.leave()

    def cleanup(self) -> None:
        """The application ends, or the module is loaded anew."""
        self._is_here = False
        if self._building is not None:
            self._building.finish()
        if self.session is not None:
            self.session.release()
            self.session = None

    def onReload(self) -> None:  # noqa: N802 - the name Slicer calls
        """Load the module anew, with all that it stands on."""
        self.cleanup()
        ours = {*_SHARED_PACKAGES, self.own_package}
        for name in [name for name in sys.modules if name.split(".")[0] in ours]:
            del sys.modules[name]
        super().onReload()
