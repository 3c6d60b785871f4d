"""Making an earlier final the one in force again: a new version that a senior signs; nothing is erased."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from crc_core.decision.finals import FinalPlace
from crc_core.decision.going_back import final_again
from crc_core.errors import CrcError
from crc_core.identity import UnitId
from crc_core.reading.seal import read_final, seal_final
from crc_core.store.protocol import Receipt
from crc_core.workflow.events import Kind
from crc_core.workflow.intents import Refusal, new_intent
from crc_core.workflow.payloads import FinalStored

from crc_server.store.server_store import ServerStore


@dataclass(frozen=True)
class Wish:
    """Which earlier final is to be in force again, why, and the password of who signs that."""

    final: str
    reason: str
    secret: str


def restore_final(store: ServerStore, unit: UnitId, person: str, wish: Wish) -> Receipt | Refusal:
    """Sign the contents of an earlier final as the newest version.

    Raises CrcError for a final the person may not open, for the one in force, and for one that was altered.
    """
    earlier = read_final(store.open_final(unit, person, wish.final))
    finals = store.unit(unit, person).finals
    if finals[-1].final == wish.final:
        raise CrcError("access.in_force", unit=str(unit))
    signer = store.ledger.context.person(person)
    head = store.chain_head(person)
    place = FinalPlace(len(finals) + 1, head, supersedes=finals[-1].final, titles_enforced=True)
    draft = final_again(earlier, place, person, "" if signer is None else signer.title.value)
    with tempfile.TemporaryDirectory(prefix="crcdb-") as folder:
        sealed = seal_final(Path(folder) / "final", draft)
        payload = FinalStored(
            sealed.sha256, place.version, draft.final.parents, False, place.supersedes, wish.reason.strip()
        )
        intent = new_intent(Kind.FINAL_STORED, str(unit), person, store.ledger.now, payload)
        return store.sign_final(sealed, intent, secret=wish.secret)
