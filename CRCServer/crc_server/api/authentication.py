"""Who is asking: opaque tokens that expire, kept as hashes (django-rest-knox).

Knox looks at every token of a person with every request; here a request asks for the one it came with, and ended tokens
go when somebody signs in.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from knox.auth import TokenAuthentication as KnoxAuthentication
from knox.crypto import hash_token
from knox.models import AuthToken
from knox.settings import knox_settings
from rest_framework.exceptions import AuthenticationFailed


class TokenAuthentication(KnoxAuthentication):
    """`Authorization: Token …`."""

    def authenticate_credentials(self, token: bytes) -> Any:
        """The account and its token; raises AuthenticationFailed for anything that is no token of ours."""
        if not (token.isascii() and token.isalnum()):
            raise AuthenticationFailed()
        # The hash of a token of that entropy is looked up as it is: nothing can be learned from how long that takes.
        found = AuthToken.objects.select_related("user").filter(digest=hash_token(token.decode("ascii"))).first()
        if found is None or (found.expiry is not None and found.expiry < timezone.now()):
            raise AuthenticationFailed()
        return self.validate_user(found)


def new_token(account: User) -> tuple[AuthToken, str]:
    """A new token of an account; its ended ones go, and of others the oldest where it has too many."""
    own = AuthToken.objects.filter(user=account)
    own.filter(expiry__lt=timezone.now()).delete()
    kept = own.order_by("-created").values_list("pk", flat=True)[: knox_settings.TOKEN_LIMIT_PER_USER - 1]
    own.exclude(pk__in=list(kept)).delete()
    instance, token = AuthToken.objects.create(user=account)
    return instance, token


class TokenScheme(OpenApiAuthenticationExtension):
    """How the OpenAPI document speaks of the tokens; finding this class is enough."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """The header that carries one."""
        return {"type": "apiKey", "in": "header", "name": "Authorization", "description": "Token …"}
