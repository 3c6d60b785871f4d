"""Signing in and out on the pages, and choosing a language."""

from __future__ import annotations

from crc_core.errors import CrcError
from crc_core.text import Lang
from crc_core.workflow.gates import may_search
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST
from rest_framework.request import Request
from rest_framework.throttling import AnonRateThrottle

from crc_server.store.opening import open_store
from crc_server.web.page import LANGUAGE_COOKIE, Visit, page, safe_next, show, show_error


class SignInThrottle(AnonRateThrottle):
    """As many tries from one place as over the API."""

    scope = "sign_in"


_YEAR_S = 365 * 24 * 3600


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The page that asks for name and password."""
    if request.method == "GET":
        return show(request, "sign_in", next=safe_next(request), menu=[])
    try:
        person = request.POST.get("person", "")[:40].strip()
        wrong = _why_not(request, person, request.POST.get("password", ""))
        if wrong is None:
            login(request, open_store().passwords.account(person), "django.contrib.auth.backends.ModelBackend")
            return redirect(safe_next(request))
        return show(request, "sign_in", status=403, next=safe_next(request), menu=[], wrong=wrong, person=person)
    except CrcError as error:
        return show_error(request, error)


def _why_not(request: HttpRequest, person: str, password: str) -> str | None:
    """The code of why the person is not let in; None where they are."""
    if not SignInThrottle().allow_request(Request(request), None):
        return "server.throttled"
    store = open_store(for_request=True)
    refusal = store.passwords.check(person, password)
    if refusal is not None:
        return "server.password_locked" if refusal.code == "server.password_locked" else "server.sign_in_wrong"
    return None if store.ledger.context.person(person) is not None else "server.sign_in_wrong"


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Leave."""
    logout(request)
    return redirect("/sign-in")


@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Keep the wish in a cookie."""
    answer = redirect(safe_next(request))
    wish = request.POST.get("lang", "")
    if wish in list(Lang):
        answer.set_cookie(LANGUAGE_COOKIE, wish, max_age=_YEAR_S, samesite="Strict", httponly=True)
    return answer


@page
def home(visit: Visit) -> HttpResponse:
    """The first page: searching for who may, else one's own work."""
    return redirect("/search" if may_search(visit.person) else "/work")
