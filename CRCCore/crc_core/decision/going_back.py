"""Going back to an earlier final: a new version with its contents, signed; what lay between stays."""

from __future__ import annotations

from dataclasses import replace

from crc_core import __version__
from crc_core.decision.finals import FinalPlace
from crc_core.identity import mask_name
from crc_core.reading.final import How
from crc_core.reading.seal import FinalDraft, SealedFinal


def final_again(earlier: SealedFinal, place: FinalPlace, signer: str, title: str) -> FinalDraft:
    """The draft of a new version at `place` that says what `earlier` said, and names it.

    Contours, report and measurements are those of the earlier one; who signed that stays to be read in it. Raises
    CrcError where it was altered.
    """
    final = replace(
        earlier.final,
        version=place.version,
        how=How.SIGNER,
        signer=signer,
        signer_title=title,
        chain_head=place.chain_head,
        supersedes=place.supersedes,
        titles_enforced=place.titles_enforced,
        restores=earlier.sealed.sha256,
        versions={**earlier.final.versions, "crc-core": __version__},
    )
    drawn = [item for item in final.targets if item.source is not None]
    masks = {mask_name(str(item.source), item.target): earlier.mask(item.target) for item in drawn}
    return FinalDraft(final, earlier.report, earlier.measurements, masks)
