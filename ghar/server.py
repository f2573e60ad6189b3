"""uvicorn, with an end to its patience with clients."""

import resource
import socket
from asyncio import TimerHandle, Transport
from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from uvicorn import Config
from uvicorn import Server as UvicornServer
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ghar.guard import refusal
from ghar.streams.application import Streams

BACKLOG = 2048
API = "/api/"
# For those at work when the server is told to stop.
GRACE_SECONDS = 1


class Server(UvicornServer):
    def __init__(self, app: Streams, announce: Callable[[], None]) -> None:
        self.app = app
        self.announce = announce
        super().__init__(configuration(app))

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.app.stop()
        await super().shutdown(sockets)


def configuration(app: Streams) -> Config:
    # Not its limit_concurrency: that one counts idle connections too, and its 503 is no problem+json.
    return Config(
        app,
        http=Protocol,
        loop="uvloop",
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.TRUSTED_PROXIES),
        forwarded_allow_ips=settings.TRUSTED_PROXIES,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


class Protocol(HttpToolsProtocol):
    """Gives a client so long to send the head of a request, and answers what is no HTTP as the API does."""

    _clock: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start_clock()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.cycle is not None and self.cycle.response_complete:
            self._start_clock()

    def on_headers_complete(self) -> None:
        self._stop_clock()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_clock()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        status, headers, body = refusal({"path": API, "headers": []}, "validation_error")
        lines = [
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}".encode(),
            *(b": ".join(pair) for pair in headers),
        ]
        self.transport.write(b"\r\n".join([*lines, b"connection: close", b"", body]))
        self.transport.close()

    def _start_clock(self) -> None:
        if self._clock is None:
            self._clock = self.loop.call_later(settings.REQUEST_BODY_SECONDS, self.transport.close)

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; OSError when the address is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    # The kernel drops who does not read his answer; only Linux knows how.
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        patience = settings.REQUEST_BODY_SECONDS * 1000
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, patience)
    return listener


def allow_many_connections() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
