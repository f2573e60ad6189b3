"""Limits on guessing a password."""

from typing import Any

from django.http import HttpRequest
from rest_framework.request import Request

from ghar.accounts.identifiers import normalise
from ghar.api.throttling import Throttle


class LoginThrottle(Throttle):
    """Counts the log-ins at one identifier from one address. `forget` resets it after a success."""

    scope = "login"

    def identity(self, request: Request) -> str:
        return f"{self.get_ident(request)} {self.identifier(request)}"

    def identifier(self, request: Request) -> str:
        """Return the identifier as its user is looked up: another spelling gives no further attempts."""
        body: Any = request.data
        return normalized_identifier(body.get("identifier"))

    def forget(self, request: Request, view: Any) -> None:
        self.cache.delete(self.get_cache_key(request, view))


class PageLoginThrottle(LoginThrottle):
    """Counts log-ins with a form together with those of the API."""

    def identifier(self, request: Request | HttpRequest) -> str:
        return normalized_identifier(request.POST.get("username"))


class PasswordThrottle(LoginThrottle):
    """Counts changes of a password: a stolen token must not serve to guess it."""

    def identifier(self, request: Request) -> str:
        return f"user {request.user.pk}"


def normalized_identifier(given: object) -> str:
    text = given if isinstance(given, str) else ""
    return normalise(text)[1] or text
