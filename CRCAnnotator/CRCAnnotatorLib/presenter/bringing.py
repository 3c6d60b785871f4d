"""New cases: a study taken in from DICOM, or the synthetic one, each in a process aside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from crc_core.desk.job_forms import ImportAsked, Imported, SampleAsked, SampleMade, StudiesAsked, StudiesFound
from crc_core.errors import CrcError
from crc_core.files.records import from_document, to_document
from crc_core.identity import UnitId
from crc_core.text import Lang, say

from CRCAnnotatorLib.presenter.acting import open_store_of
from CRCAnnotatorLib.presenter.hub import Hub
from CRCAnnotatorLib.presenter.people import Colleague
from CRCAnnotatorLib.presenter.ports import Choice
from CRCAnnotatorLib.presenter.running import Running, tell
from CRCAnnotatorLib.presenter.state import Level

_LATER = "later"
_FOLLOW_UP = "follow_up"
_TREATED, _UNTREATED = "treated", "untreated"
_SAMPLE, _STUDY, _LIST = "sample_case", "import_study", "list_studies"
_SEVERAL = ("import.several_studies", "import.several_patients")


class Bringing:
    """Brings new cases into a store; `made` is told of a sample case, `taken_in` of the unit of a study."""

    def __init__(self, hub: Hub, running: Running) -> None:
        self._hub, self._running = hub, running
        self._names: dict[str, str] = {}
        self.made: Callable[[SampleMade], None] = lambda made: None
        self.taken_in: Callable[[str], None] = lambda unit: None

    def sample(self) -> None:
        """Make the synthetic study in a store of its own on this machine."""
        if self._running.refuse():
            return
        asked = SampleAsked(str(self._hub.kit.home), self._hub.lang)
        self._run(_SAMPLE, "annotator.bringing.sample", asked, SampleMade, self.made)

    def study(self, folder: Path, manager: Colleague | None, readers: Sequence[Colleague]) -> None:
        """Take the examination in a folder into the store, as a data manager who says who is to read it."""
        if self._running.refuse():
            return
        if manager is None or not manager.imports or self._hub.store is None:
            self._hub.tell(CrcError("store.managers_only", person=self._hub.reader))
            return
        try:
            place = self._hub.store.info().place
        except CrcError as error:
            self._hub.tell(error)
            return
        self._names = {item.id: item.name for item in readers}
        reader = self._reader(manager, readers)
        if reader is not None:
            to_read = None if reader == _LATER else reader
            self._take_in(ImportAsked(place, str(folder), manager.id, self._hub.lang, to_read, manager.site))

    def _reader(self, manager: Colleague, readers: Sequence[Colleague]) -> str | None:
        """Who is to read the case; oneself is offered first. None where the person thinks better of it."""
        own_first = sorted(readers, key=lambda item: item.id != manager.id)
        choices = [Choice(item.id, item.row(self._hub.lang).words) for item in own_first]
        choices.append(Choice(_LATER, self._hub.say("annotator.answer.assign_later")))
        title, words = self._hub.say("annotator.ask.assign"), self._hub.say("annotator.ask.assign_words")
        return self._hub.kit.ask.pick(title, words, choices)

    def _take_in(self, asked: ImportAsked) -> None:
        self._run(
            _STUDY,
            "annotator.bringing.study",
            asked,
            Imported,
            lambda done: self._imported(asked, done),
            lambda error: self._not_taken(asked, error),
        )

    def _not_taken(self, asked: ImportAsked, error: Exception) -> None:
        """Why nothing came in; what a person can decide at once is asked instead of told."""
        if not isinstance(error, CrcError):
            return
        if error.code in _SEVERAL and asked.study_uid is None:
            self._hub.clear_message()
            code = error.code.removeprefix("import.")
            listed = StudiesAsked(asked.folder, asked.lang)
            self._run(_LIST, "annotator.bringing.study", listed, StudiesFound, lambda it: self._which(asked, it, code))
        elif error.code == "import.patient_known" and asked.case is None and "case" in error.values:
            self._hub.clear_message()
            self._follow_up(asked, str(error.values["case"]))
        elif error.code == "import.treated_after":
            self._hub.clear_message()
            self._treated_on(asked, error.sentence(self._hub.lang))

    def _which(self, asked: ImportAsked, found: StudiesFound, code: str) -> None:
        """Several examinations lie in the folder: a person says which one is meant."""
        choices = [Choice(study.study_uid, study.words) for study in found.studies]
        title, words = self._hub.say("annotator.ask.which_study"), self._hub.say(f"annotator.ask.{code}")
        study = self._hub.kit.ask.pick(title, words, choices)
        if study is not None:
            self._take_in(replace(asked, study_uid=study))

    def _follow_up(self, asked: ImportAsked, case: str) -> None:
        """The patient has a case already: a person says whether the examination joins it."""
        time_point = self._next_time_point(case)
        words = self._hub.say("annotator.ask.follow_up", case=case, time_point=time_point)
        choices = [Choice(code, self._hub.say(f"annotator.answer.{code}")) for code in (_FOLLOW_UP, "cancel")]
        if self._hub.kit.ask.choose(self._hub.say("annotator.ask.known_patient"), words, choices) == _FOLLOW_UP:
            self._treated(replace(asked, case=case, time_point=time_point))

    def _treated(self, asked: ImportAsked) -> None:
        """A follow-up: a person says whether there was treatment since the examination before."""
        choices = [Choice(code, self._hub.say(f"annotator.answer.{code}")) for code in (_TREATED, _UNTREATED, "cancel")]
        title, words = self._hub.say("annotator.ask.treated_title"), self._hub.say("annotator.ask.treated")
        answer = self._hub.kit.ask.choose(title, words, choices)
        if answer == _TREATED:
            self._treated_on(asked, self._hub.say("annotator.ask.treated_day"))
        elif answer == _UNTREATED:
            self._take_in(asked)

    def _treated_on(self, asked: ImportAsked, words: str) -> None:
        """On which day treatment began; asked again with what was wrong about a day."""
        today = self._hub.kit.clock.now().astimezone().date()
        given = None if asked.treatment_since is None else date.fromisoformat(asked.treatment_since)
        day = self._hub.kit.ask.day(self._hub.say("annotator.ask.treated_title"), words, given or today, latest=today)
        if day is not None:
            self._take_in(replace(asked, treatment_since=day.isoformat()))

    def _next_time_point(self, case: str) -> str:
        """The time point after the ones that are known of a case."""
        try:
            units = [UnitId.parse(item.unit) for item in open_store_of(self._hub).work_list(self._hub.reader)]
        except CrcError:
            units = []
        return f"T{max((int(unit.time_point[1:]) for unit in units if unit.case == case), default=0) + 1}"

    def _imported(self, asked: ImportAsked, imported: Imported) -> None:
        self.taken_in(imported.unit)
        fixed = [item for item in imported.refused if not item.overrulable]
        if fixed:
            self._hub.message(Level.ERROR, self._hub.say("annotator.bringing.unfit", words=fixed[0].sentence))
        elif imported.refused:
            self._overrule(asked, imported)
        else:
            self._hub.message(*self._told(asked, imported))

    def _overrule(self, asked: ImportAsked, imported: Imported) -> None:
        """The scan fell short where a person may overrule it: ask for the reasons, and go on with them."""
        reasons: dict[str, str] = {}
        for item in imported.refused:
            reason = self._hub.kit.ask.text(self._hub.say("annotator.ask.accept"), item.sentence)
            if reason is None or not reason.strip():
                self._hub.note(Level.WARNING, "annotator.bringing.waits", unit=imported.unit)
                return
            reasons[item.id] = reason.strip()
        self._take_in(replace(asked, overrules=reasons))

    def _told(self, asked: ImportAsked, imported: Imported) -> tuple[Level, str]:
        """What became of the examination, with everything that is to be known of it."""
        code = "annotator.bringing.assigned" if imported.is_assigned else "annotator.bringing.imported"
        words = [self._hub.say(code, unit=imported.unit, reader=self._names.get(asked.reader or "", ""))]
        words += [imported.not_assigned] if imported.not_assigned else []
        words += imported.duplicates
        if imported.unreadable:
            words.append(self._hub.say("annotator.bringing.unreadable", count=imported.unreadable))
        loud = bool(imported.not_assigned or imported.duplicates or imported.unreadable)
        return Level.WARNING if loud else Level.INFO, ("" if self._hub.lang is Lang.ZH else " ").join(words)

    def _run(
        self,
        job: str,
        code: str,
        asked: Any,
        form: type,
        done: Callable[[Any], None],
        failed: Callable[[Exception], None] | None = None,
    ) -> None:
        def take(answer: Mapping[str, Any]) -> None:
            try:
                read: Any = from_document(form, dict(answer), Path(job))
            except CrcError as error:
                tell(self._hub, error)
                return
            done(read)

        self._running.process(lambda lang: say(code, lang), job, to_document(asked), take, failed)
