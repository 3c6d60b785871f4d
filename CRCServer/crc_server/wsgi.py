"""The entry for gunicorn and other WSGI servers: `gunicorn crc_server.wsgi`."""

from __future__ import annotations

import gc
import os
import sys

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crc_server.settings")
application = get_wsgi_application()

_SWITCH_S = 0.001
# A long answer lets the many short steps of the others in between; and what was loaded by now stays, so that nobody
# waits while Python looks through it for what could go.
sys.setswitchinterval(_SWITCH_S)
gc.collect()
gc.freeze()
