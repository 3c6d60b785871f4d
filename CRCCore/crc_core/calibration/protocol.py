"""The delineation protocol as the output of a session: what belongs to the lesion, decided point by point."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crc_core.calibration.policy import calibration_policy
from crc_core.errors import CrcError
from crc_core.files.canonical import canonical_bytes
from crc_core.importing.delineation import default_document, read_protocol
from crc_core.text import Lang, say
from crc_core.vocabulary import Target
from crc_core.workflow.payloads import ProtocolPublished
from crc_core.workflow.store_view import StoreView


@dataclass(frozen=True)
class PointRuling:
    """Whether a point belongs to the lesion of a target; `words` replace the sentence of the catalogue."""

    target: Target
    point: str
    belongs: bool
    words: tuple[str, str] | None = None

    def sentence(self, lang: Lang) -> str:
        """The sentence that enters the protocol."""
        if self.words is not None:
            return self.words[0] if lang is Lang.ZH else self.words[1]
        return say(f"calibration.point.{self.point}.{'in' if self.belongs else 'out'}", lang)


def next_protocol(view: StoreView, version: str, rulings: Sequence[PointRuling], session: str) -> ProtocolPublished:
    """The payload that publishes the protocol in force with the rulings of a session as a new version.

    A point decided before is replaced. Raises CrcError for an unknown point, one decided twice, and a version that is
    in force already.
    """
    text = None if view.protocol is None else view.protocol.document
    document: dict[str, Any] = copy.deepcopy(default_document() if text is None else json.loads(text))
    if not version.strip() or version == document["version"]:
        raise CrcError("workflow.protocol_exists", version=version)
    seen: set[tuple[Target, str]] = set()
    for ruling in rulings:
        if ruling.point not in calibration_policy().points:
            known = ", ".join(calibration_policy().points)
            raise CrcError("calibration.unknown_point", point=ruling.point, known=known)
        if (ruling.target, ruling.point) in seen:
            raise CrcError("calibration.point_twice", point=ruling.point, target=ruling.target.value)
        seen.add((ruling.target, ruling.point))
        _decide(document["targets"][ruling.target.value], ruling)
    document["version"] = version
    read_protocol(json.dumps(document))
    data = canonical_bytes(document).decode("utf-8")
    return ProtocolPublished(version, hashlib.sha256(data.encode("utf-8")).hexdigest(), data, session)


def _decide(target: dict[str, Any], ruling: PointRuling) -> None:
    for lang in Lang:
        known = {say(f"calibration.point.{ruling.point}.{side}", lang) for side in ("in", "out")}
        for side in ("includes", "excludes"):
            target[side][lang.value] = [line for line in target[side][lang.value] if line not in known]
        side = "includes" if ruling.belongs else "excludes"
        target[side][lang.value].append(ruling.sentence(lang))
