"""Requests to a server: time-outs, retries with back-off and jitter, problems turned back into errors and refusals."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from crc_core.errors import CrcError
from crc_core.store.remote.address import Address
from crc_core.store.remote.patience import Patience
from crc_core.text import Lang, catalogue, system_language
from crc_core.workflow.intents import Refusal

LARGEST_ANSWER_BYTES = 64 * 1024 * 1024
_AGAIN = frozenset({429, 502, 503, 504})
_BROKEN_LINE = (
    requests.exceptions.ConnectionError,
    requests.exceptions.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
)
_PIECE_BYTES = 1 << 16

__all__ = ["Connection", "Patience", "broken_line"]


@dataclass(frozen=True)
class _Token(AuthBase):
    """The token as a header; that there is one also keeps `.netrc` from putting another in its place."""

    token: str = field(repr=False)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """The request with the header."""
        if self.token:
            request.headers["Authorization"] = f"Token {self.token}"
        return request


class Connection:
    """A person's line to a server; the token lives in memory only."""

    def __init__(
        self,
        address: Address,
        token: str = "",
        *,
        lang: Lang | None = None,
        patience: Patience | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.address = address
        self.patience = patience or Patience()
        self._token = token
        self._lang = lang or system_language()
        self._sleep = sleep
        self._session = self._open()

    def with_token(self, token: str) -> Connection:
        """The same line for somebody who signed in."""
        return Connection(self.address, token, lang=self._lang, patience=self.patience, sleep=self._sleep)

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """A document; raises CrcError."""
        return self.document(self.send("GET", path, params=query))

    def post(self, path: str, document: Any, *, again: bool = True, works: bool = False) -> Any:
        """The answer to a document, or the Refusal; `again` where doing it twice is harmless; `works` takes long."""
        body = json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
        headers = {"Content-Type": "application/json"}
        return self.document(self.send("POST", path, data=body, headers=headers, again=again, works=works))

    def put(self, path: str, document: Any) -> Any:
        """The answer to a document that replaces another."""
        body = json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
        return self.document(self.send("PUT", path, data=body, headers={"Content-Type": "application/json"}))

    def delete(self, path: str) -> None:
        """Remove something; raises CrcError."""
        self.document(self.send("DELETE", path))

    def send(self, method: str, path: str, *, again: bool = True, works: bool = False, **options: Any) -> Any:
        """The answer as it comes, its body still to be read; tried again where the line or the server is down.

        Raises CrcError `remote.offline` where no attempt reached the server.
        """
        patience = self.patience
        timeout = (patience.connect_s, patience.work_s if works else patience.read_s)
        for attempt in range(patience.attempts):
            last = attempt == patience.attempts - 1 or not again
            try:
                answer = self._session.request(
                    method, self.address.at(path), timeout=timeout, stream=True, allow_redirects=False, **options
                )
            except requests.exceptions.SSLError as error:
                raise CrcError("remote.not_trusted", url=self.address.url) from error
            except _BROKEN_LINE as error:
                if last:
                    raise CrcError("remote.offline", url=self.address.url) from error
                self._sleep(patience.pause(attempt))
                continue
            except requests.exceptions.RequestException as error:
                raise CrcError("remote.bad_address", url=self.address.url) from error
            if answer.status_code not in _AGAIN or last:
                return answer
            answer.close()
            self._sleep(_asked_for(answer, patience.pause(attempt), patience.longest_pause_s))
        raise CrcError("remote.offline", url=self.address.url)

    def rest(self, attempt: int) -> None:
        """Wait as long as after a failed attempt."""
        self._sleep(self.patience.pause(attempt))

    def require_good(self, answer: Any) -> None:
        """Raise the CrcError of an answer that is a problem."""
        if answer.status_code >= 300:
            outcome = self.document(answer)
            raise outcome.as_error() if isinstance(outcome, Refusal) else CrcError("remote.strange", url=answer.url)

    def document(self, answer: Any) -> Any:
        """The document of an answer; a refusal by the rules is returned, any other problem raised."""
        with answer, broken_line(self.address):
            data = _read(answer)
        if answer.status_code == 204:
            return None
        try:
            document = json.loads(data)
        except ValueError as error:
            raise CrcError("remote.strange", url=self.address.url) from error
        if answer.status_code < 300:
            return document
        return _problem(document, self.address)

    def _open(self) -> requests.Session:
        session = requests.Session()
        session.auth = _Token(self._token)
        session.headers.update({"Accept-Language": self._lang.value, "Accept": "application/json"})
        session.verify = True if self.address.ca_file is None else str(self.address.ca_file)
        # A proxy of the system would be asked for a server on this very machine.
        session.trust_env = not self.address.is_here and self.address.proxy is None
        if self.address.proxy is not None:
            session.proxies = {"http": self.address.proxy, "https": self.address.proxy}
        session.mount("http://", HTTPAdapter(pool_maxsize=8))
        session.mount("https://", HTTPAdapter(pool_maxsize=8))
        return session


@contextmanager
def broken_line(address: Address) -> Any:
    """Turn a line that breaks while an answer is read into the CrcError `remote.offline`."""
    try:
        yield
    except _BROKEN_LINE as error:
        raise CrcError("remote.offline", url=address.url) from error


def _problem(document: Any, address: Address) -> Refusal:
    """The refusal in a problem document; raises CrcError for any other problem."""
    code = document.get("code") if isinstance(document, dict) else None
    values = document.get("values") if isinstance(document, dict) else None
    if not isinstance(code, str) or not isinstance(values, dict) or code not in catalogue(Lang.EN):
        raise CrcError("remote.strange", url=address.url)
    named = {str(name): str(value) for name, value in values.items()}
    if document.get("refusal") is True:
        return Refusal.because(code, **named)
    raise CrcError(code, path=document.get("file"), **named)


def _read(answer: Any) -> bytes:
    pieces, size = [], 0
    for piece in answer.iter_content(_PIECE_BYTES):
        pieces.append(piece)
        size += len(piece)
        if size > LARGEST_ANSWER_BYTES:
            raise CrcError("remote.strange", url=answer.url)
    return b"".join(pieces)


def _asked_for(answer: Any, usual: float, longest: float) -> float:
    text = str(answer.headers.get("Retry-After", ""))
    return min(longest, max(usual, float(text))) if text.isascii() and text.isdigit() else usual
