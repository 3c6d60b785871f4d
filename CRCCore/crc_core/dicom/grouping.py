"""Sorts instances into patients, studies and stacks.

A DICOM series is not always one stack: all phases of an examination, a scout, several echoes or b-values can share one
series UID. Images are split by what cannot lie in one grid, then, where places repeat, by what explains the repetition.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable

import numpy as np

from crc_core.dicom.geometry import along_normal_mm
from crc_core.dicom.header import Header
from crc_core.dicom.instance import Instance
from crc_core.dicom.series import Duplicate, Patient, Series, Study

_SAME_PLACE_MM = 0.01
_OVERLAP_THAT_MEANS_TWO = 0.5
_ACQUISITION_PAUSE_S = 5.0

_DISCRIMINATORS: tuple[Callable[[Instance], Hashable], ...] = (
    lambda instance: instance.acquisition,
    lambda instance: instance.temporal,
    lambda instance: instance.header.b_value,
    lambda instance: instance.header.echo_time_ms,
    lambda instance: instance.header.contrast_phase,
    lambda instance: instance.header.series_description,
    lambda instance: instance.header.kernel,
    lambda instance: instance.header.image_type,
    lambda instance: instance.header.thickness_mm,
)


def group(instances: Iterable[Instance]) -> tuple[Patient, ...]:
    """All patients with their studies and stacks, in the order of study date, series number and time."""
    instances = tuple(instances)
    owners: dict[str, str] = {}
    for instance in instances:
        header = instance.header
        if header.patient_key or header.person_key:
            owners.setdefault(header.study_uid, header.patient_key or header.person_key)
    by_patient: dict[str, dict[str, dict[str, list[Instance]]]] = {}
    for instance in instances:
        header = instance.header
        # A file without any name or number belongs to the patient of the rest of its study.
        patient = header.patient_key or header.person_key or owners.get(header.study_uid, header.study_uid)
        studies = by_patient.setdefault(patient, {})
        studies.setdefault(header.study_uid, {}).setdefault(header.series_uid, []).append(instance)
    patients = []
    for key, by_study in by_patient.items():
        studies_of_patient = [_study(uid, key, by_series) for uid, by_series in by_study.items()]
        studies_of_patient.sort(key=lambda study: (study.date, study.study_uid))
        patients.append(Patient(key, tuple(studies_of_patient)))
    patients.sort(key=lambda patient: (patient.studies[0].date, patient.studies[0].study_uid, patient.patient_key))
    return tuple(patients)


def stacks_of(series_uid: str, instances: list[Instance]) -> tuple[Series, ...]:
    """The stacks within the images of one series, in the order of acquisition time."""
    kept, copies = _without_copies(instances)
    stacks: list[tuple[list[Instance], list[Duplicate]]] = []
    layouts = _layouts(kept)
    for part in _split(kept, lambda item: (layouts[id(item.header)], item.position_lps_mm is None)):
        for stack in _split_repeated(part):
            ordered, doubled = _ordered(stack)
            stacks.append((ordered, doubled))
    stacks.sort(key=_time_order)
    holders = {id(instance): index for index, (ordered, _) in enumerate(stacks) for instance in ordered}
    for copy in copies:
        stacks[holders.get(id(copy.kept), 0)][1].append(copy)
    return tuple(
        Series(series_uid, number, len(stacks), tuple(ordered), tuple(doubled))
        for number, (ordered, doubled) in enumerate(stacks, 1)
    )


def _study(study_uid: str, patient_key: str, by_series: dict[str, list[Instance]]) -> Study:
    series = [stack for uid, instances in by_series.items() for stack in stacks_of(uid, instances)]
    series.sort(key=lambda item: (item.header.series_number or 0, item.series_uid, item.stack))
    return Study(study_uid, patient_key, tuple(series))


def _without_copies(instances: list[Instance]) -> tuple[list[Instance], list[Duplicate]]:
    """The images with each SOP instance UID once, and the copies; the first path in the alphabet is kept."""
    first: dict[tuple[str, int], Instance] = {}
    kept, copies = [], []
    for instance in sorted(instances, key=lambda item: (item.location, item.frame)):
        key = (instance.sop_uid, instance.frame)
        if instance.sop_uid and key in first:
            copies.append(Duplicate(first[key], instance, same_uid=True))
        else:
            first[key] = instance
            kept.append(instance)
    return kept, copies


def _layouts(instances: list[Instance]) -> dict[int, int]:
    """A number for every shared header by its identity; headers that can lie in one grid get the same number."""
    kinds: list[Header] = []
    numbers: dict[int, int] = {}
    for header in {id(item.header): item.header for item in instances}.values():
        number = next((n for n, kind in enumerate(kinds) if _same_layout(kind, header)), len(kinds))
        if number == len(kinds):
            kinds.append(header)
        numbers[id(header)] = number
    return numbers


def _same_layout(one: Header, other: Header) -> bool:
    """Equal size, class and frame of reference; orientation and spacing equal but for the rounding of their digits."""
    return (
        _exact(one) == _exact(other)
        and _close(one.orientation_lps, other.orientation_lps, 2e-3)
        and _close(one.pixel_spacing_mm, other.pixel_spacing_mm, 1e-3)
    )


def _exact(header: Header) -> tuple[Hashable, ...]:
    return (
        *(header.rows, header.columns, header.samples, header.modality, header.sop_class_uid),
        *(header.frame_of_reference_uid, header.is_localizer, header.has_pixels),
    )


def _close(one: tuple[float, ...] | None, other: tuple[float, ...] | None, tolerance: float) -> bool:
    if one is None or other is None:
        return one is other
    return all(abs(a - b) <= tolerance for a, b in zip(one, other, strict=True))


def _split(instances: list[Instance], key: Callable[[Instance], Hashable]) -> list[list[Instance]]:
    parts: dict[Hashable, list[Instance]] = defaultdict(list)
    for instance in instances:
        parts[key(instance)].append(instance)
    return list(parts.values())


def _split_repeated(instances: list[Instance]) -> list[list[Instance]]:
    """The stacks within images of one layout: split by the first property whose parts cover the same stretch."""
    orientation = instances[0].header.orientation_lps
    if orientation is None or instances[0].position_lps_mm is None:
        return [instances]
    for key in _DISCRIMINATORS:
        parts = _split(instances, key)
        if len(parts) > 1 and _cover_the_same(parts, orientation):
            return [stack for part in parts for stack in _split_repeated(part)]
    if not _has_repeats(_places(instances, orientation)):
        return [instances]
    parts = _split_by_pauses(instances)
    if len(parts) > 1 and not any(_has_repeats(_places(part, orientation)) for part in parts):
        return parts
    return [instances]


def _places(instances: list[Instance], orientation: tuple[float, ...]) -> np.ndarray:
    return along_normal_mm(orientation, np.array([item.position_lps_mm for item in instances], dtype=np.float64))


def _has_repeats(places: np.ndarray) -> bool:
    return len(places) > 1 and bool((np.diff(np.sort(places)) < _SAME_PLACE_MM).any())


def _cover_the_same(parts: list[list[Instance]], orientation: tuple[float, ...]) -> bool:
    """Whether two parts of at least two images overlap by half: images of two acquisitions, not pieces of one."""
    stretches = []
    for part in parts:
        if len(part) > 1:
            places = _places(part, orientation)
            stretches.append((float(places.min()), float(places.max())))
    stretches.sort()
    for (low, high), (next_low, next_high) in itertools.pairwise(stretches):
        shorter = min(high - low, next_high - next_low)
        if shorter > 0 and min(high, next_high) - next_low >= _OVERLAP_THAT_MEANS_TWO * shorter:
            return True
    return False


def _split_by_pauses(instances: list[Instance]) -> list[list[Instance]]:
    """Parts between pauses of the acquisition; where no times are told, runs of instance numbers of equal length."""
    if all(instance.acquired_s is not None for instance in instances):
        timed = sorted(instances, key=lambda item: item.acquired_s or 0.0)
        parts = [[timed[0]]]
        for before, instance in itertools.pairwise(timed):
            if (instance.acquired_s or 0.0) - (before.acquired_s or 0.0) > _ACQUISITION_PAUSE_S:
                parts.append([])
            parts[-1].append(instance)
        if len(parts) > 1:
            return parts
    places = len({tuple(round(value, 2) for value in instance.position_lps_mm or ()) for instance in instances})
    if len(instances) % places or places == len(instances) or places < 2:
        return [instances]
    numbered = sorted(instances, key=lambda item: (item.number or 0, item.location, item.frame))
    return [numbered[start : start + places] for start in range(0, len(numbered), places)]


def _ordered(instances: list[Instance]) -> tuple[list[Instance], list[Duplicate]]:
    """The images along the normal with each place once, and those left out."""
    orientation = instances[0].header.orientation_lps
    if orientation is None or instances[0].position_lps_mm is None:
        return sorted(instances, key=lambda item: (item.number or 0, item.location, item.frame)), []
    places = _places(instances, orientation)
    order = sorted(
        range(len(instances)),
        key=lambda at: (round(float(places[at]), 3), instances[at].number or 0, instances[at].location),
    )
    kept, doubled = [instances[order[0]]], []
    last = float(places[order[0]])
    for at in order[1:]:
        if float(places[at]) - last < _SAME_PLACE_MM:
            doubled.append(Duplicate(kept[-1], instances[at], same_uid=False))
        else:
            kept.append(instances[at])
            last = float(places[at])
    return kept, doubled


def _time_order(stack: tuple[list[Instance], list[Duplicate]]) -> tuple[float, int, int]:
    first = min(stack[0], key=lambda item: item.number or 0)
    times = [item.acquired_s for item in stack[0] if item.acquired_s is not None]
    return (min(times, default=0.0), first.acquisition or 0, first.number or 0)
