"""What the words of scanners and hospitals mean."""

from __future__ import annotations

import pytest
from crc_core.scan.words import (
    Kernel,
    Kind,
    body_parts,
    is_automatic_exposure,
    kernel_kind,
    kinds,
    mr_role,
    phase_words,
)
from crc_core.vocabulary import Role
from hypothesis import given
from hypothesis import strategies as st

NC, AP, PVP, DP = Role.NC, Role.AP, Role.PVP, Role.DP


@pytest.mark.parametrize(
    ("text", "phase"),
    [
        ("腹部平扫 1.0mm", NC),
        ("上腹部CT普扫", NC),
        ("Abd C-  5.0", NC),
        ("ABD W/O", NC),
        ("ABDOMEN WITHOUT CONTRAST", NC),
        ("Non-Contrast", NC),
        ("pre contrast", NC),
        ("Nativ 1.5 Br40", NC),
        ("未增强", NC),
        ("动脉期", AP),
        ("肝动脉晚期", AP),
        ("Art. 1.0 B30f", AP),
        ("LATE ARTERIAL", AP),
        ("AP", AP),
        ("A期", AP),
        ("静脉期", PVP),
        ("门脉期 0.625", PVP),
        ("腹部增强 门静脉期", PVP),
        ("Abdomen_PVP_1mm", PVP),
        ("Portal-Venous 1.25mm", PVP),
        ("venous_70s", PVP),
        ("V-phase", PVP),
        ("实质期", DP),
        ("延迟期", DP),
        ("平衡期3min", DP),
        ("Delayed 180s", DP),
        ("equilibrium", DP),
        ("ＰＶＰ", PVP),
    ],
)
def test_words_name_the_phase(text: str, phase: Role) -> None:
    assert phase_words(text).phases == {phase}


@pytest.mark.parametrize(
    "text",
    [
        "腹部增强",
        "C+",
        "上腹部平扫+增强",
        "平扫及增强",
        "with and without",
        "W/WO CONTRAST",
        "Liver 3-phase",
        "三期增强",
        "1.0 B30f",
    ],
)
def test_words_that_name_no_single_phase_name_none(text: str) -> None:
    assert not phase_words(text).phases


def test_enhancement_alone_is_told_apart_from_plain() -> None:
    assert phase_words("腹部增强").is_enhanced and phase_words("C+").is_enhanced
    assert not phase_words("腹部平扫").is_enhanced and not phase_words("5mm").is_enhanced


def test_two_phases_in_one_text_are_both_told() -> None:
    assert phase_words("动脉期+静脉期").phases == {AP, PVP}


def test_a_delay_in_seconds_is_a_setting_and_not_the_delayed_phase() -> None:
    words = phase_words("Delay 30s")
    assert not words.phases and words.delay_s == 30
    assert phase_words("门静脉期 65秒").delay_s == 65
    assert phase_words("0.5s 120kV").delay_s is None


@pytest.mark.parametrize("text", ["start", "party", "heart", "prevent", "adventure", "import", "napkin", "dpi"])
def test_latin_words_count_as_whole_tokens_only(text: str) -> None:
    assert not phase_words(f"{text} series one two").phases


@given(st.text(max_size=60))
def test_any_text_is_read_without_an_error(text: str) -> None:
    phase_words(text)
    body_parts(text)
    kinds(text)
    mr_role(text)
    kernel_kind(text)


def test_parts_of_the_body_and_kinds_of_series() -> None:
    assert body_parts("胸部CT平扫 肺窗") == {"chest"}
    assert body_parts("CHEST ABDOMEN PELVIS") == {"chest", "abdomen"}
    assert kinds("Topogram 0.6") == {Kind.LOCALIZER} and kinds("定位像") == {Kind.LOCALIZER}
    assert kinds("MPR 冠状位") == {Kind.REFORMAT} and kinds("Monoenergetic 50 keV") == {Kind.DERIVED}
    assert not kinds("Portal 1.0 Br40d")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("STANDARD", Kernel.SOFT),
        ("B30f", Kernel.SOFT),
        ("Br40d\\3", Kernel.SOFT),
        ("FC18", Kernel.SOFT),
        ("B_SOFT_B", Kernel.SOFT),
        ("F20", Kernel.SOFT),
        ("B", Kernel.SOFT),
        ("STD+", Kernel.SOFT),
        ("LUNG", Kernel.LUNG),
        ("Bl57d", Kernel.LUNG),
        ("FC52", Kernel.LUNG),
        ("BONEPLUS", Kernel.SHARP),
        ("I70f", Kernel.SHARP),
        ("FC30", Kernel.SHARP),
        ("YC", Kernel.SHARP),
        ("F60", Kernel.SHARP),
        ("B_VSHARP_C", Kernel.SHARP),
        ("", Kernel.UNKNOWN),
        ("XYZ-9", Kernel.UNKNOWN),
    ],
)
def test_kernels_of_all_vendors(name: str, kind: Kernel) -> None:
    assert kernel_kind(name) is kind


def test_mr_series_and_automatic_exposure() -> None:
    assert mr_role("ADC图 (DWI)") is Role.ADC and mr_role("ep2d_diff_b800") is Role.DWI
    assert mr_role("T2WI 高分辨 斜轴位") is Role.T2 and mr_role("T1 vibe") is None
    assert is_automatic_exposure("XYZ_EC") and is_automatic_exposure("ANGULAR")
    assert not is_automatic_exposure("NONE") and not is_automatic_exposure("")
