"""Reports for tests: an empty one, and one a careful reader has filled."""

from __future__ import annotations

from pathlib import Path

from crc_core.geometry.grid import Grid
from crc_core.identity import UnitId, mint_case_code
from crc_core.report.autofill import MeasuredValue, autofill
from crc_core.report.document import FieldPath, Header, Lesion, NotAssessable, Report, new_report
from crc_core.report.editing import answer
from crc_core.report.rules import Standing, is_visible, standing
from crc_core.report.template import Field, Kind, Measurable
from crc_core.vocabulary import LesionClass, Target, TargetAnswer
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

UNIT = UnitId(mint_case_code("01", 123), "T0")
HEADER = Header("腹部 CT 平扫+三期增强", "male", 63, "乙状结肠癌", "2025-03-07")

TUMOUR = Lesion(Target.PRIMARY, 1, LesionClass.TUMOUR)
LIVER_1 = Lesion(Target.LIVER, 1, LesionClass.METASTASIS)
LIVER_2 = Lesion(Target.LIVER, 2, LesionClass.METASTASIS)
LIVER_3 = Lesion(Target.LIVER, 3, LesionClass.UNCERTAIN)
LUNG_1 = Lesion(Target.LUNG, 1, LesionClass.METASTASIS)
LESIONS = (TUMOUR, LIVER_1, LIVER_2, LIVER_3, LUNG_1)
DRAWN = dict.fromkeys((Target.PRIMARY, Target.LIVER, Target.LUNG), TargetAnswer.DRAWN)


def empty_report(lesions: tuple[Lesion, ...] = LESIONS) -> Report:
    """A report with the header of a case and a block per lesion."""
    answers = dict.fromkeys(DRAWN, TargetAnswer.NONE_SEEN)
    answers.update({lesion.target: TargetAnswer.DRAWN for lesion in lesions})
    return new_report(UNIT, lesions, HEADER, answers)


def fill(report: Report, answers: dict[str, object]) -> Report:
    """The report with these answers, in their order; a NotAssessable is given as such."""
    for path, value in answers.items():
        if isinstance(value, NotAssessable):
            report = answer(report, path, not_assessable=value)
        else:
            report = answer(report, path, value)  # type: ignore[arg-type]
    return report


def plausible(field: Field, salt: int = 0) -> object:
    """Some answer in range for a question."""
    if field.kind is Kind.CHOICE:
        return field.options[salt % len(field.options)].code
    if field.kind is Kind.CHOICES:
        return (field.options[salt % len(field.options)].code,)
    if field.kind in (Kind.NUMBER, Kind.COUNT):
        low, high = field.range or (0, 100)
        return min(int(low) + 12 + salt, int(high))
    return "2025-03-07" if field.kind is Kind.DATE else "无特殊"


def complete(report: Report, salt: int = 0) -> Report:
    """The report with every question that is still open answered plausibly."""
    for _ in range(6):
        for path, field in report.paths:
            if path not in report.answers and field.required and asked(report, path):
                report = answer(report, path, plausible(field, salt))  # type: ignore[arg-type]
    return report


def asked(report: Report, path: FieldPath) -> bool:
    """Whether a person answers the question now."""
    return is_visible(report, path) and standing(report, path).standing is Standing.ASKED


def sizes(target: Target, lesion: int, **values: float) -> list[MeasuredValue]:
    """Measurements of one lesion by the name of their kind."""
    return [
        MeasuredValue(
            target,
            lesion,
            Measurable(kind),
            value,
            "HU" if kind.startswith("hu_") else "mm",
            "report.source.measured",
            (),
            1.0 if kind.startswith("hu_") else 0.5,
        )
        for kind, value in values.items()
    ]


def sample_report() -> Report:
    """A T3 sigmoid cancer with two liver metastases, an uncertain liver lesion and a lung metastasis, complete."""
    report = autofill(
        empty_report(),
        [
            *sizes(Target.PRIMARY, 1, long_diameter=46.2, short_diameter=30.8, cranio_caudal=52.1, thickness=17.9),
            *sizes(Target.PRIMARY, 1, hu_nc=38.4, hu_ap=74.2, hu_pvp=92.3),
            *sizes(Target.LIVER, 1, longest_axial_diameter=24.3, hu_nc=41, hu_ap=52, hu_pvp=68),
            *sizes(Target.LIVER, 2, longest_axial_diameter=8.4, hu_nc=40, hu_ap=49, hu_pvp=66),
            *sizes(Target.LIVER, 3, longest_axial_diameter=6.1),
            *sizes(Target.LUNG, 1, longest_axial_diameter=11.2, hu_nc=12),
        ],
    )
    missing = NotAssessable("phase_missing")
    given: dict[str, object] = {
        "primary[1].segment": "sigmoid",
        "primary[1].morphology": "ulcerative",
        "primary[1].dp_hu": missing,
        "primary[1].t_stage": "t3",
        "primary[1].extramural_depth_mm": 3.5,
        "primary[1].regional_nodes_count": 3,
        "primary[1].regional_nodes_short_mm": 9,
        "primary[1].retroperitoneal_nodes_count": 0,
        "primary[1].heterogeneous_nodes_count": 0,
        "primary[1].circumferential_extent": "gt_half",
        "primary[1].outer_wall": "rough",
        "primary[1].wall_enhancement": "present",
        "primary[1].arteriole_sign": "absent",
        "primary[1].extramural_vascular_invasion": "absent",
        "primary[1].fat_nodules": NotAssessable("other", "周围大量腹水"),
        "primary[1].fat_state": "hazy",
        "primary[1].perforation": "absent",
        "primary[1].obstruction": "absent",
        "patient.distant_metastases": ("liver", "lung"),
        "liver_lesion[1].segment": ("s6",),
        "liver_lesion[2].segment": ("s5", "s8"),
        "liver_lesion[2].typical_appearance": "present",
        "liver_lesion[3].segment": ("s4",),
        "lung_lesion[1].segment": ("right_superior",),
        **{f"liver_lesion[{number}].dp_hu": missing for number in (1, 2)},
        **{f"lung_lesion[1].{phase}_hu": missing for phase in ("ap", "pvp", "dp")},
    }
    return complete(fill(report, given))


def source_datasets(volume_grid: Grid, identified: bool = False) -> list[Dataset]:
    """Headers of a de-identified CT series on a grid, one dataset per slice, shuffled as a folder may be."""
    shape, matrix = volume_grid.shape_kji, volume_grid.ijk_to_lps
    spacing = volume_grid.spacing_ijk_mm
    study, series, frame = generate_uid(), generate_uid(), generate_uid()
    datasets = []
    for k in range(shape[0]):
        dataset = Dataset()
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = CTImageStorage
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.FrameOfReferenceUID = study, series, frame
        dataset.PatientName = dataset.PatientID = UNIT.case
        dataset.PatientIdentityRemoved = "NO" if identified else "YES"
        dataset.DeidentificationMethod = "test"
        dataset.PatientBirthDate = dataset.PatientSex = dataset.StudyID = dataset.AccessionNumber = ""
        dataset.StudyDate, dataset.StudyTime, dataset.ReferringPhysicianName = "20250307", "101500", ""
        dataset.Modality, dataset.SeriesNumber, dataset.InstanceNumber = "CT", 5, k + 1
        dataset.PositionReferenceIndicator = ""
        dataset.ImagePositionPatient = [f"{value:.9g}" for value in (matrix @ [0, 0, k, 1])[:3]]
        axes = (matrix[:3, 0] / spacing[0], matrix[:3, 1] / spacing[1])
        dataset.ImageOrientationPatient = [f"{value:.9g}" for axis in axes for value in axis]
        dataset.PixelSpacing = [f"{spacing[1]:.9g}", f"{spacing[0]:.9g}"]
        dataset.SliceThickness = f"{spacing[2]:.9g}"
        dataset.Rows, dataset.Columns = shape[1], shape[2]
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 1
        dataset.RescaleIntercept, dataset.RescaleSlope = 0, 1
        datasets.append(dataset)
    return datasets[::2] + datasets[1::2]


def write_series(folder: Path, datasets: list[Dataset]) -> None:
    """The datasets as DICOM files with empty pixels."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, dataset in enumerate(datasets):
        dataset.PixelData = bytes(2 * dataset.Rows * dataset.Columns)
        dataset["PixelData"].VR = "OW"
        dataset.save_as(folder / f"{number:03d}.dcm", enforce_file_format=True)
