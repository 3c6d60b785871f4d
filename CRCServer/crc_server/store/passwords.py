"""Passwords: what people sign in and sign with; too many wrong ones close the door for a while."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from crc_core.errors import CrcError
from crc_core.store.clock import Clock
from crc_core.store.folder.people import PERSON_ID, PinPolicy, load_pin_policy
from crc_core.workflow.intents import Refusal
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from crc_server.models import TriesRow

_ATTEMPTS = 20


@dataclass(frozen=True)
class Account:
    """A person's name (the identifier where none was entered), and whether they can sign in."""

    name: str
    has_password: bool


@dataclass(frozen=True)
class Passwords:
    """The accounts of a server; titles, roles and who is active stand in the chain and nowhere else."""

    clock: Clock
    policy: PinPolicy

    @classmethod
    def with_rules(cls, clock: Clock) -> Passwords:
        """Under the rules shipped with this version."""
        return cls(clock, load_pin_policy())

    def check(self, person: str, secret: str | None) -> Refusal | None:
        """Why `secret` is not the person's password; None where it is.

        A try is counted before it is looked at, and the answer and its time are the same for a name nobody has.
        """
        if not secret:
            return Refusal.because("server.password_needed")
        wrong = self._count(person)
        if wrong > self.policy.tries:
            return Refusal.because("server.password_locked", minutes=self.policy.lock_minutes)
        account = User.objects.filter(username=person).first()
        if account is None:
            make_password(secret)
        elif account.check_password(secret):
            TriesRow.objects.filter(person=person).delete()
            return None
        return Refusal.because("server.password_wrong", left=self.policy.tries - wrong)

    def set(self, person: str, secret: str) -> None:
        """Give the person a new password; raises CrcError for one that is too easy."""
        account = self.account(person)
        try:
            validate_password(secret, account)
        except ValidationError as error:
            raise CrcError("server.password_weak") from error
        account.set_password(secret)
        account.save()
        TriesRow.objects.filter(person=person).delete()

    def set_name(self, person: str, name: str) -> None:
        """Enter or change a person's name."""
        account = self.account(person)
        account.first_name = name[:150]
        account.save()

    def name(self, person: str) -> str:
        """The person's name; the identifier where none was entered."""
        return User.objects.filter(username=person).values_list("first_name", flat=True).first() or person

    def accounts(self, persons: Iterable[str]) -> dict[str, Account]:
        """What is kept of each of the persons, in one question."""
        wanted = tuple(persons)
        found = {user.username: user for user in User.objects.filter(username__in=wanted)}
        return {
            person: Account(found[person].first_name or person, found[person].has_usable_password())
            if person in found
            else Account(person, False)
            for person in wanted
        }

    def check_id(self, person: str) -> None:
        """Raise the CrcError for an identifier that is not allowed."""
        if not PERSON_ID.fullmatch(person):
            raise CrcError("store.bad_person", person=person)

    def account(self, person: str) -> User:
        """The person's account, made where there is none, without a password."""
        self.check_id(person)
        account, is_new = User.objects.get_or_create(username=person)
        if is_new:
            account.set_unusable_password()
            account.save()
        return account

    def _count(self, person: str) -> int:
        """How many tries this one makes."""
        now = self.clock()
        with transaction.atomic():
            TriesRow.objects.filter(last_at__lt=now - timedelta(minutes=self.policy.lock_minutes)).delete()
            for _ in range(_ATTEMPTS):
                TriesRow.objects.get_or_create(person=person, defaults={"last_at": now})
                # Who signs in at the same moment with the right password takes the row away.
                row = TriesRow.objects.select_for_update().filter(person=person).first()
                if row is not None:
                    return self._counted(row, now)
        raise CrcError("store.busy")

    def _counted(self, row: TriesRow, now: datetime) -> int:
        """One try more; a closed door opens in its time, however often somebody knocks meanwhile."""
        if row.wrong <= self.policy.tries:
            row.wrong, row.last_at = row.wrong + 1, now
            row.save(update_fields=["wrong", "last_at"])
        return int(row.wrong)
