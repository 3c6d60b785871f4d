"""The decision table of two readings, one test per row, and what holds for every table."""

from __future__ import annotations

import pytest
from crc_core.decision.table import PairFacts, Reason, TargetFacts, decide_target
from crc_core.reading.schema import LesionRecord, TargetReading
from crc_core.vocabulary import LesionClass, Mode, Target, TargetAnswer
from crc_core.workflow.payloads import Outcome, TargetOutcome
from hypothesis import given, settings
from hypothesis import strategies as st

MET, UNSURE = LesionClass.METASTASIS, LesionClass.UNCERTAIN
KINDS = st.sampled_from([MET, UNSURE])
ROWS = st.tuples(st.booleans(), st.booleans(), KINDS, st.booleans())


def drawn(*kinds: LesionClass, mode: Mode = Mode.DIRECT) -> TargetReading:
    lesions = tuple(LesionRecord(number, kind) for number, kind in enumerate(kinds, start=1))
    return TargetReading(Target.LIVER, TargetAnswer.DRAWN, "S", mode, lesions)


def says(answer: TargetAnswer) -> TargetReading:
    reason = "artefact" if answer is TargetAnswer.NOT_ASSESSABLE else None
    return TargetReading(Target.LIVER, answer, reason=reason)


def pair(a: int = 1, b: int = 1, *, good: bool = True, **more) -> PairFacts:
    return PairFacts((a,), (b,), good, 900 if good else 700, more.pop("is_subvoxel", False), **more)


def facts(*pairs: PairFacts, only_a: tuple[int, ...] = (), only_b: tuple[int, ...] = ()) -> TargetFacts:
    return TargetFacts(pairs, only_a, only_b, 850)


def decide(a: TargetReading, b: TargetReading, measured: TargetFacts | None = None) -> TargetOutcome:
    return decide_target(Target.LIVER, a, b, measured)


def test_both_say_none_seen():
    outcome = decide(says(TargetAnswer.NONE_SEEN), says(TargetAnswer.NONE_SEEN))
    assert (outcome.outcome, outcome.dice_permille, outcome.lesions) == (Outcome.AGREED_ABSENT, None, ())


def test_one_draws_and_the_other_says_none():
    outcome = decide(drawn(MET, MET), says(TargetAnswer.NONE_SEEN))
    assert outcome.outcome is Outcome.DISPUTED
    assert outcome.reasons == (Reason.ONE_SAYS_NONE,)
    assert [lesion.a for lesion in outcome.lesions] == [(1,), (2,)]


def test_the_contouring_modes_differ():
    outcome = decide(drawn(MET), drawn(MET, mode=Mode.SUBTRACTION), facts(pair()))
    assert outcome.outcome is Outcome.DISPUTED
    assert outcome.reasons == (Reason.MODE_DIFFERS,)


def test_lesions_match_one_to_one():
    outcome = decide(drawn(MET, MET), drawn(MET, MET), facts(pair(), pair(2, 2)))
    assert outcome.outcome is Outcome.AGREED
    assert {lesion.outcome for lesion in outcome.lesions} == {Outcome.AGREED}


@pytest.mark.parametrize("subvoxel", [False, True])
def test_matched_below_the_threshold(subvoxel):
    outcome = decide(drawn(MET, MET), drawn(MET, MET), facts(pair(good=False, is_subvoxel=subvoxel), pair(2, 2)))
    first, second = outcome.lesions
    assert (first.outcome, first.reasons, first.subvoxel) == (Outcome.DISPUTED, (Reason.LOW_DICE,), subvoxel)
    assert second.outcome is Outcome.AGREED
    assert outcome.outcome is Outcome.DISPUTED


def test_unmatched_split_merged_and_other_class():
    a, b = drawn(MET, MET, MET, UNSURE), drawn(MET, MET, MET, MET)
    split = PairFacts((1,), (1, 2), True, 900, True)
    merged = PairFacts((2, 3), (3,), True, 900, True)
    outcome = decide(a, b, facts(split, merged, pair(4, 4), only_b=(5,)))
    reasons = [lesion.reasons for lesion in outcome.lesions]
    assert reasons == [(Reason.SPLIT,), (Reason.MERGED,), (Reason.CLASS_DIFFERS,), (Reason.UNMATCHED,)]
    assert not any(lesion.subvoxel for lesion in outcome.lesions)


@pytest.mark.parametrize("problem", [Reason.UNION_GAS, Reason.UNION_FAT, Reason.UNION_VESSEL, Reason.UNION_BRIDGE])
def test_the_union_fails_a_contour_check(problem):
    outcome = decide(drawn(MET), drawn(MET), facts(pair(union_problems=(problem,))))
    assert outcome.lesions[0].reasons == (problem,)
    assert outcome.outcome is Outcome.DISPUTED


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (TargetAnswer.NONE_SEEN, TargetAnswer.NOT_ASSESSABLE),
        (TargetAnswer.NONE_SEEN, TargetAnswer.RESECTED),
        (TargetAnswer.NOT_CRC, TargetAnswer.NO_TUMOUR),
    ],
)
def test_answers_without_contours_that_differ(a, b):
    assert decide(says(a), says(b)).reasons == (Reason.ANSWERS_DIFFER,)


def test_equal_answers_without_contours_are_agreed_but_not_absent():
    assert decide(says(TargetAnswer.NOT_CRC), says(TargetAnswer.NOT_CRC)).outcome is Outcome.AGREED


def test_drawn_against_not_assessable_is_no_missed_lesion():
    assert decide(drawn(MET), says(TargetAnswer.NOT_ASSESSABLE)).reasons == (Reason.ANSWERS_DIFFER,)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.lists(ROWS, min_size=1, max_size=6),
    st.booleans(),
)
def test_swapping_the_readers_swaps_only_the_letters(rows, same_mode):
    kinds = [row[2] for row in rows]
    others = [row[2] if row[3] else (MET if row[2] is UNSURE else UNSURE) for row in rows]
    a, b = drawn(*kinds), drawn(*others, mode=Mode.DIRECT if same_mode else Mode.MRI)
    pairs = [pair(n, n, good=row[0], is_subvoxel=row[1]) for n, row in enumerate(rows, start=1)]
    one = decide(a, b, facts(*pairs))
    other = decide(b, a, facts(*pairs))
    assert one.outcome is other.outcome
    assert [(lesion.reasons, lesion.subvoxel) for lesion in one.lesions] == [
        (lesion.reasons, lesion.subvoxel) for lesion in other.lesions
    ]
    agreed = all(row[0] and row[3] for row in rows) and same_mode
    assert (one.outcome is Outcome.AGREED) == agreed
