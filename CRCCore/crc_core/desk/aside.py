"""A call that may wait for somebody else, made in a thread aside while the window lives."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from typing import TypeVar

Answer = TypeVar("Answer")
_STEP_S = 0.01


def aside(call: Callable[[], Answer]) -> Generator[None, None, Answer]:
    """Yields until the call has come to its end, and returns its answer; raises what it raised.

    Closing the generator forgets the call, which ends by itself: it must not change anything of the window's.
    """
    answers: list[Answer] = []
    troubles: list[BaseException] = []

    def work() -> None:
        try:
            answers.append(call())
        except BaseException as trouble:  # noqa: BLE001  whatever it is, it is raised where the answer is waited for
            troubles.append(trouble)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(_STEP_S)
        yield
    if troubles:
        raise troubles[0]
    return answers[0]
