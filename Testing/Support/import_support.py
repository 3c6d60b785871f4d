"""Files of a patient whose identity stands in every place where it may hide, and a search for it byte by byte."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

NAME, PINYIN, BIRTH = "欧阳靖宇", "OuyangJingyu", "19531117"
STUDY_UID = "1.2.156.112605.66988331.20251103014455.3.7012.1"
IDENTITY = (
    *(NAME, "靖宇", PINYIN, "Jingyu", BIRTH, "1953-11-17", "P00772941", "320104195311171234", "13801234567"),
    *("ZY20251103-5521", "ACC8842107", "20251103", "2025-11-03", "20251104", STUDY_UID, "随访老患者"),
    *("江城第七人民医院", "Jiangcheng Seventh", "影像科东院区", "滨江大道十八号", "CTROOM-SEVEN", "DR-STATION-9"),
    *("SN-77120933", "司徒文博", "SituWenbo", "诸葛明轩"),
)
"""Every identifying value that `hostile_file` writes somewhere."""


def forms(value: str) -> set[bytes]:
    """The bytes of a value in every encoding in which a file could hold it."""
    encodings = ("utf-8", "gb18030", "utf-16-le", "utf-16-be", "gb2312")
    found = set()
    for encoding in encodings:
        for text in (value, value.lower(), value.upper()):
            try:
                found.add(text.encode(encoding))
            except UnicodeEncodeError:
                continue
    return found


def traces(places: Iterable[Path], values: Iterable[str] = IDENTITY) -> list[str]:
    """`file: value` for every value found in the bytes or in the path of every file below `places`."""
    wanted = {value: forms(value) for value in values}
    found = []
    for path in _files(places):
        data = path.read_bytes()
        for value, encoded in wanted.items():
            if any(form in data for form in encoded) or value in str(path):
                found.append(f"{path.name}: {value}")
    return found


def _files(places: Iterable[Path]) -> Iterator[Path]:
    for place in places:
        yield from ([place] if place.is_file() else (path for path in sorted(place.rglob("*")) if path.is_file()))


def voxels(number: int, size: int = 16) -> np.ndarray:
    """Stored values of slice `number`: every one different from its neighbours."""
    return (np.arange(size * size, dtype=np.int16).reshape(size, size) * 3 + number - 300).astype(np.int16)


def plain_file(
    number: int = 1, *, series: str = "2", study_uid: str = STUDY_UID, patient_id: str = "P00772941"
) -> Dataset:
    """One slice of a portal venous CT of the patient with the elements an ordinary file has."""
    item = Dataset()
    item.SpecificCharacterSet = "GB18030"
    item.SOPClassUID = CTImageStorage
    item.SOPInstanceUID = f"{study_uid}.{series}.{number}"
    item.StudyInstanceUID, item.SeriesInstanceUID = study_uid, f"{study_uid}.{series}"
    item.FrameOfReferenceUID = f"{study_uid}.9"
    item.StudyDate = item.SeriesDate = item.AcquisitionDate = item.ContentDate = "20251103"
    item.StudyTime, item.AcquisitionTime = "101500", f"10{16 + int(series):02d}30.5"
    item.Modality, item.Manufacturer, item.ManufacturerModelName = "CT", "UIH", "uCT 780"
    item.AccessionNumber = "ACC8842107"
    item.InstitutionName = "江城第七人民医院"
    item.ReferringPhysicianName = "司徒文博"
    item.StudyDescription, item.SeriesDescription = "腹部增强", "门静脉期 1.25mm"
    item.PatientName, item.PatientID, item.PatientBirthDate, item.PatientSex = NAME, patient_id, BIRTH, "F"
    item.KVP, item.SliceThickness, item.ConvolutionKernel = "120", "5", "B_SOFT_B"
    item.PatientPosition, item.ImageType = "FFS", ["ORIGINAL", "PRIMARY", "AXIAL"]
    item.SeriesNumber, item.InstanceNumber = series, str(number)
    item.ImagePositionPatient, item.ImageOrientationPatient = [-8.0, -8.0, 5.0 * number], [1, 0, 0, 0, 1, 0]
    item.PixelSpacing, item.SamplesPerPixel, item.PhotometricInterpretation = [1.0, 1.0], 1, "MONOCHROME2"
    item.Rows = item.Columns = 16
    item.BitsAllocated, item.BitsStored, item.HighBit, item.PixelRepresentation = 16, 16, 15, 1
    item.RescaleSlope, item.RescaleIntercept = "1", "0"
    item.add_new("PixelData", "OW", voxels(number).tobytes())
    return item


def hostile_file(number: int = 1, **choices: str) -> Dataset:
    """The same slice with the identity in comments, descriptions, sequences, private elements, overlays, padding."""
    item = plain_file(number, **choices)
    item.PatientName = f"{PINYIN}={NAME}"
    item.OtherPatientIDs, item.IssuerOfPatientID = "320104195311171234", "江城第七人民医院"
    item.PatientAddress, item.PatientTelephoneNumbers = "滨江大道十八号", "13801234567"
    item.InstitutionAddress, item.InstitutionalDepartmentName = "滨江大道十八号", "影像科东院区"
    item.StationName, item.DeviceSerialNumber, item.StudyID = "CTROOM-SEVEN", "SN-77120933", "ZY20251103-5521"
    item.OperatorsName, item.PerformingPhysicianName = "诸葛明轩", "SituWenbo"
    item.SeriesDescription = f"门静脉期 {NAME} 1.25mm {PINYIN}"
    item.StudyDescription = f"{NAME}^腹部增强 13801234567"
    item.ProtocolName = "江城第七人民医院_ABDOMEN_PVP_随访老患者"
    item.ImageComments = item.PatientComments = f"{NAME} 随访老患者 {BIRTH}"
    item.AdditionalPatientHistory = f"{PINYIN} born 1953-11-17"
    item.ContrastBolusAgent = f"碘海醇 350 {NAME}"
    item.SoftwareVersions, item.ConvolutionKernel = "V5 SN-77120933", PINYIN
    item.BodyPartExamined, item.FilterType = "OUYANGJINGYU", "CTROOM-SEVEN"
    item.Manufacturer = "Jiangcheng Seventh Hospital CT"
    item.InstitutionName = "Jiangcheng Seventh Hospital"
    item.DateOfLastCalibration, item.InstanceCreationDate = "20251104", "20251104"
    item.AcquisitionDateTime = "20251103101730.25+0800"
    _add_sequences(item)
    _add_private(item)
    item.add_new(0x60003000, "OW", NAME.encode("gb18030").ljust(32, b"\0"))
    item.add_new(0x60001500, "LO", NAME)
    item.add_new(0x50003000, "OW", PINYIN.encode("ascii").ljust(32, b"\0"))
    item.add_new(0x00204321, "LO", NAME)
    item.add_new(0x32731111, "LO", PINYIN)
    item.DataSetTrailingPadding = NAME.encode("utf-8").ljust(24, b"\0")
    item.add_new("PixelData", "OW", voxels(number).tobytes() + PINYIN.encode("ascii"))
    return item


def _add_sequences(item: Dataset) -> None:
    deepest, request, code = Dataset(), Dataset(), Dataset()
    deepest.PatientName, deepest.PersonName = NAME, "诸葛明轩"
    request.ReferencedPatientSequence = Sequence([deepest])
    request.RequestedProcedureID, request.ScheduledProcedureStepDescription = "ZY20251103-5521", NAME
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "818981001", "SCT", f"腹部 {NAME}"
    code.PatientName, code.CodingSchemeVersion = PINYIN, "DR-STATION-9"
    local = Dataset()
    local.CodeValue, local.CodingSchemeDesignator, local.CodeMeaning = "P00772941", "99JC", NAME
    item.RequestAttributesSequence = Sequence([request])
    item.AnatomicRegionSequence = Sequence([code, local])
    item.ContrastBolusAgentSequence = Sequence([local])
    item.ReferencedImageSequence = Sequence([deepest])


def _add_private(item: Dataset) -> None:
    block = item.private_block(0x0043, "GEMS_PARM_01", create=True)
    block.add_new(0x27, "SH", "0.984:1")
    block.add_new(0x6E, "SH", PINYIN)
    block.add_new(0x10, "LO", NAME)
    block = item.private_block(0x0019, "GEMS_ACQU_01", create=True)
    block.add_new(0x27, "DS", "0.5")
    block.add_new(0x23, "DS", "55.0")
    block = item.private_block(0x0029, f"创建者{NAME}", create=True)
    nested = Dataset()
    nested.PatientName = NAME
    block.add_new(0x10, "SQ", Sequence([nested]))
    block.add_new(0x20, "OB", NAME.encode("utf-16-le"))


def write_file(item: Dataset, path: Path, syntax: str = ExplicitVRLittleEndian) -> Path:
    """Write `item` with an identifying preamble and file meta."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = item.SOPClassUID, item.SOPInstanceUID
    meta.TransferSyntaxUID = syntax
    meta.SourceApplicationEntityTitle = "DR-STATION-9"
    meta.PrivateInformationCreatorUID, meta.PrivateInformation = generate_uid(), NAME.encode("utf-8").ljust(24, b"\0")
    item.file_meta = meta
    item.preamble = (PINYIN.encode("ascii") + b" " + NAME.encode("gb18030")).ljust(128, b"\0")
    path.parent.mkdir(parents=True, exist_ok=True)
    pydicom.dcmwrite(path, item, enforce_file_format=True)
    return path


PHASES = {"2": ("动脉期 1.25mm", 28), "3": ("门静脉期 1.25mm", 60), "4": ("延迟期 1.25mm", 150), "1": ("平扫", 0)}


def write_study(
    folder: Path,
    *,
    patient_id: str = "P00772941",
    name: str = NAME,
    day: str = "20251103",
    study: str = STUDY_UID,
    seed: int = 0,
    series: Iterable[str] = ("1", "2", "3", "4"),
    slices: int = 6,
) -> Path:
    """A hostile study of small CT phases of noise, six slices each; `seed` decides the voxels."""
    for code in series:
        rng = np.random.default_rng([seed, int(code)])
        for number in range(1, slices + 1):
            item = hostile_file(number, series=code, study_uid=study, patient_id=patient_id)
            item.PatientName = name
            item.SeriesDescription = f"{name} {PHASES[code][0]}"
            item.ProtocolName = "江城第七人民医院_ABDOMEN"
            item.StudyDate = item.SeriesDate = item.AcquisitionDate = item.ContentDate = day
            noise = rng.integers(-200, 200, (16, 16), dtype=np.int16)
            item.add_new("PixelData", "OW", noise.tobytes())
            write_file(item, folder / f"SE{code}" / f"IM{number:04d}")
    return folder
