"""What a demonstration shows beyond its readings: invented clinical records around the examinations of its cases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from types import MappingProxyType

from crc_core.clinical.table import ClinicalRecord
from crc_core.clinical.values import Value
from crc_core.identity import UnitId
from crc_core.vocabulary import PersonRole

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


def _records(case: str, units: list[tuple[UnitId, date]]) -> Iterator[ClinicalRecord]:
    days = sorted(day for _, day in units)
    yield ClinicalRecord("clinical", case, None, _ONCE)
    for kind, after, values in _AFTER_DAYS:
        yield ClinicalRecord(kind, case, (days[0] + timedelta(days=after)).isoformat(), values)
    for day in days[1:]:
        visit = {"event": "none", "vital_status": "alive", "next_due": (day + _NEXT_VISIT).isoformat()}
        yield ClinicalRecord("followup", case, day.isoformat(), visit)
