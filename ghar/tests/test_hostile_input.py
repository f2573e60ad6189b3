"""Hostile input to every route gives problems, never a 5xx, and changes nothing.

The routes are read from the URLconf. A new one that takes a body fails a test until it is in BODIES.
"""

import json
import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.urls import URLResolver, get_resolver
from rest_framework.test import APIClient

from agents.tests.factories import AgentFactory
from flatmates.tests.factories import match
from ghar import clock
from ghar.accounts.tests.factories import UserFactory
from ghar.tests.conformance import query_names
from properties.tests.factories import PropertyFactory
from visits.tests.factories import book, local

pytestmark = pytest.mark.django_db

SOON = (clock.now() + timedelta(days=5)).replace(microsecond=0).isoformat()
LATER = (clock.now() + timedelta(days=6)).replace(microsecond=0).isoformat()
# A valid body for each route. The values are replaced one by one.
BODIES = {
    "POST auth/signup": {
        "full_name": "C",
        "phone": "9812345678",
        "email": "c@c.in",
        "password": "long enough 1",
    },
    "POST auth/login": {"identifier": "asha@example.com", "password": "x"},
    "POST auth/logout": {},
    "POST auth/logout-all": {},
    "POST events/ticket": {},
    "POST auth/password": {"current_password": "x", "new_password": "long enough 1"},
    "PATCH users/me": {
        "full_name": "C",
        "email": "c@c.in",
        "phone": "9812345678",
        "profile_image_url": "https://example.com/",
        "preferred_languages": ["en"],
    },
    "POST visits": {
        "property_id": 1,
        "scheduled_date": SOON,
        "visit_context": "flatmate_meet",
        "counterparty_user_id": 1,
        "conversation_id": 1,
        "match_id": 1,
        "time_slot_label": "x",
        "special_requirements": "x",
        "duration_minutes": 30,
        "user_id": 1,
    },
    "PATCH visits/ID": {
        "status": "confirmed",
        "scheduled_date": SOON,
        "time_slot_label": "x",
        "special_requirements": "x",
        "visit_notes": "x",
        "visitor_feedback": "x",
        "interest_level": "low",
        "follow_up_required": True,
        "follow_up_date": SOON,
        "version": 1,
    },
    "POST visits/ID/assign": {"agent_id": 1, "reason": "x", "override": True},
    "POST visits/ID/cancel": {"reason": "x"},
    "POST visits/ID/complete": {
        "notes": "x",
        "feedback": "x",
        "interest_level": "low",
        "follow_up_date": SOON,
        "agent_id": 1,
    },
    "POST visits/ID/confirm": {},
    "POST visits/ID/reschedule": {"new_date": SOON, "reason": "x", "time_slot_label": "x"},
    "POST properties": {
        "title": "x",
        "property_type": "house",
        "purpose": "rent",
        "city": "x",
        "base_price": 1,
        "monthly_rent": 1,
        "latitude": 1,
        "longitude": 1,
        "area_sqft": 1,
        "bedrooms": 1,
        "bathrooms": 1,
        "furnishing": "furnished",
        "timezone": "Asia/Kolkata",
        "features": ["a"],
        "attributes": {"a": "b"},
        "amenities": ["Lift"],
        "exclusive_tours": True,
        "is_available": True,
        "description": "x",
        "locality": "x",
        "pincode": "x",
        "status": "available",
    },
    "POST properties/ID/images": {
        "image_url": "https://example.com/x.png",
        "caption": "x",
        "display_order": 1,
        "is_main_image": True,
    },
    "POST agents": {
        "name": "x",
        "description": "x",
        "contact_number": "9812345678",
        "avatar_url": "https://example.com/x.png",
        "languages": ["en"],
        "agent_type": "senior",
        "experience_level": "expert",
        "cities": ["x"],
        "serves_everywhere": False,
        "timezone": "Asia/Kolkata",
        "is_active": True,
        "is_available": True,
        "working_hours": [{"weekday": 0, "opens": "09:00", "closes": "10:00"}],
        "user_id": 1,
        "capacity": 1,
    },
    "POST agents/assign": {"agent_id": 1},
    "PATCH agents/ID/availability": {"is_available": True},
    "PUT agents/ID/hours": {"items": [{"weekday": 0, "opens": "09:00", "closes": "10:00"}]},
    "POST agents/ID/time-off": {"from": SOON, "to": LATER, "reason": "x"},
    "POST flatmates/swipes": {"target_user_id": 1, "action": "like", "context_property_id": 1},
    "POST flatmates/matches/ID/unmatch": {},
    "POST flatmates/conversations/ID/messages": {"body": "x"},
    "POST flatmates/conversations/ID/read": {},
    "POST flatmates/blocks": {"blocked_user_id": 1},
}
SAME_AS = {
    "PATCH users/profile": "PATCH users/me",
    "PUT flatmates/visits/ID": "PATCH visits/ID",
    "PUT agents/ID": "POST agents",
    "PUT flatmates/matches/ID/unmatch": "POST flatmates/matches/ID/unmatch",
    "POST flatmates/conversations/ID/mark-read": "POST flatmates/conversations/ID/read",
    "PUT visits/ID": "PATCH visits/ID",
    "PATCH properties/ID": "POST properties",
    "PUT properties/ID": "POST properties",
    "PATCH agents/ID": "POST agents",
}
VALUES = [
    None,
    "a\0b",
    "\ud800",
    "x" * 100_000,
    "9999-12-31T23:59:59.999999-23:59",
    "0001-01-01T00:00:00+14:00",
    "nan",
    2**70,
    -1,
    -(2**63) - 1,
    1e308,
    True,
    "",
    [],
    [None],
    [2**70],
    ["\0"],
    [{"weekday": 2**70, "opens": "\0", "closes": []}],
    {},
    {"a": {"b": []}},
    {"\0": "\ud800"},
]
RAW = {
    "array": b"[]",
    "null": b"null",
    "text": b'"text"',
    "broken": b'{"reason": ',
    "NaN": b'{"reason": NaN}',
    "not UTF-8": b'{"reason": "\xff\xfe"}',
    "escaped surrogate": b'{"reason": "\\ud800"}',
    "NUL": b'{"reason": "\\u0000"}',
    "deep": b'{"reason":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    "3 MB": b'{"reason": "' + b"x" * 3_000_000 + b'"}',
    "a long name": b'{"' + b"x" * 1_000_000 + b'": 1}',
}
QUERY = [
    "",
    ",,,",
    "a\0b",
    "\udc80",
    "x" * 5_000,
    "9999-12-31",
    "9999-12-31T23:59:59-23:59",
    "0001-01-01",
    "nan",
    "inf",
    "1e400",
    str(2**70),
    "-1",
    "null",
    "true",
    "[]",
    "%",
    "\\",
    "'; DROP TABLE visits_visit; --",
]
IDS = ["0", str(2**63), str(2**70), "9" * 400, "9" * 5_000]
IDS += ["-1", "abc", "%00", "1%00", "٣", "1.0", "%ED%A0%80"]
TABLES = ["visits_visit", "visits_visitevent", "properties_property", "properties_propertyimage"]
TABLES += ["agents_agent", "agents_workinghours", "agents_timeoff", "agents_engagement"]
TABLES += [f"flatmates_{name}" for name in ("swipe", "usermatch", "userconversation", "message", "userblock")]


def routes(resolver=None, prefix=""):
    """Yield (path, methods, callback) of every route of the API, with ID for each id."""
    for entry in (resolver or get_resolver()).url_patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry, path)
        elif path.startswith("api/v1/^") and hasattr(entry.callback, "cls"):
            plain = re.sub(r"\(\?P<\w+>[^)]*\)", "ID", path.removeprefix("api/v1/^").removesuffix("/?$"))
            actions = getattr(entry.callback, "actions", None)
            allowed = set(entry.callback.cls().allowed_methods) - {"OPTIONS", "HEAD"}
            yield plain, sorted(actions or allowed), entry.callback


ALL = [(method.upper(), path, callback) for path, methods, callback in routes() for method in methods]
WRITING = [f"{method} {path}" for method, path, _ in ALL if method in {"POST", "PUT", "PATCH"}]
READING = {path: query_names(callback, "get") for method, path, callback in ALL if method == "GET"}


@pytest.fixture
def send(ops, asha):
    """`send("POST visits/ID/cancel", body)` sends a request as staff, with ids of existing rows."""
    ops.is_superuser = True
    ops.save()
    agent = AgentFactory(user=UserFactory())
    visit = book(asha, PropertyFactory(owner=ops), local(2, 11))
    made, conversation = match(ops, asha)
    rows = {
        "visits": visit.pk,
        "agents": agent.pk,
        "flatmates/visits": visit.pk,
        "properties": visit.property_id,
        "flatmates/matches": made.pk,
        "flatmates/conversations": conversation.pk,
    }
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(ops)

    def call(route, body=None, query=None, unknown=None):
        method, path = route.split()
        pk = rows.get(path.partition("/ID")[0], 1)
        url = f"/api/v1/{path.replace('ID', str(pk))}"
        if query is not None:
            return client.get(url, query)
        url += f"?{urlencode({unknown: 1})}" if unknown else ""
        return client.generic(method, url, body or b"", content_type="application/json")

    return call


def everything():
    """Return a digest of all rows that a route could change."""
    with connection.cursor() as cursor:
        cursor.execute(
            " UNION ALL ".join(
                f"SELECT md5(string_agg(t::text, '' ORDER BY id)) FROM {table} t" for table in TABLES
            )
        )
        return cursor.fetchall()


def check(response, before, what):
    """Check a response, and return the digest of all rows after it."""
    assert response.status_code < 500, (what, response.content[:300])
    after = everything()
    if response.status_code >= 400:
        assert response["Content-Type"] == "application/problem+json", what
        assert response.json()["code"], what
        assert after == before, what
    return after


def test_every_writing_route_has_a_body_in_this_test():
    assert set(WRITING) == {*BODIES, *SAME_AS}


@pytest.mark.parametrize("route", WRITING)
def test_hostile_values_in_all_fields_give_problems_and_change_nothing(route, send):
    body = BODIES[SAME_AS.get(route, route)]
    before = everything()
    for value in VALUES:
        sent = json.dumps(dict.fromkeys(body, value)).encode()
        before = check(send(route, sent), before, str(value)[:60])


@pytest.mark.stress
@pytest.mark.parametrize("route", BODIES)
def test_a_hostile_value_in_one_field_gives_a_problem_and_changes_nothing(route, send):
    body, before = BODIES[route], everything()
    for field in body:
        for value in VALUES:
            sent = json.dumps(body | {field: value}).encode()
            before = check(send(route, sent), before, (field, str(value)[:60]))


@pytest.mark.parametrize("route", WRITING)
def test_hostile_bodies_give_problems_and_change_nothing(route, send):
    before = everything()
    for name, raw in RAW.items():
        before = check(send(route, raw), before, name)


@pytest.mark.parametrize("path", [path for path, names in READING.items() if names])
def test_hostile_values_of_all_parameters_give_problems(path, send):
    before = everything()
    for value in QUERY:
        query = dict.fromkeys(sorted(READING[path]), value.encode("utf-8", "surrogateescape"))
        before = check(send(f"GET {path}", query=query), before, value[:60])


@pytest.mark.stress
@pytest.mark.parametrize("path", [path for path, names in READING.items() if names])
def test_a_hostile_value_of_one_parameter_gives_a_problem(path, send):
    before = everything()
    for name in sorted(READING[path]):
        for value in QUERY:
            query = {name: value.encode("utf-8", "surrogateescape")}
            before = check(send(f"GET {path}", query=query), before, (name, value[:60]))


@pytest.mark.parametrize("name", ["cursor[]", "owner_id", "x" * 500])
def test_unknown_parameters_are_refused_on_every_route(send, name):
    before = everything()
    for method, path, _ in ALL:
        route = f"{method} {path}"
        body = json.dumps(BODIES.get(SAME_AS.get(route, route), {})).encode()
        response = send(route, body, unknown=name)
        assert (response.status_code, list(response.json()["errors"])) == (400, [name[:100]]), route
        before = check(response, before, route)


@pytest.mark.parametrize("route", sorted({f"{method} {path}" for method, path, _ in ALL if "ID" in path}))
def test_hostile_ids_give_problems_and_change_nothing(route, ops):
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(ops)
    method, path = route.split()
    before = everything()
    for pk in IDS:
        response = client.generic(
            method, f"/api/v1/{path.replace('ID', pk)}", b"{}", content_type="application/json"
        )
        before = check(response, before, pk)
        assert response.status_code in {400, 403, 404, 405}, pk
