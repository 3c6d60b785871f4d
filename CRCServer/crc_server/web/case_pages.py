"""The page of a case: what happened when, what was found, its records and their versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crc_core.clinical.fields import record_kinds
from crc_core.clinical.values import show_value
from crc_core.errors import CrcError
from crc_core.identity import UnitId
from crc_core.text import Lang, say
from crc_core.vocabulary import PersonRole
from crc_core.workflow.events import Event
from crc_core.workflow.views import UnitView
from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from crc_server.api.base import unit_of
from crc_server.clinical import StoredRecord, records_of, restore_version
from crc_server.web.page import Visit, page
from crc_server.web.pictures import picture_of


@dataclass(frozen=True)
class Moment:
    """Something in the life of a case, on a (shifted) date."""

    date: str
    what: str
    detail: str


@dataclass(frozen=True)
class ShownRecord:
    """A version of a record in words."""

    record: StoredRecord
    label: str
    pairs: tuple[tuple[str, str], ...]


@page
def case(visit: Visit, code: str) -> HttpResponse:
    """Everything one may know of a case."""
    views = _views(visit, code)
    if not views:
        raise CrcError("server.not_found")
    knows_records = visit.store.searchable(visit.person.id).filter(case=code).exists()
    records = [_shown(item, visit.lang) for item in records_of(code, history=True)] if knows_records else []
    current = [item for item in records if item.record.is_current]
    return visit.show(
        "case",
        code=code,
        views=views,
        moments=_moments(views, current, visit.lang),
        due=_due(current),
        current=current,
        older=[item for item in records if not item.record.is_current],
        pictures={view.unit: _pictures(visit, view) for view in views},
        may_restore=visit.has(PersonRole.DATA_MANAGER) and knows_records,
        history=_history(visit, views),
    )


case_page = require_GET(case)


@page
def restore(visit: Visit, code: str) -> HttpResponse:
    """An earlier version of a record becomes the newest."""
    visit.require(PersonRole.DATA_MANAGER)
    if not visit.store.searchable(visit.person.id).filter(case=code).exists():
        raise CrcError("server.not_found")
    form = visit.request.POST
    version = form.get("version", "")
    if not (version.isascii() and version.isdigit() and len(version) < 8):
        raise CrcError("clinical.unknown_version", version=version[:8])
    kind = record_kinds().kind(form.get("kind", "")[:20])
    day, now = form.get("date", "")[:10] or None, visit.store.ledger.now
    restore_version(code, kind.id, day, int(version), visit.person.id, now)
    return redirect(f"/cases/{code}")


restore_page = require_POST(restore)


@page
def picture(visit: Visit, unit: str, target: str) -> HttpResponse:
    """The slice of a target with the final contour on it."""
    view = visit.store.unit(unit_of(unit), visit.person.id)
    path = picture_of(visit.store, view, target, visit.person.id)
    return FileResponse(path.open("rb"), content_type="image/png")


picture_page = require_GET(picture)


def _views(visit: Visit, code: str) -> list[UnitView]:
    views = []
    for unit in visit.store.chain.units_of_case(code):
        try:
            views.append(visit.store.unit(UnitId.parse(unit), visit.person.id))
        except CrcError:
            # A unit the person may not know of is not there for them.
            continue
    return views


def _shown(item: StoredRecord, lang: Lang) -> ShownRecord:
    kind = record_kinds().kind(item.kind)
    fields = [field for field in kind.fields if field.id in item.values]
    pairs = tuple((field.label(lang), show_value(field, item.values[field.id], lang)) for field in fields)
    return ShownRecord(item, kind.label(lang), pairs)


def _moments(views: list[UnitView], current: list[ShownRecord], lang: Lang) -> list[Moment]:
    """Examinations, treatment and follow-up in the order of time."""
    moments = [
        Moment(view.study_date, say("web.examination", lang), view.unit)
        for view in views
        if view.study_date is not None
    ]
    moments += [
        Moment(item.record.date, item.label, "; ".join(f"{name}: {text}" for name, text in item.pairs))
        for item in current
        if item.record.date is not None
    ]
    return sorted(moments, key=lambda moment: (moment.date, moment.what))


def _due(current: list[ShownRecord]) -> str | None:
    """When the next follow-up is due, as the latest one says."""
    dated = [item.record for item in current if item.record.kind == "followup" and item.record.date is not None]
    latest = max(dated, key=lambda record: str(record.date), default=None)
    value = None if latest is None else latest.values.get("next_due")
    return None if value is None else str(value)


def _pictures(visit: Visit, view: UnitView) -> list[str]:
    """The targets that the final draws, where the person may open it."""
    if not view.finals:
        return []
    sealed = visit.store.open_final(UnitId.parse(view.unit), visit.person.id)
    names = [name for name in sealed.manifest.files if name.startswith("masks/")]
    return [binding.target.value for binding in view.bindings if any(_is_of(name, binding) for name in names)]


def _is_of(name: str, binding: Any) -> bool:
    return name.endswith(f"{binding.series_code}_{binding.target.value}.nii.gz")


def _history(visit: Visit, views: list[UnitView]) -> list[Event]:
    """The events of the case, for auditors."""
    try:
        visit.store.require_auditor(visit.person.id)
    except CrcError:
        return []
    events = [event for view in views for event in visit.store.chain.of_unit(view.unit)]
    return sorted(events, key=lambda event: event.seq)
