"""What keeps a store: making, checking, advancing, looking, releasing, on the command line."""

from __future__ import annotations

import argparse
import json
from functools import partial
from pathlib import Path

from crc_core.cli.acting import act
from crc_core.cli.console import Console, Exit
from crc_core.errors import CrcError
from crc_core.files.atomic import read_bytes
from crc_core.files.records import from_document, time_text, to_document
from crc_core.identity import UnitId
from crc_core.store.check import check_store, clean_store
from crc_core.store.findings import Level, StoreCheck
from crc_core.store.folder import FolderStore
from crc_core.store.release import check_release_name, copy_final, export_release
from crc_core.text import say
from crc_core.vocabulary import PersonRole
from crc_core.workflow.context import Policy
from crc_core.workflow.events import Kind
from crc_core.workflow.payloads import PersonSet, TargetOutcome, UnitReleased
from crc_core.workflow.views import Phase


def new(arguments: argparse.Namespace, console: Console) -> Exit:
    """Make a store with its first administrator."""
    first = PersonSet(
        arguments.administrator, arguments.title, frozenset({PersonRole.ADMINISTRATOR}), arguments.site, True
    )
    policy = None if arguments.policy is None else _policy(arguments.policy)
    store = FolderStore.create(arguments.store, first, name=arguments.name, policy=policy)
    console.say("store.made", store=store.info().id, path=arguments.store)
    console.say("store.not_enforced")
    console.document({"store": store.info().id, "path": str(arguments.store), "enforces": False})
    return Exit.DONE


def check(arguments: argparse.Namespace, console: Console) -> Exit:
    """Check the whole store; the answer is "no" where anything is wrong."""
    store = FolderStore(arguments.store)
    progress = partial(console.progress, code="store.checking")
    found = check_store(store, deep=arguments.deep, on_progress=progress)
    cleared: tuple[Path, ...] = ()
    if arguments.clean:
        cleared = clean_store(store.layout, found, arguments.clean_hours)
        found = check_store(store, deep=arguments.deep, on_progress=progress)
    _tell_check(found, console)
    for path in cleared:
        console.say("store.cleaned", path=path)
    document = {key: value for key, value in to_document(found).items() if key != "findings"}
    findings = [
        {"level": item.level.value, "code": item.code, "path": str(item.path), "message": item.sentence(console.lang)}
        for item in found.findings
    ]
    console.document(
        {"whole": found.is_whole, **document, "findings": findings, "cleared": [str(path) for path in cleared]}
    )
    return Exit.DONE if found.is_whole else Exit.ANSWER_NO


def advance(arguments: argparse.Namespace, console: Console) -> Exit:
    """Do what is due by rule."""
    touched = FolderStore(arguments.store).advance()
    console.say("store.advanced", count=len(touched))
    for unit in touched:
        console.line(unit)
    console.document({"units": list(touched)})
    return Exit.DONE


def log(arguments: argparse.Namespace, console: Console) -> Exit:
    """Print the chain."""
    events = FolderStore(arguments.store).events_since(arguments.since, arguments.actor)
    for event in events:
        parts = (str(event.seq), time_text(event.at), event.kind.value, event.unit or "-", event.actor, event.hash[:12])
        console.line("  ".join(parts))
    console.document({"events": [to_document(event) for event in events]})
    return Exit.DONE


def listing(arguments: argparse.Namespace, console: Console) -> Exit:
    """Print a person's work list."""
    items = FolderStore(arguments.store).work_list(arguments.actor)
    for item in items:
        slot = "" if item.slot is None else say(f"slot.{item.slot.phase.value}", console.lang)
        phase = say(f"phase.{item.phase.value}", console.lang)
        console.line("  ".join(part for part in (item.unit, phase, slot, item.reason) if part))
    console.document({"units": [to_document(item) for item in items]})
    return Exit.DONE


def show(arguments: argparse.Namespace, console: Console) -> Exit:
    """Print what a person may know and do about a unit."""
    view = FolderStore(arguments.store).unit(UnitId.parse(arguments.unit), arguments.actor)
    console.line(f"{view.unit}  {say(f'phase.{view.phase.value}', console.lang)}")
    for binding in view.bindings:
        target = say(f"contour.target.{binding.target.value}", console.lang)
        mode = say(f"import.mode.{binding.mode.value}", console.lang)
        console.say("store.binding_line", target=target, series=binding.series_code, mode=mode)
    for slot in view.slots:
        words = say(f"slot.{slot.phase.value}", console.lang)
        console.line(f"  {slot.reader}  {slot.round}  {words}  {slot.reading or ''}".rstrip())
        if slot.withdraw_until is not None:
            console.say("store.take_back_until", until=time_text(slot.withdraw_until))
        if slot.question is not None:
            console.say("store.question_line", question=slot.question)
    for question in view.questions:
        console.say("store.question_line", question=question)
    for outcome in () if view.comparison is None else view.comparison.targets:
        _tell_outcome(outcome, console)
    for final_view in view.finals:
        console.line(f"  v{final_view.version}  {final_view.final}  {time_text(final_view.at)}")
    console.document(to_document(view))
    return Exit.DONE


def _tell_outcome(outcome: TargetOutcome, console: Console) -> None:
    reasons = [*outcome.reasons, *(reason for lesion in outcome.lesions for reason in lesion.reasons)]
    target = say(f"contour.target.{outcome.target.value}", console.lang)
    verdict = say(f"outcome.{outcome.outcome.value}", console.lang)
    if not reasons:
        console.say("store.comparison_line", target=target, outcome=verdict)
        return
    words = [say(f"reason.{reason}", console.lang) for reason in dict.fromkeys(reasons)]
    joined = say("store.list_joint", console.lang).join(words)
    console.say("store.comparison_why", target=target, outcome=verdict, reasons=joined)


def release(arguments: argparse.Namespace, console: Console) -> Exit:
    """Put the finals of the named units, or of all that have one, into a release."""
    store = FolderStore(arguments.store)
    name = check_release_name(arguments.release)
    wanted = [UnitId.parse(text) for text in arguments.unit] or [
        UnitId.parse(item.unit)
        for item in store.work_list(arguments.actor)
        if item.phase in (Phase.FINAL, Phase.RELEASED)
    ]
    released = []
    for unit in wanted:
        finals = store.unit(unit, arguments.actor).finals
        if not finals:
            raise CrcError("store.no_final", unit=str(unit))
        payload = UnitReleased(name, finals[-1].final)
        act(store, arguments, console, Kind.UNIT_RELEASED, str(unit), payload)
        released.append(str(unit))
    console.say("store.released", release=name, count=len(released))
    console.document({"release": name, "units": released})
    return Exit.DONE if released else Exit.ANSWER_NO


def final(arguments: argparse.Namespace, console: Console) -> Exit:
    """Copy the final in force out of the store."""
    unit = UnitId.parse(arguments.unit)
    sha256 = copy_final(FolderStore(arguments.store), unit, arguments.actor, arguments.out)
    console.say("store.done")
    console.line(f"{arguments.out}  {sha256}")
    console.say("store.not_enforced")
    console.document({"unit": str(unit), "final": sha256, "path": str(arguments.out), "enforces": False})
    return Exit.DONE


def export(arguments: argparse.Namespace, console: Console) -> Exit:
    """Write a release."""
    name = check_release_name(arguments.release)
    record = export_release(FolderStore(arguments.store), name, arguments.actor, arguments.out)
    console.say("store.exported", release=name, path=arguments.out, count=len(record.units))
    console.say("store.head", head=record.chain_head)
    console.say("store.not_enforced")
    console.document({**to_document(record), "path": str(arguments.out)})
    return Exit.DONE


def _tell_check(found: StoreCheck, console: Console) -> None:
    for item in found.findings:
        console.line(f"{item.level.value}: {item.sentence(console.lang)}")
    if found.is_whole:
        counts = ("events", "units", "series", "readings", "finals", "people")
        console.say("store.whole", **{name: getattr(found, name) for name in counts})
    else:
        console.say("store.wrong", wrong=len(found.of(Level.WRONG)))
    if found.of(Level.LEFTOVER):
        console.say("store.leftovers", count=len(found.of(Level.LEFTOVER)))
    console.say("store.head", head=found.head)


def _policy(path: Path) -> Policy:
    try:
        return from_document(Policy, json.loads(read_bytes(path).decode("utf-8")), path)
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise CrcError("json.broken", path=path) from error
