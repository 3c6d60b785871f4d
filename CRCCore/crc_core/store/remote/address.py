"""Where a server is and how it is reached: TLS, the hospital's own certificate, a proxy."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from crc_core.errors import CrcError


@dataclass(frozen=True)
class Address:
    """A server's address; `ca_file` names the hospital's own certificates, `proxy` replaces the system's proxy."""

    url: str
    ca_file: Path | None = None
    proxy: str | None = None

    @classmethod
    def of(cls, url: str, ca_file: Path | None = None, proxy: str | None = None) -> Address:
        """The address after looking at it; raises CrcError for one that would send passwords unprotected."""
        parts = urlsplit(url.strip())
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise CrcError("remote.bad_address", url=url)
        if parts.username is not None or parts.password is not None:
            raise CrcError("remote.bad_address", url=parts.hostname)
        address = cls(url.strip().rstrip("/"), ca_file, proxy)
        if parts.scheme == "http" and not address.is_here:
            raise CrcError("remote.not_protected", url=url)
        if ca_file is not None and not ca_file.is_file():
            raise CrcError("file.missing", path=ca_file)
        return address

    @property
    def is_here(self) -> bool:
        """Whether the server is on this machine."""
        host = urlsplit(self.url).hostname or ""
        if host == "localhost":
            return True
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False

    def at(self, path: str) -> str:
        """The address of a path of API v1."""
        return f"{self.url}/api/v1/{path}"
