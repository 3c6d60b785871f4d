"""Brings a unit's images and the masks of its work onto the desk, in steps between which the window lives."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from crc_core.contour.inspection import Window
from crc_core.contour.segment_key import SegmentKey
from crc_core.desk.arrangement import ImageKey
from crc_core.desk.fetch_images import Bodies
from crc_core.desk.opening import ImageSource, OpeningStep, open_prior, open_unit
from crc_core.desk.start import work_from_reading
from crc_core.desk.windows import preset_window
from crc_core.desk.work import Work
from crc_core.errors import CrcError
from crc_core.geometry import Grid
from crc_core.identity import UnitId
from crc_core.importing.delineation import default_protocol
from crc_core.reading.seal import read_reading
from crc_core.vocabulary import CT_PHASES, MR_ROLES, Role, Target
from crc_core.workflow.views import PriorUnit, UnitView

from CRCAnnotatorLib.presenter.hub import Hub
from CRCAnnotatorLib.presenter.open_case import OpenCase
from CRCAnnotatorLib.presenter.ports import KeptMask, Step
from CRCAnnotatorLib.presenter.restoring import masks_of_kept, masks_of_reading
from CRCAnnotatorLib.presenter.starting import Start


@dataclass(eq=False)
class Loaded:
    """What was brought onto the desk so far; `troubles` are images that could not be shown as they should."""

    work: Work | None = None
    masks: dict[SegmentKey, KeptMask] = field(default_factory=dict)
    grids: dict[ImageKey, Grid] = field(default_factory=dict)
    troubles: list[CrcError] = field(default_factory=list)


class Opening:
    """Loads what a unit is opened from into the scene."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def steps(self, store: Bodies, start: Start, loaded: Loaded) -> Iterator[Step]:
        """Load everything; raises CrcError where an image that a target is drawn on cannot be had."""
        sources = {binding.role for binding in start.view.bindings}
        images = open_unit(store, start.view, self._hub.reader, self._hub.lang)
        yield from self._images(images, start.unit, _windows(start.view), sources, loaded)
        if start.reading is None:
            loaded.work = start.work
            if start.masks is not None:
                loaded.masks = dict(start.masks)
            elif start.work is not None and start.base is not None:
                loaded.masks = masks_of_kept(start.work, start.base)
        else:
            yield Step(self._hub.say("annotator.opening.reading"))
            loaded.work, loaded.masks = self._reading(store, start, start.reading)
        _require_fitting(start.view, loaded)

    def prior(self, store: ImageSource, prior: PriorUnit, loaded: Loaded) -> Iterator[Step]:
        """Load the CT phases (without any, every CT series) of an earlier examination."""
        steps = open_prior(store, prior, self._hub.reader, self._hub.lang, roles=self.prior_roles(prior))
        yield from self._images(steps, UnitId.parse(prior.unit), {}, (), loaded)

    def prior_roles(self, prior: PriorUnit) -> list[Role]:
        """The series of an earlier examination that are shown beside."""
        there = {record.role for record in prior.series}
        return sorted(there & set(CT_PHASES) or there - set(MR_ROLES))

    def _images(
        self,
        steps: Iterator[OpeningStep],
        unit: UnitId,
        windows: Mapping[Role, Window],
        sources: Collection[Role],
        loaded: Loaded,
    ) -> Iterator[Step]:
        for step in steps:
            if step.error is not None:
                if step.key is not None and step.key.role in sources:
                    raise step.error
                loaded.troubles.append(step.error)
            if step.key is not None and step.volume is not None:
                role = step.key.role
                window = None if role in MR_ROLES else windows.get(role, preset_window(None))
                self._hub.kit.scene.add_image(step.key, step.volume, unit.series_code(role), window)
                loaded.grids[step.key] = step.volume.grid
            yield Step(step.words, step.done, step.total)

    def _reading(self, store: Bodies, start: Start, name: str) -> tuple[Work, dict[SegmentKey, KeptMask]]:
        try:
            sealed = read_reading(store.open_reading(name, self._hub.reader))
        except CrcError as error:
            if error.code != "store.unknown_reading" or not start.read_only:
                raise
            raise CrcError("annotator.reading_shut", unit=str(start.unit)) from error
        work, volumes = work_from_reading(sealed, start.view, start.slot.store, default_protocol().version)
        return work, masks_of_reading(volumes)


def _windows(view: UnitView) -> dict[Role, Window]:
    """The presets of images that have one of their own: that of the lungs, where lungs are drawn on no phase."""
    lungs = (item.role for item in view.bindings if item.target is Target.LUNG)
    return {role: preset_window(Target.LUNG) for role in lungs if role not in CT_PHASES}


def _require_fitting(view: UnitView, loaded: Loaded) -> None:
    """Raise CrcError where a mask lies on other voxels than the image its target is drawn on."""
    sources = {item.target: ImageKey(item.role) for item in view.bindings}
    for key, mask in loaded.masks.items():
        grid = loaded.grids.get(sources[key.target])
        if grid is None or not mask.grid.same_as(grid):
            raise CrcError("annotator.other_grid", unit=view.unit)


def opened_case(start: Start, loaded: Loaded, work: Work) -> OpenCase:
    """The case as it lies on the desk; what is not kept under its slot yet counts as touched."""
    touched = set() if start.base is not None else set(loaded.masks)
    return OpenCase(start.unit, start.view, work, loaded.grids, touched, start.read_only)
