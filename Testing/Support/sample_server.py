"""A server with the sample case in it, for tests inside Slicer, whose own Python has no server in it.

`python sample_server.py prepare DATA PASSWORD` makes it, everybody with the same password; it is served by
`crcdb serve --data DATA`. One JSON line tells the unit and its reader.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path


def prepare(data: Path, password: str) -> dict[str, str]:
    """Make the sample case in a folder store and let an empty server below `data` take it over."""
    os.environ["CRC_SERVER_DATA"] = str(data)
    os.environ["CRC_CACHE"] = str(data / "cache")
    from crc_core.cli.console import Console
    from crc_core.desk.job_forms import SampleAsked
    from crc_core.desk.sample_case import make_sample_case
    from crc_core.phantom.model import PhantomSize
    from crc_core.text import Lang
    from crc_server.cli.ready import set_up

    made = make_sample_case(SampleAsked(str(data / "home"), Lang.EN, PhantomSize.TEST), lambda words, done, total: None)
    set_up(Console(Lang.EN, as_json=False))
    from crc_server.adopting import adopt_folder_store

    adopt_folder_store(
        Path(made.store), then=lambda store: [store.passwords.set(person.id, password) for person in store.persons()]
    )
    return {"unit": made.unit, "reader": made.reader}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(prepare(Path(sys.argv[2]), sys.argv[3])) + "\n")
