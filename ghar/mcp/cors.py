"""Pages of any origin may talk to the MCP servers and to the OAuth endpoints that assistants call."""

import re

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from ghar.logs import GetResponse

# Not /authorize: browsers open it, with the session's cookie, and scripts have no business there.
OPEN_PATHS = re.compile(r"/(mcp|mcp-admin)/?|/(token|register|revoke)|/\.well-known/.*", re.DOTALL)
HEADERS = {
    # Any origin, since nothing here depends on a cookie: browsers send none along with a *.
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": (
        "WWW-Authenticate, Mcp-Session-Id, MCP-Protocol-Version, Retry-After, X-Request-ID"
    ),
}
PREFLIGHT_HEADERS = {
    "Access-Control-Allow-Methods": "GET, POST, DELETE, OPTIONS",
    # The * stands for all others, such as Mcp-Param-…, but never for Authorization.
    "Access-Control-Allow-Headers": (
        "Authorization, Content-Type, Accept, Last-Event-ID, MCP-Protocol-Version, Mcp-Session-Id,"
        " Mcp-Method, Mcp-Name, X-Request-ID, *"
    ),
    "Access-Control-Max-Age": "86400",
}


class OpenToEveryOrigin:
    """Middleware that answers preflights of these paths, and lets scripts read all their responses."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not OPEN_PATHS.fullmatch(request.path_info):
            return self.get_response(request)
        if request.method == "OPTIONS":
            return HttpResponse(status=204, headers={**HEADERS, **PREFLIGHT_HEADERS})
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.headers[name] = value
        return response
