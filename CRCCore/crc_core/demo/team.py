"""The people of a demonstration and the store they work in."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from crc_core.demo.readers import Habit
from crc_core.demo.work import Reader
from crc_core.identity import UnitId
from crc_core.reading.schema import FIRST_ROUND
from crc_core.store.clock import utc_now
from crc_core.store.folder import FolderStore
from crc_core.store.folder.founding import Newcomer, Signer, clear_readers, found_store
from crc_core.store.protocol import Receipt
from crc_core.vocabulary import PersonRole, Target, Title
from crc_core.workflow import payloads as say_of
from crc_core.workflow.context import load_policy
from crc_core.workflow.events import Kind
from crc_core.workflow.intents import Refusal, new_intent

ADMINISTRATOR, MANAGER, SENIOR = "admin", "manager", "chief"
FIRST_READER, SECOND_READER = "wang", "li"


@dataclass(frozen=True)
class Member:
    """A person of the demonstration."""

    name: str
    title: Title
    role: PersonRole


MEMBERS: Mapping[str, Member] = MappingProxyType(
    {
        MANAGER: Member("数据管理员", Title.NONE, PersonRole.DATA_MANAGER),
        FIRST_READER: Member("王医生", Title.RESIDENT, PersonRole.ANNOTATOR),
        SECOND_READER: Member("李医生", Title.ATTENDING, PersonRole.ANNOTATOR),
        SENIOR: Member("陈主任", Title.CHIEF, PersonRole.SENIOR),
    }
)


@dataclass(frozen=True, eq=False)
class Team:
    """A store with its people; the senior's PIN is made for this demonstration only."""

    store: FolderStore
    senior_pin: str

    def act(self, actor: str, kind: Kind, unit: UnitId | None, payload: Any) -> None:
        """Send an intent; raises CrcError where the store refuses."""
        secret = self.senior_pin if actor == SENIOR else None
        intent = new_intent(kind, None if unit is None else str(unit), actor, utc_now(), payload)
        accepted(self.store.act(intent, secret=secret))

    def assign(self, unit: UnitId) -> None:
        """Give both readers their slot of a unit."""
        for reader in (FIRST_READER, SECOND_READER):
            self.act(MANAGER, Kind.READING_ASSIGNED, unit, say_of.ReadingAssigned(reader, FIRST_ROUND))


def accepted(outcome: Receipt | Refusal) -> Receipt:
    """The receipt; raises the refusal as a CrcError."""
    if isinstance(outcome, Refusal):
        raise outcome.as_error()
    return outcome


def found_team(root: Path, senior_pin: str) -> Team:
    """A new store in which readings cannot be taken back, so that they are compared at once; people, clearances."""
    policy = dataclasses.replace(load_policy(), version="workflow-1-demo", withdrawal_window_minutes=0)
    administrator = Newcomer(ADMINISTRATOR, "管理员", Title.NONE, PersonRole.ADMINISTRATOR)
    others = [Newcomer(person, member.name, member.title, member.role) for person, member in MEMBERS.items()]
    store = found_store(root, administrator, others, policy=policy)
    clear_readers(store, Signer(SENIOR, senior_pin), "delineation-protocol-1")
    return Team(store, senior_pin)


def careful(person: str, seed: int) -> Reader:
    """A reader with a steady hand who misses nothing."""
    return Reader(person, MEMBERS[person].title.value, seed, Habit(0.8, {}))


def overlooking(person: str, seed: int, *missed: tuple[Target, int]) -> Reader:
    """A reader with a steady hand who overlooks some lesions."""
    return Reader(person, MEMBERS[person].title.value, seed, Habit(0.8, {}, frozenset(missed)))


def generous(person: str, seed: int) -> Reader:
    """A reader who draws the primary far too wide and stages it higher."""
    habit = Habit(0.8, {Target.PRIMARY: 7.0})
    return Reader(person, MEMBERS[person].title.value, seed, habit, {"t_stage": "t4a"})
