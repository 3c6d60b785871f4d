"""The job `fetch`: a unit's images from the server into this machine's cache, and the opening from there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from crc_core.desk.job_forms import FetchAsked, Fetched, FetchedImage
from crc_core.desk.job_running import Tell
from crc_core.desk.opening import ImageSource
from crc_core.errors import CrcError
from crc_core.files.sealed import SealedFolder, open_as
from crc_core.identity import UnitId
from crc_core.store.access import server_store
from crc_core.store.images import image_files
from crc_core.store.remote.body_cache import in_use
from crc_core.store.remote.watching import Watch
from crc_core.text import say
from crc_core.vocabulary import Role

_MEGABYTE = 1_000_000


class Bodies(ImageSource, Protocol):
    """Where images and sealed readings come from; every store is one."""

    def open_reading(self, reading: str, viewer: str) -> SealedFolder:
        """A sealed reading the viewer may see, compared with its manifest."""


@dataclass(frozen=True)
class FetchedBodies:
    """What was fetched before, as the source of an opening; nothing of it asks the server."""

    images: Mapping[Role, Path]
    reading: tuple[str, Path] | None = None
    cached: tuple[Path, ...] = ()

    @contextmanager
    def held(self) -> Iterator[None]:
        """While the block runs, nothing of it goes out of this machine's cache."""
        with ExitStack() as stack:
            for folder in self.cached:
                stack.enter_context(in_use(folder))
            yield

    def open_image(self, unit: UnitId, role: Role, viewer: str) -> tuple[Path, ...]:
        """The files of a series in their order; raises CrcError where it was not fetched."""
        if role not in self.images:
            raise CrcError("store.unknown_unit", unit=unit)
        return tuple(image_files(self.images[role]))

    def open_reading(self, reading: str, viewer: str) -> SealedFolder:
        """The reading, compared with its manifest; raises CrcError where it was not fetched."""
        if self.reading is None or self.reading[0] != reading:
            raise CrcError("store.unknown_reading", reading=reading)
        return open_as(self.reading[1], reading)


def fetched_bodies(fetched: Fetched, reading: str | None) -> FetchedBodies:
    """The source that an answer of the job stands for; `reading` is the one that was asked for."""
    folders = {item.role: Path(item.folder) for item in fetched.images}
    known = None if reading is None or fetched.reading is None else (reading, Path(fetched.reading))
    return FetchedBodies(folders, known, tuple(Path(folder) for folder in fetched.cached))


def fetch_images(asked: FetchAsked, tell: Tell) -> Fetched:
    """Do the job: what lies in the cache whole is not fetched again; raises CrcError as the server does."""
    told = _Telling(asked, tell)
    store = server_store(asked.access, asked.lang, watch=told.watch)
    unit, images = UnitId.parse(asked.unit), []
    for role in asked.roles:
        told.begin(role)
        folder = store.open_image(unit, role, asked.viewer)[0].parent
        images.append(FetchedImage(role, str(folder)))
    reading = None
    if asked.reading is not None:
        tell(say("annotator.opening.reading", asked.lang), 0, 0)
        try:
            reading = str(store.open_reading(asked.reading, asked.viewer).folder)
        except CrcError as error:
            # Who may not see it any more is told when it is opened, with what that means for the case.
            if error.code != "store.unknown_reading":
                raise
    units = {str(Path(image.folder).parent) for image in images}
    return Fetched(tuple(images), reading, (*sorted(units), *([] if reading is None else [reading])))


class _Telling:
    """How far the download is: which series of how many, and how much of it."""

    def __init__(self, asked: FetchAsked, tell: Tell) -> None:
        self._lang, self._tell, self._count = asked.lang, tell, len(asked.roles)
        self._number, self._role = 0, ""
        self.watch = Watch(on_progress=self._progress)

    def begin(self, role: Role) -> None:
        self._number += 1
        self._role = say(f"desk.role.{role.value}", self._lang)
        self._progress(0, 0)

    def _progress(self, done_bytes: int, total_bytes: int) -> None:
        words = say(
            "online.fetching",
            self._lang,
            role=self._role,
            number=self._number,
            count=self._count,
            done=f"{done_bytes / _MEGABYTE:.0f}",
            total=f"{total_bytes / _MEGABYTE:.0f}",
        )
        self._tell(words, min(done_bytes, total_bytes), total_bytes)
