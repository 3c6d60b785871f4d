"""One call that takes a while, made aside, as a work in steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from crc_core.desk.aside import aside
from crc_core.study.stepping import Steps

Answer = TypeVar("Answer")


def waiting(call: Callable[[], Answer], done: int = 0, total: int = 0) -> Steps[Answer]:
    """The steps until the call has come to its end, each telling the same progress; what it raises is raised.

    The call must not change anything that the window shows.
    """
    working = aside(call)
    while True:
        try:
            next(working)
        except StopIteration as end:
            answer: Answer = end.value
            return answer
        yield done, total
