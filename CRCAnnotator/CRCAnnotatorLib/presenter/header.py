"""The head of the panel while a case is open: which case, how long, whether it is safe, what is known beforehand."""

from __future__ import annotations

from dataclasses import dataclass

from crc_core.desk.context_card import context_brief, context_lines
from crc_core.text import Lang, say
from crc_core.vocabulary import Target
from crc_core.workflow.views import SlotPhase

from CRCAnnotatorLib.presenter.open_case import OpenCase
from CRCAnnotatorLib.presenter.state import ContextLine, HeaderState, Saved


@dataclass(frozen=True)
class Heading:
    """What the head shows besides the case itself."""

    active: str
    saved: Saved
    saved_words: str
    target: Target | None
    has_prior: bool
    prior_shown: bool


def header_state(case: OpenCase, heading: Heading, lang: Lang) -> HeaderState:
    """The head of the panel; pathology is on the context card only while nodes are drawn."""
    lines = context_lines(case.view, lang, heading.target)
    return HeaderState(
        unit=str(case.unit),
        title=say("annotator.header.title", lang, case=case.unit.case, time_point=case.unit.time_point),
        active=heading.active,
        saved=heading.saved,
        saved_words=heading.saved_words,
        context=tuple(ContextLine(label, words) for label, words in lines),
        context_brief=context_brief(case.view, lang),
        returned=_returned(case),
        has_prior=heading.has_prior,
        prior_shown=heading.prior_shown,
        read_only=case.read_only,
    )


def _returned(case: OpenCase) -> str:
    """The senior's question, until a new reading is in."""
    slot = case.slot
    if slot is None or slot.phase is SlotPhase.SUBMITTED:
        return ""
    return slot.question or ""
