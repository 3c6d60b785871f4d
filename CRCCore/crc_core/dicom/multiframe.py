"""The frames of enhanced multi-frame images, whose places and parameters lie in functional groups.

Source: DICOM PS3.3 C.7.6.16 (multi-frame functional groups), A.38 (enhanced CT), A.36 (enhanced MR).
"""

from __future__ import annotations

import dataclasses
import warnings
from typing import Any

from crc_core.dicom.elements import HeaderError, Trouble
from crc_core.dicom.header import Header
from crc_core.dicom.instance import Instance, time_of_day_s

_MOST_FRAMES = 20_000


def frames_of(instance: Instance) -> tuple[Instance, ...]:
    """One instance per frame of the multi-frame file that `instance` was read from; raises HeaderError."""
    import pydicom

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydicom warns of odd values; what we need is checked below
            dataset = pydicom.dcmread(instance.path, stop_before_pixels=True)
            shared = _first(dataset, "SharedFunctionalGroupsSequence")
            per_frame = dataset.get("PerFrameFunctionalGroupsSequence") or []
            count = max(len(per_frame), 1)
            if count > _MOST_FRAMES or count != instance.frames_in_file:
                raise HeaderError(Trouble.BROKEN)
            pool: dict[Header, Header] = {}
            return tuple(_frame(instance, number, groups, shared, pool) for number, groups in enumerate(per_frame))
    except HeaderError:
        raise
    except (OSError, MemoryError):
        raise HeaderError(Trouble.NOT_READABLE) from None
    except Exception as error:  # pydicom raises many kinds for hostile sequences; the index names the file
        raise HeaderError(Trouble.BROKEN) from error


def _frame(instance: Instance, number: int, groups: Any, shared: Any, pool: dict[Header, Header]) -> Instance:
    def macro(name: str) -> Any:
        return _first(groups, name) or _first(shared, name)

    measures, plane = macro("PixelMeasuresSequence"), macro("PlaneOrientationSequence")
    place, content = macro("PlanePositionSequence"), macro("FrameContentSequence")
    transform = macro("PixelValueTransformationSequence")
    spacing = _numbers(measures, "PixelSpacing", 2)
    header = dataclasses.replace(
        instance.header,
        orientation_lps=_numbers(plane, "ImageOrientationPatient", 6),
        pixel_spacing_mm=None if spacing is None else (spacing[0], spacing[1]),
        thickness_mm=_number(measures, "SliceThickness"),
        rescale_slope=_number(transform, "RescaleSlope"),
        rescale_intercept=_number(transform, "RescaleIntercept"),
        **_acquisition(instance.header, macro),
    )
    header = pool.setdefault(header, header)
    exposure = macro("CTExposureSequence")
    started = str(getattr(content, "FrameAcquisitionDateTime", "") or "")
    return dataclasses.replace(
        instance,
        frame=number,
        number=number + 1,
        acquisition=_whole(content, "FrameAcquisitionNumber"),
        temporal=_whole(content, "TemporalPositionIndex"),
        position_lps_mm=_numbers(place, "ImagePositionPatient", 3),
        acquired_s=time_of_day_s(started[8:]) if len(started) >= 10 else instance.acquired_s,
        mas=_number(exposure, "ExposureInmAs"),
        tube_current_ma=_number(exposure, "XRayTubeCurrentInmA"),
        header=header,
    )


def _acquisition(header: Header, macro: Any) -> dict[str, Any]:
    """Acquisition values of the CT and MR macros; what a macro does not hold keeps what the file says outside."""
    details, beam = macro("CTAcquisitionDetailsSequence"), macro("CTXRayDetailsSequence")
    reconstruction, exposure = macro("CTReconstructionSequence"), macro("CTExposureSequence")
    frame_type = macro("CTImageFrameTypeSequence") or macro("MRImageFrameTypeSequence")
    echo, diffusion = macro("MREchoSequence"), macro("MRDiffusionSequence")
    kind = getattr(frame_type, "FrameType", None)
    kernel = getattr(reconstruction, "ConvolutionKernel", None)
    return {
        "kvp": _number(beam, "KVP") or header.kvp,
        "pitch": _number(macro("CTTableDynamicsSequence"), "SpiralPitchFactor") or header.pitch,
        "rotation_s": _number(details, "RevolutionTime") or header.rotation_s,
        "declared_tilt_deg": _number(details, "GantryDetectorTilt"),
        "total_collimation_mm": _number(details, "TotalCollimationWidth"),
        "single_collimation_mm": _number(details, "SingleCollimationWidth"),
        "field_of_view_mm": _number(reconstruction, "ReconstructionDiameter") or header.field_of_view_mm,
        "kernel": header.kernel if not kernel else _joined(kernel),
        "exposure_modulation": str(getattr(exposure, "ExposureModulationType", "") or header.exposure_modulation),
        "echo_time_ms": _number(echo, "EffectiveEchoTime"),
        "b_value": _number(diffusion, "DiffusionBValue"),
        "image_type": header.image_type if not kind else tuple(str(word).upper() for word in kind),
    }


def _joined(value: Any) -> str:
    return value if isinstance(value, str) else "\\".join(str(word) for word in value)


def _first(dataset: Any, name: str) -> Any:
    sequence = None if dataset is None else dataset.get(name)
    return sequence[0] if sequence else None


def _number(dataset: Any, name: str) -> float | None:
    value = None if dataset is None else dataset.get(name)
    return None if value is None or value == "" else float(value)


def _whole(dataset: Any, name: str) -> int | None:
    value = _number(dataset, name)
    return None if value is None else int(value)


def _numbers(dataset: Any, name: str, count: int) -> tuple[float, ...] | None:
    value = None if dataset is None else dataset.get(name)
    return None if not value or len(value) != count else tuple(float(number) for number in value)
