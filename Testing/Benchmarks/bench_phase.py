"""The phase by pixels over synthetic studies made by this project: a confusion table, together and alone.

    python Testing/Benchmarks/bench_phase.py [--seeds 20] [--first 200]

Prints one JSON document: rows are the true phase, columns the answer. It says how well the analysis does on our own
phantoms, which follow the same published curves; it is no measure of how it does on patients.
"""

from __future__ import annotations

import argparse
import json
import sys

from crc_core.phantom import build_phantom
from crc_core.scan.coarse import coarsen
from crc_core.scan.phase_pixels import phases_by_pixels
from crc_core.vocabulary import CT_PHASES

ANSWERS = (*(role.value for role in CT_PHASES), "unknown")


def empty() -> dict[str, dict[str, int]]:
    """A table of zeros."""
    return {role.value: dict.fromkeys(ANSWERS, 0) for role in CT_PHASES}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=200)
    arguments = parser.parse_args()
    together, alone = empty(), empty()
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        phantom = build_phantom(seed)
        stacks = {role.value: coarsen(phantom.images[role]) for role in CT_PHASES}
        for key, found in phases_by_pixels(stacks).items():
            together[key][found.role.value if found.role else "unknown"] += 1
        for key, stack in stacks.items():
            (found,) = phases_by_pixels({key: stack}).values()
            alone[key][found.role.value if found.role else "unknown"] += 1
    document = {"seeds": arguments.seeds, "all_phases_together": together, "each_phase_alone": alone}
    sys.stdout.write(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main()
