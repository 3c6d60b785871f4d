"""Releases: which finals go into one, and a copy of it to give away with the head of the chain it was made from."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from crc_core.errors import CrcError
from crc_core.files.atomic import naming, sha256_of, write_bytes
from crc_core.files.canonical import canonical_bytes
from crc_core.files.records import to_document
from crc_core.files.sealed import MANIFEST_NAME, open_sealed
from crc_core.files.whole_folder import whole_folder
from crc_core.identity import UnitId
from crc_core.store.folder import FolderStore
from crc_core.workflow.events import Event, Kind
from crc_core.workflow.views import Phase

RELEASE_SCHEMA = "crc-release/1"
RELEASE_NAME = "release.json"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


@dataclass(frozen=True)
class ReleasedFile:
    """A file of a released series."""

    name: str
    sha256: str


@dataclass(frozen=True)
class ReleasedSeries:
    """A series of a released unit."""

    code: str
    role: str
    pixel_sha256: str
    files: tuple[ReleasedFile, ...]


@dataclass(frozen=True)
class ReleasedUnit:
    """A unit of a release: its final by hash and its series."""

    unit: str
    final: str
    series: tuple[ReleasedSeries, ...]


@dataclass(frozen=True)
class Release:
    """`release.json`: what was given away, from which store, at which head of its chain."""

    schema: str
    release: str
    store: str
    chain_head: str
    titles_enforced: bool
    units: tuple[ReleasedUnit, ...]
    left_out: tuple[str, ...]


def check_release_name(release: str) -> str:
    """The name itself; raises CrcError for one that no folder can carry."""
    if not _NAME.fullmatch(release):
        raise CrcError("store.bad_release", release=release)
    return release


def export_release(store: FolderStore, release: str, viewer: str, out: Path) -> Release:
    """Write the finals of a release with their images as the new folder `out`, whole or not at all.

    A unit that was withdrawn or excluded after its release is left out and named. Raises CrcError for a release of
    nothing, an existing folder, an altered final or image, or a person who may not audit the store.
    """
    events = store.events_since(0, viewer)
    released = {str(event.unit): event for event in events if _is_of(event, release)}
    if not released:
        raise CrcError("store.nothing_released", release=release)
    if out.exists():
        raise CrcError("sealed.exists", path=out)
    with whole_folder(out) as part:
        units, left_out = [], []
        for unit, event in sorted(released.items()):
            if store.unit(UnitId.parse(unit), viewer).phase in (Phase.WITHDRAWN, Phase.EXCLUDED):
                left_out.append(unit)
            else:
                units.append(_copy_unit(store, UnitId.parse(unit), event.payload.final, viewer, part / unit))
        enforced = store.info().enforces
        record = Release(
            RELEASE_SCHEMA, release, store.info().id, events[-1].hash, enforced, tuple(units), tuple(left_out)
        )
        write_bytes(part / RELEASE_NAME, canonical_bytes(to_document(record)))
    return record


def copy_final(store: FolderStore, unit: UnitId, viewer: str, out: Path, final: str | None = None) -> str:
    """Copy a sealed final out of the store as the new folder `out`, compared with its manifest; returns its hash."""
    sealed = store.open_final(unit, viewer, final)
    if out.exists():
        raise CrcError("sealed.exists", path=out)
    with whole_folder(out) as part:
        for name in (*sealed.manifest.files, MANIFEST_NAME):
            _copy(sealed.folder / name, part / name)
        open_sealed(part)
    return sealed.sha256


def _copy_unit(store: FolderStore, unit: UnitId, final: str, viewer: str, folder: Path) -> ReleasedUnit:
    with naming(folder):
        folder.mkdir()
    copy_final(store, unit, viewer, folder / "final", final)
    series = []
    for record in store.unit(unit, viewer).series:
        files = []
        for path in store.open_image(unit, record.role, viewer):
            _copy(path, folder / "images" / record.code / path.name)
            files.append(ReleasedFile(path.name, sha256_of(folder / "images" / record.code / path.name)))
        series.append(ReleasedSeries(record.code, record.role.value, record.pixel_sha256, tuple(files)))
    return ReleasedUnit(str(unit), final, tuple(series))


def _copy(source: Path, target: Path) -> None:
    with naming(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    with naming(source):
        shutil.copyfile(source, target)


def _is_of(event: Event, release: str) -> bool:
    return event.kind is Kind.UNIT_RELEASED and event.payload.release == release
