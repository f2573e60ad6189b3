"""Idempotency-Key: one change and one answer however often a request is sent."""

import json
from collections import Counter
from datetime import timedelta
from functools import partial

import pytest
from django.core.management import call_command
from django.db import connection
from knox.models import AuthToken
from rest_framework.test import APIClient

from agents.tests.factories import AgentFactory
from flatmates.models import Message
from flatmates.tests.factories import match
from ghar import clock
from ghar.accounts.models import User
from ghar.accounts.tests.factories import UserFactory
from ghar.api import idempotency
from ghar.models import OutboxEvent, StoredAnswer
from ghar.testing import PASSWORD
from ghar.tests.responses import iso, problem
from ghar.transactions import RetryTransaction
from properties.models import Property
from properties.tests.factories import PropertyFactory
from visits import services
from visits.models import Visit, VisitEvent
from visits.tests.factories import book, local
from visits.tests.threads import first_two, run_concurrently

VISITS = "/api/v1/visits"
KEY = {"Idempotency-Key": "0c5f3a2e-7b"}
FLAT = {
    "title": "Two rooms",
    "property_type": "apartment",
    "purpose": "rent",
    "city": "Pune",
    "base_price": 9000,
}


def replayed(response):
    return response.headers.get("Idempotency-Replayed") == "true"


def same_answer(first, again):
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers.get("ETag") == first.headers.get("ETag")
    assert again.headers.get("Content-Type") == first.headers.get("Content-Type")
    assert (replayed(first), replayed(again)) == (False, True)


@pytest.mark.django_db
class TestReplay:
    def test_a_listing_is_made_once(self, api, asha):
        first = api(asha).post("/api/v1/properties", FLAT, headers=KEY)
        assert first.status_code == 201
        # With the slash it is the same path.
        for path in ("/api/v1/properties", "/api/v1/properties/"):
            same_answer(first, api(asha).post(path, FLAT, headers=KEY))
        assert Property.objects.count() == 1
        other_key = api(asha).post("/api/v1/properties", FLAT, headers={"Idempotency-Key": "another"})
        assert (other_key.status_code, replayed(other_key), Property.objects.count()) == (201, False, 2)

    def test_a_booking_that_staff_moved_meanwhile_is_still_the_same_visit(
        self, api, agent, listing, asha, ops
    ):
        body = {"property_id": listing.pk, "scheduled_date": iso(local(2, 11))}
        first = api(asha).post(VISITS, body, headers=KEY)
        services.reschedule(visit=Visit.objects.get(), by=ops, new_date=local(3, 16))
        same_answer(first, api(asha).post(VISITS, body, headers=KEY))
        assert list(Visit.objects.values_list("scheduled_date", "version")) == [(local(3, 16), 2)]

    def test_a_retried_move_does_not_undo_the_move_of_staff(self, api, tour, asha, ops, snapshot):
        path, body = f"{VISITS}/{tour.pk}/reschedule", {"new_date": iso(local(4, 12))}
        first = api(asha).post(path, body, headers=KEY)
        services.reschedule(visit=tour, by=ops, new_date=local(5, 17))
        before = snapshot()
        same_answer(first, api(asha).post(path, body, headers=KEY))
        assert snapshot() == before

    @pytest.mark.parametrize(
        ("path", "body", "status"),
        [
            ("visits", {"property_id": 0}, 400),
            ("visits/{tour}/confirm", {}, 403),
            ("visits/999999999/cancel", {}, 404),
            ("visits/{tour}/complete", {}, 403),
            ("visits", {"property_id": "{other}", "scheduled_date": iso(local(2, 11, 10))}, 409),
            ("agents", {"name": "Sunil"}, 403),
        ],
    )
    def test_a_refusal_is_told_again_although_it_would_succeed_by_now(
        self, api, tour, asha, ops, path, body, status
    ):
        other = PropertyFactory()
        path = "/api/v1/" + path.format(tour=tour.pk)
        body = json.loads(json.dumps(body).replace('"{other}"', str(other.pk)))
        first = api(asha).post(path, body, headers=KEY)
        assert first.status_code == status
        services.cancel(visit=tour, by=ops)
        same_answer(first, api(asha).post(path, body, headers=KEY))
        assert first["Content-Type"] == "application/problem+json"

    def test_a_stale_version_is_told_again(self, api, tour, asha):
        send = partial(
            api(asha).patch,
            f"{VISITS}/{tour.pk}",
            {"special_requirements": "Ramp"},
            headers={**KEY, "If-Match": '"7"'},
        )
        first = send()
        assert problem(first) == (412, "precondition_failed")
        same_answer(first, send())

    def test_an_empty_answer_is_given_again(self, api, listing):
        owner = api(listing.owner)
        first = owner.delete(f"/api/v1/properties/{listing.pk}", headers=KEY)
        assert (first.status_code, first.content) == (204, b"")
        same_answer(first, owner.delete(f"/api/v1/properties/{listing.pk}", headers=KEY))

    def test_a_password_is_changed_once(self, asha):
        client = APIClient()
        client.force_authenticate(asha)
        body = {"current_password": PASSWORD, "new_password": "quite another 5"}
        for again in (False, True):
            response = client.post("/api/v1/auth/password", body, headers=KEY)
            assert (response.status_code, replayed(response)) == (204, again)
        assert User.objects.get(pk=asha.pk).check_password("quite another 5")


@pytest.mark.django_db
class TestScope:
    def test_another_body_or_query_under_the_key_is_refused(self, api, asha, ops):
        agent = AgentFactory()
        api(asha).post("/api/v1/properties", FLAT, headers=KEY)
        other = api(asha).post("/api/v1/properties", {**FLAT, "base_price": 9001}, headers=KEY)
        assert problem(other) == (422, "idempotency_key_reused")
        assert Property.objects.count() == 1
        assert api(ops).delete(f"/api/v1/agents/{agent.pk}?dry_run=true", headers=KEY).status_code == 200
        for_good = api(ops).delete(f"/api/v1/agents/{agent.pk}", headers=KEY)
        assert problem(for_good) == (422, "idempotency_key_reused")

    def test_a_key_belongs_to_one_user_one_method_and_one_path(self, api, asha, bala, tour):
        for user in (asha, bala):
            response = api(user).post("/api/v1/properties", FLAT, headers=KEY)
            assert (response.status_code, replayed(response)) == (201, False)
        path, body = f"{VISITS}/{tour.pk}", {"special_requirements": "Ramp"}
        for method in ("patch", "put"):
            response = getattr(api(asha), method)(path, body, headers=KEY)
            assert (response.status_code, replayed(response)) == (200, False)
        cancelled = api(asha).post(f"{path}/cancel", {}, headers=KEY)
        assert (cancelled.status_code, replayed(cancelled)) == (200, False)
        assert StoredAnswer.objects.count() == 5

    def test_a_read_takes_no_notice_of_it(self, api, asha, tour):
        for _time in range(2):
            response = api(asha).get(f"{VISITS}/{tour.pk}", headers=KEY)
            assert (response.status_code, replayed(response)) == (200, False)
        assert not StoredAnswer.objects.exists()

    def test_without_a_login_it_does_not_count_and_no_token_is_ever_stored(self, client, api, asha):
        for _time in range(2):
            answer = client.post(
                "/api/v1/auth/login",
                json.dumps({"identifier": "asha@example.com", "password": PASSWORD}),
                "application/json",
                headers=KEY,
            )
            assert (answer.status_code, replayed(answer)) == (200, False)
        assert AuthToken.objects.count() == 2
        unknown = client.post("/api/v1/properties", FLAT, "application/json", headers=KEY)
        assert problem(unknown) == (401, "not_authenticated")
        tickets = {api(asha).post("/api/v1/events/ticket", {}, headers=KEY).json()["ticket"] for _ in "ab"}
        assert len(tickets) == 2
        assert not StoredAnswer.objects.exists()

    @pytest.mark.parametrize("key", ["", "a b", "ключ", "x" * 256, "tab\t"])
    def test_an_impossible_key_is_refused(self, api, asha, key):
        response = api(asha).post("/api/v1/properties", FLAT, HTTP_IDEMPOTENCY_KEY=key)
        assert problem(response) == (400, "validation_error")
        assert (Property.objects.count(), StoredAnswer.objects.count()) == (0, 0)

    def test_the_longest_key_is_taken(self, api, asha):
        headers = {"Idempotency-Key": "~" * 254 + '"'}
        assert api(asha).post("/api/v1/properties", FLAT, headers=headers).status_code == 201

    def test_a_boundary_drawn_anew_is_the_same_body(self, rf):
        def sent(boundary, text):
            part = f'Content-Disposition: form-data; name="a"\r\n\r\n{text}'
            body = f"--{boundary}\r\n{part}\r\n--{boundary}--\r\n"
            request = rf.post("/", body, content_type=f"multipart/form-data; boundary={boundary}")
            return idempotency.body_without_boundary(request)

        assert sent("Xa71", "one") == sent("Yb998", "one") != sent("Xa71", "two")

    def test_other_refusals_are_not_stored(self, api, asha, monkeypatch, settings):
        client = api(asha)
        wrong_type = client.post("/api/v1/properties", "x", content_type="text/plain", headers=KEY)
        assert wrong_type.status_code == 415
        wrong_method = client.put("/api/v1/agents/assign", {}, headers=KEY)
        assert wrong_method.status_code == 405
        assert not StoredAnswer.objects.exists()


@pytest.mark.django_db
class TestLifetime:
    def test_after_a_day_the_key_is_new(self, api, asha):
        client, now = api(asha), clock.now()
        client.post("/api/v1/properties", FLAT, headers=KEY)
        with clock.frozen_at(now + timedelta(hours=23, minutes=59)):
            assert replayed(client.post("/api/v1/properties", FLAT, headers=KEY))
        with clock.frozen_at(now + timedelta(hours=24, minutes=1)):
            late = client.post("/api/v1/properties", {**FLAT, "base_price": 9001}, headers=KEY)
            assert (late.status_code, replayed(late)) == (201, False)
        assert (Property.objects.count(), StoredAnswer.objects.count()) == (2, 1)

    def test_old_answers_are_deleted_by_the_daily_command(self, api, asha):
        with clock.frozen_at(clock.now() - timedelta(hours=25)):
            api(asha).post("/api/v1/properties", FLAT, headers=KEY)
        api(asha).post("/api/v1/properties", FLAT, headers={"Idempotency-Key": "new"})
        call_command("prune_events", verbosity=0)
        assert [bytes(answer.body) for answer in StoredAnswer.objects.all()] == [
            api(asha).post("/api/v1/properties", FLAT, headers={"Idempotency-Key": "new"}).content
        ]

    def test_a_deleted_user_leaves_no_answers(self, api, bala):
        api(bala).post("/api/v1/properties", FLAT, headers=KEY)
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM accounts_user WHERE id = %s", [bala.pk])
        assert not StoredAnswer.objects.exists()

    def test_no_body_stands_in_the_table(self, api, asha):
        body = {"current_password": PASSWORD, "new_password": "quite another 5"}
        api(asha).post("/api/v1/auth/password", body, headers=KEY)
        [row] = StoredAnswer.objects.values()
        assert KEY["Idempotency-Key"] not in str(row) and "quite" not in str(row)


def send(user, path, body, key=KEY):
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(user)
    return client.post(path, body, headers=key)


@pytest.mark.django_db(transaction=True)
class TestTwins:
    def test_of_twenty_twins_one_makes_the_change(self, asha, bala):
        _matched, conversation = match(asha, bala)
        path = f"/api/v1/flatmates/conversations/{conversation.pk}/messages"
        events = OutboxEvent.objects.count()
        answers = run_concurrently([partial(send, asha, path, {"body": "Is it free?"})] * 20)
        assert (Message.objects.count(), OutboxEvent.objects.count() - events) == (1, 1)
        made = [answer for answer in answers if answer.status_code == 201]
        waiting = [answer for answer in answers if answer.status_code != 201]
        assert len({answer.content for answer in made}) == 1
        assert [replayed(answer) for answer in made].count(False) == 1
        assert {problem(answer) for answer in waiting} <= {(409, "idempotency_in_flight")}
        assert {answer["Retry-After"] for answer in waiting} <= {"1"}
        last = send(asha, path, {"body": "Is it free?"})
        assert (replayed(last), last.content) == (True, made[0].content)

    def test_the_lock_is_what_makes_it_one(self, asha, bala, monkeypatch):
        _matched, conversation = match(asha, bala)
        path = f"/api/v1/flatmates/conversations/{conversation.pk}/messages"
        meet = first_two()
        # Both are past the place where the lock was before either has stored its answer.
        monkeypatch.setattr(idempotency, "try_lock", lambda digest: meet())
        answers = run_concurrently([partial(send, asha, path, {"body": "Is it free?"})] * 2)
        assert Counter(answer.status_code for answer in answers) == {201: 1, 500: 1}
        # The second guard, a unique row, has undone the second change.
        assert Message.objects.count() == 1

    def test_while_the_first_is_running_the_second_is_told_so(self, asha, listing, monkeypatch):
        agent = AgentFactory()
        body = {"property_id": listing.pk, "scheduled_date": iso(local(2, 11))}
        seconds = []

        def check(*args):
            seconds.append(run_concurrently([partial(send, asha, VISITS, body)])[0])

        monkeypatch.setattr("visits.services.conflicts.check_free", check)
        first = send(asha, VISITS, body)
        assert (first.status_code, first.json()["agent_id"]) == (201, agent.pk)
        assert (problem(seconds[0]), seconds[0]["Retry-After"]) == ((409, "idempotency_in_flight"), "1")
        monkeypatch.undo()
        same_answer(first, send(asha, VISITS, body))

    def test_a_failure_leaves_neither_change_nor_lock_nor_answer(self, asha, listing, monkeypatch):
        body = {"property_id": listing.pk, "scheduled_date": iso(local(2, 11))}
        monkeypatch.setattr("visits.services.meets.post_invitation", lambda visit: 1 / 0)
        assert send(asha, VISITS, body).status_code == 500
        monkeypatch.undo()
        assert (Visit.objects.count(), StoredAnswer.objects.count()) == (0, 0)
        assert send(asha, VISITS, body).status_code == 201

    def test_a_lost_race_is_tried_again_inside_the_request(self, asha, listing, monkeypatch):
        raised = []

        def lose_once(visit):
            if not raised:
                raised.append(visit.pk)
                raise RetryTransaction

        monkeypatch.setattr("visits.services.meets.post_invitation", lose_once)
        body = {"property_id": listing.pk, "scheduled_date": iso(local(2, 11))}
        first = send(asha, VISITS, body)
        assert (first.status_code, first.json()["version"], len(raised)) == (201, 1, 1)
        assert (Visit.objects.count(), VisitEvent.objects.count()) == (1, 1)
        same_answer(first, send(asha, VISITS, body))

    def test_a_connection_that_is_killed_leaves_neither_lock_nor_answer(self, asha, listing, monkeypatch):
        def die(visit):
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

        monkeypatch.setattr("visits.services.meets.post_invitation", die)
        body = {"property_id": listing.pk, "scheduled_date": iso(local(2, 11))}
        [killed] = run_concurrently([partial(send, asha, VISITS, body)])
        assert problem(killed) == (503, "unavailable")
        monkeypatch.undo()
        assert (Visit.objects.count(), StoredAnswer.objects.count()) == (0, 0)
        again = send(asha, VISITS, body)
        assert (again.status_code, replayed(again)) == (201, False)

    def test_a_refused_change_leaves_its_answer_and_nothing_else(self, asha, listing, agent):
        book(asha, PropertyFactory(), local(2, 11))
        body = {"property_id": listing.pk, "scheduled_date": iso(local(2, 11))}
        refused = send(asha, VISITS, body)
        assert problem(refused) == (409, "visit_conflict")
        assert refused.json()["alternatives"]
        same_answer(refused, send(asha, VISITS, body))
        assert Visit.objects.count() == 1
        agent.refresh_from_db()
        assert agent.live_visits == 1

    def test_what_follows_the_commit_happens_with_a_key_as_well(self, asha, listing, agent):
        other = book(UserFactory(), PropertyFactory(), local(2, 11))
        waiting = book(UserFactory(), PropertyFactory(), local(2, 11))
        assert (other.agent, waiting.agent) == (agent, None)
        assert send(other.user, f"{VISITS}/{other.pk}/cancel", {}).status_code == 200
        waiting.refresh_from_db()
        assert waiting.agent == agent
