"""The application as a server sees it: Django in a pool of threads, behind the guard, and event streams."""

from typing import Any

from a2wsgi import WSGIMiddleware
from django.conf import settings

from ghar import wsgi
from ghar.guard import Guard
from ghar.streams.application import Streams
from ghar.streams.hub import hub

django: Any = wsgi.application
# What waits to be sent has no limit: a thread must not wait for a client who does not read.
guard = Guard(
    WSGIMiddleware(django, workers=settings.THREADS, send_queue_size=0),
    max_body=settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
    body_seconds=settings.REQUEST_BODY_SECONDS,
)
application = Streams(guard, hub)
