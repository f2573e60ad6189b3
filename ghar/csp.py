"""A Content-Security-Policy for every response: no inline code runs, and nothing is loaded from elsewhere."""

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from ghar.logs import GetResponse

HEADER = "Content-Security-Policy"
PAGE_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        # The admin's autocomplete fields set style attributes. Style elements stay forbidden.
        "style-src-attr 'unsafe-inline'",
        # The images of listings and people are on their owners' servers, wherever these are.
        "img-src 'self' data: https:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
# For JSON and the like, in case that a browser is made to show it as a page.
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"


class ContentSecurityPolicy:
    """Middleware that sets the header on every response that has none of its own."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        is_page = response.get("Content-Type", "").startswith("text/html")
        # Django's debug pages for errors are full of inline styles and scripts.
        if settings.DEBUG and is_page and response.status_code >= 400:
            return response
        response.headers.setdefault(HEADER, PAGE_POLICY if is_page else DATA_POLICY)
        return response
