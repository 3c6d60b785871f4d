"""Whether a sealed body and the intent it comes with speak of the same thing."""

from __future__ import annotations

from crc_core.errors import CrcError
from crc_core.reading.final import How
from crc_core.reading.seal import FINAL_NAME, READING_NAME, SealedFinal, SealedReading
from crc_core.store.parts import Chain
from crc_core.workflow.events import FIRST_PREV
from crc_core.workflow.intents import Intent


def check_submitted_reading(opened: SealedReading, intent: Intent) -> None:
    """Raise a CrcError unless the intent submits this reading, of this unit, reader and round."""
    reading, payload = opened.reading, intent.payload
    said = (payload.reading, payload.reader, payload.round, payload.supersedes, intent.actor, intent.unit)
    sealed = (opened.sealed.sha256, reading.reader, reading.round, reading.supersedes, reading.reader, reading.unit)
    told = payload.active_seconds
    if said != sealed or (told is not None and told != opened.provenance.active_seconds):
        raise CrcError("store.intent_differs", path=opened.sealed.folder / READING_NAME)


def check_signed_final(opened: SealedFinal, intent: Intent, chain: Chain, *, enforces: bool) -> None:
    """Raise a CrcError unless the intent stores this final, it names who signs, and it knows this store's chain.

    A final that says its titles were enforced is taken by a store that enforces them only.
    """
    final, payload = opened.final, intent.payload
    by_rule = final.how is How.RULE
    said = (payload.final, payload.version, payload.parents, payload.by_rule, payload.supersedes, intent.unit)
    sealed = (opened.sealed.sha256, final.version, final.parents, by_rule, final.supersedes, final.unit)
    path = opened.sealed.folder / FINAL_NAME
    if said != sealed or (not by_rule and final.signer != intent.actor):
        raise CrcError("store.intent_differs", path=path)
    if final.titles_enforced and not enforces:
        raise CrcError("store.titles_not_enforced", path=path)
    if final.chain_head != FIRST_PREV and not chain.knows(final.chain_head):
        raise CrcError("store.other_chain", path=path)
