"""Search, clinical records, statistics and audit over the API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crc_core.clinical.fields import record_kinds
from crc_core.clinical.table import read_table
from crc_core.errors import CrcError
from crc_core.files.records import to_document
from crc_core.quality.progress import progress_of
from crc_core.vocabulary import PersonRole
from crc_core.workflow.events import check_chain
from rest_framework.request import Request
from rest_framework.response import Response

from crc_server.api.base import StoreView
from crc_server.api.describing import describe
from crc_server.api.people_views import require
from crc_server.api.problems import language
from crc_server.api.schemas import listed, schema_of
from crc_server.clinical import StoredRecord, check_records, put_records, records_of
from crc_server.models import CaseRow
from crc_server.search import find, read_group

_MOST_FOUND = 500
_MOST_TABLE_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class AskSearch:
    """A tree of conditions and which of the units found to show."""

    where: Any
    offset: int = 0
    limit: int = 100


@dataclass(frozen=True)
class FoundUnit:
    """A unit that was found."""

    unit: str
    phase: str
    site: str
    study_date: str | None


class SearchView(StoreView):
    """Search."""

    @describe("Search units", body=schema_of(AskSearch), answer=listed("units", FoundUnit))
    def post(self, request: Request) -> Response:
        """How many units the conditions hold for, among those the person may know, and some of them."""
        ask = self.body(AskSearch)
        if not (0 <= ask.offset <= 10**7 and 1 <= ask.limit <= _MOST_FOUND):
            raise CrcError("server.bad_number", name="limit", most=_MOST_FOUND)
        found = find(self.store.searchable(self.person), read_group(ask.where)).order_by("code")
        rows = found[ask.offset : ask.offset + ask.limit]
        units = [FoundUnit(row.code, row.phase, row.site, row.study_date) for row in rows]
        return Response({"count": found.count(), "units": [to_document(unit) for unit in units]})


class RecordsView(StoreView):
    """Clinical records of a case."""

    @describe("The clinical records of a case", answer=listed("records", StoredRecord))
    def get(self, request: Request, case: str) -> Response:
        """Every version, for who knows a unit of the case that they do not read."""
        if not self.store.searchable(self.person).filter(case=case).exists():
            raise CrcError("server.not_found")
        return Response({"records": [to_document(item) for item in records_of(case, history=True)]})


class RecordTableView(StoreView):
    """Tables of clinical records."""

    @describe(
        "Take a CSV table of records in, all of it or nothing", body={"type": "object"}, answer={"type": "object"}
    )
    def post(self, request: Request, kind: str) -> Response:
        """`{"csv", "preview"}`: every problem by row; nothing is taken in with a problem or as a preview."""
        store = self.store
        person = require(store.ledger.context.person(self.person), PersonRole.DATA_MANAGER)
        ask = self.body(AskTable)
        table = read_table(ask.csv.encode("utf-8"), record_kinds().kind(kind), known_cases())
        lang = language(request)
        problems = [
            {"row": item.row, "column": item.column, "message": item.problem.sentence(lang)} for item in table.problems
        ]
        is_taken = not (ask.preview or problems)
        changed = put_records(table.records, person.id, store.ledger.now) if is_taken else 0
        return Response({"rows": table.rows, "problems": problems, "taken": is_taken, "changed": changed})


@dataclass(frozen=True)
class AskTable:
    """A CSV table; `preview` only looks."""

    csv: str
    preview: bool = False


class StatisticsView(StoreView):
    """Numbers."""

    @describe("Units by state and site, as I may know them", answer={"type": "object"})
    def get(self, request: Request) -> Response:
        """Counts over the units the person may know."""
        progress = progress_of(self.store, self.person, self.store.ledger.now)
        by_site = {site: {phase.value: n for phase, n in counts.items()} for site, counts in progress.by_site().items()}
        return Response({"by_state": {phase.value: n for phase, n in progress.by_state().items()}, "by_site": by_site})


class AuditView(StoreView):
    """The check of everything that is chained."""

    @describe("Check every link of the chain", answer={"type": "object"})
    def get(self, request: Request) -> Response:
        """For auditors: whether it holds, up to which head."""
        store = self.store
        store.require_auditor(self.person)
        head = check_chain(store.chain.since(0))
        return Response({"head": head, "events": store.chain.next_seq - 1, "records_broken_in": check_records()})


def known_cases() -> frozenset[str]:
    """The case codes that were given out."""
    return frozenset(CaseRow.objects.values_list("code", flat=True))
