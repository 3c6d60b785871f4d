"""The application as Django knows it; holds what this process remembers of the chain."""

from __future__ import annotations

from django.apps import AppConfig

from crc_server.store.memory import ChainMemory


class CrcServerConfig(AppConfig):
    """The one application of the server."""

    name = "crc_server"
    label = "crc"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Begin with an empty memory; the database holds the truth."""
        self.memory = ChainMemory()
