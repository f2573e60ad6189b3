from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, re_path
from rest_framework.routers import SimpleRouter


class Router(SimpleRouter):
    """Every path with and without a trailing slash; a redirect would lose the body."""

    def __init__(self) -> None:
        super().__init__()
        self.trailing_slash = "/?"


def endpoint(route: str, view: Callable[..., Any], name: str | None = None) -> URLPattern:
    """The same for a single view. `route` is a regular expression without its ends."""
    return re_path(rf"^{route}/?$", view, name=name)
