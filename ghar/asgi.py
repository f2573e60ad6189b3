"""The application that the server runs: event streams, and Django in a pool of threads behind the guard."""

from typing import Any

from a2wsgi import WSGIMiddleware
from django.conf import settings

from ghar import wsgi
from ghar.guard import Guard
from ghar.streams.application import StreamApplication
from ghar.streams.hub import hub

# Any: a2wsgi and Django type the same WSGI callable differently.
django: Any = wsgi.application
guard = Guard(
    # A size of 0 is no limit: a thread must not wait for a client who does not read. The kernel's
    # TCP_USER_TIMEOUT ends such clients (see ghar.server).
    WSGIMiddleware(django, workers=settings.THREADS, send_queue_size=0),
    max_body=settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
    body_seconds=settings.REQUEST_BODY_SECONDS,
)
application = StreamApplication(guard, hub)
