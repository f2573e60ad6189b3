"""`manage.py serve`: clients who stall, malformed requests, stopping, and what survives a crash."""

import http.client
import json
import re
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from ghar.database.cluster import Cluster
from ghar.testing import PASSWORD
from ghar.tests.serving import MANAGE, copy_data_dir, private_env, serving, signup_body

SIGNUP = "/api/v1/auth/signup"
STALLED = (
    b"POST /api/v1/auth/signup HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    b'Content-Length: 100\r\n\r\n{"full_name":'
)

pytestmark = pytest.mark.stress


def answer_to(connection):
    """Return the status and the code of the problem on a connection that the server then closes."""
    response = http.client.HTTPResponse(connection)
    response.begin()
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = json.loads(response.read())
    assert connection.recv(1) == b""
    return response.status, problem["code"]


def deaf_client(served):
    """Return a connection of a client who asks for much and reads none of it."""
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.connect(("127.0.0.1", served.port))
    deaf.sendall(b"GET /static/admin/js/vendor/jquery/jquery.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 40)
    return deaf


def server_pid(env):
    return int(Path(env["GHAR_DATA_DIR"], "postgres/data/postmaster.pid").read_text().split()[0])


@pytest.fixture(scope="module")
def env(tmp_path_factory, migrated_data_dir):
    # With one thread, a client who could hold it would stop everybody.
    limits = {"GHAR_THREADS": "1", "GHAR_REQUEST_BODY_SECONDS": "60"}
    data_dir = copy_data_dir(migrated_data_dir, tmp_path_factory.mktemp("served") / "data")
    return private_env(data_dir, **limits)


@pytest.fixture(scope="module")
def served(env):
    with serving(env) as served:
        yield served


@pytest.fixture(scope="module")
def hasty(env):
    """A server that waits a second for what a client has to send."""
    with serving(env | {"GHAR_REQUEST_BODY_SECONDS": "1"}) as served:
        yield served


def test_a_server_on_a_migrated_database_is_healthy_and_ready(served):
    assert served.request("GET", "/healthz") == (200, {"status": "ok"})
    assert served.request("GET", "/readyz") == (200, {"status": "ok"})


def test_stalled_clients_hold_up_nobody(served):
    heads = [served.send(b"POST /api/v1/visits HTTP/1.1\r\nHost:") for _ in range(20)]
    bodies = [served.send(STALLED) for _ in range(20)]
    assert served.request("GET", "/readyz") == (200, {"status": "ok"})
    assert served.request("POST", SIGNUP, {})[0] == 400
    assert select.select(heads + bodies, [], [], 0) == ([], [], [])
    for connection in heads + bodies:
        connection.close()


def test_a_client_who_does_not_read_holds_up_nobody(served):
    deaf = deaf_client(served)
    # The one thread serves both in turns, until no more fits into the kernel's buffers for the deaf one.
    for _ in range(40):
        assert served.request("GET", "/healthz") == (200, {"status": "ok"})
    deaf.close()


def test_a_slow_body_is_refused_and_a_slow_head_is_disconnected(hasty):
    body, head, nothing = hasty.send(STALLED), hasty.send(b"GET /healthz HTTP/1.1\r\n"), hasty.send(b"")
    assert answer_to(body) == (408, "request_timeout")
    assert head.recv(1) == b""
    assert nothing.recv(1) == b""


def test_a_client_who_sends_too_large_a_body_gets_the_answer(served):
    status, problem = served.request("POST", SIGNUP, b"x" * 3_000_000, Connection="close")
    assert (status, problem["code"]) == (413, "payload_too_large")
    status, problem = served.request("POST", SIGNUP, b"x" * 3_000_000, chunked=True)
    assert (status, problem["code"]) == (413, "payload_too_large")


@pytest.mark.parametrize("name", ["Cut", "Chunkcut"])
def test_a_truncated_body_changes_nothing_and_a_chunked_one_arrives(served, name):
    body = json.dumps(signup_body(name)).encode()
    head = f"POST {SIGNUP} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    framed = f"Content-Length: {len(body) + 1}\r\n\r\n".encode() + body
    if name == "Chunkcut":
        framed = f"Transfer-Encoding: chunked\r\n\r\n{len(body):x}\r\n".encode() + body + b"\r\n"
    served.send(head.encode() + framed).close()
    # The server has seen the end of the body by now. Had it taken the body for complete, its one thread would
    # have worked on it first.
    assert served.request("GET", "/healthz")[0] == 200
    status, signed_up = served.request("POST", SIGNUP, signup_body(name), chunked=True)
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
def test_a_request_that_is_no_http_is_a_problem(served, request_):
    assert answer_to(served.send(request_)) == (400, "validation_error")


@pytest.mark.parametrize(
    "path", ["/api/v1/auth/login?q=\xff\xfe", "/api/v1/%00%ff", "//api", "/static/%00", "/%"]
)
def test_an_odd_address_is_the_clients_error(served, path):
    answered = served.send(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode("latin-1")).recv(12)
    assert re.fullmatch(rb"HTTP/1.1 4\d\d", answered)


def test_forwarded_headers_count_only_from_trusted_proxies(served, env):
    # Django checks the referer on https only, and before it looks for the cookie.
    forged = {"X-Forwarded-Proto": "https", "X_Forwarded_Proto": "https"}
    assert b"Your browser sent no cookie" in served.request("POST", "/admin/login/", b"", **forged)[1]
    with serving(env | {"GHAR_TRUSTED_PROXIES": "127.0.0.1"}) as trusting:
        assert b"This page is out of date" in trusting.request("POST", "/admin/login/", b"", **forged)[1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_server_and_its_database_in_spite_of_stalled_clients(
    env, tmp_path, migrated_data_dir, number
):
    data_dir = copy_data_dir(migrated_data_dir, tmp_path / "data")
    alone = env | {"GHAR_DATA_DIR": str(data_dir)}
    with serving(alone) as served:
        database = server_pid(alone)
        waiting = [served.send(b""), served.send(b"GET /healthz HTTP/1.1\r\n"), served.send(STALLED)]
        assert served.request("GET", "/healthz")[0] == 200
        assert served.stop(number) == 0
    assert answer_to(waiting[2]) == (503, "unavailable")
    assert not Path(f"/proc/{database}/cwd").exists()
    assert not Path(data_dir, "postgres/data/postmaster.pid").exists()


def test_what_was_answered_survives_a_killed_server(env):
    with serving(env) as served:
        assert served.request("POST", SIGNUP, signup_body("Durga"))[0] == 201
        served.stop(signal.SIGKILL)
    with serving(env) as again:
        login = {"identifier": "durga@example.com", "password": PASSWORD}
        assert again.request("POST", "/api/v1/auth/login", login)[0] == 200


def test_without_its_database_a_server_is_healthy_but_not_ready(env, tmp_path, migrated_data_dir):
    database = Cluster(copy_data_dir(migrated_data_dir, tmp_path / "data") / "postgres")
    database.ensure_running()
    elsewhere = {"DATABASE_URL": f"postgresql://ghar@/ghar?host={quote(str(database.socket))}"}
    with serving(env | elsewhere) as served:
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


def test_a_taken_port_is_named(served, env):
    command = [sys.executable, MANAGE, "serve", "--port", str(served.port)]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{served.port}" in done.stderr
    assert "PORT" in done.stderr
    assert "Traceback" not in done.stderr
