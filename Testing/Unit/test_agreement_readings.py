"""Several sealed readings at once, and what must never be compared: another case, series, grid, an altered reading."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from crc_core.cli.main import main
from crc_core.decision.readings import compare_readings
from crc_core.errors import CrcError
from crc_core.identity import UnitId, mask_name, mint_case_code, parse_mask_name
from crc_core.reading.schema import TargetReading
from crc_core.reading.seal import SealedReading, open_reading, seal_reading
from crc_core.store.protocol import PreparedUnit
from crc_core.vocabulary import Role, Target, TargetAnswer
from hypothesis import given
from hypothesis import strategies as st
from store_support import StudySource, reading_draft, write_study

UNIT = UnitId(mint_case_code("01", 7), "T0")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> StudySource:
    """One small study."""
    return write_study(tmp_path_factory.mktemp("study"))


@pytest.fixture
def read(source: StudySource, tmp_path: Path) -> Callable[..., SealedReading]:
    """Seals and opens a reading whose contour is moved by `shift`, of `UNIT` unless another is given."""

    def make(reader: str, shift: int = 0, unit: UnitId = UNIT, liver: TargetAnswer = TargetAnswer.NONE_SEEN):
        prepared: PreparedUnit = source.prepared(unit)
        draft = reading_draft(prepared, reader, shift)
        primary, _ = draft.reading.targets
        reason = "artefact" if liver is TargetAnswer.NOT_ASSESSABLE else None
        reading = dataclasses.replace(
            draft.reading, targets=(primary, TargetReading(Target.LIVER, liver, reason=reason))
        )
        folder = tmp_path / f"{unit}-{reader}"
        seal_reading(folder, dataclasses.replace(draft, reading=reading))
        return open_reading(folder)

    return make


def test_four_readers_of_one_case_give_six_pairs(read: Callable[..., SealedReading]) -> None:
    primary, liver = compare_readings([read("wang"), read("li"), read("zhao", 1), read("sun", 3)])
    assert primary.readers is not None
    dice = {(pair.first, pair.second): pair.comparison.overlap.dice for pair in primary.readers.pairs}
    assert len(dice) == 6
    assert dice[0, 1] == 1
    assert primary.readers.dice_minimum == min(dice.values()) == dice[0, 3] == dice[1, 3]
    spread = primary.readers.spread(lambda pair: pair.overlap.dice)
    assert spread is not None
    assert (spread.pairs, spread.mean, spread.minimum) == (6, primary.readers.dice_mean, primary.readers.dice_minimum)
    assert (liver.readers, set(liver.answers)) == (None, {TargetAnswer.NONE_SEEN})


def test_who_could_not_assess_a_target_is_not_compared_there(read: Callable[..., SealedReading]) -> None:
    _, liver = compare_readings([read("wang"), read("li", liver=TargetAnswer.NOT_ASSESSABLE)])
    assert liver.readers is None
    assert liver.assessed == (0,)


def test_another_case_is_refused_by_name(read: Callable[..., SealedReading]) -> None:
    other = read("li", unit=UnitId(mint_case_code("01", 8), "T0"))
    with pytest.raises(CrcError) as caught:
        compare_readings([read("wang"), other])
    assert caught.value.code == "reading.other_unit"
    assert caught.value.path is not None
    assert caught.value.path.parent == other.sealed.folder


def test_an_altered_reading_is_named_and_not_compared(
    read: Callable[..., SealedReading], capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = read("wang"), read("li")
    name = mask_name(UNIT.series_code(Role.PVP), Target.PRIMARY)
    (other.sealed.folder / "masks" / name).write_bytes(b"not what was sealed")
    assert main(["agree", str(one.sealed.folder), str(other.sealed.folder), "--lang", "en"]) == 2
    assert name in capsys.readouterr().err


def test_the_command_compares_sealed_readings(
    read: Callable[..., SealedReading], capsys: pytest.CaptureFixture[str]
) -> None:
    folders = [str(read(person, shift).sealed.folder) for person, shift in (("wang", 0), ("li", 0), ("zhao", 3))]
    assert main(["agree", *folders, "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    primary, liver = document["targets"]
    assert (primary["target"], len(primary["pairs"]), primary["dice_minimum"] < 0.8) == ("primary", 3, True)
    assert set(liver["answers"].values()) == {"none_seen"}
    assert main(["agree", *folders[:2], "--json"]) == 0
    for lang in ("zh", "en"):
        main(["agree", *folders, "--lang", lang])
        assert f"{primary['dice_minimum']:.3f}" in capsys.readouterr().out


def test_masks_and_readings_are_not_mixed(
    read: Callable[..., SealedReading], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = read("wang").sealed.folder
    mask = folder / "masks" / mask_name(UNIT.series_code(Role.PVP), Target.PRIMARY)
    assert main(["agree", str(folder), str(mask), "--lang", "en"]) == 2
    assert "masks only or sealed readings only" in capsys.readouterr().err


def test_masks_named_for_another_case_are_refused_though_the_grid_fits(
    read: Callable[..., SealedReading], capsys: pytest.CaptureFixture[str]
) -> None:
    other = UnitId(mint_case_code("01", 8), "T0")
    masks = [
        str(read("wang", unit=unit).sealed.folder / "masks" / mask_name(unit.series_code(Role.PVP), Target.PRIMARY))
        for unit in (UNIT, other)
    ]
    assert main(["agree", *masks, "--lang", "en"]) == 2
    assert "another series or target" in capsys.readouterr().err


@given(st.sampled_from(Role), st.sampled_from(Target), st.sampled_from(("", "outer", "inner")))
def test_a_mask_name_is_read_back(role: Role, target: Target, parent: str) -> None:
    assert parse_mask_name(mask_name(UNIT.series_code(role), target, parent)) == (UNIT, role, target, parent)


@given(st.text(max_size=60))
def test_any_other_name_is_nobodys(name: str) -> None:
    told = parse_mask_name(name)
    assert told is None or mask_name(told[0].series_code(told[1]), told[2], told[3]) in (name, name + ".gz")


def test_a_table_of_pairs(
    read: Callable[..., SealedReading], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = mask_name(UNIT.series_code(Role.PVP), Target.PRIMARY)
    masks = [read(person, shift).sealed.folder / "masks" / name for person, shift in (("wang", 0), ("li", 3))]
    (tmp_path / "broken.nii.gz").write_bytes(b"no image")
    lines = ["name,a,b", f"same,{masks[0]},{masks[0]}", f"apart,{masks[0]},{masks[1]}", f"bad,{masks[0]},broken.nii.gz"]
    table, out = tmp_path / "pairs.csv", tmp_path / "out.csv"
    table.write_text("\n".join(lines), encoding="utf-8")
    words = ["agree", "--pairs", str(table), "--csv", str(out), "--workers", "1"]
    assert main([*words, "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["agreed"], document["disputed"], document["refused"]) == (1, 1, 1)
    dice = [row.get("dice") for row in document["pairs"]]
    assert dice[0] == 1
    assert dice[2] is None
    assert document["mean"]["dice"] == pytest.approx(np.mean(dice[:2]))
    rows = out.read_bytes().decode("utf-8-sig").splitlines()
    assert rows[0].startswith("name,a,b,volume_a_ml,volume_b_ml,dice")
    assert "broken.nii.gz" in rows[3]
    assert main([*words, "--lang", "zh"]) == 1
    assert "未纳入 1 对" in capsys.readouterr().out
    assert main(["agree", "--pairs", str(table), "--csv", str(tmp_path / "out.txt")]) == 2
    assert main(["agree", "--pairs", str(table), str(masks[0])]) == 2
    assert main(["agree", "--lang", "en"]) == 2
