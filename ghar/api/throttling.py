"""Rate limits. They are counted per process: with N processes the limits are N times as high."""

from hashlib import sha256
from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle


class Throttle(SimpleRateThrottle):
    """One scope of settings.THROTTLE_RATES, counted per user, or per address for anonymous requests."""

    scope: str

    def get_rate(self) -> str | None:
        return settings.THROTTLE_RATES[self.scope] if settings.THROTTLE else None

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        identity = sha256(self.identity(request).encode(errors="replace")).hexdigest()
        return f"throttle:{self.scope}:{identity}"

    def identity(self, request: Request) -> str:
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
