"""Finds the DICOM images under a folder: each file opened once, only wanted elements read, everything else told why."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from crc_core.dicom.cache import CachedFile, CacheState, FolderCache
from crc_core.dicom.elements import HeaderError, RawHeader, Trouble, read_elements
from crc_core.dicom.grouping import group
from crc_core.dicom.header import MEDIA_DIRECTORY
from crc_core.dicom.instance import WANTED_TAGS, HeaderPool, Instance, decode_instance
from crc_core.dicom.multiframe import frames_of
from crc_core.dicom.series import Patient, Series, Study
from crc_core.errors import CrcError
from crc_core.files.atomic import naming

_MEDIA_CLASS = 0x00020002
_REPORT_EVERY = 64
Progress = Callable[[int, int], None]
Cancelled = Callable[[], bool]


@dataclass(frozen=True)
class Unreadable:
    """A file that is not in the index, and why."""

    location: str
    trouble: Trouble

    @property
    def path(self) -> Path:
        """The file."""
        return Path(self.location)


@dataclass(frozen=True, eq=False)
class FolderIndex:
    """What lies in a folder: the images, the files that could not be read, and DICOMDIR files, which are skipped."""

    folder: Path
    instances: tuple[Instance, ...]
    unreadable: tuple[Unreadable, ...]
    media_directories: tuple[Path, ...]
    cache: CacheState

    @cached_property
    def patients(self) -> tuple[Patient, ...]:
        """The images by patient, study and stack."""
        return group(self.instances)

    @property
    def studies(self) -> tuple[Study, ...]:
        """All studies of all patients."""
        return tuple(study for patient in self.patients for study in patient.studies)

    @property
    def series(self) -> tuple[Series, ...]:
        """All stacks of all studies."""
        return tuple(series for study in self.studies for series in study.series)


def index_folder(
    folder: Path,
    *,
    cache: Path | None = None,
    on_progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> FolderIndex:
    """The index of everything under `folder`; never raises for the content of a file, whatever it holds.

    `cache` is the folder of the per-user cache (its default place where None), in which an unchanged file (path, size,
    time of change) need not be opened again. `on_progress(done, total)` and `cancelled()` are asked now and then.
    Raises CrcError where the folder itself cannot be read or the work is cancelled.
    """
    with naming(folder):
        if not folder.is_dir():
            os.scandir(folder).close()
        found = sorted(_files(folder.absolute()))
    store = FolderCache.load(folder.absolute(), cache)
    reader = _Reader()
    results: list[CachedFile] = []
    for done, (location, size, mtime_ns) in enumerate(found):
        entry = store.known(location, size, mtime_ns)
        results.append(entry if entry is not None else reader.read(location, size, mtime_ns))
        if done % _REPORT_EVERY == 0:
            _report(folder, done, len(found), on_progress, cancelled)
    _report(folder, len(found), len(found), on_progress, cancelled)
    state = store.save(results)
    return _index(folder, results, state)


def _report(folder: Path, done: int, total: int, on_progress: Progress | None, cancelled: Cancelled | None) -> None:
    if cancelled is not None and cancelled():
        raise CrcError("dicom.cancelled", path=folder)
    if on_progress is not None:
        on_progress(done, total)


def _files(folder: Path) -> Iterator[tuple[str, int, int]]:
    """Path, size and time of change of every regular file below; links to folders are not followed (they can loop)."""
    pending = [str(folder)]
    while pending:
        try:
            entries = os.scandir(pending.pop())
        except OSError:
            continue
        with entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
                elif entry.is_file():
                    stat = entry.stat()
                    yield entry.path, stat.st_size, stat.st_mtime_ns


class _Reader:
    """Reads files one after the other and shares the headers between them."""

    def __init__(self) -> None:
        self._pool = HeaderPool()

    def read(self, location: str, size: int, mtime_ns: int) -> CachedFile:
        """What `location` holds: its images, or the reason why there are none."""
        try:
            with open(location, "rb", buffering=0) as stream:  # noqa: PTH123 - a Path per file costs a tenth of the read
                raw = read_elements(stream, size, WANTED_TAGS)
            return CachedFile(location, size, mtime_ns, self._images(raw, location), None)
        except HeaderError as error:
            return CachedFile(location, size, mtime_ns, (), error.trouble)
        except OSError:
            return CachedFile(location, size, mtime_ns, (), Trouble.NOT_READABLE)

    def _images(self, raw: RawHeader, location: str) -> tuple[Instance, ...]:
        if raw.values.get(_MEDIA_CLASS, b"").strip(b"\0 ").decode("ascii", "replace") == MEDIA_DIRECTORY:
            return ()
        instance = decode_instance(raw, location, self._pool)
        header = instance.header
        if not header.study_uid or not header.series_uid or not header.sop_class_uid:
            raise HeaderError(Trouble.NOT_DICOM)
        expected = header.rows * header.columns * header.samples * header.bits_allocated // 8 * instance.frames_in_file
        if header.has_pixels and 0 <= raw.pixel_bytes < expected:
            raise HeaderError(Trouble.TRUNCATED)
        if header.is_multiframe_class:
            return frames_of(instance)
        return (instance,)


def _index(folder: Path, results: list[CachedFile], state: CacheState) -> FolderIndex:
    return FolderIndex(
        folder,
        tuple(instance for result in results for instance in result.instances),
        tuple(Unreadable(result.location, result.trouble) for result in results if result.trouble is not None),
        tuple(Path(result.location) for result in results if result.trouble is None and not result.instances),
        state,
    )
