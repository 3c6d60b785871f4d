"""Quality control with 5,000 cases: work list, progress, queue, the pages; four readers of one case in one pass.

Ratios: against folding the same events only, and against comparing the six pairs of four readers one by one.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Support"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "CRCAnnotator"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "CRCQualityControl"))

import numpy as np
from annotator_support import ManualClock, MemorySettings, ScriptedAsk, StepJobs
from crc_core.agreement import compare_masks, compare_readers, prepare
from crc_core.geometry.grid import Grid, Volume
from crc_core.identity import UnitId
from crc_core.quality.adjudication import Order, adjudication_queue, sorted_queue
from crc_core.quality.progress import progress_of
from crc_core.text import Lang
from crc_core.vocabulary import Target
from crc_core.workflow import payloads as p
from crc_core.workflow.brief import Brief, brief_of
from crc_core.workflow.events import Event, Kind
from crc_core.workflow.gates import Glance
from crc_core.workflow.listing import UnitLines, unit_line, work_item
from crc_core.workflow.project import project
from crc_core.workflow.state import fold
from crc_core.workflow.store_view import StoreView, project_store
from crc_core.workflow.views import UnitView, WorkItem
from CRCQualityControlLib.presenter.calibration import Calibration
from CRCQualityControlLib.presenter.desk import Desk
from CRCQualityControlLib.presenter.hub import Hub
from CRCQualityControlLib.presenter.ports import Kit
from CRCQualityControlLib.presenter.progress import ALL, ProgressPage
from CRCQualityControlLib.presenter.sample import Sampling
from CRCQualityControlLib.presenter.viewing import Viewing
from quality_room import NumpyScene, Signature
from workflow_support import Chain, unit_name

_DISPUTED_SHARE = 10
_SHAPE = (600, 512, 512)


class MemoryStore:
    """So many units in memory, every tenth of them disputed, the others final by rule; only what the pages ask for."""

    def __init__(self, count: int) -> None:
        self._chain = Chain()
        self._chain.hire()
        disputed, agreed = self._pattern(unit_name(1), 700), self._pattern(unit_name(2), 1000)
        names = [unit_name(number) for number in range(1, count + 1)]
        self.units: dict[str, list[Event]] = {
            name: [dataclasses.replace(event, unit=name) for event in (agreed if place % _DISPUTED_SHARE else disputed)]
            for place, name in enumerate(names)
        }
        self.context = self._chain.context

    def _pattern(self, unit: str, dice: int) -> list[Event]:
        chain = self._chain
        chain.prepare(unit)
        chain.assign(unit, "wang", "li")
        for reader in ("wang", "li"):
            chain.submit(unit, reader)
        chain.wait(minutes=31)
        outcome = p.Outcome.DISPUTED if dice < 800 else p.Outcome.AGREED
        reasons = ("low_dice",) if dice < 800 else ()
        lesion = p.LesionOutcome((1,), (1,), outcome, dice, False, reasons, (9000, 8000))
        pair = chain.compare(unit, p.TargetOutcome(Target.PRIMARY, outcome, dice, (lesion,)))
        if dice >= 800:
            chain.must("system", Kind.FINAL_STORED, p.FinalStored("f" * 64, 1, pair, True), unit)
        return chain.of(unit)

    def work_list(self, viewer: str) -> tuple[WorkItem, ...]:
        """As a store does it."""
        items = (work_item(glance) for glance in self._glances(viewer))
        return tuple(item for item in items if item is not None)

    def unit_lines(self, viewer: str) -> UnitLines:
        """As a store does it."""
        lines = (unit_line(glance, sees_readers=True) for glance in self._glances(viewer))
        return UnitLines(tuple(line for line in lines if line is not None), True)

    def _glances(self, viewer: str) -> Iterator[Glance]:
        person, policy = self.context.people[viewer], self.context.policy
        for unit, events in self.units.items():
            brief = brief_of(unit, events, policy)
            if brief is not None:
                yield Glance(brief, self.context, person, self.now)

    def unit(self, unit: UnitId, viewer: str) -> UnitView:
        """As a store does it."""
        view = project(self.units[str(unit)], self.context, viewer, self._chain.now)
        if view is None:
            raise KeyError(unit)
        return view

    def events_since(self, seq: int, viewer: str) -> tuple[Event, ...]:
        """As a store does it."""
        of_store = (event for event in self._chain.events if event.unit is None)
        return (*of_store, *(event for events in self.units.values() for event in events))

    def overview(self, viewer: str) -> StoreView:
        """As a store does it."""
        view = project_store(self._standings, self.context, viewer, self.now)
        if view is None:
            raise KeyError(viewer)
        return view

    def _standings(self, units: Sequence[str]) -> dict[str, Brief]:
        briefs = ((unit, brief_of(unit, self.units[unit], self.context.policy)) for unit in units)
        return {unit: brief for unit, brief in briefs if brief is not None}

    @property
    def now(self) -> datetime:
        """The store's time."""
        return self._chain.now


def pages(store: MemoryStore) -> dict[str, float]:
    """The pages, from the click to the state that is drawn, and the longest list.

    The page Agreement fetches nothing before its study is asked for.
    """
    clock = ManualClock()
    kit = Kit(NumpyScene(), ScriptedAsk(), Signature(), StepJobs(clock), clock, MemorySettings(), lambda _: store)
    hub = Hub(kit, Lang.ZH)
    hub.store, hub.person = store, "manager"
    progress, sample = ProgressPage(hub), Sampling(hub)
    desk = Desk(hub, Viewing(hub))
    calibration, planning = Calibration(hub, desk), Hub(kit, Lang.ZH)
    planning.store, planning.person = store, "trainer"
    plan = Calibration(planning, Desk(planning, Viewing(planning)))
    plan.refresh()
    found = {
        "calibration_page_s": seconds(calibration.refresh),
        "calibration_plan_s": seconds(plan.planning.begin),
        "progress_page_s": seconds(progress.refresh),
        "progress_longest_list_s": seconds(lambda: progress.open_list(ALL)),
        "sample_page_s": seconds(sample.refresh),
    }
    if planning.state.calibration.plan is None or planning.state.message is not None:
        raise RuntimeError("no session can be planned")
    if len(hub.state.progress.units.rows) != len(store.units) or not hub.state.sample.may_see:
        raise RuntimeError("the pages do not show what there is")
    return found


def seconds(work: Callable[[], object], times: int = 3) -> float:
    """The least of several runs, in seconds that the processor was at it: others may use the machine meanwhile."""
    taken = []
    for _ in range(times):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return min(taken)


def four_readers() -> list[Volume]:
    """One tumour and eight metastases as four readers draw them, each a little differently."""
    grid = Grid.from_spacing(_SHAPE, (0.75, 0.75, 1.0))
    volumes = []
    for reader in range(4):
        mask = np.zeros(_SHAPE, np.uint8)
        for number in range(9):
            k, j, i, size = 60 + 55 * number, 90 + 35 * number, 110 + 30 * number, 34 if number == 0 else 14
            mask[k : k + size, j + reader % 2 : j + size, i : i + size - reader // 2] = number + 1
        volumes.append(Volume(mask, grid))
    return volumes


def one_by_one(volumes: Sequence[Volume]) -> None:
    """The six pairs, each mask read through anew."""
    for first in range(4):
        for second in range(first + 1, 4):
            compare_masks(volumes[first], volumes[second])


def measure(count: int) -> dict[str, float]:
    """All times in seconds, and the ratios."""
    store = MemoryStore(count)
    fold_s = seconds(lambda: [fold(unit, events) for unit, events in store.units.items()])
    list_s = seconds(lambda: store.work_list("chief"))
    progress_s = seconds(lambda: progress_of(store, "manager", store.now))
    queue = adjudication_queue(store, "chief")
    queue_s = seconds(lambda: adjudication_queue(store, "chief"))
    volumes = four_readers()
    together_s = seconds(lambda: compare_readers([prepare(volume) for volume in volumes]))
    apart_s = seconds(lambda: one_by_one(volumes))
    return {
        "units": count,
        "disputed": len(queue),
        "fold_s": fold_s,
        "work_list_s": list_s,
        "progress_s": progress_s,
        "queue_s": queue_s,
        "queue_sort_s": seconds(lambda: sorted_queue(queue, Order.BIG)),
        **pages(store),
        "work_list_to_fold": list_s / fold_s,
        "progress_to_fold": progress_s / fold_s,
        "four_readers_s": together_s,
        "six_pairs_one_by_one_s": apart_s,
        "one_by_one_to_one_pass": apart_s / together_s,
        "median_dice": statistics.median(
            pair.comparison.overlap.dice or 0 for pair in compare_readers([prepare(v) for v in volumes]).pairs
        ),
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=5000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = measure(arguments.units)
    if arguments.json:
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
        return
    for name, value in found.items():
        sys.stdout.write(f"{name:28} {value:10.4f}\n")


if __name__ == "__main__":
    main()
