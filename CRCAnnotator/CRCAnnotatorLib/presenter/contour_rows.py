"""Targets, lesions and findings in words, as the panel shows them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from crc_core.contour.results import Size
from crc_core.contour.wording import finding_sentence, finding_slices
from crc_core.desk.lesions import LAST_NUMBER, answers_of, classes_of, lesion_name
from crc_core.desk.rules import rule_card
from crc_core.importing.delineation import read_protocol
from crc_core.text import Lang
from crc_core.vocabulary import Mode, Target, TargetAnswer, Verdict

from CRCAnnotatorLib.presenter.contour_bench import Bench
from CRCAnnotatorLib.presenter.state import FindingRow, LesionRow, Mark, RuleCard, TargetRow

if TYPE_CHECKING:
    from crc_core.contour.results import Finding
    from crc_core.desk.layers import Overlap
    from crc_core.desk.work import LesionWork, TargetState

_SPOKEN_OF = {Target.PRIMARY: Size.LONG_DIAMETER, Target.NODE: Size.SHORT_DIAMETER}
"""The size a lesion is spoken of by: of a metastasis the longest in any axial slice (RECIST 1.1)."""


class Rows:
    """The words of the step "contour"; findings keep their number as long as they stay the same."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.clear()

    def clear(self) -> None:
        """The case is closed."""
        self._known: list[tuple[int, Target, Finding | Overlap]] = []
        self._last = 0

    # targets
    def targets(self) -> tuple[TargetRow, ...]:
        """Every bound target with its lesions."""
        return tuple(self._target(state) for state in self._bench.work.targets)

    def rule(self) -> RuleCard | None:
        """What belongs to the chosen target and what does not."""
        state = self._bench.state
        if state is None:
            return None
        return _card(
            state.target, state.mode, self._bench.hub.lang, self._bench.work.protocol, self._bench.hub.protocol
        )

    def _target(self, state: TargetState) -> TargetRow:
        hub, case = self._bench.hub, self._bench.case
        source = case.source(state.target)
        said = None if state.answer is TargetAnswer.DRAWN else state.answer
        return TargetRow(
            target=state.target,
            label=hub.say(f"report.target.{state.target.value}"),
            mode=state.mode,
            mode_words=hub.say(f"import.mode.{state.mode.value}"),
            source="" if source is None else hub.say(f"contour.phase.{source.role.value}"),
            mark=self._mark(state),
            answer=state.answer,
            answer_words=self._answer_words(state),
            note=self._note(state),
            active=state.target is self._bench.target,
            can_add=not case.read_only
            and state.next_number <= LAST_NUMBER
            and case.source_grid(state.target) is not None,
            answers=tuple(
                (answer, hub.say(f"report.target_answer.{answer.value}"))
                for answer in answers_of(state.target)
                if not case.read_only and answer is not said
            ),
            kinds=tuple((kind, hub.say(f"annotator.contour.kind_{kind.value}")) for kind in classes_of(state.target)),
            lesions=tuple(self._lesion(state, lesion) for lesion in state.lesions),
        )

    def _mark(self, state: TargetState) -> Mark:
        if self._bench.case.source_grid(state.target) is None and state.answer in (None, TargetAnswer.DRAWN):
            return Mark.LOCKED
        if state.answer is None:
            return Mark.TODO
        whole = all(self._is_whole(state, lesion) for lesion in state.lesions)
        if not whole or (state.lesions and not state.kept and state.mode is Mode.SUBTRACTION):
            return Mark.TODO
        warned = any(finding.verdict is Verdict.WARN for finding in self._bench.findings(state.target))
        return Mark.ATTENTION if warned or state.filled_slices or _unconfirmed(state) else Mark.DONE

    def _is_whole(self, state: TargetState, lesion: LesionWork) -> bool:
        layers = self._bench.layers_of(state.target)
        return layers is not None and layers.mask.crop(lesion.number) is not None

    def _answer_words(self, state: TargetState) -> str:
        hub = self._bench.hub
        if state.answer in (None, TargetAnswer.DRAWN):
            return ""
        words = hub.say(f"report.target_answer.{state.answer.value}")
        if not state.reason:
            return words
        return hub.say("report.reason_with_text", reason=words, text=state.reason)

    def _note(self, state: TargetState) -> str:
        hub = self._bench.hub
        if self._bench.case.source_grid(state.target) is None:
            return hub.say("annotator.contour.no_source")
        if state.target is Target.NODE:
            return hub.say("annotator.contour.node_note")
        if state.mode is Mode.SUBTRACTION and state.lesions and not state.kept:
            layers = self._bench.layers_of(state.target)
            stale = layers is not None and bool(layers.mask.lesions)
            return hub.say("annotator.contour.ring_old") if stale else ""
        waiting = _unconfirmed(state)
        if waiting:
            names = hub.say("annotator.contour.comma").join(lesion_name(number) for number in waiting)
            return hub.say("annotator.contour.samples_wait", lesions=names)
        return ""

    def _lesion(self, state: TargetState, lesion: LesionWork) -> LesionRow:
        target, number = state.target, lesion.number
        return LesionRow(
            number=number,
            name=lesion_name(number),
            kind=lesion.kind,
            kind_words=self._bench.hub.say(f"annotator.contour.kind_{lesion.kind.value}"),
            detail=self._detail(target, lesion),
            active=target is self._bench.target and number == self._bench.lesion,
            drawn=self._bench.is_drawn(target, number),
        )

    def _detail(self, target: Target, lesion: LesionWork) -> str:
        """The size by which the lesion is spoken of, as the sizes below show it, and its volume."""
        hub, exam = self._bench.hub, self._bench.exams.get((target, lesion.number))
        if exam is None or exam.sizes is None:
            return "" if self._bench.is_drawn(target, lesion.number) else hub.say("annotator.contour.not_drawn")
        size = _SPOKEN_OF.get(target, Size.LONGEST_AXIAL)
        measured = lesion.caliper(size) or exam.sizes.of(size)
        return hub.say(
            "annotator.contour.lesion_detail",
            label=hub.say(f"contour.size.{size.value}"),
            size="" if measured is None else measured.shown,
            volume=f"{exam.sizes.volume_ml:.1f}",
        )

    # findings
    def findings(self) -> tuple[FindingRow, ...]:
        """What the checks found in the chosen target, the worst first."""
        state = self._bench.state
        grid = None if state is None else self._bench.case.source_grid(state.target)
        if state is None or grid is None:
            return ()
        hub, rows = self._bench.hub, []
        for overlap in self._overlaps(state.target):
            words = hub.say(
                "annotator.contour.overlap", later=lesion_name(overlap.later), earlier=lesion_name(overlap.earlier)
            )
            rows.append(self._finding(state.target, overlap, Verdict.WARN, words, "", can_repair=False))
        for finding in self._bench.findings(state.target):
            words, place = finding_sentence(finding, hub.lang), finding_slices(finding, grid, hub.lang)
            can_repair = finding.repairable and not self._bench.case.read_only
            rows.append(self._finding(state.target, finding, finding.verdict, words, place, can_repair=can_repair))
        return tuple(rows)

    def findings_words(self, rows: tuple[FindingRow, ...]) -> str:
        """The findings in one line."""
        hub, state = self._bench.hub, self._bench.state
        if state is None or not any((state.target, lesion.number) in self._bench.exams for lesion in state.lesions):
            return hub.say("annotator.contour.not_checked")
        warnings = sum(row.verdict is Verdict.WARN for row in rows)
        if not rows:
            return hub.say("annotator.contour.nothing_found")
        return hub.say("annotator.contour.found", warnings=warnings, notes=len(rows) - warnings)

    def found(self, number: int) -> tuple[Target, Finding | Overlap] | None:
        """What was shown under a number; None where it is gone."""
        return next(((target, found) for known, target, found in self._known if known == number), None)

    def _finding(
        self, target: Target, found: Finding | Overlap, verdict: Verdict, words: str, place: str, *, can_repair: bool
    ) -> FindingRow:
        number = self._number(target, found)
        said = self._bench.hub.say(f"annotator.contour.verdict_{verdict.value}")
        return FindingRow(number, verdict, said, words, place, found.ras is not None, can_repair)

    def _number(self, target: Target, found: Finding | Overlap) -> int:
        for number, its_target, known in self._known:
            if its_target is target and known == found:
                return number
        self._last += 1
        self._known.append((self._last, target, found))
        return self._last

    def forget_gone(self) -> None:
        """Let go of the numbers of what is not found any more."""
        now = [found for state in self._bench.work.targets for found in self._all(state.target)]
        self._known = [item for item in self._known if item[2] in now]

    def _all(self, target: Target) -> list[Finding | Overlap]:
        return [*self._overlaps(target), *self._bench.findings(target)]

    def _overlaps(self, target: Target) -> list[Overlap]:
        layers = self._bench.layers.get(target)
        return [] if layers is None else list(layers.mask.overlaps())


def _unconfirmed(state: TargetState) -> tuple[int, ...]:
    """The lesions whose density samples nobody has confirmed."""
    return tuple(lesion.number for lesion in state.lesions if any(not phase.confirmed for phase in lesion.densities))


@lru_cache(maxsize=32)
def _card(target: Target, mode: Mode, lang: Lang, protocol: str, in_force: str | None) -> RuleCard:
    return rule_card(target, mode, lang, protocol, None if in_force is None else read_protocol(in_force))
