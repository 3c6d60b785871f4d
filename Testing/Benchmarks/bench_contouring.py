"""How long the window waits while a person contours at 600×512×512: every slot and every step of the live checks.

`python Testing/Benchmarks/bench_contouring.py [--json]`. A primary by subtraction and eight liver lesions on four
phases, one of them on a grid of its own. The scene is a stand-in that holds crops, so that only our own code is
measured, in seconds of the processor. The peer is what a panel without these pieces would do in the slot of a stroke:
check, measure and sample the whole masks at once with the same functions.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path += [str(Path(__file__).parents[1] / "Support"), str(Path(__file__).parents[2] / "CRCAnnotator")]

import bench_contour as study
from annotator_support import FakeScene, FakeSegment
from contouring_support import Desk
from crc_core.contour import inspect, measure, sample_densities, subtract
from crc_core.contour.results import Box
from crc_core.contour.segment_key import SegmentKey
from crc_core.contour.terminology import Part
from crc_core.contour.voxels import bounding_box
from crc_core.desk.arrangement import ImageKey
from crc_core.desk.steps import ContourStepId
from crc_core.geometry import Grid, Volume
from crc_core.vocabulary import BowelDirection, LesionClass, Mode, Role, Target
from numpy.typing import NDArray

AIMED_S = 0.1
Crop = tuple[Box, NDArray[np.bool_]]


class CropScene(FakeScene):
    """The stand-in with segments as crops, as Slicer's effective extents are."""

    def __init__(self) -> None:
        super().__init__()
        self.crops: dict[SegmentKey, Crop | None] = {}

    def ensure_segment(self, key: SegmentKey, name: str, lesion_class: LesionClass | None) -> None:
        nothing = np.zeros((1, 1, 1), bool)
        self.held.setdefault(key, FakeSegment(nothing, Grid.from_spacing((1, 1, 1), (1, 1, 1)), name, lesion_class))

    def read(self, key: SegmentKey, grid: Grid) -> Crop | None:
        return self.crops.get(key)

    def write(self, key: SegmentKey, inside: NDArray[np.bool_] | None, box: Box | None, grid: Grid) -> None:
        self.crops[key] = None if inside is None or box is None else (box, inside)

    def undo_point(self) -> None:
        pass


class Watch:
    """The longest times by name, in seconds."""

    def __init__(self) -> None:
        self.longest: dict[str, float] = {}

    def time(self, name: str, work: Callable[[], Any]) -> Any:
        began = time.thread_time()
        result = work()
        self.longest[name] = max(self.longest.get(name, 0.0), time.thread_time() - began)
        return result


def crop_of(array: NDArray, number: int) -> Crop:
    inside = array == number
    box = bounding_box(inside.view(np.uint8))
    assert box is not None
    return box, inside[box].copy()


class RealClock:
    """The test's clock stands still; pieces are put together by this one."""

    def monotonic(self) -> float:
        return time.thread_time()


def run() -> dict[str, dict[str, float]]:
    """The longest slot of each kind, and what the whole at once takes."""
    ct, outer, inner, liver = study.study()
    coarse = Volume(
        np.ascontiguousarray(ct.array[::5]), Grid.from_spacing((120, 512, 512), (0.7, 0.7, 5.0), (-179.2, -179.2, 0.0))
    )
    images = {Role.NC: coarse, Role.AP: ct, Role.PVP: ct, Role.DP: ct}
    scene, watch = CropScene(), Watch()
    desk = opened(scene, images)
    strokes = {
        SegmentKey(Target.PRIMARY, 1, Part.OUTER): crop_of(outer.array, 1),
        SegmentKey(Target.PRIMARY, 1, Part.INNER): crop_of(inner.array, 1),
    }
    for key, crop in strokes.items():
        draw(desk, watch, scene, key, crop)
        watch.time("go to step", lambda: desk.contour.go_to_step(ContourStepId.INNER))
    watch.time("preview", lambda: desk.contour.go_to_step(ContourStepId.PREVIEW))
    watch.time("keep", desk.contour.keep)
    rest(desk, watch)
    watch.time("bowel direction", lambda: desk.contour.set_bowel(BowelDirection.IN_PLANE))
    rest(desk, watch)
    for role in (Role.NC, Role.AP, Role.PVP, Role.DP):
        watch.time("show samples", lambda role=role: desk.contour.show_samples(role))
        watch.time("confirm samples", desk.contour.confirm_samples)
    watch.time("choose target", lambda: desk.contour.choose_target(Target.LIVER))
    for number in range(1, 9):
        if number > 1:
            watch.time("add lesion", lambda: desk.contour.add_lesion(Target.LIVER))
        draw(desk, watch, scene, SegmentKey(Target.LIVER, number), crop_of(liver.array, number))
    thinned = crop_of(liver.array, 8)
    thinned[1][1::2] = False
    draw(desk, watch, scene, SegmentKey(Target.LIVER, 8), thinned)
    watch.time("fill between", desk.contour.fill_between)
    rest(desk, watch)
    watch.time("read masks", desk.contour.read_masks)
    whole = at_once(ct, outer, inner, liver, images)
    return {name: {"seconds": taken, "times_shorter": whole / taken} for name, taken in watch.longest.items()} | {
        "the whole at once": {"seconds": whole, "times_shorter": 1.0}
    }


def opened(scene: CropScene, images: dict[Role, Volume]) -> Desk:
    desk = Desk(scene=scene)
    desk.open({Target.PRIMARY: Mode.SUBTRACTION, Target.LIVER: Mode.DIRECT}, tuple(images))
    desk.contour.closed()
    for role, image in images.items():
        scene.images[ImageKey(role)] = image
        desk.case.grids[ImageKey(role)] = image.grid
    desk.contour.opened(desk.case)
    desk.contour.entered()
    object.__setattr__(desk.hub.kit, "clock", RealClock())
    desk.jobs.hold_steps = True
    return desk


def draw(desk: Desk, watch: Watch, scene: CropScene, key: SegmentKey, crop: Crop) -> None:
    scene.crops[key] = crop
    watch.time("stroke", lambda: desk.contour.segment_changed(key))
    rest(desk, watch)


def rest(desk: Desk, watch: Watch) -> None:
    """Let the checks come to rest, each of their steps timed."""
    desk.jobs.advance(2.0)
    while watch.time("step of the checks", lambda: desk.jobs.step("annotator.checks")):
        pass


def at_once(ct: Volume, outer: Volume, inner: Volume, liver: Volume, images: dict[Role, Volume]) -> float:
    wall = subtract(outer, inner)
    began = time.thread_time()
    edges = {"outer": outer, "inner": inner}
    inspect(wall, ct, target=Target.PRIMARY, others=[(Target.LIVER, liver)], **edges)
    measure(wall, target=Target.PRIMARY, **edges)
    sample_densities(wall, images, target=Target.PRIMARY)
    inspect(liver, ct, target=Target.LIVER)
    measure(liver, target=Target.LIVER)
    sample_densities(liver, images, target=Target.LIVER)
    return time.thread_time() - began


def main() -> int:
    """Print the table; 1 where a slot misses the aim."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    arguments = parser.parse_args()
    result = run()
    if arguments.json:
        sys.stdout.write(json.dumps(result, indent=2) + "\n")
    else:
        for name, figures in result.items():
            sys.stdout.write(f"{name:24} {figures['seconds']:.3f} s, {figures['times_shorter']:.0f} times shorter\n")
    return 1 if any(one["seconds"] > AIMED_S for name, one in result.items() if name != "the whole at once") else 0


if __name__ == "__main__":
    sys.exit(main())
