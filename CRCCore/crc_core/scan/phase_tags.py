"""The phase of a CT series by its tags: its words, and the time between injection and acquisition.

Source: consensus table 4 (delays); DICOM PS3.3 C.7.6.4 (contrast/bolus), C.7.6.4b (contrast phase of enhanced images).
"""

from __future__ import annotations

from dataclasses import dataclass

from crc_core.dicom.instance import time_of_day_s
from crc_core.dicom.series import Series
from crc_core.scan.limits import acquisition_limits
from crc_core.scan.words import PhaseWords, phase_of_delay, phase_words
from crc_core.vocabulary import Role

_DAY_S = 86_400.0
_LONGEST_DELAY_S = 1_800.0


@dataclass(frozen=True)
class TagPhase:
    """The phase that tags tell, None where they do not; `said` is the text it was read from.

    `delay_s` is the time after injection, None where it is not told; `is_by_delay` says that no word named the phase.
    """

    role: Role | None
    said: str
    delay_s: float | None
    is_by_delay: bool
    is_enhanced: bool


def phase_by_tags(series: Series) -> TagPhase:
    """The phase of `series` by the first text that names exactly one, then by the delay; never by pixels."""
    header = series.header
    texts = (
        header.contrast_phase,
        header.series_description,
        header.image_comments,
        header.processing,
        header.protocol_name,
        header.performed_step,
    )
    readings = [(text, phase_words(text)) for text in texts if text]
    delay_s = injection_delay_s(series)
    if delay_s is None:
        delay_s = next((words.delay_s for text, words in readings[:2] if _is_delay(words)), None)
    is_enhanced = bool(header.contrast_agent) or any(words.is_enhanced for _, words in readings)
    for text, words in readings:
        if len(words.phases) == 1:
            return TagPhase(next(iter(words.phases)), text, delay_s, False, is_enhanced)
    if delay_s is not None:
        role = phase_of_delay(delay_s, acquisition_limits().practice_delays_s)
        if role is not None:
            return TagPhase(role, "", delay_s, True, True)
    return TagPhase(None, "", delay_s, False, is_enhanced)


def injection_delay_s(series: Series) -> float | None:
    """Seconds from the start of the injection to the middle of the acquisition's first images; None if not told."""
    start_s = time_of_day_s(series.header.contrast_start_time)
    times = [instance.acquired_s for instance in series.instances if instance.acquired_s is not None]
    if start_s is None or not times:
        return None
    delay_s = min(times) - start_s
    if delay_s < -_DAY_S / 2:
        delay_s += _DAY_S
    return delay_s if 0 < delay_s <= _LONGEST_DELAY_S else None


def _is_delay(words: PhaseWords) -> bool:
    """Whether seconds in a text can be a delay: a plain scan has none, and a rotation time has no two digits."""
    return words.delay_s is not None and words.delay_s >= 15 and Role.NC not in words.phases
