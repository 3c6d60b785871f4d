"""The files of the project as they are on disk, for the tests of its structure."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_NOT_OURS = {".git", ".venv", "__pycache__", "build", "demo-output"}


def files(under: Path = ROOT, suffix: str = "") -> list[Path]:
    """All files of the project below `under` with this suffix, without what tools leave behind."""
    return sorted(path for path in _walk(under) if path.name.endswith(suffix))


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name in _NOT_OURS or path.name.endswith((".egg-info", "_cache", ".pyc")) or path.name == ".hypothesis":
            continue
        if path.is_dir():
            yield from _walk(path)
        else:
            yield path


def relative(path: Path) -> str:
    """The path below the project's root, with slashes."""
    return path.relative_to(ROOT).as_posix()


def require_none(found: Iterable[object]) -> None:
    """Fail with one line for each thing that should not be there."""
    lines = [str(item) for item in found]
    assert not lines, "\n".join(["", *lines])


@cache
def tree_of(path: Path) -> ast.Module:
    """The syntax tree of a Python file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


@cache
def imported_modules(path: Path) -> frozenset[str]:
    """The full dotted names a Python file imports, anywhere in it; `from a import b` gives `a` and `a.b`."""
    names: set[str] = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, path)
            names.add(base)
            names.update(f"{base}.{alias.name}" for alias in node.names)
    return frozenset(names)


def _absolute(node: ast.ImportFrom, path: Path) -> str:
    if not node.level:
        return node.module or ""
    folder = path.parents[node.level - 1]
    parts: list[str] = []
    while (folder / "__init__.py").exists():
        parts.insert(0, folder.name)
        folder = folder.parent
    return ".".join([*parts, *([node.module] if node.module else [])])
