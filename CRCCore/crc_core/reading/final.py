"""What the database stores as the truth of a unit: its own kind of document, beside untouched parents."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from crc_core.vocabulary import LesionClass, Mode, Target, TargetAnswer

FINAL_SCHEMA = "crc-final/1"


class How(StrEnum):
    """Who made a final: the rule of agreement, or a senior who signed."""

    RULE = "rule"
    SIGNER = "signer"


class Take(StrEnum):
    """From what the final contour of one lesion was made."""

    UNION = "union"
    INTERSECTION = "intersection"
    A = "a"
    B = "b"
    EDITED = "edited"
    DROPPED = "dropped"


@dataclass(frozen=True)
class FinalLesion:
    """One lesion of a final, where it came from in both parents, and why it was taken so.

    `number` is 0 for a dropped lesion, which keeps its record but no voxels.
    """

    number: int
    kind: LesionClass
    take: Take
    from_a: tuple[int, ...]
    from_b: tuple[int, ...]
    reason: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class FinalTarget:
    """What the final says of one target."""

    target: Target
    answer: TargetAnswer
    source: str | None = None
    mode: Mode | None = None
    lesions: tuple[FinalLesion, ...] = ()
    reason: str | None = None


@dataclass(frozen=True)
class Settlement:
    """A report field that a senior settled: which answer was chosen (`a`, `b` or `typed`)."""

    field: str
    choice: str


@dataclass(frozen=True)
class Final:
    """`final.json`: the parents, who decided, the targets with their lesion map, the version and the chain's head.

    `restores` names the earlier final whose contents this one brings back.
    """

    schema: str
    unit: str
    version: int
    parents: tuple[str, str]
    how: How
    targets: tuple[FinalTarget, ...]
    settlements: tuple[Settlement, ...]
    chain_head: str
    versions: dict[str, str]
    signer: str | None = None
    signer_title: str | None = None
    supersedes: str | None = None
    titles_enforced: bool = False
    restores: str | None = None

    def __post_init__(self) -> None:
        if self.schema != FINAL_SCHEMA or self.version < 1:
            raise ValueError("not a final")
        if (self.how is How.SIGNER) != (self.signer is not None):
            raise ValueError("a signed final names its signer; one by rule does not")
