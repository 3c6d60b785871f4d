"""The annotator's scene at full size, against what a Slicer script would do with the same voxels in the same run.

    python Testing/Benchmarks/bench_scene.py [--slices 600] [--repeat 5]

Four phases of 512×512 go into the scene; a lesion is written, read, undone, shown in space; views jump, flip, follow.
Runs on the MRML library alone, so nothing is drawn on a screen. Prints one JSON document: milliseconds of each slot,
the slowest, and how much faster images and segments are than Slicer's usual way with them.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "Testing" / "Support"), str(ROOT / "CRCAnnotator")]

from crc_core.contour.inspection import Window  # noqa: E402
from crc_core.contour.segment_key import SegmentKey  # noqa: E402
from crc_core.geometry import Grid, Volume  # noqa: E402
from crc_core.vocabulary import LesionClass, Target  # noqa: E402
from CRCAnnotatorLib.presenter.ports import Fill, Tool  # noqa: E402
from mrml_support import slicer, vtk  # noqa: E402  the support folder is not installed
from scene_support import AP, DP, NC, PVP, Desk, caliper, planes, sample, scroll, side_by_side  # noqa: E402

PHASES = (NC, AP, PVP, DP)
KEY = SegmentKey(Target.PRIMARY, 1)
SLOT_AIM_MS = 100.0


def study(slices: int) -> dict[Any, Volume]:
    """Four phases on one grid."""
    grid = Grid.from_spacing((slices, 512, 512), (0.7, 0.7, 1.0), (-180.0, -180.0, 0.0))
    plane = np.random.default_rng(1).integers(-200, 300, (512, 512), dtype=np.int16)
    return {key: Volume(np.ascontiguousarray(np.broadcast_to(plane, grid.shape_kji)), grid) for key in PHASES}


def lesion(slices: int) -> tuple[np.ndarray, tuple[slice, slice, slice]]:
    """A body of some 60 mm and where it lies."""
    k, j, i = np.indices((60, 86, 86))
    inside = ((k - 30) / 30) ** 2 + ((j - 43) / 43) ** 2 + ((i - 43) / 43) ** 2 <= 1
    first = slices // 2
    return inside, (slice(first, first + 60), slice(200, 286), slice(220, 306))


def clock(action: Callable[[], object], repeat: int) -> float:
    """The median of the milliseconds an action takes."""
    taken = []
    for _ in range(repeat):
        start = time.perf_counter()
        action()
        taken.append((time.perf_counter() - start) * 1000)
    return round(statistics.median(taken), 2)


def usual_image(scene: Any, volume: Volume) -> Any:
    """What scripts do: copy the voxels, let Slicer make the display node and look for a window."""
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    image = vtk.vtkImageData()
    image.SetDimensions(*volume.grid.shape_kji[::-1])
    image.GetPointData().SetScalars(vtk.util.numpy_support.numpy_to_vtk(volume.array.ravel(), deep=True))
    node.SetAndObserveImageData(image)
    node.CreateDefaultDisplayNodes()
    return node


def usual_read(node: Any, reference: Any, scene: Any) -> int:
    """What scripts do: a label map in the reference's geometry, then numpy."""
    labelmap = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode")
    ids = vtk.vtkStringArray()
    ids.InsertNextValue(KEY.segment_id)
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    logic.ExportSegmentsToLabelmapNode(node, ids, labelmap, reference, slicer.vtkSegmentation.EXTENT_REFERENCE_GEOMETRY)
    scalars = labelmap.GetImageData().GetPointData().GetScalars()
    count = int(np.count_nonzero(vtk.util.numpy_support.vtk_to_numpy(scalars)))
    colours = labelmap.GetDisplayNode().GetColorNode()
    scene.RemoveNode(labelmap)
    scene.RemoveNode(colours)
    return count


def slots(desk: Desk, volumes: dict[Any, Volume], slices: int, repeat: int) -> dict[str, float]:
    """The milliseconds of every call the presenter makes while a person works."""
    gateway, grid = desk.gateway, volumes[PVP].grid
    inside, box = lesion(slices)
    place = tuple(float(value) for value in grid.to_ras((263, 243, slices // 2 + 30)))
    measured = caliper(place, (place[0] + 40, place[1], place[2]))
    samples = [sample(key, number, place) for key in PHASES for number in range(3)]
    gateway.begin_contours(PVP, "contours")
    gateway.ensure_segment(KEY, "1", LesionClass.TUMOUR)
    gateway.edit(KEY)
    gateway.use_tool(Tool.PAINT)
    gateway.write(KEY, inside, box, grid)
    turn = iter(range(10**6))

    def undone() -> None:
        gateway.undo_point()
        gateway.write(KEY, None, None, grid)
        gateway.undo()

    def drawn() -> None:
        gateway.write(KEY, np.roll(inside, next(turn) % 3, axis=1), box, grid)

    found = {
        "write": clock(drawn, repeat),
        "read": clock(lambda: gateway.read(KEY, grid), repeat),
        "undo_point_write_undo": clock(undone, repeat),
        "show_segments": clock(
            lambda: gateway.show_segments([KEY], [Fill.FILLED, Fill.OUTLINE][next(turn) % 2]), repeat
        ),
        "jump": clock(lambda: gateway.jump((place[0], place[1], place[2] + next(turn) % 9), extent_mm=90), repeat),
        "scroll_linked": clock(lambda: scroll(desk.screen.node(1), 1.0), repeat),
        "flip": clock(lambda: gateway.show_image("axial", PHASES[next(turn) % 4]), repeat),
        "set_window": clock(lambda: gateway.set_window(PVP, Window(300 + next(turn) % 50, 40)), repeat),
        "calipers": clock(lambda: gateway.show_calipers([measured] if next(turn) % 2 else []), repeat),
        "samples": clock(lambda: gateway.show_samples(samples if next(turn) % 2 else []), repeat),
        "show_3d": clock(lambda: gateway.show_3d([KEY] if next(turn) % 2 else []), repeat),
        "arrange": clock(
            lambda: gateway.arrange(side_by_side(*PHASES) if next(turn) % 2 else planes(PVP, in_space=True)), repeat
        ),
    }
    gateway.show_3d([KEY])
    return found | {"write_while_in_space": clock(drawn, repeat)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--slices", type=int, default=600)
    parser.add_argument("--repeat", type=int, default=5)
    arguments = parser.parse_args()
    scene = slicer.vtkMRMLScene()
    logics = [slicer.vtkSlicerSegmentationsModuleLogic(), slicer.vtkSlicerMarkupsLogic()]
    for logic in logics:
        logic.SetMRMLScene(scene)
    desk, volumes = Desk(scene), study(arguments.slices)

    def put_in() -> None:
        for key, volume in volumes.items():
            desk.gateway.add_image(key, volume, key.role.value, Window(350, 40))

    usual = clock(lambda: scene.RemoveNode(usual_image(scene, volumes[PVP])), 3) * len(PHASES)
    images = clock(put_in, 1)
    desk.gateway.arrange(planes(PVP))
    taken = slots(desk, volumes, arguments.slices, arguments.repeat)
    node = scene.GetFirstNodeByClass("vtkMRMLSegmentationNode")
    reference = scene.GetFirstNodeByName(PVP.role.value)
    usual_reading = clock(lambda: usual_read(node, reference, scene), 3)
    closing = clock(desk.gateway.close_case, 1)
    document = {
        "slices": arguments.slices,
        "images_ms": images,
        "images_usual_ms": round(usual, 1),
        "images_ratio": round(usual / images, 1),
        "read_usual_ms": usual_reading,
        "read_ratio": round(usual_reading / taken["read"], 1),
        "slots_ms": taken,
        "slowest_ms": max(taken.values()),
        "slot_aim_ms": SLOT_AIM_MS,
        "close_ms": closing,
    }
    sys.stdout.write(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main()
