"""The templates against the consensus: labels verbatim, options complete, both languages, misprints noted."""

from __future__ import annotations

import json
import re
from importlib import resources
from pathlib import Path

import pytest
from crc_core.errors import CrcError
from crc_core.report.document import Report
from crc_core.report.document_json import read_report_document
from crc_core.report.template import (
    CHOOSING,
    FieldClause,
    Kind,
    Measurable,
    Rule,
    Template,
    current_templates,
    load_template,
)
from crc_core.report.template_files import TemplateLibrary
from report_support import sample_report

CONSENSUS = Path(__file__).parents[3] / "shared" / "spec" / "reference" / "consensus-zh.txt"
FIELDS = [
    (template, section, field)
    for template in current_templates()
    for section in template.sections
    for field in section.fields
]


def test_three_tables_in_printed_order() -> None:
    assert [(template.name, template.version) for template in current_templates()] == [
        ("primary", 1),
        ("liver", 1),
        ("lung", 1),
    ]


@pytest.mark.skipif(not CONSENSUS.exists(), reason="the consensus text is not beside the checkout")
def test_what_is_printed_is_printed_in_the_consensus() -> None:
    text = re.sub(r"\s+", "", CONSENSUS.read_text(encoding="utf-8"))
    tables = text[text.index("表1CRCCT数据库") : text.index("2.4.1原位肿瘤标注")]
    invented = {"左右半", "肠段", "T3", "深度分级"}
    endings = ("最大短径", "主干", "分支")
    for _, section, field in FIELDS:
        if section.id == "header" and field.id == "sex":
            continue
        for option in field.options:
            printed = (option.printed or option.label.zh).replace(" ", "")
            if not (field.addition or option.addition) and field.id not in ("distribution_lobes", "lobe"):
                assert printed in tables or f"□{printed}" in tables, (field.id, printed)
        parts = re.split(r"[（）\s]", field.label.zh.replace("（长径）", "").replace("（短径）", ""))
        for part in parts:
            known = not part or part in tables or part in invented or field.addition
            assert known or any(part.endswith(end) and part[: -len(end)] in tables for end in endings), part


def test_every_question_of_the_tables_is_there() -> None:
    ids = {(section.id, field.id) for _, section, field in FIELDS}
    wanted = {
        "primary": "side segment morphology long_diameter_mm short_diameter_mm cranio_caudal_mm thickness_mm nc_hu "
        "ap_hu pvp_hu dp_hu t_stage extramural_depth_mm t3_class regional_nodes_count regional_nodes_short_mm "
        "retroperitoneal_nodes_count retroperitoneal_nodes_short_mm heterogeneous_nodes_count "
        "heterogeneous_nodes_short_mm circumferential_extent outer_wall wall_enhancement arteriole_sign "
        "extramural_vascular_invasion fat_nodules fat_state other perforation obstruction",
        "patient": "distant_metastases other_metastasis_place",
        "liver": "fatty_liver count_class distribution hilar_nodes hilar_node_long_mm hilar_node_short_mm "
        "uncertain_lesions uncertain_distribution other right_portal_vein_trunk right_portal_vein_branches "
        "left_portal_vein_trunk left_portal_vein_branches right_hepatic_vein_trunk middle_hepatic_vein_trunk "
        "left_hepatic_vein_trunk inferior_vena_cava_trunk",
        "liver_lesion": "segment max_diameter_mm shape margin texture nc_hu ap_hu pvp_hu dp_hu enhancement",
        "lung": "count_class distribution_lobes distribution_segments hilar_nodes mediastinal_nodes node_long_mm "
        "node_short_mm other",
        "lung_lesion": "lobe segment max_diameter_mm shape margin texture nc_hu ap_hu pvp_hu dp_hu enhancement",
    }
    for section, names in wanted.items():
        assert {(section, name) for name in names.split()} <= ids


def test_additions_are_marked() -> None:
    segment = field_of("primary", "primary", "segment")
    assert [option.code for option in segment.options if option.addition] == [
        "rectosigmoid",
        "rectum_upper",
        "rectum_middle",
        "rectum_lower",
    ]
    assert len([option for option in segment.options if not option.addition]) == 8
    assert field_of("primary", "primary", "extramural_depth_mm").addition


def test_misprints_are_mended_and_noted() -> None:
    extent = field_of("primary", "primary", "circumferential_extent")
    assert [option.label.zh for option in extent.options] == ["≤1/2", ">1/2"]
    t3 = field_of("primary", "primary", "t3_class")
    assert [option.printed for option in t3.options] == ["肿瘤突破固有肌层（T3）<5 mm", "肿瘤突破固有肌层（T3）≥3 mm"]
    enhancement = field_of("liver", "liver_lesion", "enhancement")
    assert (enhancement.options[0].label.zh, enhancement.options[0].printed) == ("不强化", "强化")
    assert all(field.printed_error for field in (extent, t3, enhancement))


def test_critical_answers_are_those_of_the_policy() -> None:
    critical = {field.id for _, _, field in FIELDS if field.critical}
    assert critical == {
        "side",
        "segment",
        "t_stage",
        "t3_class",
        "distant_metastases",
        "extramural_vascular_invasion",
        "perforation",
        "obstruction",
    }


def test_lung_has_every_segment_of_both_sides() -> None:
    segments = field_of("lung", "lung_lesion", "segment").options
    per_lobe = [sum(option.group == lobe for option in segments) for lobe in dict.fromkeys(o.group for o in segments)]
    assert per_lobe == [3, 2, 5, 4, 5]
    assert len({option.alone.zh for option in segments}) == len(segments)


def field_of(table: str, section: str, field: str):
    found = load_template(table, 1).section(section)
    assert found is not None
    question = found.field(field)
    assert question is not None
    return question


@pytest.mark.parametrize("template", current_templates(), ids=lambda item: item.name)
def test_each_template_hangs_together(template: Template) -> None:
    sections = {section.id: section for other in current_templates() for section in other.sections}
    words = [template.title, template.footnote, *(reason.label for reason in template.reasons)]
    for section in template.sections:
        ids = [field.id for field in section.fields]
        assert len(set(ids)) == len(ids)
        words += [section.label, *(group.label for group in section.groups)]
        for field in section.fields:
            words.append(field.label)
            words += [word for word in (field.note, field.printed_error) if word]
            codes = [option.code for option in field.options]
            assert (field.kind in CHOOSING) == bool(codes)
            assert len(set(codes)) == len(codes)
            assert (field.range is not None) == (field.kind in (Kind.NUMBER, Kind.COUNT))
            conditions = [c for c in (field.condition, section.condition, *(g.condition for g in section.groups)) if c]
            refs = [clause for c in conditions for clause in c.clauses if isinstance(clause, FieldClause)]
            if field.derivation is not None and field.derivation.unless is not None:
                refs.append(field.derivation.unless)
            for clause in refs:
                target = sections[clause.ref.section].field(clause.ref.field)
                assert target is not None
                assert set(clause.any_of) <= {option.code for option in target.options}
            if field.derivation is not None and field.derivation.source is not None:
                source = sections[field.derivation.source.section].field(field.derivation.source.field)
                assert source is not None
                if field.derivation.rule is Rule.GROUP_OF:
                    assert {option.group for option in source.options} == set(codes)
                if field.derivation.rule is Rule.CLASS_OF:
                    assert [entry.code for entry in field.derivation.classes] == codes
        for check in section.checks:
            assert section.field(check.field) is not None
            assert not check.other or section.field(check.other) is not None
    assert all(word.zh.strip() and word.en.strip() for word in words)
    assert template.reason("phase_missing") and template.reason("other").needs_text


def test_everything_measured_has_a_place() -> None:
    assert {field.measurable for _, _, field in FIELDS if field.measurable} == set(Measurable)


def test_unknown_templates_are_refused_by_name() -> None:
    with pytest.raises(CrcError, match="brain"):
        load_template("brain", 1)
    with pytest.raises(CrcError, match="version 9"):
        load_template("liver", 9)


def library_with_second_version(folder: Path) -> TemplateLibrary:
    """The packaged templates and a later version of table 1 that words a question otherwise and drops another."""
    source = resources.files("crc_core") / "data" / "report"
    for name in ("primary", "liver", "lung"):
        (folder / f"{name}-v1.json").write_bytes((source / f"{name}-v1.json").read_bytes())
    document = json.loads((folder / "primary-v1.json").read_text(encoding="utf-8"))
    document["version"] = 2
    groups = document["sections"][1]["groups"]
    groups[:] = [group for group in groups if group["id"] != "form"]
    (folder / "primary-v2.json").write_text(json.dumps(document), encoding="utf-8")
    return TemplateLibrary(folder)


def test_a_report_on_an_older_template_stays_readable(tmp_path: Path) -> None:
    library = library_with_second_version(tmp_path)
    assert [template.version for template in library.current()] == [2, 1, 1]
    old = sample_report()
    read = read_report_document(old.to_json(), Path("old.json"), library)
    assert read == old
    assert [ref.version for ref in read.template_refs] == [1, 1, 1]


def test_a_report_on_a_newer_template_is_refused_by_this_program(tmp_path: Path) -> None:
    document = sample_report().to_json()
    document["templates"][0]["version"] = 2
    with pytest.raises(CrcError) as refusal:
        Report.from_json(document, tmp_path / "new.json")
    assert refusal.value.code == "report.unknown_version"
    assert "new.json" in str(refusal.value)
