import os
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.db import OperationalError, connection, connections

from ghar.database.base import embedded_cluster
from ghar.management.base import DocumentedCommand
from ghar.migration_state import missing_migrations, refuse_if_from_before_release


class Command(DocumentedCommand):
    help = "Serve the site, the admin and the API in one process until SIGTERM or Ctrl-C."
    description = """Serve the site, the admin and the API in one process until SIGTERM or Ctrl-C.

Without DATABASE_URL it starts the embedded PostgreSQL, and stops it at the end. It logs one line of JSON per
request to stderr. Where strangers can reach it, set DEBUG=0, SECRET_KEY and PUBLIC_URL, and behind a proxy
GHAR_TRUSTED_PROXIES; then run `manage.py doctor`. docs/operations.md describes the settings.
"""
    epilog = """Exit code: 0 when it was stopped, 1 when it could not start.

Examples:
  python manage.py serve
  python manage.py serve --host 0.0.0.0 --port 80
"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
        parser.add_argument(
            "--port", type=int, default=settings.PORT, help="port to listen on (PORT, or 8000)"
        )

    def handle(self, *, host: str, port: int, **options: Any) -> None:
        listener = listen(host, port)
        self.reach_database()
        code = run_server(listener, lambda: self.announce(listener))
        exit_now(code)

    def reach_database(self) -> None:
        try:
            refuse_if_from_before_release(connection)
            self.check_migrations()
            if not missing_migrations():
                warn_of_time()
        except OperationalError as error:
            raise CommandError(f"The database does not answer: {error}") from error
        connections.close_all()

    def announce(self, listener: socket.socket) -> None:
        host, port = listener.getsockname()[:2]
        # A server that listens on all addresses is reached on the local one.
        local = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}
        site = f"http://{local.get(host, f'[{host}]' if ':' in host else host)}:{port}"
        self.stdout.write(f"Site   {site}/\nAdmin  {site}/admin/\nAPI    {site}/api/v1/\nStop with Ctrl-C.")
        self.stdout.flush()


# `ghar.server` and `ghar.asgi` load the whole application: `serve --help` does without them.


def warn_of_time() -> None:
    from ghar import health

    health.time_watch.look()


def listen(host: str, port: int) -> socket.socket:
    from ghar.server import create_listener

    try:
        return create_listener(host, port)
    except (OSError, OverflowError) as error:
        raise CommandError(
            f"Cannot listen on {host}:{port}: {error}. Choose another --port (or PORT)."
        ) from error


def run_server(listener: socket.socket, announce: Callable[[], None]) -> int:
    """Serve until a signal. Returns the exit code."""
    from ghar.asgi import application
    from ghar.server import HTTPServer, raise_open_files_limit

    raise_open_files_limit()
    server = HTTPServer(application, announce)
    # uvicorn raises the signal that stopped it once more.
    with suppress(KeyboardInterrupt, SystemExit):
        server.run(sockets=[listener])
    return 0 if server.started else 1


def exit_now(code: int) -> None:
    """End the process without Python's own shutdown.

    Python would wait for worker threads, and these may wait for the database, or for a loop that has ended.
    """
    embedded_cluster().release()
    os._exit(code)
