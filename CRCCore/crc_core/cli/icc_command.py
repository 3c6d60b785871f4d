"""`crcdb icc`: intraclass correlation of a table of measurements, or of the agreement sample of a store."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crc_core.agreement.policy import AgreementPolicy, agreement_policy
from crc_core.agreement.report import floored
from crc_core.cli.console import Console, Exit
from crc_core.errors import CrcError
from crc_core.statistics.icc import Icc, IccForm
from crc_core.study.table import TableAnswer, study_table
from crc_core.text import Lang, say

_KINDS = ("inter", "intra")


def configure(parser: argparse.ArgumentParser, lang: Lang) -> None:
    """Add the table, the form and what may be forgiven."""
    forms = [form.value for form in IccForm]
    parser.add_argument("table", type=Path, metavar="TABLE", nargs="?", help=say("statistics.help.table", lang))
    parser.add_argument("--store", type=Path, metavar="STORE", help=say("study.help.store", lang))
    parser.add_argument("--as", dest="actor", metavar="PERSON", help=say("store.help.as", lang))
    parser.add_argument("-o", "--out", type=Path, metavar="FOLDER", help=say("study.help.out", lang))
    parser.add_argument("--flag", action="store_true", help=say("study.help.flag", lang))
    parser.add_argument("--kind", choices=_KINDS, default="inter", help=say("statistics.help.kind", lang))
    parser.add_argument("--form", choices=forms, help=say("statistics.help.form", lang))
    parser.add_argument("--allow-small", action="store_true", help=say("statistics.help.allow_small", lang))
    parser.add_argument("--skip-incomplete", action="store_true", help=say("statistics.help.skip_incomplete", lang))


def run(arguments: argparse.Namespace, console: Console) -> Exit:
    """Compute; exit 0 where every measure reaches the threshold, else 1. Raises CrcError for a table without answer."""
    if (arguments.table is None) == (arguments.store is None) or (arguments.store is None) != (arguments.actor is None):
        raise CrcError("study.table_or_store")
    if arguments.store is not None:
        from crc_core.cli.icc_study import study_sample

        return study_sample(arguments, console)
    if arguments.out is not None or arguments.flag:
        raise CrcError("study.table_or_store")
    policy = agreement_policy()
    default = policy.icc_form_inter if arguments.kind == "inter" else policy.icc_form_intra
    form = IccForm(arguments.form or default)
    answers = study_table(
        arguments.table, form, allow_small=arguments.allow_small, skip_incomplete=arguments.skip_incomplete
    )
    reached = all(answer.chosen.reaches(policy.icc_percent) for answer in answers)
    _show(answers, arguments.kind, policy, console)
    console.document(_document(answers, arguments.kind, policy, reached))
    return Exit.DONE if reached else Exit.ANSWER_NO


def _document(answers: Sequence[TableAnswer], kind: str, policy: AgreementPolicy, reached: bool) -> dict[str, Any]:
    named = any(answer.ratings.measure for answer in answers)
    small = any(answer.chosen.cases < policy.smallest_sample for answer in answers)
    return {
        "kind": kind,
        "form": answers[0].chosen.form.value,
        **(_measure(answers[0], policy) if len(answers) == 1 else {}),
        "measures": [_measure(answer, policy) for answer in answers] if named else None,
        "threshold": policy.icc_percent / 100,
        "policy_version": policy.version,
        "small_sample": True if small else None,
        "verdict": "reached" if reached else "below",
    }


def _measure(answer: TableAnswer, policy: AgreementPolicy) -> dict[str, Any]:
    limits = answer.limits
    return {
        "measure": answer.ratings.measure or None,
        "cases": answer.chosen.cases,
        "raters": list(answer.ratings.raters),
        **_icc(answer.chosen),
        "forms": {form.value: _icc(icc) for form, icc in answer.forms.items()},
        "reached": answer.chosen.reaches(policy.icc_percent),
        "left_out": list(answer.left_out) or None,
        "bland_altman": None
        if limits is None
        else {
            "bias": limits.bias,
            "sd": limits.sd,
            "limits": [limits.lower, limits.upper],
            "bias_ci95": list(limits.bias_interval),
            "limits_ci95": [list(limits.lower_interval), list(limits.upper_interval)],
        },
    }


def _icc(icc: Icc) -> dict[str, Any]:
    return {"icc": icc.value, "ci95": None if icc.interval is None else list(icc.interval)}


def _show(answers: Sequence[TableAnswer], kind: str, policy: AgreementPolicy, console: Console) -> None:
    form = say(f"statistics.form.{answers[0].chosen.form.value}", console.lang)
    console.say(f"statistics.kind.{kind}", form=form)
    for answer in answers:
        icc = answer.chosen
        if answer.ratings.measure:
            console.line(answer.ratings.measure)
        console.say("statistics.counts", cases=icc.cases, raters=len(answer.ratings.raters))
        if answer.left_out:
            joint = say("statistics.list_joint", console.lang)
            console.say("statistics.left_out", cases=joint.join(answer.left_out))
        console.say("statistics.icc", value=floored(icc.value))
        if icc.interval:
            console.say("statistics.interval", lower=icc.interval[0], upper=icc.interval[1])
        if answer.limits:
            limits = answer.limits
            console.say("statistics.limits", bias=limits.bias, lower=limits.lower, upper=limits.upper)
        if icc.cases < policy.smallest_sample:
            console.say("statistics.small", cases=icc.cases, smallest=policy.smallest_sample)
        verdict = "reached" if icc.reaches(policy.icc_percent) else "below"
        console.say(f"statistics.verdict.{verdict}", threshold=policy.icc_percent / 100)
