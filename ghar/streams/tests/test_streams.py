"""The event stream from running servers, which share only the database with the writers."""

import os
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from knox.models import AuthToken

from agents.tests.factories import AgentFactory
from ghar.accounts import services as account_services
from ghar.accounts.tests.factories import UserFactory
from ghar.events import STAFF_CHANNEL, publish, user_channel
from ghar.models import OutboxEvent
from ghar.streams.tests.listening import Listener, database_url, serving
from ghar.testing import PASSWORD
from ghar.tests.serving import MANAGE
from properties.tests.factories import PropertyFactory
from visits import services
from visits.tests.factories import book, local

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 2
PER_USER, IN_ALL = 2, 8


@pytest.fixture(scope="module")
def one(django_db_setup):
    many = {"GHAR_STREAMS_PER_USER": "100", "GHAR_STREAM_CHECK_SECONDS": "1"}
    with serving("one", GHAR_THREADS=str(THREADS), **many) as served:
        yield served


@pytest.fixture(scope="module")
def other(django_db_setup):
    """A server that allows few streams."""
    few = {"GHAR_STREAMS_PER_USER": str(PER_USER), "GHAR_STREAMS": str(IN_ALL)}
    with serving("other", **few) as served:
        yield served


def token_of(user):
    return AuthToken.objects.create(user)[1]


def publish_number(user, number=0, **more):
    publish([user_channel(user.pk)], "visit_updated", {"number": number, **more})


def numbers(heard):
    return [event.data["data"]["number"] for event in heard]


def manage(*arguments):
    env = os.environ | {"DATABASE_URL": database_url()}
    return subprocess.run(
        [sys.executable, MANAGE, *arguments], env=env, capture_output=True, text=True, check=True
    ).stdout


def wait_until(holds):
    deadline = time.monotonic() + 20
    while not (found := holds()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


def test_participants_agent_and_staff_hear_of_a_booking_and_strangers_do_not(one, other, asha, bala, ops):
    agent = AgentFactory(user=UserFactory())
    concerned = [
        Listener(one, token_of(asha)),
        Listener(other, token_of(asha)),
        Listener(one, token_of(agent.user)),
        Listener(other, token_of(ops)),
    ]
    stranger = Listener(one, token_of(bala))
    visit = book(asha, PropertyFactory(), local(2, 11))
    for listener in concerned:
        heard = listener.read()
        assert heard.type == heard.data["type"] == "visit_updated"
        assert heard.visit == (visit.pk, 1)
        assert heard.data["sent_at"].endswith("Z")
    publish_number(bala, 7)
    assert numbers([stranger.read()]) == [7]
    for listener in [*concerned, stranger]:
        listener.close()


def test_changes_of_another_process_are_heard(one, asha):
    visit = book(asha, PropertyFactory(), local(2, 11))
    with Listener(one, token_of(asha)) as listener:
        agent = AgentFactory()
        manage("assign_pending_visits")
        heard = listener.read()
        assert (heard.data["data"]["change"], heard.data["data"]["agent_id"]) == ("assigned", agent.pk)
        assert heard.visit == (visit.pk, 2)


@pytest.mark.parametrize("name", ["channel", "channels", "user"])
def test_clients_cannot_choose_channels(api, bala, name):
    refused = api(bala).get(f"/api/v1/events?{name}=staff")
    assert (refused.status_code, list(refused.json()["errors"])) == (400, [name])


def test_a_listener_of_two_channels_hears_an_event_once(one, ops):
    visit = book(ops, PropertyFactory(), local(2, 11))
    before = OutboxEvent.objects.get().seq - 1
    with Listener(one, token_of(ops), last_id=before) as listener:
        services.cancel(visit=visit, by=ops)
        assert [event.visit for event in listener.take(2)] == [(visit.pk, 1), (visit.pk, 2)]


def test_a_client_that_reconnects_gets_missed_and_new_events(one, other, asha):
    token = token_of(asha)
    with Listener(one, token) as listener:
        opened = listener.last_id
        publish_number(asha, 1)
        first = listener.read()
    assert first.id > opened
    for number in (2, 3):
        publish_number(asha, number)
    with Listener(other, token, last_id=first.id) as listener:
        publish_number(asha, 4)
        assert numbers(listener.take(3)) == [2, 3, 4]
    with Listener(one, token, query=f"?lastEventId={opened}") as listener:
        assert numbers(listener.take(4)) == [1, 2, 3, 4]


def test_very_many_missed_events_come_in_pieces(one, asha):
    token, count = token_of(asha), 1_005
    publish_number(asha, -1)
    last_id = OutboxEvent.objects.get().seq
    with transaction.atomic():
        for number in range(count):
            publish_number(asha, number)
    with Listener(one, token, last_id=last_id) as listener:
        assert numbers(read_events(listener, one, token, count)) == list(range(count))


def test_what_was_missed_on_two_channels_comes_in_order_and_in_pieces(one, ops):
    token, count = token_of(ops), 1_001
    publish_number(ops, -1)
    last_id = OutboxEvent.objects.get().seq
    with transaction.atomic():
        for number in range(count):
            publish([STAFF_CHANNEL], "visit_updated", {"number": number})
        publish_number(ops, count)
    with Listener(one, token, last_id=last_id) as listener:
        assert numbers(read_events(listener, one, token, count + 1)) == list(range(count + 1))


@pytest.mark.parametrize("last_id", ["pruned", 2**40, 2**70, "user-1:5", "-1", "error"])
def test_an_id_that_is_too_old_or_unknown_resets_the_stream(one, asha, last_id):
    publish_number(asha, 1)
    publish_number(asha, 2)
    first, latest = OutboxEvent.objects.order_by("seq")
    if last_id == "pruned":
        OutboxEvent.objects.filter(pk=first.pk).delete()
        last_id = first.seq - 1
    with Listener(one, token_of(asha), last_id=last_id) as listener:
        reset = listener.read()
        assert (reset.type, reset.id) == ("stream-reset", latest.seq)
        assert reset.data == {"channels": [user_channel(asha.pk)]}
        publish_number(asha, 3)
        assert numbers([listener.read()]) == [3]


def test_events_that_are_rolled_back_are_never_sent(one, asha):
    with Listener(one, token_of(asha)) as listener:
        with transaction.atomic():
            publish_number(asha, 1)
            transaction.set_rollback(True)
        publish_number(asha, 2)
        assert numbers([listener.read()]) == [2]


def test_a_burst_arrives_whole_and_in_order(one, asha):
    with Listener(one, token_of(asha)) as listener:
        with transaction.atomic():
            for number in range(100):
                publish_number(asha, number)
        heard = listener.take(100)
        assert numbers(heard) == list(range(100))
        assert [event.id for event in heard] == sorted({event.id for event in heard})


def test_a_client_that_does_not_read_is_disconnected_and_can_resume(one, asha):
    token, count = token_of(asha), 1_000
    with Listener(one, token, buffer=65_536) as deaf, Listener(one, token) as listener:
        with transaction.atomic():
            for number in range(count):
                publish_number(asha, number, pad="x" * 12_000)
        publish_number(asha, count)
        events = read_events(listener, one, token, count + 1)
        assert numbers(events) == list(range(count + 1))
        some = list(iter(deaf.read, None))
    assert 0 < len(some) < count
    with Listener(one, token, last_id=some[-1].id) as again:
        some += read_events(again, one, token, count + 1 - len(some))
    assert numbers(some) == list(range(count + 1))


def read_events(listener, served, token, count):
    """Read that many events, and reconnect as often as the server closes the stream."""
    found = []
    while len(found) < count:
        if event := listener.read():
            found.append(event)
        else:
            listener.close()
            listener.__init__(served, token, last_id=listener.last_id)
    return found


class TestLogIn:
    def test_a_session_opens_a_stream_and_ends_it(self, one, asha):
        client = Client()
        client.force_login(asha)
        cookie = f"sessionid={client.cookies['sessionid'].value}"
        with Listener(one, Cookie=cookie) as listener:
            publish_number(asha, 1)
            assert numbers([listener.read()]) == [1]
            client.logout()
            assert listener.read() is None

    def test_a_ticket_opens_one_stream(self, one, asha, bala):
        client = {"Authorization": f"Bearer {token_of(asha)}"}
        status, body = one.request("POST", "/api/v1/events/ticket", **client)
        assert status == 201
        with Listener(one, query=f"?ticket={body['ticket']}") as listener:
            publish_number(asha, 1)
            assert numbers([listener.read()]) == [1]
        # A used ticket is refused even beside a valid token.
        for token in (None, token_of(asha)):
            again = Listener(one, token, query=f"?ticket={body['ticket']}")
            assert again.problem == (401, "not_authenticated")
            assert again.response.headers["WWW-Authenticate"] == "Bearer"

    @pytest.mark.parametrize("way", ["token", "ticket"])
    def test_log_out_ends_the_stream_of_that_log_in(self, one, asha, way):
        token = token_of(asha)
        client = {"Authorization": f"Bearer {token}"}
        ticket = one.request("POST", "/api/v1/events/ticket", **client)[1]["ticket"]
        given = {"token": {"token": token}, "ticket": {"query": f"?ticket={ticket}"}}[way]
        with Listener(one, **given) as listener, Listener(one, token_of(asha)) as device:
            assert one.request("POST", "/api/v1/auth/logout", **client)[0] == 204
            assert listener.read() is None
            publish_number(asha, 1)
            assert numbers([device.read()]) == [1]
        assert Listener(one, token).problem == (401, "not_authenticated")

    def test_deactivation_lost_permissions_and_a_new_password_end_streams(self, one, asha, bala, ops):
        client = Client()
        client.force_login(bala)
        listeners = [
            Listener(one, token_of(asha)),
            Listener(one, token_of(ops)),
            Listener(one, Cookie=f"sessionid={client.cookies['sessionid'].value}"),
        ]
        account_services.deactivate(user=asha, by=None)
        ops.user_permissions.clear()
        account_services.change_password(by=bala, current=PASSWORD, new=f"{PASSWORD} more")
        assert [listener.read() for listener in listeners] == [None] * 3
        for listener in listeners:
            listener.close()


def test_streams_are_limited_by_user_and_in_all(other, asha):
    token, users = token_of(asha), UserFactory.create_batch(IN_ALL // PER_USER)
    tokens = [token_of(user) for user in users]
    mine = [Listener(other, token) for _ in range(PER_USER)]
    refused = Listener(other, token)
    assert refused.problem == (429, "throttled")
    assert int(refused.response.headers["Retry-After"]) > 0
    mine.pop().close()
    assert wait_until(lambda: has_opened(other, token, mine))
    others = [Listener(other, token) for token in tokens[:-1] for _ in range(PER_USER)]
    full = Listener(other, tokens[-1])
    assert full.problem == (503, "unavailable")
    for listener in mine + others:
        listener.close()


def has_opened(served, token, kept):
    listener = Listener(served, token)
    if listener.status == 200:
        kept.append(listener)
    return listener.status == 200


def connection_count(served):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name IN (%s, 'ghar events')",
            [served.name],
        )
        return cursor.fetchone()[0]


def thread_count(served):
    return len(list(Path(f"/proc/{served.popen.pid}/task").iterdir()))


def test_open_streams_have_no_thread_and_no_connection(one, asha):
    tokens = [token_of(user) for user in UserFactory.create_batch(5)]
    for token in tokens:
        Listener(one, token).close()
    threads = thread_count(one)
    listeners = [Listener(one, token) for token in tokens * 6]
    assert thread_count(one) - threads < THREADS
    # One per thread, one per server to listen, and for a moment one to check the log-ins.
    assert connection_count(one) <= THREADS + 2 + 1
    for listener in listeners:
        listener.close()


def kill_listeners():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'ghar events'"
        )
        return cursor.fetchone()[0]


def test_a_server_that_loses_its_listening_connection_misses_nothing(one, asha):
    with Listener(one, token_of(asha)) as listener:
        assert kill_listeners() >= 1
        for number in range(3):
            publish_number(asha, number)
        assert numbers(listener.take(3)) == [0, 1, 2]
    assert wait_until(lambda: one.request("GET", "/readyz")[0] == 200)


@pytest.mark.stress
def test_a_server_that_cannot_listen_is_not_ready(asha):
    nowhere = {"GHAR_EVENTS_DATABASE_URL": "postgresql://ghar@127.0.0.1:1/ghar"}
    with serving("deaf", **nowhere) as served:
        status, problem = served.request("GET", "/readyz")
        assert (status, problem["code"]) == (503, "unavailable")
        assert "listener" in problem["detail"]
        assert Listener(served, token_of(asha)).problem == (503, "unavailable")
        assert served.request("GET", "/healthz")[0] == 200


def test_a_server_with_open_streams_stops_at_once(asha):
    with serving("short", GHAR_STREAMS_PER_USER="50") as served:
        token = token_of(asha)
        listeners = [Listener(served, token) for _ in range(30)]
        served.popen.terminate()
        assert served.popen.wait(timeout=3) == 0
        assert [listener.read() for listener in listeners] == [None] * 30


def test_old_events_are_deleted_except_the_latest(asha):
    for number in range(3):
        publish_number(asha, number)
    OutboxEvent.objects.filter(data__number__in=[0, 2]).update(sent_at="2020-01-01T00:00:00Z")
    out = StringIO()
    call_command("prune_events", "--days", "30", stdout=out)
    assert out.getvalue() == "Removed 1 events older than 30 days.\n"
    assert [event.data["number"] for event in OutboxEvent.objects.all()] == [1, 2]
    assert settings.EVENTS_KEPT_DAYS == 7
