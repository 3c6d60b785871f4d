"""The views of Slicer's window: our layouts, compact controllers, text in the corners; all given back afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import slicer
from crc_core.desk.arrangement import Arrangement
from crc_core.errors import CrcError

from crc_mrml.annotation import Marks, dress, write
from crc_mrml.layouts import ViewSet, add_layout, is_ours, leading_share, remove_layouts, view_names
from crc_mrml.panes import COMPARING
from crc_mrml.parts import ShownViews
from crc_mrml.view_nodes import remove_views

_CONTROLLER_NEEDS_PX = 420
_TYPE_PX = 14
_SPACE_COLOUR = (0.08, 0.08, 0.1)


class Application(Protocol):
    """What only the running application has: `crc_widgets.application.SlicerApplication`."""

    def layout_manager(self) -> Any:
        """Slicer's layout manager; None where it runs without a window."""

    def deliver(self, receiver: Any) -> None:
        """Let what was sent to an object and still waits arrive now."""

    def later(self, call: Callable[[], None]) -> None:
        """Call once what is going on has ended."""

    def slice_annotations(self) -> Any:
        """The part of Slicer's Data Probe that writes into slice views; None where it does not run."""


class SlicerScreen:
    """The views of one module on the layout manager; raises CrcError where Slicer runs without a window."""

    def __init__(self, scene: Any, application: Application, views: ViewSet) -> None:
        self._scene, self._application, self._views = scene, application, views
        self._before: int = slicer.vtkMRMLLayoutNode.SlicerLayoutInitialView
        self._probe_was_on: int | None = None
        self._dressed: set[str] = set()
        self._pauses = 0
        self._is_paused = self._is_awaited = False
        self._laid_out: tuple[str, ...] = ()

    def show(self, arrangement: Arrangement) -> ShownViews:
        """Put the views up; what was there before is remembered."""
        manager, layout = self._manager(), self._layout_node()
        if not is_ours(layout.GetViewArrangement(), self._views):
            self._before = layout.GetViewArrangement()
        self._silence_probe()
        layout.RemoveAllMaximizedViewNodes()
        manager.setLayout(add_layout(layout, arrangement, self._views))
        names = self._laid_out = view_names(len(arrangement.panes), self._views)
        self._settle(names)
        slices = tuple(self._scene.GetSingletonNode(name, "vtkMRMLSliceNode") for name in names)
        leads = arrangement.kind not in COMPARING
        self._shape_controllers(names, manager.viewport().width * leading_share(arrangement) if leads else 0.0)
        in_space = (
            self._scene.GetSingletonNode(self._views.space_name, "vtkMRMLViewNode") if arrangement.has_3d else None
        )
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
        if write(annotation, marks, view.width * view.devicePixelRatioF()):
            view.scheduleRender()

    def later(self, call: Callable[[], None]) -> None:
        """Call once what is going on has ended."""
        self._application.later(call)

    def pause(self) -> None:
        """Draw nothing until `resume`."""
        self._pauses += 1
        manager = self._application.layout_manager()
        if manager is not None and not self._is_paused:
            self._is_paused = True
            manager.pauseRender()

    def resume(self) -> None:
        """Draw again, once for all that is changed until Slicer's event loop comes to its next turn."""
        self._pauses -= 1
        if self._is_paused and not self._is_awaited:
            self._is_awaited = True
            self._application.later(self._draw_again)

    def _draw_again(self) -> None:
        self._is_awaited = False
        if not self._is_paused or self._pauses:
            return
        self._is_paused = False
        manager = self._application.layout_manager()
        if manager is None:
            return
        for name in self._laid_out:
            widget = manager.sliceWidget(name)
            if widget is not None:
                # A view that was to be painted while it was paused has forgotten that; once asked it is drawn once.
                widget.sliceView().scheduleRender()
        self._laid_out = ()
        manager.resumeRender()

    def give_back(self) -> None:
        """The layout that was there before comes back; nothing of ours is written in any view."""
        manager = self._application.layout_manager()
        if manager is None:
            return
        self._clear_corners(manager)
        layout = self._layout_node()
        if is_ours(layout.GetViewArrangement(), self._views):
            layout.RemoveAllMaximizedViewNodes()
            manager.setLayout(self._before)
        probe = self._application.slice_annotations()
        if self._probe_was_on is not None and probe is not None:
            probe.sliceViewAnnotationsEnabled = self._probe_was_on
        self._probe_was_on = None

    def release(self) -> None:
        """Take views and layouts of ours out of the application."""
        self._draw_again()
        if self._application.layout_manager() is not None:
            self.give_back()
            remove_layouts(self._layout_node(), self._views)
            remove_views(self._scene, self._views)

    def _manager(self) -> Any:
        manager = self._application.layout_manager()
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
                self._application.deliver(widget.sliceController())

    def _shape_controllers(self, names: tuple[str, ...], leading_px: float) -> None:
        """The leading view keeps its bar for scrolling where there is room; the others give theirs to the image.

        Where views are compared none has a bar: with it the leading image would be smaller than the others.
        """
        for number, name in enumerate(names):
            widget = self._manager().sliceWidget(name)
            if widget is not None:
                widget.sliceController().setVisible(number == 0 and leading_px >= _CONTROLLER_NEEDS_PX)

    def _silence_probe(self) -> None:
        """Slicer's Data Probe would write over our corners; its observers stay, so that it can go on afterwards."""
        probe = self._application.slice_annotations()
        if probe is not None and self._probe_was_on is None:
            self._probe_was_on = probe.sliceViewAnnotationsEnabled
            probe.sliceViewAnnotationsEnabled = 0

    def _clear_corners(self, manager: Any) -> None:
        for name in self._dressed:
            widget = manager.sliceWidget(name)
            if widget is not None:
                write(widget.sliceView().cornerAnnotation(), None)
        # The Data Probe writes there next, in a font of its own without Chinese characters.
        self._dressed.clear()

    def _dress_space(self, node: Any) -> None:
        node.SetBackgroundColor(*_SPACE_COLOUR)
        node.SetBackgroundColor2(*_SPACE_COLOUR)
        node.SetBoxVisible(False)
        node.SetAxisLabelsVisible(False)
        node.SetOrientationMarkerType(node.OrientationMarkerTypeHuman)
        widget = self._manager().viewWidget(node)
        if widget is not None:
            widget.threeDController().setVisible(False)
