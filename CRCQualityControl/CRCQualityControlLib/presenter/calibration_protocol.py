"""The delineation protocol as the output of a session: what belongs to the lesion, point by point; publishing it."""

from __future__ import annotations

from dataclasses import replace

from crc_core.calibration.policy import calibration_policy
from crc_core.calibration.protocol import PointRuling, next_protocol
from crc_core.importing.delineation import TargetProtocol, protocol_in_force
from crc_core.text import Lang, say
from crc_core.vocabulary import Target
from crc_core.workflow.events import Kind

from CRCQualityControlLib.presenter.calibration_book import Book
from CRCQualityControlLib.presenter.calibration_state import PointState, ProtocolState
from CRCQualityControlLib.presenter.state import Level


class ProtocolDraft:
    """What was decided of the points and not published yet."""

    def __init__(self, book: Book) -> None:
        self._book, self._hub = book, book.hub
        self._rulings: dict[tuple[Target, str], PointRuling] = {}

    def clear(self) -> None:
        """Nothing is decided."""
        self._rulings = {}

    def decide(self, target: Target, point: str, belongs: bool | None) -> None:
        """Whether a point belongs to the lesion; None leaves it as it is in force."""
        if belongs is None:
            self._rulings.pop((target, point), None)
        else:
            self._rulings[target, point] = PointRuling(target, point, belongs)
        self._book.changed()

    def reword(self, target: Target, point: str) -> None:
        """Ask for the sentence that enters the protocol, in both languages."""
        ruling = self._rulings.get((target, point))
        if ruling is None:
            return
        title, given = self._hub.say("quality.trainer.ask.reword"), []
        for lang in (Lang.ZH, Lang.EN):
            words = self._hub.say(f"quality.trainer.ask.reword_{lang.value}", target=self._book.target(target))
            sentence = self._hub.kit.ask.text(title, words, ruling.sentence(lang))
            if sentence is None:
                return
            given.append(sentence)
        self._rulings[target, point] = replace(ruling, words=(given[0], given[1]))
        self._book.changed()

    def publish(self, version: str) -> None:
        """Publish the protocol with what the session decided as a new version, signed."""
        view, session = self._book.view, self._book.session
        if view is None or session is None:
            return
        if not self._rulings:
            self._hub.note(Level.WARNING, "quality.trainer.nothing_decided")
            return
        rulings = tuple(self._rulings.values())
        payload = self._hub.attempt(lambda: next_protocol(view, version.strip(), rulings, session.session))
        words = self._hub.say("quality.sign.protocol", version=version)
        if payload is not None and self._hub.act(Kind.PROTOCOL_PUBLISHED, None, payload, words):
            self.clear()
            self._book.refreshed()
            self._hub.note(Level.INFO, "calibration.protocol", version=version)

    def state(self) -> ProtocolState:
        """The protocol in force and the draft over it."""
        view = self._book.view
        protocol = None if view is None else self._hub.attempt(lambda: protocol_in_force(view))
        if view is None or protocol is None:
            return ProtocolState()
        lang, targets = self._hub.lang, protocol.targets
        return ProtocolState(
            version=protocol.version if view.protocol is None else view.protocol.version,
            is_published=view.protocol is not None,
            lines=tuple(
                (self._book.target(target), targets[target].includes[lang], targets[target].excludes[lang])
                for target in Target
            ),
            points=tuple(
                self._point(target, point, targets[target])
                for target in Target
                for point in calibration_policy().points
            ),
            decided=len(self._rulings),
            may_publish=Kind.PROTOCOL_PUBLISHED in view.may and self._book.session is not None,
        )

    def _point(self, target: Target, point: str, known: TargetProtocol) -> PointState:
        ruling = self._rulings.get((target, point))
        return PointState(
            target=target,
            point=point,
            words=self._hub.say(f"calibration.point.{point}"),
            in_force=self._hub.say(f"quality.trainer.point.{_standing(point, known)}"),
            belongs=None if ruling is None else ruling.belongs,
            sentence="" if ruling is None else ruling.sentence(self._hub.lang),
        )


def _standing(point: str, known: TargetProtocol) -> str:
    """How a point stands in the protocol, as far as it was decided in the catalogue's own words."""
    if say(f"calibration.point.{point}.in", Lang.ZH) in known.includes[Lang.ZH]:
        return "in"
    return "out" if say(f"calibration.point.{point}.out", Lang.ZH) in known.excludes[Lang.ZH] else "open"
