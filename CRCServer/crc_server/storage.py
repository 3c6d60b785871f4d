"""Where bodies are kept: the local disk, where a file is there whole and flushed or not at all, or a bucket."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from crc_core.errors import CrcError
from crc_core.files.atomic import PART_SUFFIX, naming, part_beside, sync_folder
from django.core.files.storage import FileSystemStorage

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:
    # Installed with `crc-server[s3]` only.
    _BUCKET_ERRORS: tuple[type[Exception], ...] = ()
else:
    _BUCKET_ERRORS = (BotoCoreError, ClientError)


_PARTS = ".parts"


@contextmanager
def reaching_storage() -> Iterator[None]:
    """Tell of a bucket that does not answer as of a database that does not: the caller waits and tries again."""
    try:
        yield
    except _BUCKET_ERRORS as error:
        raise CrcError("server.away") from error


class FlushedStorage(FileSystemStorage):
    """Keeps a name as it is asked for, and replaces what lies there in one step.

    What is being written lies apart: a server that is killed must leave nothing in a body's folder, which is sealed.
    """

    @property
    def parts(self) -> Path:
        """Where files are while they are written."""
        return Path(self.path(_PARTS))

    def clear_parts(self, older_than_days: float) -> None:
        """Remove what a server that was killed left half written."""
        limit = time.time() - older_than_days * 24 * 3600
        for part in self.parts.glob(f"*{PART_SUFFIX}"):
            with naming(part):
                if part.stat().st_mtime < limit:
                    part.unlink(missing_ok=True)

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """The name itself: it is made of hashes, so the same name means the same content."""
        return name

    def _save(self, name: str, content: Any) -> str:
        path = Path(self.path(name))
        part = part_beside(self.parts / path.name)
        with naming(path):
            self.parts.mkdir(parents=True, exist_ok=True)
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                with part.open("xb") as stream:
                    for piece in content.chunks():
                        stream.write(piece)
                    stream.flush()
                    os.fsync(stream.fileno())
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)
            sync_folder(path.parent)
        return name
