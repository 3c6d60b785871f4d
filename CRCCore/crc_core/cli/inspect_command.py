"""`crcdb inspect`: the checks and the measurements of a mask on its image."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from crc_core.cli.bowel_option import add_bowel_option, bowel_direction
from crc_core.cli.console import Console, Exit
from crc_core.cli.image_argument import read_image
from crc_core.errors import CrcError
from crc_core.text import Lang, say
from crc_core.vocabulary import VERDICT_ORDER, Role, Target, Verdict

if TYPE_CHECKING:
    from crc_core.contour import Finding, LesionDensity, LesionMeasurements
    from crc_core.geometry import Grid, Volume


def configure(parser: argparse.ArgumentParser, lang: Lang) -> None:
    targets = [target.value for target in Target]
    phases = [role.value for role in (Role.NC, Role.AP, Role.PVP, Role.DP, Role.CHEST)]
    parser.add_argument("mask", type=Path, metavar="MASK", help=say("contour.cli.mask", lang))
    parser.add_argument("--image", type=Path, metavar="CT", help=say("contour.cli.image", lang))
    parser.add_argument("--target", choices=targets, help=say("contour.cli.target", lang))
    parser.add_argument("--phase", choices=phases, help=say("contour.cli.phase", lang))
    parser.add_argument("--outer", type=Path, metavar="OUTER", help=say("contour.cli.outer", lang))
    parser.add_argument("--inner", type=Path, metavar="INNER", help=say("contour.cli.inner", lang))
    parser.add_argument(
        "--other", action="append", default=[], metavar="TARGET=MASK", help=say("contour.cli.other", lang)
    )
    add_bowel_option(parser, lang)
    parser.add_argument("--thickness-mm", type=float, metavar="MM", help=say("contour.cli.thickness", lang))


def run(arguments: argparse.Namespace, console: Console) -> Exit:
    from crc_core.contour import inspect, measure, sample_densities, worst_verdict
    from crc_core.files.nifti import read_mask

    _require_thickness(arguments.thickness_mm)
    mask = read_mask(arguments.mask)
    target, told_by = _target(arguments)
    image = None if arguments.image is None else read_image(arguments.image, mask.grid)
    outer, inner = (
        None if path is None else read_mask(path, expected=mask.grid) for path in (arguments.outer, arguments.inner)
    )
    findings = inspect(mask, image, target=target, outer=outer, inner=inner, others=_others(arguments.other, mask.grid))
    lesions = measure(
        mask,
        target=target,
        bowel_direction=bowel_direction(arguments),
        outer=outer,
        inner=inner,
        slice_thickness_mm=arguments.thickness_mm,
    )
    role = Role(arguments.phase or (Role.CHEST if target is Target.LUNG else Role.PVP))
    densities = () if image is None else sample_densities(mask, {role: image}, target=target)
    _tell(console, mask.grid, (target, told_by), findings, lesions, densities)
    bad = VERDICT_ORDER.index(worst_verdict(findings)) > VERDICT_ORDER.index(Verdict.NOTE)
    return Exit.ANSWER_NO if bad else Exit.DONE


def _require_thickness(thickness_mm: float | None) -> None:
    if thickness_mm is not None and not 0 < thickness_mm < 100:
        raise CrcError("contour.thickness_value", seen=thickness_mm)


def _target(arguments: argparse.Namespace) -> tuple[Target, str]:
    """The target and what told it: the option, the file's name, or neither, in which case it is a primary."""
    if arguments.target:
        return Target(arguments.target), "option"
    stem = arguments.mask.name.lower().removesuffix(".gz").removesuffix(".nii")
    for target in Target:
        if f"_{stem}".endswith((f"_{target.value}", f"_{target.value}-outer", f"_{target.value}-inner")):
            return target, "name"
    return Target.PRIMARY, "default"


def _others(words: list[str], grid: Grid) -> list[tuple[Target, Volume]]:
    from crc_core.files.nifti import read_mask

    others = []
    for word in words:
        name, found, path = word.partition("=")
        if not found or name not in [target.value for target in Target]:
            raise CrcError("contour.other_form", seen=word)
        others.append((Target(name), read_mask(Path(path), expected=grid)))
    return others


def _tell(
    console: Console,
    grid: Grid,
    target: tuple[Target, str],
    findings: tuple[Finding, ...],
    lesions: tuple[LesionMeasurements, ...],
    densities: tuple[LesionDensity, ...],
) -> None:
    from crc_core.contour import contour_rules, worst_verdict
    from crc_core.contour.wording import density_json, finding_json, lesion_json

    if not console.as_json:
        _tell_in_words(console, grid, target, findings, lesions, densities)
    console.document(
        {
            "target": target[0].value,
            "target_told_by": target[1],
            "verdict": worst_verdict(findings).value,
            "rules_version": contour_rules().version,
            "slice_numbers": "from 1, most cranial first",
            "findings": [finding_json(finding, grid, console.lang) for finding in findings],
            "lesions": [lesion_json(lesion, grid) for lesion in lesions],
            "densities": [density_json(density) for density in densities],
        }
    )


def _tell_in_words(
    console: Console,
    grid: Grid,
    target: tuple[Target, str],
    findings: tuple[Finding, ...],
    lesions: tuple[LesionMeasurements, ...],
    densities: tuple[LesionDensity, ...],
) -> None:
    from crc_core.contour.wording import density_sentence, finding_place, finding_sentence, measurement_sentence

    name = say(f"contour.target.{target[0]}", console.lang)
    console.say(f"contour.target_by_{target[1]}", target=name)
    console.say("contour.slice_convention")
    if not findings:
        console.say("contour.no_findings")
    for finding in findings:
        verdict = say(f"contour.verdict.{finding.verdict}", console.lang)
        place = finding_place(finding, grid, console.lang)
        console.line(f"{verdict} {finding_sentence(finding, console.lang)} {place}".rstrip())
    for lesion in lesions:
        console.say("contour.lesion", lesion=lesion.lesion, volume=f"{lesion.volume_ml:.2f}", slices=lesion.slices)
        for measurement in lesion.all:
            console.line("  " + measurement_sentence(measurement, grid, console.lang))
        for density in densities:
            if density.lesion == lesion.lesion:
                console.line("  " + density_sentence(density, console.lang))
