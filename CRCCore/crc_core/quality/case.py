"""One unit on a senior's desk: opened with both readings compared with their manifests, signed as the final."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from crc_core.decision.choices import Choices
from crc_core.decision.consensus import as_pair
from crc_core.decision.finals import FinalPlace, signed_final
from crc_core.decision.settling import Dispute
from crc_core.errors import CrcError
from crc_core.identity import UnitId
from crc_core.reading.seal import open_final, read_reading, seal_final
from crc_core.store.clock import Clock, utc_now
from crc_core.store.images import ct_images
from crc_core.store.protocol import Receipt, Store
from crc_core.workflow.events import Kind
from crc_core.workflow.intents import Refusal, new_intent
from crc_core.workflow.payloads import FinalStored
from crc_core.workflow.views import UnitView


@dataclass(frozen=True, eq=False)
class OpenCase:
    """A unit with its dispute, as it was when it was opened."""

    view: UnitView
    dispute: Dispute


@dataclass(frozen=True)
class Signed:
    """How signing ended: the final's hash with the store's receipt, or why the store refused; nothing is lost then."""

    final: str
    outcome: Receipt | Refusal

    @property
    def is_stored(self) -> bool:
        """Whether the final is in the store."""
        return isinstance(self.outcome, Receipt)


def open_case(store: Store, unit: UnitId, viewer: str) -> OpenCase:
    """Open what waits for a decision, or a final to be superseded.

    Raises CrcError where nothing does, the viewer may not settle it, or a reading was altered after it was sealed.
    """
    view = store.unit(unit, viewer)
    if view.comparison is None or Kind.FINAL_STORED not in view.may:
        raise CrcError("work.nothing_to_settle", unit=str(unit))
    readings = [read_reading(store.open_reading(name, viewer)) for name in view.comparison.readings]
    return OpenCase(view, Dispute(as_pair(*readings), view.comparison))


def sign_case(
    store: Store,
    case: OpenCase,
    choices: Choices,
    signer: str,
    secret: str | None,
    *,
    note: str | None = None,
    clock: Clock = utc_now,
) -> Signed:
    """Build the final that the choices make, seal it and have the store take it.

    A refusal (another senior was faster, a wrong PIN, a reader of the unit) comes back with the choices untouched.
    Raises CrcError naming what is still open, and where a reading or an image cannot be read.
    """
    unit = UnitId.parse(case.view.unit)
    last = case.view.finals[-1] if case.view.finals else None
    version, supersedes = (1, None) if last is None else (last.version + 1, last.final)
    ruling = case.dispute.ruling(choices, signer, title_of(store, signer))
    place = FinalPlace(version, store.chain_head(signer), supersedes, store.info().enforces)
    images = ct_images(store, case.view, signer)
    draft = signed_final(case.dispute.pair, case.dispute.comparison, images, place, ruling)
    with tempfile.TemporaryDirectory(prefix="crcdb-") as folder:
        seal_final(Path(folder) / "final", draft)
        sealed = open_final(Path(folder) / "final").sealed
        parents = case.dispute.comparison.readings
        payload = FinalStored(sealed.sha256, version, parents, False, supersedes, note)
        intent = new_intent(Kind.FINAL_STORED, str(unit), signer, clock(), payload)
        return Signed(sealed.sha256, store.sign_final(sealed, intent, secret=secret))


def authors_of(view: UnitView) -> tuple[str, str] | None:
    """Who A and who B is; nobody is told before the decision."""
    if view.comparison is None or not view.finals:
        return None
    readers = {slot.reading: slot.reader for slot in view.slots if slot.reading is not None}
    a, b = view.comparison.readings
    return (readers[a], readers[b]) if a in readers and b in readers else None


def title_of(store: Store, person: str) -> str:
    """The title a person signs with; raises CrcError for somebody the store does not know."""
    known = next((item for item in store.overview(person).people if item.person == person), None)
    if known is None:
        raise CrcError("workflow.role", kind=Kind.FINAL_STORED.value)
    return known.title.value


def accept_sub_voxel(
    store: Store, units: Sequence[UnitId], signer: str, secret: str | None, clock: Clock = utc_now
) -> tuple[Signed | CrcError, ...]:
    """Accept the union in every unit of which only sub-voxel differences are open; one answer per unit, in order.

    A unit that holds anything else answers with the CrcError that names the first open point; the others go on.
    """
    answers: list[Signed | CrcError] = []
    for unit in units:
        try:
            case = open_case(store, unit, signer)
            choices = case.dispute.accept_sub_voxel(Choices())
            if case.view.finals or not choices.lesions:
                raise CrcError("work.nothing_to_settle", unit=str(unit))
            answers.append(sign_case(store, case, choices, signer, secret, clock=clock))
        except CrcError as error:
            answers.append(error)
    return tuple(answers)
