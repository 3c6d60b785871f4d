"""The job `sample_case`: a store of synthetic patients below this machine's own folder, with a case to read in it.

Each call answers the case that is open, or makes the next one: MRI beside the CT, a subtraction, a follow-up of the
first patient; then the same with other patients.
"""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from crc_core.desk.job_forms import SampleAsked, SampleMade
from crc_core.desk.job_running import Tell
from crc_core.errors import CrcError
from crc_core.files.atomic import naming
from crc_core.files.file_lock import locked
from crc_core.files.packaged import packaged_record
from crc_core.files.whole_folder import whole_folder
from crc_core.identity import UnitId
from crc_core.importing.admission import ImportRequest, import_study
from crc_core.importing.clinical import Clinical
from crc_core.phantom import Fault, Phantom, build_phantom, write_study
from crc_core.phantom.model import ColonSegment
from crc_core.phantom.plan import make_body
from crc_core.phantom.series import Kind as SeriesKind
from crc_core.reading.schema import FIRST_ROUND
from crc_core.store.clock import utc_now
from crc_core.store.folder import FolderStore
from crc_core.store.folder.founding import Newcomer, found_store
from crc_core.text import Lang, say
from crc_core.vocabulary import Mode, PersonRole, Target, Title
from crc_core.workflow.context import load_policy
from crc_core.workflow.events import Kind
from crc_core.workflow.intents import Refusal, new_intent
from crc_core.workflow.payloads import ReadingAssigned
from crc_core.workflow.views import SlotPhase

_ADMINISTRATOR = Newcomer("admin", "样例管理员 / Sample administrator", Title.NONE, PersonRole.ADMINISTRATOR)
_LEFT_OUT = (SeriesKind.THICK, SeriesKind.SHARP, SeriesKind.SOFT)
_SCRATCH = "making-"


@dataclass(frozen=True)
class _Chapter:
    """One examination of the cycle: a new patient's, or a later one of an earlier chapter's (`follows`)."""

    faults: tuple[Fault, ...]
    mode: Mode
    seed: int = 0
    is_rectal: bool = False
    follows: int | None = None
    treatment: str = "none"
    treated_days_before: int = 0


@dataclass(frozen=True)
class _SampleRules:
    """The data file `sample_case.json`; the PIN is no secret, since nothing in a sample store is anybody's."""

    version: str
    source: str
    reader: str
    senior_pin: str
    people: tuple[Newcomer, ...]
    chapters: tuple[_Chapter, ...]
    seed_step: int
    anal_verge_cm: Mapping[ColonSegment, int]


@cache
def _rules() -> _SampleRules:
    return packaged_record(_SampleRules, "sample_case.json")


def make_sample_case(asked: SampleAsked, tell: Tell) -> SampleMade:
    """Do the job; raises CrcError where the disk refuses or another program is at it."""
    folder = Path(asked.home) / "sample"
    with naming(folder):
        (folder / "keys").mkdir(parents=True, exist_ok=True)
    with locked(folder / "lock", wait=False, taken="desk.sample_in_progress"):
        for left in folder.glob(f"{_SCRATCH}*"):
            shutil.rmtree(left, ignore_errors=True)
        store = _store(folder / "store", asked.lang, tell)
        reader = _rules().reader
        units = _units_of(store, reader)
        waiting = next((unit for unit, phase in units if phase is not SlotPhase.SUBMITTED), None)
        if waiting is not None:
            return SampleMade(str(folder / "store"), reader, waiting, is_new=False)
        unit = _next_unit(store, folder, [unit for unit, _ in units], asked, tell)
        return SampleMade(str(folder / "store"), reader, unit, is_new=True)


def _store(root: Path, lang: Lang, tell: Tell) -> FolderStore:
    """The sample store, founded where it is not there yet, whole or not at all."""
    if not root.exists():
        tell(say("desk.sample.store", lang), 0, 0)
        with whole_folder(root) as part:
            policy = dataclasses.replace(load_policy(), version="workflow-1-sample", require_clearance=False)
            store = found_store(part, _ADMINISTRATOR, _rules().people, policy=policy)
            store.people.set_pin(_person(PersonRole.SENIOR), _rules().senior_pin)
    return FolderStore(root)


def _units_of(store: FolderStore, reader: str) -> list[tuple[str, SlotPhase]]:
    """The reader's units in the order in which they were made, with how far each is."""
    store.chain.refresh()
    found = []
    for unit in store.chain.units:
        slots = store.unit(UnitId.parse(unit), _person(PersonRole.DATA_MANAGER)).slots
        found += [(unit, slot.phase) for slot in slots if slot.reader == reader]
    return found


def _next_unit(store: FolderStore, folder: Path, made: list[str], asked: SampleAsked, tell: Tell) -> str:
    """Make the examination that comes after those that were made, take it in and give it to its readers."""
    chapters = _rules().chapters
    cycle, place = divmod(len(made), len(chapters))
    chapter = chapters[place]
    first = chapters[chapter.follows] if chapter.follows is not None else chapter
    seed = _seed(first, cycle)
    case = None
    if chapter.follows is not None:
        case = UnitId.parse(made[cycle * len(chapters) + chapter.follows]).case
    with tempfile.TemporaryDirectory(prefix=_SCRATCH, dir=folder, ignore_cleanup_errors=True) as scratch:
        dicom = Path(scratch) / "dicom"
        tell(say("desk.sample.patient", asked.lang), 0, 0)
        phantom = build_phantom(seed, size=asked.size, faults=chapter.faults, time_point=0 if case is None else 1)
        words = say("desk.sample.images", asked.lang)
        write_study(phantom, dicom, leave_out=_LEFT_OUT, on_progress=lambda done, total: tell(words, done, total))
        result = import_study(
            store,
            ImportRequest(
                folder=dicom,
                site=_ADMINISTRATOR.site,
                actor=_person(PersonRole.DATA_MANAGER),
                case=case,
                time_point=None if case is None else "T1",
                keys=folder / "keys" / "keys.jsonl",
                modes={Target.PRIMARY: chapter.mode},
                clinical=_clinical(phantom, chapter),
            ),
            utc_now,
            on_progress=lambda code, done, total: tell(say(code, asked.lang), done, total),
        )
    if result.unit is None or result.refused_items:
        raise CrcError("desk.sample_refused", items=", ".join(result.refused_items))
    _assign(store, str(result.unit))
    return str(result.unit)


def _assign(store: FolderStore, unit: str) -> None:
    """Give everybody who annotates their slot of a unit."""
    manager = _person(PersonRole.DATA_MANAGER)
    for reader in (person.person for person in _rules().people if person.role is PersonRole.ANNOTATOR):
        payload = ReadingAssigned(reader, FIRST_ROUND)
        answer = store.act(new_intent(Kind.READING_ASSIGNED, unit, manager, utc_now(), payload))
        if isinstance(answer, Refusal) and answer.code != "workflow.has_slot":
            raise answer.as_error()


def _person(role: PersonRole) -> str:
    return next(person.person for person in _rules().people if person.role is role)


def _seed(chapter: _Chapter, cycle: int) -> int:
    """The first seed from the chapter's on whose primary lies where the chapter wants it."""
    seed = chapter.seed + cycle * _rules().seed_step
    while make_body(seed, 1).segments[0].is_rectal is not chapter.is_rectal:
        seed += 1
    return seed


def _clinical(phantom: Phantom, chapter: _Chapter) -> Clinical:
    """What a clinician would write of the phantom: where the tumour is, by endoscopy, and the treatment."""
    segment = phantom.report_answers.segment
    examined = date.fromisoformat(phantom.patient.study_date)
    treated = {"treatment_since": examined - timedelta(days=chapter.treated_days_before)}
    return Clinical(
        {
            "primary_site": segment.value,
            "endoscopy_anal_verge_cm": str(_rules().anal_verge_cm[segment]),
            "endoscopy_shape": "ulcerating" if phantom.report_answers.growth_form == "ulcerating" else "mass",
            "endoscopy_stenosis": "no",
            "treatment": chapter.treatment,
        },
        treated if chapter.treated_days_before else {},
    )
