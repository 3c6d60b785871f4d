"""Which readings to flag after a study fell below the mark: those since the reader was last cleared."""

from __future__ import annotations

from crc_core.agreement.policy import agreement_policy
from crc_core.study.agreement import Study
from crc_core.text import Lang, say
from crc_core.workflow.payloads import ReadingsFlagged
from crc_core.workflow.store_view import StoreView


def flags_of(study: Study, view: StoreView, lang: Lang) -> tuple[ReadingsFlagged, ...]:
    """One flag per reader below the mark: their readings since the last clearance, else since the sample was drawn.

    Readers whose names are still hidden (A, B) cannot be flagged yet.
    """
    low = [item for item in study.measures if item.decides and item.reached is False]
    names = ", ".join(dict.fromkeys(str(item.measure) for item in low))
    mark = agreement_policy().icc_percent / 100
    reason = say("study.flag_reason", lang, kind=study.kind.value, threshold=mark, measures=names)
    drawn = [sample.drawn_at for sample in view.samples]
    known = {person.person for person in view.people}
    found = []
    for reader in study.below:
        since = [item.at for item in view.clearances if item.reader == reader] or drawn
        if reader in known and since:
            found.append(ReadingsFlagged(reader, max(since) if since is not drawn else min(since), reason))
    return tuple(found)
