"""The examinations of a folder as a person tells them apart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from crc_core.desk.found_studies import find_studies
from crc_core.desk.job_forms import StudiesAsked
from crc_core.errors import CrcError
from crc_core.text import Lang
from dicom_support import Stack, uid

STACK = Stack(np.zeros((2, 4, 4), np.uint16), tags={"StudyDescription": "Abdomen"})
MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4"


def test_every_ct_examination_is_listed_the_newest_first(tmp_path: Path) -> None:
    STACK.write(tmp_path / "a")
    replace(STACK, series="second").write(tmp_path / "b")
    later = {"StudyDate": "20250301", "StudyDescription": "腹部增强", "SpecificCharacterSet": "ISO_IR 192"}
    replace(STACK, study="later", patient="P2", tags=later).write(tmp_path / "c")
    mri = {"Modality": "MR", "SOPClassUID": MR_IMAGE}
    replace(STACK, study="mri", tags=mri).write(tmp_path / "d")
    told: list[tuple[str, int, int]] = []
    found = find_studies(StudiesAsked(str(tmp_path), Lang.EN), lambda *step: told.append(step)).studies
    assert [study.study_uid for study in found] == [uid("later"), uid("study")]
    assert found[0].words == "2025-03-01 腹部增强, Name P2 (P2), 1 series, 2 images"
    assert found[1].words == "2024-01-02 Abdomen, Name P1 (P1), 2 series, 4 images"
    assert told and told[-1][1] == told[-1][2]


def test_a_folder_without_ct_is_told(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("no image")
    with pytest.raises(CrcError) as caught:
        find_studies(StudiesAsked(str(tmp_path), Lang.ZH), lambda *step: None)
    assert caught.value.code == "import.no_ct"
