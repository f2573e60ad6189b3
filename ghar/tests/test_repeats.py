"""docs/repeats.md says what each write does when sent twice. Each row is tried, with and without a key."""

import json
import re

import pytest
from django.conf import settings
from django.db import connection, transaction
from knox.models import AuthToken
from rest_framework.test import APIClient

from flatmates.models import UserBlock
from ghar.accounts.tests.factories import UserFactory
from ghar.testing import PASSWORD
from ghar.tests.conformance import operations
from ghar.tests.responses import iso
from ghar.tests.world import World
from visits.tests.factories import local

DOC = (settings.BASE_DIR / "docs/repeats.md").read_text()
ROW = re.compile(r"^\| `([A-Z]+) (\S+)` \| (\d+) \| (\d+) \| (.*) \|$", re.M)
ROWS = {
    (method, path): (int(first), int(again), text) for method, path, first, again, text in ROW.findall(DOC)
}
# What people notice: rows of these tables. The answers that are stored for a key are not among them.
TABLES = [
    "visits_visit",
    "visits_visitevent",
    "properties_property",
    "properties_propertyimage",
    "agents_agent",
    "agents_timeoff",
    "agents_engagement",
    "flatmates_message",
    "flatmates_swipe",
    "flatmates_userblock",
    "ghar_outboxevent",
    "ghar_streamticket",
    "knox_authtoken",
    "accounts_user",
]
WEEK = {"items": [{"weekday": 0, "opens": "10:00", "closes": "18:00"}]}


def requests(w):
    """Return {(method, path): (user, the path with ids, body)} for each write; the user may be a token."""
    tour, agent, home = w.tour.pk, w.ravi.pk, w.listing.pk
    match, conversation = (row.pk for row in w.matched)
    token = AuthToken.objects.create(w.asha)[1]
    blocked = UserFactory()
    UserBlock.objects.create(blocker=w.asha, blocked=blocked)
    flat = {"title": "A", "property_type": "apartment", "purpose": "rent", "city": "Pune", "base_price": 1}
    away = {"from": iso(local(30, 0)), "to": iso(local(31, 0))}
    signup = {"full_name": "Chitra", "email": "chitra@example.com", "password": PASSWORD}
    login = {"identifier": "asha@example.com", "password": PASSWORD}
    password = {"current_password": PASSWORD, "new_password": f"{PASSWORD}!"}
    move = {"new_date": iso(local(4, 12))}
    listed = {
        "POST /visits": (w.asha, "", {"property_id": home, "scheduled_date": iso(local(3, 11))}),
        "PUT /visits/{id}": (w.asha, f"{tour}", {"special_requirements": "Ramp"}),
        "PATCH /visits/{id}": (w.asha, f"{tour}", {"scheduled_date": iso(local(4, 12))}),
        "PUT /flatmates/visits/{id}": (w.asha, f"{tour}", {"special_requirements": "Ramp"}),
        "POST /visits/{id}/confirm": (w.ops, f"{tour}", {}),
        "POST /visits/{id}/reschedule": (w.asha, f"{tour}", move),
        "POST /visits/{id}/cancel": (w.asha, f"{tour}", {"reason": "Found one"}),
        "POST /visits/{id}/complete": (w.ops, f"{w.begun().pk}", {"notes": "Keen"}),
        "POST /visits/{id}/assign": (w.ops, f"{tour}", {"agent_id": agent, "reason": "Closer"}),
        "POST /properties": (w.owner, "", flat),
        "PUT /properties/{id}": (w.owner, f"{home}", {"bedrooms": 2}),
        "PATCH /properties/{id}": (w.owner, f"{home}", {"bedrooms": 2}),
        "DELETE /properties/{id}": (w.owner, f"{home}", None),
        "POST /properties/{id}/images": (w.owner, f"{home}", {"image_url": "https://example.com/b.png"}),
        "DELETE /properties/{id}/images/{image_pk}": (w.owner, f"{home} {w.image.pk}", None),
        "POST /agents": (w.ops, "", {"name": "Sunil"}),
        "PATCH /agents/{id}": (w.ops, f"{agent}", {"capacity": 3}),
        "PUT /agents/{id}": (w.ops, f"{agent}", {"capacity": 3}),
        "DELETE /agents/{id}": (w.ops, f"{w.meera.pk}", None),
        "PATCH /agents/{id}/availability": (w.ops, f"{agent}", {"is_available": False}),
        "PUT /agents/{id}/hours": (w.ops, f"{agent}", WEEK),
        "POST /agents/{id}/time-off": (w.ops, f"{agent}", away),
        "DELETE /agents/{id}/time-off/{time_off_id}": (w.ops, f"{agent} {w.time_off.pk}", None),
        "POST /agents/assign": (w.peer, "", {}),
        "POST /flatmates/swipes": (w.owner, "", {"target_user_id": w.asha.pk, "action": "like"}),
        "POST /flatmates/matches/{id}/unmatch": (w.asha, f"{match}", {}),
        "PUT /flatmates/matches/{id}/unmatch": (w.asha, f"{match}", {}),
        "POST /flatmates/conversations/{id}/messages": (w.asha, f"{conversation}", {"body": "Free?"}),
        "POST /flatmates/conversations/{id}/read": (w.asha, f"{conversation}", {}),
        "POST /flatmates/conversations/{id}/mark-read": (w.asha, f"{conversation}", {}),
        "POST /flatmates/blocks": (w.asha, "", {"blocked_user_id": w.peer.pk}),
        "DELETE /flatmates/blocks/{user_id}": (w.asha, f"{blocked.pk}", None),
        "PATCH /users/me": (w.asha, "", {"preferred_languages": ["mr"]}),
        "PATCH /users/profile": (w.asha, "", {"preferred_languages": ["mr"]}),
        "POST /auth/password": (w.asha, "", password),
        "POST /auth/signup": (None, "", signup),
        "POST /auth/login": (None, "", login),
        "POST /auth/logout": (token, "", {}),
        "POST /auth/logout-all": (token, "", {}),
        "POST /events/ticket": (w.asha, "", {}),
    }
    return {tuple(route.split()): request for route, request in listed.items()}


def send(user, method, path, ids, body, key):
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {user}") if isinstance(user, str) else APIClient()
    if user is not None and not isinstance(user, str):
        # Another object for each request, as after a real log-in.
        client.force_authenticate(type(user).objects.get(pk=user.pk))
    for id_ in ids.split():
        path = re.sub(r"{\w+}", id_, path, count=1)
    headers = {"Idempotency-Key": key} if key else {}
    content = "" if body is None else json.dumps(body)
    return client.generic(method, f"/api/v1{path}", content, "application/json", headers=headers)


def counts():
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(f"(SELECT count(*) FROM {table})" for table in TABLES))
        return dict(zip(TABLES, cursor.fetchone(), strict=True))


def test_the_table_lists_every_write():
    writes = {
        (method.upper(), path.removeprefix("/api/v1"))
        for path, method in operations().values()
        if method != "get"
    }
    assert ROWS.keys() == writes


@pytest.mark.django_db
def test_a_second_request_does_what_the_table_says(asha, ops):
    for (method, path), (user, ids, body) in requests(World(asha, ops)).items():
        first_status, again_status, text = ROWS[method, path]
        for key in (None, "8a1f-77"):
            where = f"{method} {path} with the key {key}"
            with transaction.atomic():
                first = send(user, method, path, ids, body, key)
                assert first.status_code == first_status, (where, first.content)
                before = counts()
                again = send(user, method, path, ids, body, key)
                if key and "also with a key" not in text:
                    assert (again.status_code, again.content) == (first.status_code, first.content), where
                    assert again["Idempotency-Replayed"] == "true", where
                    assert counts() == before, where
                else:
                    assert again.status_code == again_status, (where, again.content)
                    assert "Idempotency-Replayed" not in again, where
                    assert (counts() != before) == ("another" in text and "creates" in text), where
                transaction.set_rollback(True)
