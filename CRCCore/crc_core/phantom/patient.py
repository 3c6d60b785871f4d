"""Invented people for the phantom, so that de-identification has something to find."""

from __future__ import annotations

import datetime

import numpy as np

from crc_core.files.packaged import packaged_document
from crc_core.phantom.model import Patient

_BASELINE = datetime.date(2023, 3, 6)
_BETWEEN_TIME_POINTS_DAYS = 91


def make_patient(seed: int, sex: str, time_point: int) -> Patient:
    """The person of a seed; a later time point is the same person on a later date."""
    people = packaged_document("phantom/people.json")
    rng = np.random.default_rng([seed, 0x9E09])
    chinese = bool(rng.random() < 0.7)
    words = people["chinese" if chinese else "latin"]
    family = int(rng.integers(len(words["family"])))
    given = int(rng.integers(len(words["given"][sex])))
    house = int(rng.integers(len(words["hospital"])))
    birth = datetime.date(1938, 1, 1) + datetime.timedelta(days=int(rng.integers(0, 14600)))
    first = _BASELINE + datetime.timedelta(days=int(rng.integers(0, 500)))
    study = first + datetime.timedelta(days=_BETWEEN_TIME_POINTS_DAYS * time_point)
    character_set = ("GB18030" if rng.random() < 0.6 else "ISO_IR 192") if chinese else "ISO_IR 100"
    return Patient(
        name=f"{words['family'][family]}^{words['given'][sex][given]}",
        identifier=f"{int(rng.integers(10_000_000, 99_999_999)):08d}",
        sex=sex,
        birth_date=birth.strftime("%Y%m%d"),
        age_years=(study - birth).days // 365,
        weight_kg=int(rng.integers(50, 72)),
        height_m=round(float(rng.uniform(1.52, 1.80)), 2),
        hospital=words["hospital"][house],
        address=words["address"][house],
        physician=words["physician"][int(rng.integers(len(words["physician"])))],
        operator=words["operator"][int(rng.integers(len(words["operator"])))],
        study_date=study.strftime("%Y%m%d"),
        character_set=character_set,
        speaks_chinese=chinese,
    )
