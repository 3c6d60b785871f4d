"""The house style that a tool for style does not know."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from project_tree import ROOT, files, relative, require_none, tree_of

LONGEST_FILE, LONGEST_FUNCTION = 400, 40
PACKAGES = [ROOT / "CRCCore" / name for name in ("crc_core", "crc_mrml", "crc_widgets")]
LIBRARY = [path for package in PACKAGES if package.exists() for path in files(package, ".py")]
PROGRAM = [path for path in files(ROOT, ".py") if not path.is_relative_to(ROOT / "Testing")]
TEXT_ENDINGS = (".py", ".json", ".md", ".txt", ".toml", ".cmake", ".s4ext", ".svg", ".html", ".css", ".csv", "run")
WITHOUT_DOCSTRING = {"configure", "run"}
"""What every command module offers is described once, in `crc_core.cli.main.Command`."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(path: Path) -> Iterator[Function]:
    return (node for node in ast.walk(tree_of(path)) if isinstance(node, Function))


def public(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, ast.ClassDef | Function]]:
    """The public functions and classes of a module with their names, methods included."""
    for node in body:
        if isinstance(node, ast.ClassDef | Function) and not node.name.startswith("_"):
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body, f"{node.name}.")


def text_files() -> list[Path]:
    return [path for path in files() if path.name.endswith(TEXT_ENDINGS)]


def test_no_file_is_longer_than_one_reason_to_change() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in PROGRAM}
    require_none(f"{relative(path)}: {n} lines" for path, n in lengths.items() if n > LONGEST_FILE)


def test_no_function_is_longer_than_a_page() -> None:
    require_none(
        f"{relative(path)}:{node.lineno} {node.name}: {node.end_lineno - node.lineno + 1} lines"
        for path in [*LIBRARY, ROOT / "run.py"]
        for node in functions(path)
        if node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION
    )


def test_every_public_thing_of_the_library_says_what_it_is_for() -> None:
    lacking = []
    for path in LIBRARY:
        tree = tree_of(path)
        if ast.get_docstring(tree) is None:
            lacking.append(relative(path))
        excused = WITHOUT_DOCSTRING if path.name.endswith("_command.py") else set()
        lacking += [
            f"{relative(path)}:{node.lineno} {name}"
            for name, node in public(tree.body)
            if ast.get_docstring(node) is None and name not in excused
        ]
    require_none(lacking)


def test_every_exception_from_a_checker_names_its_rule() -> None:
    """`# type: ignore[rule]  # reason` and `# noqa: RULE` are exceptions; the bare forms silence everything."""
    bare = re.compile(r"#\s*(type:\s*ignore(?!\[[\w, -]+\]\s+#\s*\w)|noqa(?!:\s*[A-Z]+\d))")
    require_none(
        f"{relative(path)}:{number} {line.strip()}"
        for path in PROGRAM
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if bare.search(line)
    )


def test_nothing_is_left_to_do_in_the_code() -> None:
    mark = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|raise NotImplementedError")
    require_none(
        f"{relative(path)}:{number}"
        for path in [*LIBRARY, ROOT / "run.py"]
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if mark.search(line)
    )


def test_no_file_tells_of_one_machine() -> None:
    """Paths of one person's machine and addresses of one network's package index do not belong into the project."""
    machine = "|".join(["/wor" + "k/", "/roo" + "t/", "/op" + "t/", "/home" + r"/\w", r"[A-Z]:\\User" + "s"])
    index = "|".join(["index" + "-url", "find" + "-links", "trusted" + "-host"])
    told = re.compile(rf"(?<![\w.])(?:{machine})|{index}")
    require_none(
        f"{relative(path)}:{number}: {line.strip()[:120]}"
        for path in text_files()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if told.search(line)
    )


def test_text_files_are_utf8_with_unix_line_ends_and_a_last_one() -> None:
    wrong = []
    for path in text_files():
        data = path.read_bytes()
        data.decode("utf-8")
        if b"\r" in data or (data and not data.endswith(b"\n")):
            wrong.append(relative(path))
    require_none(wrong)
