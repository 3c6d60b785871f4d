"""`crcdb phantom`: what it writes and says; the truth files as nibabel reads them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import nibabel
import numpy as np
import pytest
from crc_core.cli.main import main
from crc_core.phantom import Fault, Tissue, write_truth
from crc_core.vocabulary import Role, Target
from phantom_support import series_folders
from shared_phantom import phantom


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The truth of a seed without faults."""
    folder = tmp_path_factory.mktemp("truth") / "truth"
    write_truth(phantom(1), folder)
    return folder


def test_the_command_writes_study_and_truth_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "study 1"
    assert main(["phantom", str(out), "--seed", "5", "--fault", "no-contrast-tags", "late-mri", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["seed"] == 5 and said["time_point"] == "T0"
    assert said["faults"] == ["late-mri", "no-contrast-tags"]
    assert len(series_folders(Path(said["dicom"]))) == 15
    assert not list(Path(said["truth"]).rglob("*.dcm"))
    assert sorted(path.name for path in out.iterdir()) == ["dicom", "truth"]
    assert said["lesions"]["primary"] == 1


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_folder_with_files_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], lang: str
) -> None:
    (tmp_path / "dicom").mkdir()
    (tmp_path / "dicom" / "a").write_text("x")
    assert main(["phantom", str(tmp_path), "--lang", lang]) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1 and str(tmp_path / "dicom") in said.err


@pytest.mark.parametrize("arguments", [["--seed", "-3"], ["--time-point", "200"], ["--primaries", "9"]])
def test_numbers_out_of_range_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert main(["phantom", str(tmp_path / "out"), *arguments]) == 2
    assert not (tmp_path / "out").exists()
    assert capsys.readouterr().err.count("\n") == 1


def test_an_unknown_fault_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as refusal:
        main(["phantom", str(tmp_path / "out"), "--fault", "nonsense"])
    assert refusal.value.code == 2


def test_nibabel_reads_the_masks_on_the_grid_of_the_image(truth: Path) -> None:
    made = phantom(1)
    for target, volume in made.masks.items():
        image = nibabel.load(truth / f"{target.value}.nii.gz")
        assert np.array_equal(np.asarray(image.dataobj).transpose(2, 1, 0), volume.array)
        assert np.allclose(image.affine, volume.grid.ijk_to_ras, atol=1e-4)
    edges = [np.asarray(nibabel.load(truth / f"primary-{edge}.nii.gz").dataobj) for edge in ("outer", "inner")]
    ring = np.asarray(nibabel.load(truth / "primary.nii.gz").dataobj)
    assert np.array_equal(ring > 0, (edges[0] > 0) & (edges[1] == 0))


def test_the_truth_table_says_what_the_phantom_says(truth: Path) -> None:
    made = phantom(1)
    document = json.loads((truth / "truth.json").read_text(encoding="utf-8"))
    assert document["schema"] == "crc.phantom.truth/1"
    assert document["tissues"]["liver"] == int(Tissue.LIVER)
    assert document["delays_s"]["PVP"] == made.delays_s[Role.PVP]
    assert len(document["lesions"]) == len(made.lesions)
    with (truth / "truth.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row, entry, lesion in zip(rows, document["lesions"], made.lesions, strict=True):
        assert (row["target"], int(row["number"])) == (lesion.target.value, lesion.number)
        assert float(row["longest_axial_mm"]) == pytest.approx(lesion.longest_axial_mm, abs=1e-3)
        assert float(row["hu_pvp"]) == pytest.approx(lesion.mean_hu[Role.PVP], abs=1e-3)
        assert entry["volume_ml"] == pytest.approx(lesion.volume_ml, abs=1e-3)
        assert ("primary" in entry) == (lesion.target is Target.PRIMARY)


def test_a_tilted_scan_has_tables_but_no_masks_on_its_grid(tmp_path: Path) -> None:
    write_truth(phantom(1, Fault.TILT), tmp_path / "truth")
    names = {path.name for path in (tmp_path / "truth").iterdir()}
    assert names == {"truth.json", "truth.csv", "lung.nii.gz", "chest-anatomy.nii.gz"}
