"""Many compared pairs as a table and in numbers; results are taken one by one, so that memory stays flat."""

from __future__ import annotations

from dataclasses import dataclass, field

from crc_core.agreement.batch import PairResult
from crc_core.agreement.comparison import Agreement
from crc_core.agreement.policy import AgreementPolicy
from crc_core.agreement.report import measures
from crc_core.paper.csv_file import Cell, Sheet
from crc_core.text import Lang

_COUNTS = ("lesions_paired", "lesions_only_a", "lesions_only_b", "lesions_split", "lesions_merged")


@dataclass
class BatchReport:
    """What stays of a batch: one row per pair, and who agreed; pairs that could not be compared keep their reason."""

    policy: AgreementPolicy
    lang: Lang
    agreed: int = 0
    disputed: int = 0
    absent: int = 0
    refused: int = 0
    _rows: list[tuple[Cell, ...]] = field(default_factory=list)

    def add(self, result: PairResult) -> None:
        """Take one result in."""
        comparison = result.comparison
        job = result.job
        names: tuple[Cell, ...] = (job.name, str(job.mask_a), str(job.mask_b))
        if comparison is None:
            self.refused += 1
            reason = "" if result.refusal is None else result.refusal.sentence(self.lang)
            self._rows.append((*names, *[None] * (len(self.columns) - 5), None, reason))
            return
        self.absent += comparison.is_absent
        self.agreed += comparison.verdict is Agreement.AGREED and not comparison.is_absent
        self.disputed += comparison.verdict is Agreement.DISPUTED
        groups = (comparison.pairs, comparison.only_a, comparison.only_b, comparison.split, comparison.merged)
        counts = tuple(len(group) for group in groups)
        verdict = "absent" if comparison.is_absent else comparison.verdict.value
        volumes = comparison.volumes_ml
        self._rows.append((*names, *volumes, *measures(comparison).values(), *counts, verdict, None))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the table."""
        shares = (f"surface_dice_{tolerance}mm" for tolerance in self.policy.tolerances_mm)
        first = ("dice", "jaccard", "hd_mm", "hd95_mm", "assd_mm", *shares, "surface_dice_voxel")
        rest = ("volume_difference_ml", "centroid_distance_mm", *_COUNTS, "verdict", "problem")
        return ("name", "a", "b", "volume_a_ml", "volume_b_ml", *first, *rest)

    @property
    def sheet(self) -> Sheet:
        """All pairs in the order they came."""
        return Sheet(self.columns, tuple(self._rows))

    def means(self) -> dict[str, float]:
        """The mean of every measure over the pairs it is defined for; pairs in which nobody drew stay out."""
        found = {}
        for name in self.columns[5 : -len(_COUNTS) - 2]:
            place = self.columns.index(name)
            values = [value for row in self._rows if isinstance(value := row[place], float)]
            if values:
                found[name] = sum(values) / len(values)
        return found
