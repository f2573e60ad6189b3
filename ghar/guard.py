"""The ASGI guard in front of Django: it reads a whole request, within limits, before a thread works on it.

Django runs in a pool of a few threads. A client who sends a body slowly would hold one of them; here it
costs a coroutine. Everything that the guard refuses is a problem+json below /api, as Django would answer.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any
from urllib.parse import quote_from_bytes

from ghar.api.errors import DETAILS, PROBLEM_TYPE, STATUSES, default_headers, problem_body
from ghar.api.middleware import is_api, request_id
from ghar.logs import access_log

# The types of ASGI. Its messages and scopes are dicts whose values depend on the kind.
ASGIMessage = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[ASGIMessage]]
Send = Callable[[ASGIMessage], Awaitable[None]]
Application = Callable[[Any, Any, Any], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

# uvicorn has applied these by now if they come from a trusted proxy; from others nobody may believe them.
# In WSGI a header "Proxy" would become HTTP_PROXY, which HTTP clients obey.
PROXY_HEADERS = (b"x-forwarded-", b"forwarded", b"x-real-ip", b"proxy")
# `wsgi_scope` sets these anew.
REPLACED_HEADERS = {b"content-length", b"transfer-encoding", b"cookie"}
URL_BYTES = bytes(range(0x21, 0x7F))


class Refusal(Exception):
    """The guard refuses the request, with a code of the contract."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Disconnected(Exception):
    """The client left before its request was complete. Nothing may act on half a request."""


class Guard:
    """ASGI application that hands complete requests to another one, whose threads must not wait for clients.

    It reads at most `max_reading` bodies at a time. When one more comes, it refuses the one that has taken
    longest, so clients who stall keep nobody out. At most `max_running` requests are with the application.
    """

    def __init__(
        self,
        app: Application,
        *,
        max_body: int,
        body_seconds: float,
        max_reading: int = 256,
        max_running: int = 1000,
    ) -> None:
        self.app = app
        self.max_body = max_body
        self.body_seconds = body_seconds
        self.max_reading = max_reading
        self.max_running = max_running
        # The deadlines of the bodies being read, oldest first: a dict keeps the order and removes cheaply.
        self._deadlines: dict[asyncio.Timeout, None] = {}
        self._running = 0
        self._stopping = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            body = await self._read_body(scope["headers"], receive)
            with self._running_slot():
                await self.app(wsgi_scope(scope, len(body)), replay_body(body, receive), send)
        except Refusal as refusal:
            await self._refuse(refusal.code, scope, receive, send)
        except Disconnected:
            return

    def stop(self) -> None:
        """Refuse every request whose body has not arrived yet: the server stops."""
        self._stopping = True
        for deadline in list(self._deadlines):
            self._expire(deadline)

    async def _read_body(self, headers: Headers, receive: Receive) -> bytes:
        length = declared_length(headers)
        if length == 0:
            return b""
        if length is not None and length > self.max_body:
            raise Refusal("payload_too_large")
        body = bytearray()
        try:
            async with self._reading():
                async for chunk in body_chunks(receive):
                    body += chunk
                    if len(body) > self.max_body:
                        raise Refusal("payload_too_large")
        except TimeoutError:
            raise Refusal("unavailable" if self._stopping else "request_timeout") from None
        return bytes(body)

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[None]:
        """Raise TimeoutError inside the block after `body_seconds`, or earlier when others need the place."""
        async with asyncio.timeout(self.body_seconds) as deadline:
            self._deadlines[deadline] = None
            if len(self._deadlines) > self.max_reading:
                self._expire(next(iter(self._deadlines)))
            try:
                yield
            finally:
                self._deadlines.pop(deadline, None)

    def _expire(self, deadline: asyncio.Timeout) -> None:
        del self._deadlines[deadline]
        # A deadline that has passed by itself cannot be moved any more.
        if not deadline.expired():
            deadline.reschedule(asyncio.get_running_loop().time())

    @contextmanager
    def _running_slot(self) -> Iterator[None]:
        if self._running >= self.max_running:
            raise Refusal("unavailable")
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1

    async def _refuse(self, code: str, scope: Scope, receive: Receive, send: Send) -> None:
        # A client who has announced too much and waits for "100 Continue" never sends it. Every other one
        # is still sending: if the server closed on it, it would see a reset instead of the answer. So the
        # answer is begun, the rest of the body read and thrown away, and then the answer ended.
        keeps_sending = code == "payload_too_large" and not expects_continue(scope["headers"])
        status, headers, body = refusal_response(scope, code)
        if not keeps_sending:
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": True})
        if keeps_sending:
            with suppress(TimeoutError, Disconnected):
                async with self._reading():
                    async for _ in body_chunks(receive):
                        pass
        await send({"type": "http.response.body", "body": b""})


async def body_chunks(receive: Receive) -> AsyncIterator[bytes]:
    """Yield the parts of a request's body. Raises Disconnected when the client leaves before the end."""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        yield message.get("body", b"")
        more = message.get("more_body", False)


def replay_body(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives the body in one piece first, and then what `receive` gives."""
    first: list[ASGIMessage] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_body_first() -> ASGIMessage:
        return first.pop() if first else await receive()

    return receive_body_first


def declared_length(headers: Headers) -> int | None:
    """Return the length of the body: 0 when there is none, None for chunks, whose length shows at the end."""
    by_name = dict(headers)
    return None if b"transfer-encoding" in by_name else int(by_name.get(b"content-length", b"0"))


def expects_continue(headers: Headers) -> bool:
    return any(name == b"expect" and value.lower() == b"100-continue" for name, value in headers)


def wsgi_scope(scope: Scope, length: int) -> Scope:
    """Return the scope of a request as WSGI can represent it.

    WSGI turns "-" of a header's name into "_", so a forged X_Forwarded_For would pass for the real one; it
    joins repeated headers with commas, which is wrong for cookies; it knows no chunks; and it reads the
    query string as ASCII.
    """
    headers = [
        (name, value)
        for name, value in scope["headers"]
        if name not in REPLACED_HEADERS and b"_" not in name and not name.startswith(PROXY_HEADERS)
    ]
    headers.append((b"content-length", str(length).encode()))
    if cookies := [value for name, value in scope["headers"] if name == b"cookie"]:
        headers.append((b"cookie", b"; ".join(cookies)))
    query = scope["query_string"]
    return {
        **scope,
        "headers": headers,
        "query_string": query if query.isascii() else quote_from_bytes(query, URL_BYTES).encode(),
    }


def refusal_response(scope: Scope, code: str) -> tuple[int, Headers, bytes]:
    """Return status, headers and body of a refusal, and log it: Django's access log does not see it.

    The body is a problem+json below /api and plain text elsewhere.
    """
    status, detail = STATUSES[code], str(DETAILS[code])
    text, content_type = detail, "text/plain; charset=utf-8"
    if is_api(scope["path"]):
        text, content_type = json.dumps(problem_body(status, code, detail)), PROBLEM_TYPE
    body = text.encode()
    id_ = request_id(dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1"))
    fields = {"method": scope.get("method", "-"), "route": "-", "status": status, "request_id": id_}
    access_log.info("%s before Django", code, extra={"fields": fields})
    headers = {
        "content-type": content_type,
        "content-length": str(len(body)),
        "x-request-id": id_,
        **default_headers(status),
    }
    return status, [(name.lower().encode(), value.encode()) for name, value in headers.items()], body
