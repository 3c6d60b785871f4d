"""Work list, progress and agreement, audit, people, and tables of clinical records."""

from __future__ import annotations

from typing import Any

from crc_core.clinical.fields import record_kinds
from crc_core.clinical.table import ClinicalRecord, decoded, read_table
from crc_core.clinical.values import show_value
from crc_core.errors import CrcError
from crc_core.text import Lang
from crc_core.vocabulary import PersonRole, Title
from crc_core.workflow.events import Kind
from crc_core.workflow.intents import Refusal, new_intent
from crc_core.workflow.payloads import PersonSet
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods
from knox.models import AuthToken

from crc_server.api.search_views import known_cases
from crc_server.clinical import changes_of, check_records, put_records
from crc_server.web.page import Visit, page

_EVENTS_SHOWN = 100
_LINES_SHOWN = 100
_ROWS_SHOWN = 20
_MOST_TABLE_BYTES = 3 * 1024 * 1024


@page
def work(visit: Visit) -> HttpResponse:
    """What waits for the person, some lines at a time."""
    text = visit.request.GET.get("from", "")
    first = int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0
    items, more = visit.store.work_page(visit.person.id, first, _LINES_SHOWN)
    earlier = max(0, first - _LINES_SHOWN) if first else None
    return visit.show("work", items=items, earlier=earlier, later=first + _LINES_SHOWN if more else None)


work_page = require_GET(work)


@page
def progress(visit: Visit) -> HttpResponse:
    """How the work goes on, and how well readers agree."""
    numbers, waiting = visit.store.tally(visit.person.id)
    return visit.show(
        "progress",
        states=list(numbers.by_state.items()),
        total=sum(numbers.by_state.values()),
        sites=[(site, sum(counts.values()), counts) for site, counts in numbers.by_site.items()],
        readers=[(reader, list(slots.items())) for reader, slots in numbers.by_reader.items()],
        waiting=waiting,
        agreement=numbers.agreement,
    )


progress_page = require_GET(progress)


@page
def audit(visit: Visit) -> HttpResponse:
    """The chain, newest first, and its check."""
    visit.store.require_auditor(visit.person.id)
    last = visit.store.chain.next_seq - 1
    text = visit.request.GET.get("before", "")
    before = int(text) if text.isascii() and text.isdigit() and len(text) < 12 else last + 1
    first = max(0, min(before, last + 1) - 1 - _EVENTS_SHOWN)
    events = [event for event in visit.store.events_page(first, _EVENTS_SHOWN, visit.person.id) if event.seq < before]
    checked = visit.request.GET.get("check") == "1"
    values: dict[str, Any] = {"events": list(reversed(events)), "older": first + 1 if first else None, "last": last}
    if checked:
        values |= _checked(visit)
    return visit.show("audit", checked=checked, **values)


audit_page = require_GET(audit)


def _checked(visit: Visit) -> dict[str, Any]:
    try:
        return {"head": visit.store.check_chain(visit.person.id), "broken_case": check_records(), "broken": None}
    except CrcError as error:
        return {"broken": error.sentence(visit.lang)}


@sensitive_post_parameters()
@page
def people(visit: Visit) -> HttpResponse:
    """Everybody, and entering or changing one."""
    visit.require(PersonRole.ADMINISTRATOR)
    wrong, done = None, False
    if visit.request.method == "POST":
        try:
            _enter(visit)
            done = True
        except CrcError as error:
            wrong = error.sentence(visit.lang)
    known = visit.store.persons()
    accounts = visit.store.passwords.accounts(person.id for person in known)
    persons = [(person, accounts[person.id].name, accounts[person.id].has_password) for person in known]
    roles = [role for role in PersonRole if role is not PersonRole.SYSTEM]
    status = 422 if wrong else 200
    return visit.show("people", status=status, people=persons, roles=roles, titles=list(Title), wrong=wrong, done=done)


people_page = require_http_methods(["GET", "POST"])(people)


def _enter(visit: Visit) -> None:
    form = visit.request.POST
    chosen = frozenset(PersonRole(role) for role in form.getlist("role") if role in list(PersonRole))
    title = form.get("title", "")
    payload = PersonSet(
        form.get("person", "").strip()[:40],
        Title(title) if title in list(Title) else Title.NONE,
        chosen - {PersonRole.SYSTEM},
        form.get("site", "").strip()[:2],
        form.get("active") == "yes",
    )
    accounts, password = visit.store.passwords, form.get("password", "")
    accounts.check_id(payload.person)
    intent = new_intent(Kind.PERSON_SET, None, visit.person.id, visit.store.ledger.now, payload)
    outcome = visit.store.act(intent)
    if isinstance(outcome, Refusal):
        raise outcome.as_error()
    accounts.set_name(payload.person, form.get("name", "").strip() or payload.person)
    if password:
        accounts.set(payload.person, password)
        AuthToken.objects.filter(user__username=payload.person).delete()


@page
def tables(visit: Visit) -> HttpResponse:
    """Tables of clinical records: looked at first, every problem by row, then taken in whole."""
    visit.require(PersonRole.DATA_MANAGER)
    kinds = [(kind.id, kind.label(visit.lang)) for kind in record_kinds().records]
    if visit.request.method == "GET":
        return visit.show("tables", kinds=kinds)
    form, file = visit.request.POST, visit.request.FILES.get("file")
    kind = record_kinds().kind(form.get("kind", "")[:20])
    data = form.get("csv", "").encode("utf-8") if file is None else file.read(_MOST_TABLE_BYTES + 1)
    if len(data) > _MOST_TABLE_BYTES:
        raise CrcError("server.too_large", megabytes=_MOST_TABLE_BYTES // (1024 * 1024))
    table = read_table(data, kind, known_cases())
    is_taken = form.get("do") == "take" and not table.problems
    changed = put_records(table.records, visit.person.id, visit.store.ledger.now) if is_taken else 0
    problems = [(item.row, item.column, item.problem.sentence(visit.lang)) for item in table.problems]
    return visit.show(
        "tables",
        kinds=kinds,
        chosen=kind.id,
        table=table,
        problems=problems,
        taken=is_taken,
        changed=changed,
        csv=decoded(data),
        changes=changes_of(table.records),
        preview=[_preview(record, visit.lang) for record in table.records[:_ROWS_SHOWN]],
    )


tables_page = require_http_methods(["GET", "POST"])(tables)


def _preview(record: ClinicalRecord, lang: Lang) -> tuple[str, str, str]:
    """A row as it was understood: case, date, values in words and standard units."""
    fields = [field for field in record_kinds().kind(record.kind).fields if field.id in record.values]
    shown = [f"{field.label(lang)}: {show_value(field, record.values[field.id], lang)}" for field in fields]
    return record.case, record.date or "", "; ".join(shown)


@sensitive_post_parameters()
@page
def own_password(visit: Visit) -> HttpResponse:
    """One's own password."""
    if visit.request.method == "GET":
        return visit.show("password")
    form = visit.request.POST
    refusal = visit.store.passwords.check(visit.person.id, form.get("old"))
    if refusal is not None:
        return visit.show("password", status=422, wrong=refusal.sentence(visit.lang))
    try:
        visit.store.passwords.set(visit.person.id, form.get("new", ""))
    except CrcError as error:
        return visit.show("password", status=422, wrong=error.sentence(visit.lang))
    AuthToken.objects.filter(user__username=visit.person.id).delete()
    return redirect("/sign-in")


own_password_page = require_http_methods(["GET", "POST"])(own_password)
