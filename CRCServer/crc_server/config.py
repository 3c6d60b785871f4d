"""How a server is set up: environment variables to one frozen record, each wrong one told in a sentence."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from crc_core.errors import CrcError
from crc_core.files.atomic import create_exclusively, naming, read_bytes

DATA = "CRC_SERVER_DATA"
DATABASE = "CRC_SERVER_DATABASE"
BODIES = "CRC_SERVER_BODIES"
HOSTS = "CRC_SERVER_HOSTS"
TLS = "CRC_SERVER_TLS"
PROXIES = "CRC_SERVER_PROXIES"
SECRET_KEY = "CRC_SERVER_SECRET_KEY"
TOKEN_HOURS = "CRC_SERVER_TOKEN_HOURS"
UPLOAD_GIGABYTES = "CRC_SERVER_UPLOAD_GIGABYTES"

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_KEY_NAME = "secret-key"
_KEY_BYTES = 48


@dataclass(frozen=True)
class DatabaseUrl:
    """Where PostgreSQL is."""

    name: str
    user: str
    password: str
    host: str
    port: str


@dataclass(frozen=True)
class Config:
    """A server's own settings; `database` is None for SQLite below `data`, `bucket` for bodies below `data`."""

    data: Path
    secret_key: str
    hosts: tuple[str, ...]
    is_tls: bool
    proxies: int
    database: DatabaseUrl | None
    bucket: str | None
    token_hours: int
    upload_gigabytes: int

    @property
    def sqlite(self) -> Path:
        """The embedded database."""
        return self.data / "database.sqlite3"

    @property
    def bodies(self) -> Path:
        """Where readings, finals and images lie unless they lie in a bucket."""
        return self.data / "bodies"

    @property
    def uploads(self) -> Path:
        """Where uploads wait until they are whole."""
        return self.data / "uploads"

    @property
    def cache(self) -> Path:
        """Local copies of bodies that lie in a bucket."""
        return self.data / "cache"


def read_config(environment: Mapping[str, str] | None = None) -> Config:
    """The configuration the environment asks for; makes the data folder and its secret key where they are missing.

    Raises CrcError for a variable that cannot be understood and for a folder that cannot be written.
    """
    values = os.environ if environment is None else environment
    if not values.get(DATA):
        raise CrcError("server.no_data", variable=DATA)
    data = Path(values[DATA]).expanduser().resolve()
    with naming(data):
        data.mkdir(parents=True, exist_ok=True)
    return Config(
        data=data,
        secret_key=values.get(SECRET_KEY) or _own_key(data),
        hosts=tuple(name.strip() for name in values.get(HOSTS, "").split(",") if name.strip()) or _LOOPBACK,
        is_tls=_flag(values, TLS),
        proxies=_count(values, PROXIES, 0, 0, 9),
        database=_database(values.get(DATABASE, "")),
        bucket=_bucket(values.get(BODIES, "")),
        token_hours=_count(values, TOKEN_HOURS, 12, 1, 24 * 30),
        upload_gigabytes=_count(values, UPLOAD_GIGABYTES, 50, 1, 10_000),
    )


def _own_key(data: Path) -> str:
    """The key this server made for itself; whoever can read the data folder can read it."""
    path = data / _KEY_NAME
    if not path.exists():
        create_exclusively(path, secrets.token_urlsafe(_KEY_BYTES).encode())
        with naming(path):
            path.chmod(0o600)
    return read_bytes(path).decode()


def _database(text: str) -> DatabaseUrl | None:
    if not text:
        return None
    parts = urlsplit(text)
    name = parts.path.lstrip("/")
    if parts.scheme not in ("postgres", "postgresql") or not name:
        raise CrcError("server.bad_database", variable=DATABASE)
    try:
        port = str(parts.port or "")
    except ValueError as error:
        raise CrcError("server.bad_database", variable=DATABASE) from error
    return DatabaseUrl(
        unquote(name), unquote(parts.username or ""), unquote(parts.password or ""), parts.hostname or "", port
    )


def _bucket(text: str) -> str | None:
    if not text:
        return None
    parts = urlsplit(text)
    if parts.scheme != "s3" or not parts.netloc:
        raise CrcError("server.bad_bodies", variable=BODIES)
    return parts.netloc


def _flag(values: Mapping[str, str], name: str) -> bool:
    text = values.get(name, "").lower()
    if text not in ("", "0", "1", "no", "yes"):
        raise CrcError("server.bad_flag", variable=name)
    return text in ("1", "yes")


def _count(values: Mapping[str, str], name: str, usual: int, least: int, most: int) -> int:
    text = values.get(name, "")
    number = usual if not text else int(text) if text.isascii() and text.isdigit() else -1
    if not least <= number <= most:
        raise CrcError("server.bad_count", variable=name, least=least, most=most)
    return number
