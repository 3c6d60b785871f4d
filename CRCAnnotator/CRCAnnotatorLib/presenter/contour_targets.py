"""Targets and lesions: choosing, adding and removing them, their classes, and what is said where nothing is drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from crc_core.contour.segment_key import SegmentKey
from crc_core.desk.lesions import (
    add_lesion,
    answers_of,
    lesion_name,
    remove_lesion,
    segments_of,
    set_answer,
    set_kind,
)
from crc_core.desk.work import LesionWork
from crc_core.report.template import current_templates
from crc_core.text import Lang
from crc_core.vocabulary import LesionClass, Target, TargetAnswer

from CRCAnnotatorLib.presenter.contour_bench import Bench
from CRCAnnotatorLib.presenter.ports import Choice
from CRCAnnotatorLib.presenter.state import Level

if TYPE_CHECKING:
    from crc_core.desk.layers import Crop

    from CRCAnnotatorLib.presenter.live import Live

_REMOVE, _LEAVE = "remove", "leave"
_OTHER = "other"


@dataclass(frozen=True)
class Removed:
    """A lesion that was taken away; where that was an undo step, undo brings its segments back, and this with them.

    `crops` are its voxels, for an editor that forgot its undo steps meanwhile.
    """

    lesion: LesionWork
    can_return: bool
    crops: Mapping[SegmentKey, Crop]


class Targets:
    """Makes, names, colours and codes the segments of lesions; `on_choice` is told when another one is worked on."""

    def __init__(self, bench: Bench, live: Live, on_choice: Callable[[], None]) -> None:
        self._bench, self._live, self._on_choice = bench, live, on_choice
        self.clear()

    def clear(self) -> None:
        """The case is closed."""
        self._removed: dict[tuple[Target, int], Removed] = {}
        self._last: tuple[tuple[Target, int], ...] = ()
        self._strokes = 0

    # choosing
    def choose(self, target: Target) -> None:
        """Work on a target, on the lesion that was worked on there last."""
        state = self._bench.work.of(target)
        if state is None or target is self._bench.target:
            return
        self._leave_expected()
        self._bench.target = target
        self._settle_lesion()
        self._on_choice()

    def choose_lesion(self, target: Target, number: int) -> None:
        """Work on a lesion."""
        state = self._bench.work.of(target)
        if state is None or state.lesion(number) is None:
            return
        if (target, number) == (self._bench.target, self._bench.lesion):
            return
        self._leave_expected()
        self._bench.target = target
        self._bench.lesion = number
        self._on_choice()

    # lesions
    def add(self, target: Target) -> None:
        """One more lesion, and work on it."""
        if self._bench.target is not target:
            self.choose(target)
        self._live.read_now()
        state, number = self._bench.state, self._bench.lesion
        if state is None:
            return
        if number is not None and self._bench.is_expected(target, number) and not self._bench.is_drawn(target, number):
            self.become(target, number)
            return
        self._leave_expected()
        work, number = add_lesion(self._bench.work, target)
        self._bench.change(work)
        self._bench.lesion = number
        self._bench.ensure(self._bench.keys_of(target, number))
        self._bench.on_lesions()
        self._on_choice()

    def become(self, target: Target, number: int) -> None:
        """What was only expected is a lesion now: somebody drew on it, or asked for it."""
        if not self._bench.is_expected(target, number):
            return
        work, _ = add_lesion(self._bench.work, target)
        self._bench.change(work)
        self._bench.on_lesions()

    def remove(self, target: Target, number: int) -> None:
        """Take a lesion away; asks where it is drawn, and can be undone then."""
        state = self._bench.work.of(target)
        if state is None or state.lesion(number) is None:
            return
        self._live.read_now()
        if not self._bench.is_drawn(target, number):
            self._take_away(target, (number,))
            self._follow(target)
            return
        name = lesion_name(number)
        words = self._bench.hub.say("annotator.contour.remove_words", target=self._name(target), lesion=name)
        if self._agrees("annotator.contour.remove_title", words, "annotator.contour.remove"):
            self._take_away(target, (number,))
            self._follow(target)
            self._bench.hub.note(Level.INFO, "annotator.contour.removed", lesion=name)

    def set_kind(self, target: Target, number: int, kind: LesionClass) -> None:
        """Give a lesion another class; its colour and code follow."""
        work = set_kind(self._bench.work, target, number, kind)
        if work is self._bench.work or work == self._bench.work:
            return
        self._bench.change(work)
        self._bench.ensure(self._bench.keys_of(target, number))
        self._bench.on_lesions()

    # answers
    def answer(self, target: Target, answer: TargetAnswer | None) -> None:
        """Say what is seen of a target; asks before lesions that are drawn go, and for a reason where one is needed."""
        state = self._bench.work.of(target)
        if state is None or answer is TargetAnswer.DRAWN or (answer is not None and answer not in answers_of(target)):
            return
        reason = ""
        if answer is TargetAnswer.NOT_ASSESSABLE:
            asked = self._reason(target)
            if asked is None:
                return
            reason = asked
        if target is self._bench.target:
            self._leave_expected()
        if answer is not None and not self._cleared(target, answer):
            self._settle_lesion()
            return
        self._bench.change(set_answer(self._bench.work, target, answer, reason))
        self._follow(target)

    def _cleared(self, target: Target, answer: TargetAnswer) -> bool:
        """Whether no lesion of the target stands against an answer any more."""
        self._live.read_now()
        state = self._bench.work.of(target)
        numbers = () if state is None else tuple(lesion.number for lesion in state.lesions)
        drawn = tuple(number for number in numbers if self._bench.is_drawn(target, number))
        if drawn:
            hub = self._bench.hub
            words = hub.say(
                "annotator.contour.answer_words",
                target=self._name(target),
                lesions=", ".join(lesion_name(number) for number in drawn),
                answer=hub.say(f"report.target_answer.{answer.value}"),
            )
            if not self._agrees("annotator.contour.answer_title", words, "annotator.contour.remove_and_answer"):
                return False
        self._take_away(target, numbers)
        return True

    def _reason(self, target: Target) -> str | None:
        """Why a target cannot be assessed, in words that are read in both languages; None where nobody says."""
        hub = self._bench.hub
        reasons = [reason for reason in current_templates()[0].reasons if not reason.needs_text]
        choices = [Choice(reason.code, reason.label.say(hub.lang)) for reason in reasons]
        choices.append(Choice(_OTHER, hub.say("annotator.contour.reason_other")))
        title = hub.say("annotator.contour.reason_title", target=self._name(target))
        code = hub.kit.ask.pick(title, hub.say("annotator.contour.reason_words"), choices)
        if code is None:
            return None
        if code == _OTHER:
            return hub.kit.ask.text(title, hub.say("annotator.contour.reason_text"))
        label = next(reason.label for reason in reasons if reason.code == code)
        return f"{label.say(Lang.ZH)} / {label.say(Lang.EN)}"

    # after undo and redo
    def bring_back(self) -> None:
        """Where removing was the last thing done and the editor's undo knew nothing of it, undo it here."""
        last, self._last = self._last, ()
        present = set(self._bench.scene.segments())
        for place in last if self._bench.strokes == self._strokes else ():
            removed = self._removed[place]
            keys = self._bench.keys_of(*place)
            if not present.intersection(keys):
                self._bench.ensure(keys)
                self._bench.put_into_scene(removed.crops)

    def reconcile(self) -> None:
        """Bring the lesions of the work in line with the segments that undo or redo left in the scene."""
        bench = self._bench
        present = set(bench.scene.segments())
        changed = False
        for (target, number), removed in tuple(self._removed.items()):
            state = bench.work.of(target)
            if state is None:
                continue
            its = [key for key in bench.keys_of(target, number) if key in present]
            if its and not removed.can_return:
                for key in its:
                    bench.scene.remove_segment(key)
            elif its and state.lesion(number) is None:
                lesions = tuple(sorted((*state.lesions, removed.lesion), key=lambda item: item.number))
                bench.change_target(replace(state, lesions=lesions, answer=TargetAnswer.DRAWN, reason=""))
                changed = True
            elif not its and state.lesion(number) is not None:
                self._forget(target, (number,), can_return=True)
                changed = True
        self._make_missing(present)
        if changed:
            self._settle_lesion()
            bench.on_lesions()
            self._on_choice()

    def _make_missing(self, present: set[SegmentKey]) -> None:
        """Undo may take away a segment that was made after the step it went back to; an empty one takes its place."""
        bench, state = self._bench, self._bench.state
        if state is None:
            return
        source = bench.case.source(state.target)
        beside = [item for item in bench.work.targets if bench.case.source(item.target) == source]
        wanted = [key for item in beside for key in segments_of(item)]
        if bench.lesion is not None and bench.is_expected(state.target, bench.lesion):
            wanted += bench.keys_of(state.target, bench.lesion)
        bench.ensure(key for key in wanted if key not in present)

    # within
    def settle(self) -> None:
        """See to it that a lesion is chosen in the chosen target, or one expected where there is none."""
        self._settle_lesion()

    def _settle_lesion(self) -> None:
        bench, state = self._bench, self._bench.state
        if state is None:
            return
        numbers = [lesion.number for lesion in state.lesions]
        if bench.lesion not in numbers:
            may_begin = not numbers and state.answer is None and not bench.case.read_only
            bench.lesion = state.next_number if may_begin else (numbers[0] if numbers else None)

    def _leave_expected(self) -> None:
        """A segment made for a lesion that nobody drew goes away again."""
        bench = self._bench
        if bench.target is None or bench.lesion is None or not bench.is_expected(bench.target, bench.lesion):
            return
        self._live.read_now()
        if bench.is_drawn(bench.target, bench.lesion):
            self.become(bench.target, bench.lesion)
            return
        present = set(bench.scene.segments())
        for key in bench.keys_of(bench.target, bench.lesion):
            if key in present:
                bench.scene.remove_segment(key)
        bench.lesion = None

    def _take_away(self, target: Target, numbers: Sequence[int]) -> None:
        bench, present = self._bench, set(self._bench.scene.segments())
        keys = [key for number in numbers for key in bench.keys_of(target, number)]
        drawn = any(bench.crop(key) is not None for key in keys)
        if drawn:
            bench.scene.undo_point()
        for key in keys:
            if key in present:
                bench.scene.remove_segment(key)
        self._forget(target, numbers, can_return=drawn)
        self._last = tuple((target, number) for number in numbers) if drawn else ()
        self._strokes = bench.strokes

    def _follow(self, target: Target) -> None:
        """The lesions or the answer of a target changed."""
        if target is self._bench.target:
            self._settle_lesion()
            self._on_choice()
        self._bench.on_lesions()

    def _forget(self, target: Target, numbers: Iterable[int], *, can_return: bool) -> None:
        """Take lesions out of the work; what is needed to bring a drawn one back is remembered."""
        bench = self._bench
        layers = bench.layers_of(target)
        for number in numbers:
            state = bench.work.of(target)
            lesion = None if state is None else state.lesion(number)
            if lesion is None:
                continue
            crops = {key: bench.crop(key) for key in bench.keys_of(target, number)}
            drawn = {key: crop for key, crop in crops.items() if crop is not None}
            self._removed[target, number] = Removed(lesion, can_return, drawn)
            for key in bench.keys_of(target, number):
                change = None if layers is None else layers.put(key.part, number, None)
                if layers is not None and change is not None:
                    self._live.near(target, layers, change)
                bench.case.touched.add(key)
            self._live.forget(target, number)
            bench.change(remove_lesion(bench.work, target, number))
        self._live.examine(target, ())

    def _agrees(self, title: str, words: str, agree: str) -> bool:
        hub = self._bench.hub
        choices = (Choice(_REMOVE, hub.say(agree)), Choice(_LEAVE, hub.say("annotator.contour.leave")))
        return hub.kit.ask.choose(hub.say(title), words, choices) == _REMOVE

    def _name(self, target: Target) -> str:
        return self._bench.hub.say(f"report.target.{target.value}")
