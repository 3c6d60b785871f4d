"""What a report is filled with: the phantom's truth, its phases, and honest gaps."""

from __future__ import annotations

import pytest
from crc_core.contour.rules import contour_rules
from crc_core.files.canonical import canonical_bytes
from crc_core.measuring import Assessment, Parents, assess
from crc_core.report.autofill import MeasuredValue
from crc_core.report.document import NotAssessable
from crc_core.report.template import Measurable
from crc_core.vocabulary import CT_PHASES, Role, Target
from shared_phantom import phantom

HU = {
    Role.NC: Measurable.HU_NC,
    Role.AP: Measurable.HU_AP,
    Role.PVP: Measurable.HU_PVP,
    Role.DP: Measurable.HU_DP,
}


def value(assessment: Assessment, target: Target, kind: Measurable, lesion: int = 1) -> MeasuredValue:
    wanted = (target, lesion, kind)
    return next(item for item in assessment.values() if (item.target, item.lesion, item.kind) == wanted)


def of_phantom(roles: tuple[Role, ...] = CT_PHASES) -> Assessment:
    study = phantom()
    images = {role: study.images[role] for role in roles}
    return assess(study.masks, images, parents=Parents(study.outer, study.inner))


def test_the_primary_has_the_phantoms_density_in_every_phase():
    assessment = of_phantom()
    truth = phantom().lesions_of(Target.PRIMARY)[0]
    for role, kind in HU.items():
        measured = value(assessment, Target.PRIMARY, kind)
        assert measured.value == pytest.approx(truth.mean_hu[role], abs=8)
        assert dict(measured.how_values)["count"] >= contour_rules().density_samples


def test_thickness_is_measured_only_between_two_edges():
    study = phantom()
    with_edges = {item.kind for item in of_phantom().values() if item.target is Target.PRIMARY}
    alone = assess({Target.PRIMARY: study.masks[Target.PRIMARY]}, {})
    assert Measurable.THICKNESS in with_edges
    assert Measurable.THICKNESS not in {item.kind for item in alone.values()}


def test_a_phase_that_is_not_there_is_said_to_be_missing():
    assessment = of_phantom((Role.NC, Role.PVP))
    for target in (Target.PRIMARY, Target.LIVER):
        gap = value(assessment, target, Measurable.HU_DP)
        assert (gap.value, gap.not_assessable) == (None, NotAssessable("phase_missing"))


def test_a_lung_lesion_beyond_the_abdominal_phases_is_left_to_the_reader():
    gap = value(of_phantom((Role.NC, Role.PVP)), Target.LUNG, Measurable.HU_DP)
    assert (gap.value, gap.not_assessable) == (None, None)


def test_what_is_stored_says_how_and_where_and_is_plain_json():
    document = of_phantom().document()
    assert canonical_bytes(document)
    assert document["rules"] == contour_rules().version
    by_target = {item["target"] for item in document["lesions"]}
    assert by_target == {target.value for target in phantom().masks}
    first = document["lesions"][0]
    assert first["long_diameter"]["place"]["start_ras"]
    assert len(first["densities"]) == len(CT_PHASES)
