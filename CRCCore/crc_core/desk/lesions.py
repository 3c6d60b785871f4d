"""Targets and lesions of the work: numbers that are never used again, classes, and what is said of a target."""

from __future__ import annotations

from dataclasses import replace

from crc_core.contour.segment_key import SegmentKey
from crc_core.contour.terminology import Part
from crc_core.desk.work import LesionWork, TargetState, Work
from crc_core.errors import CrcError
from crc_core.report.validate import LESION_CLASSES
from crc_core.text import Lang, say
from crc_core.vocabulary import LesionClass, Mode, Target, TargetAnswer

LAST_NUMBER = 255
"""A mask holds lesion numbers in one byte."""

_ABSENT = (TargetAnswer.NONE_SEEN, TargetAnswer.RESECTED, TargetAnswer.NOT_ASSESSABLE)


def answers_of(target: Target) -> tuple[TargetAnswer, ...]:
    """What can be said of a target without drawing it, in the order of a menu."""
    if target is Target.PRIMARY:
        return (
            TargetAnswer.NONE_SEEN,
            TargetAnswer.NO_TUMOUR,
            TargetAnswer.NOT_CRC,
            TargetAnswer.RESECTED,
            TargetAnswer.NOT_ASSESSABLE,
        )
    return _ABSENT


def classes_of(target: Target) -> tuple[LesionClass, ...]:
    """The classes a lesion of a target can have; the first is what a new one gets."""
    return LESION_CLASSES[target]


def lesion_name(number: int) -> str:
    """The short name of a lesion, the same in every language: `L1`."""
    return f"L{number}"


def segment_name(key: SegmentKey, lang: Lang) -> str:
    """The name of a segment as a person reads it, e.g. `原位肿瘤 L1 外缘`."""
    target = say(f"report.target.{key.target.value}", lang)
    if key.part is Part.MASK:
        return say("desk.segment", lang, target=target, lesion=lesion_name(key.lesion))
    part = say(f"desk.part.{key.part.value}", lang)
    return say("desk.segment_part", lang, target=target, lesion=lesion_name(key.lesion), part=part)


def segments_of(state: TargetState) -> tuple[SegmentKey, ...]:
    """The segments that the lesions of a target are drawn in: for a subtraction both edges and the ring."""
    parts = (Part.OUTER, Part.INNER, Part.MASK) if state.mode is Mode.SUBTRACTION else (Part.MASK,)
    return tuple(SegmentKey(state.target, lesion.number, part) for lesion in state.lesions for part in parts)


def add_lesion(work: Work, target: Target) -> tuple[Work, int]:
    """The work with one more lesion, and its number; what was said of the target before gives way to "drawn".

    Raises CrcError where the target is not bound or has used up its numbers.
    """
    state = _state(work, target)
    number = state.next_number
    if number > LAST_NUMBER:
        raise CrcError("desk.no_more_lesions", last=LAST_NUMBER)
    lesion = LesionWork(number, classes_of(target)[0])
    drawn = replace(
        state, answer=TargetAnswer.DRAWN, reason="", lesions=(*state.lesions, lesion), next_number=number + 1
    )
    return work.with_target(drawn), number


def remove_lesion(work: Work, target: Target, number: int) -> Work:
    """The work without a lesion; its number is not given again. Without lesions the target is open again."""
    state = _state(work, target)
    left = tuple(lesion for lesion in state.lesions if lesion.number != number)
    if len(left) == len(state.lesions):
        raise CrcError("desk.no_such_lesion", lesion=lesion_name(number))
    return work.with_target(replace(state, lesions=left, answer=state.answer if left else None))


def change_lesion(work: Work, target: Target, lesion: LesionWork) -> Work:
    """The work with a lesion of the same number in another state; raises CrcError where there is none."""
    state = _state(work, target)
    if state.lesion(lesion.number) is None:
        raise CrcError("desk.no_such_lesion", lesion=lesion_name(lesion.number))
    lesions = tuple(lesion if item.number == lesion.number else item for item in state.lesions)
    return work.with_target(replace(state, lesions=lesions))


def set_kind(work: Work, target: Target, number: int, kind: LesionClass) -> Work:
    """The work with a lesion in another class; raises CrcError for a class the target has not."""
    lesion = _state(work, target).lesion(number)
    if lesion is None:
        raise CrcError("desk.no_such_lesion", lesion=lesion_name(number))
    if kind not in classes_of(target):
        raise CrcError("desk.no_such_class", lesion=lesion_name(number))
    return change_lesion(work, target, replace(lesion, kind=kind))


def set_answer(work: Work, target: Target, answer: TargetAnswer | None, reason: str = "") -> Work:
    """The work with what is said of a target; None takes it back.

    Raises CrcError where an answer without contours meets lesions (they are removed first, so that nothing is lost by
    a slip), where "drawn" meets none, and where "not assessable" comes without a reason.
    """
    state = _state(work, target)
    if answer is None:
        return work.with_target(replace(state, answer=TargetAnswer.DRAWN if state.lesions else None, reason=""))
    if (answer is TargetAnswer.DRAWN) != bool(state.lesions):
        raise CrcError("desk.lesions_there" if state.lesions else "desk.no_lesions_yet")
    if answer is TargetAnswer.NOT_ASSESSABLE and not reason.strip():
        raise CrcError("desk.reason_missing")
    return work.with_target(replace(state, answer=answer, reason=reason.strip()))


def _state(work: Work, target: Target) -> TargetState:
    state = work.of(target)
    if state is None:
        raise CrcError("desk.target_unbound")
    return state
