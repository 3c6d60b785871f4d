"""What the scene needs of the running application, as protocols: the views on the screen, and the segment editor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from crc_core.desk.arrangement import Arrangement

from crc_mrml.annotation import Marks


class ShownViews(NamedTuple):
    """The view nodes of a layout: slices with the leading one first, and the view in space if there is one."""

    slices: tuple[Any, ...]
    in_space: Any


class Screen(Protocol):
    """The views of the application's window."""

    def show(self, arrangement: Arrangement) -> ShownViews:
        """Put the views up; what was there before is remembered."""

    def write(self, slice_node: Any, marks: Marks) -> None:
        """Put the text of a view into its corners."""

    def pause(self) -> None:
        """Draw nothing until `resume`."""

    def resume(self) -> None:
        """Draw again."""

    def give_back(self) -> None:
        """The layout that was there before comes back; nothing of ours is written in any view."""

    def release(self) -> None:
        """Take views and layouts of ours out of the application."""


class Editor(Protocol):
    """Slicer's segment editor as `crc_widgets.editor_host.EditorHost` offers it."""

    def set_scene(self, scene: Any) -> None: ...
    def set_nodes(self, segmentation_node: Any, volume_node: Any) -> None: ...
    def select_segment(self, segment_id: str | None) -> None: ...
    def use_effect(self, name: str) -> None: ...
    def active_effect(self) -> str: ...
    def save_state_for_undo(self) -> None: ...
    def undo(self) -> None: ...
    def redo(self) -> None: ...
    def set_brush_mm(self, diameter_mm: float) -> None: ...
    def on_effect_changed(self, call: Callable[[str], None]) -> None: ...
    def on_brush_changed(self, call: Callable[[float], None]) -> None: ...
    def release(self) -> None: ...
