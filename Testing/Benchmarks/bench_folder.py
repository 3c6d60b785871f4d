"""A folder store of 5,000 cases: the progress page and the work list when a program opens it first, and when again.

Each opening is a process of its own. Ratio: against reading the events of the same store without this machine's cache.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Support"))

from big_chain import BEGUN
from big_store import _lines, kept
from crc_core.quality.progress import progress_of
from crc_core.store.clock import utc_now
from crc_core.store.folder import FolderStore
from crc_core.store.folder.event_files import event_path
from crc_core.store.folder.layout import Layout
from crc_core.workflow.context import load_policy


def folder_store(cases: int) -> Path:
    """The store, written once: its event files as they come from the chain."""
    root = kept() / f"folder-{cases}"
    done = root.with_suffix(".done")
    if not done.exists():
        layout = Layout(root)
        if not layout.store_file.exists():
            layout.make(load_policy(), BEGUN)
        for seq, line in enumerate(_lines(cases), start=1):
            event_path(layout.events, seq).write_bytes(line)
        done.touch()
    return root


def opening(root: Path, cache: Path) -> dict[str, float]:
    """Seconds of wall and processor time, in this process."""
    begun, used = time.perf_counter(), time.process_time()
    store = FolderStore(root, cache_folder=cache)
    progress = progress_of(store, "manager", utc_now())
    numbers = {"units": len(progress.lines), **_since(begun, used, "progress")}
    for name, work in {
        "progress_again": lambda: progress_of(store, "manager", utc_now()),
        "work_list_manager": lambda: store.work_list("manager"),
        "work_list_reader": lambda: store.work_list("reader00"),
    }.items():
        begun, used = time.perf_counter(), time.process_time()
        work()
        numbers |= _since(begun, used, name)
    return numbers


def _since(begun: float, used: float, name: str) -> dict[str, float]:
    return {f"{name}_s": time.perf_counter() - begun, f"{name}_cpu_s": time.process_time() - used}


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=5_000)
    parser.add_argument("--open", type=Path)
    parser.add_argument("--cache", type=Path)
    given = parser.parse_args()
    if given.open is not None:
        sys.stdout.write(json.dumps(opening(given.open, given.cache)) + "\n")
        return
    root = folder_store(given.cases)
    with tempfile.TemporaryDirectory(dir=kept()) as cache:
        words = [sys.executable, __file__, "--open", str(root), "--cache", cache]
        runs = [json.loads(subprocess.run(words, check=True, capture_output=True).stdout) for _ in range(4)]
    best = min(runs[1:], key=lambda run: run["progress_s"])
    ratio = runs[0]["progress_cpu_s"] / best["progress_cpu_s"]
    numbers = {"load_average": os.getloadavg()[0], "first": runs[0], "again": best, "first_to_again_cpu": ratio}
    sys.stdout.write(json.dumps(numbers, indent=1) + "\n")


if __name__ == "__main__":
    main()
