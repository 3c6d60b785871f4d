"""The page Calibration: sessions, the report of the chosen one, votes, clearances, flags, the protocol."""

from __future__ import annotations

from collections.abc import Callable

from crc_core.agreement.report import floored
from crc_core.calibration.comparing import CaseScore
from crc_core.calibration.page import bias_words, sentence_of, small_words, type_words, write_report
from crc_core.calibration.protocol import PointRuling, next_protocol
from crc_core.calibration.session import (
    SessionReport,
    heat_map,
    open_results,
    plan_session,
    reporting,
    sign_reference,
)
from crc_core.identity import UnitId
from crc_core.reading.seal import read_final, read_reading
from crc_core.store.protocol import Store
from crc_core.vocabulary import Target
from crc_core.workflow.events import Kind
from crc_core.workflow.payloads import CalibrationPlanned, ClearanceSigned
from crc_core.workflow.store_view import SessionView, StoreView

from CRCQualityControlLib.presenter.desk import Desk
from CRCQualityControlLib.presenter.hub import Hub
from CRCQualityControlLib.presenter.ports import Fill, Layer
from CRCQualityControlLib.presenter.state import CalibrationState, Level, TableState


class Calibration:
    """One session is chosen at a time; its report is computed when asked for."""

    def __init__(self, hub: Hub, desk: Desk) -> None:
        self._hub, self._desk = hub, desk
        self._view: StoreView | None = None
        self._selected = ""
        self._report: SessionReport | None = None
        self._votes = ""

    def reset(self) -> None:
        """Another store or person: nothing is known any more."""
        self._view, self._selected, self._report, self._votes = None, "", None, ""
        self.show()

    def refresh(self) -> None:
        """Fetch sessions, clearances, flags and the protocol."""
        store = self._hub.attempt(self._hub.open_store)
        view = None if store is None else self._hub.attempt(lambda: store.overview(self._hub.person))
        if view is not None:
            self._view = view
        self.show()

    def select(self, session: str) -> None:
        """Choose a session."""
        self._selected, self._report, self._votes = session, None, ""
        self.show()

    def plan(self, plan: CalibrationPlanned) -> None:
        """Bar the cases, plan the session and give everybody their slots."""
        store = self._hub.attempt(self._hub.open_store)
        if store is None:
            return
        person, clock = self._hub.person, self._hub.kit.clock.now
        outcome = self._hub.attempt(lambda: plan_session(store, person, plan, clock))
        self.refresh()
        if outcome is not None and self._hub.accepted(outcome):
            self.select(plan.session)
            self._hub.note(Level.INFO, "quality.planned", session=plan.session)

    def sign_reference(self) -> None:
        """Sign the references of the chosen session."""
        store, session = self._hub.attempt(self._hub.open_store), self._selected
        if store is None or not session:
            return
        words = self._hub.say("quality.sign.reference", session=session)
        secret = self._hub.kit.secrets.ask(self._hub.person, words)
        if secret is None:
            return
        person, clock = self._hub.person, self._hub.kit.clock.now
        outcome = self._hub.attempt(lambda: sign_reference(store, person, session, secret, clock))
        if outcome is not None and self._hub.accepted(outcome):
            self.refresh()
            self._hub.note(Level.INFO, "quality.reference_signed", session=session)

    def compute(self) -> None:
        """Compare the readings of the chosen session with their references."""
        store, session = self._hub.attempt(self._hub.open_store), self._chosen()
        if store is not None and session is not None:
            steps = reporting(store, self._hub.person, session)
            self._hub.run(self._hub.say("calibration.comparing"), steps, self._computed)

    def open_results(self) -> None:
        """Open the results to those who have read everything."""
        store, report = self._hub.attempt(self._hub.open_store), self._report
        if store is None or report is None:
            return
        if not report.complete_readers:
            self._hub.note(Level.WARNING, "quality.nobody_ready", session=report.session.session)
            return
        person, clock = self._hub.person, self._hub.kit.clock.now
        outcome = self._hub.attempt(lambda: open_results(store, person, report, clock))
        if outcome is not None and self._hub.accepted(outcome):
            self.refresh()
            names = self._hub.say("store.list_joint").join(report.complete_readers)
            self._hub.note(Level.INFO, "quality.opened", readers=names)

    def clear(self, reader: str, target: Target) -> None:
        """Clear a reader for a target on the results of the chosen session; where they do not pass, with a reason."""
        session = self._chosen()
        if session is None or self._view is None:
            return
        passed = any(item.passed for item in session.results if (item.reader, item.target) == (reader, target))
        reason = None
        if not passed:
            words = self._hub.say("quality.ask.overrule", reader=reader)
            reason = self._hub.kit.ask.text(self._hub.say("quality.ask.overrule_title"), words)
            if reason is None:
                return
        version = "" if self._view.protocol is None else self._view.protocol.version
        payload = ClearanceSigned(reader, target, version, True, session.session, reason)
        words = self._hub.say("quality.sign.clearance", reader=reader, target=self._target(target))
        if self._hub.act(Kind.CLEARANCE_SIGNED, None, payload, words):
            self.refresh()
            self._hub.note(Level.INFO, "quality.cleared", reader=reader, target=self._target(target))

    def publish_protocol(self, version: str, rulings: tuple[PointRuling, ...]) -> None:
        """Publish the protocol with what the session decided as a new version."""
        view, session = self._view, self._chosen()
        if view is None or session is None:
            return
        payload = self._hub.attempt(lambda: next_protocol(view, version, rulings, session.session))
        words = self._hub.say("quality.sign.protocol", version=version)
        if payload is not None and self._hub.act(Kind.PROTOCOL_PUBLISHED, None, payload, words):
            self.refresh()
            self._hub.note(Level.INFO, "calibration.protocol", version=version)

    def show_votes(self, unit: str, target: Target) -> None:
        """Show all readers of the chosen session over one case, as a heat map in the scene."""
        store, session = self._hub.attempt(self._hub.open_store), self._chosen()
        if store is None or session is None:
            return

        def shown() -> bool:
            votes = heat_map(store, self._hub.person, session, unit, target)
            self._hub.kit.scene.show_layers({Layer.VOTES: votes.volume}, Fill.FILLED)
            volumes = self._hub.say("store.list_joint").join(f"{volume:.1f}" for volume in votes.volumes_ml)
            self._votes = self._hub.say("quality.votes", unit=unit, readers=votes.readers, volumes=volumes)
            return True

        def brought() -> None:
            if self._hub.attempt(shown) is None:
                self._votes = ""
            self.show()

        self._bring(store, unit, brought)

    def show_own(self, unit: str, target: Target) -> None:
        """Show one's own contour over the reference, once the results are open."""
        store = self._hub.attempt(self._hub.open_store)
        if store is None:
            return

        def shown() -> bool:
            view = store.unit(UnitId.parse(unit), self._hub.person)
            own = next((slot.reading for slot in view.slots if slot.reader == self._hub.person and slot.reading), "")
            reading = read_reading(store.open_reading(own, self._hub.person))
            reference = read_final(store.open_final(UnitId.parse(unit), self._hub.person))
            said, told = reading.reading.of(target), reference.final.targets
            layers = {}
            if said is not None and said.lesions:
                layers[Layer.OWN] = reading.mask(target)
            if any(item.target is target and item.source is not None for item in told):
                layers[Layer.REFERENCE] = reference.mask(target)
            self._hub.kit.scene.show_layers(layers, Fill.OUTLINE)
            return True

        self._bring(store, unit, lambda: self._hub.attempt(shown))

    def export(self) -> None:
        """Write the report as a new folder below one that is chosen."""
        report = self._report
        folder = None if report is None else self._hub.kit.ask.folder(self._hub.say("quality.ask.export"))
        if report is None or folder is None:
            return
        out = folder / f"calibration-{self._hub.kit.clock.now():%Y%m%d-%H%M%S}"

        def write() -> bool:
            write_report(report, out, self._hub.lang)
            return True

        if self._hub.attempt(write):
            self._hub.note(Level.INFO, "study.written", path=out)

    def show(self) -> None:
        """Show what is known."""
        view, session = self._view, self._chosen()
        if view is None:
            self._hub.publish(calibration=CalibrationState())
            return
        self._hub.publish(
            calibration=CalibrationState(
                sessions=tuple((item.session, self._session_words(item)) for item in view.sessions),
                selected=self._selected,
                waiting=() if session is None else tuple(self._waiting(session)),
                is_ready=self._report is not None,
                summary=self._summary(),
                cases=self._cases(),
                clearances=self._clearances(view),
                flags=tuple(
                    self._hub.say("calibration.flagged", reader=flag.reader, since=f"{flag.since:%Y-%m-%d}")
                    for flag in view.flags
                    if flag.until is None
                ),
                protocol="" if view.protocol is None else view.protocol.version,
                votes=self._votes,
                may_plan=Kind.CALIBRATION_PLANNED in view.may,
                may_sign_reference=Kind.REFERENCE_SIGNED in view.may and session is not None,
                may_open_results=Kind.CALIBRATION_OPENED in view.may and self._report is not None,
                may_clear=Kind.CLEARANCE_SIGNED in view.may and session is not None and session.opened_at is not None,
            )
        )

    def _chosen(self) -> SessionView | None:
        sessions = () if self._view is None else self._view.sessions
        return next((item for item in sessions if item.session == self._selected), None)

    def _computed(self, report: SessionReport) -> None:
        self._report = report
        self.show()

    def _bring(self, store: Store, unit: str, done: Callable[[], object]) -> None:
        """Bring the images of a unit in place of what is on the desk, after asking where something was decided."""
        view = self._hub.attempt(lambda: store.unit(UnitId.parse(unit), self._hub.person))
        if view is not None and self._desk.may_leave():
            self._desk.clear()
            self._desk.viewing.bring(store, view, done)

    def _target(self, target: Target) -> str:
        return self._hub.say(f"contour.target.{target.value}")

    def _session_words(self, session: SessionView) -> str:
        state = "open" if session.opened_at else "signed" if session.reference_signer else "reading"
        return self._hub.say(
            "calibration.session_line",
            session=session.session,
            cases=len(session.units),
            readers=self._hub.say("store.list_joint").join(session.readers),
            state=self._hub.say(f"calibration.state.{state}"),
        )

    def _waiting(self, session: SessionView) -> list[str]:
        lines = []
        for item in session.waiting:
            kind = self._hub.say(f"calibration.round.{'reference' if item.round == 1 else 'reader'}")
            lines.append(self._hub.say("calibration.waiting", unit=item.unit, reader=item.reader, kind=kind).strip())
        return lines

    def _summary(self) -> TableState:
        summaries = () if self._report is None else self._report.summaries
        lang = self._hub.lang
        rows = tuple(
            (
                item.reader,
                self._target(item.target),
                sentence_of(item, lang),
                small_words(item, lang),
                type_words(item, lang),
            )
            for item in summaries
        )
        names = ("reader", "target", "verdict", "small", "types")
        failed = frozenset(place for place, item in enumerate(summaries) if not item.passed)
        return TableState(tuple(self._hub.say(f"calibration.column.{name}") for name in names), rows, failed)

    def _cases(self) -> TableState:
        scores = () if self._report is None else self._report.scores
        names = ("case", "reader", "target", "dice", "bias", "missed", "errors")
        columns = tuple(self._hub.say(f"calibration.column.{name}") for name in names)
        return TableState(columns, tuple(self._case(score) for score in scores))

    def _case(self, score: CaseScore) -> tuple[str, ...]:
        dice = floored(score.dice)
        return (
            score.unit,
            score.reader,
            self._target(score.target),
            self._hub.say("agreement.none") if dice is None else f"{dice:.3f}",
            bias_words(score.bias, self._hub.lang),
            " ".join(map(str, score.missed)),
            self._hub.say("store.list_joint").join(pair.question.label.say(self._hub.lang) for pair in score.errors),
        )

    def _clearances(self, view: StoreView) -> TableState:
        names = ("reader", "target", "signer", "protocol", "reason")
        rows = tuple(
            (item.reader, self._target(item.target), item.signer, item.protocol, item.reason or "")
            for item in view.clearances
        )
        return TableState(tuple(self._hub.say(f"quality.column.{name}") for name in names), rows)
