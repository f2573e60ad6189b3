"""Servers on the test database, and clients who listen to their events."""

import http.client
import json
import os
import socket
from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import quote

from django.db import connection

from ghar.tests.serving import ServerProcess


class HeardEvent(NamedTuple):
    id: int | None
    type: str
    data: dict | None

    @property
    def visit(self):
        return self.data["data"]["visit_id"], self.data["data"]["version"]


class Listener:
    """A client with one event stream open."""

    def __init__(self, served, token=None, last_id=None, query="", buffer=0, **headers):
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if last_id is not None:
            headers["Last-Event-ID"] = str(last_id)
        self.connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=20)
        self.connection.connect()
        if buffer:
            self.connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.connection.request("GET", f"/api/v1/events{query}", headers=headers)
        self.response = self.connection.getresponse()
        self.status = self.response.status
        self.last_id = last_id
        if self.status == 200:
            assert self.response.headers["Content-Type"] == "text/event-stream"
            assert self.read().type == "stream-open"

    def read(self):
        """Return the next event; None at the end of the stream. Raises TimeoutError after two keep-alives."""
        fields, quiet = {}, 0
        while line := self.response.readline():
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name:
                fields[name] = value
            elif fields["event"] != "keep-alive":
                return self.to_event(fields)
            elif (quiet := quiet + 1) == 2:
                raise TimeoutError
        return None

    def to_event(self, fields):
        self.last_id = int(fields["id"]) if "id" in fields else self.last_id
        data = fields.get("data")
        return HeardEvent(self.last_id, fields["event"], json.loads(data) if data else None)

    def take(self, count):
        return [self.read() for _ in range(count)]

    @property
    def problem(self):
        assert self.response.headers["Content-Type"] == "application/problem+json"
        body = json.loads(self.response.read())
        assert body["status"] == self.status
        return self.status, body["code"]

    def close(self):
        # http.client keeps the socket open as long as the response has no end.
        if self.connection.sock:
            self.connection.sock.shutdown(socket.SHUT_RDWR)
        self.response.close()
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


def database_url():
    """Return the URL of the test database."""
    database = connection.settings_dict
    return (
        f"postgresql://{quote(database['USER'])}:{quote(database['PASSWORD'])}@/{quote(database['NAME'])}"
        f"?host={quote(database['HOST'], safe='')}&port={database['PORT']}"
    )


@contextmanager
def serving(name, **env):
    """Run a server on the test database; `name` is the application_name of its connections there."""
    served = ServerProcess(os.environ | {"DATABASE_URL": database_url(), "PGAPPNAME": name} | env)
    served.name = name
    try:
        yield served
    finally:
        if served.popen.poll() is None:
            served.stop()
