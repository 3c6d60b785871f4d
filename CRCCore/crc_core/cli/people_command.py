"""`crcdb people`: enter, change, list, clear and retire the people of a store, and set their PINs."""

from __future__ import annotations

import argparse
import unicodedata
from functools import partial

from crc_core.cli.acting import act, add_common, names_of, one_of, tell
from crc_core.cli.console import Console, Exit
from crc_core.cli.pins import ask_new_pin, ask_pin
from crc_core.errors import CrcError
from crc_core.store.folder import FolderStore
from crc_core.text import Lang, say
from crc_core.vocabulary import PersonRole, Target, Title
from crc_core.workflow.context import Person
from crc_core.workflow.events import Kind
from crc_core.workflow.payloads import ClearanceSigned, PersonSet


def configure(parser: argparse.ArgumentParser, lang: Lang) -> None:
    """Add the actions and their arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION", help=say("store.help.action", lang))
    for name in ("add", "change"):
        action = actions.add_parser(name, help=say(f"store.help.{name}", lang))
        add_common(action, lang)
        _person(action, lang)
        required = name == "add"
        action.add_argument("--name", required=required, help=say("store.help.name", lang))
        role, title = partial(one_of, kind=PersonRole), partial(one_of, kind=Title)
        action.add_argument(
            "--role",
            action="append",
            type=role,
            required=required,
            metavar="|".join(names_of(PersonRole)),
            help=say("store.help.role", lang),
        )
        action.add_argument(
            "--title", type=title, metavar="|".join(names_of(Title)), help=say("store.help.title", lang)
        )
        action.add_argument("--site", required=required, help=say("store.help.site", lang))
        action.add_argument("--namesake", action="store_true", help=say("people.help.namesake", lang))
    listing = actions.add_parser("list", help=say("store.help.people_list", lang))
    add_common(listing, lang, acts=False)
    retire = actions.add_parser("retire", help=say("store.help.retire", lang))
    add_common(retire, lang)
    _person(retire, lang)
    clear = actions.add_parser("clear", help=say("store.help.clear", lang))
    add_common(clear, lang)
    _person(clear, lang)
    clear.add_argument("target", nargs="+", type=partial(one_of, kind=Target), help=say("store.help.target", lang))
    clear.add_argument("--version", required=True, help=say("store.help.version", lang))
    clear.add_argument("--revoke", action="store_true", help=say("store.help.revoke", lang))
    pin = actions.add_parser("pin", help=say("store.help.pin", lang))
    add_common(pin, lang)
    _person(pin, lang)


def run(arguments: argparse.Namespace, console: Console) -> Exit:
    """Do the action; raises CrcError for a refusal."""
    store = FolderStore(arguments.store)
    actions = {"add": _add, "change": _change, "list": _list, "retire": _retire, "clear": _clear, "pin": _pin}
    return actions[arguments.action](store, arguments, console)


def _person(parser: argparse.ArgumentParser, lang: Lang) -> None:
    parser.add_argument("person", metavar="PERSON", help=say("store.help.person", lang))


def _add(store: FolderStore, arguments: argparse.Namespace, console: Console) -> Exit:
    if _known(store, arguments.person) is not None:
        raise CrcError("store.person_exists", person=arguments.person)
    store.people.check_id(arguments.person)
    _refuse_second_name(store, arguments)
    payload = PersonSet(
        arguments.person, arguments.title or Title.NONE, frozenset(arguments.role), arguments.site, True
    )
    receipt = act(store, arguments, console, Kind.PERSON_SET, None, payload)
    store.people.set_name(arguments.person, arguments.name)
    return tell(console, receipt, person=arguments.person)


def _change(store: FolderStore, arguments: argparse.Namespace, console: Console) -> Exit:
    person = _must_know(store, arguments.person)
    _refuse_second_name(store, arguments)
    roles = person.roles if arguments.role is None else frozenset(arguments.role)
    payload = PersonSet(person.id, arguments.title or person.title, roles, arguments.site or person.site, True)
    receipt = act(store, arguments, console, Kind.PERSON_SET, None, payload)
    if arguments.name:
        store.people.set_name(person.id, arguments.name)
    return tell(console, receipt, person=person.id)


def _refuse_second_name(store: FolderStore, arguments: argparse.Namespace) -> None:
    """One person under two identifiers could read a case twice: an equal name needs to be confirmed."""
    wanted = None if arguments.name is None else _plain(arguments.name)
    for known in store.persons():
        is_same = known.active and known.id != arguments.person and _plain(store.people.name(known.id)) == wanted
        if is_same and not arguments.namesake:
            raise CrcError("people.same_name", name=arguments.name, person=known.id)


def _plain(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def _list(store: FolderStore, arguments: argparse.Namespace, console: Console) -> Exit:
    listed = []
    for person in store.persons():
        name, roles = store.people.name(person.id), sorted(role.value for role in person.roles)
        console.say(
            "store.person_line",
            person=person.id,
            name=name,
            title=say(f"store.title.{person.title.name.lower()}", console.lang),
            roles=say("store.list_joint", console.lang).join(say(f"store.role.{role}", console.lang) for role in roles),
            site=person.site,
            state=say("store.active" if person.active else "store.retired", console.lang),
        )
        listed.append(
            {
                "person": person.id,
                "name": name,
                "title": person.title.value,
                "roles": roles,
                "site": person.site,
                "active": person.active,
                "has_pin": store.people.has_pin(person.id),
                "cleared": [target.value for target in Target if store.ledger.context.is_cleared(person.id, target)],
            }
        )
    console.document({"people": listed})
    return Exit.DONE


def _retire(store: FolderStore, arguments: argparse.Namespace, console: Console) -> Exit:
    person = _must_know(store, arguments.person)
    payload = PersonSet(person.id, person.title, person.roles, person.site, False)
    return tell(console, act(store, arguments, console, Kind.PERSON_SET, None, payload), person=person.id)


def _clear(store: FolderStore, arguments: argparse.Namespace, console: Console) -> Exit:
    for target in arguments.target:
        payload = ClearanceSigned(arguments.person, target, arguments.version, not arguments.revoke)
        receipt = act(store, arguments, console, Kind.CLEARANCE_SIGNED, None, payload)
    targets = [target.value for target in arguments.target]
    return tell(console, receipt, person=arguments.person, targets=targets)


def _pin(store: FolderStore, arguments: argparse.Namespace, console: Console) -> Exit:
    """A person sets their own PIN, signing with the old one; an administrator signs for somebody else."""
    person, actor = _must_know(store, arguments.person), _must_know(store, arguments.actor)
    if actor.id != person.id and (PersonRole.ADMINISTRATOR not in actor.roles or not actor.active):
        raise CrcError("store.administrators_only", person=actor.id)
    if actor.id != person.id or store.people.has_pin(person.id):
        refusal = store.people.check(actor.id, ask_pin(actor.id, console))
        if refusal is not None:
            raise refusal.as_error()
    store.people.set_pin(person.id, ask_new_pin(person.id, console))
    console.say("store.done")
    console.document({"person": person.id})
    return Exit.DONE


def _known(store: FolderStore, person: str) -> Person | None:
    return next((known for known in store.persons() if known.id == person), None)


def _must_know(store: FolderStore, person: str) -> Person:
    known = _known(store, person)
    if known is None:
        raise CrcError("workflow.unknown_person", person=person)
    return known
