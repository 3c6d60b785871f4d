"""The DICOM attributes of a phantom's series.

Source: PS3.3 A.3 (CT Image), A.4 (MR Image), A.8.1 (Secondary Capture), C.7.6.4 (Contrast/Bolus); consensus table 4.
"""

from __future__ import annotations

import datetime

import numpy as np
from pydicom.dataset import Dataset

from crc_core.phantom.model import Fault, Patient, Phantom
from crc_core.phantom.patient import make_patient
from crc_core.phantom.protocol import Examination, acquisition_s, clock, decimal, examination, protocol, uid
from crc_core.phantom.series import Kind, SeriesPlan
from crc_core.vocabulary import Role

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_MR_BEFORE_CT_DAYS = 5
_LATE_MR_DAYS = 44
_SECOND_PATIENT_SEED = 7_000_000


def series_dataset(phantom: Phantom, plan: SeriesPlan) -> Dataset:
    """Every attribute that the images of a series share."""
    exam, dataset = examination(phantom), Dataset()
    patient = phantom.patient
    if plan.second_patient:
        patient = make_patient(phantom.seed + _SECOND_PATIENT_SEED, "F", 0)
    _patient_tags(dataset, patient)
    _study_tags(dataset, phantom, plan, patient, exam)
    _equipment_tags(dataset, plan, exam, patient)
    _pixel_tags(dataset, plan)
    if plan.kind is Kind.CAPTURE:
        dataset.ConversionType = "WSD"
        dataset.BurnedInAnnotation = "YES"
        return dataset
    _frame_tags(dataset, plan, exam)
    if plan.is_mr:
        _mr_tags(dataset, plan)
        return dataset
    _ct_tags(dataset, plan, exam)
    if plan.delay_s is not None and Fault.NO_CONTRAST_TAGS not in phantom.faults:
        _contrast_tags(dataset, exam, patient)
    return dataset


def _patient_tags(dataset: Dataset, patient: Patient) -> None:
    dataset.SpecificCharacterSet = patient.character_set
    dataset.PatientName = patient.name
    dataset.PatientID = patient.identifier
    dataset.PatientBirthDate = patient.birth_date
    dataset.PatientSex = patient.sex
    dataset.PatientAge = f"{patient.age_years:03d}Y"
    dataset.PatientWeight = str(patient.weight_kg)
    dataset.PatientSize = str(patient.height_m)
    dataset.PatientAddress = patient.address
    dataset.InstitutionName = patient.hospital
    dataset.InstitutionAddress = patient.address
    dataset.ReferringPhysicianName = patient.physician
    dataset.OperatorsName = patient.operator
    dataset.AccessionNumber = f"A{patient.identifier[::-1]}"
    dataset.OtherPatientIDs = f"ZY{patient.identifier}"


def _study_tags(dataset: Dataset, phantom: Phantom, plan: SeriesPlan, patient: Patient, exam: Examination) -> None:
    words, language = protocol(), "zh" if patient.speaks_chinese else "en"
    group = "mr" if plan.is_mr else "ct"
    key = (phantom.seed, phantom.time_point, phantom.size.value, sorted(phantom.faults), plan.second_patient)
    dataset.StudyInstanceUID = uid("study", *key, group)
    dataset.SeriesInstanceUID = uid("series", *key, plan.number)
    dataset.FrameOfReferenceUID = uid("frame", *key, group)
    dataset.StudyID = f"{phantom.seed % 100000:05d}{group[0].upper()}"
    dataset.SeriesNumber = plan.number
    dataset.StudyDescription = words["study"][group][language]
    dataset.ProtocolName = words["protocol"][group][language]
    dataset.SeriesDescription = _description(plan, language)
    date = datetime.datetime.strptime(patient.study_date, "%Y%m%d").date()  # noqa: DTZ007 a date has no zone
    if plan.is_mr:
        late = Fault.LATE_MRI in phantom.faults
        date -= datetime.timedelta(days=_LATE_MR_DAYS if late else _MR_BEFORE_CT_DAYS)
    dataset.StudyDate = dataset.SeriesDate = dataset.AcquisitionDate = dataset.ContentDate = date.strftime("%Y%m%d")
    dataset.StudyTime = clock(exam.start_s)
    dataset.SeriesTime = clock(acquisition_s(plan, exam))


def _description(plan: SeriesPlan, language: str) -> str:
    words = protocol()
    if plan.kind in (Kind.LOCALIZER, Kind.CAPTURE):
        return str(words["words"][plan.kind.value][language])
    name = words["words"][plan.words_of.value][language]
    if plan.is_mr:
        return str(name)
    return f"{name} {words['reconstruction'][plan.kind.value][language]} {plan.thickness_mm:.3g}mm"


def _equipment_tags(dataset: Dataset, plan: SeriesPlan, exam: Examination, patient: Patient) -> None:
    vendor = protocol()["vendors"][exam.vendor]
    dataset.Manufacturer = vendor["manufacturer"]
    dataset.ManufacturerModelName = vendor["mr" if plan.is_mr else "ct"]
    dataset.StationName = "MR01" if plan.is_mr else "CT03"
    dataset.DeviceSerialNumber = f"SN{patient.identifier[:5]}"
    dataset.SoftwareVersions = "R1.0"
    dataset.Modality = "MR" if plan.is_mr else "OT" if plan.kind is Kind.CAPTURE else "CT"
    dataset.SOPClassUID = MR_IMAGE if plan.is_mr else SECONDARY_CAPTURE if plan.kind is Kind.CAPTURE else CT_IMAGE
    dataset.ImageType = {
        Kind.LOCALIZER: ["ORIGINAL", "PRIMARY", "LOCALIZER"],
        Kind.CAPTURE: ["DERIVED", "SECONDARY"],
        Kind.MR: ["DERIVED", "PRIMARY", "ADC"] if plan.role is Role.ADC else ["ORIGINAL", "PRIMARY", "OTHER"],
    }.get(plan.kind, ["ORIGINAL", "PRIMARY", "AXIAL"])


def _pixel_tags(dataset: Dataset, plan: SeriesPlan) -> None:
    rows, columns = plan.grid.shape_kji[1:]
    capture = plan.kind is Kind.CAPTURE
    dataset.Rows, dataset.Columns = rows, columns
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated = 8 if capture else 16
    dataset.BitsStored = dataset.BitsAllocated
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = 0 if capture or plan.is_mr else 1


def _frame_tags(dataset: Dataset, plan: SeriesPlan, exam: Examination) -> None:
    grid = plan.grid
    across, down, _ = grid.spacing_ijk_mm
    directions = np.diag([-1.0, -1.0, 1.0]) @ grid.directions
    dataset.PixelSpacing = [decimal(down), decimal(across)]
    dataset.ImageOrientationPatient = [decimal(value) for value in (*directions[:, 0], *directions[:, 1])]
    dataset.SliceThickness = decimal(plan.thickness_mm)
    dataset.PatientPosition = "HFS" if plan.is_mr else exam.position
    dataset.PositionReferenceIndicator = ""
    dataset.BodyPartExamined = "CHEST" if plan.role is Role.CHEST else "ABDOMEN"


def _ct_tags(dataset: Dataset, plan: SeriesPlan, exam: Examination) -> None:
    vendor = protocol()["vendors"][exam.vendor]
    kernel = {Kind.SHARP: "sharp", Kind.LUNG: "lung"}.get(plan.kind, "soft")
    dataset.ConvolutionKernel = vendor[kernel].split("\\")
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = "0", "1", "HU"
    wide = plan.kind is Kind.LUNG
    dataset.WindowCenter, dataset.WindowWidth = ("-600", "1500") if wide else ("40", "225")
    dataset.KVP = decimal(exam.kvp)
    dataset.ReconstructionDiameter = decimal(plan.grid.spacing_ijk_mm[0] * plan.grid.shape_kji[2])
    dataset.DataCollectionDiameter = "500"
    dataset.GantryDetectorTilt = decimal(round(_tilt_deg(plan), 3) + 0.0)
    if plan.kind is Kind.LOCALIZER:
        return
    dataset.RotationDirection = "CW"
    dataset.SpiralPitchFactor = exam.pitch
    dataset.RevolutionTime = exam.rotation_s
    current = exam.effective_mas * exam.pitch / exam.rotation_s
    dataset.XRayTubeCurrent = round(current)
    dataset.ExposureTime = round(1000 * exam.rotation_s / exam.pitch)
    dataset.Exposure = round(exam.effective_mas)
    dataset.ExposureModulationType = "XYZ_EC" if exam.uses_aec else "NONE"
    dataset.SingleCollimationWidth = 0.625
    dataset.TotalCollimationWidth = 0.625 * min(vendor["rows"], 128)
    dataset.ScanOptions = "HELICAL MODE"


def _tilt_deg(plan: SeriesPlan) -> float:
    directions = plan.grid.directions
    return float(np.degrees(np.arcsin(np.clip(directions[:, 1] @ directions[:, 2], -1, 1))))


def _contrast_tags(dataset: Dataset, exam: Examination, patient: Patient) -> None:
    agent = protocol()["agents"][exam.agent]
    dataset.ContrastBolusAgent = agent["zh" if patient.speaks_chinese else "en"]
    dataset.ContrastBolusRoute = "IV"
    dataset.ContrastBolusVolume = decimal(exam.volume_ml)
    dataset.ContrastBolusTotalDose = decimal(exam.volume_ml)
    dataset.ContrastBolusStartTime = clock(exam.injection_s)
    dataset.ContrastBolusStopTime = clock(exam.injection_s + exam.volume_ml / exam.rate_ml_s)
    dataset.ContrastFlowRate = decimal(exam.rate_ml_s)
    dataset.ContrastFlowDuration = decimal(round(exam.volume_ml / exam.rate_ml_s, 3))
    dataset.ContrastBolusIngredient = "IODINE"
    dataset.ContrastBolusIngredientConcentration = decimal(agent["concentration_mg_ml"])


def _mr_tags(dataset: Dataset, plan: SeriesPlan) -> None:
    diffusion = plan.role is not Role.T2
    dataset.ScanningSequence = "EP" if diffusion else "SE"
    dataset.SequenceVariant = "SK"
    dataset.ScanOptions = "FS" if diffusion else ""
    dataset.MRAcquisitionType = "2D"
    dataset.RepetitionTime, dataset.EchoTime = ("5200", "68") if diffusion else ("4100", "102")
    dataset.EchoTrainLength = "1" if diffusion else "18"
    dataset.MagneticFieldStrength = "3"
    dataset.FlipAngle = "90" if diffusion else "150"
    dataset.SpacingBetweenSlices = decimal(plan.grid.spacing_ijk_mm[2])
    dataset.WindowCenter, dataset.WindowWidth = {
        Role.T2: ("450", "900"),
        Role.DWI: ("150", "300"),
        Role.ADC: ("1300", "2600"),
    }[plan.role]
    if plan.role is Role.DWI:
        dataset.DiffusionBValue = 1000.0
