"""Sending a sealed folder: its manifest, then each file, in ranges where it is large, going on where a line broke."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from crc_core.errors import CrcError
from crc_core.files.atomic import naming
from crc_core.store.remote.connection import Connection
from crc_core.store.remote.watching import Watch
from crc_core.workflow.intents import Refusal

RANGE_BYTES = 64 * 1024 * 1024
"""What comes before a line is cut stays at the server all the same; each range waits for the disk once."""
_PIECE_BYTES = 1 << 20
_MEND = frozenset({"server.upload_cut", "server.range", "server.upload_elsewhere"})
"""Problems after which one asks how far the file has come and goes on from there."""


@dataclass(frozen=True)
class Parcel:
    """A sealed folder to be sent: its manifest's bytes and hash, and its files by name."""

    sha256: str
    manifest: bytes
    files: Mapping[str, Path]
    sizes: Mapping[str, int]


@dataclass(frozen=True)
class Stretch:
    """So many bytes from `start` of a file of `size` bytes."""

    start: int
    length: int
    size: int


def send_parcel(connection: Connection, parcel: Parcel, watch: Watch) -> None:
    """Send what the server does not have of it yet; returns once every file is acknowledged.

    Raises CrcError where the line stays broken; what was acknowledged is not sent again by the next try.
    """
    state = _good(_send(connection, f"uploads/{parcel.sha256}", parcel.manifest))
    received = {item["name"]: int(item["received"]) for item in state["files"]}
    watch.begin(sum(parcel.sizes.values()))
    for name, path in parcel.files.items():
        start = received.get(name, 0)
        watch.moved(start)
        _send_file(connection, parcel, name, path, watch, start)


def _send_file(connection: Connection, parcel: Parcel, name: str, path: Path, watch: Watch, start: int) -> None:
    size, attempt = parcel.sizes[name], 0
    address = f"uploads/{parcel.sha256}/files/{quote(name)}"
    while start < size or (size == 0 and attempt == 0):
        length = min(RANGE_BYTES, size - start)
        try:
            state = _good(_send_range(connection, address, path, watch, Stretch(start, length, size)))
        except CrcError as error:
            if error.code not in _MEND or attempt >= connection.patience.attempts:
                raise
            connection.rest(attempt)
            attempt += 1
            start = _received(connection, parcel, name)
            continue
        watch.moved(int(state["received"]) - start)
        start = int(state["received"])
        attempt += size == 0


def _send_range(connection: Connection, address: str, path: Path, watch: Watch, part: Stretch) -> Any:
    def pieces() -> Iterator[bytes]:
        with naming(path), path.open("rb") as stream:
            stream.seek(part.start)
            left = part.length
            while left and (piece := stream.read(min(left, _PIECE_BYTES))):
                watch.under_way(part.length - left)
                left -= len(piece)
                yield piece

    last = part.start + part.length - 1
    headers = {} if part.length == part.size else {"Content-Range": f"bytes {part.start}-{last}/{part.size}"}
    return _send(connection, address, _Body(pieces, part.length), headers)


class _Body:
    """A body of known length that can be begun anew by each attempt."""

    def __init__(self, pieces: Any, length: int) -> None:
        self._pieces = pieces
        self._length = length

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._pieces())


def _send(connection: Connection, path: str, body: Any, headers: Mapping[str, str] | None = None) -> Any:
    named = {"Content-Type": "application/octet-stream", **(headers or {})}
    return connection.document(connection.send("PUT", path, data=body, headers=named, works=True))


def _received(connection: Connection, parcel: Parcel, name: str) -> int:
    state = _good(connection.get(f"uploads/{parcel.sha256}"))
    return next((int(item["received"]) for item in state["files"] if item["name"] == name), 0)


def _good(outcome: Any) -> Any:
    """The document; raises a refusal as its CrcError."""
    if isinstance(outcome, Refusal):
        raise outcome.as_error()
    return outcome
