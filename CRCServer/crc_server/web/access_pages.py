"""Grants to data users: given for what a search finds, looked at, taken back."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from crc_core.errors import CrcError
from crc_core.identity import UnitId
from crc_core.vocabulary import PersonRole
from crc_core.workflow.events import Kind
from crc_core.workflow.gates import GRANTABLE
from crc_core.workflow.intents import Refusal, new_intent
from crc_core.workflow.payloads import AccessEnded, AccessGranted
from crc_core.workflow.store_view import GrantView
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from crc_server.models import TakenRow
from crc_server.search import find
from crc_server.web.page import Visit, page
from crc_server.web.search_pages import tree_in, usable

MOST_UNITS = 20_000
_TAKEN_SHOWN = 200


@dataclass(frozen=True)
class ShownGrant:
    """A grant, the name of who has it, and the cases it opens."""

    grant: GrantView
    name: str
    cases: tuple[str, ...]


@page
def grants(visit: Visit) -> HttpResponse:
    """The grants a person may see; with what was taken under them for who gives or manages them."""
    visit.require(PersonRole.ADMINISTRATOR, PersonRole.DATA_MANAGER, PersonRole.DATA_USER)
    known = visit.store.overview(visit.person.id).grants
    accounts = visit.store.passwords.accounts({grant.person for grant in known})
    shown = [ShownGrant(grant, accounts[grant.person].name, _cases(grant)) for grant in reversed(known)]
    audits = visit.has(PersonRole.ADMINISTRATOR, PersonRole.DATA_MANAGER)
    taken = TakenRow.objects.order_by("-at", "-pk")[:_TAKEN_SHOWN] if audits else []
    return visit.show("grants", grants=shown, taken=taken, may_end=visit.has(PersonRole.ADMINISTRATOR), audits=audits)


grants_page = require_GET(grants)


@page
def give(visit: Visit) -> HttpResponse:
    """A new grant of all finals that the conditions hold for now."""
    visit.require(PersonRole.ADMINISTRATOR)
    form = visit.request.POST
    found = find(visit.store.searchable(visit.person.id), usable(tree_in(form)))
    final = found.filter(phase__in=[phase.value for phase in GRANTABLE]).order_by("code")
    units = tuple(final.values_list("code", flat=True)[: MOST_UNITS + 1])
    if len(units) > MOST_UNITS:
        raise CrcError("access.too_many", most=MOST_UNITS)
    payload = AccessGranted(
        f"G-{secrets.token_hex(4)}",
        form.get("person", "")[:40],
        units,
        form.get("purpose", "").strip()[:500],
        _day(form),
    )
    _act(visit, Kind.ACCESS_GRANTED, payload)
    return redirect("/grants")


give_page = require_POST(give)


@page
def end(visit: Visit, grant: str) -> HttpResponse:
    """Take a grant back."""
    visit.require(PersonRole.ADMINISTRATOR)
    _act(visit, Kind.ACCESS_ENDED, AccessEnded(grant[:40], visit.request.POST.get("reason", "").strip()[:500]))
    return redirect("/grants")


end_page = require_POST(end)


def _day(form: Mapping[str, Any]) -> str | None:
    text = str(form.get("until", ""))[:10]
    try:
        return date.fromisoformat(text).isoformat() if text else None
    except ValueError as error:
        raise CrcError("access.no_day", text=text) from error


def _act(visit: Visit, kind: Kind, payload: AccessGranted | AccessEnded) -> None:
    answer = visit.store.act(new_intent(kind, None, visit.person.id, visit.store.ledger.now, payload))
    if isinstance(answer, Refusal):
        raise answer.as_error()


def _cases(grant: GrantView) -> tuple[str, ...]:
    return tuple(dict.fromkeys(UnitId.parse(unit).case for unit in grant.units))
