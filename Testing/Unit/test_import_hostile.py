"""Hostile files: names in any element, bytes turned at random. Nothing leaks, and every refusal is a sentence."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import pydicom
import pytest
from crc_core.errors import CrcError
from crc_core.importing.deidentify import Deidentifier, Subject
from crc_core.importing.pseudonyms import Pseudonyms
from crc_core.importing.rules import load_rules
from crc_core.importing.write_files import write_deidentified
from hypothesis import given, settings
from hypothesis import strategies as st
from import_support import IDENTITY, hostile_file, plain_file, traces, write_file
from pydicom.datadict import DicomDictionary
from pydicom.dataset import Dataset

RULES = load_rules()
OTHER_GROUPS = (0x0000, 0x0002, 0x0028, 0xFFFE, 0x7FE0)
ENTRIES = {tag: entry for tag, entry in DicomDictionary.items() if tag >> 16 not in OTHER_GROUPS}
TEXT_TAGS = sorted(tag for tag, entry in ENTRIES.items() if entry[0] in ("LO", "SH", "LT", "ST", "UT", "UC", "PN"))
FAMILY = "欧阳诸葛司徒慕容南宫令狐"
GIVEN = "靖宇明轩文博婉清若曦芷若"
NAMES = st.builds(
    lambda family, one, other: FAMILY[2 * family : 2 * family + 2] + GIVEN[one] + GIVEN[other],
    *[st.integers(0, 5)] * 3,
)
LATIN = st.builds(
    lambda family, given_name: f"{family.title()} {given_name.title()}",
    *[st.text("aeiklmnorstuvz", min_size=5, max_size=9)] * 2,
)


def cleaned(item: Dataset, folder: Path, charset: str = "GB18030") -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        item.SpecificCharacterSet = charset
        source = write_file(item, folder / "in" / "1.dcm")
    (folder / "out").mkdir(exist_ok=True)
    worker = Deidentifier(RULES, Pseudonyms(bytes(32)), Subject("CRC-01-000123-K", 411))
    write_deidentified(source, folder / "out" / "1.dcm", worker, RULES)
    return folder / "out"


@settings(max_examples=60)
@given(
    name=st.one_of(NAMES, LATIN),
    tags=st.lists(st.sampled_from(TEXT_TAGS), min_size=1, max_size=6),
    around=st.sampled_from(["{}", "门静脉期 {} 1mm", "{}^1953", "x{}", "abd {}"]),
    charset=st.sampled_from(["GB18030", "ISO_IR 192"]),
    is_nested=st.booleans(),
)
def test_a_patients_name_in_any_element_never_survives(
    name: str, tags: list[int], around: str, charset: str, is_nested: bool
) -> None:
    """The name stands in Patient's Name as well, as it does in real files."""
    item = plain_file()
    item.PatientName = name
    holder = Dataset() if is_nested else item
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")
        for tag in tags:
            if tag not in item:
                holder.add_new(tag, ENTRIES[tag][0], around.format(name)[:64])
        if is_nested:
            item.SharedFunctionalGroupsSequence = item.PixelMeasuresSequence = [holder]
        out = cleaned(item, Path(folder), charset)
        words = [name, *(part for part in name.split() if around != "x{}")]
        assert traces([out], words) == []


@settings(max_examples=60)
@given(name=NAMES, tag=st.sampled_from(TEXT_TAGS))
def test_a_chinese_name_that_is_told_nowhere_else_never_survives(name: str, tag: int) -> None:
    item = plain_file()
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")
        item.add_new(tag, ENTRIES[tag][0], f"平扫 {name}")
        assert traces([cleaned(item, Path(folder))], [name]) == []


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write_file(hostile_file(), tmp_path_factory.mktemp("hostile") / "1.dcm").read_bytes()


@settings(max_examples=150)
@given(data=st.data())
def test_turned_bytes_are_refused_in_a_sentence_or_leak_nothing(original: bytes, data: st.DataObject) -> None:
    turn_bytes(original, data)


@pytest.mark.full
@settings(max_examples=10_000)
@given(data=st.data())
def test_many_turned_bytes_are_refused_in_a_sentence_or_leak_nothing(original: bytes, data: st.DataObject) -> None:
    turn_bytes(original, data)


def turn_bytes(original: bytes, data: st.DataObject) -> None:
    """Change a few bytes of a hostile file, perhaps cut it off, and de-identify what is left."""
    with tempfile.TemporaryDirectory() as name:
        folder, raw = Path(name), bytearray(original)
        source = folder / "1.dcm"
        (folder / "out").mkdir()
        for _ in range(data.draw(st.integers(1, 6))):
            place = data.draw(st.integers(128, len(raw) - 1))
            raw[place] = data.draw(st.integers(0, 255))
        if data.draw(st.booleans()):
            del raw[data.draw(st.integers(132, len(raw))) :]
        source.write_bytes(raw)
        worker = Deidentifier(RULES, Pseudonyms(bytes(32)), Subject("CRC-01-000123-K", 411))
        try:
            write_deidentified(source, folder / "out" / "1.dcm", worker, RULES)
        except CrcError as error:
            assert error.code.startswith("import.")
            assert not (folder / "out" / "1.dcm").exists()
        else:
            pydicom.dcmread(folder / "out" / "1.dcm")
            chinese = [value for value in IDENTITY if not value.isascii()]
            assert traces([folder / "out"], chinese) == []


@pytest.mark.parametrize("depth", [5, 200])
def test_deep_nesting_ends_in_a_sentence_or_a_clean_file(tmp_path: Path, depth: int) -> None:
    item = inner = plain_file()
    for _ in range(depth):
        child = Dataset()
        child.PatientName = "欧阳靖宇"
        inner.SharedFunctionalGroupsSequence = [child]
        inner = child
    try:
        out = cleaned(item, tmp_path)
    except (CrcError, RecursionError):
        assert not list((tmp_path / "out").iterdir())
        return
    assert traces([out], ["欧阳靖宇"]) == []
