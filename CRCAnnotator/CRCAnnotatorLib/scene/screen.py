"""The views of Slicer's window: our layouts, compact controllers, text in the corners; all given back afterwards."""

from __future__ import annotations

from typing import Any

import qt
import slicer
from crc_core.desk.arrangement import Arrangement
from crc_core.errors import CrcError
from crc_mrml.annotation import Marks, dress, write
from crc_mrml.layouts import THREE_D_NAME, add_layout, is_ours, leading_share, remove_layouts, view_names
from crc_mrml.view_nodes import remove_views

from CRCAnnotatorLib.scene.parts import ShownViews

_CONTROLLER_NEEDS_PX = 420
_TYPE_PX = 14
_SPACE_COLOUR = (0.08, 0.08, 0.1)


class SlicerScreen:
    """The layout manager of the running application; raises CrcError where Slicer runs without a window."""

    def __init__(self, scene: Any) -> None:
        self._scene = scene
        self._before: int = slicer.vtkMRMLLayoutNode.SlicerLayoutInitialView
        self._probe_was_on: int | None = None
        self._dressed: set[str] = set()

    def show(self, arrangement: Arrangement) -> ShownViews:
        """Put the views up; what was there before is remembered."""
        manager, layout = self._manager(), self._layout_node()
        if not is_ours(layout.GetViewArrangement()):
            self._before = layout.GetViewArrangement()
        self._silence_probe()
        layout.RemoveAllMaximizedViewNodes()
        manager.setLayout(add_layout(layout, arrangement))
        names = view_names(len(arrangement.panes))
        self._settle(names)
        slices = tuple(self._scene.GetSingletonNode(name, "vtkMRMLSliceNode") for name in names)
        self._shape_controllers(names, manager.viewport().width * leading_share(arrangement))
        in_space = self._scene.GetSingletonNode(THREE_D_NAME, "vtkMRMLViewNode") if arrangement.has_3d else None
        if in_space is not None:
            self._dress_space(in_space)
        return ShownViews(slices, in_space)

    def write(self, slice_node: Any, marks: Marks) -> None:
        """Put the text of a view into its corners."""
        widget = self._manager().sliceWidget(slice_node.GetLayoutName())
        if widget is None:
            return
        view = widget.sliceView()
        annotation = view.cornerAnnotation()
        if slice_node.GetLayoutName() not in self._dressed:
            dress(annotation, round(_TYPE_PX * view.devicePixelRatioF()))
            self._dressed.add(slice_node.GetLayoutName())
        if write(annotation, marks):
            view.scheduleRender()

    def pause(self) -> None:
        """Draw nothing until `resume`."""
        manager = slicer.app.layoutManager()
        if manager is not None:
            manager.pauseRender()

    def resume(self) -> None:
        """Draw again."""
        manager = slicer.app.layoutManager()
        if manager is not None:
            manager.resumeRender()

    def give_back(self) -> None:
        """The layout that was there before comes back; nothing of ours is written in any view."""
        manager = slicer.app.layoutManager()
        if manager is None:
            return
        self._clear_corners(manager)
        layout = self._layout_node()
        if is_ours(layout.GetViewArrangement()):
            layout.RemoveAllMaximizedViewNodes()
            manager.setLayout(self._before)
        probe = _probe()
        if self._probe_was_on is not None and probe is not None:
            probe.sliceViewAnnotationsEnabled = self._probe_was_on
        self._probe_was_on = None

    def release(self) -> None:
        """Take views and layouts of ours out of the application."""
        if slicer.app.layoutManager() is not None:
            self.give_back()
            remove_layouts(self._layout_node())
            remove_views(self._scene)
        self._dressed.clear()

    def _manager(self) -> Any:
        manager = slicer.app.layoutManager()
        if manager is None:
            raise CrcError("mrml.no_views")
        return manager

    def _layout_node(self) -> Any:
        return self._manager().layoutLogic().GetLayoutNode()

    def _settle(self, names: tuple[str, ...]) -> None:
        """Let the first value of a new view's slider, 0 mm and still on its way, arrive before the view is placed."""
        for name in names:
            widget = self._manager().sliceWidget(name)
            if widget is not None:
                qt.QCoreApplication.sendPostedEvents(widget.sliceController(), qt.QEvent.MetaCall)

    def _shape_controllers(self, names: tuple[str, ...], leading_px: float) -> None:
        """The leading view keeps its bar for scrolling where there is room; the others give theirs to the image."""
        for number, name in enumerate(names):
            widget = self._manager().sliceWidget(name)
            if widget is not None:
                widget.sliceController().setVisible(number == 0 and leading_px >= _CONTROLLER_NEEDS_PX)

    def _silence_probe(self) -> None:
        """Slicer's Data Probe would write over our corners; its observers stay, so that it can go on afterwards."""
        probe = _probe()
        if probe is not None and self._probe_was_on is None:
            self._probe_was_on = probe.sliceViewAnnotationsEnabled
            probe.sliceViewAnnotationsEnabled = 0

    def _clear_corners(self, manager: Any) -> None:
        for name in self._dressed:
            widget = manager.sliceWidget(name)
            if widget is not None:
                write(widget.sliceView().cornerAnnotation(), None)

    def _dress_space(self, node: Any) -> None:
        node.SetBackgroundColor(*_SPACE_COLOUR)
        node.SetBackgroundColor2(*_SPACE_COLOUR)
        node.SetBoxVisible(False)
        node.SetAxisLabelsVisible(False)
        node.SetOrientationMarkerType(node.OrientationMarkerTypeHuman)
        widget = self._manager().viewWidget(node)
        if widget is not None:
            widget.threeDController().setVisible(False)


def _probe() -> Any:
    """The part of Slicer's Data Probe that writes into slice views, where it runs."""
    module = getattr(slicer.modules, "DataProbeInstance", None)
    info = getattr(module, "infoWidget", None)
    return getattr(info, "sliceAnnotations", None)
