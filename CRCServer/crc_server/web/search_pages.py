"""The search page: conditions built by clicking, counted at once; and the table of what was found."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from crc_core.clinical.fields import record_kinds
from crc_core.clinical.values import show_value
from crc_core.errors import CrcError
from crc_core.text import Lang, catalogue, say
from crc_core.vocabulary import PersonRole
from crc_core.workflow.gates import may_search
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST

from crc_server.clinical import current_values
from crc_server.saved_searches import forget_search, keep_search, kept_search, saved_searches
from crc_server.search import (
    DEEPEST,
    Comparator,
    Condition,
    Group,
    Join,
    SearchField,
    fields_for,
    find,
    found_page,
    problem_of,
    search_fields,
)
from crc_server.taking import What, note_taken
from crc_server.web.page import Visit, page

_PAGE = 50
_MOST_EXPORTED = 20_000
_CASES_AT_ONCE = 500
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Node:
    """A part of the tree as the form shows it."""

    path: str
    group: Group | None
    condition: Condition | None
    children: tuple[Node, ...]
    comparators: tuple[Comparator, ...] = ()
    choices: tuple[tuple[str, str], ...] = ()
    kind: str = "text"
    problem: str = ""
    can_nest: bool = True


@page
def search(visit: Visit) -> HttpResponse:
    """The page; with htmx only the part that changes."""
    if not may_search(visit.person):
        raise CrcError("server.not_yours")
    form, fields = visit.request.POST, fields_for(visit.person)
    tree = _only(_changed(_kept(visit) or tree_in(form), form.get("do", "")), fields)
    shown, count, more = _found(visit, tree, _offset(form))
    values: dict[str, Any] = {
        "node": _node(tree, "0", visit.lang),
        "fields": [(field.id, field.label(visit.lang)) for field in fields.values()],
        "saved": saved_searches(visit.person.id),
        "users": _data_users(visit),
        "units": shown,
        "count": count,
        "offset": _offset(form),
        "next": _offset(form) + _PAGE if more else None,
        "previous": max(0, _offset(form) - _PAGE) if _offset(form) else None,
    }
    is_part = visit.request.headers.get("HX-Request") == "true"
    return visit.show("search_part" if is_part else "search", **values)


search_page = require_http_methods(["GET", "POST"])(search)


@page
def export(visit: Visit) -> HttpResponse:
    """What was found, with the current clinical values, as a CSV table to take away."""
    if not may_search(visit.person):
        raise CrcError("server.not_yours")
    allowed = fields_for(visit.person)
    tree = usable(_only(tree_in(visit.request.POST), allowed))
    units = find(visit.store.searchable(visit.person.id), tree).order_by("code")[:_MOST_EXPORTED]
    fields = [field for kind in record_kinds().records for field in kind.fields if field.id in allowed]
    note_taken(visit.person.id, What.TABLE, visit.store.ledger.now, count=len(units))
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="units.csv"'
    answer.write("\ufeff")
    table = csv.writer(answer)
    heads = [say(f"search.field.{name}", visit.lang) for name in ("code", "phase", "site", "study_date")]
    table.writerow([*heads, *(field.label(visit.lang) for field in fields)])
    rows = list(units)
    for first in range(0, len(rows), _CASES_AT_ONCE):
        some = rows[first : first + _CASES_AT_ONCE]
        values = current_values({row.case for row in some})
        for row in some:
            known = values.get(row.case, {})
            shown = [show_value(field, known[field.id], visit.lang) if field.id in known else "" for field in fields]
            phase = say(f"phase.{row.phase}", visit.lang)
            table.writerow([_harmless(cell) for cell in (row.code, phase, row.site, row.study_date or "", *shown)])
    return answer


export_page = require_POST(export)


@page
def save(visit: Visit) -> HttpResponse:
    """Keep the conditions under a name, in place of others of that name; or forget them."""
    if not may_search(visit.person):
        raise CrcError("server.not_yours")
    form = visit.request.POST
    name = " ".join(form.get("name", "").split())[:80]
    if form.get("do") == "forget":
        forget_search(visit.person.id, name)
        return redirect("/search")
    keep_search(visit.person.id, name, _only(tree_in(form), fields_for(visit.person)), visit.store.ledger.now)
    return redirect(f"/search?{urlencode({'saved': name})}")


save_page = require_POST(save)


def _kept(visit: Visit) -> Group | None:
    """The kept search that the address names; None where it names none."""
    name = visit.request.GET.get("saved")
    return None if name is None or visit.request.method != "GET" else kept_search(visit.person.id, name)


def _only(group: Group, fields: Mapping[str, SearchField]) -> Group:
    """The tree without conditions on fields the person may not search by."""
    parts = [_only(part, fields) if isinstance(part, Group) else part for part in group.parts]
    return replace(group, parts=tuple(part for part in parts if isinstance(part, Group) or part.field in fields))


def _data_users(visit: Visit) -> list[tuple[str, str]]:
    """To whom an administrator can grant what was found."""
    if not visit.has(PersonRole.ADMINISTRATOR):
        return []
    people = [item for item in visit.store.persons() if item.active and PersonRole.DATA_USER in item.roles]
    accounts = visit.store.passwords.accounts(item.id for item in people)
    return [(item.id, accounts[item.id].name) for item in people]


def _harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) and not cell.lstrip("+-").replace(".", "").isdigit() else cell


def _offset(form: Mapping[str, Any]) -> int:
    text = str(form.get("offset", "0"))
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0


def tree_in(form: Mapping[str, Any]) -> Group:
    """The tree in the form; one that holds for everything where there is none."""
    if "n0.join" not in form:
        return Group(Join.ALL)
    return _group(form, "0", 0)


def _group(form: Mapping[str, Any], path: str, depth: int) -> Group:
    join = form.get(f"n{path}.join")
    parts: list[Condition | Group] = []
    number = 0
    while depth < DEEPEST:
        inner = f"{path}.{number}"
        if f"n{inner}.join" in form:
            parts.append(_group(form, inner, depth + 1))
        elif f"n{inner}.field" in form:
            parts.append(_condition(form, inner))
        else:
            break
        number += 1
    return Group(Join(join) if join in list(Join) else Join.ALL, tuple(parts))


def _condition(form: Mapping[str, Any], path: str) -> Condition:
    field = search_fields().get(str(form.get(f"n{path}.field")), search_fields()["phase"])
    comparator = form.get(f"n{path}.is")
    known = Comparator(comparator) if comparator in list(Comparator) else field.comparators[0]
    value = str(form.get(f"n{path}.value", ""))[:200].replace("\0", "")
    return Condition(field.id, known if known in field.comparators else field.comparators[0], value)


def _changed(tree: Group, do: str) -> Group:
    """The tree after a button: `add:`, `group:` or `remove:` with the path of a node."""
    action, _, path = do.partition(":")
    steps = [int(step) for step in path.split(".")[1:] if step.isdigit()] if path.startswith("0") else []
    if action == "add":
        return _at(tree, steps, lambda group: replace(group, parts=(*group.parts, Condition("phase", Comparator.IS))))
    if action == "group":
        new = Group(Join.ANY, (Condition("phase", Comparator.IS),))
        return _at(tree, steps, lambda group: replace(group, parts=(*group.parts, new)))
    if action == "remove" and steps:
        last = steps[-1]
        return _at(tree, steps[:-1], lambda group: replace(group, parts=group.parts[:last] + group.parts[last + 1 :]))
    return tree


def _at(group: Group, steps: list[int], change: Any) -> Group:
    if not steps:
        changed: Group = change(group)
        return changed
    parts = list(group.parts)
    if steps[0] < len(parts) and isinstance(inner := parts[steps[0]], Group):
        parts[steps[0]] = _at(inner, steps[1:], change)
    return replace(group, parts=tuple(parts))


def usable(group: Group) -> Group:
    """The tree without conditions that are not finished yet; they are marked in the form."""
    kept = [
        usable(part) if isinstance(part, Group) else part
        for part in group.parts
        if isinstance(part, Group) or problem_of(part) is None
    ]
    return replace(group, parts=tuple(part for part in kept if not (isinstance(part, Group) and not part.parts)))


def _found(visit: Visit, tree: Group, offset: int) -> tuple[list[Any], int, bool]:
    units, count = found_page(visit.store.searchable(visit.person.id), usable(tree), offset, _PAGE)
    return units, count, offset + _PAGE < count


def _node(part: Condition | Group, path: str, lang: Lang, depth: int = 0) -> Node:
    if isinstance(part, Group):
        children = tuple(_node(inner, f"{path}.{n}", lang, depth + 1) for n, inner in enumerate(part.parts))
        return Node(path, part, None, children, can_nest=depth < DEEPEST - 1)
    field = search_fields()[part.field]
    problem = problem_of(part)
    return Node(
        path,
        None,
        part,
        (),
        comparators=field.comparators,
        choices=tuple((choice, _choice(field.id, choice, lang)) for choice in field.choices),
        kind={"date": "date"}.get(field.kind.value, "text"),
        problem="" if problem is None or not part.value else problem.sentence(lang),
    )


def _choice(field: str, choice: str, lang: Lang) -> str:
    code = f"phase.{choice}" if field == "phase" else f"clinical.choice.{choice}"
    return say(code, lang) if code in catalogue(lang) else choice
