"""The view nodes of ours and all that Slicer hung on them, so that they can be taken out again."""

from __future__ import annotations

from typing import Any

import slicer

from crc_mrml.layouts import ANNOTATOR_VIEWS, MOST_VIEWS, ViewSet, view_names


def remove_views(scene: Any, views: ViewSet = ANNOTATOR_VIEWS) -> None:
    """Take our views out of a scene with their composites, slice models and cameras; no layout may show them."""
    for name in view_names(MOST_VIEWS, views):
        node = scene.GetSingletonNode(name, "vtkMRMLSliceNode")
        if node is not None:
            _remove(scene, [node, *_of_slice(scene, node)])
    in_space = scene.GetSingletonNode(views.space_name, "vtkMRMLViewNode")
    if in_space is not None:
        cameras = _cameras(scene, in_space)
        _remove(scene, [in_space])
        # What draws the view lives a moment longer and would make a camera anew, but for a batch.
        scene.StartState(scene.BatchProcessState)
        _remove(scene, cameras)
        scene.EndState(scene.BatchProcessState)


def _of_slice(scene: Any, node: Any) -> list[Any]:
    found = []
    composite = slicer.vtkMRMLSliceLogic.GetSliceCompositeNode(node)
    if composite is not None:
        found.append(composite)
    for model in _of_class(scene, "vtkMRMLModelNode"):
        if (
            slicer.vtkMRMLSliceLogic.IsSliceModelNode(model)
            and f"SliceID {node.GetID()} " in f"{model.GetDescription()} "
        ):
            found += [model, model.GetDisplayNode(), model.GetParentTransformNode()]
    return [each for each in found if each is not None]


def _cameras(scene: Any, node: Any) -> list[Any]:
    cameras = _of_class(scene, "vtkMRMLCameraNode")
    return [camera for camera in cameras if camera.GetLayoutName() == node.GetLayoutName()]


def _of_class(scene: Any, class_name: str) -> list[Any]:
    return [scene.GetNthNodeByClass(n, class_name) for n in range(scene.GetNumberOfNodesByClass(class_name))]


def _remove(scene: Any, nodes: list[Any]) -> None:
    for node in nodes:
        if scene.IsNodePresent(node):
            scene.RemoveNode(node)
