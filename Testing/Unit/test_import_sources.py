"""Sources and modes follow the protocol's rules; the protocol says everything in both languages."""

from __future__ import annotations

import numpy as np
import pytest
from crc_core.dicom.index import index_folder
from crc_core.dicom.series import Series
from crc_core.geometry.grid import Grid, Volume
from crc_core.identity import UnitId
from crc_core.importing.delineation import default_protocol
from crc_core.importing.lumen import largest_gas_pocket_ml, lumen_is_seen
from crc_core.importing.sources import ModeFacts, mri_verdict, propose_bindings, propose_mode
from crc_core.text import Lang
from crc_core.vocabulary import Mode, Role, Target, Verdict
from hypothesis import given
from hypothesis import strategies as st
from import_support import write_study

PROTOCOL = default_protocol()
UNIT = UnitId("CRC-01-000001-H", "T0")


def facts(mri: Verdict | None, site: str | None, lumen: bool, roles: frozenset[Role] | None = None) -> ModeFacts:
    shown = roles if roles is not None else frozenset({Role.PVP, Role.T2} if mri else {Role.PVP})
    return ModeFacts(shown, mri, site, lambda: lumen)


@pytest.mark.parametrize(
    ("mri", "site", "lumen", "expected"),
    [
        (Verdict.PASS, None, True, Mode.MRI),
        (Verdict.PASS, "rectum_lower", True, Mode.MRI),
        (Verdict.NOTE, "rectosigmoid", False, Mode.MRI),
        (Verdict.NOTE, None, True, Mode.SUBTRACTION),
        (Verdict.WARN, "rectum_lower", True, Mode.SUBTRACTION),
        (Verdict.PASS, "sigmoid", True, Mode.SUBTRACTION),
        (Verdict.PASS, "caecum", False, Mode.DIRECT),
        (None, "rectum_lower", True, Mode.SUBTRACTION),
        (None, None, False, Mode.DIRECT),
        (Verdict.UNKNOWN, None, False, Mode.DIRECT),
    ],
)
def test_the_mode_of_the_primary(mri: Verdict | None, site: str | None, lumen: bool, expected: Mode) -> None:
    assert propose_mode(Target.PRIMARY, PROTOCOL, facts(mri, site, lumen)) is expected


def test_an_adc_map_alone_is_no_mri_to_contour_by() -> None:
    alone = facts(Verdict.PASS, None, False, frozenset({Role.PVP, Role.ADC}))
    assert propose_mode(Target.PRIMARY, PROTOCOL, alone) is Mode.DIRECT


@pytest.mark.parametrize("target", [Target.LIVER, Target.LUNG, Target.NODE])
def test_other_targets_are_drawn_directly_and_the_pixels_are_not_asked(target: Target) -> None:
    def asked() -> bool:
        raise AssertionError

    assert propose_mode(target, PROTOCOL, ModeFacts(frozenset(), Verdict.PASS, None, asked)) is Mode.DIRECT


def test_the_best_of_several_mri_counts() -> None:
    assert mri_verdict([Verdict.WARN, Verdict.PASS, Verdict.NOTE]) is Verdict.PASS
    assert mri_verdict([]) is None


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Series]:
    folder = tmp_path_factory.mktemp("stacks")
    write_study(folder / "a", series=("3",), slices=6)
    write_study(folder / "b", series=("1",), slices=9)
    write_study(folder / "c", series=("2",), slices=7)
    for path in (folder / "c").rglob("IM0004"):
        path.unlink()
    found = {name: index_folder(folder / name, cache=folder / "cache").series[0] for name in "abc"}
    return {"short": found["a"], "long": found["b"], "gapped": found["c"]}


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({Role.PVP: "short", Role.CHEST: "short"}, {**dict.fromkeys(Target, Role.PVP), Target.LUNG: Role.CHEST}),
        ({Role.PVP: "short", Role.NC: "long"}, {**dict.fromkeys(Target, Role.PVP), Target.LUNG: Role.NC}),
        ({Role.PVP: "short", Role.NC: "short"}, dict.fromkeys(Target, Role.PVP)),
        ({Role.PVP: "short", Role.CHEST: "gapped"}, dict.fromkeys(Target, Role.PVP)),
        ({Role.PVP: "gapped", Role.NC: "short"}, {Target.LUNG: Role.NC}),
        ({Role.PVP: "gapped"}, {}),
    ],
)
def test_the_source_of_each_target(
    stacks: dict[str, Series], chosen: dict[Role, str], expected: dict[Target, Role]
) -> None:
    series = {role: stacks[name] for role, name in chosen.items()}
    bindings = propose_bindings(UNIT, series, PROTOCOL, facts(None, None, False), {})
    assert {binding.target: binding.role for binding in bindings} == expected
    assert all(binding.series_code == UNIT.series_code(binding.role) for binding in bindings)


def test_a_person_may_wish_for_another_mode(stacks: dict[str, Series]) -> None:
    wishes = {Target.PRIMARY: Mode.SUBTRACTION, Target.LIVER: Mode.DIRECT}
    bindings = propose_bindings(UNIT, {Role.PVP: stacks["short"]}, PROTOCOL, facts(None, None, False), wishes)
    assert {binding.target: binding.mode for binding in bindings}[Target.PRIMARY] is Mode.SUBTRACTION


def body(radius_mm: float, depth: int, spacing: float = 1.5, at_top: bool = False) -> tuple[Volume, float]:
    """A water cylinder in air with a tube of gas through some of its slices, and the volume of the gas in ml."""
    size, slices = 80, 40
    j, i = np.indices((size, size)) - size // 2
    array = np.full((slices, size, size), -1000, dtype=np.int16)
    array[:, np.hypot(j, i) * spacing < 50] = 40
    gas = np.hypot(j, i) * spacing < radius_mm
    start = slices - depth if at_top else 10
    array[start : start + depth, gas] = -900
    return Volume(
        array, Grid.from_spacing(array.shape, (spacing, spacing, 3.0))
    ), gas.sum() * depth * spacing**2 * 0.003


@given(st.floats(min_value=9.0, max_value=30.0), st.integers(min_value=6, max_value=20))
def test_a_gas_pocket_is_measured(radius_mm: float, depth: int) -> None:
    volume, truth_ml = body(radius_mm, depth)
    measured = largest_gas_pocket_ml(volume, PROTOCOL.lumen)
    assert measured == pytest.approx(truth_ml, rel=0.25, abs=1.0)
    if abs(truth_ml - PROTOCOL.lumen.least_ml) > 0.25 * truth_ml + 1.0:
        assert lumen_is_seen(volume, PROTOCOL.lumen) == (truth_ml > PROTOCOL.lumen.least_ml)


def test_lungs_at_the_border_and_air_around_the_patient_are_no_lumen() -> None:
    assert largest_gas_pocket_ml(body(25.0, 12, at_top=True)[0], PROTOCOL.lumen) == 0.0
    assert largest_gas_pocket_ml(body(0.0, 10)[0], PROTOCOL.lumen) == 0.0


def test_a_bag_of_air_on_the_table_is_no_lumen() -> None:
    inside, _ = body(0.0, 10)
    array = np.full((40, 110, 80), -1000, dtype=np.int16)
    array[:, :80] = inside.array
    array[8:30, 80:100, 20:60] = -200
    array[10:28, 84:96, 24:56] = -1000
    volume = Volume(array, Grid.from_spacing(array.shape, (1.5, 1.5, 3.0)))
    assert largest_gas_pocket_ml(volume, PROTOCOL.lumen) == 0.0


def test_the_protocol_is_whole_in_both_languages() -> None:
    assert set(PROTOCOL.targets) == set(Target)
    for rule in PROTOCOL.targets.values():
        assert rule.cites.startswith("consensus 2.4")
        for words in (rule.includes, rule.excludes):
            assert set(words) == set(Lang)
            assert len(words[Lang.ZH]) == len(words[Lang.EN]) > 0
    assert len(PROTOCOL.sha256) == 64
    assert PROTOCOL.sha256 == default_protocol().sha256


def test_the_sites_of_the_protocol_are_those_of_the_clinical_context() -> None:
    from crc_core.importing.clinical import clinical_keys

    assert set(PROTOCOL.modes.mri_sites) <= set(clinical_keys().keys["primary_site"].choices or ())
