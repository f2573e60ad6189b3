"""`manage.py serve` as a process of its own, and plain HTTP to it."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager

from django.conf import settings

from ghar.testing import PASSWORD

MANAGE = str(settings.BASE_DIR / "manage.py")


def private_env(data_dir, **env):
    """Return the environment of a process with an embedded database of its own."""
    inherited = {name: value for name, value in os.environ.items() if name != "PGOPTIONS"}
    return {**inherited, "DATABASE_URL": "", "GHAR_DATA_DIR": str(data_dir), **env}


def copy_data_dir(made, copy):
    """Copy a data directory whose database is stopped, with owners and modes; return the copy."""
    subprocess.run(["cp", "-a", made, copy], check=True)
    return copy


def run_manage(env, *arguments):
    """Run a command to its end, and fail with it."""
    subprocess.run([sys.executable, MANAGE, *arguments], env=env, check=True, stdout=subprocess.DEVNULL)


def signup_body(name):
    return {"full_name": name, "email": f"{name.lower()}@example.com", "password": PASSWORD}


class ServerProcess:
    """A running server on a port of its own."""

    def __init__(self, env, *arguments):
        command = [sys.executable, MANAGE, "serve", "--port", "0", *arguments]
        self.popen = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
        addresses = (re.search(r"http://127\.0\.0\.1:(\d+)", line) for line in self.popen.stdout)
        self.port = int(next(filter(None, addresses))[1])

    def request(self, method, path, body=None, chunked=False, **headers):
        """Return the status and the body of the response, decoded if it is JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Content-Type": "application/json", **headers}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        connection.request(method, path, iter([body]) if chunked else body, headers, encode_chunked=chunked)
        response = connection.getresponse()
        text = response.read()
        connection.close()
        content_type = response.headers.get("Content-Type", "")
        return response.status, json.loads(text) if "json" in content_type else text

    def send(self, data):
        """Return a connection on which no more than `data` has been sent."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        connection.sendall(data)
        return connection

    def stop(self, number=signal.SIGTERM):
        """Stop the server by a signal, and return its exit code."""
        self.popen.send_signal(number)
        self.popen.communicate(timeout=10)
        return self.popen.returncode


@contextmanager
def serving(env):
    served = ServerProcess(env)
    try:
        yield served
        if served.popen.poll() is None:
            served.stop()
    finally:
        served.popen.kill()
