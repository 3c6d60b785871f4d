"""Clients that visit a server's pages with a second of thought between two visits, and how long each visit took."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode


@dataclass(frozen=True)
class Visit:
    """One kind of visit: its name, how often it is made, whose it is, and the request."""

    name: str
    weight: int
    role: str
    method: str
    path: str
    body: bytes | None = None
    is_page: bool = False


@dataclass
class Taken:
    """Seconds by kind of visit, and what went wrong."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    bytes: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, name: str, seconds: float, size: int) -> None:
        """Note a visit."""
        with self.lock:
            self.seconds.setdefault(name, []).append(seconds)
            self.bytes[name] = size


class Client:
    """One person at one workstation: an open line, a token and a session cookie for each role they need."""

    def __init__(self, port: int, people: Mapping[str, str], password: str) -> None:
        self._port = port
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._people, self._password = people, password
        self._tokens: dict[str, str] = {}
        self._cookies: dict[str, str] = {}

    def sign_in(self) -> None:
        """Over the API and on the pages, in every role."""
        for role, person in self._people.items():
            body = json.dumps({"person": person, "password": self._password}).encode()
            _, data = self._ask("POST", "/api/v1/sessions", body, {"Content-Type": "application/json"})
            self._tokens[role] = json.loads(data)["token"]
            self._cookies[role] = self._page_cookie(person)

    def visit(self, visit: Visit) -> tuple[float, int, int]:
        """Make a visit: seconds, status, bytes."""
        headers = {"Accept-Language": "en"}
        if visit.is_page:
            headers["Cookie"] = self._cookies[visit.role]
        elif visit.role:
            headers["Authorization"] = f"Token {self._tokens[visit.role]}"
        if visit.body is not None:
            headers["Content-Type"] = "application/json"
        begun = time.perf_counter()
        status, data = self._ask(visit.method, visit.path, visit.body, headers)
        return time.perf_counter() - begun, status, len(data)

    def _ask(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> tuple[int, bytes]:
        try:
            self._line.request(method, path, body, dict(headers))
            answer = self._line.getresponse()
        except (http.client.HTTPException, ConnectionError):
            # A server may close a line that was quiet for too long; a browser opens another.
            self._line.close()
            self._line.request(method, path, body, dict(headers))
            answer = self._line.getresponse()
        return answer.status, answer.read()

    def _page_cookie(self, person: str) -> str:
        line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        line.request("GET", "/sign-in")
        answer = line.getresponse()
        answer.read()
        csrf = _cookies(answer)["csrftoken"]
        form = urlencode({"person": person, "password": self._password, "csrfmiddlewaretoken": csrf})
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": f"csrftoken={csrf}"}
        line.request("POST", "/sign-in", form, headers)
        answer = line.getresponse()
        answer.read()
        session = _cookies(answer)["sessionid"]
        line.close()
        return f"sessionid={session}"


def run_clients(
    clients: Sequence[Client], visits: Sequence[Visit], seconds: float, think_s: float = 1.0
) -> tuple[Taken, float, float]:
    """Let all clients go at once: what was taken, the wall time, and the processor time of this process meanwhile."""
    taken = Taken()
    end = time.perf_counter() + seconds
    threads = [
        threading.Thread(target=_go, args=(client, visits, taken, end, think_s, number))
        for number, client in enumerate(clients)
    ]
    begun, used = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken, time.perf_counter() - begun, time.process_time() - used


def _go(client: Client, visits: Sequence[Visit], taken: Taken, end: float, think_s: float, number: int) -> None:
    draw = random.Random(number)
    time.sleep(draw.uniform(0, think_s))
    weights = [visit.weight for visit in visits]
    while time.perf_counter() < end:
        visit = draw.choices(visits, weights)[0]
        seconds, status, size = client.visit(visit)
        taken.add(visit.name, seconds, size)
        if status >= 400:
            taken.wrong.append(f"{visit.name}: {status}")
        time.sleep(think_s)


def _cookies(answer: http.client.HTTPResponse) -> dict[str, str]:
    found = {}
    for text in answer.headers.get_all("Set-Cookie") or []:
        name, _, value = text.partition(";")[0].partition("=")
        found[name] = value
    return found
