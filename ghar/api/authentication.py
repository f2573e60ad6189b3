from typing import TYPE_CHECKING

from knox.auth import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed

if TYPE_CHECKING:
    from knox.models import AuthToken

    from ghar.accounts.models import User


class BearerAuthentication(TokenAuthentication):  # type: ignore[misc]  # knox is not typed
    """knox's authentication, but a token with impossible bytes gets 401 instead of an exception."""

    def authenticate_credentials(self, token: bytes) -> "tuple[User, AuthToken]":
        if not token.isalnum():
            raise AuthenticationFailed
        found: tuple[User, AuthToken] = super().authenticate_credentials(token)
        return found
