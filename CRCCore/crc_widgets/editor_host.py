"""Slicer's segment editor with nothing of its own to choose: no selectors, no table, no effect buttons, only options.

The editor's two hidden selectors pick another node by themselves when theirs is deleted; a filter on an attribute that
only our nodes carry leaves them nothing to pick.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import qt
import slicer

WIDEST_PX = 460
EFFECTS = ("Paint", "Erase", "Draw", "Scissors", "Level tracing", "Islands", "Smoothing", "Margin")
ANNOTATOR = "CRCAnnotator"
_BRUSH = "BrushAbsoluteDiameter"
_BRUSHES = ("Paint", "Erase")
_SAME_MM = 1e-6
_UNDO_STATES = 12
_HIDDEN = ("EffectsGroupBox", "UndoRedoGroupBox", "SegmentsTableResizableFrame", "EffectHelpBrowser")


class EditorHost:
    """The editor on one segmentation and one volume at a time; after `release` it can be used again.

    `owner` is the module whose nodes it picks and whose editor node it has; no two modules share one.
    """

    def __init__(self, parent: qt.QWidget, owner: str = ANNOTATOR) -> None:
        self._tag, self._attribute = owner, f"{owner}.Edited"
        self.widget = slicer.qMRMLSegmentEditorWidget(parent)
        self.widget.setObjectName("crc.editor")
        self.widget.setMaximumWidth(WIDEST_PX)
        self._scene: Any = None
        self._node: Any = None
        self._observers: tuple[int, ...] = ()
        self._segmentation: Any = None
        self._volume: Any = None
        self._effect = ""
        self._changed: Callable[[str], None] | None = None
        self._brush_mm = 0.0
        self._brushed: Callable[[float], None] | None = None
        self._strip()

    def _strip(self) -> None:
        editor = self.widget
        editor.setSegmentationNodeSelectorVisible(False)
        editor.setSourceVolumeNodeSelectorVisible(False)
        editor.setSwitchToSegmentationsButtonVisible(False)
        editor.setAddRemoveSegmentButtonsVisible(False)
        editor.setShow3DButtonVisible(False)
        editor.setSpecifyGeometryButtonVisible(False)
        editor.setAutoShowSourceVolumeNode(False)
        editor.setJumpToSelectedSegmentEnabled(False)
        editor.setMaximumNumberOfUndoStates(_UNDO_STATES)
        editor.setEffectNameOrder(list(EFFECTS))
        editor.unorderedEffectsVisible = False
        editor.segmentationNodeSelectorAddAttribute("vtkMRMLSegmentationNode", self._attribute, "1")
        editor.sourceVolumeNodeSelectorAddAttribute("vtkMRMLScalarVolumeNode", self._attribute, "1")
        self._hide_parts()
        self._flatten()

    def _hide_parts(self) -> None:
        for name in _HIDDEN:
            part = self.widget.findChild(qt.QWidget, name)
            if part is not None:
                part.setVisible(False)
                # The editor shows some of them again by itself; without height they take no room then.
                part.setMaximumHeight(0)

    def _flatten(self) -> None:
        """The frame around the options, with the effect's name that our own strip shows already, takes no room."""
        self.widget.layout().setContentsMargins(0, 0, 0, 0)
        frame = self.widget.findChild(qt.QWidget, "OptionsGroupBox")
        frame.setStyleSheet("QGroupBox { border: 0; margin: 0; padding: 0; } QGroupBox::title { max-height: 0; }")
        frame.layout().setContentsMargins(0, 0, 0, 0)

    def set_scene(self, scene: Any) -> None:
        """Work in a scene, with an editor node of our own; None for no scene."""
        if scene is self._scene and self._node is not None:
            return
        self.release()
        self._scene = scene
        if scene is None:
            return
        node = scene.CreateNodeByClass("vtkMRMLSegmentEditorNode")
        node.UnRegister(None)
        node.SetSingletonTag(self._tag)
        node.SetSaveWithScene(False)
        node.SetOverwriteMode(node.OverwriteNone)
        node = scene.AddNode(node)
        self._node = node
        # The node first: what the editor selects by itself when it is given a scene goes into its node.
        self.widget.setMRMLSegmentEditorNode(node)
        self.widget.setMRMLScene(scene)
        # Not before: without a node the editor takes this for an error and tells Slicer's log so.
        self.widget.setMaskingSectionVisible(False)
        self._calm()
        self._observers = (
            node.AddObserver("ModifiedEvent", self._node_changed),
            node.AddObserver(node.EffectParameterModified, self._parameter_changed),
        )

    def _calm(self) -> None:
        """Settings that another user of the editor may have left behind."""
        node = self._node
        node.SetOverwriteMode(node.OverwriteNone)
        node.SetMaskMode(0)
        node.SetSourceVolumeIntensityMask(False)

    def set_nodes(self, segmentation_node: Any, volume_node: Any) -> None:
        """Let the editor draw on a segmentation over a volume, and on nothing else; None for none."""
        for node in (segmentation_node, volume_node):
            if node is not None:
                node.SetAttribute(self._attribute, "1")
        if self._node is not None:
            self.widget.setSegmentationNode(segmentation_node)
            self.widget.setSourceVolumeNode(volume_node)
        for before, node in ((self._segmentation, segmentation_node), (self._volume, volume_node)):
            if before is not None and before is not node:
                before.RemoveAttribute(self._attribute)
        self._segmentation, self._volume = segmentation_node, volume_node
        if self._node is not None:
            self._calm()

    def select_segment(self, segment_id: str | None) -> None:
        """Draw on a segment; None for none."""
        if self._node is not None:
            self._node.SetSelectedSegmentID(segment_id or "")

    def use_effect(self, name: str) -> None:
        """Use an effect by Slicer's name; empty for none."""
        if name and self._node is not None:
            self.widget.setActiveEffectByName(name)
            self._hide_parts()
            self.widget.findChild(qt.QWidget, "OptionsGroupBox").setTitle("")
            self._narrow()
        elif self._node is not None:
            self.widget.setActiveEffect(None)

    def active_effect(self) -> str:
        """Slicer's name of the effect in use; empty for none."""
        return "" if self._node is None else self._node.GetActiveEffectName() or ""

    def save_state_for_undo(self) -> None:
        """What follows is one undo step."""
        if self._node is not None:
            self.widget.saveStateForUndo()

    def undo(self) -> None:
        """One step back."""
        if self._node is not None:
            self.widget.undo()

    def redo(self) -> None:
        """One step forward again."""
        if self._node is not None:
            self.widget.redo()

    def set_brush_mm(self, mm: float) -> None:
        """The brush of paint and erase."""
        effect = self.widget.effectByName("Paint")
        if effect is not None and self._node is not None:
            self._brush_mm = float(mm)
            effect.setCommonParameter("BrushDiameterIsRelative", 0)
            effect.setCommonParameter(_BRUSH, float(mm))

    def on_brush_changed(self, call: Callable[[float], None]) -> None:
        """Tell the brush in millimetres whenever a person changed it in a view or in the options."""
        self._brushed = call

    def on_effect_changed(self, call: Callable[[str], None]) -> None:
        """Tell the name of the effect in use whenever it is another, whoever chose it."""
        self._changed = call

    def release(self) -> None:
        """Lay the tool down and let go of scene and nodes; nothing of ours stays in the scene or the views."""
        if self._node is None:
            return
        for observer in self._observers:
            self._node.RemoveObserver(observer)
        self.widget.setActiveEffect(None)
        self.widget.removeViewObservations()
        self.widget.setSegmentationNode(None)
        self.widget.setSourceVolumeNode(None)
        for node in (self._segmentation, self._volume):
            if node is not None:
                node.RemoveAttribute(self._attribute)
        self.widget.setMRMLSegmentEditorNode(None)
        if self._scene.IsNodePresent(self._node):
            self._scene.RemoveNode(self._node)
        self._segmentation = self._volume = self._node = self._scene = None
        self._effect = ""

    def _node_changed(self, *_: object) -> None:
        effect = self.active_effect()
        if effect != self._effect:
            self._effect = effect
            if self._changed is not None:
                self._changed(effect)

    def _parameter_changed(self, *_: object) -> None:
        said = self._node.GetAttribute(_BRUSH)
        brush_mm = float(said) if said else self._brush_mm
        if abs(brush_mm - self._brush_mm) > _SAME_MM:
            self._brush_mm = brush_mm
            if self._brushed is not None:
                self._brushed(brush_mm)

    def _narrow(self) -> None:
        """Let the options of an effect get along with the width of the panel, beside a brush of our own."""
        effect = self.widget.activeEffect()
        if effect is not None:
            frame = effect.optionsFrame()
            frame.setMinimumWidth(1)
            frame.setMaximumWidth(WIDEST_PX)
            if effect.name in _BRUSHES:
                _hide_diameter(frame)


def _hide_diameter(options: Any) -> None:
    """Both modules show the brush in millimetres beside their tools; the same twice would be one to wonder about."""
    for slider in options.findChildren("qMRMLSliderWidget"):
        row = slider.parent()
        heading = row.parent().layout().labelForField(row)
        for part in (row, heading):
            part.setVisible(False)
