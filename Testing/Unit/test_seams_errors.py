"""The one exception a person sees: what is wrong, which file, what to do, in one line of either language."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from catalogue_uses import names, sentences
from crc_core.errors import CrcError
from crc_core.files.atomic import naming
from crc_core.text import Lang, say

REFUSALS = sorted(code.removesuffix(".remedy") for code in sentences("en") if code.endswith(".remedy"))


def test_the_sentence_names_the_file_and_the_remedy() -> None:
    error = CrcError("file.missing", path="a b/文件.dcm")
    assert error.sentence(Lang.EN) == "a b/文件.dcm: There is no such file or folder. Check the path and try again."
    assert error.sentence(Lang.ZH) == "a b/文件.dcm: 文件或文件夹不存在。请检查路径后重试。"
    assert str(error) == error.sentence(Lang.EN)


def test_without_a_file_the_sentence_stands_alone() -> None:
    assert CrcError("identity.bad_site", site="x").sentence(Lang.EN).startswith('"x" is not a site number. ')


def test_values_may_be_called_code() -> None:
    error = CrcError("identity.bad_case_code", code="X")
    assert error.code == "identity.bad_case_code"
    assert error.values == {"code": "X"}
    assert '"X"' in str(error)


def test_a_path_with_braces_or_percent_is_only_a_path() -> None:
    assert str(CrcError("file.missing", path="100%/{x}/%s")).startswith(f"{Path('100%/{x}/%s')}: ")


@pytest.mark.parametrize("lang", list(Lang))
@pytest.mark.parametrize("code", REFUSALS)
def test_every_refusal_can_be_worded(code: str, lang: Lang) -> None:
    """Numbers fill every place, with its format; no place of the remedy is one the sentence has not."""
    wanted = names(say_raw(code, lang)) | names(say_raw(f"{code}.remedy", lang))
    for value in (1, 1.5):
        error = CrcError(code, path="f", **dict.fromkeys(wanted, value))
        assert error.sentence(lang).startswith("f: ")
        assert "{" not in error.sentence(lang)


def say_raw(code: str, lang: Lang) -> str:
    return sentences(lang.value)[code]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (FileNotFoundError(errno.ENOENT, "No such file"), "file.missing"),
        (PermissionError(errno.EACCES, "Permission denied"), "file.not_permitted"),
        (OSError(errno.ENOSPC, "No space left on device"), "file.disk_full"),
        (OSError(errno.EDQUOT, "Quota exceeded"), "file.disk_full"),
        (OSError(errno.EROFS, "Read-only file system"), "file.read_only"),
        (OSError(errno.EIO, "Input/output error"), "file.trouble"),
        (OSError(errno.ESTALE, "Stale file handle"), "file.trouble"),
        (TimeoutError(errno.ETIMEDOUT, "Connection timed out"), "file.trouble"),
        (IsADirectoryError(errno.EISDIR, "Is a directory"), "file.trouble"),
    ],
)
def test_what_the_system_refuses_becomes_a_sentence_about_the_file(error: OSError, code: str) -> None:
    with pytest.raises(CrcError) as caught, naming(Path("share/a.json")):
        raise error
    assert caught.value.code == code
    assert caught.value.path == Path("share/a.json")
    assert caught.value.__cause__ is error
    assert say(code, Lang.EN, reason=error.strerror) in str(caught.value)


def test_a_refusal_passes_through_unchanged() -> None:
    refusal = CrcError("json.broken", path="x")
    with pytest.raises(CrcError) as caught, naming(Path("y")):
        raise refusal
    assert caught.value is refusal


def test_a_mistake_of_the_program_is_not_dressed_up() -> None:
    with pytest.raises(ZeroDivisionError), naming(Path("y")):
        raise ZeroDivisionError
