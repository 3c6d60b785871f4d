"""Looking back: a unit of a store as it was at a moment."""

from __future__ import annotations

from datetime import datetime

from crc_core.errors import CrcError
from crc_core.identity import UnitId
from crc_core.store.ruled import RuledStore
from crc_core.workflow.intents import Refusal
from crc_core.workflow.moment import project_at
from crc_core.workflow.views import UnitView


def unit_at(store: RuledStore, unit: UnitId, viewer: str, moment: datetime) -> UnitView:
    """The unit as the viewer would have met it at `moment` (aware); raises CrcError where nothing may be shown."""
    store.chain.refresh()
    events = store.chain.of_unit(str(unit))
    found = project_at(events, store.ledger.context, viewer, store.ledger.now, moment)
    if found is None:
        raise CrcError("store.unknown_unit", unit=str(unit))
    if isinstance(found, Refusal):
        raise found.as_error()
    return found
