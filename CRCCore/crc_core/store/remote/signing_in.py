"""Signing in: a password is changed for a token, which lives in memory only and ends by itself."""

from __future__ import annotations

from dataclasses import dataclass, field

from crc_core.errors import CrcError
from crc_core.store.remote.connection import Connection
from crc_core.workflow.intents import Refusal


@dataclass(frozen=True)
class SignedIn:
    """A person with a token."""

    person: str
    token: str = field(repr=False)


def sign_in(connection: Connection, person: str, password: str) -> SignedIn:
    """A token for the person; raises CrcError for a wrong name or password."""
    answer = connection.post("sessions", {"person": person, "password": password}, again=False)
    if isinstance(answer, Refusal):
        raise answer.as_error()
    if not isinstance(answer.get("token"), str):
        raise CrcError("remote.strange", url=connection.address.url)
    return SignedIn(person, answer["token"])


def sign_out(connection: Connection) -> None:
    """End the session of the connection's token."""
    connection.delete("sessions/current")
