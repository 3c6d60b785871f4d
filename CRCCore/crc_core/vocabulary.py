"""The closed lists of words that cross the borders between parts."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a series is for in a unit of work."""

    NC = "NC"
    AP = "AP"
    PVP = "PVP"
    DP = "DP"
    CHEST = "CHEST"
    T2 = "T2"
    DWI = "DWI"
    ADC = "ADC"
    OTHER = "OTHER"


CT_PHASES = (Role.NC, Role.AP, Role.PVP, Role.DP)
"""The four CT phases in the order of time: plain, arterial, portal venous, delayed."""

MR_ROLES = (Role.T2, Role.DWI, Role.ADC)


class Target(StrEnum):
    """What is contoured: one mask file each."""

    PRIMARY = "primary"
    LIVER = "liver"
    LUNG = "lung"
    NODE = "node"


class Mode(StrEnum):
    """How a target is contoured (consensus 2.4.1)."""

    DIRECT = "direct"
    MRI = "mri"
    SUBTRACTION = "subtraction"


class BowelDirection(StrEnum):
    """How the bowel runs at the primary: through the axial plane, or in it.

    A bowel that runs aslant by more than some 25° is better called in the plane: axial sections cut its wall obliquely
    and show it too thick by one over the cosine.
    """

    ACROSS = "across"
    IN_PLANE = "in_plane"


class TargetAnswer(StrEnum):
    """What a reading says of one target."""

    DRAWN = "drawn"
    NONE_SEEN = "none_seen"
    NO_TUMOUR = "no_tumour"
    NOT_CRC = "not_crc"
    RESECTED = "resected"
    NOT_ASSESSABLE = "not_assessable"


class LesionClass(StrEnum):
    """The class of a lesion; an uncertain liver lesion is not counted as a metastasis and stays out of Dice."""

    TUMOUR = "tumour"
    METASTASIS = "metastasis"
    UNCERTAIN = "uncertain"
    NODE = "node"


class Verdict(StrEnum):
    """The outcome of one check, worst last in `VERDICT_ORDER`."""

    PASS = "pass"
    NOTE = "note"
    UNKNOWN = "unknown"
    WARN = "warn"
    FAIL = "fail"


VERDICT_ORDER = (Verdict.PASS, Verdict.NOTE, Verdict.UNKNOWN, Verdict.WARN, Verdict.FAIL)


def worst(verdicts: list[Verdict]) -> Verdict:
    """The worst of several verdicts; `pass` for none."""
    return max(verdicts, key=VERDICT_ORDER.index, default=Verdict.PASS)


class Title(StrEnum):
    """A physician's title; only the last two may settle, sign and clear (consensus 2.4)."""

    NONE = "none"
    RESIDENT = "住院医师"
    ATTENDING = "主治医师"
    ASSOCIATE_CHIEF = "副主任医师"
    CHIEF = "主任医师"

    @property
    def is_senior(self) -> bool:
        """Whether the title is associate chief physician or above."""
        return self in (Title.ASSOCIATE_CHIEF, Title.CHIEF)


class PersonRole(StrEnum):
    """What a person may do in the database."""

    ANNOTATOR = "annotator"
    SENIOR = "senior"
    TRAINER = "trainer"
    DATA_MANAGER = "data_manager"
    ADMINISTRATOR = "administrator"
    DATA_USER = "data_user"
    SYSTEM = "system"
