from typing import Any

from rest_framework.request import Request

from ghar.accounts.identifiers import normalise
from ghar.api import throttling


class LoginThrottle(throttling.LoginThrottle):
    def identifier(self, request: Request) -> str:
        """As its user is looked up, so that spelling it in other ways gives no further attempts."""
        body: Any = request.data
        given = body.get("identifier")
        text = given if isinstance(given, str) else ""
        return normalise(text)[1] or text


class PageLoginThrottle(throttling.LoginThrottle):
    """The same count as the API's, from a form."""

    def identifier(self, request: Any) -> str:
        text = request.POST.get("username", "")
        return normalise(text)[1] or text


class PasswordThrottle(throttling.LoginThrottle):
    """A stolen token must not serve to guess the password."""

    def identifier(self, request: Request) -> str:
        return f"user {request.user.pk}"
