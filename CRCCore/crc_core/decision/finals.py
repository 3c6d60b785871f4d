"""Building a final from two readings: by rule where all is agreed, or as a senior ruled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from crc_core import __version__
from crc_core.agreement.policy import agreement_policy
from crc_core.contour.rules import contour_rules
from crc_core.decision.composition import LesionDecision, compose
from crc_core.decision.consensus import (
    Pair,
    as_drawn,
    lesion_map,
    masks_of,
    reports_of,
    said_of,
)
from crc_core.errors import CrcError
from crc_core.geometry.grid import Volume
from crc_core.identity import mask_name
from crc_core.measuring import Assessment, Parents, assess
from crc_core.reading.final import FINAL_SCHEMA, Final, FinalTarget, How, Settlement, Take
from crc_core.reading.seal import FinalDraft
from crc_core.report.document import NotAssessable, Report, Value
from crc_core.report.merge import Choice, MergedReport, merge, settle
from crc_core.vocabulary import BowelDirection, Role, Target, TargetAnswer
from crc_core.workflow.payloads import Outcome, ReadingsCompared, TargetOutcome


@dataclass(frozen=True)
class FinalPlace:
    """Where a final stands in the store's history."""

    version: int
    chain_head: str
    supersedes: str | None = None
    titles_enforced: bool = False


@dataclass(frozen=True)
class FieldRuling:
    """How a senior settles one open question of the report."""

    field: str
    choice: Choice
    value: Value | None = None
    not_assessable: NotAssessable | None = None


@dataclass(frozen=True)
class AbsentRuling:
    """What a senior says of a target of which no lesion stays."""

    answer: TargetAnswer
    reason: str | None = None


@dataclass(frozen=True)
class Ruling:
    """A senior's decisions: per disputed lesion, per target without lesions, per open question; who signs."""

    signer: str
    signer_title: str
    lesions: tuple[LesionDecision, ...] = ()
    absent: Mapping[Target, AbsentRuling] | None = None
    fields: tuple[FieldRuling, ...] = ()


def rule_final(
    pair: Pair, comparison: ReadingsCompared, images: Mapping[Role, Volume], place: FinalPlace
) -> FinalDraft:
    """The final of two readings that agree: unions of all lesions, measured again on the phases in `images`.

    Raises ValueError where the comparison leaves anything to a senior.
    """
    if comparison.is_disputed or comparison.open_fields:
        raise ValueError("a disputed unit has no final by rule")
    return _Builder(pair, comparison, images, place, None).draft()


def signed_final(
    pair: Pair, comparison: ReadingsCompared, images: Mapping[Role, Volume], place: FinalPlace, ruling: Ruling
) -> FinalDraft:
    """The final as a senior ruled; agreed lesions that the ruling does not name are united.

    Raises CrcError that names the first lesion, target or question that is still undecided.
    """
    return _Builder(pair, comparison, images, place, ruling).draft()


@dataclass(frozen=True, eq=False)
class _Builder:
    pair: Pair
    comparison: ReadingsCompared
    images: Mapping[Role, Volume]
    place: FinalPlace
    ruling: Ruling | None

    def draft(self) -> FinalDraft:
        """The final, its merged report, its measurements and its masks."""
        targets, masks, decided = [], {}, []
        for outcome in self.comparison.targets:
            decisions = self._decisions(outcome)
            target, mask = self._target(outcome, decisions)
            targets.append(target)
            decided.extend(decisions)
            if mask is not None:
                masks[outcome.target] = mask
        edges = self._edges(masks, decided)
        assessment = assess(masks, self.images, parents=edges, bowel_direction=self._bowel_direction())
        report, settlements = self._report(decided, targets, assessment)
        final = self._final(tuple(targets), settlements)
        sources = {item.target: item.source for item in targets}
        files = {mask_name(str(sources[target]), target): mask for target, mask in masks.items()}
        return FinalDraft(final, report.to_json(), assessment.document(), files)

    def _decisions(self, outcome: TargetOutcome) -> list[LesionDecision]:
        ruled = [] if self.ruling is None else [item for item in self.ruling.lesions if item.target is outcome.target]
        named = {(item.from_a, item.from_b) for item in ruled}
        decisions = []
        for lesion in outcome.lesions:
            if (lesion.a, lesion.b) in named or self._is_divided(lesion.a, lesion.b, ruled):
                continue
            if lesion.outcome is Outcome.DISPUTED or outcome.reasons:
                place = ", ".join(str(number) for number in (*lesion.a, *lesion.b))
                raise CrcError("decision.lesion_open", target=outcome.target.value, lesion=place)
            decisions.append(as_drawn(self.pair, outcome.target, lesion))
        return [*decisions, *ruled]

    def _is_divided(self, a: tuple[int, ...], b: tuple[int, ...], ruled: Sequence[LesionDecision]) -> bool:
        """Whether the ruling takes every part of a split or merged lesion on its own."""
        parts_a = {number for item in ruled for number in item.from_a}
        parts_b = {number for item in ruled for number in item.from_b}
        return bool(a or b) and set(a) <= parts_a and set(b) <= parts_b

    def _target(self, outcome: TargetOutcome, decisions: list[LesionDecision]) -> tuple[FinalTarget, Volume | None]:
        said = [said_of(reading, outcome.target) for reading in self.pair]
        drawn = next((item for item in said if item.lesions), None)
        kept = [item for item in decisions if item.take is not Take.DROPPED]
        composed = compose(*masks_of(self.pair, outcome.target), decisions) if decisions and drawn else None
        lesions = () if composed is None else composed.lesions
        if kept and drawn is not None and composed is not None:
            target = FinalTarget(outcome.target, TargetAnswer.DRAWN, drawn.source, drawn.mode, lesions)
            return target, composed.volume
        absent = self._absent(outcome, said[0].answer, said[0].reason)
        return FinalTarget(outcome.target, absent.answer, lesions=lesions, reason=absent.reason), None

    def _absent(self, outcome: TargetOutcome, answer: TargetAnswer, reason: str | None) -> AbsentRuling:
        if outcome.outcome is not Outcome.DISPUTED:
            return AbsentRuling(answer, reason)
        ruled = None if self.ruling is None else (self.ruling.absent or {}).get(outcome.target)
        if ruled is None or ruled.answer is TargetAnswer.DRAWN:
            raise CrcError("decision.target_open", target=outcome.target.value)
        return ruled

    def _bowel_direction(self) -> BowelDirection:
        """As the readers chose it; where they differ, in the plane, since a way in space suits both directions."""
        work = [item for reading in self.pair for item in reading.provenance.work if item.target is Target.PRIMARY]
        chosen = {item.bowel_direction for item in work} - {None}
        return BowelDirection.IN_PLANE if BowelDirection.IN_PLANE in chosen else BowelDirection.ACROSS

    def _edges(self, masks: Mapping[Target, Volume], decisions: Sequence[LesionDecision]) -> Parents:
        """The lumen of the final primary, from the inner edges of the readings it was taken from."""
        final = masks.get(Target.PRIMARY)
        said = [said_of(reading, Target.PRIMARY) for reading in self.pair if reading.reading.of(Target.PRIMARY)]
        if final is None or not said or not all(item.has_parents for item in said):
            return Parents()
        in_a, in_b = (reading.mask(Target.PRIMARY, "inner").array != 0 for reading in self.pair)
        takes = {item.take for item in decisions if item.target is Target.PRIMARY} - {Take.DROPPED}
        if takes == {Take.UNION}:
            lumen = in_a & in_b
        elif takes in ({Take.A}, {Take.B}):
            lumen = in_a if takes == {Take.A} else in_b
        else:
            lumen = in_a | in_b
        lumen &= final.array == 0
        return Parents(inner=Volume(lumen.astype(np.uint8), final.grid))

    def _report(
        self, decisions: Sequence[LesionDecision], targets: Sequence[FinalTarget], assessment: Assessment
    ) -> tuple[Report, tuple[Settlement, ...]]:
        a, b = reports_of(self.pair)
        answers = {item.target: item.answer for item in targets}
        merged = merge(a, b, lesion_map(decisions), assessment.values(), answers)
        settled: list[Settlement] = []
        for ruled in () if self.ruling is None else self.ruling.fields:
            if any(str(difference.path) == ruled.field for difference in (*merged.open, *merged.kept_both)):
                merged = settle(merged, ruled.field, ruled.choice, ruled.value, not_assessable=ruled.not_assessable)
                settled.append(Settlement(ruled.field, ruled.choice.value))
        self._require_settled(merged)
        return merged.report, tuple(settled)

    def _require_settled(self, merged: MergedReport) -> None:
        if merged.open:
            raise CrcError("decision.field_open", field=str(merged.open[0].path))

    def _final(self, targets: tuple[FinalTarget, ...], settlements: tuple[Settlement, ...]) -> Final:
        signed = self.ruling is not None
        return Final(
            schema=FINAL_SCHEMA,
            unit=self.pair[0].reading.unit,
            version=self.place.version,
            parents=self.comparison.readings,
            how=How.SIGNER if signed else How.RULE,
            targets=targets,
            settlements=settlements,
            chain_head=self.place.chain_head,
            versions={
                "crc_core": __version__,
                "agreement_policy": str(agreement_policy().version),
                "contour_rules": contour_rules().version,
            },
            signer=self.ruling.signer if self.ruling is not None else None,
            signer_title=self.ruling.signer_title if self.ruling is not None else None,
            supersedes=self.place.supersedes,
            titles_enforced=self.place.titles_enforced,
        )
