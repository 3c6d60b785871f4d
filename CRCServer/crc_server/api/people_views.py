"""Signing in and out, who one is, and the accounts of people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crc_core.errors import CrcError
from crc_core.files.records import time_text, to_document
from crc_core.vocabulary import PersonRole, Target
from crc_core.workflow.context import Person
from crc_core.workflow.intents import Refusal
from knox.models import AuthToken
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import ScopedRateThrottle

from crc_server.api.authentication import new_token
from crc_server.api.base import StoreView
from crc_server.api.describing import describe
from crc_server.api.problems import refused
from crc_server.api.schemas import listed, schema_of


@dataclass(frozen=True)
class SignIn:
    """A name and a password."""

    person: str
    password: str


@dataclass(frozen=True)
class Session:
    """A token and until when it is good."""

    token: str
    expires: str
    person: str


@dataclass(frozen=True)
class Me:
    """Who is asking, as the rules see them."""

    person: str
    name: str
    title: str
    roles: tuple[str, ...]
    site: str
    may_sign: bool
    cleared: tuple[str, ...]
    protocol: str


@dataclass(frozen=True)
class PersonLine:
    """A person as an administrator sees them."""

    person: str
    name: str
    title: str
    roles: tuple[str, ...]
    site: str
    active: bool
    has_password: bool


@dataclass(frozen=True)
class NewPassword:
    """A new password; `old` is needed for one's own."""

    password: str
    old: str | None = None


@dataclass(frozen=True)
class NewName:
    """A person's name."""

    name: str


class SessionsView(StoreView):
    """Sign in."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (ScopedRateThrottle,)
    throttle_scope = "sign_in"

    @describe("Sign in", body=schema_of(SignIn), answer=schema_of(Session), status=201)
    def post(self, request: Request) -> Response:
        """A new token for a name and its password."""
        wanted = self.body(SignIn)
        store = self.store
        refusal = store.passwords.check(wanted.person[:40], wanted.password)
        if refusal is None and store.ledger.context.person(wanted.person) is None:
            refusal = Refusal.because("server.sign_in")
        if refusal is not None:
            locked = refusal.code == "server.password_locked"
            raise refusal.as_error() if locked else CrcError("server.sign_in_wrong")
        instance, token = new_token(store.passwords.account(wanted.person))
        return Response(to_document(Session(token, time_text(instance.expiry), wanted.person)), status=201)


class SessionView(StoreView):
    """Sign out."""

    @describe("Sign out of this session")
    def delete(self, request: Request) -> Response:
        """Forget the token the request came with."""
        request.auth.delete()
        return Response(status=204)


class AllSessionsView(StoreView):
    """Sign out everywhere."""

    @describe("Sign out of every session")
    def delete(self, request: Request) -> Response:
        """Forget all tokens of the person."""
        AuthToken.objects.filter(user=request.user).delete()
        return Response(status=204)


class MeView(StoreView):
    """Who is asking."""

    @describe("Who I am", answer=schema_of(Me))
    def get(self, request: Request) -> Response:
        """The person with title, roles and clearances."""
        store = self.store
        context = store.ledger.context
        person = context.person(self.person)
        if person is None:
            raise CrcError("workflow.unknown_person", person=self.person)
        cleared = tuple(target.value for target in Target if context.is_cleared(person.id, target))
        roles = tuple(sorted(role.value for role in person.roles))
        me = Me(
            person.id,
            store.passwords.name(person.id),
            person.title.value,
            roles,
            person.site,
            person.may_sign,
            cleared,
            context.protocol,
        )
        return Response(to_document(me))


class MyPasswordView(StoreView):
    """One's own password."""

    @describe("Change my password", body=schema_of(NewPassword))
    def put(self, request: Request) -> Response:
        """A new password in place of the old one; every session ends."""
        wanted = self.body(NewPassword)
        refusal = self.store.passwords.check(self.person, wanted.old)
        if refusal is not None:
            return refused(request, refusal)
        self.store.passwords.set(self.person, wanted.password)
        AuthToken.objects.filter(user=request.user).delete()
        return Response(status=204)


class PeopleView(StoreView):
    """The people of the store."""

    @describe("People", answer=listed("people", PersonLine))
    def get(self, request: Request) -> Response:
        """Everybody, for an administrator."""
        require(self.store.ledger.context.person(self.person), PersonRole.ADMINISTRATOR)
        persons = self.store.persons()
        accounts = self.store.passwords.accounts(person.id for person in persons)
        lines = [
            PersonLine(
                person.id,
                accounts[person.id].name,
                person.title.value,
                tuple(sorted(role.value for role in person.roles)),
                person.site,
                person.active,
                accounts[person.id].has_password,
            )
            for person in persons
        ]
        return Response({"people": [to_document(line) for line in lines]})


class PersonPasswordView(StoreView):
    """Another person's password."""

    @describe("Set a person's password", body=schema_of(NewPassword))
    def put(self, request: Request, person: str) -> Response:
        """A password for the first time or after it was forgotten; the person's sessions end."""
        store = self.store
        require(store.ledger.context.person(self.person), PersonRole.ADMINISTRATOR)
        known(store.persons(), person)
        store.passwords.set(person, self.body(NewPassword).password)
        AuthToken.objects.filter(user__username=person).delete()
        return Response(status=204)


class PersonNameView(StoreView):
    """A person's name."""

    @describe("Set a person's name", body=schema_of(NewName))
    def put(self, request: Request, person: str) -> Response:
        """Enter or change it."""
        store = self.store
        require(store.ledger.context.person(self.person), PersonRole.ADMINISTRATOR)
        known(store.persons(), person)
        store.passwords.set_name(person, self.body(NewName).name)
        return Response(status=204)


def require(person: Person | None, *roles: PersonRole) -> Person:
    """The person where they have one of the roles; else the CrcError."""
    if person is None or not person.roles & frozenset(roles):
        raise CrcError("server.not_yours")
    return person


def known(persons: Any, person: str) -> None:
    """Raise CrcError for somebody the chain does not know."""
    if all(item.id != person for item in persons):
        raise CrcError("server.not_found")
