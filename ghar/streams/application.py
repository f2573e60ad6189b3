"""The ASGI application of the event stream, around the guard and Django.

A request for the stream takes the way of every other request to a view, with a `StreamHandshake` in its
scope. The view authenticates the user, sends what they missed, and accepts the stream. Then the response is
not ended but kept open here and fed by the hub, so an open stream costs a coroutine and no thread.
"""

import asyncio
from collections import Counter
from threading import Lock
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from ghar.errors import DomainError
from ghar.guard import ASGIMessage, Guard, Receive, Scope, Send
from ghar.streams.hub import Hub, Stream

STREAM_PATHS = {"/api/v1/events", "/api/v1/events/"}
HANDSHAKE_KEY = "ghar.stream_handshake"


class StreamUnavailable(DomainError):
    """The server cannot open a stream now. The contract's 503."""

    code = "unavailable"


class TooManyStreams(DomainError):
    """The user has as many open streams as one user may. The contract's 429."""

    code = "throttled"


class StreamLimits:
    """Counts the streams that are open or being opened, in all and by user. Used by several threads."""

    def __init__(self) -> None:
        self._open: Counter[int] = Counter()
        self._lock = Lock()

    def take(self, user_id: int) -> None:
        """Count one more stream of the user. Raises StreamUnavailable or TooManyStreams."""
        with self._lock:
            if self._open.total() >= settings.STREAMS:
                raise StreamUnavailable(
                    _("This server has as many event streams as it can take. Try again soon.")
                )
            if self._open[user_id] >= settings.STREAMS_PER_USER:
                raise TooManyStreams(
                    _("You have %(count)s event streams open. Close one first.")
                    % {"count": settings.STREAMS_PER_USER}
                )
            self._open[user_id] += 1

    def release(self, user_id: int) -> None:
        """Count one stream of the user less."""
        with self._lock:
            self._open[user_id] -= 1
            # Adding an empty counter drops the users whose count is 0.
            self._open += Counter()


class StreamHandshake:
    """The view's means to open a stream: `reserve` first, then `accept`."""

    def __init__(self, hub: Hub, limits: StreamLimits) -> None:
        self.stream: Stream | None = None
        self._hub = hub
        self._limits = limits
        self._user_id: int | None = None

    def reserve(self, user_id: int) -> int:
        """Count the stream against the limits; return the `seq` up to which the hub has read the outbox.

        Raises StreamUnavailable or TooManyStreams.
        """
        if self._hub.position is None or self._hub.is_closing:
            raise StreamUnavailable(_("The event stream is not available for the moment. Try again soon."))
        self._limits.take(user_id)
        self._user_id = user_id
        return self._hub.position

    def accept(self, stream: Stream) -> None:
        """Keep the response open, and feed it with this stream."""
        self.stream = stream

    def release(self) -> None:
        """Give the reservation back, if there was one."""
        if self._user_id is not None:
            self._limits.release(self._user_id)


def handshake_of(request: HttpRequest) -> StreamHandshake | None:
    """Return the request's handshake; None under a server that keeps no streams open, such as runserver."""
    scope: dict[str, Any] = request.META.get("asgi.scope", {})
    return scope.get(HANDSHAKE_KEY)


class StreamApplication:
    """ASGI application: runs the hub, serves the event stream, and passes all other requests on."""

    def __init__(self, app: Guard, hub: Hub) -> None:
        self.app = app
        self.hub = hub
        self.limits = StreamLimits()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._run_lifespan(receive, send)
        elif scope["type"] == "http" and scope["method"] == "GET" and scope["path"] in STREAM_PATHS:
            await self._serve_stream(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def stop(self) -> None:
        """End all streams and refuse requests that have not arrived yet: the server stops."""
        self.hub.close_streams()
        self.app.stop()

    async def _run_lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        await self.hub.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.hub.stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _serve_stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        handshake = StreamHandshake(self.hub, self.limits)

        async def send_unfinished(message: ASGIMessage) -> None:
            # The view has accepted the stream before its response is sent: what it sends is not the end.
            if handshake.stream and message["type"] == "http.response.body":
                message = {**message, "more_body": True}
            await send(message)

        try:
            await self.app({**scope, HANDSHAKE_KEY: handshake}, receive, send_unfinished)
            if handshake.stream:
                await self._feed(handshake.stream, receive, send)
        finally:
            handshake.release()

    async def _feed(self, stream: Stream, receive: Receive, send: Send) -> None:
        disconnected = asyncio.create_task(wait_for_disconnect(receive))
        disconnected.add_done_callback(lambda _task: stream.close())
        self.hub.subscribe(stream)
        try:
            async for body in stream.bodies():
                await send({"type": "http.response.body", "body": body, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            self.hub.unsubscribe(stream)
            disconnected.cancel()


async def wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
