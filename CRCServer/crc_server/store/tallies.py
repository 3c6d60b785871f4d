"""The progress of all units in numbers, counted by the database: what `Progress` counts of its lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from crc_core.quality.progress import WAITS_FOR_SENIOR
from crc_core.vocabulary import Target
from crc_core.workflow.listing import UnitLine, unit_line
from crc_core.workflow.project import HAS_FINAL, HIDDEN_FROM_READERS
from crc_core.workflow.views import Phase, SlotPhase
from django.db.models import Count

from crc_server.models import AgreementRow, SlotRow, UnitRow
from crc_server.store.briefs import briefs_of
from crc_server.store.lists import Lists

_HIDDEN = {phase.value for phase in set(HIDDEN_FROM_READERS) - set(HAS_FINAL)}

GOOD_PERMILLE = 800
"""The Dice from which two contours count as one, in thousandths."""


@dataclass(frozen=True)
class TargetTally:
    """How well readers agree on one target: how many were compared, how many well, the median in thousandths."""

    target: Target
    count: int
    good: int
    median_permille: int


@dataclass(frozen=True)
class Tally:
    """Numbers over all units a person may know; of readers and agreement only for who may see the chain."""

    by_site: Mapping[str, Mapping[Phase, int]]
    by_reader: Mapping[str, Mapping[SlotPhase, int]] = field(default_factory=dict)
    agreement: tuple[TargetTally, ...] = ()

    @property
    def by_state(self) -> Mapping[Phase, int]:
        """Units by state, in the order of the states."""
        total: Counter[Phase] = Counter()
        for counts in self.by_site.values():
            total.update(counts)
        return {phase: total[phase] for phase in Phase if total[phase]}


def tally_of(lists: Lists, *, sees_readers: bool) -> Tally:
    """The numbers of everything the person may know."""
    return Tally(
        by_site=_by_site(lists),
        by_reader=_by_reader() if sees_readers else {},
        agreement=tuple(_agreement()) if sees_readers else (),
    )


def waiting_lines(lists: Lists, limit: int) -> tuple[UnitLine, ...]:
    """What waits for a senior, the longest first, as the person may know it; whoever reads a unit is not told."""
    rows = lists.others.filter(phase__in=[phase.value for phase in WAITS_FOR_SENIOR])
    codes = list(rows.order_by("last_at", "code").values_list("code", flat=True)[:limit])
    briefs = briefs_of(UnitRow.objects.filter(code__in=codes))
    lines = (unit_line(lists.glance(briefs[code]), sees_readers=False) for code in codes)
    return tuple(line for line in lines if line is not None)


def _by_site(lists: Lists) -> Mapping[str, Mapping[Phase, int]]:
    found: dict[str, Counter[Phase]] = {}

    def add(site: str, phase: Phase, count: int) -> None:
        found.setdefault(site, Counter())[phase] += count

    for site, phase, count in lists.others.values_list("site", "phase").annotate(count=Count("*")):
        add(site, Phase(phase), count)
    if lists.reads:
        own = lists.plain.values_list("unit__site", "unit__phase").annotate(count=Count("*"))
        for site, phase, count in own:
            # Where the final is there, blinding has ended; before it, a reader sees that the unit is being read.
            add(site, Phase.READING if phase in _HIDDEN else Phase(phase), count)
        for brief in lists.special.values():
            line = unit_line(lists.glance(brief), sees_readers=False)
            if line is not None:
                add(line.site, line.phase, 1)
    return dict(sorted(found.items()))


def _by_reader() -> Mapping[str, Mapping[SlotPhase, int]]:
    found: dict[str, dict[SlotPhase, int]] = {}
    rows = SlotRow.objects.values_list("reader", "phase").annotate(count=Count("*")).order_by("reader")
    for reader, phase, count in rows:
        found.setdefault(reader, {})[SlotPhase(phase)] = count
    return found


def _agreement() -> Iterable[TargetTally]:
    """The values are whole thousandths, so that counting each of them tells the median as well."""
    found: dict[Target, dict[int, int]] = {}
    rows = AgreementRow.objects.values_list("target", "dice_permille").annotate(count=Count("*"))
    for target, dice, count in rows.order_by("dice_permille"):
        found.setdefault(Target(target), {})[dice] = count
    for target in Target:
        if target in found:
            counts = found[target]
            good = sum(count for dice, count in counts.items() if dice >= GOOD_PERMILLE)
            yield TargetTally(target, sum(counts.values()), good, _median(counts))


def _median(counts: Mapping[int, int]) -> int:
    """The median of values in order with how often each was seen, rounded down."""
    total = sum(counts.values())
    middle, passed = [], 0
    for value, count in counts.items():
        middle += [value for place in {(total - 1) // 2, total // 2} if passed <= place < passed + count]
        passed += count
    return sum(middle) // len(middle)
