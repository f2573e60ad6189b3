"""The guard in front of an application that remembers what reached it."""

import asyncio
import json

import pytest

from ghar.guard import Guard

GONE = {"type": "http.disconnect"}


class Recorder:
    """An application that remembers each request."""

    def __init__(self):
        self.seen = []

    async def __call__(self, scope, receive, send):
        message = await receive()
        self.seen.append((scope, message["body"]))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


class Client:
    """A client with one request. It sends its messages at once, and then stalls."""

    def __init__(self, *messages, path="/api/v1/visits", query=b"", headers=()):
        self.scope = {"type": "http", "path": path, "query_string": query, "headers": list(headers)}
        self.messages = list(messages)
        self.sent = []

    async def receive(self):
        while not self.messages:
            await asyncio.sleep(0.001)
        return self.messages.pop(0)

    async def send(self, message):
        self.sent.append(message)

    def call(self, guard):
        return guard(self.scope, self.receive, self.send)

    @property
    def status(self):
        return self.sent[0]["status"] if self.sent else None

    @property
    def headers(self):
        return {name.decode(): value.decode() for name, value in self.sent[0]["headers"]}

    @property
    def body(self):
        return b"".join(message["body"] for message in self.sent[1:])

    @property
    def problem(self):
        assert self.headers["content-type"] == "application/problem+json"
        assert self.headers["content-length"] == str(len(self.body))
        problem = json.loads(self.body)
        assert problem["status"] == self.status
        return problem["code"]


def part(body, more=False):
    return {"type": "http.request", "body": body, "more_body": more}


def chunked(*messages, headers=(), **kwargs):
    return Client(*messages, headers=[(b"transfer-encoding", b"chunked"), *headers], **kwargs)


@pytest.fixture
def echo():
    return Recorder()


@pytest.fixture
def guard(echo):
    return Guard(echo, max_body=10, body_seconds=0.05, max_reading=3)


async def wait_for_response(client):
    while not client.sent:
        await asyncio.sleep(0.001)


def run(guard, *clients):
    async def all_of_them():
        await asyncio.gather(*(client.call(guard) for client in clients))

    asyncio.run(all_of_them())


def test_a_chunked_body_arrives_whole_with_its_length(guard, echo):
    run(guard, chunked(part(b"hello ", more=True), part(b"you")))
    ((scope, body),) = echo.seen
    assert body == b"hello you"
    assert scope["headers"] == [(b"content-length", b"9")]


def test_headers_that_wsgi_would_confuse_are_dropped_or_joined(guard, echo):
    sent = [
        (b"host", b"ghar.example"),
        (b"cookie", b"a=1"),
        (b"x_forwarded_proto", b"https"),
        (b"x-forwarded-for", b"10.0.0.1"),
        (b"forwarded", b"for=10.0.0.1"),
        (b"proxy", b"http://evil.example"),
        (b"cookie", b"b=2"),
    ]
    run(guard, Client(part(b""), headers=sent))
    assert echo.seen[0][0]["headers"] == [
        (b"host", b"ghar.example"),
        (b"content-length", b"0"),
        (b"cookie", b"a=1; b=2"),
    ]


def test_a_query_that_is_not_ascii_is_quoted(guard, echo):
    run(guard, Client(part(b""), query="q=मुंबई&a=%20+b".encode()))
    query = echo.seen[0][0]["query_string"]
    assert query == b"q=%E0%A4%AE%E0%A5%81%E0%A4%82%E0%A4%AC%E0%A4%88&a=%20+b"


def test_a_body_that_is_declared_too_large_is_refused_before_it_is_read(guard, echo):
    client = Client(
        headers=[(b"content-length", b"11"), (b"expect", b"100-continue"), (b"x-request-id", b"me-1")]
    )
    run(guard, client)
    assert (client.status, client.problem) == (413, "payload_too_large")
    assert client.headers["connection"] == "close"
    assert client.headers["x-request-id"] == "me-1"
    assert echo.seen == []


def test_a_body_that_turns_out_too_large_is_refused_and_read_to_its_end(guard, echo):
    client = chunked(*[part(b"x" * 6, more=True)] * 5, part(b"x"))
    run(guard, client)
    assert (client.status, client.problem) == (413, "payload_too_large")
    assert client.messages == []
    assert client.sent[-1] == {"type": "http.response.body", "body": b""}
    assert echo.seen == []


def test_a_body_of_exactly_the_limit_passes(guard, echo):
    run(guard, Client(part(b"x" * 10), headers=[(b"content-length", b"10")]))
    assert echo.seen[0][1] == b"x" * 10


def test_a_body_that_does_not_come_in_time_is_refused(guard, echo):
    client = Client(part(b"{", more=True), headers=[(b"content-length", b"9")])
    run(guard, client)
    assert (client.status, client.problem) == (408, "request_timeout")
    assert client.headers["connection"] == "close"
    assert echo.seen == []


def test_outside_the_api_a_refusal_is_text(guard):
    client = Client(path="/admin/login/", headers=[(b"content-length", b"11")])
    run(guard, client)
    assert client.status == 413
    assert client.headers["content-type"] == "text/plain; charset=utf-8"
    assert client.body == b"The body is too large. Send at most 2 MB."


@pytest.mark.parametrize("framing", [(b"content-length", b"9"), (b"transfer-encoding", b"chunked")])
def test_a_truncated_body_does_not_reach_the_application(guard, echo, framing):
    client = Client(part(b"{}", more=True), GONE, headers=[framing])
    run(guard, client)
    assert client.sent == []
    assert echo.seen == []


def test_one_stalled_client_too_many_ends_the_oldest_one(echo):
    guard = Guard(echo, max_body=10, body_seconds=60, max_reading=3)
    stalled = [chunked() for _ in range(4)]

    async def scenario():
        async with asyncio.TaskGroup() as group:
            for client in stalled:
                group.create_task(client.call(guard))
            await wait_for_response(stalled[0])
            assert [client.status for client in stalled] == [408, None, None, None]
            await chunked(part(b"quick")).call(guard)
            await wait_for_response(stalled[1])
            guard.stop()

    asyncio.run(scenario())
    assert [body for _, body in echo.seen] == [b"quick"]
    assert [client.status for client in stalled] == [408, 408, 503, 503]
    assert stalled[3].problem == "unavailable"
    assert stalled[3].headers["retry-after"].isdigit()


def test_requests_beyond_the_limit_are_refused_as_unavailable():
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def slow(scope, receive, send):
        arrived.set()
        await go_on.wait()

    guard = Guard(slow, max_body=10, body_seconds=1, max_running=1)
    refused = Client()

    async def scenario():
        async with asyncio.TaskGroup() as group:
            group.create_task(Client().call(guard))
            await arrived.wait()
            await refused.call(guard)
            go_on.set()

    asyncio.run(scenario())
    assert (refused.status, refused.problem) == (503, "unavailable")


def test_other_protocols_pass_the_guard():
    seen = []

    async def app(scope, receive, send):
        seen.append(scope["type"])

    asyncio.run(Guard(app, max_body=1, body_seconds=1)({"type": "lifespan"}, None, None))
    assert seen == ["lifespan"]
