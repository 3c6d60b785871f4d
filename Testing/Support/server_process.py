"""A live server for tests, in a process of its own: listens on a free loopback port, begins anew on each `reset` line.

`python server_process.py`: the environment names data folder, clock file, database and, where it matters, the port;
prints `port N`, then `ready` after each reset.
"""

from __future__ import annotations

import os
import socket
import sys
import threading

from server_support import django_ready, new_server_store


def main() -> None:
    """Serve until standard input ends."""
    django_ready()
    from crc_server.wsgi import application
    from django.db import connections
    from waitress.server import create_server

    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", int(os.environ.get("CRC_TEST_PORT", "0"))))
    server = create_server(application, sockets=[listening], threads=4, clear_untrusted_proxy_headers=True)
    threading.Thread(target=server.run, daemon=True).start()
    _say(f"port {listening.getsockname()[1]}")
    for line in sys.stdin:
        if line.strip() == "reset":
            new_server_store()
            connections.close_all()
            _say("ready")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
