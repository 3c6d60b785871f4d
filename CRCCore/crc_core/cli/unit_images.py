"""The images of a unit, as a person on the command line opens them from the store."""

from __future__ import annotations

from crc_core.geometry.grid import Volume
from crc_core.identity import UnitId
from crc_core.store.folder import FolderStore
from crc_core.store.images import open_images
from crc_core.vocabulary import MR_ROLES, Role
from crc_core.workflow.views import UnitView


def ct_images(store: FolderStore, view: UnitView, viewer: str) -> dict[Role, Volume]:
    """The CT series of a unit in HU by role, without those nothing can be measured on (tilt, gaps)."""
    images = {}
    for record in view.series:
        if record.role not in MR_ROLES:
            volume = open_images(store.open_image(UnitId.parse(view.unit), record.role, viewer)[0].parent)
            if volume is not None:
                images[record.role] = volume
    return images
