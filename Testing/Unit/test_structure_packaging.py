"""What is written about the project in several places agrees: CMake, s4ext, JSON, pins, README and CI."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import cmake_lists
import pytest
from project_tree import ROOT, files, relative, require_none

CMAKE = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
ENTRY = json.loads((ROOT / "CRCDatabase.json").read_text(encoding="utf-8"))
SCHEMA = (
    "https://raw.githubusercontent.com/Slicer/Slicer/main/Schemas/slicer-extension-catalog-entry-schema-v1.0.2.json#"
)
SCHEMA_TYPES = {
    "$schema": str,
    "category": str,
    "scm_url": str,
    "scm_revision": str,
    "scm_type": str,
    "build_dependencies": list,
    "build_subdirectory": str,
    "dicom_support_rule": str,
    "enabled": bool,
    "tier": int,
}
READMES = ("README.md", "README.zh-CN.md")


def variable(name: str) -> str:
    match = re.search(rf'set\(EXTENSION_{name} "?([^")]*)"?\)', CMAKE)
    assert match, name
    return match[1]


def s4ext() -> dict[str, str]:
    lines = (ROOT / "CRCDatabase.s4ext").read_text(encoding="utf-8").splitlines()
    return {key: value for key, _, value in (line.partition(" ") for line in lines if line)}


def plain(name: str) -> str:
    """A distribution's name as the index compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def required(path: Path) -> set[str]:
    return {plain(re.split(r"[\[<>=! ;]", line)[0]) for line in path.read_text().splitlines() if line[:1].isalpha()}


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    found = {}
    for line in lines:
        if line and not line.startswith("#"):
            name, version = line.split("==")
            found[plain(name)] = version
    return found


@pytest.mark.parametrize("part", cmake_lists.PARTS)
def test_every_file_on_disk_is_named_in_its_cmakelists_and_the_reverse(part: str) -> None:
    require_none([*cmake_lists.difference(part)])
    assert cmake_lists.present(part) == cmake_lists.wanted(part)


def test_a_file_that_is_not_named_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cmake_lists, "ROOT", tmp_path)
    (tmp_path / "CRCCore").mkdir()
    (tmp_path / "CRCCore" / "new.py").touch()
    (tmp_path / "CRCCore" / "CMakeLists.txt").write_text(
        f"{cmake_lists._BEGIN}\nset(CRCCore_SCRIPTS\n  gone.py\n)\n{cmake_lists._END}\n", encoding="utf-8"
    )
    assert {"+ new.py", "- gone.py"} <= set(cmake_lists.difference("CRCCore"))
    cmake_lists.write("CRCCore")
    assert cmake_lists.difference("CRCCore") == []


def test_every_part_with_a_cmakelists_is_built() -> None:
    added = set(re.findall(r"add_subdirectory\((\w+)\)", CMAKE))
    assert added == {path.parent.name for path in files(ROOT, "CMakeLists.txt") if path.parent != ROOT}


def test_files_packaged_together_have_names_of_their_own() -> None:
    """Slicer merges all modules of an extension into one folder, where a second file of one name replaces the first."""
    packaged = [
        path.relative_to(ROOT / part).as_posix()
        for part in cmake_lists.PARTS
        for path in files(ROOT / part)
        if path.name not in ("CMakeLists.txt", "pyproject.toml", "README.md")
    ]
    assert len(packaged) == len(set(packaged))


def test_only_module_files_lie_in_the_module_folders() -> None:
    """Slicer loads every Python file directly in a module folder as a module."""
    for module in ("CRCAnnotator", "CRCQualityControl"):
        assert [path.name for path in (ROOT / module).glob("*.py")] == [f"{module}.py"]


def test_the_catalogue_entry_fits_slicers_schema() -> None:
    assert ENTRY["$schema"] == SCHEMA
    assert {"category", "scm_url"} <= set(ENTRY) <= set(SCHEMA_TYPES)
    assert all(type(value) is SCHEMA_TYPES[key] for key, value in ENTRY.items())
    assert ENTRY["scm_type"] in ("git", "local")
    assert 1 <= ENTRY["tier"] <= 5


def test_the_catalogue_entry_is_named_like_the_cmake_project() -> None:
    first = re.search(r"project\((\w+)", CMAKE)
    assert first
    assert (ROOT / f"{first[1]}.json").exists()
    assert (ROOT / f"{first[1]}.s4ext").exists()
    assert not first[1].startswith("Slicer")


def test_s4ext_agrees_with_cmake_and_the_catalogue_entry() -> None:
    said = s4ext()
    for key, name in {
        "homepage": "HOMEPAGE",
        "contributors": "CONTRIBUTORS",
        "category": "CATEGORY",
        "iconurl": "ICONURL",
        "description": "DESCRIPTION",
        "screenshoturls": "SCREENSHOTURLS",
        "depends": "DEPENDS",
        "enabled": "ENABLED",
    }.items():
        assert said[key] == variable(name), key
    for key, name in {"scm": "scm_type", "scmurl": "scm_url", "scmrevision": "scm_revision"}.items():
        assert said[key] == ENTRY[name], key
    assert said["category"] == ENTRY["category"]
    assert said["build_subdirectory"] == ENTRY["build_subdirectory"]
    assert said["enabled"] == str(int(ENTRY["enabled"]))
    assert (said["depends"] == "NA") == (ENTRY["build_dependencies"] == [])


def test_what_cmake_points_to_in_the_tree_exists() -> None:
    for name in ("LICENSE_FILE", "README_FILE"):
        assert (ROOT / variable(name).removeprefix("${CMAKE_CURRENT_SOURCE_DIR}/")).is_file()
    assert (ROOT / variable("ICONURL").removeprefix(variable("HOMEPAGE") + "/")).is_file()


def floors() -> dict[str, str]:
    """The lowest version of every library a part of the project asks for."""
    wanted: list[str] = []
    for part in ("CRCCore", "CRCServer"):
        wanted += tomllib.loads((ROOT / part / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    return dict(re.split(r">=", re.split(r"[,;]", line)[0]) for line in wanted if line != "crc-core")


def test_every_required_library_is_pinned_and_the_pin_satisfies_the_library() -> None:
    pinned = pins()
    assert required(ROOT / "Testing" / "requirements.txt") <= set(pinned)
    for name, floor in floors().items():
        version = pinned[plain(name)]
        assert [int(n) for n in version.split(".")] >= [int(n) for n in floor.split(".")], name


@pytest.mark.parametrize("readme", READMES)
def test_ci_runs_exactly_the_readmes_test_command(readme: str) -> None:
    lines = [line.strip() for line in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()]
    commands = [line for line in lines if line and not line.startswith(("#", "set ", "cd "))]
    assert commands == ["python3 run.py test"]
    blocks = re.findall(r"```(?:\w*)\n(.*?)```", (ROOT / readme).read_text(encoding="utf-8"), re.DOTALL)
    assert any(commands[0] == line.split("#")[0].strip() for block in blocks for line in block.splitlines())


@pytest.mark.parametrize("readme", READMES)
def test_what_a_readme_links_to_exists(readme: str) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    targets = [*re.findall(r"\]\(([^)#]+)\)", text), *re.findall(r'src="([^"]+)"', text)]
    local = [target for target in targets if "://" not in target]
    require_none(target for target in local if not (ROOT / target).exists())
    assert local


def test_the_two_readmes_have_the_same_commands() -> None:
    def commands(readme: str) -> list[str]:
        text = (ROOT / readme).read_text(encoding="utf-8")
        return sorted(re.findall(r"`(crcdb [a-z]+)", text)) + re.findall(r"^python3 run\.py \w+", text, re.MULTILINE)

    assert commands(READMES[0]) == commands(READMES[1])


def test_the_readme_names_every_command() -> None:
    from crc_core.cli.main import BUILT_IN

    named = set(re.findall(r"`crcdb ([a-z]+)", (ROOT / "README.md").read_text(encoding="utf-8")))
    server = tomllib.loads((ROOT / "CRCServer" / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert named == {*BUILT_IN, *server["entry-points"]["crcdb.commands"]}


def test_no_file_is_so_large_that_a_checkout_suffers() -> None:
    require_none(relative(path) for path in files() if path.stat().st_size > 2_000_000)
