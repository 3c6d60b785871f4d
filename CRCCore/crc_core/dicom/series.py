"""Patients, studies and series as found in a folder; a series here is one stack of images that belong together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crc_core.dicom.geometry import StackGeometry, grid_of, measure, plane_name
from crc_core.dicom.header import Header
from crc_core.dicom.instance import Instance
from crc_core.errors import CrcError
from crc_core.geometry.grid import Grid


@dataclass(frozen=True)
class Duplicate:
    """An image left out of the stack because another one holds its place.

    `same_uid` says that both carry one SOP instance UID (a copy of the file); else two images claim one position.
    """

    kept: Instance
    left_out: Instance
    same_uid: bool


@dataclass(frozen=True)
class Series:
    """One stack: images of one DICOM series with one orientation, one size and one acquisition, sorted by place.

    One SeriesInstanceUID can hold several stacks (all phases in one series, a scout within); `stack` counts them from
    1 in the order of time, and `stacks` says how many there are. `instances` ascend along the normal.
    """

    series_uid: str
    stack: int
    stacks: int
    instances: tuple[Instance, ...]
    duplicates: tuple[Duplicate, ...]

    @property
    def key(self) -> str:
        """A name of the stack that is unique in its study: the series UID, with `#<stack>` where there are several."""
        return self.series_uid if self.stacks == 1 else f"{self.series_uid}#{self.stack}"

    @property
    def header(self) -> Header:
        """The shared header of the middle image, which speaks for the stack."""
        return self.instances[len(self.instances) // 2].header

    @cached_property
    def headers(self) -> tuple[Header, ...]:
        """All different shared headers of the stack."""
        return tuple({id(instance.header): instance.header for instance in self.instances}.values())

    @cached_property
    def paths(self) -> tuple[Path, ...]:
        """The files of the stack, each once, in the order of the images."""
        return tuple(Path(name) for name in dict.fromkeys(instance.location for instance in self.instances))

    @property
    def is_placed(self) -> bool:
        """Whether every image has pixels, a position, an orientation and a pixel spacing, so that it makes a grid."""
        header = self.header
        return (
            header.has_pixels
            and header.orientation_lps is not None
            and header.pixel_spacing_mm is not None
            and min(header.rows, header.columns) > 0
            and all(instance.position_lps_mm is not None for instance in self.instances)
        )

    @cached_property
    def positions_lps_mm(self) -> NDArray[np.float64]:
        """Positions `[n, 3]` of the images in LPS millimetres; call only where `is_placed`."""
        return np.array([instance.position_lps_mm for instance in self.instances], dtype=np.float64)

    @cached_property
    def geometry(self) -> StackGeometry | None:
        """The measured geometry; None for one image alone or where the stack is not placed."""
        if not self.is_placed or self.header.orientation_lps is None:
            return None
        return measure(self.header.orientation_lps, self.positions_lps_mm)

    @property
    def plane(self) -> str:
        """`axial`, `coronal`, `sagittal`, `oblique`, or empty where the orientation is not told."""
        return plane_name(self.header.orientation_lps)

    @property
    def can_be_source(self) -> bool:
        """Whether contours may be drawn on it: a regular axial-to-oblique grid of at least two images."""
        return self.geometry is not None and self.geometry.is_sound

    @cached_property
    def grid(self) -> Grid:
        """The grid of the stack in RAS; sheared where it is tilted. Raises CrcError where it is not placed."""
        header = self.header
        if not self.is_placed or header.orientation_lps is None or header.pixel_spacing_mm is None:
            raise CrcError("dicom.not_placed", path=self.paths[0])
        try:
            return grid_of(
                header.orientation_lps,
                header.pixel_spacing_mm,
                self.positions_lps_mm,
                header.rows,
                header.columns,
                header.thickness_mm,
            )
        except ValueError as error:
            raise CrcError("dicom.not_placed", path=self.paths[0]) from error


@dataclass(frozen=True)
class Study:
    """One study of one patient; the same study UID under two patients makes two of these."""

    study_uid: str
    patient_key: str
    series: tuple[Series, ...]

    @property
    def date(self) -> str:
        """The study date as written (YYYYMMDD), empty where it is not told."""
        return next((item.header.study_date for item in self.series if item.header.study_date), "")


@dataclass(frozen=True)
class Patient:
    """All studies that carry one patient number; `patient_key` tells patients apart and identifies nobody.

    `is_contradictory` says that one number stands for several names with several birth dates.
    """

    patient_key: str
    studies: tuple[Study, ...]

    @property
    def is_contradictory(self) -> bool:
        """Whether its images name more than one person."""
        persons = {
            header.person_key
            for study in self.studies
            for series in study.series
            for header in series.headers
            if header.person_key
        }
        return len(persons) > 1
