"""What belongs to a lesion and what does not, as a card: the delineation protocol in a person's words."""

from __future__ import annotations

from dataclasses import dataclass

from crc_core.importing.delineation import DelineationProtocol, default_protocol
from crc_core.text import Lang, say
from crc_core.vocabulary import Mode, Target


@dataclass(frozen=True)
class RuleCard:
    """What belongs to the lesion and what does not, from the delineation protocol."""

    title: str
    includes: tuple[str, ...]
    excludes: tuple[str, ...]
    cites: str


def rule_card(
    target: Target, mode: Mode, lang: Lang, protocol: str = "", published: DelineationProtocol | None = None
) -> RuleCard:
    """The card of a target contoured in a mode; `protocol` is the version in force of the unit, empty where unknown.

    It cites the protocol's version and the consensus; where the unit was bound under another version than the one that
    comes with this program, it says so. `published` is the protocol a store has in force, in place of that one.
    """
    shipped = published or default_protocol()
    rule = shipped.targets[target]
    title = say(
        "desk.rule.title",
        lang,
        target=say(f"report.target.{target.value}", lang),
        mode=say(f"import.mode.{mode.value}", lang),
    )
    how = (say(f"desk.rule.mode.{mode.value}", lang),) if target in shipped.modes.targets else ()
    section = rule.cites.removeprefix("consensus ")
    code = "desk.rule.cites" if protocol in ("", shipped.version) else "desk.rule.cites_other"
    cites = say(code, lang, section=section, version=shipped.version, bound=protocol)
    return RuleCard(title, (*how, *rule.includes[lang]), rule.excludes[lang], cites)
