"""The event stream below Django, which lets a client in and gives him what he missed.

A request for the stream goes the way of every other, with an `Opening` in its scope. The view accepts it, and
once the view's answer has been sent, that answer is kept open and fed from the hub.
"""

import asyncio
from collections import Counter
from threading import Lock
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from ghar.errors import DomainError
from ghar.guard import Guard, Message, Receive, Scope, Send
from ghar.streams.hub import Hub, Stream

PATHS = {"/api/v1/events", "/api/v1/events/"}
KEY = "ghar.opening"


class Unavailable(DomainError):
    code = "unavailable"


class TooMany(DomainError):
    code = "throttled"


class StreamLimits:
    """How many streams are open or being opened, by user."""

    def __init__(self) -> None:
        self._taken: Counter[int] = Counter()
        self._lock = Lock()

    def take(self, user_id: int) -> None:
        with self._lock:
            if self._taken.total() >= settings.STREAMS:
                raise Unavailable("This server has as many event streams as it can take: try again soon.")
            if self._taken[user_id] >= settings.STREAMS_PER_USER:
                raise TooMany(f"You have {settings.STREAMS_PER_USER} event streams open: close one first.")
            self._taken[user_id] += 1

    def release(self, user_id: int) -> None:
        with self._lock:
            self._taken[user_id] -= 1
            self._taken += Counter()  # forgets who has none


class StreamHandshake:
    """What a view is given to open a stream with."""

    def __init__(self, hub: Hub, places: StreamLimits) -> None:
        self.stream: Stream | None = None
        self._hub = hub
        self._places = places
        self._user_id: int | None = None

    def admit(self, user_id: int) -> int:
        """Take a place for him; where the outbox ends now. Raises TooMany and Unavailable."""
        if self._hub.position is None or self._hub.is_closing:
            raise Unavailable("The event stream is not available for the moment: try again soon.")
        self._places.take(user_id)
        self._user_id = user_id
        return self._hub.position

    def accept(self, stream: Stream) -> None:
        self.stream = stream

    def end(self) -> None:
        if self._user_id is not None:
            self._places.release(self._user_id)


def handshake_of(request: HttpRequest) -> StreamHandshake | None:
    """None under a server that keeps no streams open."""
    scope: dict[str, Any] = request.META.get("asgi.scope", {})
    return scope.get(KEY)


class Streams:
    def __init__(self, app: Guard, hub: Hub) -> None:
        self.app = app
        self.hub = hub
        self.places = StreamLimits()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http" and scope["method"] == "GET" and scope["path"] in PATHS:
            await self._answer(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def stop(self) -> None:
        self.hub.close_streams()
        self.app.stop()

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await self.hub.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.hub.stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        opening = StreamHandshake(self.hub, self.places)

        async def unfinished(message: Message) -> None:
            more = {"more_body": True} if opening.stream and message["type"] == "http.response.body" else {}
            await send({**message, **more})

        try:
            await self.app({**scope, KEY: opening}, receive, unfinished)
            if opening.stream:
                await self._feed(opening.stream, receive, send)
        finally:
            opening.end()

    async def _feed(self, stream: Stream, receive: Receive, send: Send) -> None:
        gone = asyncio.create_task(disconnection(receive))
        gone.add_done_callback(lambda _: stream.close())
        self.hub.subscribe(stream)
        try:
            async for body in stream.bodies():
                await send({"type": "http.response.body", "body": body, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            self.hub.unsubscribe(stream)
            gone.cancel()


async def disconnection(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
