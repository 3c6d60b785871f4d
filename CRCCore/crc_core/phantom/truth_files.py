"""The truth beside the DICOM: NIfTI masks, anatomy, `truth.json`, `truth.csv`."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from crc_core.files.atomic import naming, write_bytes
from crc_core.files.nifti import write_volume
from crc_core.geometry.grid import Volume
from crc_core.phantom.dicom import require_empty
from crc_core.phantom.model import Fault, Phantom, PhantomLesion
from crc_core.phantom.tissue import Tissue
from crc_core.vocabulary import CT_PHASES, Target

SCHEMA = "crc.phantom.truth/1"


def write_truth(phantom: Phantom, folder: Path) -> None:
    """Write masks (`<target>.nii.gz`, the edges of the primary, the anatomy) and the truth table into `folder`.

    With a tilted gantry there are tables only: NIfTI cannot hold a sheared grid. Raises CrcError where the folder holds
    anything already or the disk refuses.
    """
    folder = Path(folder)
    require_empty(folder)
    with naming(folder):
        folder.mkdir(parents=True, exist_ok=True)
    volumes = _volumes(phantom)
    for name, volume in volumes.items():
        write_volume(folder / f"{name}.nii.gz", volume)
    write_bytes(folder / "truth.csv", _table(phantom).encode("utf-8-sig"))
    text = json.dumps(truth_document(phantom, list(volumes)), ensure_ascii=False, indent=1)
    write_bytes(folder / "truth.json", text.encode("utf-8"))


def truth_document(phantom: Phantom, masks: list[str]) -> dict[str, Any]:
    """The content of `truth.json`: millimetres, RAS, HU."""
    return {
        "schema": SCHEMA,
        "seed": phantom.seed,
        "time_point": f"T{phantom.time_point}",
        "size": phantom.size.value,
        "faults": sorted(fault.value for fault in phantom.faults),
        "delays_s": {role.value: delay for role, delay in phantom.delays_s.items()},
        "masks": masks,
        "tissues": {tissue.name.lower(): int(tissue) for tissue in Tissue},
        "lesions": [_plain(lesion) for lesion in phantom.lesions],
        "report": _plain(phantom.report_answers),
    }


def _volumes(phantom: Phantom) -> dict[str, Volume]:
    volumes = {"lung": phantom.masks[Target.LUNG], "chest-anatomy": phantom.chest_anatomy}
    if Fault.TILT not in phantom.faults:
        volumes |= {target.value: phantom.masks[target] for target in (Target.PRIMARY, Target.LIVER, Target.NODE)}
        volumes |= {"primary-outer": phantom.outer, "primary-inner": phantom.inner, "anatomy": phantom.anatomy}
    return volumes


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return {name: _plain(item) for name, item in fields.items() if item is not None}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(_plain(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return round(value, 4) if isinstance(value, float) else value


def _table(phantom: Phantom) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    hu = [f"hu_{role.value.lower()}" for role in CT_PHASES]
    writer.writerow(
        ["target", "number", "class", "place", "r_mm", "a_mm", "s_mm", "longest_axial_mm", "shortest_axial_mm",
         "volume_ml", *hu, "wall_thickness_mm", "circumference_fraction", "craniocaudal_mm"]
    )  # fmt: skip
    for lesion in phantom.lesions:
        writer.writerow(_row(lesion))
    return stream.getvalue()


def _row(lesion: PhantomLesion) -> list[object]:
    numbers = [
        *lesion.centre_ras_mm,
        lesion.longest_axial_mm,
        lesion.shortest_axial_mm,
        lesion.volume_ml,
        *(lesion.mean_hu[role] for role in CT_PHASES),
    ]
    row: list[object] = [lesion.target.value, lesion.number, lesion.lesion_class.value, lesion.place]
    row += [round(number, 3) for number in numbers]
    if lesion.primary is not None:
        more = (
            lesion.primary.wall_thickness_mm,
            lesion.primary.circumference_fraction,
            lesion.primary.craniocaudal_mm,
        )
        row += [round(number, 3) for number in more]
    return row
