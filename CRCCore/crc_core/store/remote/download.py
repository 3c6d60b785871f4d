"""Fetching a file: into a part that a later try continues, compared with its hash before it gets its name."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crc_core.errors import CrcError
from crc_core.files.atomic import PART_SUFFIX, naming, sha256_of, sync_folder
from crc_core.store.remote.connection import Connection, broken_line
from crc_core.store.remote.watching import Watch

_PIECE_BYTES = 1 << 18


@dataclass(frozen=True)
class Wanted:
    """A file on the server: where it is, how long it is, what its bytes hash to, and where it is to lie here."""

    path: str
    bytes: int
    sha256: str
    place: Path


def fetch(connection: Connection, wanted: Wanted, watch: Watch) -> Path:
    """The file at its place, whole and compared; one that lies there whole already is kept.

    A line that breaks is taken up where it broke. Raises CrcError where it stays broken, for another content than
    promised, and for a full disk.
    """
    if _is_whole(wanted):
        watch.moved(wanted.bytes)
        return wanted.place
    with naming(wanted.place):
        wanted.place.parent.mkdir(parents=True, exist_ok=True)
    part = wanted.place.with_name(f"{wanted.place.name}.{os.getpid()}{PART_SUFFIX}")
    try:
        _fill(connection, wanted, part, watch)
        if sha256_of(part) != wanted.sha256:
            raise CrcError("remote.other_content", path=wanted.place)
        with naming(wanted.place):
            part.replace(wanted.place)
            sync_folder(wanted.place.parent)
    finally:
        part.unlink(missing_ok=True)
    return wanted.place


def _is_whole(wanted: Wanted) -> bool:
    place = wanted.place
    return place.is_file() and place.stat().st_size == wanted.bytes and sha256_of(place) == wanted.sha256


def _fill(connection: Connection, wanted: Wanted, part: Path, watch: Watch) -> None:
    patience = connection.patience
    for attempt in range(patience.attempts):
        present = part.stat().st_size if part.exists() else 0
        if present == wanted.bytes and present:
            return
        headers = {"Range": f"bytes={present}-"} if present else {}
        answer = connection.send("GET", wanted.path, headers=headers)
        connection.require_good(answer)
        try:
            with answer, broken_line(connection.address):
                _write(answer, part, append=answer.status_code == 206, watch=watch, limit=wanted.bytes)
            if part.stat().st_size == wanted.bytes:
                return
        except CrcError as error:
            if error.code != "remote.offline" or attempt == patience.attempts - 1:
                raise
        connection.rest(attempt)
    raise CrcError("remote.offline", url=connection.address.url)


def _write(answer: Any, part: Path, *, append: bool, watch: Watch, limit: int) -> None:
    with naming(part), part.open("ab" if append else "wb") as stream:
        for piece in answer.iter_content(_PIECE_BYTES):
            stream.write(piece)
            watch.moved(len(piece))
            if stream.tell() > limit:
                raise CrcError("remote.other_content", path=part)
        stream.flush()
        os.fsync(stream.fileno())
