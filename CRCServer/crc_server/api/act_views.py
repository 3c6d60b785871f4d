"""What changes the database: intents, with and without bodies, and what is due by rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crc_core.errors import CrcError
from crc_core.files.records import to_document
from crc_core.identity import UnitId
from crc_core.store.protocol import PreparedUnit, Receipt
from crc_core.vocabulary import PersonRole
from crc_core.workflow.events import Event, Kind
from crc_core.workflow.intents import Intent
from rest_framework.request import Request
from rest_framework.response import Response

from crc_server.api.base import BODY, StoreView, unit_of
from crc_server.api.describing import describe
from crc_server.api.schemas import listed, schema_of
from crc_server.api.unit_views import number
from crc_server.api.upload_views import uploads
from crc_server.uploads import Upload

_MOST_EVENTS = 1000


@dataclass(frozen=True)
class Ask:
    """An intent; `secret` is the password again, for kinds that are signed."""

    intent: Any
    secret: str | None = None


@dataclass(frozen=True)
class AskWithBody:
    """An intent with the upload that holds its sealed folder."""

    intent: Any
    upload: str
    secret: str | None = None


@dataclass(frozen=True)
class AskToAdmit:
    """An intent to register a unit, with the upload of each series by its code."""

    intent: Any
    uploads: dict[str, str]


@dataclass(frozen=True)
class AskForCase:
    """The site that wants a new case code."""

    site: str


class IntentsView(StoreView):
    """Intents without a body."""

    @describe("Ask for something to happen", body=schema_of(Ask), answer=schema_of(Receipt))
    def post(self, request: Request) -> Response:
        """Decide on an intent with the newest state."""
        ask = self.body(Ask)
        return self.outcome(self.store.act(self.intent(ask.intent), secret=ask.secret))


class BodyView(StoreView):
    """Intents with a body."""

    def _before_body(self, intent: Intent, upload: Upload) -> Response | None:
        """What there is to say before a body is sent, or after its upload was cleared; None once a body is coming."""
        if upload.is_begun:
            return None
        answer = self.store.preview(intent)
        if answer is None:
            raise CrcError("server.upload_incomplete")
        return self.outcome(answer)


class SubmitView(BodyView):
    """Readings coming in."""

    @describe("Submit an uploaded reading", body=schema_of(AskWithBody), answer=schema_of(Receipt))
    def post(self, request: Request, unit: str) -> Response:
        """Take it into its slot; the same reading again is harmless."""
        ask = self.body(AskWithBody)
        intent = _of_kind(self.intent(ask.intent), Kind.READING_SUBMITTED, unit_of(unit))
        upload = uploads().of(self.person, ask.upload)
        early = self._before_body(intent, upload)
        if early is not None:
            return early
        outcome = self.store.submit(upload.sealed(), intent)
        if isinstance(outcome, Receipt):
            upload.remove()
        return self.outcome(outcome)


class SignView(BodyView):
    """Finals coming in."""

    @describe("Sign an uploaded final", body=schema_of(AskWithBody), answer=schema_of(Receipt))
    def post(self, request: Request, unit: str) -> Response:
        """Take it, signed with the password."""
        ask = self.body(AskWithBody)
        intent = _of_kind(self.intent(ask.intent), Kind.FINAL_STORED, unit_of(unit))
        upload = uploads().of(self.person, ask.upload)
        early = self._before_body(intent, upload)
        if early is not None:
            return early
        outcome = self.store.sign_final(upload.sealed(), intent, secret=ask.secret)
        if isinstance(outcome, Receipt):
            upload.remove()
        return self.outcome(outcome)


class AdmitView(StoreView):
    """Units coming in."""

    @describe("Register a unit whose series are uploaded", body=schema_of(AskToAdmit), answer=schema_of(Receipt))
    def post(self, request: Request, unit: str) -> Response:
        """Take its images and its registration, whole or not at all."""
        ask = self.body(AskToAdmit)
        code = unit_of(unit)
        intent = _of_kind(self.intent(ask.intent), Kind.UNIT_REGISTERED, code)
        answer = self.store.preview(intent)
        if answer is not None:
            return self.outcome(answer)
        if not ask.uploads:
            raise CrcError("server.upload_incomplete")
        found = {series: uploads().of(self.person, name) for series, name in ask.uploads.items()}
        folders = {series: upload.sealed().folder for series, upload in found.items()}
        outcome = self.store.admit(PreparedUnit(code, intent.payload, folders), intent)
        if isinstance(outcome, Receipt):
            for upload in found.values():
                upload.remove()
        return self.outcome(outcome)


class CasesView(StoreView):
    """Case codes."""

    @describe(
        "A new case code",
        body=schema_of(AskForCase),
        answer={"type": "object", "properties": {"case": {"type": "string"}}},
        status=201,
    )
    def post(self, request: Request) -> Response:
        """Reserve one."""
        return Response({"case": self.store.reserve_case(self.body(AskForCase).site, self.person)}, status=201)


class OverviewView(StoreView):
    """The store as a whole."""

    @describe("The store as a whole, as I may know it", answer={"type": "object"})
    def get(self, request: Request) -> Response:
        """Protocol, calibration, clearances, the sample."""
        return Response(to_document(self.store.overview(self.person)))


class ChainHeadView(StoreView):
    """The head of the chain."""

    @describe("The hash of the last event", answer={"type": "object", "properties": {"head": {"type": "string"}}})
    def get(self, request: Request) -> Response:
        """For who may sign."""
        return Response({"head": self.store.chain_head(self.person)})


class EventsView(StoreView):
    """The chain itself."""

    @describe("Events after a number", answer=listed("events", Event), query=("since", "limit"))
    def get(self, request: Request) -> Response:
        """For auditors; `more` says whether others follow."""
        since, limit = number(request, "since", 0, 10**11), number(request, "limit", _MOST_EVENTS, _MOST_EVENTS)
        events = self.store.events_page(since, limit, self.person)
        more = bool(events) and events[-1].seq < self.store.chain.next_seq - 1
        return Response({"events": [to_document(event) for event in events], "more": more})


class AdvanceView(StoreView):
    """What is due by rule."""

    @describe("Do what is due", answer={"type": "object", "properties": {"units": {"type": "array", "items": {}}}})
    def post(self, request: Request) -> Response:
        """Compare pairs whose windows have closed, store agreed finals; for seniors and data managers."""
        person = self.store.ledger.context.person(self.person)
        if person is None or not (person.may_sign or PersonRole.DATA_MANAGER in person.roles):
            raise CrcError("server.not_yours")
        # Who reads a unit is not told that it was compared.
        own = set(self.store.chain.units_read_by(person.id))
        return Response({"units": [unit for unit in self.store.advance() if unit not in own]})


def _of_kind(intent: Intent, kind: Kind, unit: UnitId) -> Intent:
    if intent.kind is not kind:
        raise CrcError("json.bad_value", path=BODY, place="intent.kind")
    if intent.unit != str(unit):
        raise CrcError("json.bad_value", path=BODY, place="intent.unit")
    return intent
