"""Search, clinical records, statistics and audit over the API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crc_core.clinical.fields import record_kinds
from crc_core.clinical.table import read_table
from crc_core.errors import CrcError
from crc_core.files.records import to_document
from crc_core.vocabulary import PersonRole
from crc_core.workflow.gates import phases_known
from crc_core.workflow.listing import UnitLine
from rest_framework.request import Request
from rest_framework.response import Response

from crc_server.api.base import StoreView
from crc_server.api.describing import describe
from crc_server.api.people_views import require
from crc_server.api.problems import language
from crc_server.api.schemas import listed, schema_of
from crc_server.api.unit_views import number
from crc_server.clinical import StoredRecord, check_records, put_records, records_of, without_names
from crc_server.models import CaseRow
from crc_server.search import fields_for, found_page, read_group, require_fields

_MOST_FOUND = 500
_MOST_PROGRESS = 1000
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
        group, person = read_group(ask.where), self.store.ledger.context.person(self.person)
        if person is not None:
            require_fields(group, fields_for(person))
        rows, count = found_page(self.store.searchable(self.person), group, ask.offset, ask.limit)
        units = [FoundUnit(row.code, row.phase, row.site, row.study_date) for row in rows]
        return Response({"count": count, "units": [to_document(unit) for unit in units]})


class RecordsView(StoreView):
    """Clinical records of a case."""

    @describe("The clinical records of a case", answer=listed("records", StoredRecord))
    def get(self, request: Request, case: str) -> Response:
        """Every version, for who knows a unit of the case that they do not read; data users get what names nobody."""
        if not self.store.searchable(self.person).filter(case=case).exists():
            raise CrcError("server.not_found")
        person = self.store.ledger.context.person(self.person)
        records = records_of(case, history=True)
        if person is None or not phases_known(person):
            records = without_names(records)
        return Response({"records": [to_document(item) for item in records]})


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
        tally = self.store.counts(self.person)
        by_site = {site: {phase.value: n for phase, n in counts.items()} for site, counts in tally.by_site.items()}
        return Response({"by_state": {phase.value: n for phase, n in tally.by_state.items()}, "by_site": by_site})


class ProgressView(StoreView):
    """The progress of all units, line by line."""

    @describe("Units as lines of the progress", answer=listed("units", UnitLine), query=("after", "limit"))
    def get(self, request: Request) -> Response:
        """The lines behind the unit `after`, by code; `more` says whether others follow."""
        after = request.query_params.get("after", "")
        limit = number(request, "limit", _MOST_PROGRESS, _MOST_PROGRESS)
        page, more = self.store.unit_lines_page(self.person, after[:24].replace("\0", ""), max(limit, 1))
        lines = [to_document(line) for line in page.lines]
        return Response({"units": lines, "more": more, "shows_readers": page.shows_readers})


class AuditView(StoreView):
    """The check of everything that is chained."""

    @describe("Check every link of the chain", answer={"type": "object"})
    def get(self, request: Request) -> Response:
        """For auditors: whether it holds, up to which head."""
        store = self.store
        head = store.check_chain(self.person)
        return Response({"head": head, "events": store.chain.next_seq - 1, "records_broken_in": check_records()})


def known_cases() -> frozenset[str]:
    """The case codes that were given out."""
    return frozenset(CaseRow.objects.values_list("code", flat=True))
