"""A server's database in this process: migrated once, emptied and filled with everybody for each new store."""

from __future__ import annotations

import os
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import server_clock
from crc_core.vocabulary import Target
from crc_core.workflow import payloads as p
from crc_core.workflow.context import Policy
from crc_core.workflow.events import Kind
from store_support import PEOPLE, PIN, POLICY, must, person_set

if TYPE_CHECKING:
    from crc_server.store.server_store import ServerStore

TABLES = (
    "ValueRow",
    "RecordRow",
    "EventRow",
    "AgreementRow",
    "SlotRow",
    "UnitRow",
    "ReadingRow",
    "SeriesRow",
    "CaseRow",
    "TriesRow",
    "TakenRow",
    "SavedSearchRow",
    "StoreRow",
)


@cache
def django_ready() -> Path:
    """Set Django up in this process; the data folder. The environment may name a database."""
    folder = Path(os.environ.setdefault("CRC_SERVER_DATA", tempfile.mkdtemp(prefix="crc-server-")))
    os.environ.setdefault(server_clock.VARIABLE, str(folder / "clock"))
    os.environ["DJANGO_SETTINGS_MODULE"] = "server_test_settings"
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    return folder


def clock_file() -> Path:
    """The file of the clock."""
    return Path(os.environ[server_clock.VARIABLE])


def empty() -> None:
    """Remove all that is in the database and in the folders."""
    from crc_server import models
    from django.contrib.auth.models import User

    for name in TABLES:
        getattr(models, name).objects.all().delete()
    User.objects.all().delete()
    for name in ("bodies", "uploads", "cache"):
        shutil.rmtree(django_ready() / name, ignore_errors=True)


def new_server_store(policy: Policy = POLICY) -> ServerStore:
    """A new store in place of any other with all of `PEOPLE`, who have the same password, and with readers cleared."""
    from crc_server.store.opening import create_store

    empty()
    store = create_store(person_set("admin"), "Admin", "a-long-first-password-7", policy)
    for person in PEOPLE:
        if person != "admin":
            must(store, "admin", Kind.PERSON_SET, person_set(person))
        account = store.passwords.account(person)
        account.set_password(PIN)
        account.save()
    for reader in ("wang", "li", "zhao"):
        for target in (Target.PRIMARY, Target.LIVER):
            must(store, "chief", Kind.CLEARANCE_SIGNED, p.ClearanceSigned(reader, target, "v1"))
    return store
