"""What a step shows: steps of a mode, views, rule card, context card."""

from __future__ import annotations

import itertools

import pytest
from crc_core.contour.terminology import Part
from crc_core.desk.arrangement import ImageKey, LayoutKind, Orientation
from crc_core.desk.arranging import arrangement_for, source_of
from crc_core.desk.context_card import context_brief, context_lines
from crc_core.desk.rules import rule_card
from crc_core.desk.steps import ContourProgress, ContourStepId, Fact, StepId, contour_steps, standings, step_rule
from crc_core.importing.clinical import clinical_keys
from crc_core.importing.delineation import default_protocol
from crc_core.text import Lang, say
from crc_core.vocabulary import CT_PHASES, Mode, Role, Target
from desk_support import unit_view
from hypothesis import given
from hypothesis import strategies as st

ALL_ROLES = (*CT_PHASES, Role.CHEST, Role.T2, Role.DWI)
PROGRESS = st.builds(
    ContourProgress,
    mask=st.booleans(),
    outer=st.booleans(),
    inner=st.booleans(),
    open_slices=st.integers(0, 3),
    filled=st.integers(0, 3),
    to_review=st.integers(0, 3),
    kept=st.booleans(),
    sync_pairs=st.integers(0, 2),
    measured=st.booleans(),
)


@pytest.mark.parametrize("mode", list(Mode))
@given(progress=PROGRESS)
def test_a_step_is_reachable_where_nothing_is_missing(mode: Mode, progress: ContourProgress) -> None:
    found = standings(mode, progress)
    assert [item.rule for item in found] == list(contour_steps(mode))
    assert found[0].is_reachable, "there is always something to begin with"
    for item in found:
        assert item.is_reachable == all(progress.holds(fact) for fact in item.rule.needs)
        assert item.done == progress.holds(item.rule.done)
        assert item.missing is None or not progress.holds(item.missing)


def test_a_subtraction_goes_from_edge_to_edge_to_the_ring() -> None:
    wanted = [ContourStepId.OUTER, ContourStepId.INNER, ContourStepId.PREVIEW, ContourStepId.KEEP]
    order = [rule.id for rule in contour_steps(Mode.SUBTRACTION)]
    assert sorted(wanted, key=order.index) == wanted
    assert step_rule(Mode.SUBTRACTION, ContourStepId.INNER).draws is Part.INNER
    assert step_rule(Mode.SUBTRACTION, ContourStepId.DRAW) == contour_steps(Mode.SUBTRACTION)[0]
    only_outer = {item.rule.id: item for item in standings(Mode.SUBTRACTION, ContourProgress(outer=True))}
    assert only_outer[ContourStepId.KEEP].is_reachable, "the inner edge may be missing"
    assert only_outer[ContourStepId.MEASURE].missing is Fact.MASK


@pytest.mark.parametrize("lang", list(Lang))
def test_every_step_fact_and_role_has_its_words(lang: Lang) -> None:
    for step in ContourStepId:
        assert say(f"desk.step.{step.value}", lang) and say(f"desk.step_hint.{step.value}", lang)
    assert all(say(f"desk.needs.{fact.value}", lang) for fact in Fact)
    assert all(say(f"desk.role.{role.value}", lang) for role in Role)


@pytest.mark.parametrize(("step", "mode"), list(itertools.product(StepId, [None, *Mode])))
@given(
    roles=st.sets(st.sampled_from(ALL_ROLES)),
    target=st.sampled_from([None, *Target]),
    flipped=st.sampled_from([None, *CT_PHASES]),
    prior=st.sets(st.sampled_from(ALL_ROLES)),
    contour_step=st.sampled_from([None, *ContourStepId]),
)
def test_every_view_shows_an_image_that_is_there(
    step: StepId,
    mode: Mode | None,
    roles: set[Role],
    target: Target | None,
    flipped: Role | None,
    prior: set[Role],
    contour_step: ContourStepId | None,
) -> None:
    shown = arrangement_for(step, contour_step, mode, roles, target, flipped, prior)
    if not roles & {*CT_PHASES, Role.CHEST}:
        assert shown is None
        return
    assert shown is not None
    names = [pane.name for pane in shown.panes]
    assert len(set(names)) == len(names) <= 4
    assert names[0] == "axial", "the leading view stays where it is"
    for pane in shown.panes:
        assert pane.image.role in (prior if pane.image.is_prior else roles)


def test_the_check_shows_the_phases_side_by_side_and_flips_in_place() -> None:
    side = arrangement_for(StepId.CHECK, None, None, ALL_ROLES, None, None)
    assert side is not None and side.kind is LayoutKind.PHASES
    assert [pane.image.role for pane in side.panes] == list(CT_PHASES)
    single = arrangement_for(StepId.CHECK, None, None, ALL_ROLES, None, Role.AP)
    assert single is not None and single.kind is LayoutKind.SINGLE
    assert single.panes[0].image == ImageKey(Role.AP)


def test_mri_stands_beside_the_ct_in_its_own_plane_and_is_hidden_where_there_is_none() -> None:
    shown = arrangement_for(StepId.CONTOUR, ContourStepId.DRAW, Mode.MRI, ALL_ROLES, Target.PRIMARY, None)
    assert shown is not None and shown.kind is LayoutKind.REFERENCE
    assert [(pane.image.role, pane.orientation) for pane in shown.panes] == [
        (Role.PVP, Orientation.AXIAL),
        (Role.T2, Orientation.NATIVE),
        (Role.DWI, Orientation.NATIVE),
    ]
    without = arrangement_for(StepId.CONTOUR, ContourStepId.DRAW, Mode.MRI, CT_PHASES, Target.PRIMARY, None)
    assert without is not None and without.kind is LayoutKind.CONTOUR


def test_the_ring_is_seen_in_space_and_the_axial_view_stays() -> None:
    drawing = arrangement_for(StepId.CONTOUR, ContourStepId.OUTER, Mode.SUBTRACTION, ALL_ROLES, Target.PRIMARY, None)
    ring = arrangement_for(StepId.CONTOUR, ContourStepId.PREVIEW, Mode.SUBTRACTION, ALL_ROLES, Target.PRIMARY, None)
    assert drawing is not None and ring is not None
    assert (drawing.kind, drawing.has_3d) == (LayoutKind.CONTOUR, False)
    assert (ring.kind, ring.has_3d) == (LayoutKind.RING, True)
    assert drawing.panes[0] == ring.panes[0]


def test_lung_is_drawn_on_the_chest_or_on_what_is_bound() -> None:
    assert source_of(Target.LUNG, ALL_ROLES) is Role.CHEST
    assert source_of(Target.LUNG, ALL_ROLES, Role.PVP) is Role.PVP
    assert source_of(Target.LUNG, CT_PHASES) is Role.PVP
    assert source_of(Target.LIVER, ALL_ROLES) is Role.PVP
    assert source_of(Target.LIVER, (Role.T2,)) is None


@pytest.mark.parametrize("target", list(Target))
@pytest.mark.parametrize("lang", list(Lang))
def test_a_rule_card_cites_protocol_and_consensus(target: Target, lang: Lang) -> None:
    shipped = default_protocol()
    for mode in Mode:
        card = rule_card(target, mode, lang, shipped.version)
        assert shipped.version in card.cites
        assert shipped.targets[target].cites.removeprefix("consensus ") in card.cites
        assert set(shipped.targets[target].includes[lang]) <= set(card.includes)
        assert card.excludes == shipped.targets[target].excludes[lang]
    cards = {rule_card(target, mode, lang).includes[0] for mode in Mode}
    assert len(cards) == (3 if target is Target.PRIMARY else 1), "the mode's own rule leads where modes differ"
    assert "delineation-1" in rule_card(target, Mode.DIRECT, lang, "delineation-1").cites


CLINICAL = {
    "primary_site": "rectum_upper",
    "endoscopy_anal_verge_cm": "8",
    "treatment": "neoadjuvant_chemotherapy,targeted",
    "pathology_type": "mucinous",
    "differentiation": "low",
    "metastases_timing": "synchronous",
    "sex": "F",
    "age_years": "61",
    "version": "clinical-1",
}


@pytest.mark.parametrize("lang", list(Lang))
def test_the_context_hides_what_would_tell_the_answer(lang: Lang) -> None:
    view = unit_view(clinical=CLINICAL, treatment_since="2025-12-01")
    for target in (None, Target.PRIMARY, Target.LIVER, Target.LUNG):
        words = str(context_lines(view, lang, target))
        assert say("desk.clinical.pathology_type.mucinous", lang) not in words
        assert say("desk.clinical.differentiation", lang) not in words
        assert "synchronous" not in words
        assert "2025-12-01" in words and "8 cm" in words
    node = context_lines(view, lang, Target.NODE)
    assert (say("desk.clinical.pathology_type", lang), say("desk.clinical.pathology_type.mucinous", lang)) in node
    brief = context_brief(view, lang)
    assert say("desk.clinical.primary_site.rectum_upper", lang) in brief and "8 cm" in brief
    assert context_brief(unit_view(), lang) == say("desk.context.none", lang)


def test_every_clinical_value_can_be_shown() -> None:
    keys = clinical_keys().keys
    for lang, target in itertools.product(Lang, (None, Target.NODE)):
        for key, rule in keys.items():
            values = rule.choices or (("2025-01-31",) if rule.is_date else ("12",))
            for value in values:
                lines = context_lines(unit_view(clinical={key: value}), lang, target)
                assert all(label and words for label, words in lines)
