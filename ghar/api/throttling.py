"""How often somebody may try. Counted per process: with N of them the limits are N times as high."""

from hashlib import sha256
from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle


class Throttle(SimpleRateThrottle):
    """One scope of settings.THROTTLE_RATES. Who is counted: the user, or the address of an anonymous one."""

    scope: str

    def get_rate(self) -> str | None:
        return settings.THROTTLE_RATES[self.scope] if settings.THROTTLE else None

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        who = sha256(self.who(request).encode(errors="replace")).hexdigest()
        return f"throttle:{self.scope}:{who}"

    def who(self, request: Request) -> str:
        if request.user.is_authenticated:
            return f"user {request.user.pk}"
        return f"address {self.get_ident(request)}"


class SignupThrottle(Throttle):
    scope = "signup"


class WriteThrottle(Throttle):
    scope = "writes"

    def allow_request(self, request: Request, view: Any) -> bool:
        return request.method in {"GET", "HEAD", "OPTIONS"} or super().allow_request(request, view)


class TicketThrottle(Throttle):
    scope = "tickets"


class LoginThrottle(Throttle):
    """Attempts at one identifier from one address; `forget` after a success, so that failures count."""

    scope = "login"

    def who(self, request: Request) -> str:
        return f"{self.get_ident(request)} {self.identifier(request)}"

    def identifier(self, request: Request) -> str:
        raise NotImplementedError

    def forget(self, request: Request, view: Any) -> None:
        self.cache.delete(self.get_cache_key(request, view))
