"""The entry for gunicorn and other WSGI servers: `gunicorn crc_server.wsgi`."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crc_server.settings")
application = get_wsgi_application()
