"""Tickets and refusals, without a server: the stream ends after the missed events."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from knox.models import AuthToken
from rest_framework.test import APIClient

from ghar import clock
from ghar.events import publish, user_channel
from ghar.models import OutboxEvent, StreamTicket

pytestmark = pytest.mark.django_db

EVENTS, TICKET = "/api/v1/events", "/api/v1/events/ticket"


@pytest.fixture
def client_of():
    def client(user):
        made = APIClient()
        made.credentials(HTTP_AUTHORIZATION=f"Bearer {AuthToken.objects.create(user)[1]}")
        return made

    return client


def problem(response):
    assert response["Content-Type"] == "application/problem+json"
    return response.status_code, response.json()["code"]


def test_a_ticket_opens_one_stream(client_of, asha):
    for path in (TICKET, f"{TICKET}/"):
        ticket = client_of(asha).post(path).json()["ticket"]
        opened = APIClient().get(f"{EVENTS}/", {"ticket": ticket})
        assert (opened.status_code, opened["Content-Type"]) == (200, "text/event-stream")
        assert opened["Cache-Control"] == "no-cache"
        assert b"event: stream-open\n" in opened.getvalue()
        assert problem(APIClient().get(EVENTS, {"ticket": ticket})) == (401, "not_authenticated")
    assert not StreamTicket.objects.exists()


def test_only_the_digest_of_a_ticket_is_stored(client_of, asha):
    ticket = client_of(asha).post(TICKET).json()["ticket"]
    assert ticket not in str(StreamTicket.objects.values().get())


def test_a_ticket_is_valid_for_a_minute(client_of, asha):
    now = clock.now()
    with clock.frozen_at(now):
        answer = client_of(asha).post(TICKET)
    assert answer.status_code == 201
    assert answer.json()["expires_at"] == (now + timedelta(seconds=60)).isoformat().replace("+00:00", "Z")
    with clock.frozen_at(now + timedelta(seconds=60)):
        late = APIClient().get(EVENTS, {"ticket": answer.json()["ticket"]})
    assert problem(late) == (401, "not_authenticated")


def test_a_ticket_ends_with_the_log_in_that_asked_for_it(client_of, asha):
    ticket = client_of(asha).post(TICKET).json()["ticket"]
    AuthToken.objects.all().delete()
    assert problem(APIClient().get(EVENTS, {"ticket": ticket})) == (401, "not_authenticated")


def test_tickets_are_throttled_by_user(client_of, asha, bala, settings):
    cache.clear()
    settings.THROTTLE = True
    settings.THROTTLE_RATES = {**settings.THROTTLE_RATES, "tickets": "2/min"}
    client = client_of(asha)
    assert [client.post(TICKET).status_code for _ in range(3)] == [201, 201, 429]
    assert client_of(bala).post(TICKET).status_code == 201
    cache.clear()


@pytest.mark.parametrize("query", [{}, {"ticket": ""}, {"ticket": "\x00"}, {"ticket": "x" * 5_000}])
def test_without_a_log_in_a_stream_is_refused(query):
    refused = APIClient().get(EVENTS, query)
    assert problem(refused) == (401, "not_authenticated")
    assert refused["WWW-Authenticate"] == "Bearer"


def test_other_methods_and_fields_are_refused(client_of, asha):
    client = client_of(asha)
    assert problem(client.post(EVENTS)) == (405, "method_not_allowed")
    assert problem(client.get(TICKET)) == (405, "method_not_allowed")
    assert problem(client.post(TICKET, {"channel": "staff"})) == (400, "validation_error")
    assert problem(APIClient().post(TICKET)) == (401, "not_authenticated")
    assert not StreamTicket.objects.exists()


def test_a_stream_starts_with_the_delay_and_the_id_to_resume_by(client_of, asha):
    publish([user_channel(asha.pk)], "visit_updated", {"visit_id": 1})
    OutboxEvent.objects.update(seq=41, sent_at="2026-11-21T09:15:00Z")
    client = client_of(asha)
    assert client.get(EVENTS).getvalue() == b"retry: 2000\nevent: stream-open\nid: 41\ndata: \n\n"
    missed = client.get(EVENTS, headers={"Last-Event-ID": "40"}).getvalue()
    assert missed == (
        b"retry: 2000\nevent: stream-open\ndata: \n\n"
        b"event: visit_updated\nid: 41\n"
        b'data: {"type":"visit_updated","data":{"visit_id":1},"sent_at":"2026-11-21T09:15:00Z"}\n\n'
    )
