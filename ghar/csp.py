"""A Content-Security-Policy for every answer: nothing inline runs, and nothing comes from elsewhere."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

HEADER = "Content-Security-Policy"
PAGE = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        # What the admin's choosers write into elements; style elements stay forbidden.
        "style-src-attr 'unsafe-inline'",
        # Images of listings and people are wherever their owners keep them.
        "img-src 'self' data: https:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
# Data that a browser was made to show as a page.
DATA = "default-src 'none'; frame-ancestors 'none'"


class ContentSecurityPolicy:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        is_page = response.get("Content-Type", "").startswith("text/html")
        # Django's own pages on errors are full of inline styles and scripts.
        if settings.DEBUG and is_page and response.status_code >= 400:
            return response
        response.headers.setdefault(HEADER, PAGE if is_page else DATA)
        return response
