"""What a server does by itself: what is due by rule, and clearing what nobody will ask for again."""

from __future__ import annotations

import logging
import threading

from crc_core.errors import CrcError
from crc_core.text import Lang
from django.db import DatabaseError, close_old_connections

PAUSE_S = 60.0
_UPLOAD_DAYS = 14
_LOG = logging.getLogger(__name__)


def keep_once() -> None:
    """Compare pairs whose windows have closed, store agreed finals, clear old uploads and ended sessions.

    Trouble is logged and tried again the next time; it never ends the server.
    """
    from django.core.files.storage import default_storage

    from crc_server.api.upload_views import uploads
    from crc_server.storage import FlushedStorage
    from crc_server.store.opening import has_store, open_store

    close_old_connections()
    try:
        if has_store():
            open_store().advance()
            _forget_ended_sessions()
        uploads().clear(_UPLOAD_DAYS)
        if isinstance(default_storage, FlushedStorage):
            default_storage.clear_parts(_UPLOAD_DAYS)
    except CrcError as error:
        _LOG.error("%s", error.sentence(Lang.EN))
    except (DatabaseError, OSError) as error:
        _LOG.error("keeping was put off: %s", type(error).__name__)
    finally:
        close_old_connections()


def keep(stop: threading.Event, pause_s: float = PAUSE_S) -> None:
    """Keep until told to stop."""
    while not stop.is_set():
        keep_once()
        stop.wait(pause_s)


def _forget_ended_sessions() -> None:
    from django.contrib.sessions.models import Session
    from django.utils import timezone
    from knox.models import AuthToken

    AuthToken.objects.filter(expiry__lt=timezone.now()).delete()
    Session.objects.filter(expire_date__lt=timezone.now()).delete()
