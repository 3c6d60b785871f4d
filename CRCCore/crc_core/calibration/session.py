"""A calibration session over a store: planning it, its reference, its readings, its report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crc_core.agreement.prepared import PreparedMask
from crc_core.calibration.comparing import CaseScore, score_case
from crc_core.calibration.summary import Summary, summarize
from crc_core.calibration.votes import Votes, count_votes
from crc_core.decision.readings import counted_mask
from crc_core.errors import CrcError
from crc_core.identity import UnitId
from crc_core.reading.schema import CALIBRATION_ROUND, FIRST_ROUND
from crc_core.reading.seal import SealedReading, read_final, read_reading
from crc_core.store.clock import Clock, utc_now
from crc_core.store.protocol import Receipt, Store
from crc_core.study.stepping import OnProgress, Steps, finished
from crc_core.vocabulary import Target
from crc_core.workflow.events import Kind
from crc_core.workflow.intents import Refusal, new_intent
from crc_core.workflow.payloads import (
    CalibrationOpened,
    CalibrationPlanned,
    ReadingAssigned,
    ReferenceSigned,
    UnitBarred,
)
from crc_core.workflow.store_view import SessionView
from crc_core.workflow.views import SlotPhase


@dataclass(frozen=True)
class SetAside:
    """A reading that could not be used, and why."""

    unit: str
    reader: str
    error: CrcError


@dataclass(frozen=True, eq=False)
class SessionReport:
    """Every reader against the reference, case by case and in sum; readings that are missing or damaged are named."""

    session: SessionView
    scores: tuple[CaseScore, ...]
    summaries: tuple[Summary, ...]
    missing: tuple[tuple[str, str], ...]
    set_aside: tuple[SetAside, ...]

    @property
    def complete_readers(self) -> tuple[str, ...]:
        """The readers all of whose readings are in and whole."""
        lacking = {reader for _, reader in self.missing} | {item.reader for item in self.set_aside}
        return tuple(reader for reader in self.session.readers if reader not in lacking)

    def opening(self, references: Mapping[str, str]) -> CalibrationOpened:
        """The payload that opens the results of those who have read everything."""
        results = tuple(item.result() for item in self.summaries if item.reader in self.complete_readers)
        return CalibrationOpened(self.session.session, dict(references), results)


def session_of(store: Store, viewer: str, name: str) -> SessionView:
    """The session as the viewer sees it; raises CrcError where there is none of that name for them."""
    found = next((item for item in store.overview(viewer).sessions if item.session == name), None)
    if found is None:
        raise CrcError("workflow.no_such_session", session=name)
    return found


def plan_session(store: Store, trainer: str, plan: CalibrationPlanned, clock: Clock = utc_now) -> Receipt | Refusal:
    """Bar the cases, plan the session, give everybody their slots; stops at the first refusal.

    What was done before a refusal stands and is not done twice when the same plan is sent again.
    """
    known = {item.session for item in store.overview(trainer).sessions}
    outcome: Receipt | Refusal = Receipt("", repeated=True)
    if plan.session not in known:
        for unit in plan.units:
            if store.unit(UnitId.parse(unit), trainer).barred is None:
                outcome = store.act(new_intent(Kind.UNIT_BARRED, unit, trainer, clock(), UnitBarred(plan.session)))
                if isinstance(outcome, Refusal):
                    return outcome
        outcome = store.act(new_intent(Kind.CALIBRATION_PLANNED, None, trainer, clock(), plan))
        if isinstance(outcome, Refusal):
            return outcome
    return assign_session(store, trainer, plan.session, clock)


def assign_session(store: Store, trainer: str, name: str, clock: Clock = utc_now) -> Receipt | Refusal:
    """Give every reader and reference reader of a session the slots they do not have yet."""
    session = session_of(store, trainer, name)
    places = store.overview(trainer).policy.readers_per_unit
    outcome: Receipt | Refusal = Receipt("", repeated=True)
    for unit in session.units:
        held = {(slot.reader, slot.round) for slot in store.unit(UnitId.parse(unit), trainer).slots}
        wanted = [(reader, FIRST_ROUND) for reader in session.references]
        wanted += [(reader, CALIBRATION_ROUND) for reader in session.readers]
        for reader, number in wanted:
            is_full = number == FIRST_ROUND and sum(taken == FIRST_ROUND for _, taken in held) >= places
            if (reader, number) in held or is_full:
                continue
            payload = ReadingAssigned(reader, number)
            outcome = store.act(new_intent(Kind.READING_ASSIGNED, unit, trainer, clock(), payload))
            if isinstance(outcome, Refusal):
                return outcome
            held.add((reader, number))
    return outcome


def sign_reference(
    store: Store, signer: str, name: str, secret: str | None, clock: Clock = utc_now
) -> Receipt | Refusal:
    """Sign the finals in force of all cases as the reference; raises CrcError where a case has none yet."""
    payload = ReferenceSigned(name, references_of(store, signer, session_of(store, signer, name)))
    return store.act(new_intent(Kind.REFERENCE_SIGNED, None, signer, clock(), payload), secret=secret)


def references_of(store: Store, viewer: str, session: SessionView) -> dict[str, str]:
    """The final in force of every case of a session; raises CrcError where there is none yet."""
    found = {}
    for unit in session.units:
        finals = store.unit(UnitId.parse(unit), viewer).finals
        if not finals:
            raise CrcError("workflow.reference_missing", unit=unit)
        found[unit] = finals[-1].final
    return found


def report_session(
    store: Store, viewer: str, session: SessionView, on_progress: OnProgress | None = None
) -> SessionReport:
    """Compare every calibration reading the viewer may open with the reference of its case.

    Raises CrcError where a case has no reference; a damaged reading is named and set aside.
    """
    return finished(reporting(store, viewer, session), on_progress)


def reporting(store: Store, viewer: str, session: SessionView) -> Steps[SessionReport]:
    """`report_session`, case by case."""
    scores: list[CaseScore] = []
    missing: list[tuple[str, str]] = []
    aside: list[SetAside] = []
    for done, unit in enumerate(session.units, start=1):
        reference = read_final(store.open_final(UnitId.parse(unit), viewer))
        readings, lost = _readings(store, viewer, unit, session.readers)
        aside.extend(lost)
        known = {reading.reading.reader for reading in readings} | {item.reader for item in lost}
        missing.extend((unit, reader) for reader in session.readers if reader not in known)
        for reading in readings:
            scores.extend(score_case(reading, reference))
        yield done, len(session.units)
    return SessionReport(session, tuple(scores), summarize(scores, session.marks), tuple(missing), tuple(aside))


def open_results(store: Store, trainer: str, report: SessionReport, clock: Clock = utc_now) -> Receipt | Refusal:
    """Open a session's results to the readers who have read everything."""
    payload = report.opening(references_of(store, trainer, report.session))
    return store.act(new_intent(Kind.CALIBRATION_OPENED, None, trainer, clock(), payload))


def heat_map(store: Store, viewer: str, session: SessionView, unit: str, target: Target) -> Votes:
    """The votes of all readers of a session for one target of one case, on the reference's grid.

    Raises CrcError where nobody drew the target, and for a case that is not in the session.
    """
    if unit not in session.units:
        raise CrcError("workflow.unknown_unit", unit=unit)
    readings, _ = _readings(store, viewer, unit, session.readers)
    drawn = [reading for reading in readings if (said := reading.reading.of(target)) is not None and said.lesions]
    reference = read_final(store.open_final(UnitId.parse(unit), viewer))
    has_reference = any(item.target is target and item.source is not None for item in reference.final.targets)
    if not drawn:
        raise CrcError("calibration.nobody_drew", unit=unit, target=target.value)
    grid = (reference if has_reference else drawn[0]).mask(target).grid
    masks: Sequence[PreparedMask] = [counted_mask(reading, target, grid) for reading in readings]
    return count_votes(masks)


def _readings(
    store: Store, viewer: str, unit: str, readers: Sequence[str]
) -> tuple[list[SealedReading], list[SetAside]]:
    found: list[SealedReading] = []
    aside: list[SetAside] = []
    for slot in store.unit(UnitId.parse(unit), viewer).slots:
        if slot.round != CALIBRATION_ROUND or slot.reader not in readers or slot.phase is not SlotPhase.SUBMITTED:
            continue
        if slot.reading is None:
            continue
        try:
            found.append(read_reading(store.open_reading(slot.reading, viewer)))
        except CrcError as error:
            if error.code == "store.unknown_reading":
                raise
            aside.append(SetAside(unit, slot.reader, error))
    return found, aside
