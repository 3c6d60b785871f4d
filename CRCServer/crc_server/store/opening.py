"""The store of this server, put together from Django's settings, and making it in an empty database."""

from __future__ import annotations

import json
import uuid
from functools import lru_cache

from crc_core.errors import CrcError
from crc_core.files.canonical import canonical_bytes
from crc_core.files.records import from_document, to_document
from crc_core.store.clock import Clock
from crc_core.store.folder.people import PERSON_ID
from crc_core.workflow.context import SYSTEM_ACTOR, Policy, load_policy
from crc_core.workflow.events import FIRST_PREV, Kind
from crc_core.workflow.intents import Refusal, new_intent
from crc_core.workflow.payloads import PersonSet
from django.apps import apps
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.module_loading import import_string

from crc_server.models import StoreRow
from crc_server.store.bodies import StoredBodies
from crc_server.store.chain import DatabaseChain, store_row
from crc_server.store.index import INDEX_VERSION
from crc_server.store.memory import ChainMemory
from crc_server.store.passwords import Passwords
from crc_server.store.server_store import Identity, ServerStore


def the_clock() -> Clock:
    """The clock the settings name."""
    clock: Clock = import_string(settings.CRC_CLOCK)
    return clock


def open_store(*, for_request: bool = False) -> ServerStore:
    """The store; one made `for_request` shows one state all the time. Raises CrcError where none was made yet."""
    row = store_row()
    policy = _policy_in(row.policy)
    bodies = StoredBodies(default_storage, settings.CONFIG.cache, row.store_id)
    memory: ChainMemory = apps.get_app_config("crc").memory
    chain = DatabaseChain(memory, policy, row if for_request else None)
    passwords = Passwords.with_rules(the_clock())
    return ServerStore(Identity(row.store_id, policy), chain, bodies, passwords, memory.context_of)


@lru_cache(maxsize=4)
def _policy_in(text: str) -> Policy:
    return from_document(Policy, json.loads(text), settings.CONFIG.data)


def has_store() -> bool:
    """Whether the database holds a store with an administrator."""
    return StoreRow.objects.exists()


def create_store(administrator: PersonSet, name: str, password: str, policy: Policy | None = None) -> ServerStore:
    """Make the store with its first administrator, whole or not at all; raises CrcError where there is one."""
    if not PERSON_ID.fullmatch(administrator.person):
        raise CrcError("store.bad_person", person=administrator.person)
    with transaction.atomic():
        if has_store():
            raise CrcError("server.has_store")
        document = canonical_bytes(to_document(policy or load_policy())).decode()
        StoreRow.objects.create(
            store_id=uuid.uuid4().hex,
            policy=document,
            created=the_clock()(),
            head_hash=FIRST_PREV,
            index_version=INDEX_VERSION,
        )
        store = open_store()
        store.passwords.set_name(administrator.person, name)
        store.passwords.set(administrator.person, password)
        intent = new_intent(Kind.PERSON_SET, None, SYSTEM_ACTOR, the_clock()(), administrator)
        outcome = store.ledger.commit(intent)
        if isinstance(outcome, Refusal):
            raise outcome.as_error()
    return store
