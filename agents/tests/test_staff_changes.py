"""POST, PATCH and DELETE of agents by staff. What is refused changes nothing."""

from zoneinfo import available_timezones

import pytest

from agents.models import Agent
from agents.tests.factories import EngagementFactory
from ghar import validators
from ghar.tests.responses import problem, problem_fields

pytestmark = pytest.mark.django_db


AGENTS = "/api/v1/agents"
MONDAY = {"weekday": 0, "opens": "10:00", "closes": "18:00"}


class TestStaffChanges:
    def test_an_agent_needs_only_a_name_and_gets_the_defaults(self, api, ops):
        response = api(ops).post(AGENTS, {"name": " Meera "})
        body = response.json()
        agent = Agent.objects.get()
        assert response.status_code == 201
        assert body == api(ops).get(f"{AGENTS}/{agent.pk}").json()
        defaults = {
            "name": "Meera",
            "languages": ["en"],
            "cities": [],
            "serves_everywhere": False,
            "capacity": 50,
            "agent_type": "general",
            "experience_level": "intermediate",
            "is_active": True,
            "is_available": True,
            "timezone": "Asia/Kolkata",
            "user_id": None,
            "working_hours": [],
            "user_satisfaction_rating": None,
        }
        assert {name: body[name] for name in defaults} == defaults

    def test_an_agent_can_be_created_with_all_fields(self, api, ops, asha):
        sent = {
            "name": "Meera",
            "description": "Knows Bandra",
            "contact_number": "+919820012345",
            "avatar_url": "https://img.example/meera.png",
            "languages": ["mr", "en"],
            "agent_type": "specialist",
            "experience_level": "expert",
            "cities": ["Mumbai", "Pune"],
            "serves_everywhere": True,
            "timezone": "Asia/Kathmandu",
            "is_active": True,
            "is_available": False,
            "working_hours": [MONDAY],
            "user_id": asha.pk,
            "capacity": None,
        }
        body = api(ops).post(AGENTS, sent).json()
        assert {name: body[name] for name in sent} == sent

    def test_a_patch_changes_only_the_fields_it_names(self, api, ops, meera):
        before = api(ops).get(f"{AGENTS}/{meera.pk}").json()
        response = api(ops).patch(f"{AGENTS}/{meera.pk}/", {"capacity": 3, "working_hours": [MONDAY]})
        assert response.status_code == 200
        assert response.json() == {**before, "capacity": 3, "working_hours": [MONDAY]}
        assert api(ops).patch(f"{AGENTS}/{meera.pk}", {}).json() == response.json()

    def test_a_phone_number_is_stored_as_e164(self, api, ops):
        body = api(ops).post(AGENTS, {"name": "Meera", "contact_number": "+91 (98200) 12-345"}).json()
        assert body["contact_number"] == "+919820012345"

    def test_a_removed_agent_can_come_back(self, api, ops, asha):
        engagement = EngagementFactory(seeker=asha)
        url = f"{AGENTS}/{engagement.agent_id}"
        for _ in range(2):
            response = api(ops).delete(f"{url}?dry_run=false")
            assert (response.status_code, response.json()) == (200, {"moved": []})
        assert api(asha).get(f"{AGENTS}/assigned").status_code == 404
        assert api(ops).get(url).json()["is_active"] is False
        assert api(ops).patch(url, {"is_active": True}).json()["is_active"] is True

    @pytest.mark.parametrize(
        ("sent", "fields"),
        [
            ({"id": 5}, ["id"]),
            ({"live_users": 0, "live_visits": 0}, ["live_users", "live_visits"]),
            ({"total_users_assigned": 0}, ["total_users_assigned"]),
            ({"user_satisfaction_rating": 5}, ["user_satisfaction_rating"]),
            ({"created_at": "2026-01-01T00:00:00Z"}, ["created_at"]),
            ({"name": ""}, ["name"]),
            ({"name": None}, ["name"]),
            ({"name": "x" * 121}, ["name"]),
            ({"name": ["Meera"]}, ["name"]),
            ({"description": "x" * 2001}, ["description"]),
            ({"contact_number": "12"}, ["contact_number"]),
            ({"contact_number": "9" * 17}, ["contact_number"]),
            ({"avatar_url": "javascript:alert(1)"}, ["avatar_url"]),
            ({"languages": "en"}, ["languages"]),
            ({"languages": ["klingon"]}, ["languages.0"]),
            ({"languages": ["en"] * 21}, ["languages"]),
            ({"languages": [None]}, ["languages.0"]),
            ({"cities": ["x" * 81]}, ["cities.0"]),
            ({"cities": [" "]}, ["cities.0"]),
            ({"cities": None}, ["cities"]),
            ({"cities": {"a": 1}}, ["cities"]),
            ({"agent_type": "boss"}, ["agent_type"]),
            ({"experience_level": ""}, ["experience_level"]),
            ({"timezone": "localtime"}, ["timezone"]),
            ({"timezone": "../../etc/passwd"}, ["timezone"]),
            ({"timezone": "asia/kolkata"}, ["timezone"]),
            ({"is_available": "perhaps"}, ["is_available"]),
            ({"is_active": None}, ["is_active"]),
            ({"capacity": 0}, ["capacity"]),
            ({"capacity": 2**31}, ["capacity"]),
            ({"capacity": 2**70}, ["capacity"]),
            ({"capacity": 1.5}, ["capacity"]),
            ({"user_id": 2**70}, ["user_id"]),
            ({"user_id": 987654}, ["user_id"]),
            ({"user_id": "asha"}, ["user_id"]),
            ({"working_hours": {}}, ["working_hours"]),
            ({"working_hours": [5]}, ["working_hours.0"]),
            ({"working_hours": [MONDAY, MONDAY]}, ["working_hours"]),
            ({"working_hours": [MONDAY, {**MONDAY, "weekday": 7}]}, ["working_hours.1.weekday"]),
            ({"working_hours": [{"weekday": 5}]}, ["working_hours.0.closes", "working_hours.0.opens"]),
        ],
    )
    def test_each_bad_field_is_named_and_nothing_changes(self, api, ops, meera, sent, fields):
        before = api(ops).get(AGENTS).json()
        changed = {"description": "Changed", **sent}
        assert problem_fields(api(ops).patch(f"{AGENTS}/{meera.pk}", changed)) == (
            400,
            "validation_error",
            fields,
        )
        new = {"name": "New", **sent}
        assert problem_fields(api(ops).post(AGENTS, new)) == (400, "validation_error", fields)
        assert api(ops).get(AGENTS).json() == before

    @pytest.mark.parametrize("body", ["[]", "5", "null", '"x"'])
    def test_a_body_must_be_an_object(self, api, ops, meera, body):
        for send, url in [(api(ops).post, AGENTS), (api(ops).patch, f"{AGENTS}/{meera.pk}")]:
            assert problem(send(url, body, content_type="application/json")) == (
                400,
                "validation_error",
            )

    def test_a_login_belongs_to_one_agent_and_not_to_staff(self, api, ops, bala, meera):
        for user_id in (ops.pk, meera.user_id):
            sent = {"name": "Twin", "user_id": user_id}
            assert problem_fields(api(ops).post(AGENTS, sent)) == (400, "validation_error", ["user_id"])
        assert Agent.objects.count() == 1


def test_a_time_zone_must_be_known_to_python_and_to_the_database(api, ops, monkeypatch):
    # A zone can be named after PostgreSQL was built.
    for zone in ("CET", "EET", "MET", "WET", "localtime"):
        answer = api(ops).post(AGENTS, {"name": "Meera", "timezone": zone})
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["timezone"])
    known = available_timezones()
    monkeypatch.setattr(validators, "available_timezones", lambda: {*known, "Europe/Newtown"})
    validators.timezones.cache_clear()
    answer = api(ops).post(AGENTS, {"name": "Meera", "timezone": "Europe/Newtown"})
    assert (answer.status_code, answer.json()["errors"]) == (
        400,
        {"timezone": ["Europe/Newtown is not a time zone such as Asia/Kolkata."]},
    )
    assert not Agent.objects.exists()
    assert api(ops).post(AGENTS, {"name": "Meera", "timezone": "Europe/Berlin"}).status_code == 201
    validators.timezones.cache_clear()
