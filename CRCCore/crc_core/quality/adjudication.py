"""What waits for a senior: the queue by how bad, how big and how old it is, with the reason in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from crc_core.decision.choices import LesionKey, reason_codes
from crc_core.identity import UnitId
from crc_core.store.protocol import Store
from crc_core.study.stepping import Steps, finished
from crc_core.text import Lang, say
from crc_core.vocabulary import Target
from crc_core.workflow.events import Kind
from crc_core.workflow.payloads import LesionOutcome, Outcome, ReadingsCompared, TargetOutcome
from crc_core.workflow.views import Phase, UnitView

_LOW_DICE = "low_dice"
_SUB_VOXEL = "sub_voxel"
_REPORT = "report"
_WAITS = (Phase.DISPUTED, Phase.REPORT_OPEN)


class Order(StrEnum):
    """By what the queue is sorted first; the other two break ties."""

    BAD = "bad"
    BIG = "big"
    OLD = "old"


@dataclass(frozen=True)
class LesionDispute:
    """A lesion or target in dispute: its names, why, how bad (0 to 100), how many millilitres differ."""

    target: Target
    name: str
    reasons: tuple[str, ...]
    badness: int
    volume_ml: float
    dice_permille: int | None = None
    sub_voxel: bool = False


@dataclass(frozen=True)
class QueueEntry:
    """One unit that waits: its disputes, worst first, the questions that are open, since when it waits."""

    unit: str
    phase: Phase
    since: datetime
    disputes: tuple[LesionDispute, ...]
    open_fields: tuple[str, ...]
    flagged: bool
    questions: tuple[str, ...]

    @property
    def badness(self) -> int:
        """How bad the worst of it is."""
        fields = reason_codes().severity[_REPORT] if self.open_fields else 0
        return max([fields, *(item.badness for item in self.disputes)])

    @property
    def volume_ml(self) -> float:
        """How much of the contours differs in all."""
        return sum(item.volume_ml for item in self.disputes)

    @property
    def is_sub_voxel_only(self) -> bool:
        """Whether it can be accepted in one go."""
        return bool(self.disputes) and not self.open_fields and all(item.sub_voxel for item in self.disputes)

    def sentence(self, lang: Lang) -> str:
        """Why it waits, in words, the worst first."""
        parts = [_dispute_words(item, lang) for item in self.disputes]
        if self.open_fields:
            parts.append(say("adjudication.fields", lang, count=len(self.open_fields)))
        if self.flagged:
            parts.append(say("adjudication.flagged", lang))
        return say("adjudication.joint", lang).join(parts)

    def waiting_words(self, now: datetime, lang: Lang) -> str:
        """How long it has waited: days, on the first day hours."""
        waited: timedelta = now - self.since
        if waited.days:
            return say("adjudication.waiting_days", lang, days=waited.days)
        return say("adjudication.waiting_hours", lang, hours=max(0, waited.seconds // 3600))


def adjudication_queue(store: Store, viewer: str, order: Order = Order.BAD) -> tuple[QueueEntry, ...]:
    """Every unit the viewer may settle, the most urgent first; a unit they read themselves is not among them."""
    return finished(queueing(store, viewer, order))


def queueing(store: Store, viewer: str, order: Order = Order.BAD) -> Steps[tuple[QueueEntry, ...]]:
    """`adjudication_queue`, unit by unit."""
    entries = []
    waiting = [item for item in store.work_list(viewer) if item.phase in _WAITS]
    for done, item in enumerate(waiting, start=1):
        view = store.unit(UnitId.parse(item.unit), viewer)
        if Kind.FINAL_STORED in view.may and view.comparison is not None:
            entries.append(entry_of(view, view.comparison, item.since))
        yield done, len(waiting)
    return sorted_queue(entries, order)


def sorted_queue(entries: Sequence[QueueEntry], order: Order) -> tuple[QueueEntry, ...]:
    """The entries in an order: worst, biggest or oldest first."""

    def urgency(entry: QueueEntry) -> tuple[float | datetime | str, ...]:
        bad, big, old = (-entry.badness,), (-entry.volume_ml,), (entry.since.timestamp(),)
        first = {Order.BAD: (*bad, *big, *old), Order.BIG: (*big, *bad, *old), Order.OLD: (*old, *bad, *big)}[order]
        return (*first, entry.unit)

    return tuple(sorted(entries, key=urgency))


def entry_of(view: UnitView, comparison: ReadingsCompared, since: datetime) -> QueueEntry:
    """The queue's line of one unit."""
    disputes = sorted(_disputes(comparison), key=lambda item: (-item.badness, -item.volume_ml, item.target, item.name))
    return QueueEntry(
        unit=view.unit,
        phase=view.phase,
        since=since,
        disputes=tuple(disputes),
        open_fields=comparison.open_fields,
        flagged=view.flagged,
        questions=view.questions,
    )


def _disputes(comparison: ReadingsCompared) -> Iterator[LesionDispute]:
    for outcome in comparison.targets:
        if outcome.outcome is not Outcome.DISPUTED:
            continue
        open_lesions = [item for item in outcome.lesions if item.outcome is Outcome.DISPUTED or outcome.reasons]
        if not open_lesions:
            yield LesionDispute(outcome.target, "", outcome.reasons, _severity(outcome.reasons, None, False), 0.0)
        for lesion in open_lesions:
            yield _lesion(outcome, lesion)


def _lesion(outcome: TargetOutcome, lesion: LesionOutcome) -> LesionDispute:
    # What is said of the whole target (one reader says none) tells more than that its lesions have no partner.
    reasons = outcome.reasons or lesion.reasons
    return LesionDispute(
        target=outcome.target,
        name=LesionKey(outcome.target, lesion.a, lesion.b).name,
        reasons=reasons,
        badness=_severity(reasons, lesion.dice_permille, lesion.subvoxel),
        volume_ml=_differing_ml(lesion),
        dice_permille=lesion.dice_permille,
        sub_voxel=lesion.subvoxel and not outcome.reasons,
    )


def _severity(reasons: Sequence[str], dice_permille: int | None, sub_voxel: bool) -> int:
    severity = reason_codes().severity
    if sub_voxel:
        return severity[_SUB_VOXEL]
    worst = max((severity[reason] for reason in reasons), default=0)
    if _LOW_DICE in reasons and dice_permille is not None:
        worst = max(worst, severity[_LOW_DICE] + min(40, max(0, 800 - dice_permille) // 10))
    return worst


def _differing_ml(lesion: LesionOutcome) -> float:
    """What one reader drew and the other did not: |A| + |B| - 2|A∩B| = (|A| + |B|)·(1 - Dice)."""
    if lesion.volumes_mm3 is None:
        return 0.0
    share = 1.0 if lesion.dice_permille is None else 1 - lesion.dice_permille / 1000
    return sum(lesion.volumes_mm3) * share / 1000


def _dispute_words(item: LesionDispute, lang: Lang) -> str:
    target = say(f"contour.target.{item.target.value}", lang)
    reasons = say("store.list_joint", lang).join(say(f"reason.{reason}", lang) for reason in item.reasons)
    if not item.name:
        return say("adjudication.target", lang, target=target, reasons=reasons)
    dice = "" if item.dice_permille is None else f"{item.dice_permille / 1000:.3f}"
    values = {"target": target, "name": item.name, "volume_ml": item.volume_ml}
    if item.sub_voxel:
        return say("adjudication.lesion.sub_voxel", lang, dice=dice, **values)
    if item.reasons == (_LOW_DICE,):
        return say("adjudication.lesion.low_dice", lang, dice=dice, **values)
    return say("adjudication.lesion.other", lang, reasons=reasons, **values)
