"""What people and clients send: an intent with its own id, so that a retry is harmless; the store decides anew."""

from __future__ import annotations

import dataclasses
import uuid
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from crc_core.errors import CrcError
from crc_core.files.records import from_document, to_document
from crc_core.text import Lang
from crc_core.workflow.events import PAYLOADS, STORE_WIDE, Kind

INTENT_SCHEMA = "crc-intent/1"

SIGNED = frozenset(
    {
        Kind.FINAL_STORED,
        Kind.CLEARANCE_SIGNED,
        Kind.UNIT_EXCLUDED,
        Kind.PROTOCOL_PUBLISHED,
        Kind.REFERENCE_SIGNED,
    }
)
"""Intents for which a store asks for the person again (PIN or password)."""


@dataclass(frozen=True)
class Intent:
    """A wish that `kind` should happen to `unit`, by `actor`, made at the client's time `made_at`."""

    schema: str
    id: str
    kind: Kind
    unit: str | None
    actor: str
    made_at: datetime
    payload: Any

    def __post_init__(self) -> None:
        if (self.unit is None) != (self.kind in STORE_WIDE):
            raise ValueError(f"{self.kind} and unit {self.unit} do not go together")


@dataclass(frozen=True)
class Refusal:
    """Why a store did not do what an intent asked: a code of the catalogue and its values, never an exception."""

    code: str
    values: tuple[tuple[str, str], ...] = ()

    @classmethod
    def because(cls, code: str, /, **values: object) -> Refusal:
        """A refusal with its values as words."""
        return cls(code, tuple((name, str(value)) for name, value in values.items()))

    def sentence(self, lang: Lang) -> str:
        """The refusal and what to do, in `lang`."""
        return self.as_error().sentence(lang)

    def as_error(self, path: Path | None = None) -> CrcError:
        """The same as an exception, for a command line."""
        return CrcError(self.code, path=path, **dict(self.values))


def new_intent(kind: Kind, unit: str | None, actor: str, made_at: datetime, payload: Any) -> Intent:
    """A fresh intent with a random id; raises TypeError where the payload is not the kind's."""
    if not isinstance(payload, PAYLOADS[kind]):
        raise TypeError(f"{kind} needs {PAYLOADS[kind].__name__}, not {type(payload).__name__}")
    return Intent(INTENT_SCHEMA, uuid.uuid4().hex, kind, unit, actor, made_at, payload)


def intent_document(intent: Intent) -> dict[str, Any]:
    """The JSON object of an intent."""
    document: dict[str, Any] = to_document(intent)
    return document


def read_intent(document: dict[str, Any], path: Path) -> Intent:
    """The intent in a JSON object; raises CrcError naming `path` and the key that is wrong."""
    if document.get("schema") != INTENT_SCHEMA:
        raise CrcError("json.other_schema", path=path, expected=INTENT_SCHEMA, seen=document.get("schema"))
    intent = from_document(Intent, document, path)
    return dataclasses.replace(intent, payload=from_document(PAYLOADS[intent.kind], document["payload"], path))
