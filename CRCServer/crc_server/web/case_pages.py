"""The page of a case: what happened when, what was found, its records, their versions, and how it was at a moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from crc_core.clinical.fields import record_kinds
from crc_core.clinical.values import show_value
from crc_core.errors import CrcError
from crc_core.identity import UnitId
from crc_core.store.looking_back import unit_at
from crc_core.text import Lang, say
from crc_core.vocabulary import PersonRole
from crc_core.workflow.events import Event, Kind
from crc_core.workflow.gates import phases_known
from crc_core.workflow.intents import Refusal
from crc_core.workflow.views import UnitView
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from crc_server.api.base import unit_of
from crc_server.clinical import StoredRecord, records_of, restore_version, without_names
from crc_server.going_back import Wish, restore_final
from crc_server.leaving_out import by_grant_alone
from crc_server.reports import PAGE_POLICY, report_page
from crc_server.taking import What, archive_of, note_taken
from crc_server.web.page import Visit, page
from crc_server.web.pictures import picture_of


@dataclass(frozen=True)
class Moment:
    """Something in the life of a case on a (shifted) date, and how many days after its first examination."""

    date: str
    what: str
    detail: str
    day: int | None = None
    is_due: bool = False


@dataclass(frozen=True)
class ShownRecord:
    """A version of a record in words."""

    record: StoredRecord
    label: str
    pairs: tuple[tuple[str, str], ...]

    @property
    def words(self) -> str:
        """All of it in one line."""
        return "; ".join(f"{name}: {text}" for name, text in self.pairs)


@page
def case(visit: Visit, code: str) -> HttpResponse:
    """Everything one may know of a case, now or as it was at a moment."""
    moment = _asked_moment(visit)
    views = _views(visit, code, moment)
    if not views:
        raise CrcError("server.not_found" if moment is None or not _views(visit, code, None) else "access.nothing_then")
    records = _records(visit, code, moment)
    current = [item for item in records if item.record.is_current]
    return visit.show(
        "case",
        code=code,
        views=views,
        at=moment,
        moments=_moments(views, current, visit.lang),
        current=current,
        older=[item for item in records if not item.record.is_current],
        pictures={} if moment else {view.unit: _pictures(visit, view) for view in views},
        may_restore=moment is None and visit.has(PersonRole.DATA_MANAGER),
        signs={view.unit for view in views if Kind.FINAL_STORED in view.may},
        history=_history(visit, views),
    )


case_page = require_GET(case)


def _asked_moment(visit: Visit) -> datetime | None:
    """The moment in the address, UTC where it names no zone; raises CrcError for one that is none."""
    text = visit.request.GET.get("at", "")
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text[:40])
    except ValueError as error:
        raise CrcError("access.no_moment", text=text[:40]) from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _records(visit: Visit, code: str, moment: datetime | None) -> list[ShownRecord]:
    if not visit.store.searchable(visit.person.id).filter(case=code).exists():
        return []
    found = records_of(code, history=moment is None, moment=moment)
    if not phases_known(visit.person):
        found = without_names(found)
    return [_shown(item, visit.lang) for item in found]


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


@sensitive_post_parameters("secret")
@page
def final_restore(visit: Visit, unit: str) -> HttpResponse:
    """An earlier final becomes the one in force, signed anew."""
    form, code = visit.request.POST, unit_of(unit)
    wish = Wish(form.get("final", "")[:64], form.get("reason", "")[:500], form.get("secret", ""))
    answer = restore_final(visit.store, code, visit.person.id, wish)
    if isinstance(answer, Refusal):
        raise answer.as_error()
    return redirect(f"/cases/{code.case}")


final_restore_page = require_POST(final_restore)


@page
def picture(visit: Visit, unit: str, target: str) -> HttpResponseBase:
    """The slice of a target with the final contour on it."""
    view = visit.store.unit(unit_of(unit), visit.person.id)
    path = picture_of(visit.store, view, target, visit.person.id)
    return FileResponse(path.open("rb"), content_type="image/png")


picture_page = require_GET(picture)


@page
def report(visit: Visit, unit: str) -> HttpResponse:
    """The structured report of a final, as it is printed."""
    wanted = visit.request.GET.get("final") or None
    sealed = visit.store.open_final(unit_of(unit), visit.person.id, wanted)
    page_bytes = report_page(sealed, visit.lang, with_words=not by_grant_alone(visit.person))
    answer = HttpResponse(page_bytes, content_type="text/html; charset=utf-8")
    answer["Content-Security-Policy"] = PAGE_POLICY
    return answer


report_page_of_final = require_GET(report)


@page
def archive(visit: Visit, unit: str) -> HttpResponseBase:
    """The final in force with report and images, to take away."""
    code = unit_of(unit)
    pieces = archive_of(visit.store, code, visit.person.id, visit.lang)
    note_taken(visit.person.id, What.ARCHIVE, visit.store.ledger.now, str(code))
    answer = StreamingHttpResponse(pieces, content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="{code}.zip"'
    return answer


archive_page = require_GET(archive)


def _views(visit: Visit, code: str, moment: datetime | None) -> list[UnitView]:
    views = []
    for name in visit.store.chain.units_of_case(code):
        unit = UnitId.parse(name)
        try:
            if moment is None:
                views.append(visit.store.unit(unit, visit.person.id))
            else:
                views.append(unit_at(visit.store, unit, visit.person.id, moment))
        except CrcError:
            # A unit the person may not know of, or not of that moment, is not there for them.
            continue
    return views


def _shown(item: StoredRecord, lang: Lang) -> ShownRecord:
    kind = record_kinds().kind(item.kind)
    fields = [field for field in kind.fields if field.id in item.values]
    pairs = tuple((field.label(lang), show_value(field, item.values[field.id], lang)) for field in fields)
    return ShownRecord(item, kind.label(lang), pairs)


def _moments(views: list[UnitView], current: list[ShownRecord], lang: Lang) -> list[Moment]:
    """Examinations, treatment and follow-up in the order of time, and the visit that is due after all of them."""
    examinations = sorted(view.study_date for view in views if view.study_date is not None)
    first = examinations[0] if examinations else None
    moments = [
        Moment(view.study_date, say("web.examination", lang), view.unit, _days(first, view.study_date))
        for view in views
        if view.study_date is not None
    ]
    moments += [
        Moment(
            item.record.date,
            item.label,
            "; ".join(f"{n}: {text}" for n, text in item.pairs),
            _days(first, item.record.date),
        )
        for item in current
        if item.record.date is not None
    ]
    moments.sort(key=lambda moment: (moment.date, moment.what))
    due = _due(current)
    if due is not None and all(moment.date < due for moment in moments):
        moments.append(Moment(due, say("web.due", lang), "", _days(first, due), is_due=True))
    return moments


def _days(first: str | None, day: str) -> int | None:
    return None if first is None else (date.fromisoformat(day) - date.fromisoformat(first)).days


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
