"""Long work in a process aside: `python -m crc_core.desk.jobs NAME`, the request as JSON on standard input.

Standard output gets lines of JSON: `{"step": {words, done, total}}` while it goes on, at the end `{"result": …}` or
`{"error": {code, sentence, path, values}}`. SIGTERM ends a job without leaving anything half done; closing the pipe
does, too.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TextIO

from crc_core.desk.job_forms import (
    FetchAsked,
    HandInAsked,
    ImportAsked,
    RegisterAsked,
    SampleAsked,
    ScanAsked,
    SendAsked,
    StudiesAsked,
)
from crc_core.desk.job_running import Cancel, Cancelled, Tell
from crc_core.errors import CrcError
from crc_core.files.records import from_document, to_document
from crc_core.text import Lang

_STEP_S = 0.1


class Line:
    """The way back to who asked; how far a job is goes out a few times a second."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._words, self._at_s = "", 0.0

    def step(self, words: str, done: int, total: int) -> None:
        """Tell how far it is."""
        now_s = time.monotonic()
        if words != self._words or now_s - self._at_s >= _STEP_S or done == total:
            self._words, self._at_s = words, now_s
            self._send({"step": {"words": words, "done": done, "total": total}})

    def result(self, answer: Any) -> None:
        """Tell what came of it."""
        self._send({"result": to_document(answer)})

    def error(self, error: CrcError, lang: Lang) -> None:
        """Tell why nothing came of it."""
        path = None if error.path is None else str(error.path)
        values = {name: str(value) for name, value in error.values.items()}
        self._send({"error": {"code": error.code, "sentence": error.sentence(lang), "path": path, "values": values}})

    def _send(self, document: Mapping[str, Any]) -> None:
        try:
            self._out.write(json.dumps(document, ensure_ascii=False) + "\n")
            self._out.flush()
        except OSError as error:
            raise Cancelled from error


class Job(NamedTuple):
    """A job: the form it is asked in, and what does it."""

    asked: type
    run: Callable[[Any, Tell, Cancel], Any]


def _sample_case(asked: SampleAsked, tell: Tell, cancel: Cancel) -> Any:
    from crc_core.desk.sample_case import make_sample_case

    return make_sample_case(asked, tell)


def _import_study(asked: ImportAsked, tell: Tell, cancel: Cancel) -> Any:
    from crc_core.desk.import_case import import_case

    return import_case(asked, tell)


def _list_studies(asked: StudiesAsked, tell: Tell, cancel: Cancel) -> Any:
    from crc_core.desk.found_studies import find_studies

    return find_studies(asked, tell)


def _check_scan(asked: ScanAsked, tell: Tell, cancel: Cancel) -> Any:
    from crc_core.desk.scan_again import check_scan

    return check_scan(asked, tell)


def _register(asked: RegisterAsked, tell: Tell, cancel: Cancel) -> Any:
    from crc_core.desk.register_case import register_case

    return register_case(asked, tell, cancel)


def _hand_in(asked: HandInAsked, tell: Tell, cancel: Cancel) -> Any:
    from crc_core.desk.hand_in_case import hand_in_case

    return hand_in_case(asked, tell)


def _send_outbox(asked: SendAsked, tell: Tell, cancel: Cancel) -> Any:
    from crc_core.desk.send_outbox import send_outbox

    return send_outbox(asked, tell)


def _fetch(asked: FetchAsked, tell: Tell, cancel: Cancel) -> Any:
    from crc_core.desk.fetch_images import fetch_images

    return fetch_images(asked, tell)


JOBS: Mapping[str, Job] = MappingProxyType(
    {
        "sample_case": Job(SampleAsked, _sample_case),
        "import_study": Job(ImportAsked, _import_study),
        "list_studies": Job(StudiesAsked, _list_studies),
        "check_scan": Job(ScanAsked, _check_scan),
        "register": Job(RegisterAsked, _register),
        "hand_in": Job(HandInAsked, _hand_in),
        "send_outbox": Job(SendAsked, _send_outbox),
        "fetch": Job(FetchAsked, _fetch),
    }
)


def main(arguments: list[str], asked: TextIO, answers: TextIO) -> int:
    """Run the job that is named; exit 0 with a result, 1 with an error that was told, 2 for bad usage, 3 cancelled."""
    if len(arguments) != 1 or arguments[0] not in JOBS:
        sys.stderr.write(f"usage: python -m crc_core.desk.jobs {{{','.join(JOBS)}}}\n")
        return 2
    cancel = Cancel()
    signal.signal(signal.SIGTERM, cancel)
    job, line, lang = JOBS[arguments[0]], Line(answers), Lang.EN
    try:
        request: Any = from_document(job.asked, json.loads(asked.read()), Path("request"))
        lang = request.lang
        line.result(job.run(request, line.step, cancel))
    except CrcError as error:
        line.error(error, lang)
        return 1
    except ValueError as error:
        line.error(CrcError("desk.job_request", reason=str(error)[:200]), lang)
        return 1
    except Cancelled:
        return 3
    return 0


if __name__ == "__main__":
    # Pipes carry UTF-8 on every system, whatever its own character set is.
    with open(0, encoding="utf-8", closefd=False) as asked, open(1, "w", encoding="utf-8", closefd=False) as answers:
        sys.exit(main(sys.argv[1:], asked, answers))
