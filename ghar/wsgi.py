import os
import re
from collections.abc import Callable
from typing import Any

import django
from django.core.handlers.wsgi import WSGIHandler
from django.http.response import HttpResponseBase

BOUNDARY = re.compile(r'boundary="?([^\s";]{1,70})', re.IGNORECASE)


class Handler(WSGIHandler):
    """Takes of a Content-Type's parameters only the boundary.

    Django fails on odd ones, and would decode the query string by whatever charset a stranger names.
    """

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> HttpResponseBase:
        kind, _, parameters = environ.get("CONTENT_TYPE", "").partition(";")
        boundary = BOUNDARY.search(parameters)
        environ["CONTENT_TYPE"] = f"{kind}; boundary={boundary[1]}" if boundary else kind
        return super().__call__(environ, start_response)


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ghar.settings")
django.setup(set_prefix=False)
application = Handler()
