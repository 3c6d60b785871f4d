"""The server at full size: 50,000 cases, 20 clients with a second of thought; sending against curl; memory meanwhile.

`lists`: the pages and calls under load, on PostgreSQL with several gunicorn workers (or SQLite). `push`: our client and
curl sending the same files to the same server. `study`: 2 GB in so many files, and what the server's memory does.
The store is made once (`Testing/Support/big_store.py`) and kept in `CRC_BENCH`; filling one with 50,000 cases takes ten
minutes and more. What is sent does not ask how many cases there are: `push` and `study` use a store of 2,000.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Support"))

from big_store import PASSWORD, chain_file, kept
from crc_core.store.remote.address import Address
from crc_core.store.remote.connection import Connection
from crc_core.store.remote.parcels import parcel_of_images
from crc_core.store.remote.signing_in import sign_in
from crc_core.store.remote.upload import Parcel, send_parcel
from crc_core.store.remote.watching import Watch
from crc_core.text import Lang
from kept_postgres import kept_postgres
from load_clients import Client, Visit, run_clients

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_MEGABYTE = 1 << 20
_CASES, _CASES_WHERE_SENDING = 50_000, 2_000
_SHAPES = {"600 x 0.5 MB": (600, _MEGABYTE // 2), "1 x 256 MB": (1, 256 * _MEGABYTE)}


def visits(units: Sequence[str]) -> list[Visit]:
    """What people do: mostly their own list, searching and looking at units."""

    def search(where: Any) -> bytes:
        return json.dumps({"where": where, "limit": 50}).encode()

    one = {"all": [{"field": "cea", "is": "more", "value": "20"}, {"field": "sex", "is": "is", "value": "female"}]}
    group = {"any": [{"field": "phase", "is": "is", "value": "disputed"}, {"all": one["all"]}]}
    draw = random.Random(3)
    made = [
        Visit("work list, reader", 20, "reader", "GET", "/api/v1/work-list"),
        Visit("work list, manager", 8, "manager", "GET", "/api/v1/work-list"),
        Visit("work list page, reader", 6, "reader", "GET", "/work", is_page=True),
        Visit("search, two conditions", 14, "manager", "POST", "/api/v1/search", search(one)),
        Visit("search, nested", 8, "senior", "POST", "/api/v1/search", search(group)),
        Visit("search, everything", 4, "manager", "POST", "/api/v1/search", search({"all": []})),
        Visit("search page", 6, "manager", "GET", "/search", is_page=True),
        Visit("progress and agreement page", 4, "manager", "GET", "/progress", is_page=True),
        Visit("statistics", 4, "senior", "GET", "/api/v1/statistics"),
        Visit("progress, 1,000 lines", 2, "manager", "GET", "/api/v1/progress"),
        Visit("audit page", 3, "admin", "GET", "/audit", is_page=True),
        Visit("overview", 3, "senior", "GET", "/api/v1/overview"),
        Visit("sign in", 2, "", "POST", "/api/v1/sessions", _credentials()),
    ]
    chosen = draw.sample(list(units), 16)
    made += [Visit("unit", 1, "manager", "GET", f"/api/v1/units/{unit}") for unit in chosen]
    return made


def _credentials() -> bytes:
    return json.dumps({"person": "reader00", "password": PASSWORD}).encode()


@contextmanager
def database(cases: int, *, is_sqlite: bool) -> Iterator[dict[str, str]]:
    """The environment of a server with so many cases, filled where it is not yet."""
    name = f"{'sqlite' if is_sqlite else 'postgres'}-{cases}"
    data = kept() / f"data-{name}"
    data.mkdir(exist_ok=True)
    chain_file(cases)
    environment = {
        **os.environ,
        "CRC_SERVER_DATA": str(data),
        "CRC_SERVER_DATABASE": "",
        "DJANGO_SETTINGS_MODULE": "server_bench_settings",
        "PYTHONPATH": sys.path[0],
    }
    running = contextlib.nullcontext("") if is_sqlite else kept_postgres(kept() / name)
    with running as address:
        environment["CRC_SERVER_DATABASE"] = address
        _tell(f"a store of {cases} cases, made where it is not there yet")
        code = f"import big_store; big_store.fill_where_empty({cases})"
        subprocess.run([sys.executable, "-c", code], env=environment, check=True)
        yield environment


@contextmanager
def gunicorn(environment: dict[str, str], workers: int) -> Iterator[tuple[int, int]]:
    """Workers behind one port; yields the port and the process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["crc_server.wsgi", "--workers", str(workers), "--threads", "4", "--timeout", "900"]
    command = [sys.executable, "-m", "gunicorn", *words, "--bind", f"127.0.0.1:{port}", "--log-level", "error"]
    process = subprocess.Popen(command, env=environment)
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.1)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


def children(pid: int) -> list[int]:
    """A process and all below it."""
    found = [pid]
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                if int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == pid:
                    found += children(int(folder.name))
    return found


def cpu_seconds(pids: Sequence[int]) -> float:
    """The processor time of processes so far."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += int(parts[11]) + int(parts[12])
    return total / _TICKS


def resident_mb(pids: Sequence[int]) -> float:
    """The largest resident memory among processes."""
    sizes = [0]
    for pid in pids:
        with contextlib.suppress(OSError):
            sizes.append(int(Path(f"/proc/{pid}/statm").read_text().split()[1]))
    return max(sizes) * _PAGE_BYTES / _MEGABYTE


def postgres_pids(environment: dict[str, str]) -> list[int]:
    """The server's own PostgreSQL and its workers."""
    if not environment["CRC_SERVER_DATABASE"]:
        return []
    file = next(kept().glob("postgres-*/cluster/postmaster.pid"), None)
    return [] if file is None else children(int(file.read_text().split()[0]))


def lists(cases: int, seconds: float, *, is_sqlite: bool, workers: int, count: int) -> dict[str, Any]:
    """Seconds of every kind of visit under load; processor time of server, database and clients."""
    with database(cases, is_sqlite=is_sqlite) as environment, gunicorn(environment, workers) as (port, pid):
        people = [
            {"reader": f"reader{n:02d}", "manager": "manager", "senior": f"senior{n % 10:02d}", "admin": "admin"}
            for n in range(count)
        ]
        clients = [Client(port, who, PASSWORD) for who in people]
        for client in clients:
            client.sign_in()
        some = json.dumps({"where": {"all": []}, "limit": 400, "offset": 1000 if cases > 2000 else 0}).encode()
        clients[0].visit(Visit("", 1, "manager", "POST", "/api/v1/search", some))
        units = _units(clients[0], some)
        kinds = visits(units)
        run_clients(clients, kinds, min(seconds, 15))
        servers = children(pid)
        before = cpu_seconds(servers), cpu_seconds(postgres_pids(environment))
        taken, wall, own = run_clients(clients, kinds, seconds)
        after = cpu_seconds(servers), cpu_seconds(postgres_pids(environment))
        total = sum(len(values) for values in taken.seconds.values())
        cores = os.cpu_count() or 1
        return {
            "cases": cases,
            "clients": count,
            "workers": workers,
            "visits": total,
            "visits_per_s": total / wall,
            "load_average": os.getloadavg()[0],
            "server_cpu_ms_per_visit": 1000 * (after[0] - before[0]) / total,
            "database_cpu_ms_per_visit": 1000 * (after[1] - before[1]) / total,
            "generator_share_of_machine": own / wall / cores,
            "generator_share_of_work": own / (own + after[0] - before[0] + after[1] - before[1]),
            "wrong": taken.wrong[:5],
            "kinds": {name: _numbers(values, taken.bytes[name]) for name, values in sorted(taken.seconds.items())},
        }


def _units(client: Client, body: bytes) -> list[str]:
    _, data = client._ask(
        "POST",
        "/api/v1/search",
        body,
        {"Authorization": f"Token {client._tokens['manager']}", "Content-Type": "application/json"},
    )
    return [item["unit"] for item in json.loads(data)["units"]]


def _numbers(values: Sequence[float], size: int) -> dict[str, float]:
    ordered = sorted(values)
    return {
        "visits": len(ordered),
        "median_s": statistics.median(ordered),
        "p95_s": ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))],
        "kilobytes": size / 1024,
    }


def _write(folder: Path, count: int, size: int) -> None:
    folder.mkdir(parents=True)
    block = random.Random(1).randbytes(min(size, _MEGABYTE)) * max(1, size // _MEGABYTE)
    for number in range(count):
        (folder / f"{number:05d}").write_bytes(number.to_bytes(8, "big") + block[8:])


def push(cases: int, *, times: int, shapes: Sequence[str] = tuple(_SHAPES)) -> dict[str, Any]:
    """The same files sent by our client and by curl, in turn; each time as somebody who has sent nothing yet."""
    answer: dict[str, Any] = {}
    with database(cases, is_sqlite=True) as environment, gunicorn(environment, 2) as (port, _):
        connection = Connection(Address.of(f"http://127.0.0.1:{port}"), "", lang=Lang.EN)
        token = sign_in(connection, "manager", PASSWORD).token
        line = connection.with_token(token)
        with tempfile.TemporaryDirectory(dir=kept()) as name:
            for shape, (count, size) in ((shape, _SHAPES[shape]) for shape in shapes):
                _write(Path(name) / shape, count, size)
                parcel = parcel_of_images(Path(name) / shape)
                answer[shape] = _race(line, parcel, Path(name), times)
    return {"load_average": os.getloadavg()[0], **answer}


def _race(line: Connection, parcel: Parcel, folder: Path, times: int) -> dict[str, float]:
    ours, curls = [], []
    for number in range(times):
        _tell(f"{number + 1} of {times}, {len(parcel.files)} files")
        ours.append(_timed(send_parcel, line, parcel, Watch()))
        line.delete(f"uploads/{parcel.sha256}")
        _begin(line, parcel)
        curls.append(_timed(_curl, line, parcel, folder))
        line.delete(f"uploads/{parcel.sha256}")
    megabytes = sum(parcel.sizes.values()) / _MEGABYTE
    best, peer = min(ours), min(curls)
    return {
        "ours_mb_s": megabytes / best,
        "curl_mb_s": megabytes / peer,
        "ratio": peer / best,
        "ratio_of_medians": statistics.median(curls) / statistics.median(ours),
    }


def _tell(text: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stderr.flush()


def _begin(line: Connection, parcel: Parcel) -> None:
    line.document(line.send("PUT", f"uploads/{parcel.sha256}", data=parcel.manifest))


def _curl(line: Connection, parcel: Parcel, folder: Path) -> None:
    """All files over one line, as one curl sends them."""
    root = line.address.at(f"uploads/{parcel.sha256}/files")
    header = f'header = "Authorization: Token {line._token}"\noutput = /dev/null\nfail\n'
    lines = [f'upload-file = "{path}"\nurl = "{root}/{name}"\n{header}' for name, path in parcel.files.items()]
    config = folder / "curl.config"
    config.write_text("next\n".join(lines))
    subprocess.run(["curl", "--silent", "--show-error", "--config", config], check=True)


def _timed(work: Callable[..., object], *given: object) -> float:
    begun = time.perf_counter()
    work(*given)
    return time.perf_counter() - begun


def study(cases: int, *, files: int, megabytes: float) -> dict[str, Any]:
    """A large study sent once: the memory of the server's workers before, and the most meanwhile."""
    with database(cases, is_sqlite=True) as environment, gunicorn(environment, 2) as (port, pid):
        connection = Connection(Address.of(f"http://127.0.0.1:{port}"), "", lang=Lang.EN)
        line = connection.with_token(sign_in(connection, "manager", PASSWORD).token)
        with tempfile.TemporaryDirectory(dir=kept()) as name:
            _write(Path(name) / "small", 8, _MEGABYTE // 2)
            warm = parcel_of_images(Path(name) / "small")
            send_parcel(line, warm, Watch())
            line.delete(f"uploads/{warm.sha256}")
            folder = Path(name) / "study"
            _write(folder, files, int(megabytes * _MEGABYTE))
            parcel = parcel_of_images(folder)
            workers = children(pid)
            before, own_before = resident_mb(workers), resident_mb([os.getpid()])
            seen: list[tuple[float, float]] = []
            stop = threading.Event()

            def watch() -> None:
                while not stop.wait(0.2):
                    seen.append((resident_mb(workers), resident_mb([os.getpid()])))

            watcher = threading.Thread(target=watch)
            watcher.start()
            taken = _timed(send_parcel, line, parcel, Watch())
            stop.set()
            watcher.join()
            total = sum(parcel.sizes.values()) / _MEGABYTE
            shutil.rmtree(folder)
            line.delete(f"uploads/{parcel.sha256}")
        return {
            "files": files,
            "megabytes": total,
            "megabytes_per_s": total / taken,
            "worker_mb_before": before,
            "worker_mb_most": max(item[0] for item in seen),
            "client_mb_before": own_before,
            "client_mb_most": max(item[1] for item in seen),
            "load_average": os.getloadavg()[0],
        }


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("lists", "push", "study"))
    parser.add_argument("--cases", type=int)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--sqlite", action="store_true")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--shape", choices=tuple(_SHAPES), action="append")
    parser.add_argument("--files", type=int, default=4_000)
    parser.add_argument("--megabytes", type=float, default=0.5)
    given = parser.parse_args()
    cases = given.cases or (_CASES if given.what == "lists" else _CASES_WHERE_SENDING)
    if given.what == "lists":
        numbers = lists(cases, given.seconds, is_sqlite=given.sqlite, workers=given.workers, count=given.clients)
    elif given.what == "push":
        numbers = push(cases, times=given.times, shapes=given.shape or tuple(_SHAPES))
    else:
        numbers = study(cases, files=given.files, megabytes=given.megabytes)
    sys.stdout.write(json.dumps(numbers, indent=1) + "\n")


if __name__ == "__main__":
    main()
