"""uvicorn, configured so that slow clients, and clients who do not speak HTTP, cannot hold it up."""

import resource
import socket
from asyncio import TimerHandle, Transport
from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from uvicorn import Config
from uvicorn import Server as UvicornServer
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ghar.guard import refusal_response
from ghar.streams.application import StreamApplication

BACKLOG = 2048
# A request that is no HTTP has no path. It is answered as below /api.
API_PATH = "/api/"
# The time that running requests have left when the server is told to stop.
GRACE_SECONDS = 1


class HTTPServer(UvicornServer):
    """Calls `announce` once it listens. On shutdown it ends the open streams and slow requests first."""

    def __init__(self, app: StreamApplication, announce: Callable[[], None]) -> None:
        self.app = app
        self.announce = announce
        super().__init__(uvicorn_config(app))

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.app.stop()
        await super().shutdown(sockets)


def uvicorn_config(app: StreamApplication) -> Config:
    # The limits are the guard's. uvicorn's limit_concurrency counts idle connections, too, and its 503 is
    # no problem+json.
    return Config(
        app,
        http=HTTPProtocol,
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


class HTTPProtocol(HttpToolsProtocol):
    """Closes a connection whose next request comes too slowly; answers malformed ones as the API does."""

    _head_timer: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # it is one
        super().connection_made(transport)
        self._start_head_timer()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # The connection is kept alive, so the next head may come, or may not.
        if self.cycle is not None and self.cycle.response_complete:
            self._start_head_timer()

    def on_headers_complete(self) -> None:
        self._stop_head_timer()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_head_timer()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        status, headers, body = refusal_response({"path": API_PATH, "headers": []}, "validation_error")
        lines = [
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}".encode(),
            *(b": ".join(pair) for pair in headers),
        ]
        self.transport.write(b"\r\n".join([*lines, b"connection: close", b"", body]))
        self.transport.close()

    def _start_head_timer(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(settings.REQUEST_BODY_SECONDS, self.transport.close)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


def create_listener(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises OSError when the address is taken, OverflowError for an odd port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    # The kernel drops a client who does not read the response. Only Linux has this option.
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        milliseconds = settings.REQUEST_BODY_SECONDS * 1000
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
    return listener


def raise_open_files_limit() -> None:
    """Let this process open as many connections as the system allows: the usual 1,024 are few for streams."""
    _, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard_limit, hard_limit))
