"""Items of the scan check: each has a name, says whose rule it is, and never passes what it does not expect."""

from __future__ import annotations

import ast
import dataclasses
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest
from crc_core.dicom.index import index_folder
from crc_core.dicom.series import Series
from crc_core.files.nifti import read_volume
from crc_core.phantom import Fault
from crc_core.scan.check import StudyCheck, check_study
from crc_core.scan.coarse import coarsen
from crc_core.scan.item import CheckItem, Source, worded
from crc_core.scan.items_pixels import pixel_items
from crc_core.scan.items_study import study_items
from crc_core.scan.items_tags import kernel_item, limit_items, phase_time_item, position_item
from crc_core.scan.limits import acquisition_limits
from crc_core.scan.phase_tags import TagPhase
from crc_core.scan.roles import SeriesRole, propose_roles
from crc_core.scan.select import choose_study
from crc_core.text import Lang, catalogue
from crc_core.vocabulary import CT_PHASES, Role, Verdict
from hypothesis import given, settings
from hypothesis import strategies as st
from project_tree import ROOT, files, tree_of
from scan_support import check_of, chosen, index_of, item

DATA = ROOT.parent / "shared" / "data"
REAL_CT, HEAD = DATA / "abdomen-ct-plain" / "ct.nii.gz", DATA / "head-ct-ge"
PHANTOMS = (
    (1,),
    (1, Fault.WRONG_PHASE_WORDS, Fault.METAL),
    (1, Fault.MISSING_SLICES, Fault.DUPLICATE_SLICES, Fault.BURNT_IN_TEXT, Fault.MOTION),
    (1, Fault.THICK_SLICES, Fault.NO_CONTRAST_TAGS, Fault.LATE_MRI),
    (1, Fault.TILT),
    (1, Fault.CUT_OFF_COVERAGE, Fault.CUT_OFF_FIELD, Fault.LATE_PORTAL),
)
NUMBER = r"-?\d+(?:\.\d+)?"


def items_of(check: StudyCheck) -> list[CheckItem]:
    return [*check.items, *(entry for found in check.series for entry in found.items)]


@cache
def phantom_items() -> tuple[CheckItem, ...]:
    return tuple(entry for phantom in PHANTOMS for entry in items_of(check_of(*phantom)))


def contradictions(items: Iterable[CheckItem]) -> list[tuple[str, object, object]]:
    """What passed although a number seen lies outside of the numbers expected."""
    return [
        (entry.id, entry.seen, entry.expected)
        for entry in items
        # Automatic exposure control passes whatever the current, and its expectation says so.
        if entry.verdict is Verdict.PASS
        and entry.code not in ("scan.mas.automatic", "scan.mas.modulated")
        and not lies_within(str(worded(entry.seen, Lang.EN)), str(worded(entry.expected, Lang.EN)))
    ]


def lies_within(seen: str, expected: str) -> bool:
    """Whether the first number seen obeys the expected range or bound; true where one of them has none."""
    found = re.match(NUMBER, seen)
    if found is None:
        return True
    value = float(found[0])
    if bound := re.search(rf"([≤<])({NUMBER})", expected):
        return value <= float(bound[2]) if bound[1] == "≤" else value < float(bound[2])
    if span := re.match(rf"({NUMBER})–({NUMBER})", expected):
        return float(span[1]) <= value <= float(span[2])
    if re.fullmatch(NUMBER, expected):
        return value == float(expected)
    return True


@pytest.mark.parametrize(
    ("seen", "expected", "within"),
    [
        ("5.5 mm", "≤3 mm", False),
        ("3 mm", "≤3 mm", True),
        ("0.0200 ml", "<0.02 ml above 2500 HU", False),
        ("90 kV", "100–120 kV", False),
        ("120 kV", "100–120 kV", True),
        ("1", "0", False),
        ("axial", "axial", True),
        ("4.0 %", "cut in ≤3 % of the slices", False),
    ],
)
def test_the_witness_of_contradictions_sees_them(seen: str, expected: str, within: bool) -> None:
    assert lies_within(seen, expected) is within


def test_nothing_passes_against_its_own_expectation() -> None:
    passed = [entry for entry in phantom_items() if entry.verdict is Verdict.PASS]
    assert len(passed) > 200
    assert contradictions(passed) == []


@given(st.floats(0, 600, allow_nan=False))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_no_figure_passes_against_the_range_it_is_shown_with(value: float) -> None:
    for limit in acquisition_limits().limits.values():
        if limit.verdict(value) is Verdict.PASS:
            assert lies_within(limit.shown(value), limit.words())
    for role in (Role.AP, Role.PVP, Role.DP):
        entry = phase_time_item(TagPhase(role, "", value, False, True), role, None)
        assert entry is not None
        assert contradictions([entry]) == []


@pytest.mark.skipif(not HEAD.is_dir(), reason="the shared data are not here")
def test_the_real_head_passes_nothing_against_its_own_expectation(tmp_path: Path) -> None:
    study, companions = choose_study(index_folder(HEAD, cache=tmp_path))
    found = items_of(check_study(study, companions=companions))
    assert any(entry.id == "motion" for entry in found)
    assert contradictions(found) == []


@pytest.mark.skipif(not REAL_CT.is_file(), reason="the shared data are not here")
def test_the_real_abdomen_passes_nothing_against_its_own_expectation() -> None:
    volume = read_volume(REAL_CT)
    found = pixel_items(volume, coarsen(volume))
    assert {"motion", "metal", "fov-cut-off"} <= {entry.id for entry in found}
    assert contradictions(found) == []


def test_every_item_has_a_name_in_both_languages() -> None:
    written = {
        node.args[0].value
        for path in files(ROOT / "CRCCore" / "crc_core" / "scan", ".py")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "CheckItem"
        if isinstance(node.args[0], ast.Constant)
    }
    put_together = {"dose-report", "not-ct", "tilt", "spacing-even", *acquisition_limits().limits}
    ids = written | put_together | {entry.id for entry in phantom_items()}
    assert len(ids) > 35
    for lang in Lang:
        assert [name for name in sorted(ids) if f"scan.name.{name}" not in catalogue(lang)] == []


@pytest.mark.parametrize(
    ("delay_s", "pixels", "verdict", "outcome"),
    [
        (55, Role.AP, Verdict.PASS, "pass"),
        (60.4, None, Verdict.PASS, "pass"),
        (70, None, Verdict.NOTE, "note"),
        (92, Role.PVP, Verdict.NOTE, "by_pixels"),
        (92, Role.DP, Verdict.WARN, "warn"),
        (92, None, Verdict.WARN, "warn"),
        (None, Role.PVP, Verdict.UNKNOWN, "unknown"),
    ],
)
def test_pixels_that_show_the_phase_excuse_an_odd_delay(
    delay_s: float | None, pixels: Role | None, verdict: Verdict, outcome: str
) -> None:
    entry = phase_time_item(TagPhase(Role.PVP, "", delay_s, False, True), Role.PVP, pixels)
    assert entry is not None
    assert (entry.verdict, entry.code) == (verdict, f"scan.phase_time.{outcome}")
    assert "{" not in entry.message(Lang.ZH)


def test_rules_of_our_own_are_called_ours() -> None:
    ours = {"metal", "motion", "fov-cut-off", "orientation", "tilt", "spacing-even", "compression", "chest", "mri"}
    seen = [entry for entry in phantom_items() if entry.id in ours]
    assert {entry.id for entry in seen} == ours
    assert {entry.source for entry in seen} == {Source.OURS}
    told = {(entry.id, entry.source) for entry in phantom_items() if entry.id in ("coverage", "missing", "phase-set")}
    assert ("coverage", Source.CONSENSUS) in told and ("phase-set", Source.CONSENSUS) in told


def source_series(role: Role) -> SeriesRole:
    study, _ = choose_study(index_of(1))
    return next(found for found in propose_roles(study.series) if found.role is role and found.is_chosen)


def with_header(series: Series, **changes: object) -> Series:
    header = dataclasses.replace(series.header, **changes)  # type: ignore[arg-type]  # the fields are the test's own
    return dataclasses.replace(
        series, instances=tuple(dataclasses.replace(instance, header=header) for instance in series.instances)
    )


def test_a_lung_kernel_is_expected_of_the_chest_by_us_and_of_a_phase_by_nobody() -> None:
    chest = kernel_item(source_series(Role.CHEST))
    assert (chest.verdict, chest.source) == (Verdict.PASS, Source.OURS)
    assert "lung" in str(worded(chest.expected, Lang.EN)) and "肺" in str(worded(chest.expected, Lang.ZH))
    phase = source_series(Role.PVP)
    soft = kernel_item(phase)
    assert (soft.verdict, soft.source) == (Verdict.PASS, Source.TABLE4)
    sharp = kernel_item(dataclasses.replace(phase, kernel=source_series(Role.CHEST).kernel))
    assert (sharp.verdict, sharp.source) == (Verdict.WARN, Source.TABLE4)


@pytest.mark.parametrize(
    ("term", "verdict", "chinese", "english"),
    [
        ("FFS", Verdict.PASS, "仰卧、足先进（FFS）", "supine, feet first (FFS)"),
        ("HFS", Verdict.NOTE, "仰卧、头先进（HFS）", "supine, head first (HFS)"),
        ("hfp", Verdict.NOTE, "俯卧、头先进（HFP）", "prone, head first (HFP)"),
        ("FFDL", Verdict.NOTE, "左侧卧、足先进（FFDL）", "on the left side, feet first (FFDL)"),
        ("ODD", Verdict.NOTE, "ODD", "ODD"),
        ("", Verdict.UNKNOWN, "未说明", "not told"),
    ],
)
def test_the_position_is_worded(term: str, verdict: Verdict, chinese: str, english: str) -> None:
    entry = position_item(with_header(source_series(Role.PVP).series, patient_position=term))
    assert entry.verdict is verdict
    assert (worded(entry.seen, Lang.ZH), worded(entry.seen, Lang.EN)) == (chinese, english)
    assert worded(entry.expected, Lang.ZH) == "仰卧、足先进（FFS）"
    assert english in entry.message(Lang.EN) or verdict is Verdict.UNKNOWN


def test_a_noted_thickness_shows_both_limits_and_whose_they_are() -> None:
    series = with_header(source_series(Role.PVP).series, thickness_mm=4.0)
    entry = item(limit_items(series, Role.PVP), "thickness")
    assert (entry.verdict, entry.source) == (Verdict.NOTE, Source.OURS)
    assert worded(entry.expected, Lang.ZH) == "共识表 4：≤5 mm；本项目：<3 mm"
    assert worded(entry.expected, Lang.EN) == "≤5 mm by table 4, <3 mm by this project"
    for lang in Lang:
        assert "5 mm" in entry.message(lang) and "3 mm" in entry.message(lang)


def test_automatic_exposure_is_part_of_what_is_expected() -> None:
    entry = item(chosen(check_of(1), Role.PVP).items, "mas")
    assert "自动毫安技术" in str(worded(entry.expected, Lang.ZH))
    assert "200–300 mAs" in str(worded(entry.expected, Lang.EN))


def test_phases_are_named_in_words() -> None:
    study, _ = choose_study(index_of(1))
    roles = propose_roles(study.series)
    without = [role for role in roles if role.role not in (Role.AP, Role.PVP)]
    entry = item(study_items(study, without, ()), "phase-set")
    assert entry.message(Lang.ZH).startswith("缺少期相：动脉期、门静脉期；")
    assert "arterial, portal venous;" in entry.message(Lang.EN)
    assert worded(entry.seen, Lang.ZH) == "平扫、延迟期"
    none = item(study_items(study, [], ()), "phase-set")
    assert worded(none.seen, Lang.ZH) == "无"
    order = item(study_items(study, roles, ()), "phase-order")
    assert worded(order.expected, Lang.ZH) == "平扫 → 动脉期 → 门静脉期 → 延迟期"
    codes = {phase.value for phase in CT_PHASES}
    for found in phantom_items():
        for lang in Lang:
            assert not codes & set(re.findall(r"[A-Z]+", found.message(lang))), found.message(lang)
