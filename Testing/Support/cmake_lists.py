"""The lists of files in the CMakeLists of the parts that Slicer packages.

A file that is not named there is silently absent for users. `python3 Testing/Support/cmake_lists.py` says what is
missing; with `--write` it rewrites the lists between the two marks.
"""

from __future__ import annotations

import sys
from pathlib import Path

from project_tree import ROOT, files, relative

PARTS = ("CRCAnnotator", "CRCQualityControl", "CRCCore")
_BEGIN = "# Files, written by Testing/Support/cmake_lists.py --write"
_END = "# End of files"
_NOT_PACKAGED = {"CMakeLists.txt", "pyproject.toml", "README.md"}


def wanted(part: str) -> str:
    """The text between the marks that names every packaged file of `part`."""
    folder = ROOT / part
    names = [p.relative_to(folder).as_posix() for p in files(folder) if p.name not in _NOT_PACKAGED]
    scripts = [name for name in names if name.endswith(".py")]
    resources = [name for name in names if not name.endswith(".py")]
    return "\n".join([_BEGIN, _set(f"{part}_SCRIPTS", scripts), _set(f"{part}_RESOURCES", resources), _END])


def present(part: str) -> str:
    """The text between the marks as it is; raises ValueError where the marks are missing."""
    text = cmake_file(part).read_text(encoding="utf-8")
    return text[text.index(_BEGIN) : text.index(_END) + len(_END)]


def cmake_file(part: str) -> Path:
    """The CMakeLists of a part."""
    return ROOT / part / "CMakeLists.txt"


def write(part: str) -> None:
    """Rewrite the lists of a part."""
    path = cmake_file(part)
    text = path.read_text(encoding="utf-8").replace(present(part), wanted(part))
    path.write_text(text, encoding="utf-8", newline="\n")


def difference(part: str) -> list[str]:
    """The lines that are only on disk (`+`) or only in the CMakeLists (`-`)."""
    on_disk, named = set(wanted(part).splitlines()), set(present(part).splitlines())
    return [f"+ {line.strip()}" for line in sorted(on_disk - named)] + [
        f"- {line.strip()}" for line in sorted(named - on_disk)
    ]


def _set(variable: str, names: list[str]) -> str:
    return "\n".join([f"set({variable}", *(f"  {name}" for name in names), ")"])


def main(words: list[str]) -> int:
    """Write the lists or say what is missing; 1 where they differ from the disk."""
    if words not in ([], ["--write"]):
        sys.stderr.write("use: python3 Testing/Support/cmake_lists.py [--write]\n")
        return 2
    differing = [part for part in PARTS if present(part) != wanted(part)]
    for part in differing:
        sys.stdout.write("\n".join([relative(cmake_file(part)), *difference(part)]) + "\n")
        if words:
            write(part)
    return 1 if differing and not words else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
