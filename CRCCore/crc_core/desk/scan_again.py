"""The job `check_scan`: the scan check of a unit anew, on its images as they lie in the store, every item in words."""

from __future__ import annotations

from datetime import date

from crc_core.desk.job_forms import ScanAsked, ScanChecked, ScanItem, ScanSeries
from crc_core.desk.job_running import Tell
from crc_core.dicom.index import FolderIndex, index_folder
from crc_core.identity import UnitId
from crc_core.scan.check import SeriesCheck, StudyCheck, check_study
from crc_core.scan.item import CheckItem, worded
from crc_core.scan.select import choose_study
from crc_core.store.access import store_at
from crc_core.store.protocol import Store
from crc_core.text import Lang, say
from crc_core.vocabulary import Role, worst
from crc_core.workflow.payloads import SeriesRecord
from crc_core.workflow.views import UnitView


def check_scan(asked: ScanAsked, tell: Tell) -> ScanChecked:
    """Do the job; raises CrcError where the images cannot be read."""
    store, unit = store_at(asked.store, asked.access, asked.lang), UnitId.parse(asked.unit)
    view = store.unit(unit, asked.viewer)
    study, companions = choose_study(_index(store, view, asked, tell))
    result = check_study(
        study,
        companions=companions,
        treatment_dates=_treatments(view),
        on_progress=lambda done, total: tell(say("scan.progress.pixels", asked.lang), done, total),
    )
    return _told(result, view, asked.lang)


def _index(store: Store, view: UnitView, asked: ScanAsked, tell: Tell) -> FolderIndex:
    """All series of the unit as one folder's index."""
    words, total = say("scan.progress.files", asked.lang), sum(record.instances for record in view.series)
    found, done = [], 0
    for record in view.series:
        folder = store.open_image(UnitId.parse(view.unit), record.role, asked.viewer)[0].parent
        tell(words, done, total)
        found.append(index_folder(folder))
        done += record.instances
    instances = tuple(instance for index in found for instance in index.instances)
    return FolderIndex(found[0].folder.parent, instances, (), (), found[0].cache)


def _treatments(view: UnitView) -> list[date]:
    clinical = view.clinical or {}
    days = (view.treatment_since, clinical.get("treatment_until"), clinical.get("surgery_date"))
    return [date.fromisoformat(day) for day in days if day]


def _told(result: StudyCheck, view: UnitView, lang: Lang) -> ScanChecked:
    checks = {check.series.series_uid: check for check in result.series}
    found = [(record, checks[record.series_uid]) for record in view.series if record.series_uid in checks]
    items = [_item(item, lang, None) for item in result.items]
    items += [_item(item, lang, record.role) for record, check in found for item in check.items]
    return ScanChecked(
        verdict=worst([item.verdict for item in items]),
        series=tuple(_series(record, check) for record, check in found),
        items=tuple(items),
    )


def _series(record: SeriesRecord, check: SeriesCheck) -> ScanSeries:
    header = check.series.header
    description = header.series_description or header.protocol_name
    return ScanSeries(record.role, description, record.instances, check.verdict, record.thickness_mm)


def _item(item: CheckItem, lang: Lang, role: Role | None) -> ScanItem:
    return ScanItem(
        id=item.id if role is None else f"{role.value}.{item.id}",
        name=item.name(lang),
        verdict=item.verdict,
        seen=str(worded(item.seen, lang)),
        expected=str(worded(item.expected, lang)),
        sentence=item.message(lang),
        source=say(f"scan.source.{item.source.value}", lang),
        overrulable=item.overrulable,
        role=role,
    )
