"""The job `import_study`: an examination taken in, bound, and given to its reader."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from crc_core.desk.job_forms import ImportAsked, Imported, RefusedItem
from crc_core.desk.job_running import Tell, folder_store
from crc_core.identity import UnitId
from crc_core.importing.admission import ImportRequest, ImportResult, import_study
from crc_core.importing.refusals import refused_sentences
from crc_core.reading.schema import FIRST_ROUND
from crc_core.store.clock import utc_now
from crc_core.store.folder import FolderStore
from crc_core.text import say
from crc_core.workflow.events import Kind
from crc_core.workflow.intents import Refusal, new_intent
from crc_core.workflow.payloads import ReadingAssigned


def import_case(asked: ImportAsked, tell: Tell) -> Imported:
    """Do the job; raises CrcError where the examination may not enter, and nothing of it is in the store then."""
    store = folder_store(asked.store)
    own_site = next((person.site for person in store.persons() if person.id == asked.actor), "")
    request = ImportRequest(
        folder=Path(asked.folder),
        site=asked.site or own_site,
        actor=asked.actor,
        case=asked.case,
        time_point=asked.time_point,
        study_uid=asked.study_uid,
        overrules=asked.overrules,
        treatment_since=None if asked.treatment_since is None else date.fromisoformat(asked.treatment_since),
    )
    result = import_study(
        store, request, utc_now, on_progress=lambda code, done, total: tell(say(code, asked.lang), done, total)
    )
    unit = str(result.unit)
    is_assigned, why_not = (False, "") if result.refused_items else _assign(store, unit, asked)
    return Imported(
        unit=unit,
        verdict=result.scan.verdict,
        refused=_refused(result, asked),
        is_assigned=is_assigned,
        not_assigned=why_not,
        duplicates=tuple(
            say(f"import.tell.duplicate.{item.by}", asked.lang, role=item.role.value, unit=item.unit)
            for item in result.duplicates
        ),
        left_out=result.examination.left_out,
        unreadable=result.examination.unreadable,
    )


def _assign(store: FolderStore, unit: str, asked: ImportAsked) -> tuple[bool, str]:
    """Whether the reader has the slot, and why not."""
    if asked.reader is None:
        return False, ""
    if any(slot.reader == asked.reader for slot in store.unit(UnitId.parse(unit), asked.actor).slots):
        return True, ""
    payload = ReadingAssigned(asked.reader, FIRST_ROUND)
    answer = store.act(new_intent(Kind.READING_ASSIGNED, unit, asked.actor, utc_now(), payload))
    if isinstance(answer, Refusal):
        return False, answer.sentence(asked.lang)
    return True, ""


def _refused(result: ImportResult, asked: ImportAsked) -> tuple[RefusedItem, ...]:
    overrulable = {item.id: item.overrulable for item in result.scan.items}
    sentences = refused_sentences(result, asked.lang)
    return tuple(RefusedItem(name, sentence, overrulable[name]) for name, sentence in sentences.items())
