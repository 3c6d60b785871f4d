"""The job `register`: an MRI of a unit laid over its CT."""

from __future__ import annotations

from crc_core.desk.job_forms import RegisterAsked, RegisterDone
from crc_core.desk.job_running import Cancel, Tell
from crc_core.desk.registering import register
from crc_core.errors import CrcError
from crc_core.geometry import Volume
from crc_core.identity import UnitId
from crc_core.importing.delineation import default_protocol
from crc_core.store.access import store_at
from crc_core.store.images import open_images
from crc_core.store.protocol import Store
from crc_core.text import say
from crc_core.vocabulary import Role


def register_case(asked: RegisterAsked, tell: Tell, cancel: Cancel) -> RegisterDone:
    """Do the job; raises CrcError for a primary that does not lie where a rigid transform can hold."""
    store, unit = store_at(asked.store, asked.access, asked.lang), UnitId.parse(asked.unit)
    site = (store.unit(unit, asked.viewer).clinical or {}).get("primary_site")
    if site is not None and site not in default_protocol().modes.mri_sites:
        raise CrcError("desk.registration_site", site=say(f"desk.clinical.primary_site.{site}", asked.lang))
    tell(say("desk.opening_both", asked.lang), 0, 0)
    ct, mri = (_open(store, unit, role, asked.viewer) for role in (asked.ct, asked.mri))
    words = say("desk.registering", asked.lang)
    with cancel.held():
        found = register(
            ct,
            mri,
            asked.pairs,
            on_progress=lambda done, total: tell(words, done, total),
            cancelled=lambda: cancel.wanted,
        )
    matrix = tuple(tuple(float(cell) for cell in row) for row in found.ct_to_mri)
    before, after = found.before, found.after
    return RegisterDone(matrix, before.information, after.information, after.overlap, found.sharpness)


def _open(store: Store, unit: UnitId, role: Role, viewer: str) -> Volume:
    folder = store.open_image(unit, role, viewer)[0].parent
    volume = open_images(folder)
    if volume is None:
        raise CrcError("desk.not_measurable", path=folder)
    return volume
