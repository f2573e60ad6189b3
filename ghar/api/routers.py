from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, re_path
from rest_framework.routers import SimpleRouter


class Router(SimpleRouter):
    """Serves every path with and without a trailing slash: clients lose the body on a redirect."""

    def __init__(self) -> None:
        super().__init__()
        self.trailing_slash = "/?"


def endpoint(route: str, view: Callable[..., Any], name: str | None = None) -> URLPattern:
    """Return the same for a single view. `route` is a regular expression without ^ and $."""
    return re_path(rf"^{route}/?$", view, name=name)
