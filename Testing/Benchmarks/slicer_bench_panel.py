"""Runs inside Slicer for `bench_slicer`: the slots of the panel, in seconds of the processor that its thread took."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import slicer
import slicer_support as hand
from annotator_hand import Annotator
from case_in_hand import CaseInHand
from crc_core.text import Lang

STEPS = ("contour", "case", "report", "submit", "check", "contour", "report", "check")
TIMES = 3
SETTLE_S = 1.0


def slot(call: Callable[[], Any]) -> dict[str, float]:
    """One call, and what Slicer did in the second that followed, drawing by all threads included."""
    begun, worked = time.thread_time(), time.process_time()
    call()
    took, slot_all = time.thread_time() - begun, time.process_time() - worked
    hand.settle(SETTLE_S)
    return {"slot_s": round(took, 3), "followed_s": round(time.process_time() - worked - slot_all, 3)}


def first_visit() -> dict[str, Any]:
    """The first visit of a session: every piece of it."""
    from crc_widgets.in_pieces import InPieces

    took, run = [], InPieces._next

    def timed(pieces: InPieces) -> None:
        begun = time.thread_time()
        try:
            run(pieces)
        finally:
            took.append(round(time.thread_time() - begun, 3))

    InPieces._next = timed
    try:
        choosing = slot(lambda: slicer.util.selectModule("CRCAnnotator"))
        Annotator()
    finally:
        InPieces._next = run
    return {"choosing": choosing, "pieces_s": took, "all_s": round(sum(took), 3), "longest_s": max(took)}


def ways(case: CaseInHand) -> dict[str, list[dict[str, float]]]:
    """Steps, languages, leaving and coming back while a case is open; the first time and again."""
    person = case.person
    annotator, before = person.session.annotator, person.session.annotator.hub.lang
    other = Lang.EN if before is Lang.ZH else Lang.ZH
    found: dict[str, list[dict[str, float]]] = {}
    for step in STEPS * 2:
        found.setdefault(f"step {step}", []).append(slot(person.control(f"head.step.{step}").click))
    for _ in range(TIMES):
        for lang in (other, before):
            found.setdefault("language", []).append(slot(lambda lang=lang: annotator.set_language(lang)))
        found.setdefault("leave", []).append(slot(lambda: slicer.util.selectModule("Data")))
        found.setdefault("come back", []).append(slot(lambda: slicer.util.selectModule("CRCAnnotator")))
    return found
