"""The dependency rule of the project, read from the import statements of every file.

presenter → crc_core (whose arrays are numpy's); view → presenter, crc_widgets, the words of crc_core;
scene → crc_mrml, crc_widgets, crc_core, and of the presenter only what its ports are made of;
crc_widgets → crc_core; crc_mrml → crc_core; crc_server → crc_core; `<Module>.py` wires all of them. crc_core knows no
screen, no scene and no server.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from project_tree import files, imported_modules, tree_of

MODULES = ("CRCAnnotator", "CRCQualityControl")
DOMAIN_LIBRARIES = frozenset({"numpy", "scipy", "pydicom", "SimpleITK", "highdicom", "PIL"})
LINE = "store/remote"
"""The one folder of crc_core that opens a network connection."""

WORDS = ("crc_core.text", "crc_core.vocabulary")
"""What of the domain a view may know: words, and the closed lists they are for."""

GUI = frozenset({"qt", "ctk", "slicer"})
SCENE = frozenset({"vtk", "vtkmodules", "slicer", "numpy"})
NOT_ON_A_SERVER = GUI | {"vtk", "vtkmodules", "crc_mrml", "crc_widgets", *MODULES, *(f"{name}Lib" for name in MODULES)}
FOUNDATION = ("text", "errors", "vocabulary", "identity", "geometry", "files")
"""The parts of crc_core that stand below all others; each knows only those before it."""

TOP = ("cli", "demo")
"""The parts of crc_core that nothing below them knows."""


@dataclass(frozen=True)
class Violation:
    """One import that the rule forbids."""

    path: Path
    imported: str

    def __str__(self) -> str:
        return f"{self.path} imports {self.imported}"


def violations(root: Path) -> list[Violation]:
    """Every import below `root` that crosses a border between parts the wrong way."""
    found = [*_package(root, "crc_core", DOMAIN_LIBRARIES)]
    found += _package(root, "crc_mrml", SCENE | {"crc_core"})
    found += _package(root, "crc_widgets", GUI | {"crc_core"})
    found += _scene_globals(root)
    for module in MODULES:
        found += _module(root, module)
    for path in _python(root / "CRCServer"):
        found += [Violation(path, name) for name in imported_modules(path) if _top(name) in NOT_ON_A_SERVER]
    found += [violation for path in root.glob("run.py") for violation in _beyond(path, frozenset())]
    return found


def layer_violations(root: Path) -> list[Violation]:
    """Imports inside crc_core that go upwards: out of a foundation, or into the command line."""
    found = []
    for path, area, other in _edges(root):
        upwards = area in FOUNDATION and (other not in FOUNDATION or FOUNDATION.index(other) > FOUNDATION.index(area))
        into_top = other in TOP and (area not in TOP or TOP.index(area) > TOP.index(other))
        if upwards or into_top:
            found.append(Violation(path, f"crc_core.{other}"))
    return found


def cycles(root: Path) -> list[str]:
    """The parts of crc_core that depend on each other in a ring; empty where the parts can be put in order."""
    graph: dict[str, set[str]] = {}
    for _, area, other in _edges(root):
        graph.setdefault(area, set()).add(other)
        graph.setdefault(other, set())
    while free := [area for area, others in graph.items() if not others]:
        for area in free:
            del graph[area]
        for others in graph.values():
            others.difference_update(free)
    return [f"{area} → {', '.join(sorted(others))}" for area, others in sorted(graph.items())]


def _module(root: Path, module: str) -> Iterator[Violation]:
    library = f"{module}Lib"
    ours = frozenset({"crc_core", "crc_mrml", "crc_widgets", library})
    for path in _python(root / module):
        inside = path.relative_to(root / module).parts
        if len(inside) == 1:
            yield from _beyond(path, GUI | {"vtk"} | ours)
        elif inside[1].startswith("presenter"):
            yield from _beyond(path, frozenset({"crc_core", "numpy", library}))
            for name in imported_modules(path):
                if name.startswith((f"{library}.view", f"{library}.scene", f"{library}.widgets")):
                    yield Violation(path, name)
        elif inside[1] == "scene":
            yield from _beyond(path, GUI | SCENE | ours)
            for name in imported_modules(path):
                if name.startswith(f"{library}.") and not name.startswith(_of_scene(library)):
                    yield Violation(path, name)
        else:
            yield from _beyond(path, GUI | {"crc_core", "crc_widgets", library})
            for name in imported_modules(path):
                rule = name.startswith("crc_core") and not name.startswith(WORDS)
                if rule or name.startswith(f"{library}.scene"):
                    yield Violation(path, name)


def _of_scene(library: str) -> tuple[str, ...]:
    """What of its own module a scene may know."""
    presenter = f"{library}.presenter"
    return (f"{library}.scene", f"{presenter}.ports", f"{presenter}.state")


def _package(root: Path, package: str, allowed: frozenset[str]) -> Iterator[Violation]:
    line = root / "CRCCore" / "crc_core" / LINE
    for path in _python(root / "CRCCore" / package):
        yield from _beyond(path, allowed | {package} | ({"requests"} if path.is_relative_to(line) else set()))


def _scene_globals(root: Path) -> Iterator[Violation]:
    """Uses in crc_mrml of what exists only inside the running application; the scene is an argument there."""
    for path in _python(root / "CRCCore" / "crc_mrml"):
        for node in ast.walk(tree_of(path)):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and (node.value.id, node.attr) in {("slicer", name) for name in ("app", "modules", "mrmlScene")}
            ):
                yield Violation(path, f"slicer.{node.attr}")


def _beyond(path: Path, allowed: frozenset[str]) -> Iterator[Violation]:
    for name in sorted(imported_modules(path)):
        if _top(name) not in allowed | sys.stdlib_module_names:
            yield Violation(path, name)


def _edges(root: Path) -> Iterator[tuple[Path, str, str]]:
    """Every import from one part of crc_core into another: the file, its part, the other part."""
    core = root / "CRCCore" / "crc_core"
    parts = {path.stem if path.is_file() else path.name for path in core.iterdir()}
    for path in _python(core):
        area = path.relative_to(core).parts[0].removesuffix(".py")
        for name in imported_modules(path):
            pieces = name.split(".")
            if pieces[0] == "crc_core" and len(pieces) > 1 and pieces[1] in parts - {area, "__init__"}:
                yield path, area, pieces[1]


def _top(name: str) -> str:
    return name.split(".")[0]


def _python(folder: Path) -> list[Path]:
    return files(folder, ".py") if folder.exists() else []
