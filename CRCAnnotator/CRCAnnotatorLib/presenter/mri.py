"""The MRI beside the CT: pairs of sync points, and a rigid registration that a person looks at before it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from crc_core.contour.results import Point
from crc_core.desk.arrangement import ImageKey
from crc_core.desk.job_forms import RegisterAsked, RegisterDone
from crc_core.desk.marks import SyncPair
from crc_core.desk.syncing import apart_mm
from crc_core.desk.work import Registration
from crc_core.errors import CrcError
from crc_core.files.records import from_document, to_document
from crc_core.importing.delineation import default_protocol
from crc_core.vocabulary import MR_ROLES, Mode, Role

from CRCAnnotatorLib.presenter.acting import access_of, open_store_of
from CRCAnnotatorLib.presenter.contour_bench import Bench
from CRCAnnotatorLib.presenter.ports import Step
from CRCAnnotatorLib.presenter.running import tell
from CRCAnnotatorLib.presenter.state import Level, MriState

_JOB = "register"
_NAME = "annotator.register"
_APART_MM = 10.0
"""Pairs that disagree by more than this show no longer the same anatomy in both; the words say so (ours)."""


class Mri:
    """What the MRI-referenced mode needs; `show` is called where the words change while a registration runs."""

    def __init__(self, bench: Bench, show: Callable[[], None]) -> None:
        self._bench, self._show = bench, show
        self.clear()

    def clear(self) -> None:
        """The case is closed."""
        self._ct: Point | None = None
        self._mri: Point | None = None
        self._placing = False
        self._running: Step | None = None
        self._moved = True

    def stop(self) -> None:
        """Forget what runs."""
        self._bench.hub.kit.jobs.cancel(_NAME)
        self._running = None

    # sync points
    def add_pair(self) -> None:
        """Let a person place one pair: on the CT, then on the MRI."""
        source, mri = self._source(), self._lead()
        if source is None or mri is None:
            return
        self._ct = self._mri = None
        self._placing = True
        self._bench.scene.place_sync_point(source)

    def placed(self, image: ImageKey, ras: Point) -> None:
        """A person placed one point of a pair; the other image is next."""
        source, mri = self._source(), self._lead()
        if not self._placing or source is None or mri is None:
            return
        if image.role in MR_ROLES:
            self._mri = ras
        else:
            self._ct = ras
        if self._ct is None or self._mri is None:
            self._bench.scene.place_sync_point(mri if self._mri is None else source)
            return
        pairs = (*self._bench.work.sync_pairs, SyncPair(self._ct, self._mri))
        self._ct = self._mri = None
        self._placing = False
        self._bench.change(replace(self._bench.work, sync_pairs=pairs))
        self.follow()

    def give_up_placing(self) -> None:
        """The pair that was begun is not placed any more."""
        self._ct = self._mri = None
        self._placing = False

    def remove_pair(self) -> None:
        """Take the last pair away, or the one that was begun."""
        if self._placing:
            self.give_up_placing()
            return
        if self._bench.work.sync_pairs:
            self._bench.change(replace(self._bench.work, sync_pairs=self._bench.work.sync_pairs[:-1]))
            self.follow()

    def follow(self) -> None:
        """Show the pairs, which lead the MRI's views, where they are of use; move the MRI as it was registered."""
        if not self._roles():
            return
        self._bench.scene.show_sync_pairs(self._bench.work.sync_pairs if self.is_used else ())
        registration = self._bench.work.registration
        self._bench.scene.align_mri(registration.ct_to_mri if registration is not None and self._moved else None)

    # registration
    def register(self) -> None:
        """Find the rigid transform in a process aside; sync points tell where to begin."""
        source, mri, hub = self._source(), self._lead(), self._bench.hub
        if source is None or mri is None or self._running is not None:
            return
        if not self._may_register:
            hub.note(Level.INFO, "annotator.contour.mri_not_here")
            return
        place, unit = open_store_of(hub).info().place, str(self._bench.case.unit)
        pairs = self._bench.work.sync_pairs
        asked = RegisterAsked(place, unit, hub.reader, hub.lang, source.role, mri.role, pairs, access_of(hub))
        self._running = Step("")
        hub.kit.jobs.process(_NAME, _JOB, to_document(asked), self._done, self._failed, self._progress)

    def cancel(self) -> None:
        """A person stops the registration; nothing of it is taken over."""
        if self._running is not None:
            self.stop()
            self._bench.hub.note(Level.INFO, "annotator.contour.mri_stopped")

    def _done(self, result: Mapping[str, Any]) -> None:
        self._running = None
        try:
            found = from_document(RegisterDone, dict(result), Path(_JOB))
            self._moved = True
            self._bench.change(replace(self._bench.work, registration=Registration(found.ct_to_mri)))
            self.follow()
        except CrcError as error:
            self._bench.hub.tell(error)
        self._show()

    def _failed(self, error: Exception) -> None:
        self._running = None
        tell(self._bench.hub, error)
        self._show()

    def _progress(self, step: Step) -> None:
        self._running = step
        self._show()

    def accept(self, accepted: bool) -> None:
        """A person says of the registration, after looking, that it holds, or that it goes."""
        registration = self._bench.work.registration
        if registration is None:
            return
        kept = replace(registration, accepted=True) if accepted else None
        self._moved = accepted
        self._bench.change(replace(self._bench.work, registration=kept))
        self.follow()

    def show_moved(self, moved: bool) -> None:
        """Show the MRI where the registration puts it, or as it was before."""
        self._moved = moved
        self.follow()

    # what is shown
    def state(self) -> MriState | None:
        """How it stands; None where there is no MRI or the target is not contoured beside one."""
        mri = self._lead()
        if not self.is_used or mri is None:
            return None
        registration = self._bench.work.registration
        hub = self._bench.hub
        return MriState(
            series=hub.say("annotator.contour.comma").join(
                hub.say(f"annotator.contour.role_{role.value}") for role in self._roles()
            ),
            sync_pairs=len(self._bench.work.sync_pairs),
            can_register=self._may_register and not self._bench.case.read_only,
            registering=self._running is not None,
            registered=registration is not None,
            accepted=registration is not None and registration.accepted,
            shown_moved=registration is not None and self._moved,
            words=self._words(),
        )

    def _words(self) -> str:
        hub, registration = self._bench.hub, self._bench.work.registration
        if self._running is not None:
            step = self._running
            percent = 100 * step.done // step.total if step.total else 0
            return hub.say("annotator.contour.mri_registering", percent=percent)
        if self._placing:
            return hub.say("annotator.contour.place_on_ct" if self._ct is None else "annotator.contour.place_on_mri")
        if registration is not None:
            code = "mri_accepted" if registration.accepted else "mri_waits"
            return hub.say(f"annotator.contour.{code}")
        pairs = self._bench.work.sync_pairs
        if not pairs:
            return hub.say("annotator.contour.mri_apart")
        apart = apart_mm(pairs)
        code = "mri_led" if apart <= _APART_MM else "mri_pairs_apart"
        return hub.say(f"annotator.contour.{code}", count=len(pairs), mm=f"{apart:.0f}")

    @property
    def is_used(self) -> bool:
        """Whether the chosen target is drawn beside an MRI."""
        state = self._bench.state
        return state is not None and state.mode is Mode.MRI and bool(self._roles())

    @property
    def _may_register(self) -> bool:
        """Only where the bowel keeps its place: in the rectum and the rectosigmoid, or where the place is not told."""
        site = (self._bench.case.view.clinical or {}).get("primary_site")
        return site is None or site in default_protocol().modes.mri_sites

    def _roles(self) -> tuple[Role, ...]:
        grids = self._bench.case.grids
        return tuple(role for role in MR_ROLES if ImageKey(role) in grids)

    def _lead(self) -> ImageKey | None:
        roles = self._roles()
        return ImageKey(roles[0]) if roles else None

    def _source(self) -> ImageKey | None:
        target = self._bench.target
        return None if target is None else self._bench.case.source(target)
