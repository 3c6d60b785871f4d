"""Masks on their way back into the scene: out of kept work, or out of a sealed reading."""

from __future__ import annotations

from collections.abc import Mapping

from crc_core.contour.segment_key import SegmentKey
from crc_core.contour.terminology import Part
from crc_core.contour.voxels import axial_first, lesions_of, original_box
from crc_core.desk.lesions import segments_of
from crc_core.desk.recovery import KeptWork
from crc_core.desk.work import Work
from crc_core.geometry import Volume
from crc_core.identity import parse_mask_name

from CRCAnnotatorLib.presenter.ports import KeptMask


def masks_of_kept(work: Work, kept: KeptWork) -> dict[SegmentKey, KeptMask]:
    """The kept masks of what the work still speaks of."""
    wanted = {key for state in work.targets for key in segments_of(state)}
    return {key: KeptMask(mask.box, mask.inside, mask.grid) for key, mask in kept.masks.items() if key in wanted}


def masks_of_reading(volumes: Mapping[str, Volume]) -> dict[SegmentKey, KeptMask]:
    """The segments in a reading's masks (uint8, lesion numbers) by their names in the reading."""
    found: dict[SegmentKey, KeptMask] = {}
    for name, volume in volumes.items():
        parsed = parse_mask_name(name)
        if parsed is None:
            continue
        _, _, target, parent = parsed
        for lesion in lesions_of(axial_first(volume)):
            box = original_box(lesion.box, volume.grid)
            key = SegmentKey(target, lesion.number, Part(parent) if parent else Part.MASK)
            found[key] = KeptMask(box, volume.array[box] == lesion.number, volume.grid)
    return found
