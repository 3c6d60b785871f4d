"""`crcdb serve`: the embedded server, complete on one machine: SQLite, a folder, loopback."""

from __future__ import annotations

import argparse
import ipaddress
import socket
import threading
from collections.abc import Callable

from crc_core.cli.console import Console, Exit, flush
from crc_core.errors import CrcError
from crc_core.files.file_lock import locked
from crc_core.text import Lang, say

from crc_server.cli.first_administrator import make_store
from crc_server.cli.ready import add_data, configured, set_up
from crc_server.config import TLS, Config

SERVING_LOCK = ".serving.lock"
_LARGEST_BODY_BYTES = 8 * 1024**3


def configure(parser: argparse.ArgumentParser, lang: Lang) -> None:
    """Add the arguments."""
    add_data(parser, lang)
    parser.add_argument("--host", default="127.0.0.1", help=say("server.help.host", lang))
    parser.add_argument("--port", type=int, default=8000, help=say("server.help.port", lang))
    parser.add_argument("--threads", type=int, default=8, help=say("server.help.threads", lang))
    parser.add_argument("--prepare", action="store_true", help=say("server.help.prepare", lang))


def run(arguments: argparse.Namespace, console: Console) -> Exit:
    """Serve until stopped; raises CrcError for an address that would show passwords to the network."""
    config = configured(arguments)
    _require_safe(arguments.host, config)
    if arguments.prepare:
        _prepare(console)
        return Exit.DONE
    with locked(config.data / SERVING_LOCK, wait=False, taken="server.serving_already"):
        _prepare(console)
        _serve(arguments, console, config)
    return Exit.DONE


def _prepare(console: Console) -> None:
    set_up(console)
    from crc_server.store.opening import has_store

    if not has_store():
        make_store(console)


def _serve(arguments: argparse.Namespace, console: Console, config: Config) -> None:
    listening = listen(arguments.host, arguments.port)
    url = f"http://{arguments.host}:{listening.getsockname()[1]}/"

    def announce() -> None:
        console.say("server.serving", url=url)
        console.document({"url": url})
        flush()

    serve_on(listening, config, arguments.threads, announce)


def serve_on(listening: socket.socket, config: Config, threads: int, announce: Callable[[], None]) -> None:
    """Serve on a socket until Ctrl+C, doing what is due meanwhile; `announce` is called once requests are taken."""
    from waitress.server import create_server

    from crc_server.keeping import keep
    from crc_server.wsgi import application

    server = create_server(
        application,
        sockets=[listening],
        threads=threads,
        max_request_body_size=_LARGEST_BODY_BYTES,
        clear_untrusted_proxy_headers=not config.is_tls,
        ident=None,
    )
    stop = threading.Event()
    keeper = threading.Thread(target=keep, args=(stop,), daemon=True)
    keeper.start()
    announce()
    try:
        server.run()
    finally:
        stop.set()
        server.close()


def listen(host: str, port: int) -> socket.socket:
    """A socket at the address; raises CrcError where it cannot be had."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
    except (OSError, OverflowError) as error:
        raise CrcError("server.cannot_listen", host=host, port=port, reason=str(error)) from error
    return listening


def _require_safe(host: str, config: Config) -> None:
    try:
        is_here = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_here = False
    if not is_here and not config.is_tls:
        raise CrcError("server.not_protected", host=host, variable=TLS)
