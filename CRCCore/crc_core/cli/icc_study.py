"""`crcdb icc --store`: the agreement study of a store's sample; flags the readings of readers below the mark."""

from __future__ import annotations

import argparse
from functools import partial
from typing import Any

from crc_core.agreement.policy import agreement_policy
from crc_core.agreement.report import floored
from crc_core.cli.acting import accepted
from crc_core.cli.console import Console, Exit
from crc_core.files.records import time_text
from crc_core.statistics.icc import IccForm
from crc_core.store.clock import utc_now
from crc_core.store.folder import FolderStore
from crc_core.store.protocol import Store
from crc_core.study.agreement import MeasureResult, Study, StudyKind, study_of
from crc_core.study.collecting import collect, sample_units
from crc_core.study.flags import flags_of
from crc_core.study.page import label, write_study
from crc_core.study.policy import study_policy
from crc_core.text import Lang, say
from crc_core.vocabulary import Target
from crc_core.workflow.events import Kind
from crc_core.workflow.intents import new_intent


def study_sample(arguments: argparse.Namespace, console: Console) -> Exit:
    """Compute and tell; exit 0 where every deciding measure reaches the mark, else 1."""
    store, viewer = FolderStore(arguments.store), arguments.actor
    collected = collect(store, viewer, sample_units(store, viewer), partial(console.progress, code="study.opening"))
    study = study_of(
        collected,
        StudyKind(arguments.kind),
        form=None if arguments.form is None else IccForm(arguments.form),
        allow_small=arguments.allow_small,
        on_progress=partial(console.progress, code="study.computing"),
    )
    if arguments.out is not None:
        write_study(study, arguments.out, console.lang)
    _show(study, console)
    flagged = _flag(study, store, viewer, console) if arguments.flag else {}
    if arguments.out is not None:
        console.say("study.written", path=arguments.out)
    console.document(_document(study, console.lang) | {"flagged": flagged or None})
    return Exit.DONE if study.reached else Exit.ANSWER_NO


def _show(study: Study, console: Console) -> None:
    policy, lang = agreement_policy(), console.lang
    console.say(f"statistics.kind.{study.kind.value}", form=say(f"statistics.form.{study.form.value}", lang))
    console.say(f"study.reason.{study.form_reason.value}")
    console.say("study.cases", cases=study.cases)
    if study.small:
        console.say("statistics.small", cases=study.cases, smallest=policy.smallest_sample)
    for item in study.measures:
        _show_measure(item, console)
    for target in Target:
        mean = study.dice_mean(target)
        if mean is not None:
            pairs = sum(row.target is target and not row.absent for row in study.pairs)
            words = say(f"contour.target.{target.value}", lang)
            console.say("study.dice_line", target=words, dice=f"{floored(mean):.3f}", pairs=pairs)
    for field in study.fields:
        kappa = field.plain.kappa if field.weighted is None else field.weighted.kappa
        shown = say("agreement.none", lang) if kappa is None else f"{kappa:.3f}"
        told = f"{field.plain.agreement:.0%}"
        name = field.question.label.say(lang)
        console.say("study.kappa_line", label=name, agreement=told, cases=field.plain.cases, kappa=shown)
    if study.waiting:
        console.say("study.waiting_line", count=len(study.waiting))
    for aside in study.set_aside:
        console.say("study.aside_line", unit=aside.unit, rater=aside.rater, reason=aside.error.sentence(lang))
    console.say(f"statistics.verdict.{'reached' if study.reached else 'below'}", threshold=policy.icc_percent / 100)
    if study.below:
        console.say("study.recalibrate", readers=say("statistics.list_joint", lang).join(study.below))


def _show_measure(item: MeasureResult, console: Console) -> None:
    none = say("agreement.none", console.lang)
    interval = None if item.icc is None else item.icc.interval
    verdict = "none" if item.reached is None else "reached" if item.reached else "below"
    small = say("study.small_mark", console.lang) if item.is_small else ""
    console.say(
        "study.line",
        name=label(item, console.lang),
        icc=none if item.icc is None else f"{floored(item.icc.value):.3f}",
        interval=none if interval is None else f"{interval[0]:.3f}–{interval[1]:.3f}",
        cases=len(item.cases),
        verdict=say(f"study.verdict.{verdict}", console.lang) + small,
    )


def _flag(study: Study, store: Store, viewer: str, console: Console) -> dict[str, str]:
    flagged = {}
    for payload in flags_of(study, store.overview(viewer), console.lang):
        accepted(store.act(new_intent(Kind.READINGS_FLAGGED, None, viewer, utc_now(), payload)))
        since = time_text(payload.since)
        console.say("study.flagged", reader=payload.reader, since=since)
        flagged[payload.reader] = since
    return flagged


def _document(study: Study, lang: Lang) -> dict[str, Any]:
    policy = agreement_policy()
    return {
        "kind": study.kind.value,
        "form": study.form.value,
        "form_reason": study.form_reason.value,
        "cases": study.cases,
        "small_sample": True if study.small else None,
        "measures": [_measure(item) for item in study.measures],
        "fields": [
            {
                "field": item.question.key,
                "cases": item.plain.cases,
                "agreement": item.plain.agreement,
                "kappa": item.plain.kappa if item.weighted is None else None,
                "pabak": item.plain.prevalence_adjusted if item.weighted is None else None,
                "weighting": None if item.weighted is None else item.weighted.weighting.value,
                "weighted_kappa": None if item.weighted is None else item.weighted.kappa,
                "left_out": item.left_out or None,
            }
            for item in study.fields
        ],
        "dice_mean": {t.value: floored(mean) for t in Target if (mean := study.dice_mean(t)) is not None},
        "waiting": list(study.waiting),
        "set_aside": [
            {"unit": item.unit, "reader": item.rater, "reason": item.error.sentence(lang)} for item in study.set_aside
        ],
        "recalibrate": list(study.below) or None,
        "threshold": policy.icc_percent / 100,
        "policy_version": policy.version,
        "study_policy": study_policy().version,
        "verdict": "reached" if study.reached else "below",
    }


def _measure(item: MeasureResult) -> dict[str, Any]:
    interval = None if item.icc is None else item.icc.interval
    limits = item.limits
    return {
        "measure": str(item.measure),
        "reader": item.reader,
        "cases": len(item.cases),
        "raters": list(item.raters),
        "icc": None if item.icc is None else item.icc.value,
        "ci95": None if interval is None else list(interval),
        "forms": None if item.forms is None else {form.value: icc.value for form, icc in item.forms.items()},
        "reached": item.reached,
        "decides": item.decides,
        "incomplete": list(item.incomplete) or None,
        "problem": item.problem,
        "bias": None if limits is None else limits.bias,
        "limits": None if limits is None else [limits.lower, limits.upper],
    }
