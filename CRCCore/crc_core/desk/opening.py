"""Opening a unit for a reader: its images one after the other, the ones to draw on first, in short steps."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from crc_core.desk.arrangement import ImageKey
from crc_core.dicom.index import index_folder
from crc_core.dicom.series import Series
from crc_core.dicom.volume import opening, pixel_sha256
from crc_core.errors import CrcError
from crc_core.geometry import Grid, Volume
from crc_core.identity import UnitId
from crc_core.text import Lang, say
from crc_core.vocabulary import CT_PHASES, MR_ROLES, Role
from crc_core.workflow.payloads import SeriesRecord
from crc_core.workflow.views import PriorUnit, UnitView

_STEP_S = 0.05
_ORDER = (*CT_PHASES, Role.CHEST, *MR_ROLES)


class ImageSource(Protocol):
    """Where images come from: a store, or what was fetched from one before."""

    def open_image(self, unit: UnitId, role: Role, viewer: str) -> tuple[Path, ...]:
        """Local de-identified DICOM files of the unit's series for `role`."""


@dataclass(frozen=True, eq=False)
class OpeningStep:
    """How far the opening is, in images; `volume` once one is there, `error` where one cannot be shown as it should.

    An unevenly spaced image that no target is drawn on comes with both: it can be looked at.
    """

    words: str
    done: int
    total: int
    key: ImageKey | None = None
    volume: Volume | None = None
    error: CrcError | None = None


def open_unit(
    store: ImageSource, view: UnitView, viewer: str, lang: Lang = Lang.EN, *, roles: Collection[Role] | None = None
) -> Iterator[OpeningStep]:
    """The images of a unit (of `roles` where given) as the viewer may open them; the sources of targets first.

    No step takes much longer than 0.1 s on a local disk. Every image is compared with its registration by its grid,
    what is a source also voxel by voxel; a source that turns out to be altered yields its CrcError after all images.
    What cannot be opened yields its CrcError and the others follow. Closing the iterator ends the work.
    """
    sources = {binding.series_code for binding in view.bindings}
    records = [record for record in _in_order(view) if roles is None or record.role in roles]
    return _open_all(_Opening(store, UnitId.parse(view.unit), viewer, lang, is_prior=False), records, sources)


def open_prior(
    store: ImageSource, prior: PriorUnit, viewer: str, lang: Lang = Lang.EN, *, roles: Collection[Role] | None = None
) -> Iterator[OpeningStep]:
    """The images of an earlier examination, to be looked at beside; as `open_unit` otherwise."""
    records = [record for record in prior.series if roles is None or record.role in roles]
    return _open_all(_Opening(store, UnitId.parse(prior.unit), viewer, lang, is_prior=True), records, set())


@dataclass(frozen=True, eq=False)
class _Opening:
    store: ImageSource
    unit: UnitId
    viewer: str
    lang: Lang
    is_prior: bool


def _open_all(what: _Opening, records: Sequence[SeriesRecord], sources: Collection[str]) -> Iterator[OpeningStep]:
    total, done = sum(record.instances for record in records), 0
    # Voxels are compared with their registration while the next images are read.
    compared: list[tuple[SeriesRecord, Future[str]]] = []
    with ThreadPoolExecutor(max_workers=1) as pool:
        try:
            for record in records:
                volume = None
                for step in _open_one(what, record, done, total, is_source=record.code in sources):
                    volume = step.volume
                    yield step
                done += record.instances
                if record.code in sources and volume is not None:
                    compared.append((record, pool.submit(pixel_sha256, volume)))
            for record, seen in compared:
                words = say("desk.comparing", what.lang, role=_role_words(record.role, what.lang))
                while not wait([seen], timeout=_STEP_S).done:
                    yield OpeningStep(words, total, total)
                if seen.result() != record.pixel_sha256:
                    error = CrcError("store.other_pixels", code=record.code)
                    yield OpeningStep(words, total, total, ImageKey(record.role, what.is_prior), None, error)
        except GeneratorExit:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _open_one(
    what: _Opening, record: SeriesRecord, before: int, total: int, *, is_source: bool
) -> Iterator[OpeningStep]:
    """The steps of one series; the last one holds what came of it."""
    words = say("desk.opening", what.lang, role=_role_words(record.role, what.lang))
    yield OpeningStep(words, before, total)
    volume, error = None, None
    with closing(_series(what, record, is_source=is_source)) as steps:
        while True:
            try:
                done, _ = next(steps)
            except StopIteration as end:
                volume, error = end.value
                break
            except CrcError as trouble:
                error = trouble
                break
            yield OpeningStep(words, before + done, total)
    key = ImageKey(record.role, what.is_prior)
    yield OpeningStep(words, before + record.instances, total, key, volume, error)


def _role_words(role: Role, lang: Lang) -> str:
    return say(f"desk.role.{role.value}", lang)


def _in_order(view: UnitView) -> list[SeriesRecord]:
    """Sources in the order of the targets, then phases in the order of time, then the rest."""
    codes = [binding.series_code for binding in view.bindings]

    def place(record: SeriesRecord) -> tuple[int, int]:
        own = codes.index(record.code) if record.code in codes else len(codes)
        return own, _ORDER.index(record.role) if record.role in _ORDER else len(_ORDER)

    return sorted(view.series, key=place)


def _series(
    what: _Opening, record: SeriesRecord, *, is_source: bool
) -> Generator[tuple[int, int], None, tuple[Volume | None, CrcError | None]]:
    folder = what.store.open_image(what.unit, record.role, what.viewer)[0].parent
    stack = _stack(folder)
    trouble = _trouble(stack, folder)
    if trouble is not None and (is_source or stack.geometry is None or stack.geometry.is_tilted):
        return None, trouble
    volume = yield from opening(stack, allow_unsound=trouble is not None)
    registered = None if record.ijk_to_ras is None or record.shape_kji is None else _grid_of(record)
    if registered is not None and not volume.grid.same_as(registered):
        return None, CrcError("store.other_grid", path=folder, code=record.code)
    return volume, trouble


def _stack(folder: Path) -> Series:
    stacks = index_folder(folder).series
    if len(stacks) != 1:
        raise CrcError("store.not_one_stack", path=folder, seen=len(stacks))
    return stacks[0]


def _trouble(stack: Series, folder: Path) -> CrcError | None:
    """Why nothing can be drawn on a stack; None where it can."""
    geometry = stack.geometry
    if geometry is None:
        return CrcError("dicom.one_image", path=stack.paths[0])
    if geometry.is_sound:
        return None
    if geometry.is_tilted:
        return CrcError("dicom.tilted", path=folder, tilt_deg=geometry.tilt_deg)
    return CrcError("dicom.uneven", path=folder, percent=100 * geometry.unevenness)


def _grid_of(record: SeriesRecord) -> Grid:
    return Grid(record.shape_kji or (1, 1, 1), np.array(record.ijk_to_ras))
