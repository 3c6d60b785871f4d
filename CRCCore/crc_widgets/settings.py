"""What is remembered on this machine, in the application's settings."""

from __future__ import annotations

import slicer

_GROUP = "CRCDatabase"


class SlicerSettings:
    """Words under `CRCDatabase/<name>`."""

    def get(self, name: str) -> str | None:
        """What was remembered under a name."""
        value = slicer.app.userSettings().value(f"{_GROUP}/{name}")
        return None if value is None or value == "" else str(value)

    def put(self, name: str, value: str | None) -> None:
        """Remember words under a name, on the disk at once; None forgets them."""
        settings = slicer.app.userSettings()
        if value is None:
            settings.remove(f"{_GROUP}/{name}")
        else:
            settings.setValue(f"{_GROUP}/{name}", value)
        settings.sync()  # what tells of an open case must outlive a program that is killed a moment later
