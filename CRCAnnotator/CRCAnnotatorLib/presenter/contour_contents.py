"""Masks into the scene when a case is opened, and out of it when a reading is handed in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from crc_core.contour.segment_key import SegmentKey
from crc_core.contour.terminology import Part
from crc_core.desk.lesions import lesion_name, segments_of
from crc_core.vocabulary import Target, TargetAnswer

from CRCAnnotatorLib.presenter.contour_bench import Bench
from CRCAnnotatorLib.presenter.ports import KeptMask
from CRCAnnotatorLib.presenter.state import Level

if TYPE_CHECKING:
    from crc_core.geometry import Volume

    from CRCAnnotatorLib.presenter.contour_showing import Showing
    from CRCAnnotatorLib.presenter.live import Live


def put_masks(bench: Bench, showing: Showing, masks: Mapping[SegmentKey, KeptMask]) -> None:
    """Make the segments of every lesion on its own image and fill those that hold something."""
    from crc_core.desk.layers import Crop

    for state in bench.work.targets:
        if not state.lesions or bench.layers_of(state.target) is None:
            continue
        showing.bind(state.target)
        keys = segments_of(state)
        bench.ensure(keys)
        crops = {key: Crop(masks[key].box, masks[key].inside) for key in keys if key in masks}
        bench.put_into_scene(crops)
        layers = bench.layers_of(state.target)
        for key, crop in crops.items():
            if layers is not None:
                layers.put(key.part, key.lesion, crop)


def kept_of(bench: Bench) -> dict[SegmentKey, KeptMask]:
    """The voxels of all segments as they were last read."""
    found = {}
    for state in bench.work.targets:
        grid = bench.case.source_grid(state.target)
        for key in segments_of(state):
            crop = None if grid is None else bench.crop(key)
            if crop is not None and grid is not None:
                found[key] = KeptMask(crop.box, crop.inside, grid)
    return found


def read_masks(bench: Bench, live: Live) -> dict[str, Volume]:
    """The masks of the drawn targets by their names in a reading, every segment read from the scene anew.

    A subtraction goes with both edges. Where lesions of a target share voxels, the later one has them, and a warning
    tells it. Raises CrcError where the scene cannot give a segment.
    """
    from crc_core.identity import mask_name

    live.read_now()
    masks = {}
    for state in bench.work.targets:
        layers = bench.layers_of(state.target)
        if state.answer is not TargetAnswer.DRAWN or layers is None:
            continue
        live.changed(segments_of(state))
        live.read_now()
        for part in Part if layers.outer is not None else (Part.MASK,):
            parent = "" if part is Part.MASK else part.value
            if layers.layer(part).lesions:
                masks[mask_name(state.source, state.target, parent)] = layers.layer(part).copy()
        _tell_overlaps(bench, state.target)
    return masks


def _tell_overlaps(bench: Bench, target: Target) -> None:
    layers, hub = bench.layers_of(target), bench.hub
    pairs = [] if layers is None else list(layers.mask.overlaps())
    if pairs:
        hub.note(
            Level.WARNING,
            "annotator.contour.overlap",
            later=lesion_name(pairs[0].later),
            earlier=lesion_name(pairs[0].earlier),
        )
