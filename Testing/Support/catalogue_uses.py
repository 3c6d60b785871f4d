"""Where the code asks the catalogue for words: codes written out, codes put together, and the values given."""

from __future__ import annotations

import ast
import json
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from project_tree import ROOT, files, relative, tree_of

SPEAKERS = ("CrcError", "say", "Refusal")
TEXT = ROOT / "CRCCore" / "crc_core" / "data" / "text"
SPEAKING_PARTS = ("CRCCore", "CRCAnnotator", "CRCQualityControl", "CRCServer")


@dataclass(frozen=True)
class Use:
    """One call that names a code; `values` is None where they cannot be read off the call."""

    place: str
    speaker: str
    code: str
    values: frozenset[str] | None


def sentences(lang: str) -> dict[str, str]:
    """All sentences of a language by code, read from the files."""
    found: dict[str, str] = {}
    for path in files(TEXT / lang, ".json"):
        found.update(json.loads(path.read_text(encoding="utf-8")))
    return found


def places(sentence: str) -> set[tuple[str, str]]:
    """The `{places}` of a sentence with their formats; raises ValueError for a broken one."""
    return {(name, form or "") for _, name, form, _ in string.Formatter().parse(sentence) if name is not None}


def names(sentence: str) -> set[str]:
    """The names of the `{places}` of a sentence."""
    return {name.split(".")[0].split("[")[0] for name, _ in places(sentence)}


def speaking_files() -> list[Path]:
    """The Python files that may ask for words."""
    return [path for part in SPEAKING_PARTS for path in files(ROOT / part, ".py")]


def uses(path: Path) -> Iterator[Use]:
    """Every call of a speaker with a code written out."""
    for node in ast.walk(tree_of(path)):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        speaker = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        first = node.args[0]
        if speaker in SPEAKERS and isinstance(first, ast.Constant) and isinstance(first.value, str):
            yield Use(f"{relative(path)}:{node.lineno}", speaker, first.value, _values(node, speaker))


def _values(node: ast.Call, speaker: str) -> frozenset[str] | None:
    if speaker == "Refusal" or any(keyword.arg is None for keyword in node.keywords):
        return None
    return frozenset(keyword.arg for keyword in node.keywords if keyword.arg)


SAID_IN_PAGES = re.compile(r"""\{% (?:say|named) ["']([^"']+)["']""")


def written_codes() -> set[str]:
    """Every string in the code and in the tags of pages, and every value in the data files."""
    found: set[str] = set()
    for path in files(ROOT / "CRCServer", ".html"):
        found.update(SAID_IN_PAGES.findall(path.read_text(encoding="utf-8")))
    for path in speaking_files():
        found.update(
            node.value for node in ast.walk(tree_of(path)) if isinstance(node, ast.Constant) and _is_text(node.value)
        )
    for path in files(ROOT / "CRCCore" / "crc_core" / "data", ".json"):
        if not path.is_relative_to(TEXT):
            found.update(_texts(json.loads(path.read_text(encoding="utf-8"))))
    return found


def composed_codes() -> list[re.Pattern[str]]:
    """What codes put together from pieces (`f"cli.{name}"`, `"cli." + name`) can look like."""
    patterns = set()
    for path in speaking_files():
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.JoinedStr):
                pieces = [re.escape(p.value) if isinstance(p, ast.Constant) else ".+" for p in node.values]
            elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and isinstance(node.left, ast.Constant):
                pieces = [re.escape(str(node.left.value)), ".+"]
            else:
                continue
            patterns.add("".join(pieces))
    for path in files(ROOT / "CRCServer", ".html"):
        areas = re.findall(r"""\{% named ["']([^"']+)["']""", path.read_text(encoding="utf-8"))
        patterns.update(rf"{re.escape(area)}\..+" for area in areas)
    return [re.compile(pattern) for pattern in patterns if re.search(r"[a-z]{3}", pattern) and r"\." in pattern]


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
