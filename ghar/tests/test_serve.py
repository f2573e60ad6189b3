"""`manage.py serve` as its own process: clients who stall, stopping, and what survives."""

import http.client
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from ghar.database.cluster import Cluster

MANAGE = str(Path(__file__).resolve().parents[2] / "manage.py")
SIGNUP = "/api/v1/auth/signup"
STALLED = (
    b"POST /api/v1/auth/signup HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    b'Content-Length: 100\r\n\r\n{"full_name":'
)


class Served:
    """A running server and plain HTTP to it."""

    def __init__(self, env, *arguments):
        command = [sys.executable, MANAGE, "serve", "--port", "0", *arguments]
        self.popen = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
        addresses = (re.search(r"http://127\.0\.0\.1:(\d+)", line) for line in self.popen.stdout)
        self.port = int(next(filter(None, addresses))[1])

    def request(self, method, path, body=None, chunked=False, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Content-Type": "application/json", **headers}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        connection.request(method, path, iter([body]) if chunked else body, headers, encode_chunked=chunked)
        response = connection.getresponse()
        text = response.read()
        connection.close()
        kind = response.headers.get("Content-Type", "")
        return response.status, json.loads(text) if "json" in kind else text

    def send(self, data):
        """A connection on which no more than `data` is sent."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        connection.sendall(data)
        return connection

    def stop(self, number=signal.SIGTERM):
        self.popen.send_signal(number)
        self.popen.communicate(timeout=10)
        return self.popen.returncode


def answer_to(connection):
    """The status and the problem that came on a connection which the server then closes."""
    response = http.client.HTTPResponse(connection)
    response.begin()
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = json.loads(response.read())
    assert connection.recv(1) == b""
    return response.status, problem["code"]


def deaf_client(served):
    """One who asks for much and reads none of it."""
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.connect(("127.0.0.1", served.port))
    deaf.sendall(b"GET /static/admin/js/vendor/jquery/jquery.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 40)
    return deaf


def person(name):
    return {"full_name": name, "email": f"{name.lower()}@example.com", "password": "correct horse 9"}


def server_pid(env):
    return int(Path(env["GHAR_DATA_DIR"], "postgres/data/postmaster.pid").read_text().split()[0])


@pytest.fixture(scope="module")
def env(tmp_path_factory):
    env = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "PGOPTIONS"}}
    env |= {
        "GHAR_DATA_DIR": str(tmp_path_factory.mktemp("served")),
        # One thread: whoever could hold it would stop everybody.
        "GHAR_THREADS": "1",
        "GHAR_REQUEST_BODY_SECONDS": "60",
    }
    subprocess.run([sys.executable, MANAGE, "migrate", "-v0"], env=env, check=True)
    return env


@contextmanager
def serving(env, **changes):
    served = Served(env | changes)
    try:
        yield served
        if served.popen.poll() is None:
            served.stop()
    finally:
        served.popen.kill()


@pytest.fixture(scope="module")
def served(env):
    with serving(env) as served:
        yield served


@pytest.fixture(scope="module")
def hasty(env):
    """One that waits a second for what a client has to send."""
    with serving(env, GHAR_REQUEST_BODY_SECONDS="1") as served:
        yield served


def test_it_is_up_and_ready(served):
    assert served.request("GET", "/healthz") == (200, {"status": "ok"})
    assert served.request("GET", "/readyz") == (200, {"status": "ok"})


def test_stalled_clients_stop_nobody(served):
    heads = [served.send(b"POST /api/v1/visits HTTP/1.1\r\nHost:") for _ in range(20)]
    bodies = [served.send(STALLED) for _ in range(20)]
    assert served.request("GET", "/readyz") == (200, {"status": "ok"})
    assert served.request("POST", SIGNUP, {})[0] == 400
    assert select.select(heads + bodies, [], [], 0) == ([], [], [])
    for connection in heads + bodies:
        connection.close()


def test_a_client_who_does_not_read_stops_nobody(served):
    deaf = deaf_client(served)
    # His answers and these take turns until nothing more of his fits into the kernel's buffers.
    for _ in range(40):
        assert served.request("GET", "/healthz") == (200, {"status": "ok"})
    deaf.close()


def test_a_slow_body_is_a_problem_and_a_slow_head_ends(hasty):
    body, head, nothing = hasty.send(STALLED), hasty.send(b"GET /healthz HTTP/1.1\r\n"), hasty.send(b"")
    assert answer_to(body) == (408, "request_timeout")
    assert head.recv(1) == b""
    assert nothing.recv(1) == b""


def test_a_body_too_large_is_a_problem_even_to_who_sends_it_all(served):
    status, problem = served.request("POST", SIGNUP, b"x" * 3_000_000, Connection="close")
    assert (status, problem["code"]) == (413, "payload_too_large")
    status, problem = served.request("POST", SIGNUP, b"x" * 3_000_000, chunked=True)
    assert (status, problem["code"]) == (413, "payload_too_large")


@pytest.mark.parametrize("name", ["Cut", "Chunkcut"])
def test_a_truncated_body_changes_nothing_and_a_chunked_one_arrives(served, name):
    body = json.dumps(person(name)).encode()
    head = f"POST {SIGNUP} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    framed = f"Content-Length: {len(body) + 1}\r\n\r\n".encode() + body
    if name == "Chunkcut":
        framed = f"Transfer-Encoding: chunked\r\n\r\n{len(body):x}\r\n".encode() + body + b"\r\n"
    served.send(head.encode() + framed).close()
    # The server has seen the end now. Had it taken this for complete, its one thread would come to it first.
    assert served.request("GET", "/healthz")[0] == 200
    status, signed_up = served.request("POST", SIGNUP, person(name), chunked=True)
    assert status == 201
    assert signed_up["user"]["full_name"] == name


@pytest.mark.parametrize(
    "request_",
    [
        b"\x00\xff\r\n\r\n",
        b"GET /api/v1/visits\x01 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /api/v1/visits\xe0 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"BREW /api/v1/visits HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /api/v1/visits HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET /api/v1/visits HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
def test_what_is_no_http_is_a_problem(served, request_):
    assert answer_to(served.send(request_)) == (400, "validation_error")


@pytest.mark.parametrize(
    "path", ["/api/v1/auth/login?q=\xff\xfe", "/api/v1/%00%ff", "//api", "/static/%00", "/%"]
)
def test_no_odd_address_is_our_failure(served, path):
    answered = served.send(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode("latin-1")).recv(12)
    assert re.fullmatch(rb"HTTP/1.1 4\d\d", answered)


def test_forwarded_headers_count_only_from_trusted_proxies(served, env):
    # Django wants a referer on https only, and says so before it misses the cookie.
    forged = {"X-Forwarded-Proto": "https", "X_Forwarded_Proto": "https"}
    assert b"CSRF cookie not set" in served.request("POST", "/admin/login/", b"", **forged)[1]
    with serving(env, GHAR_TRUSTED_PROXIES="127.0.0.1") as trusting:
        assert b"Referer checking failed" in trusting.request("POST", "/admin/login/", b"", **forged)[1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_and_the_database_whoever_is_stalled(env, tmp_path, number):
    alone = env | {"GHAR_DATA_DIR": str(tmp_path)}
    with serving(alone) as served:
        database = server_pid(alone)
        waiting = [served.send(b""), served.send(b"GET /healthz HTTP/1.1\r\n"), served.send(STALLED)]
        assert served.request("GET", "/healthz")[0] == 200
        assert served.stop(number) == 0
    assert answer_to(waiting[2]) == (503, "unavailable")
    assert not Path(f"/proc/{database}/cwd").exists()
    assert not Path(tmp_path, "postgres/data/postmaster.pid").exists()


def test_what_was_answered_survives_a_killed_server(env):
    with serving(env) as served:
        assert served.request("POST", SIGNUP, person("Durga"))[0] == 201
        served.stop(signal.SIGKILL)
    with serving(env) as again:
        login = {"identifier": "durga@example.com", "password": "correct horse 9"}
        assert again.request("POST", "/api/v1/auth/login", login)[0] == 200


def test_without_its_database_it_lives_but_is_not_ready(env, tmp_path):
    database = Cluster(tmp_path / "postgres")
    database.ensure_running()
    elsewhere = {"DATABASE_URL": f"postgresql://ghar@/ghar?host={quote(str(database.socket))}"}
    subprocess.run([sys.executable, MANAGE, "migrate", "-v0"], env=env | elsewhere, check=True)
    with serving(env, **elsewhere) as served:
        assert served.request("GET", "/readyz") == (200, {"status": "ok"})
        database.release()
        status, problem = served.request("GET", "/readyz")
        assert (status, problem["code"]) == (503, "unavailable")
        status, problem = served.request("POST", "/api/v1/auth/login", {"identifier": "a", "password": "b"})
        assert (status, problem["code"]) == (503, "unavailable")
        assert served.request("GET", "/healthz") == (200, {"status": "ok"})
    refused = subprocess.run(
        [sys.executable, MANAGE, "serve", "--port", "0"], env=env | elsewhere, capture_output=True, text=True
    )
    assert refused.returncode == 1
    assert refused.stderr.startswith("CommandError: The database does not answer: ")


def test_a_taken_port_is_said(served, env):
    command = [sys.executable, MANAGE, "serve", "--port", str(served.port)]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{served.port}" in done.stderr
    assert "PORT" in done.stderr
    assert "Traceback" not in done.stderr
