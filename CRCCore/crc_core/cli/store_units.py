"""What a data manager or a senior does with one unit of a store, on the command line."""

from __future__ import annotations

import argparse

from crc_core.cli.acting import act, tell
from crc_core.cli.console import Console, Exit
from crc_core.errors import CrcError
from crc_core.files.atomic import read_bytes, sha256_of
from crc_core.identity import UnitId
from crc_core.importing.delineation import read_protocol
from crc_core.store.folder import FolderStore
from crc_core.vocabulary import Mode, Role, Target
from crc_core.workflow import payloads
from crc_core.workflow.events import Kind


def protocol(arguments: argparse.Namespace, console: Console) -> Exit:
    """Publish a version of the delineation protocol: one of ours (.json) with its text, else by its hash."""
    sha256, text = sha256_of(arguments.file), None
    if arguments.file.suffix.lower() == ".json":
        text = read_bytes(arguments.file).decode("utf-8", "replace")
        told = read_protocol(text, arguments.file).version
        if told != arguments.version:
            raise CrcError("calibration.other_version", path=arguments.file, told=told, wanted=arguments.version)
    payload = payloads.ProtocolPublished(arguments.version, sha256, text)
    receipt = act(FolderStore(arguments.store), arguments, console, Kind.PROTOCOL_PUBLISHED, None, payload)
    return tell(console, receipt, version=arguments.version)


def bind(arguments: argparse.Namespace, console: Console) -> Exit:
    """Bind the source and the mode of each target."""
    unit = UnitId.parse(arguments.unit)
    bindings = tuple(_binding(text, unit) for text in arguments.binding)
    return _for_unit(arguments, console, Kind.SOURCES_BOUND, payloads.SourcesBound(bindings, arguments.version))


def overrule(arguments: argparse.Namespace, console: Console) -> Exit:
    """Overrule items of the scan check."""
    payload = payloads.ScanOverruled(tuple(arguments.item), arguments.reason)
    return _for_unit(arguments, console, Kind.SCAN_OVERRULED, payload)


def assign(arguments: argparse.Namespace, console: Console) -> Exit:
    """Give a reader a slot."""
    payload = payloads.ReadingAssigned(arguments.reader, arguments.round, arguments.reason)
    return _for_unit(arguments, console, Kind.READING_ASSIGNED, payload)


def take(arguments: argparse.Namespace, console: Console) -> Exit:
    """Begin to work on an own slot."""
    payload = payloads.ReadingTaken(arguments.actor, arguments.round)
    return _for_unit(arguments, console, Kind.READING_TAKEN, payload)


def take_back(arguments: argparse.Namespace, console: Console) -> Exit:
    """Take an own reading back while its window is open."""
    unit = UnitId.parse(arguments.unit)
    slots = FolderStore(arguments.store).unit(unit, arguments.actor).slots
    own = (slot for slot in slots if (slot.reader, slot.round) == (arguments.actor, arguments.round))
    reading = next((slot.reading for slot in own if slot.reading is not None), None)
    if reading is None:
        raise CrcError("store.nothing_to_take_back", unit=str(unit))
    payload = payloads.ReadingWithdrawn(arguments.actor, arguments.round, reading, arguments.reason)
    return _for_unit(arguments, console, Kind.READING_WITHDRAWN, payload)


def ask(arguments: argparse.Namespace, console: Console) -> Exit:
    """Ask a senior something without submitting."""
    payload = payloads.SeniorAsked(arguments.actor, arguments.round, arguments.question)
    return _for_unit(arguments, console, Kind.SENIOR_ASKED, payload)


def change_mode(arguments: argparse.Namespace, console: Console) -> Exit:
    """Change the contouring mode of a target before readings come in."""
    payload = payloads.ModeChanged(arguments.target, arguments.mode, arguments.reason)
    return _for_unit(arguments, console, Kind.MODE_CHANGED, payload)


def bar(arguments: argparse.Namespace, console: Console) -> Exit:
    """Keep a unit for calibration, out of production and of samples."""
    return _for_unit(arguments, console, Kind.UNIT_BARRED, payloads.UnitBarred(arguments.session))


def return_readings(arguments: argparse.Namespace, console: Console) -> Exit:
    """Send the readings back with a question."""
    return _for_unit(arguments, console, Kind.READING_RETURNED, payloads.ReadingReturned(arguments.question))


def exclude(arguments: argparse.Namespace, console: Console) -> Exit:
    """Take a unit out for good reason."""
    return _for_unit(arguments, console, Kind.UNIT_EXCLUDED, payloads.UnitExcluded(arguments.code, arguments.reason))


def withdraw_consent(arguments: argparse.Namespace, console: Console) -> Exit:
    """Record that the patient withdrew consent."""
    return _for_unit(arguments, console, Kind.CONSENT_WITHDRAWN, payloads.ConsentWithdrawn(arguments.reason))


def _for_unit(arguments: argparse.Namespace, console: Console, kind: Kind, payload: object) -> Exit:
    unit = str(UnitId.parse(arguments.unit))
    return tell(console, act(FolderStore(arguments.store), arguments, console, kind, unit, payload), unit=unit)


def _binding(text: str, unit: UnitId) -> payloads.Binding:
    target, _, rest = text.partition("=")
    role, _, mode = rest.partition(":")
    try:
        series = Role(role.upper())
        return payloads.Binding(Target(target), series, unit.series_code(series), Mode(mode or Mode.DIRECT))
    except ValueError as error:
        raise CrcError("store.bad_binding", text=text) from error
