"""`crcdb calibrate`: sessions in which readers contour blind against a signed reference, and what follows."""

from __future__ import annotations

import argparse
import re
from functools import partial
from pathlib import Path

from crc_core.calibration.page import sentence_of, write_report
from crc_core.calibration.policy import calibration_policy
from crc_core.calibration.protocol import PointRuling, next_protocol
from crc_core.calibration.session import (
    SessionReport,
    heat_map,
    open_results,
    plan_session,
    report_session,
    session_of,
    sign_reference,
)
from crc_core.cli.acting import accepted, act, add_common, tell
from crc_core.cli.console import Console, Exit
from crc_core.cli.pins import ask_pin
from crc_core.errors import CrcError
from crc_core.files.atomic import write_bytes
from crc_core.files.nifti import write_volume
from crc_core.files.records import time_text, to_document
from crc_core.identity import UnitId
from crc_core.store.clock import utc_now
from crc_core.store.folder import FolderStore
from crc_core.text import Lang, say
from crc_core.vocabulary import Target
from crc_core.workflow.events import Kind
from crc_core.workflow.payloads import CalibrationPlanned, ClearanceSigned, PassMark, ReadingsFlagged
from crc_core.workflow.store_view import SessionView, StoreView

_MARK = re.compile(r"(\w+):(.+)")
_POINT = re.compile(r"(\w+):(\w+)=(in|out)")
_NAMES = {"dice": "dice_percent", "bias": "bias_percent", "missed": "missed_lesions", "report": "report_percent"}


def configure(parser: argparse.ArgumentParser, lang: Lang) -> None:
    """Add the actions and their arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION", help=say("store.help.action", lang))
    own = {}
    for name in _ACTIONS:
        own[name] = actions.add_parser(name, help=say(f"calibration.help.{name}", lang))
        add_common(own[name], lang)
        if name not in ("show", "flag"):
            own[name].add_argument("session", metavar="SESSION", help=say("calibration.help.session", lang))
    _plan_arguments(own["plan"], lang)
    for name in ("report", "own"):
        own[name].add_argument("-o", "--out", type=Path, metavar="FOLDER", help=say("calibration.help.out", lang))
    own["heatmap"].add_argument("unit", metavar="UNIT", help=say("store.help.unit", lang))
    own["heatmap"].add_argument("target", type=Target, choices=list(Target), help=say("store.help.target", lang))
    own["heatmap"].add_argument(
        "-o", "--out", type=Path, required=True, metavar="VOTES", help=say("calibration.help.votes", lang)
    )
    own["clear"].add_argument("reader", metavar="READER", help=say("calibration.help.reader", lang))
    own["clear"].add_argument(
        "target", type=Target, nargs="+", choices=list(Target), help=say("store.help.target", lang)
    )
    own["clear"].add_argument("--reason", help=say("store.help.reason", lang))
    own["protocol"].add_argument("--version", required=True, help=say("store.help.version", lang))
    own["protocol"].add_argument(
        "--point", action="append", default=[], metavar="TARGET:POINT=in|out", help=_points_help(lang)
    )
    own["protocol"].add_argument(
        "-o", "--out", type=Path, metavar="FILE", help=say("calibration.help.protocol_out", lang)
    )
    own["flag"].add_argument("reader", metavar="READER", help=say("calibration.help.reader", lang))
    own["flag"].add_argument("--reason", required=True, help=say("store.help.reason", lang))


def _plan_arguments(parser: argparse.ArgumentParser, lang: Lang) -> None:
    for name in ("unit", "reader", "reference"):
        words = say(f"calibration.help.plan_{name}", lang)
        parser.add_argument(f"--{name}", nargs="+", required=True, metavar=name.upper(), help=words)
    words = say("calibration.help.mark", lang)
    parser.add_argument("--mark", action="append", default=[], metavar="TARGET:NAME=N,…", help=words)


def _points_help(lang: Lang) -> str:
    points = (f"{point} ({say(f'calibration.point.{point}', lang)})" for point in calibration_policy().points)
    return say("calibration.help.point", lang, points=say("store.list_joint", lang).join(points))


def run(arguments: argparse.Namespace, console: Console) -> Exit:
    """Do the action; raises CrcError for bad input and for what the store refuses."""
    return _ACTIONS[arguments.action](arguments, console)


def _plan(arguments: argparse.Namespace, console: Console) -> Exit:
    units = tuple(str(UnitId.parse(unit)) for unit in arguments.unit)
    store = FolderStore(arguments.store)
    marks = _marks(arguments.mark, store, units, arguments.actor)
    plan = CalibrationPlanned(arguments.session, units, tuple(arguments.reader), tuple(arguments.reference), marks)
    receipt = accepted(plan_session(store, arguments.actor, plan))
    return tell(console, receipt, session=arguments.session, units=list(units))


def _marks(texts: list[str], store: FolderStore, units: tuple[str, ...], actor: str) -> tuple[PassMark, ...]:
    """The marks that are given, else the policy's for every target the cases are bound for."""
    if not texts:
        views = [store.unit(UnitId.parse(unit), actor) for unit in units]
        bound = {binding.target for view in views for binding in view.bindings}
        return tuple(calibration_policy().mark(target) for target in Target if target in bound)
    return tuple(_mark(text) for text in texts)


def _mark(text: str) -> PassMark:
    match = _MARK.fullmatch(text)
    try:
        target = Target(match[1] if match else "")
        given = dict(part.split("=", 1) for part in match[2].split(",")) if match else {}
        known = to_document(calibration_policy().mark(target))
        del known["target"]
        return PassMark(target, **(known | {_NAMES[name]: int(value) for name, value in given.items()}))
    except (KeyError, ValueError) as error:
        raise CrcError("calibration.bad_mark", text=text) from error


def _show(arguments: argparse.Namespace, console: Console) -> Exit:
    view = FolderStore(arguments.store).overview(arguments.actor)
    for session in view.sessions:
        _show_session(session, console)
    for clearance in view.clearances:
        target = say(f"contour.target.{clearance.target.value}", console.lang)
        console.say("calibration.cleared", reader=clearance.reader, target=target, signer=clearance.signer)
    for flag in view.flags:
        if flag.until is None:
            console.say("calibration.flagged", reader=flag.reader, since=time_text(flag.since))
    if view.protocol is not None:
        console.say("calibration.protocol", version=view.protocol.version)
    console.document(_document(view))
    return Exit.DONE


def _show_session(session: SessionView, console: Console) -> None:
    state = "open" if session.opened_at else "signed" if session.reference_signer else "reading"
    console.say(
        "calibration.session_line",
        session=session.session,
        cases=len(session.units),
        readers=say("store.list_joint", console.lang).join(session.readers),
        state=say(f"calibration.state.{state}", console.lang),
    )
    for item in session.waiting:
        kind = say(f"calibration.round.{'reference' if item.round == 1 else 'reader'}", console.lang)
        console.say("calibration.waiting", unit=item.unit, reader=item.reader, kind=kind)


def _document(view: StoreView) -> dict[str, object]:
    document: dict[str, object] = to_document(view)
    return {name: document.get(name) for name in ("sessions", "clearances", "flags", "protocol")}


def _reference(arguments: argparse.Namespace, console: Console) -> Exit:
    store = FolderStore(arguments.store)
    pin = ask_pin(arguments.actor, console)
    receipt = accepted(sign_reference(store, arguments.actor, arguments.session, pin))
    return tell(console, receipt, session=arguments.session)


def _report(arguments: argparse.Namespace, console: Console) -> Exit:
    """The whole session for those who lead it; the answer is "no" where somebody did not pass."""
    store = FolderStore(arguments.store)
    report = _computed(store, arguments, console)
    _tell_report(report, arguments.out, console)
    passed = bool(report.summaries) and all(item.passed for item in report.summaries)
    return Exit.DONE if passed else Exit.ANSWER_NO


def _computed(store: FolderStore, arguments: argparse.Namespace, console: Console) -> SessionReport:
    session = session_of(store, arguments.actor, arguments.session)
    return report_session(store, arguments.actor, session, partial(console.progress, code="calibration.comparing"))


def _tell_report(report: SessionReport, out: Path | None, console: Console) -> None:
    for item in report.summaries:
        console.line(sentence_of(item, console.lang))
    for unit, reader in report.missing:
        console.say("calibration.missing", unit=unit, reader=reader)
    for lost in report.set_aside:
        reason = lost.error.sentence(console.lang)
        console.say("calibration.aside", unit=lost.unit, reader=lost.reader, reason=reason)
    if out is not None:
        write_report(report, out, console.lang)
        console.say("study.written", path=out)
    summaries = [{**to_document(item), "target": item.target.value, "passed": item.passed} for item in report.summaries]
    missing = [{"unit": unit, "reader": reader} for unit, reader in report.missing]
    console.document({"session": report.session.session, "results": summaries, "missing": missing})


def _open(arguments: argparse.Namespace, console: Console) -> Exit:
    store = FolderStore(arguments.store)
    report = _computed(store, arguments, console)
    if not report.complete_readers:
        raise CrcError("calibration.nobody_ready", session=arguments.session)
    receipt = accepted(open_results(store, arguments.actor, report))
    return tell(console, receipt, session=arguments.session, readers=list(report.complete_readers))


def _own(arguments: argparse.Namespace, console: Console) -> Exit:
    """A reader's own results against the reference, once they are open."""
    store = FolderStore(arguments.store)
    session = session_of(store, arguments.actor, arguments.session)
    if session.opened_at is None:
        raise CrcError("calibration.not_open", session=arguments.session)
    return _report(arguments, console)


def _heat_map(arguments: argparse.Namespace, console: Console) -> Exit:
    store = FolderStore(arguments.store)
    if not arguments.out.name.lower().endswith(".nii.gz"):
        raise CrcError("agreement.union_name", path=arguments.out)
    session = session_of(store, arguments.actor, arguments.session)
    unit = str(UnitId.parse(arguments.unit))
    votes = heat_map(store, arguments.actor, session, unit, arguments.target)
    write_volume(arguments.out, votes.volume)
    console.say("calibration.votes", path=arguments.out, readers=votes.readers)
    for least, volume_ml in enumerate(votes.volumes_ml, start=1):
        console.say("calibration.votes_line", least=least, volume_ml=volume_ml)
    volumes = list(votes.volumes_ml)
    console.document({"unit": unit, "readers": votes.readers, "volume_ml": volumes, "path": str(arguments.out)})
    return Exit.DONE


def _clear(arguments: argparse.Namespace, console: Console) -> Exit:
    store = FolderStore(arguments.store)
    published = store.overview(arguments.actor).protocol
    version = "" if published is None else published.version
    for target in arguments.target:
        payload = ClearanceSigned(arguments.reader, target, version, True, arguments.session, arguments.reason)
        receipt = act(store, arguments, console, Kind.CLEARANCE_SIGNED, None, payload)
    return tell(console, receipt, reader=arguments.reader, targets=[target.value for target in arguments.target])


def _protocol(arguments: argparse.Namespace, console: Console) -> Exit:
    store = FolderStore(arguments.store)
    rulings = [_ruling(text) for text in arguments.point]
    payload = next_protocol(store.overview(arguments.actor), arguments.version, rulings, arguments.session)
    receipt = act(store, arguments, console, Kind.PROTOCOL_PUBLISHED, None, payload)
    if arguments.out is not None and payload.document is not None:
        write_bytes(arguments.out, payload.document.encode("utf-8"))
    return tell(console, receipt, version=arguments.version, sha256=payload.sha256)


def _ruling(text: str) -> PointRuling:
    match = _POINT.fullmatch(text)
    if match is None or match[1] not in set(Target):
        raise CrcError("calibration.bad_point", text=text)
    return PointRuling(Target(match[1]), match[2], match[3] == "in")


def _flag(arguments: argparse.Namespace, console: Console) -> Exit:
    """Flag a reader's readings since the last clearance and ask for recalibration."""
    store = FolderStore(arguments.store)
    signed = [item.at for item in store.overview(arguments.actor).clearances if item.reader == arguments.reader]
    since = max(signed, default=utc_now())
    payload = ReadingsFlagged(arguments.reader, since, arguments.reason)
    receipt = act(store, arguments, console, Kind.READINGS_FLAGGED, None, payload)
    console.say("study.flagged", reader=arguments.reader, since=time_text(since))
    return tell(console, receipt, reader=arguments.reader, since=time_text(since))


_ACTIONS = {
    "plan": _plan,
    "show": _show,
    "reference": _reference,
    "report": _report,
    "open": _open,
    "own": _own,
    "heatmap": _heat_map,
    "clear": _clear,
    "protocol": _protocol,
    "flag": _flag,
}
