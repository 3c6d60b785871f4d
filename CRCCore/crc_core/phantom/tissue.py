"""The tissues of the phantom and what they look like: HU over time after the injection, MR signal, texture."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cache

import numpy as np
from numpy.typing import NDArray

from crc_core.files.packaged import packaged_document


class Tissue(IntEnum):
    """The value of a voxel in the phantom's anatomy volume; how each looks is in `data/phantom/tissues.json`."""

    AIR = 0
    COUCH = 1
    COUCH_FOAM = 2
    SKIN = 3
    SUBCUTANEOUS_FAT = 4
    VISCERAL_FAT = 5
    MUSCLE = 6
    CORTICAL_BONE = 7
    MARROW = 8
    DISC = 9
    CARTILAGE = 10
    SPINAL_CANAL = 11
    METAL = 12
    LUNG = 13
    LUNG_VESSEL = 14
    AIRWAY = 15
    HEART_CHAMBER = 16
    MYOCARDIUM = 17
    OESOPHAGUS = 18
    LIVER = 19
    PORTAL_VEIN = 20
    HEPATIC_VEIN = 21
    GALLBLADDER = 22
    SPLEEN = 23
    PANCREAS = 24
    ADRENAL = 25
    RENAL_CORTEX = 26
    RENAL_MEDULLA = 27
    RENAL_PELVIS = 28
    AORTA = 29
    VENA_CAVA_UPPER = 30
    VENA_CAVA = 31
    ARTERY = 32
    SYSTEMIC_VEIN = 33
    BLADDER_WALL = 34
    BLADDER = 35
    PROSTATE = 36
    UTERUS = 37
    STOMACH_WALL = 38
    STOMACH_WATER = 39
    SMALL_BOWEL_WALL = 40
    SMALL_BOWEL_CONTENT = 41
    COLON_WALL = 42
    COLON_GAS = 43
    COLON_STOOL = 44
    COLON_FLUID = 45
    PRIMARY = 46
    METASTASIS_RIM = 47
    METASTASIS_CORE = 48
    UNCERTAIN_LIVER_LESION = 49
    NODE = 50
    NORMAL_NODE = 51
    LUNG_METASTASIS = 52


@dataclass(frozen=True)
class TissueTable:
    """One number per `Tissue`, indexed by its value, and the enhancement curves.

    `plain_hu` and `texture_hu` in HU, `curves[tissue]` pairs of seconds after the start of the injection and HU over
    plain CT, `t2` and `b0` relative MR signal, `adc` in 1e-6 mm²/s.
    """

    version: str
    plain_hu: NDArray[np.float32]
    texture_hu: NDArray[np.float32]
    curves: tuple[NDArray[np.float64], ...]
    t2: NDArray[np.float32]
    b0: NDArray[np.float32]
    adc: NDArray[np.float32]

    def hu_at(self, delay_s: float | None) -> NDArray[np.float32]:
        """HU of every tissue `delay_s` after the start of the injection; plain CT for None."""
        if delay_s is None:
            return self.plain_hu.copy()
        return self.plain_hu + np.array([np.interp(delay_s, *curve.T) for curve in self.curves], dtype=np.float32)


@cache
def tissue_table() -> TissueTable:
    """The table of `data/phantom/tissues.json`."""
    document = packaged_document("phantom/tissues.json")
    rows = [document["tissues"][tissue.name] for tissue in Tissue]

    def column(name: str) -> NDArray[np.float32]:
        return np.array([row[name] for row in rows], dtype=np.float32)

    curves = tuple(np.array(document["curves"][row["curve"]], dtype=np.float64) for row in rows)
    return TissueTable(
        document["version"],
        column("plain_hu"),
        column("texture_hu"),
        curves,
        column("t2"),
        column("b0"),
        column("adc"),
    )
