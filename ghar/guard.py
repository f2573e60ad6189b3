"""What stands in front of Django and takes in a whole request, within limits, before a thread works on it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any
from urllib.parse import quote_from_bytes

from ghar.api.errors import DETAILS, PROBLEM_TYPE, STATUSES, default_headers, problem_body
from ghar.api.middleware import is_api, request_id
from ghar.logs import access

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Any, Any, Any], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

# The server takes these from proxies that it trusts, and then they have had their effect; "proxy" would
# become the environment's HTTP_PROXY.
CLAIMS = (b"x-forwarded-", b"forwarded", b"x-real-ip", b"proxy")
# What the guard settles itself.
SETTLED = {b"content-length", b"transfer-encoding", b"cookie"}
URL_BYTES = bytes(range(0x21, 0x7F))


class Refusal(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Disconnected(Exception):
    """The client left before its request was complete: nobody may act on half of it."""


class Guard:
    """Wraps an application whose threads must not wait for clients.

    At most `max_reading` bodies are taken in at a time: one more, and the one that has lasted longest is
    refused, so that clients who stall are in nobody's way. At most `max_running` requests are at work.
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
        self._reading: dict[asyncio.Timeout, None] = {}
        self._running = 0
        self._stopping = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            body = await self._body(scope["headers"], receive)
            with self._at_work():
                await self.app(clean(scope, len(body)), replay(body, receive), send)
        except Refusal as refusal:
            await self._refuse(refusal.code, scope, receive, send)
        except Disconnected:
            return

    def stop(self) -> None:
        """Refuse all whose bodies have not come in yet: the server is going."""
        self._stopping = True
        for limit in list(self._reading):
            self._expire(limit)

    async def _body(self, headers: Headers, receive: Receive) -> bytes:
        length = declared_length(headers)
        if length == 0:
            return b""
        if length is not None and length > self.max_body:
            raise Refusal("payload_too_large")
        try:
            async with self._patience():
                return await self._read(receive)
        except TimeoutError:
            raise Refusal("unavailable" if self._stopping else "request_timeout") from None

    async def _read(self, receive: Receive) -> bytes:
        body = bytearray()
        async for chunk in chunks(receive):
            body += chunk
            if len(body) > self.max_body:
                raise Refusal("payload_too_large")
        return bytes(body)

    @asynccontextmanager
    async def _patience(self) -> AsyncIterator[None]:
        """TimeoutError when it lasts too long, and earlier when others need the place."""
        async with asyncio.timeout(self.body_seconds) as limit:
            self._reading[limit] = None
            if len(self._reading) > self.max_reading:
                self._expire(next(iter(self._reading)))
            try:
                yield
            finally:
                self._reading.pop(limit, None)

    def _expire(self, limit: asyncio.Timeout) -> None:
        del self._reading[limit]
        if not limit.expired():
            limit.reschedule(asyncio.get_running_loop().time())

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        if self._running >= self.max_running:
            raise Refusal("unavailable")
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1

    async def _refuse(self, code: str, scope: Scope, receive: Receive, send: Send) -> None:
        too_large = code == "payload_too_large"
        # Who waits for leave to send the body may keep it, and the connection is of no more use.
        more_comes = too_large and not expects_continue(scope["headers"])
        status, headers, body = refusal(scope, code)
        if not more_comes:
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": True})
        if more_comes:
            await self._discard(receive)
        await send({"type": "http.response.body", "body": b""})

    async def _discard(self, receive: Receive) -> None:
        """Take the rest from a client who still sends: if closed on, he would see a reset and no answer."""
        with suppress(TimeoutError, Disconnected):
            async with self._patience():
                async for _ in chunks(receive):
                    pass


async def chunks(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        yield message.get("body", b"")
        more = message.get("more_body", False)


def replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the body in one piece, and then what still comes."""
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return first.pop() if first else await receive()

    return replayed


def declared_length(headers: Headers) -> int | None:
    """0 without a body; None when its length shows only at its end."""
    named = dict(headers)
    return None if b"transfer-encoding" in named else int(named.get(b"content-length", b"0"))


def expects_continue(headers: Headers) -> bool:
    return any(name == b"expect" and value.lower() == b"100-continue" for name, value in headers)


def clean(scope: Scope, length: int) -> Scope:
    """The scope as WSGI can stand it.

    It takes "_" for "-", joins what comes twice by commas (wrong for cookies), knows no chunks, and reads the
    query as ASCII.
    """
    headers = [(name, value) for name, value in scope["headers"] if name not in SETTLED and passes(name)]
    headers.append((b"content-length", str(length).encode()))
    if cookies := [value for name, value in scope["headers"] if name == b"cookie"]:
        headers.append((b"cookie", b"; ".join(cookies)))
    query = scope["query_string"]
    return {
        **scope,
        "headers": headers,
        "query_string": query if query.isascii() else quote_from_bytes(query, URL_BYTES).encode(),
    }


def passes(name: bytes) -> bool:
    return b"_" not in name and not name.startswith(CLAIMS)


def refusal(scope: Scope, code: str) -> tuple[int, Headers, bytes]:
    status, detail = STATUSES[code], DETAILS[code]
    text, kind = detail, "text/plain; charset=utf-8"
    if is_api(scope["path"]):
        text, kind = json.dumps(problem_body(status, code, detail)), PROBLEM_TYPE
    body = text.encode()
    id_ = request_id(dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1"))
    fields = {"method": scope.get("method", "-"), "route": "-", "status": status, "request_id": id_}
    access.info("%s at the door", code, extra={"fields": fields})
    headers = {
        "content-type": kind,
        "content-length": str(len(body)),
        "x-request-id": id_,
        **default_headers(status),
    }
    return status, [(name.lower().encode(), value.encode()) for name, value in headers.items()], body
