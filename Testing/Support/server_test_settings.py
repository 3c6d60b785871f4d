"""The server's own settings with quick passwords, a clock that tests move, and no limit on signing in."""

from crc_server.settings import *  # noqa: F403 - settings are names in a module
from crc_server.settings import DATABASES, REST_FRAMEWORK

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CRC_CLOCK = "server_clock.now"
REST_FRAMEWORK = {**REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": {"sign_in": "100000/min"}}

if "init_command" in DATABASES["default"].get("OPTIONS", {}):
    # Tests end processes, never the machine: what was handed to the system is safe, and a busy disk costs no time.
    DATABASES["default"]["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
