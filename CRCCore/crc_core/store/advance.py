"""What a store does by rule: compare a pair whose windows have closed, store the final of a pair that agrees."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from crc_core.files.sealed import SealedFolder
from crc_core.geometry.grid import Volume
from crc_core.reading.seal import SealedReading, read_reading, seal_final
from crc_core.store.images import open_images
from crc_core.store.parts import Bodies
from crc_core.vocabulary import CT_PHASES, Role
from crc_core.workflow.context import Policy
from crc_core.workflow.payloads import FinalStored, ReadingsCompared
from crc_core.workflow.state import UnitState


def compare_readings(bodies: Bodies, state: UnitState, policy: Policy) -> ReadingsCompared:
    """Compare the two readings in force; raises CrcError where one of them or an image was altered."""
    from crc_core.decision.consensus import as_pair, compare

    one, other = _pair(bodies, state, policy)
    images = _images(bodies, state)
    sources = {target: images[item.role] for target, item in state.bindings.items() if item.role in images}
    return compare(as_pair(one, other), sources)


def build_rule_final(
    bodies: Bodies, state: UnitState, policy: Policy, chain_head: str, folder: Path, *, enforces: bool
) -> tuple[SealedFolder, FinalStored]:
    """Build the final of two readings that agree and seal it below `folder`; also what its event will say."""
    from crc_core.decision.consensus import as_pair
    from crc_core.decision.finals import FinalPlace, rule_final

    comparison = state.current_comparison(policy)
    if comparison is None:
        raise ValueError(f"{state.unit} has not been compared")
    pair = as_pair(*_pair(bodies, state, policy))
    place = FinalPlace(len(state.finals) + 1, chain_head, titles_enforced=enforces)
    sealed = seal_final(folder / "final", rule_final(pair, comparison, _images(bodies, state), place))
    return sealed, FinalStored(sealed.sha256, place.version, comparison.readings, by_rule=True)


def _pair(bodies: Bodies, state: UnitState, policy: Policy) -> tuple[SealedReading, SealedReading]:
    pair = state.current_pair(policy)
    if pair is None:
        raise ValueError(f"{state.unit} has no two readings")
    first, second = (read_reading(bodies.reading(state.unit, reading)) for reading in pair)
    return first, second


def _images(bodies: Bodies, state: UnitState) -> Mapping[Role, Volume]:
    """The CT phases and the bound sources, opened; a series on which nothing can be measured is left out."""
    series = () if state.registered is None else state.registered.series
    wanted = {*CT_PHASES, *(item.role for item in state.bindings.values())}
    images = {}
    for record in series:
        if record.role in wanted:
            volume = open_images(bodies.series_folder(state.unit, record))
            if volume is not None:
                images[record.role] = volume
    return images
