"""Case after case in a real Slicer: opened, drawn in, left; nodes, observers, widgets and memory stay as they were.

`CRC_MANY=100` for a long day; the figures are written beside the outcome.
"""

from __future__ import annotations

import ctypes
import dataclasses
import gc
import os
import sys
import time
import unittest
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import slicer
import slicer_support as hand
from case_in_hand import CaseInHand, small_store
from crc_mrml.observers import Observers
from small_store import MIDDLE

CASES = int(os.environ.get("CRC_MANY") or 18)
UNITS, PLACES = 3, 9
TOLD_EVERY = 10
WARM_UP = PLACES
"""Each unit and each place once: what is made once and used again is there by then."""

MOST_GROWTH_MB = 0.45
"""Per case of the heap; each of a case's two volumes holds 0.7 MB here, so that one left behind would show.

Slicer itself keeps 0.2 to 0.3 MB of a case, as it does without us: 0.08 of each volume it has shown, 0.02 of a
segmentation, more in its first cases.
"""

MOST_NEW_OBJECTS = 15.0
"""Per case, of which two are noted down here; a case left behind would be hundreds."""


HEAP_FIELDS = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"


class HeapInfo(ctypes.Structure):
    """What the GNU C library's `mallinfo2` gives."""

    _fields_ = tuple((name, ctypes.c_size_t) for name in HEAP_FIELDS.split())


@dataclass(frozen=True)
class Burden:
    """What there is after a case was left.

    `objects` are Python's, `heap_mb` is what C and C++ hold, `memory_mb` all of the program that is in the machine's
    memory; `busy_s` is the processor's time that the case took.
    """

    nodes: int
    observers: int
    widgets: Counter[str]
    objects: int
    heap_mb: float
    memory_mb: float
    busy_s: float

    def sharing(self, before: list[Burden]) -> Burden:
        """The same, holding the widgets of the one before where they are equal: what is noted here grows little."""
        shared = before and before[0].widgets == self.widgets
        return dataclasses.replace(self, widgets=before[0].widgets) if shared else self

    def __str__(self) -> str:
        return (
            f"{self.nodes} nodes, {self.observers} observers, {self.widgets.total()} widgets, {self.objects} objects, "
            f"heap {self.heap_mb:.1f} MB, memory {self.memory_mb:.1f} MB, {self.busy_s:.1f} s of the processor"
        )


class Many(unittest.TestCase):
    """A long day."""

    def test_case_after_case_nothing_is_left_behind(self) -> None:
        small = small_store()
        units = [small.add() for _ in range(UNITS)]
        burdens = []
        for number in range(CASES):
            began = time.process_time()
            case = CaseInHand(small.place, units[number % UNITS])
            case.open()
            case.paint((MIDDLE[0], MIDDLE[1], 3.0 * (number % PLACES - 4)))
            case.close()
            burdens.append(burden(began).sharing(burdens[-1:]))
            if number % TOLD_EVERY == TOLD_EVERY - 1:
                sys.stdout.write(f"after {number + 1} cases: {burdens[-1]}\n")
                sys.stdout.flush()
        steady = burdens[WARM_UP:]
        told = f"{CASES} cases: first {steady[0]}, last {steady[-1]}"
        heap_mb, objects = (growth(steady, name) for name in ("heap_mb", "objects"))
        sys.stdout.write(f"{told}; {heap_mb:.3f} MB of the heap, {objects:.1f} objects a case\n")
        for item in steady:
            self.assertEqual(item.widgets - steady[0].widgets, Counter(), f"more widgets; {told}")
            self.assertEqual(steady[0].widgets - item.widgets, Counter(), f"fewer widgets; {told}")
            self.assertEqual((item.nodes, item.observers), (steady[0].nodes, steady[0].observers), told)
        self.assertLess(heap_mb, MOST_GROWTH_MB, told)
        self.assertLess(objects, MOST_NEW_OBJECTS, told)


def burden(began: float) -> Burden:
    """What there is now, after everything that can go has gone; the case began at `began` of the processor's time."""
    hand.settle(0.2)
    gc.collect()
    libc = ctypes.CDLL(None)
    libc.malloc_trim(0)
    libc.mallinfo2.restype = HeapInfo
    heap = libc.mallinfo2()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return Burden(
        nodes=slicer.mrmlScene.GetNumberOfNodes(),
        observers=sum(len(item) for item in gc.get_objects() if isinstance(item, Observers)),
        widgets=Counter(map(named, slicer.util.mainWindow().findChildren("QWidget"))),
        objects=len(gc.get_objects()),
        heap_mb=(heap.uordblks + heap.hblkhd) / 2**20,
        memory_mb=pages * os.sysconf("SC_PAGE_SIZE") / 2**20,
        busy_s=time.process_time() - began,
    )


def named(widget: Any) -> str:
    """A widget by its class, its name and the names of what it is in."""
    names = []
    above = widget.parent()
    while above is not None and len(names) < 4:
        names.append(above.objectName or above.className())
        above = above.parent()
    return " < ".join([f"{widget.className()} {widget.objectName}", *names])


def growth(steady: list[Burden], name: str) -> float:
    """How much more of something there is, per case: between the medians of the first and the last third."""
    third = len(steady) // 3
    first, last = (median(getattr(item, name) for item in part) for part in (steady[:third], steady[-third:]))
    return (last - first) / (len(steady) - third)


if __name__ == "__main__":
    unittest.main()
