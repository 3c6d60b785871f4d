"""A senior in a process of their own: `python quality_worker.py FOLDER UNIT SIGNER TAKE` signs one dispute."""

from __future__ import annotations

import sys
from pathlib import Path

from crc_core.decision.choices import Choices
from crc_core.identity import UnitId
from crc_core.quality.case import open_case, sign_case
from crc_core.reading.final import Take
from crc_core.store.folder import FolderStore
from crc_core.vocabulary import Target
from store_support import PIN, QUICK_PINS


def main(folder: Path, unit: str, signer: str, take: str) -> None:
    """Open the dispute, wait for a line, sign."""
    store = FolderStore(folder / "store", cache_folder=folder / f"cache-{signer}", pin_policy=QUICK_PINS)
    case = open_case(store, UnitId.parse(unit), signer)
    choices = Choices()
    for target in Target:
        choices = case.dispute.take_all(choices, target, Take(take))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    signed = sign_case(store, case, choices, signer, PIN)
    sys.stdout.write(("stored" if signed.is_stored else str(getattr(signed.outcome, "code", ""))) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
