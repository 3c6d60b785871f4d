"""The server's own settings for benchmarks: only signing in is not limited, since all clients come from one address."""

from crc_server.settings import *  # noqa: F403 - settings are names in a module
from crc_server.settings import REST_FRAMEWORK

REST_FRAMEWORK = {**REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": {"sign_in": "100000/min"}}
