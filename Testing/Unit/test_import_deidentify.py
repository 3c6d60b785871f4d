"""Nothing that identifies survives, in any element, encoding or hiding place; what the scan needs does."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk  # noqa: N813 - the name everybody knows it by
from crc_core.errors import CrcError
from crc_core.importing.deidentify import Deidentifier, Subject
from crc_core.importing.pseudonyms import Pseudonyms, read_date
from crc_core.importing.rules import Treatment, listed_against_profile, load_rules, profile_actions
from crc_core.importing.write_files import write_deidentified
from dicomanonymizer.simpledicomanonymizer import initialize_actions
from hypothesis import given
from hypothesis import strategies as st
from import_support import IDENTITY, NAME, STUDY_UID, hostile_file, plain_file, traces, voxels, write_file
from pydicom.datadict import DicomDictionary, keyword_for_tag
from pydicom.dataset import Dataset

CASE = "CRC-01-000123-K"
SHIFT = 411
RULES = load_rules()
PSEUDONYMS = Pseudonyms(bytes(range(32)))
IMPLICIT, BIG, DEFLATED = "1.2.840.10008.1.2", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"


def deidentifier() -> Deidentifier:
    return Deidentifier(RULES, PSEUDONYMS, Subject(CASE, SHIFT))


def cleaned_file(item: Dataset, folder: Path, syntax: str = "1.2.840.10008.1.2.1") -> Path:
    source = write_file(item, folder / "in" / "1.dcm", syntax)
    (folder / "out").mkdir(exist_ok=True)
    write_deidentified(source, folder / "out" / "1.dcm", deidentifier(), RULES)
    return folder / "out" / "1.dcm"


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.1", IMPLICIT, DEFLATED])
@pytest.mark.parametrize("charset", ["GB18030", "ISO_IR 192"])
@pytest.mark.parametrize("build", [plain_file, hostile_file])
def test_no_identifying_value_is_left_in_any_byte(
    tmp_path: Path, build: Callable[[], Dataset], charset: str, syntax: str
) -> None:
    item = build()
    item.SpecificCharacterSet = charset
    written = cleaned_file(item, tmp_path, syntax)
    if syntax == DEFLATED:
        opened = pydicom.dcmread(written)
        opened.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
        opened.save_as(written)
    elif build is hostile_file:
        assert len(traces([tmp_path / "in"])) >= len(IDENTITY) - 4  # the search finds what is there
    assert traces([tmp_path / "out"]) == []


def test_text_of_an_undeclared_character_set_is_told_and_cleaned(tmp_path: Path) -> None:
    item = hostile_file()
    del item.SpecificCharacterSet
    for word in ("SeriesDescription", "PatientName", "StudyDescription"):
        item[word] = pydicom.DataElement(word, item[word].VR, str(item[word].value))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        source = write_file(item, tmp_path / "in" / "1.dcm")
    raw = source.read_bytes()
    question = "门静脉期".encode("ascii", "replace")
    source.write_bytes(raw.replace(question, "门静".encode("gb18030"), 1) if question in raw else raw)
    (tmp_path / "out").mkdir()
    write_deidentified(source, tmp_path / "out" / "1.dcm", deidentifier(), RULES)
    assert traces([tmp_path / "out"]) == []


def test_what_the_scan_needs_survives(tmp_path: Path) -> None:
    item = pydicom.dcmread(cleaned_file(hostile_file(), tmp_path))
    assert item.SeriesDescription == "门静脉期 1.25mm"
    assert item.StudyDescription == "腹部 增强"
    assert item.ProtocolName == "ABDOMEN PVP"
    assert item.ContrastBolusAgent == "碘海醇 350"
    assert (item.KVP, item.SliceThickness, item.PatientPosition) == (120, 5, "FFS")
    assert (item.ManufacturerModelName, item.Modality, item.PatientSex) == ("uCT 780", "CT", "F")
    assert item.private_block(0x0043, "GEMS_PARM_01")[0x27].value == "0.984:1"
    assert 0x6E not in item.private_block(0x0043, "GEMS_PARM_01")
    assert item.private_block(0x0019, "GEMS_ACQU_01")[0x27].value == 0.5
    assert item.AnatomicRegionSequence[0].CodeMeaning == "818981001"


def test_the_file_says_what_was_done_to_it(tmp_path: Path) -> None:
    item = pydicom.dcmread(cleaned_file(hostile_file(), tmp_path))
    assert (str(item.PatientName), item.PatientID, item.PatientIdentityRemoved) == (CASE, CASE, "YES")
    assert list(item.DeidentificationMethod) == ["CRCDatabase", RULES.version]
    codes = [code.CodeValue for code in item.DeidentificationMethodCodeSequence]
    assert codes == ["113100", "113105", "113107", "113108", "113111"]
    assert item.LongitudinalTemporalInformationModified == "MODIFIED"
    for word in ("AccessionNumber", "ReferringPhysicianName", "PatientBirthDate", "StudyID"):
        assert item[word].value in ("", None)
    assert item.preamble == b"\0" * 128
    assert item.file_meta.MediaStorageSOPInstanceUID == item.SOPInstanceUID
    assert {element.keyword for element in item.file_meta} == {
        "FileMetaInformationGroupLength",
        "FileMetaInformationVersion",
        "MediaStorageSOPClassUID",
        "MediaStorageSOPInstanceUID",
        "TransferSyntaxUID",
        "ImplementationClassUID",
        "ImplementationVersionName",
    }


def test_dates_move_together_and_times_stay(tmp_path: Path) -> None:
    item = pydicom.dcmread(cleaned_file(hostile_file(), tmp_path))
    moved = read_date(item.StudyDate)
    original = read_date("20251103")
    assert moved is not None
    assert original is not None
    assert (original - moved).days == SHIFT
    assert item.SeriesDate == item.AcquisitionDate == item.ContentDate == item.StudyDate
    assert item.AcquisitionDateTime == f"{item.StudyDate}101730.25"
    assert item.AcquisitionTime == "101830.5"
    assert item.PatientAge == "071Y"


@pytest.mark.parametrize(("age", "expected"), [("093Y", "090Y"), ("089Y", "089Y"), ("006M", "006M"), ("old", "071Y")])
def test_high_ages_are_capped(tmp_path: Path, age: str, expected: str) -> None:
    item = plain_file()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        item.add_new("PatientAge", "AS", age)
        assert pydicom.dcmread(cleaned_file(item, tmp_path)).PatientAge == expected


def test_a_birth_before_the_cap_is_capped_too(tmp_path: Path) -> None:
    item = plain_file()
    item.PatientBirthDate = "19301231"
    assert pydicom.dcmread(cleaned_file(item, tmp_path)).PatientAge == "090Y"


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.1", IMPLICIT, BIG, DEFLATED])
def test_voxels_and_place_are_the_same_for_two_readers(tmp_path: Path, syntax: str) -> None:
    item = hostile_file(7)
    if syntax == BIG:
        item.add_new("PixelData", "OW", voxels(7).byteswap().tobytes())
    written = cleaned_file(item, tmp_path, syntax)
    opened = pydicom.dcmread(written)
    np.testing.assert_array_equal(opened.pixel_array, voxels(7))
    assert len(opened.PixelData) == voxels(7).nbytes
    image = sitk.ReadImage(str(written))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image)[0], voxels(7))
    assert image.GetOrigin() == (-8.0, -8.0, 35.0)


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("BurnedInAnnotation", "YES"),
        ("ConversionType", "WSD"),
        ("SOPClassUID", "1.2.840.10008.5.1.4.1.1.7"),
        ("PhotometricInterpretation", "RGB"),
    ],
)
def test_pixels_that_may_show_a_name_are_refused_and_nothing_is_written(tmp_path: Path, word: str, value: str) -> None:
    item = plain_file()
    setattr(item, word, value)
    source = write_file(item, tmp_path / "1.dcm")
    with pytest.raises(CrcError) as caught:
        write_deidentified(source, tmp_path / "out.dcm", deidentifier(), RULES)
    assert caught.value.code in ("import.burnt_in", "import.not_an_image")
    assert not (tmp_path / "out.dcm").exists()


@pytest.mark.parametrize("cut", [200, 700, -10])
def test_a_damaged_file_is_one_sentence(tmp_path: Path, cut: int) -> None:
    source = write_file(plain_file(), tmp_path / "1.dcm")
    source.write_bytes(source.read_bytes()[:cut])
    with pytest.raises(CrcError):
        write_deidentified(source, tmp_path / "out.dcm", deidentifier(), RULES)
    assert not (tmp_path / "out.dcm").exists()


def test_no_listed_attribute_goes_against_the_profile() -> None:
    assert {keyword_for_tag(tag) for tag in listed_against_profile(RULES)} == set()


LIBRARY_ACTIONS = {
    "delete": "X",
    "empty": "Z",
    "replace": "D",
    "replace_UID": "U",
    "empty_or_replace": "Z/D",
    "delete_or_empty": "X/Z",
    "delete_or_replace": "X/D",
    "delete_or_empty_or_replace": "X/Z/D",
    "delete_or_empty_or_replace_UID": "X/Z/U",
}


def library_actions(table: str) -> dict[int, str]:
    """Table E.1-1 as dicom-anonymizer holds it."""
    actions = initialize_actions(table).items()
    return {tag[0] << 16 | tag[1]: LIBRARY_ACTIONS[action.__name__] for tag, action in actions if len(tag) == 2}


def test_the_packaged_profile_is_the_librarys_of_the_same_edition() -> None:
    assert dict(profile_actions()) == library_actions(f"dicomfields_{RULES.profile.version}")


def test_the_profile_table_agrees_with_an_earlier_edition() -> None:
    now, before = profile_actions(), library_actions("dicomfields_2023")
    assert len(now) > 600
    assert {tag for tag in before if tag not in now} == set()


MARK = "LEAK"


def _marked(vr: str) -> object | None:
    """A recognisable value of a representation; None where none can be told from others."""
    if vr in ("LO", "SH", "LT", "ST", "UT", "UC", "PN", "AE", "UR"):
        return f"{MARK}-{MARK}"
    return {"DA": "20251104", "DT": "20251104", "UI": "1.2.3.4.77120933", "OB": b"LEAKLEAK", "UN": b"LEAKLEAK"}.get(vr)


def test_every_attribute_of_the_dictionary_is_gone_unless_it_is_listed() -> None:
    """All attributes of PS3.6 that hold a text, a date or a UID at once, at the root and in a kept sequence."""
    listed = RULES.treatments()
    item = plain_file()
    inner = Dataset()
    for tag, entry in DicomDictionary.items():
        value = _marked(entry[0])
        if value is not None and tag not in listed and tag >> 16 not in (0x0000, 0x0002, 0xFFFE, 0x7FE0):
            item.add_new(tag, entry[0], value)
            inner.add_new(tag, entry[0], value)
    item.SharedFunctionalGroupsSequence = [inner]
    clean = deidentifier().clean(item)
    text = str(clean)
    assert len(item) > 1000
    assert MARK not in text
    assert "77120933" not in text
    assert {int(element.tag) for element in clean} - set(listed) <= {
        0x00080005,
        0x00100010,
        0x00100020,
        0x00120062,
        0x00120063,
        0x00120064,
        0x00280303,
    }


def test_every_attribute_of_the_profile_is_gone_or_replaced() -> None:
    """Table E.1-1 row by row: removed, emptied or replaced, except the options that the file names."""
    actions = profile_actions()
    item = plain_file()
    for tag in actions:
        vr = DicomDictionary[tag][0] if tag in DicomDictionary else "LO"
        value = _marked(vr)
        if value is not None and tag >> 16 != 2:
            item.add_new(tag, vr, value)
    before = {tag: str(item[tag].value) for tag in actions if tag in item}
    clean = deidentifier().clean(item)
    kept_as_it_was = {keyword_for_tag(tag) for tag in before if tag in clean and str(clean[tag].value) == before[tag]}
    characteristics, times = RULES.retain["patient_characteristics"], RULES.retain["times"]
    assert len(before) > 400
    assert kept_as_it_was <= {*characteristics, *times}


def test_an_option_is_named_for_every_attribute_kept_against_the_profile() -> None:
    actions = profile_actions()
    retained = {tag for tag, treatment in RULES.treatments().items() if treatment is not Treatment.KEEP}
    against = {tag for tag in RULES.treatments() if tag in actions}
    assert against <= retained
    named = {option.code for option in RULES.options}
    assert {"113100", "113105", "113107", "113108"} <= named


def test_the_log_counts_and_holds_no_value(tmp_path: Path) -> None:
    source = write_file(hostile_file(), tmp_path / "1.dcm")
    worker = deidentifier()
    write_deidentified(source, tmp_path / "out.dcm", worker, RULES)
    words = "\n".join(f"{change.rule} {change.attribute} {count}" for change, count in worker.changes.items())
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "log.txt").write_text(words, encoding="utf-8")
    assert traces([tmp_path / "log"]) == []
    assert "removed:profile X InstitutionAddress 1" in words
    assert "removed:private (0029,xx20) 1" in words
    assert "cleaned:descriptors SeriesDescription 1" in words


def test_nothing_is_said_aloud(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, recwarn: pytest.WarningsRecorder
) -> None:
    item = hostile_file()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        item.add_new("StudyTime", "LO", NAME)
        item.add_new("WindowCenter", "LO", NAME)
        source = write_file(item, tmp_path / "1.dcm")
    caplog.clear()
    recwarn.clear()
    write_deidentified(source, tmp_path / "out.dcm", deidentifier(), RULES)
    assert caplog.messages == []
    assert [str(warning.message) for warning in recwarn] == []


@given(st.text(alphabet="0123456789.", min_size=1, max_size=64))
def test_new_uids_are_valid_stable_and_not_the_old(original: str) -> None:
    new = PSEUDONYMS.uid(original)
    if original.startswith("1.2.840.10008."):
        assert new == original
        return
    assert pydicom.uid.UID(new).is_valid
    assert len(new) <= 44
    assert new == PSEUDONYMS.uid(original) != original
    assert new != Pseudonyms(bytes(range(1, 33))).uid(original)


@given(st.text(max_size=30))
def test_shifts_are_whole_days_and_never_none(patient: str) -> None:
    assert 1 <= PSEUDONYMS.shift_days(patient, RULES.longest_shift_days) <= RULES.longest_shift_days


@given(st.text(max_size=80))
def test_a_description_keeps_only_known_words(text: str) -> None:
    from crc_core.importing.descriptors import Descriptors

    descriptors = Descriptors(RULES)
    once = descriptors.clean(text)
    assert len(once) <= 64
    assert NAME not in once
    assert descriptors.clean(once) == once


def test_the_secret_is_not_shown() -> None:
    assert "0102" not in repr(PSEUDONYMS)
    assert STUDY_UID not in repr(Subject(CASE, SHIFT))
