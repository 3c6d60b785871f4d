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

    def later(self, call: Callable[[], None]) -> None:
        """Call once what is going on has ended."""

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

    def set_scene(self, scene: Any) -> None:
        """Work in a scene; None for none."""

    def set_nodes(self, segmentation_node: Any, volume_node: Any) -> None:
        """Draw on a segmentation over a volume, and on nothing else; None for none."""

    def select_segment(self, segment_id: str | None) -> None:
        """Draw on a segment; None for none."""

    def use_effect(self, name: str) -> None:
        """Use an effect by Slicer's name; empty for none."""

    def active_effect(self) -> str:
        """Slicer's name of the effect in use; empty for none."""

    def save_state_for_undo(self) -> None:
        """What follows is one undo step."""

    def undo(self) -> None:
        """One step back."""

    def redo(self) -> None:
        """One step forward again."""

    def set_brush_mm(self, diameter_mm: float) -> None:
        """The brush of paint and erase, in millimetres."""

    def on_effect_changed(self, call: Callable[[str], None]) -> None:
        """Tell the name of the effect in use whenever it is another."""

    def on_brush_changed(self, call: Callable[[float], None]) -> None:
        """Tell the brush in millimetres whenever a person changed it."""

    def release(self) -> None:
        """Lay the tool down and let go of scene and nodes."""
