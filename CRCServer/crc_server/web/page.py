"""What every page shares: who is signed in, the language, the menu, and errors in words."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from crc_core.errors import CrcError
from crc_core.text import Lang
from crc_core.vocabulary import PersonRole
from crc_core.workflow.context import Person
from crc_core.workflow.gates import may_search
from django.contrib.auth import logout
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme

from crc_server.api.problems import error_again, is_full, language, status_of
from crc_server.store.opening import open_store
from crc_server.store.server_store import ServerStore

LANGUAGE_COOKIE = "crc_lang"
_AUDITORS = frozenset({PersonRole.ADMINISTRATOR, PersonRole.DATA_MANAGER})


class Visit:
    """One request of a person who is signed in."""

    def __init__(self, request: HttpRequest, store: ServerStore, person: Person) -> None:
        self.request = request
        self.store = store
        self.person = person
        self.lang = page_language(request)

    def has(self, *roles: PersonRole) -> bool:
        """Whether the person has one of the roles."""
        return bool(self.person.roles & frozenset(roles))

    def require(self, *roles: PersonRole) -> None:
        """Raise CrcError where the person has none of the roles."""
        if not self.has(*roles):
            raise CrcError("server.not_yours")

    def show(self, template: str, *, status: int = 200, **values: Any) -> HttpResponse:
        """A page."""
        return show(self.request, template, status=status, visit=self, menu=self._menu(), **values)

    def _menu(self) -> list[tuple[str, str]]:
        """The places the person can go: the code of each word and its address."""
        places = [("web.search", "/search")] if may_search(self.person) else []
        places += [("web.work", "/work"), ("web.progress", "/progress")]
        places += [("web.tables", "/tables")] if self.has(PersonRole.DATA_MANAGER) else []
        places += (
            [("access.grants", "/grants")] if self.person.roles & _AUDITORS or self.has(PersonRole.DATA_USER) else []
        )
        places += [("web.audit", "/audit")] if self.person.roles & _AUDITORS else []
        places += [("web.people", "/people")] if self.has(PersonRole.ADMINISTRATOR) else []
        return places


Page = Callable[..., HttpResponse]


def page(view: Callable[..., HttpResponse]) -> Page:
    """A page for who is signed in: others are asked to, errors are told in words, nothing of the machine is shown."""

    @wraps(view)
    def answer(request: HttpRequest, **names: str) -> HttpResponse:
        try:
            if not request.user.is_authenticated:
                return redirect(f"/sign-in?next={request.path}")
            store = open_store(for_request=True)
            person = store.ledger.context.person(request.user.get_username())
            if person is None:
                logout(request)
                return redirect("/sign-in")
            return view(Visit(request, store, person), **names)
        except CrcError as error:
            return show_error(request, error)
        except (OperationalError, InterfaceError) as error:
            return show_error(request, CrcError("file.disk_full" if is_full(error) else "server.away"))

    return answer


def show(request: HttpRequest, template: str, *, status: int = 200, **values: Any) -> HttpResponse:
    """A page in the visitor's language."""
    lang = page_language(request)
    shared = {"lang": lang, "other_lang": Lang.EN if lang is Lang.ZH else Lang.ZH}
    return render(request, f"crc/{template}.html", {**shared, **values}, status=status)


def show_error(request: HttpRequest, error: CrcError) -> HttpResponse:
    """An error as a page."""
    lang, status = page_language(request), status_of(error.code)
    return show(request, "error", status=status, sentence=error_again(error).sentence(lang), menu=[])


def page_language(request: HttpRequest) -> Lang:
    """The language a person chose, else the one the browser asks for."""
    chosen = request.COOKIES.get(LANGUAGE_COOKIE)
    return Lang(chosen) if chosen in list(Lang) else language(request)


def safe_next(request: HttpRequest) -> str:
    """Where to go afterwards: a place on this server, never elsewhere."""
    wish = request.POST.get("next") or request.GET.get("next") or "/"
    return wish if url_has_allowed_host_and_scheme(wish, allowed_hosts=None) else "/"
