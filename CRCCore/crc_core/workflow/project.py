"""What one person may know and do about a unit; everything a screen shows goes through here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from crc_core.identity import UnitId
from crc_core.reading.schema import CALIBRATION_ROUND, FIRST_ROUND
from crc_core.vocabulary import PersonRole
from crc_core.workflow.context import Context
from crc_core.workflow.events import STORE_WIDE, Event, Kind
from crc_core.workflow.gates import Glance, Situation, gate, may_know, phases_known
from crc_core.workflow.state import Slot, StoredFinal, fold
from crc_core.workflow.views import FinalView, Phase, PriorUnit, SlotPhase, SlotView, UnitView

HAS_FINAL = (Phase.FINAL, Phase.REFERENCE, Phase.RELEASED)
"""The phases in which there is a final."""

HIDDEN_FROM_READERS = (Phase.COMPARING, Phase.DISPUTED, Phase.REPORT_OPEN, *HAS_FINAL)
"""The phases that who is blind is told to be `READING`."""

_UNIT_KINDS = tuple(kind for kind in Kind if kind not in STORE_WIDE)


def project(events: Sequence[Event], context: Context, viewer: str, now: datetime) -> UnitView | None:
    """The unit as `viewer` may see it at `now`; None where the viewer may not know that it exists.

    `events` are those of one unit. A reader's view is the same, to the last byte, whether or not another reading
    exists, until blinding has ended for them.
    """
    unit = next((event.unit for event in events if event.unit is not None), None)
    person = context.person(viewer)
    if unit is None or person is None:
        return None
    situation = Situation(fold(unit, events), context, person, now)
    return view_of(situation) if may_know(situation) else None


def view_of(situation: Situation) -> UnitView:
    """The view of a person who may know the unit."""
    state, blind = situation.state, is_blind(situation)
    hides_body = state.withdrawn
    registered = state.registered
    oversees = situation.person.may_sign or _is_manager(situation) or _leads(situation)
    shows_agreement = not blind and (oversees or bool(situation.own_slots))
    return UnitView(
        unit=state.unit,
        phase=phase_shown(situation, blind),
        may=frozenset(kind for kind in _UNIT_KINDS if gate(kind, situation) is None),
        series=() if hides_body or registered is None else registered.series,
        bindings=() if hides_body else tuple(state.bindings.values()),
        scan_verdict=None if state.scan is None else state.scan.verdict,
        scan_items=() if state.scan is None else state.scan.items,
        overruled=tuple(sorted(state.overruled)),
        study_date=None if registered is None else registered.study_date,
        treatment_since=None if registered is None else registered.treatment_since,
        clinical=None if hides_body or registered is None else registered.clinical,
        slots=() if hides_body else slots_shown(situation, blind),
        comparison=state.current_comparison(situation.context.policy) if shows_agreement and not hides_body else None,
        finals=() if blind or hides_body else tuple(_final_view(final) for final in state.finals),
        questions=_questions(situation),
        reason=state.excluded,
        flagged=_is_flagged(situation),
        protocol=None if hides_body else state.protocol,
        barred=state.barred,
    )


def is_blind(situation: Glance) -> bool:
    """Whether the person reads the unit and may not yet know of other readings, their comparison or the final.

    Blinding ends when the unit is final; for a reader in the agreement sample, when their re-reading is in; for who is
    calibrated, when the session is opened and their own reading can no longer be taken back.
    """
    own = situation.own_slots
    if not own:
        return False
    calibrated = next((slot for slot in own if slot.round == CALIBRATION_ROUND), None)
    if calibrated is not None:
        session = situation.context.session_of(situation.state.unit, calibrated.reader)
        is_in = calibrated.phase is SlotPhase.SUBMITTED and not _is_at_hand(calibrated, situation)
        return session is None or session.opened_at is None or not is_in
    if situation.phase not in HAS_FINAL:
        return True
    if situation.context.sample_of(situation.state.unit) is None:
        return False
    return not any(slot.round > FIRST_ROUND and slot.phase is SlotPhase.SUBMITTED for slot in own)


def may_open_reading(situation: Situation, reading: str) -> bool:
    """Whether the person may open that reading.

    A reader opens an own reading while it can still be taken back or when it was returned; afterwards nobody who reads
    the unit opens any until blinding ends, so that the wait before a re-reading looks like every other wait. Of a
    first and a second reading of one's own, the first stays shut until the second is in.
    """
    if situation.state.withdrawn or not may_know(situation):
        return False
    own = next((slot for slot in situation.own_slots if slot.reading == reading), None)
    if is_blind(situation):
        return own is not None and _is_at_hand(own, situation)
    if situation.state.barred is not None and not _leads(situation):
        return own is not None
    return situation.person.may_sign or bool(situation.own_slots) or _leads(situation)


def prior_unit(events: Sequence[Event], later: Situation) -> PriorUnit | None:
    """The earlier examination that `events` speak of, for who reads or oversees the `later` one of the same case.

    Only its images: they are part of looking at the later one, whoever reads the earlier. None where there is nothing
    to show any more (excluded, consent withdrawn), for anything but an earlier time point, and for who only meets
    finals.
    """
    unit = next((event.unit for event in events if event.unit is not None), None)
    if unit is None or not UnitId.parse(unit).is_before(UnitId.parse(later.state.unit)):
        return None
    if not later.own_slots and Phase.READING not in phases_known(later.person):
        return None
    state = fold(unit, events)
    registered = state.registered
    if registered is None or state.phase(later.context.policy) in (Phase.EXCLUDED, Phase.WITHDRAWN):
        return None
    return PriorUnit(unit, registered.series, registered.study_date, registered.treatment_since)


def phase_shown(situation: Glance, blind: bool) -> Phase:
    """The phase a person is told; who is blind sees `READING` for all that follows it."""
    return Phase.READING if blind and situation.phase in HIDDEN_FROM_READERS else situation.phase


def _is_at_hand(slot: Slot, situation: Glance) -> bool:
    returned = slot.phase in (SlotPhase.RETURNED, SlotPhase.IN_WORK, SlotPhase.WITHDRAWN)
    return returned or slot.is_open(situation.now, situation.context.policy)


def _is_manager(situation: Glance) -> bool:
    return bool(situation.person.roles & {PersonRole.DATA_MANAGER, PersonRole.ADMINISTRATOR, PersonRole.SYSTEM})


def _leads(situation: Glance) -> bool:
    """Whether the person oversees readings: the store itself; of a calibration unit its trainers and seniors."""
    person = situation.person
    trains = PersonRole.TRAINER in person.roles or person.may_sign
    return PersonRole.SYSTEM in person.roles or (situation.state.barred is not None and trains)


def _is_flagged(situation: Situation) -> bool:
    """Whether a reading of the unit is flagged, for those who oversee readings; readers are not told."""
    person = situation.person
    if situation.own_slots or not (person.may_sign or _is_manager(situation) or PersonRole.TRAINER in person.roles):
        return False
    submitted = (slot for slot in situation.state.slots.values() if slot.submitted_at is not None)
    return any(situation.context.is_flagged(slot.reader, slot.submitted_at) for slot in submitted if slot.submitted_at)


def slots_shown(situation: Glance, blind: bool) -> tuple[SlotView, ...]:
    """The slots a person is shown: all they may know of who reads the unit."""
    state, person = situation.state, situation.person
    oversees = state.barred is None or _leads(situation) or _is_manager(situation)
    if blind or (situation.own_slots and not oversees):
        return tuple(_slot_view(slot, slot.reader, situation) for slot in situation.own_slots)
    if state.barred is not None and PersonRole.TRAINER in person.roles:
        return tuple(_slot_view(slot, slot.reader, situation) for _, slot in sorted(state.slots.items()))
    decided = situation.phase in HAS_FINAL
    reads_bodies = person.may_sign or bool(situation.own_slots)
    if _is_manager(situation) or (decided and reads_bodies):
        with_reading = decided and reads_bodies
        ordered = (slot for _, slot in sorted(state.slots.items()))
        return tuple(_slot_view(slot, slot.reader, situation, with_reading) for slot in ordered)
    return _as_a_and_b(situation) if person.may_sign else ()


def _as_a_and_b(situation: Glance) -> tuple[SlotView, ...]:
    """First-round slots under letters in the order of the readings' hashes, so that neither name nor time shows."""
    pair = situation.state.current_pair(situation.context.policy) or ()
    letters = dict(zip(pair, "AB", strict=False))
    slots = [slot for slot in situation.state.first_round() if slot.reading in letters]
    views = [_slot_view(slot, letters[str(slot.reading)], situation) for slot in slots]
    return tuple(sorted(views, key=lambda view: view.reader))


def _slot_view(slot: Slot, name: str, situation: Glance, with_reading: bool = True) -> SlotView:
    own = slot.reader == situation.person.id
    return SlotView(
        reader=name,
        round=slot.round,
        phase=slot.phase,
        reading=slot.reading if with_reading else None,
        question=slot.question,
        withdraw_until=slot.window_ends(situation.context.policy) if own else None,
    )


def _final_view(final: StoredFinal) -> FinalView:
    return FinalView(final.record.final, final.record.version, final.record.by_rule, final.at)


def _questions(situation: Situation) -> tuple[str, ...]:
    """A reader sees their own questions, a senior all of them without names."""
    asked = situation.state.questions
    if situation.own_slots:
        return tuple(item.question for item in asked if item.reader == situation.person.id)
    return tuple(item.question for item in asked) if situation.person.may_sign else ()
