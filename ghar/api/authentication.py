from typing import TYPE_CHECKING

from knox.auth import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed

if TYPE_CHECKING:
    # The name that the stubs give to the model in AUTH_USER_MODEL: this package imports no app.
    from django.contrib.auth.models import _User as User
    from knox.models import AuthToken


class BearerAuthentication(TokenAuthentication):  # type: ignore[misc]  # knox is not typed
    """knox's authentication, but a token with impossible bytes gets 401 instead of an exception."""

    def authenticate_credentials(self, token: bytes) -> "tuple[User, AuthToken]":
        if not token.isalnum():
            raise AuthenticationFailed
        found: tuple[User, AuthToken] = super().authenticate_credentials(token)
        return found
