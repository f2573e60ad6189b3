import os
import socket
from argparse import RawDescriptionHelpFormatter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, connection, connections

from ghar.database.base import embedded
from ghar.migration_state import refuse_if_from_before_release

DESCRIPTION = """Serve the site, the admin and the API in one process until SIGTERM or Ctrl-C.

Without DATABASE_URL it starts the embedded PostgreSQL and stops it again. It writes a line of JSON per
request to stderr. Where strangers can reach it set DEBUG=0, SECRET_KEY and PUBLIC_URL, and behind a proxy
GHAR_TRUSTED_PROXIES; then `manage.py doctor` says whether all is well. docs/operations.md has the settings.
"""
EPILOG = """Exit code: 0 when it was stopped, 1 when it could not start.

Examples:
  python manage.py serve
  python manage.py serve --host 0.0.0.0 --port 80
"""


class Command(BaseCommand):
    help = "Serve the site, the admin and the API in one process until SIGTERM or Ctrl-C."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs |= {"formatter_class": RawDescriptionHelpFormatter, "epilog": EPILOG}
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.description = DESCRIPTION
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="Address to listen on (127.0.0.1).")
        parser.add_argument(
            "--port", type=int, default=settings.PORT, help="Port to listen on (PORT, or 8000)."
        )

    def handle(self, *, host: str, port: int, **options: Any) -> None:
        listener = listening(host, port)
        self.reach_database()
        code = serve(listener, lambda: self.announce(listener))
        leave(code)

    def reach_database(self) -> None:
        try:
            refuse_if_from_before_release(connection)
            self.check_migrations()
        except OperationalError as error:
            raise CommandError(f"The database does not answer: {error}") from error
        connections.close_all()

    def announce(self, listener: socket.socket) -> None:
        host, port = listener.getsockname()[:2]
        shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
        site = f"http://{shown}:{port}"
        self.stdout.write(f"Site   {site}/\nAdmin  {site}/admin/\nAPI    {site}/api/v1/\nStop with Ctrl-C.")
        self.stdout.flush()


def listening(host: str, port: int) -> socket.socket:
    from ghar.server import listen

    try:
        return listen(host, port)
    except (OSError, OverflowError) as error:
        raise CommandError(
            f"Cannot listen on {host}:{port}: {error}. Choose another --port (or PORT)."
        ) from error


def serve(listener: socket.socket, announce: Callable[[], None]) -> int:
    from ghar.asgi import application
    from ghar.server import Server, allow_many_connections

    allow_many_connections()
    server = Server(application, announce)
    # uvicorn repeats the signal that stopped it.
    with suppress(KeyboardInterrupt, SystemExit):
        server.run(sockets=[listener])
    return 0 if server.started else 1


def leave(code: int) -> None:
    """End now: Python would wait for threads that wait for the database or for a loop that has ended."""
    embedded().release()
    os._exit(code)
