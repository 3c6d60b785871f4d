"""How `crcdb` reads its arguments: help and complaints in the person's language, a complaint in one line."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Sequence
from typing import Any, NoReturn

from crc_core.cli.console import Exit
from crc_core.text import Lang, say

_HEADINGS = {"positional arguments": "cli.help.positional", "options": "cli.help.options"}


class Parser(argparse.ArgumentParser):
    """An argument parser that explains itself in `lang` and whose complaint is one line and exit 2."""

    def __init__(
        self,
        *,
        lang: Lang,
        add_help: bool = True,
        parents: Sequence[argparse.ArgumentParser] = (),
        **settings: Any,
    ) -> None:
        settings.setdefault("formatter_class", functools.partial(_HelpLayout, lang=lang))
        own = [_helper(lang)] if add_help else []
        super().__init__(add_help=False, parents=[*own, *parents], **settings)
        self._lang = lang

    def add_subparsers(self, **settings: Any) -> Any:
        """Sub-parsers that speak the same language."""
        return super().add_subparsers(**{"parser_class": functools.partial(Parser, lang=self._lang), **settings})

    def error(self, message: str) -> NoReturn:
        """Leave with exit 2 and one line that says what is wrong and where the help is."""
        reason = " ".join(message.split())
        self.exit(Exit.BAD_INPUT, say("cli.usage", self._lang, command=self.prog, reason=reason) + "\n")


def _helper(lang: Lang) -> argparse.ArgumentParser:
    """The option that shows the help, as a parent, so that it stands before the options of other parents."""
    helper = argparse.ArgumentParser(add_help=False)
    helper.add_argument("-h", "--help", action="help", help=say("cli.help.help", lang))
    return helper


class _HelpLayout(argparse.HelpFormatter):
    """The help as argparse lays it out, with its own English words replaced."""

    def __init__(self, *words: Any, lang: Lang, **settings: Any) -> None:
        super().__init__(*words, **settings)
        self._lang = lang

    def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: str | None = None) -> None:
        """The line of usage; a `prefix` that is given (for the name of a sub-command) stays."""
        super().add_usage(usage, actions, groups, say("cli.help.usage", self._lang) if prefix is None else prefix)

    def start_section(self, heading: str | None) -> None:
        """A section under its heading, which is looked up where it is one of argparse's own."""
        code = _HEADINGS.get(heading or "")
        super().start_section(heading if code is None else say(code, self._lang))
