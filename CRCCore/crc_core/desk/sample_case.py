"""The job `sample_case`: a store of synthetic patients below this machine's own folder, with a case to read in it.

Each call answers a case that is open, or makes the next one: MRI beside the CT, a subtraction, a follow-up of the first
patient; then the same with other patients.
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
from crc_core.files.atomic import naming, write_bytes
from crc_core.files.canonical import canonical_bytes, read_document
from crc_core.files.file_lock import locked
from crc_core.files.packaged import packaged_record
from crc_core.files.records import from_document, to_document
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
from crc_core.workflow.views import Phase, SlotPhase

_ADMINISTRATOR = Newcomer("admin", "样例管理员 / Sample administrator", Title.NONE, PersonRole.ADMINISTRATOR)
_LEFT_OUT = (SeriesKind.THICK, SeriesKind.SHARP, SeriesKind.SOFT)
_SCRATCH = "making-"
_MADE_NAME, _MADE_SCHEMA = "made.json", "crc-samples/1"


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
class _Made:
    """A unit that was made, of which chapter and in which cycle."""

    chapter: int
    cycle: int
    unit: str


@dataclass(frozen=True)
class _MadeFile:
    """`made.json`, beside the sample store."""

    schema: str
    made: tuple[_Made, ...]


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
        maker = _Maker(folder, store, asked, tell)
        waiting = maker.waiting()
        unit = maker.next_unit() if waiting is None else waiting
        return SampleMade(str(folder / "store"), _rules().reader, unit, is_new=waiting is None)


def _store(root: Path, lang: Lang, tell: Tell) -> FolderStore:
    """The sample store, founded where it is not there yet, whole or not at all."""
    if not root.exists():
        tell(say("desk.sample.store", lang), 0, 0)
        with whole_folder(root) as part:
            policy = dataclasses.replace(load_policy(), version="workflow-1-sample", require_clearance=False)
            store = found_store(part, _ADMINISTRATOR, _rules().people, policy=policy)
            store.people.set_pin(_person(PersonRole.SENIOR), _rules().senior_pin)
    return FolderStore(root)


class _Maker:
    """Makes examinations of the cycle and knows which ones it has made."""

    def __init__(self, folder: Path, store: FolderStore, asked: SampleAsked, tell: Tell) -> None:
        self._folder = folder
        self._store = store
        self._asked = asked
        self._tell = tell
        self._made = _read_made(folder / _MADE_NAME)

    def waiting(self) -> str | None:
        """The unit made first that its reader still has to read, in the mode that is wanted."""
        for made in self._made:
            chapter = _rules().chapters[made.chapter]
            if self._asked.mode in (None, chapter.mode) and _is_open(self._store, made.unit):
                return made.unit
        return None

    def next_unit(self) -> str:
        """Make the chapter that was made least often, in the mode that is wanted."""
        chapters = _rules().chapters
        wanted = [n for n, chapter in enumerate(chapters) if self._asked.mode in (None, chapter.mode)]
        number = min(wanted, key=lambda n: (self._times(n), n))
        return self._make(number, self._times(number))

    def _times(self, number: int) -> int:
        return sum(made.chapter == number for made in self._made)

    def _make(self, number: int, cycle: int) -> str:
        chapter = _rules().chapters[number]
        first = chapter if chapter.follows is None else _rules().chapters[chapter.follows]
        case = None if chapter.follows is None else UnitId.parse(self._unit(chapter.follows, cycle)).case
        with tempfile.TemporaryDirectory(prefix=_SCRATCH, dir=self._folder, ignore_cleanup_errors=True) as scratch:
            dicom, lang = Path(scratch) / "dicom", self._asked.lang
            self._tell(say("desk.sample.patient", lang), 0, 0)
            phantom = build_phantom(
                _seed(first, cycle), size=self._asked.size, faults=chapter.faults, time_point=0 if case is None else 1
            )
            words = say("desk.sample.images", lang)
            write_study(phantom, dicom, leave_out=_LEFT_OUT, on_progress=lambda *step: self._tell(words, *step))
            unit = self._take_in(dicom, case, phantom, chapter)
        self._made = (*self._made, _Made(number, cycle, unit))
        _write_made(self._folder / _MADE_NAME, self._made)
        _assign(self._store, unit)
        return unit

    def _unit(self, number: int, cycle: int) -> str:
        """The unit of a chapter in a cycle, made now where it is not there yet."""
        found = (made.unit for made in self._made if (made.chapter, made.cycle) == (number, cycle))
        return next(found, None) or self._make(number, cycle)

    def _take_in(self, dicom: Path, case: str | None, phantom: Phantom, chapter: _Chapter) -> str:
        request = ImportRequest(
            folder=dicom,
            site=_ADMINISTRATOR.site,
            actor=_person(PersonRole.DATA_MANAGER),
            case=case,
            time_point=None if case is None else "T1",
            keys=self._folder / "keys" / "keys.jsonl",
            modes={Target.PRIMARY: chapter.mode},
            clinical=_clinical(phantom, chapter),
        )
        lang = self._asked.lang
        try:
            result = import_study(
                self._store, request, utc_now, on_progress=lambda code, *step: self._tell(say(code, lang), *step)
            )
        except CrcError as error:
            if error.code != "import.already_in":
                raise
            # An attempt before was ended between taking it in and writing that down.
            return str(error.values["unit"])
        if result.unit is None or result.refused_items:
            raise CrcError("desk.sample_refused", items=", ".join(result.refused_items))
        return str(result.unit)


def _is_open(store: FolderStore, unit: str) -> bool:
    """Whether the unit still waits for its reader, who gets the slot where an attempt before ended without it."""
    view = store.unit(UnitId.parse(unit), _person(PersonRole.DATA_MANAGER))
    if view.phase in (Phase.EXCLUDED, Phase.WITHDRAWN):
        return False
    own = [slot for slot in view.slots if slot.reader == _rules().reader]
    if not own:
        _assign(store, unit)
    return not own or any(slot.phase is not SlotPhase.SUBMITTED for slot in own)


def _read_made(path: Path) -> tuple[_Made, ...]:
    return from_document(_MadeFile, read_document(path, _MADE_SCHEMA), path).made if path.exists() else ()


def _write_made(path: Path, made: tuple[_Made, ...]) -> None:
    write_bytes(path, canonical_bytes(to_document(_MadeFile(_MADE_SCHEMA, made))))


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
