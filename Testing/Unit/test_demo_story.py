"""The whole line once, from the command: what the demonstration promises is there, whole, agreed as told, nameless."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from crc_core.cli.main import main
from crc_core.demo import story
from crc_core.demo.team import SENIOR
from crc_core.files.nifti import read_mask
from crc_core.identity import UnitId
from crc_core.phantom import Phantom
from crc_core.reading.final import How, Take
from crc_core.reading.seal import SealedFinal, open_reading, read_final
from crc_core.store.folder import FolderStore
from crc_core.vocabulary import Mode, Target
from crc_core.workflow.views import Phase
from shared_phantom import phantom

SEED = 1


@dataclass(frozen=True)
class Played:
    """What one run of the command left behind."""

    folder: Path
    answer: dict
    store: FolderStore
    finals: dict[str, SealedFinal]
    phantoms: list[Phantom]


@pytest.fixture(scope="module")
def played(tmp_path_factory) -> Played:
    folder = tmp_path_factory.mktemp("演示 100%") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder.parent / "cache"))
        patch.setenv("XDG_DATA_HOME", str(folder.parent / "data"))
        lines: list[str] = []
        patch.setattr(story, "build_phantom", phantom)
        patch.setattr("sys.stdout.write", lines.append)
        assert main(["demo", "--json", "--seed", str(SEED), "--out", str(folder)]) == 0
        phantoms = [chapter.phantom for chapter in story.chapters(SEED)]
    answer = json.loads("".join(lines))
    store = FolderStore(folder / "store")
    finals = {unit: read_final(store.open_final(UnitId.parse(unit), SENIOR)) for unit in answer["units"]}
    return Played(folder, answer, store, finals, phantoms)


def test_three_units_are_final_two_by_rule_and_one_signed(played):
    assert played.answer["problems"] == 0
    how = [played.finals[unit].final.how for unit in played.answer["units"]]
    assert how == [How.RULE, How.SIGNER, How.RULE]
    first, _, later = (UnitId.parse(unit) for unit in played.answer["units"])
    assert (later.case, later.time_point) == (first.case, "T1")
    for unit in played.answer["units"]:
        assert played.store.unit(UnitId.parse(unit), "wang").phase is Phase.FINAL


def test_agreed_contours_are_stored_as_the_union_of_their_parents(played):
    unit = played.answer["units"][0]
    final = played.finals[unit]
    parents = [open_reading(played.store.open_reading(name, SENIOR).folder) for name in final.final.parents]
    for target in Target:
        a, b = (parent.mask(target).array != 0 for parent in parents)
        assert np.array_equal(final.mask(target).array != 0, a | b)


def test_the_disputed_unit_was_settled_for_the_reader_who_was_right(played):
    final = played.finals[played.answer["units"][1]].final
    liver = next(item for item in final.targets if item.target is Target.LIVER)
    missed = [lesion for lesion in liver.lesions if not (lesion.from_a and lesion.from_b)]
    assert len(missed) == 1
    assert missed[0].number > 0
    primary = next(item for item in final.targets if item.target is Target.PRIMARY)
    assert primary.lesions[0].take in (Take.A, Take.B)
    assert final.settlements
    assert final.signer == SENIOR


def test_the_finals_are_the_phantoms_truth_within_the_readers_hands(played):
    for study, unit in zip(played.phantoms, played.answer["units"], strict=True):
        for target, truth in study.masks.items():
            drawn = played.finals[unit].mask(target, truth.grid).array != 0
            true = truth.array != 0
            dice = 2 * np.count_nonzero(drawn & true) / (np.count_nonzero(drawn) + np.count_nonzero(true))
            assert dice > 0.85, (unit, target)


def test_all_three_contouring_modes_were_used(played):
    modes = {
        next(item.mode for item in final.final.targets if item.target is Target.PRIMARY)
        for final in played.finals.values()
    }
    assert modes == set(Mode)


def test_nothing_outside_the_originals_and_the_key_table_names_a_patient(played):
    secrets = [secret for phantom in played.phantoms for secret in identifying(phantom)]
    assert len(secrets) > 20
    roots = [played.folder / name for name in ("store", "readings", "finals", "reports")]
    files = [path for root in roots for path in root.rglob("*") if path.is_file()] + [played.folder / "demo.html"]
    assert len(files) > 500
    for path in files:
        data = path.read_bytes()
        name = str(path.relative_to(played.folder)).encode()
        for secret in secrets:
            assert secret not in data, (path, secret)
            assert secret not in name


def identifying(phantom: Phantom) -> set[bytes]:
    """The patient's identifying words in every encoding they may be written in."""
    person = phantom.patient
    words = (person.name, person.identifier, person.birth_date, person.hospital, person.address, person.physician)
    words += (person.operator, person.study_date, *person.name.replace("=", "^").split("^"))
    encodings = ("utf-8", "gb18030", "utf-16-le")
    return {word.encode(encoding, "ignore") for word in words if len(word) > 3 for encoding in encodings} - {b""}


def test_masks_exports_and_page_are_there_and_open(played):
    import pydicom

    for unit in played.answer["units"]:
        seg = pydicom.dcmread(played.folder / "reports" / f"{unit}_PVP.seg.dcm")
        assert seg.Modality == "SEG"
        assert len(seg.SegmentSequence) >= 3
        assert unit in (played.folder / "reports" / f"{unit}.html").read_text(encoding="utf-8")
        for name in played.finals[unit].sealed.manifest.files:
            if name.endswith(".nii.gz"):
                assert read_mask(played.finals[unit].sealed.folder / name).array.any()
    page = Path(played.answer["page"]).read_text(encoding="utf-8")
    assert page.count("data:image/png") == 6
    for unit in played.answer["units"]:
        assert f"reports/{unit}.html" in page


def test_an_occupied_folder_is_refused_and_left_alone(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("precious")
    assert main(["demo", "--out", str(tmp_path), "--lang", "en"]) == 2
    assert str(tmp_path) in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.full
def test_a_study_of_ones_own_goes_as_far_as_it_can(played, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    study = played.folder / "dicom" / "agreed"
    assert main(["demo", "--study", str(study), "--out", str(tmp_path / "mine"), "--lang", "en", "--no-serve"]) == 0
    told = capsys.readouterr().out
    assert "Verdict: note" in told
    assert "crcdb store assign" in told
    assert (tmp_path / "mine" / "demo.html").read_bytes().count(b"data:image/png") == 1
    units = FolderStore(tmp_path / "mine" / "store").work_list("manager")
    assert [item.phase for item in units] == [Phase.CHECKED]
