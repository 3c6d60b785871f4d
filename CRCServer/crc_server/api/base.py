"""What the views share: the store as this request sees it, and who is asking."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, TypeVar

from crc_core.errors import CrcError
from crc_core.files.records import from_document, to_document
from crc_core.identity import UnitId
from crc_core.store.protocol import Receipt
from crc_core.workflow.intents import Intent, Refusal, read_intent
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from crc_server.api.parsing import OnlyOne
from crc_server.api.problems import refused
from crc_server.store.opening import open_store
from crc_server.store.server_store import ServerStore

Record = TypeVar("Record")
BODY = Path("request.json")
"""How an error names the body of a request."""

_INTENT_ID = re.compile(r"[0-9A-Za-z_-]{8,64}")


class StoreView(APIView):
    """A view on the store."""

    content_negotiation_class = OnlyOne
    request: Request

    @property
    def store(self) -> ServerStore:
        """The store for this request."""
        if not hasattr(self, "_store"):
            self._store = open_store(for_request=True)
        return self._store

    @property
    def person(self) -> str:
        """Who is asking."""
        return str(self.request.user.get_username())

    def body(self, kind: type[Record]) -> Record:
        """The body of the request as a record; raises CrcError naming the key that is wrong."""
        return from_document(kind, self.request.data, BODY)

    def intent(self, document: Any) -> Intent:
        """The intent in a document, made by who is asking; raises CrcError for anything else."""
        if not isinstance(document, dict):
            raise CrcError("json.not_an_object", path=BODY)
        try:
            intent = read_intent(document, BODY)
        except (TypeError, ValueError, KeyError) as error:
            raise CrcError("json.bad_value", path=BODY, place="intent") from error
        if not _INTENT_ID.fullmatch(intent.id):
            raise CrcError("json.bad_value", path=BODY, place="intent.id")
        if intent.unit is not None:
            UnitId.parse(intent.unit)
        if intent.actor != self.person:
            raise CrcError("server.other_person")
        return intent

    def outcome(self, outcome: Receipt | Refusal) -> Response:
        """What a store said to an intent."""
        if isinstance(outcome, Refusal):
            return refused(self.request, outcome)
        return Response(to_document(outcome))


def unit_of(text: str) -> UnitId:
    """The unit in a path; one that cannot be is as unknown as one that is not."""
    try:
        return UnitId.parse(text)
    except CrcError as error:
        raise CrcError("store.unknown_unit", unit=text) from error
