"""Who is asking: opaque tokens that expire, kept as hashes (django-rest-knox)."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from knox.auth import TokenAuthentication as KnoxAuthentication
from rest_framework.exceptions import AuthenticationFailed


class TokenAuthentication(KnoxAuthentication):
    """`Authorization: Token …`."""

    def authenticate_credentials(self, token: bytes) -> Any:
        """The account and its token; raises AuthenticationFailed for anything that is no token of ours."""
        if not (token.isascii() and token.isalnum()):
            raise AuthenticationFailed()
        return super().authenticate_credentials(token)


class TokenScheme(OpenApiAuthenticationExtension):
    """How the OpenAPI document speaks of the tokens; finding this class is enough."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """The header that carries one."""
        return {"type": "apiKey", "in": "header", "name": "Authorization", "description": "Token …"}
