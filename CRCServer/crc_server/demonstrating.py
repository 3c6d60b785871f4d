"""What a demonstration shows beyond its readings: invented clinical records, and a data user who was granted finals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from types import MappingProxyType

from crc_core.clinical.table import ClinicalRecord
from crc_core.clinical.values import Value
from crc_core.identity import UnitId
from crc_core.vocabulary import PersonRole, Title
from crc_core.workflow.events import Kind
from crc_core.workflow.gates import GRANTABLE
from crc_core.workflow.intents import Refusal, new_intent
from crc_core.workflow.payloads import AccessGranted, PersonSet

from crc_server.clinical import put_records
from crc_server.store.server_store import ServerStore

Values = Mapping[str, Value]
_ONCE: Values = MappingProxyType(
    {"age": 61, "sex": "female", "bmi": 23.4, "cea": 18.6, "ca199": 41.0, "metastasis_time": "synchronous"}
)
_AFTER_DAYS: tuple[tuple[str, int, Values], ...] = (
    ("pathology", 5, MappingProxyType({"histology": "adenocarcinoma", "differentiation": "moderate"})),
    ("gene", 9, MappingProxyType({"kras": "wild", "nras": "wild", "braf": "wild", "mmr": "pMMR", "msi": "MSS"})),
    ("treatment", 14, MappingProxyType({"neoadjuvant": ("chemotherapy",), "cycles": 4})),
)
"""Kind, days after the first examination, values."""

_GUEST = "guest"
_NEXT_VISIT = timedelta(days=90)


def show_more(store: ServerStore) -> None:
    """Give every case its invented records, with a visit at each follow-up examination that names the next one."""
    manager = next(person.id for person in store.persons() if PersonRole.DATA_MANAGER in person.roles)
    by_case: dict[str, list[tuple[UnitId, date]]] = {}
    for name in store.chain.units:
        unit, day = UnitId.parse(name), store.unit(UnitId.parse(name), manager).study_date
        if day is not None:
            by_case.setdefault(unit.case, []).append((unit, date.fromisoformat(day)))
    records = [record for case, units in by_case.items() for record in _records(case, units)]
    put_records(records, manager, store.ledger.now)
    _grant_finals(store, tuple(str(unit) for units in by_case.values() for unit, _ in units))


def _grant_finals(store: ServerStore, units: tuple[str, ...]) -> None:
    """Enter a data user where there is none, and grant them everything that is final."""
    people = {role: person.id for person in store.persons() for role in person.roles}
    administrator = people[PersonRole.ADMINISTRATOR]
    final = tuple(name for name in units if store.unit(UnitId.parse(name), administrator).phase in GRANTABLE)
    if PersonRole.DATA_USER not in people:
        guest = PersonSet(_GUEST, Title.NONE, frozenset({PersonRole.DATA_USER}), "01", active=True)
        _act(store, administrator, Kind.PERSON_SET, guest)
        store.passwords.set_name(_GUEST, "数据使用者")
    if final:
        granted = AccessGranted("demo", people.get(PersonRole.DATA_USER, _GUEST), final, "demonstration")
        _act(store, administrator, Kind.ACCESS_GRANTED, granted)


def _act(store: ServerStore, actor: str, kind: Kind, payload: PersonSet | AccessGranted) -> None:
    answer = store.act(new_intent(kind, None, actor, store.ledger.now, payload))
    if isinstance(answer, Refusal):
        raise answer.as_error()


def _records(case: str, units: list[tuple[UnitId, date]]) -> Iterator[ClinicalRecord]:
    days = sorted(day for _, day in units)
    yield ClinicalRecord("clinical", case, None, _ONCE)
    for kind, after, values in _AFTER_DAYS:
        yield ClinicalRecord(kind, case, (days[0] + timedelta(days=after)).isoformat(), values)
    for day in days[1:]:
        visit = {"event": "none", "vital_status": "alive", "next_due": (day + _NEXT_VISIT).isoformat()}
        yield ClinicalRecord("followup", case, day.isoformat(), visit)
