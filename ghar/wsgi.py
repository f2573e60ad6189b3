import os
import re
from typing import TYPE_CHECKING

import django
from django.core.handlers.wsgi import WSGIHandler
from django.http.response import HttpResponseBase

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

BOUNDARY = re.compile(r'boundary="?([^\s";]{1,70})', re.IGNORECASE)


class Handler(WSGIHandler):
    """Drops all parameters of a Content-Type but the boundary of a form.

    Django fails on malformed ones, and decodes the query string by the charset that is named there, which a
    client can choose at will.
    """

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> HttpResponseBase:
        media_type, _, parameters = environ.get("CONTENT_TYPE", "").partition(";")
        boundary = BOUNDARY.search(parameters)
        environ["CONTENT_TYPE"] = f"{media_type}; boundary={boundary[1]}" if boundary else media_type
        return super().__call__(environ, start_response)


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ghar.settings")
django.setup(set_prefix=False)
application = Handler()
