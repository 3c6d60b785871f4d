"""Private elements that are safe to keep, recognised by creator, place and form; all others go.

Source: DICOM PS3.15 section E.3.10 (retain safe private option).
"""

from __future__ import annotations

import re
import struct
from typing import Any

from crc_core.importing.identity_terms import IdentityTerms, raw_text
from crc_core.importing.rules import DeidentificationRules, PrivateRule
from crc_core.importing.values import valid_text

_CREATOR_LOW, _CREATOR_HIGH = 0x10, 0xFF


class SafePrivate:
    """Copies the private elements of the list."""

    def __init__(self, rules: DeidentificationRules) -> None:
        self._rules = {(rule.creator, int(rule.group, 16), int(rule.element, 16)): rule for rule in rules.private}
        self._groups = frozenset(group for _, group, _ in self._rules)

    def copy(self, source: Any, target: Any, terms: IdentityTerms) -> set[int]:
        """Copy the safe private elements of `source` to `target`; the tags copied."""
        copied = set()
        for tag in [int(element.tag) for element in source.elements()]:
            group, number = tag >> 16, tag & 0xFFFF
            if group not in self._groups or not _CREATOR_LOW <= number >> 8 <= _CREATOR_HIGH:
                continue
            creator = raw_text(source, group << 16 | number >> 8, b"").strip()
            rule = self._rules.get((creator, group, number & 0xFF))
            value = None if rule is None else _value(rule, source.get_item(tag), terms)
            if rule is not None and value is not None:
                block = target.private_block(group, creator, create=True)
                block.add_new(number & 0xFF, rule.vr, value)
                copied.add(tag)
        return copied


def _value(rule: PrivateRule, element: Any, terms: IdentityTerms) -> Any:
    raw = element.value
    if rule.vr == "FL":
        if isinstance(raw, bytes):
            return struct.unpack("<f", raw)[0] if len(raw) == 4 else None
        return raw if isinstance(raw, float) else None
    text = raw.decode("ascii", "replace").strip("\0 ") if isinstance(raw, bytes) else str(raw)
    values = valid_text(rule.vr, text)
    if not values or any(terms.found_in(value) for value in values):
        return None
    if rule.form is not None and not all(re.fullmatch(rule.form, value) for value in values):
        return None
    return values if len(values) > 1 else values[0]
