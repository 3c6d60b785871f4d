"""Readers with known habits at work on small cases with a known truth, in a store with a clock the test moves."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from crc_core.decision.choices import Choices
from crc_core.decision.finals import FieldRuling
from crc_core.errors import CrcError
from crc_core.geometry.grid import Grid, Volume
from crc_core.identity import UnitId, mask_name
from crc_core.quality.case import open_case as open_case_of
from crc_core.quality.case import sign_case
from crc_core.reading.final import Take
from crc_core.reading.schema import (
    PROVENANCE_SCHEMA,
    READING_SCHEMA,
    LesionRecord,
    Provenance,
    Reading,
    SourceRecord,
    TargetReading,
)
from crc_core.reading.seal import ReadingDraft, seal_reading
from crc_core.report.document import Lesion, new_report
from crc_core.report.editing import answer
from crc_core.report.merge import Choice
from crc_core.store.protocol import PreparedUnit, Store
from crc_core.vocabulary import LesionClass, Mode, Role, Target, TargetAnswer
from crc_core.workflow import payloads as p
from crc_core.workflow.events import Kind
from crc_core.workflow.intents import new_intent
from store_support import (
    PIN,
    SCAN_PASSED,
    START,
    StudySource,
    accepted,
    admit,
    grid_of,
    must,
    write_study,
)

Box = tuple[int, int, int, int, int]
"""First k, j and i, and the extent along j and i; every lesion is two slices high."""

STAGES = ("t1", "t2", "t3", "t4a")
SEGMENTS = ("sigmoid", "descending", "caecum", "rectum_upper")
ACTIVE_S = 300.0


@dataclass(frozen=True)
class Truth:
    """What a case really holds; the number of a case decides everything."""

    number: int

    @property
    def primary(self) -> Box:
        """Where the primary lies."""
        return (1, 1, 2, 5 + self.number % 5, 6 + self.number % 7)

    @property
    def metastasis(self) -> Box | None:
        """Where the liver metastasis lies; every third case has one."""
        return (0, 1, 1, 3 + self.number % 4, 6) if self.number % 3 == 0 else None

    @property
    def stage(self) -> str:
        """The T stage."""
        return STAGES[self.number % 4]

    @property
    def segment(self) -> str:
        """The place of the primary."""
        return SEGMENTS[self.number // 4 % 4]


@dataclass(frozen=True)
class Habit:
    """How a reader differs from the truth: contours moved along i or larger, metastases missed, stages misjudged.

    `every` is for every how-manieth case the habit shows; in the others the reader draws the truth.
    """

    shift: int = 0
    wider: int = 0
    misses: bool = False
    stages_up: bool = False
    every: int = 1
    cannot_assess: bool = False

    def shows(self, number: int, round_number: int) -> bool:
        """Whether it shows in a case; a second reading of the same case is not the first one again."""
        return (number + round_number - 1) % self.every == 0


STEADY = Habit()


def study(folder: Path) -> StudySource:
    """The images of every case: soft tissue without anything in it."""
    return write_study(folder, hu=40)


def bindings(unit: UnitId) -> p.SourcesBound:
    """Primary and liver drawn directly on the portal venous series."""
    code = unit.series_code(Role.PVP)
    targets = (Target.PRIMARY, Target.LIVER)
    return p.SourcesBound(tuple(p.Binding(target, Role.PVP, code, Mode.DIRECT) for target in targets), "delineation-2")


def open_case(store: Store, source: StudySource, strata: Mapping[str, str] | None = None) -> PreparedUnit:
    """A case that is admitted, checked and bound."""
    unit = UnitId(store.reserve_case("01", "manager"), "T0")
    prepared = source.prepared(unit)
    if strata is not None:
        prepared = replace(prepared, registration=replace(prepared.registration, strata=dict(strata)))
        intent = new_intent(Kind.UNIT_REGISTERED, str(unit), "manager", START, prepared.registration)
        accepted(store.admit(prepared, intent))
    else:
        prepared = admit(store, source, unit)
    must(store, "manager", Kind.SCAN_CHECKED, SCAN_PASSED, unit)
    must(store, "manager", Kind.SOURCES_BOUND, bindings(unit), unit)
    return prepared


def mask_of(boxes: Mapping[int, Box], grid: Grid) -> Volume:
    """Boxes as lesions by number."""
    mask = np.zeros(grid.shape_kji, np.uint8)
    for number, (k, j, i, high, wide) in boxes.items():
        mask[k : k + 2, j : j + high, i : i + wide] = number
    return Volume(mask, grid)


def drawn_boxes(truth: Truth, habit: Habit, round_number: int = 1) -> dict[Target, dict[int, Box]]:
    """What a reader draws of each target."""
    shows = habit.shows(truth.number, round_number)
    moved, wider = (habit.shift, habit.wider) if shows else (0, 0)
    k, j, i, high, wide = truth.primary
    found: dict[Target, dict[int, Box]] = {Target.PRIMARY: {1: (k, j, i + moved, high, wide + wider)}, Target.LIVER: {}}
    if truth.metastasis is not None and not (shows and habit.misses):
        found[Target.LIVER] = {1: truth.metastasis}
    return found


def reading_of(
    prepared: PreparedUnit,
    truth: Truth,
    reader: str,
    habit: Habit,
    round_number: int = 1,
    supersedes: str | None = None,
) -> ReadingDraft:
    """The reader's reading of a case."""
    record = prepared.registration.series[0]
    boxes = drawn_boxes(truth, habit, round_number)
    kinds = {Target.PRIMARY: LesionClass.TUMOUR, Target.LIVER: LesionClass.METASTASIS}
    targets, masks = [], {}
    for target, drawn in boxes.items():
        lesions = tuple(LesionRecord(number, kinds[target]) for number in drawn)
        if not lesions:
            answer = TargetAnswer.NOT_ASSESSABLE if habit.cannot_assess else TargetAnswer.NONE_SEEN
            targets.append(TargetReading(target, answer, reason="motion" if habit.cannot_assess else None))
            continue
        targets.append(TargetReading(target, TargetAnswer.DRAWN, record.code, Mode.DIRECT, lesions))
        masks[mask_name(record.code, target)] = mask_of(drawn, grid_of(record))
    report = _report(prepared.unit, truth, boxes, kinds, habit.stages_up and habit.shows(truth.number, round_number))
    source = SourceRecord(record.role, record.code, record.series_uid, record.pixel_sha256)
    return ReadingDraft(
        Reading(READING_SCHEMA, str(prepared.unit), reader, round_number, tuple(targets), supersedes),
        Provenance(
            PROVENANCE_SCHEMA, reader, "", START, START, ACTIVE_S, {"crc-core": "0"}, "delineation-2", (source,), ()
        ),
        report,
        masks,
    )


def _report(
    unit: UnitId, truth: Truth, boxes: Mapping[Target, Mapping[int, Box]], kinds: Mapping[Target, LesionClass], up: bool
) -> dict:
    lesions = tuple(Lesion(target, number, kinds[target]) for target, drawn in boxes.items() for number in drawn)
    said = {target: TargetAnswer.DRAWN if drawn else TargetAnswer.NONE_SEEN for target, drawn in boxes.items()}
    report = new_report(unit, lesions, targets=said)
    stage = STAGES[min(STAGES.index(truth.stage) + up, len(STAGES) - 1)]
    spread = ("liver",) if truth.metastasis is not None else ("none",)
    told = {
        "primary[1].segment": truth.segment,
        "primary[1].morphology": ("mass", "ulcerative", "infiltrative")[truth.number % 3],
        "primary[1].t_stage": stage,
        "primary[1].pvp_hu": 60 + truth.number,
        "primary[1].outer_wall": "smooth" if truth.number % 2 else "rough",
        "primary[1].perforation": "absent",
        "patient.distant_metastases": spread,
    }
    for path, value in told.items():
        report = answer(report, path, value)
    return report.to_json()


@dataclass
class Team:
    """A store with cases, and readers who read them by habit; `folder` holds the sealed readings."""

    store: Store
    source: StudySource
    folder: Path
    habits: Mapping[str, Habit]
    cases: dict[str, tuple[PreparedUnit, Truth]] = field(default_factory=dict)
    _sealed: int = 0

    def open(self, count: int, strata: bool = False) -> tuple[str, ...]:
        """Open so many cases; their units."""
        opened = []
        for _ in range(count):
            truth = Truth(len(self.cases))
            known = {"site": "01", "vendor": "GE" if truth.number % 2 else "UIH", "primary_site": truth.segment}
            prepared = open_case(self.store, self.source, known if strata else None)
            self.cases[str(prepared.unit)] = (prepared, truth)
            opened.append(str(prepared.unit))
        return tuple(opened)

    def assign(self, unit: str, reader: str, round_number: int = 1, by: str = "manager") -> None:
        """Give a reader a slot."""
        must(self.store, by, Kind.READING_ASSIGNED, p.ReadingAssigned(reader, round_number), UnitId.parse(unit))

    def read(self, unit: str, reader: str, round_number: int = 1, supersedes: str | None = None) -> str:
        """The reader reads and submits; the reading's hash."""
        prepared, truth = self.cases[unit]
        draft = reading_of(prepared, truth, reader, self.habits[reader], round_number, supersedes)
        self._sealed += 1
        sealed = seal_reading(self.folder / f"{reader}-{self._sealed}", draft)
        payload = p.ReadingSubmitted(reader, round_number, sealed.sha256, supersedes, ACTIVE_S)
        intent = new_intent(Kind.READING_SUBMITTED, unit, reader, START, payload)
        accepted(self.store.submit(sealed, intent))
        return sealed.sha256

    def settle(self, unit: str, signer: str = "chief", take: Take = Take.UNION) -> bool:
        """A senior takes the same of every open lesion and A's answers; whether anything was open."""
        try:
            case = open_case_of(self.store, UnitId.parse(unit), signer)
        except CrcError as error:
            assert error.code == "work.nothing_to_settle", error
            return False
        if case.view.finals:
            return False
        choices = Choices()
        for target in Target:
            choices = case.dispute.take_all(choices, target, take, reason="boundary")
        for path in case.dispute.comparison.open_fields:
            choices = choices.with_field(path, FieldRuling(path, Choice.A))
        signed = sign_case(self.store, case, choices, signer, PIN)
        accepted(signed.outcome)
        return True


def digest(text: str) -> str:
    """A hash that stands for something."""
    return hashlib.sha256(text.encode()).hexdigest()
