"""Checking the chain of a folder store from its files alone: every number, every hash, every link, every decision."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from crc_core.errors import CrcError
from crc_core.files.atomic import naming, read_bytes
from crc_core.store.findings import Finding, Level
from crc_core.store.folder.brief_lines import line_of
from crc_core.store.folder.cache import EventCache
from crc_core.store.folder.event_files import event_path, number_of, parse_events
from crc_core.workflow.brief import brief_of
from crc_core.workflow.context import Context, Policy, build_context
from crc_core.workflow.decide import decide
from crc_core.workflow.events import FIRST_PREV, STORE_WIDE, Draft, Event
from crc_core.workflow.intents import INTENT_SCHEMA, Intent


@dataclass(frozen=True)
class ChainCheck:
    """The events that could be read, the head up to which the chain holds, and what was found."""

    events: tuple[Event, ...]
    head: str
    findings: tuple[Finding, ...]


def check_chain_files(folder: Path) -> ChainCheck:
    """Read every event file of `folder` and compare numbers, hashes, links and times."""
    events: list[Event] = []
    findings: list[Finding] = []
    head, holds = FIRST_PREV, True
    for path in event_files(folder):
        expected = events[-1].seq + 1 if events else 1
        try:
            found = parse_events(read_bytes(path), path)
        except CrcError as error:
            findings.append(_of_error(error, path))
            holds = False
            continue
        if found[0].seq != expected or path != event_path(folder, found[0].seq):
            findings.append(Finding.of(Level.WRONG, "chain.gap", path, seq=expected))
            holds = False
        for event in found:
            findings.extend(_link(event, events[-1] if events else None, path))
            events.append(event)
        holds = holds and not any(item.level is Level.WRONG for item in findings)
        head = events[-1].hash if holds else head
    return ChainCheck(tuple(events), head, tuple(findings))


def check_decisions(events: Sequence[Event], policy: Policy, folder: Path) -> Iterator[Finding]:
    """Ask the rules again for every event of a whole chain; an event they would not have made was forged."""
    by_unit: dict[str | None, list[Event]] = {}
    context = build_context((), policy)
    for position, event in enumerate(events):
        known = events[:position] if event.kind in STORE_WIDE else by_unit.get(event.unit, [])
        if not is_decided(event, known, context):
            yield Finding.of(Level.WRONG, "store.against_rules", event_path(folder, event.seq), seq=event.seq)
        by_unit.setdefault(event.unit, []).append(event)
        if event.kind in STORE_WIDE:
            context = build_context(by_unit[None], policy)


def is_decided(event: Event, known: Sequence[Event], context: Context) -> bool:
    """Whether the rules would make the event out of what was known before it."""
    person = context.person(event.actor)
    if person is None or person.title is not event.title or event.role not in person.roles:
        return False
    wanted = (Draft(event.kind, event.unit, event.payload),)
    return decide(known, context, intent_of(event), event.at) == wanted


def intent_of(event: Event) -> Intent:
    """The intent that an event must come from."""
    return Intent(INTENT_SCHEMA, event.intent_id, event.kind, event.unit, event.actor, event.at, event.payload)


def check_memory(cache: EventCache, events: Sequence[Event]) -> Iterator[Finding]:
    """Compare with the last event this machine remembers: a chain that was cut at its end holds in itself."""
    last = cache.remembered()
    if last is not None and all(event.hash != last.hash for event in reversed(events)):
        yield Finding.of(Level.WRONG, "store.remembered", cache.events_folder, seq=last.seq)


def check_briefs(cache: EventCache, events: Sequence[Event]) -> Iterator[Finding]:
    """Compare what this machine's lists are made of with a replay of the events it was made from."""
    kept = cache.load()
    if kept.policy is None:
        return
    by_unit: dict[str, list[Event]] = {}
    for event in events:
        if event.unit is not None:
            by_unit.setdefault(event.unit, []).append(event)
    for unit, brief in sorted(kept.briefs.items()):
        seen = [event for event in by_unit.get(unit, ()) if event.seq <= brief.last_seq]
        again = brief_of(unit, seen, kept.policy) if seen else None
        if again is None or line_of(again) != line_of(brief):
            yield Finding.of(Level.WRONG, "store.brief_differs", cache.path, unit=unit)


def event_files(folder: Path) -> tuple[Path, ...]:
    """All event files in order."""
    with naming(folder):
        numbers = [number for name in os.listdir(folder) if (number := number_of(name)) is not None]  # noqa: PTH208
    return tuple(event_path(folder, number) for number in sorted(numbers))


def _link(event: Event, before: Event | None, path: Path) -> Iterator[Finding]:
    if event.prev != (before.hash if before is not None else FIRST_PREV):
        yield Finding.of(Level.WRONG, "chain.altered", path, seq=event.seq)
    if before is not None and event.at < before.at:
        yield Finding.of(Level.WRONG, "store.time_back", path, seq=event.seq)


def _of_error(error: CrcError, path: Path) -> Finding:
    return Finding.of(Level.WRONG, error.code, error.path or path, **error.values)
