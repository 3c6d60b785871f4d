"""The item about the phase of a series: the tags decide, the pixels may warn."""

from __future__ import annotations

from crc_core.scan.item import CheckItem, Source, Value, Word
from crc_core.scan.pixels import PixelFindings
from crc_core.scan.roles import SeriesRole
from crc_core.vocabulary import CT_PHASES, Role, Verdict


def phase_item(role: SeriesRole, pixels: Role | None, found: PixelFindings | None) -> CheckItem:
    """Pass where tags name the phase and pixels do not object; warn where they do; unknown where tags are silent."""
    tags = role.phase.role
    expected = Word("scan.phase.one_of") if role.role not in CT_PHASES else Word(f"scan.phase.{role.role.value}")
    pixel_word = Word(f"scan.phase.{pixels.value}") if pixels else Word("scan.phase.unknown")
    values: tuple[tuple[str, Value], ...] = (("pixels", pixel_word),)
    if tags is None:
        code = "scan.phase_item.by_pixels" if pixels else "scan.phase_item.unknown"
        return CheckItem("phase", Verdict.UNKNOWN, pixel_word, expected, Source.CONSENSUS, code, values)
    tag_word = Word(f"scan.phase.{tags.value}")
    if pixels is not None and pixels is not tags:
        values = (("pixels", pixel_word), ("tags", tag_word))
        code = "scan.phase_item.disagree"
        return CheckItem("phase", Verdict.WARN, pixel_word, tag_word, Source.OURS, code, values)
    code = "scan.phase_item.agree" if pixels else "scan.phase_item.tags"
    return CheckItem("phase", Verdict.PASS, tag_word, expected, Source.CONSENSUS, code, values)
