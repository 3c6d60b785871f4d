"""The page Agreement: the study of the sample, its tables, what it asks for, and what is taken away of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from crc_core.agreement.policy import agreement_policy
from crc_core.agreement.report import floored
from crc_core.statistics.icc import IccForm
from crc_core.store.protocol import Store
from crc_core.study.agreement import MeasureResult, Study, StudyKind, studying
from crc_core.study.collecting import collecting, sample_units
from crc_core.study.flags import flags_of
from crc_core.study.page import label, write_study
from crc_core.study.stepping import Steps
from crc_core.study.table import TableAnswer, study_table
from crc_core.workflow.events import Kind

from CRCQualityControlLib.presenter import agreement_rows
from CRCQualityControlLib.presenter.hub import Hub
from CRCQualityControlLib.presenter.people import colleagues
from CRCQualityControlLib.presenter.ports import Choice
from CRCQualityControlLib.presenter.state import AgreementState, Level, TableState


class Agreement:
    """Computes the study when asked and shows it until another one is asked for."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._study: Study | None = None
        self._table: tuple[Path, tuple[TableAnswer, ...]] | None = None
        self._pair: int | None = None
        self._names: dict[str, str] = {}

    def reset(self) -> None:
        """Another store or person: nothing is known any more."""
        self._forget()
        self.show()

    def choose_kind(self, kind: StudyKind) -> None:
        """Between readers, or within each reader."""
        self._forget()
        self._hub.publish(agreement=replace(self._hub.state.agreement, kind=kind))
        self.show()

    def allow_small(self, allowed: bool) -> None:
        """Whether fewer cases than the consensus asks for will do; the page says so."""
        self._hub.publish(agreement=replace(self._hub.state.agreement, allow_small=allowed))

    def compute(self) -> None:
        """Open the readings of the sample and compute."""
        wish = self._hub.state.agreement
        store = self._hub.attempt(self._hub.open_store)
        units = None if store is None else self._hub.attempt(lambda: sample_units(store, self._hub.person))
        if store is None or units is None:
            return
        self._names = dict(colleagues(store))
        steps = _study(store, self._hub.person, units, wish.kind, wish.allow_small)
        self._hub.run(self._hub.say("study.computing"), steps, self._computed)

    def open_table(self) -> None:
        """Compute from a table of measurements (case, rater, value and perhaps measure) that is chosen."""
        path = self._hub.kit.ask.file(self._hub.say("quality.ask.table"), ("csv",))
        if path is None:
            return
        wish = self._hub.state.agreement
        policy = agreement_policy()
        form = IccForm(policy.icc_form_inter if wish.kind is StudyKind.INTER else policy.icc_form_intra)
        answers = self._hub.attempt(lambda: study_table(path, form, allow_small=wish.allow_small, skip_incomplete=True))
        if answers is not None:
            self._forget()
            self._table = (path, answers)
            self.show()

    def choose_pair(self, place: int | None) -> None:
        """Show the lesions of one pair of readings."""
        self._pair = place
        self.show()

    def export(self) -> None:
        """Write tables and plots as a new folder below one that is chosen."""
        study = self._study
        if study is None:
            return
        folder = self._hub.kit.ask.folder(self._hub.say("quality.ask.export"))
        if folder is None:
            return
        out = folder / f"agreement-{study.kind.value}-{self._hub.kit.clock.now():%Y%m%d-%H%M%S}"

        def write() -> bool:
            write_study(study, out, self._hub.lang)
            return True

        if self._hub.attempt(write):
            self._hub.note(Level.INFO, "study.written", path=out)

    def flag(self) -> None:
        """Flag the readings of readers below the mark, after asking."""
        study, store = self._study, self._hub.attempt(self._hub.open_store)
        if study is None or store is None or not study.below:
            return
        flags = self._hub.attempt(lambda: flags_of(study, store.overview(self._hub.person), self._hub.lang))
        if not flags:
            self._hub.note(Level.INFO, "quality.nobody_to_flag")
            return
        names = self._hub.say("store.list_joint").join(self._names.get(flag.reader, flag.reader) for flag in flags)
        choices = [Choice(code, self._hub.say(f"quality.answer.{code}")) for code in ("flag", "cancel")]
        words = self._hub.say("quality.ask.flag", readers=names)
        if self._hub.kit.ask.choose(self._hub.say("quality.ask.flag_title"), words, choices) != "flag":
            return
        for flag in flags:
            if not self._hub.act(Kind.READINGS_FLAGGED, None, flag, words):
                return
        self._hub.note(Level.INFO, "quality.flagged", readers=names)

    def show(self) -> None:
        """Show what was computed, in the person's language."""
        shown, study = self._hub.state.agreement, self._study
        fresh = AgreementState(kind=shown.kind, allow_small=shown.allow_small)
        if study is None:
            self._hub.publish(agreement=fresh if self._table is None else self._of_table(fresh, *self._table))
            return
        study = agreement_rows.named(study, self._names)
        names = ("measure", "cases", "icc", "ci95", "verdict")
        measures = TableState(
            tuple(self._hub.say(f"study.column.{name}") for name in names),
            tuple(self._measure(item) for item in study.measures),
            frozenset(place for place, item in enumerate(study.measures) if item.reached is False),
        )
        self._hub.publish(
            agreement=replace(
                fresh,
                is_ready=True,
                may_export=True,
                lead=self._lead(study),
                reached=study.reached,
                measures=measures,
                limits=agreement_rows.limits(study, self._hub.lang),
                targets=agreement_rows.targets(study, self._hub.lang),
                pairs=agreement_rows.pairs(study, self._hub.lang),
                pair=self._pair,
                lesions=agreement_rows.lesions(study, self._pair, self._hub.lang),
                answers=self._answers(study),
                left_out=self._left_out(study),
                recalibrate=study.below,
            )
        )

    def _forget(self) -> None:
        self._study, self._table, self._pair = None, None, None

    def _lead(self, study: Study) -> tuple[str, ...]:
        form = self._hub.say(f"statistics.form.{study.form.value}")
        mark = agreement_policy().icc_percent / 100
        lead = [
            self._hub.say(f"statistics.kind.{study.kind.value}", form=form),
            self._hub.say(f"study.reason.{study.form_reason.value}"),
            self._hub.say("study.cases", cases=study.cases),
        ]
        if study.small:
            smallest = agreement_policy().smallest_sample
            lead.append(self._hub.say("statistics.small", cases=study.cases, smallest=smallest))
        lead.append(self._hub.say(f"statistics.verdict.{'reached' if study.reached else 'below'}", threshold=mark))
        return tuple(lead)

    def _of_table(self, fresh: AgreementState, path: Path, answers: tuple[TableAnswer, ...]) -> AgreementState:
        policy, lang = agreement_policy(), self._hub.lang
        form = self._hub.say(f"statistics.form.{answers[0].chosen.form.value}")
        reached = all(item.chosen.reaches(policy.icc_percent) for item in answers)
        lead = [self._hub.say("quality.table", name=path.name)]
        lead.append(self._hub.say(f"statistics.kind.{fresh.kind.value}", form=form))
        joint = self._hub.say("statistics.list_joint")
        for item in answers:
            if item.left_out:
                lead.append(self._hub.say("statistics.left_out", cases=joint.join(item.left_out)))
        smallest = min(item.chosen.cases for item in answers)
        if smallest < policy.smallest_sample:
            lead.append(self._hub.say("statistics.small", cases=smallest, smallest=policy.smallest_sample))
        verdict = "reached" if reached else "below"
        lead.append(self._hub.say(f"statistics.verdict.{verdict}", threshold=policy.icc_percent / 100))
        return replace(
            fresh,
            is_ready=True,
            lead=tuple(lead),
            reached=reached,
            measures=agreement_rows.measures_of_table(answers, lang),
            limits=agreement_rows.limits_of_table(answers, lang),
        )

    def _measure(self, item: MeasureResult) -> tuple[str, ...]:
        none = self._hub.say("agreement.none")
        interval = None if item.icc is None else item.icc.interval
        verdict = "none" if item.reached is None else "reached" if item.reached else "below"
        small = self._hub.say("study.small_mark") if item.is_small else ""
        return (
            label(item, self._hub.lang),
            str(len(item.cases)),
            none if item.icc is None else f"{floored(item.icc.value):.3f}",
            none if interval is None else f"{interval[0]:.3f}–{interval[1]:.3f}",
            self._hub.say(f"study.verdict.{verdict}") + small,
        )

    def _answers(self, study: Study) -> TableState:
        none = self._hub.say("agreement.none")
        rows = []
        for item in study.fields:
            kappa = item.plain.kappa if item.weighted is None else item.weighted.kappa
            pabak = item.plain.prevalence_adjusted if item.weighted is None else None
            rows.append(
                (
                    item.question.label.say(self._hub.lang),
                    str(item.plain.cases),
                    f"{item.plain.agreement:.0%}",
                    none if kappa is None else f"{kappa:.3f}",
                    none if pabak is None else f"{pabak:.3f}",
                )
            )
        names = ("label", "cases", "agreement", "kappa", "pabak")
        return TableState(tuple(self._hub.say(f"study.column.{name}") for name in names), tuple(rows))

    def _left_out(self, study: Study) -> TableState:
        waiting = [(unit, "", self._hub.say("study.waiting")) for unit in study.waiting]
        aside = [(item.unit, item.rater, item.error.sentence(self._hub.lang)) for item in study.set_aside]
        names = ("unit", "reader", "reason")
        return TableState(tuple(self._hub.say(f"quality.column.{name}") for name in names), (*waiting, *aside))

    def _computed(self, study: Study) -> None:
        self._forget()
        self._study = study
        self.show()


def _study(store: Store, viewer: str, units: tuple[str, ...], kind: StudyKind, allow_small: bool) -> Steps[Study]:
    collected = yield from collecting(store, viewer, units)
    return (yield from studying(collected, kind, allow_small=allow_small))
