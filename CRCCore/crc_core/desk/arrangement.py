"""What is shown where: which views a step of the work needs, and which image each of them shows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from crc_core.vocabulary import Role


class Orientation(StrEnum):
    """How a slice view cuts the patient; `native` is the plane an image was acquired in, as MRI is read."""

    AXIAL = "axial"
    CORONAL = "coronal"
    SAGITTAL = "sagittal"
    OBLIQUE = "oblique"
    NATIVE = "native"


class LayoutKind(StrEnum):
    """How the views stand beside each other."""

    SINGLE = "single"
    PHASES = "phases"
    CONTOUR = "contour"
    REFERENCE = "reference"
    RING = "ring"
    PRIOR = "prior"


@dataclass(frozen=True)
class ImageKey:
    """One image of the open case: a series by its role, of the unit itself or of the prior time point."""

    role: Role
    is_prior: bool = False


@dataclass(frozen=True)
class Pane:
    """One slice view: the name that tells it from the others, how it cuts, what it shows."""

    name: str
    orientation: Orientation
    image: ImageKey


@dataclass(frozen=True)
class Arrangement:
    """All views of a layout, the leading one first; `has_3d` adds a view in space."""

    kind: LayoutKind
    panes: tuple[Pane, ...]
    has_3d: bool = False
