"""The job `hand_in`: kept work sealed, read back, compared and handed in, to a folder or by way of the outbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from crc_core.desk.handing_in import draft_of, hand_in, is_same_reading, sealed_from, submission_of
from crc_core.desk.job_forms import HandedIn, HandInAsked, HandInOutcome
from crc_core.desk.job_running import Tell
from crc_core.desk.kept_masks import mask_fingerprint, masks_of_kept
from crc_core.desk.recovery import Recovery
from crc_core.desk.send_outbox import Sending
from crc_core.errors import CrcError
from crc_core.files.whole_folder import remove_whole
from crc_core.geometry import Volume
from crc_core.reading.seal import ReadingDraft, open_reading
from crc_core.store.access import server_store, store_at
from crc_core.store.clock import Clock, utc_now
from crc_core.store.protocol import Store
from crc_core.store.remote.outbox import Outbox, OutboxItem, SendState
from crc_core.store.remote.patience import Patience
from crc_core.store.remote.watching import Watch
from crc_core.text import say
from crc_core.workflow.intents import Refusal

SEALED = "sealed"
"""Where below this machine's own folder a reading is sealed on its way to the store."""

SOON = Patience(attempts=2)
"""Somebody is watching: a line that is down is left to the sending that goes on by itself."""

OpenStore = Callable[[HandInAsked, Watch], Store]


def _open_store(asked: HandInAsked, watch: Watch) -> Store:
    if asked.access is None:
        return store_at(asked.store, None, asked.lang)
    return server_store(asked.access, asked.lang, watch=watch, patience=SOON)


@dataclass(frozen=True)
class Surroundings:
    """What a job is done with; tests put other things in place."""

    open_store: OpenStore = _open_store
    clock: Clock = utc_now


def sealed_place(home: Path, slot: str) -> Path:
    """The folder in which the reading of a slot is sealed."""
    return home / SEALED / slot


def hand_in_case(asked: HandInAsked, tell: Tell, around: Surroundings | None = None) -> HandedIn:
    """Do the job; raises CrcError where the disk refuses, where what is kept is not what was seen, as the store does.

    Ended at any moment, the sealed folder is absent or whole, and asking again comes to the same end.
    """
    around = around or Surroundings()
    tell(say("annotator.submit.reading_masks", asked.lang), 0, 3)
    draft = _draft(asked, around.clock)
    tell(say("annotator.submit.sealing", asked.lang, unit=draft.reading.unit), 1, 3)
    place = sealed_place(Path(asked.home), asked.slot)
    if asked.outbox is not None:
        item = _put_out(Outbox(Path(asked.outbox)), draft, place, around.clock)
        return _sent(asked, item, tell, around)
    store = around.open_store(asked, Watch())
    tell(say("annotator.submit.sending", asked.lang, unit=draft.reading.unit), 2, 3)
    answer = hand_in(store, draft, place)
    if isinstance(answer, Refusal):
        return HandedIn(HandInOutcome.REFUSED, answer.sentence(asked.lang))
    return HandedIn(HandInOutcome.TAKEN)


def _draft(asked: HandInAsked, clock: Clock) -> ReadingDraft:
    kept = Recovery(Path(asked.home)).read(asked.slot)
    masks = masks_of_kept(kept.work, kept.masks)
    _require_seen(masks, asked.masks)
    return draft_of(kept.work, asked.view, masks, asked.title, clock(), asked.versions)


def _require_seen(masks: Mapping[str, Volume], seen: Mapping[str, str]) -> None:
    """Raise CrcError where a mask that was kept is not the one that was on the screen."""
    kept = {name: mask_fingerprint(mask) for name, mask in masks.items()}
    if kept != seen:
        raise CrcError("desk.not_as_seen")


def _put_out(outbox: Outbox, draft: ReadingDraft, place: Path, clock: Clock) -> OutboxItem:
    """The reading in the outbox, once; what waited for the same slot and says something else gives way to it."""
    for item in outbox.of_slot(draft.reading.unit, draft.reading.reader, draft.reading.round):
        if item.sealed is not None and item.state is not SendState.SENT:
            if item.state is not SendState.REFUSED and is_same_reading(open_reading(item.sealed), draft):
                remove_whole(place)
                return item
            outbox.take_back(item)
    opened = sealed_from(draft, place)
    item = outbox.put(submission_of(opened), opened.sealed, clock())
    remove_whole(place)
    return item


def _sent(asked: HandInAsked, item: OutboxItem, tell: Tell, around: Surroundings) -> HandedIn:
    """What became of the reading after trying to send it at once."""
    outbox, why = Outbox(item.folder.parent), ""
    if asked.access is not None:
        sending = Sending(outbox, asked.lang, tell, around.clock)
        why = sending.send(around.open_store(asked, sending.watch)).why
    now = next((one for one in outbox.items() if one.intent.id == item.intent.id), None)
    if now is None or now.state is SendState.SENT:
        return HandedIn(HandInOutcome.TAKEN)
    if now.state is SendState.REFUSED:
        outbox.take_back(now)
        return HandedIn(HandInOutcome.REFUSED, now.why(asked.lang))
    return HandedIn(HandInOutcome.WAITS, why)
