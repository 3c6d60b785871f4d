"""`store check`: the whole chain, every body against its event, every event against its body, and what is foreign."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from crc_core.files.atomic import PART_SUFFIX, naming
from crc_core.store.findings import Finding, Level, StoreCheck
from crc_core.store.folder.bodies import set_aside
from crc_core.store.folder.check_bodies import (
    check_bodies,
    check_cases,
    check_people,
    expected_bodies,
    find_strangers,
)
from crc_core.store.folder.check_chain import (
    check_briefs,
    check_chain_files,
    check_decisions,
    check_memory,
    event_files,
)
from crc_core.store.folder.layout import Layout
from crc_core.store.folder.store import FolderStore
from crc_core.workflow.context import build_context

Progress = Callable[[int, int], None]


def check_store(store: FolderStore, *, deep: bool = False, on_progress: Progress | None = None) -> StoreCheck:
    """Check a folder store from its files alone.

    `deep` also reads every image file, compares the hash of its voxels with the registration, and decodes every mask on
    its source. Raises CrcError only where the folder is no store or cannot be read at all.
    """
    layout, people, policy = store.layout, store.people, store.file.policy
    chain = check_chain_files(layout.events)
    events = chain.events
    findings = list(chain.findings)
    if not findings:
        findings.extend(check_decisions(events, policy, layout.events))
    findings.extend(check_memory(store.cache, events))
    findings.extend(check_briefs(store.cache, events))
    bodies = expected_bodies(layout, events)
    findings.extend(check_bodies(layout, events, deep, _ticker(len(bodies.all), on_progress)))
    findings.extend(check_cases(layout, events))
    findings.extend(check_people(people, events))
    findings.extend(find_strangers(layout, events, people))
    return StoreCheck(
        head=chain.head,
        events=len(events),
        units=len({event.unit for event in events if event.unit is not None}),
        series=len(bodies.series),
        readings=len(bodies.readings),
        finals=len(bodies.finals),
        people=len(build_context([event for event in events if event.unit is None], policy).people) - 1,
        deep=deep,
        findings=tuple(findings),
    )


def clean_store(layout: Layout, check: StoreCheck, older_than_hours: float) -> tuple[Path, ...]:
    """Clear what interrupted work left behind, where it is old enough not to be at work still; what was cleared.

    Half-written parts are removed. A whole body that no event speaks of is moved to `set-aside`: it may be the only
    copy of somebody's work. A last event file that was cut off while being written is moved there as well.
    """
    cleared = []
    for item in (*check.of(Level.LEFTOVER), *_cut_off(layout, check)):
        if not _is_old(item.path, older_than_hours):
            continue
        _clear(layout, item.path)
        cleared.append(item.path)
    return tuple(cleared)


def _clear(layout: Layout, path: Path) -> None:
    with naming(path):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
        elif path.name.endswith(PART_SUFFIX):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        else:
            set_aside(layout, path)
        for parent in path.parents:
            if parent in layout.folders or any(parent.iterdir()):
                break
            parent.rmdir()


def _cut_off(layout: Layout, check: StoreCheck) -> tuple[Finding, ...]:
    files = event_files(layout.events)
    return tuple(item for item in check.of(Level.WRONG) if item.code == "json.broken" and item.path == files[-1])


def _is_old(path: Path, hours: float) -> bool:
    if not path.exists():
        return False
    with naming(path):
        return time.time() - path.stat().st_mtime >= hours * 3600


def _ticker(total: int, on_progress: Progress | None) -> Callable[[], None]:
    done = 0

    def tick() -> None:
        nonlocal done
        done += 1
        if on_progress is not None:
            on_progress(done, total)

    return tick
