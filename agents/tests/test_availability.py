"""Availability and working hours over HTTP."""

import pytest

from agents.models import Agent, WorkingHours
from agents.tests.factories import WorkingHoursFactory
from ghar.tests.responses import problem_fields

pytestmark = pytest.mark.django_db


AGENTS = "/api/v1/agents"
MONDAY = {"weekday": 0, "opens": "10:00", "closes": "18:00"}


class TestAvailability:
    def test_agent_and_staff_set_the_availability(self, api, meera, ops):
        for user, value in [(meera.user, False), (ops, True)]:
            response = api(user).patch(f"{AGENTS}/{meera.pk}/availability", {"is_available": value})
            assert (response.status_code, response.json()["is_available"]) == (200, value)
            assert Agent.objects.get().is_available is value

    @pytest.mark.parametrize(
        "sent", [{}, {"is_available": None}, {"is_available": 2}, {"is_available": "no!"}]
    )
    def test_availability_must_be_true_or_false(self, api, meera, sent):
        response = api(meera.user).patch(f"{AGENTS}/{meera.pk}/availability", sent)
        assert problem_fields(response) == (400, "validation_error", ["is_available"])
        assert Agent.objects.get().is_available


class TestHours:
    def test_hours_replace_the_week_and_touching_shifts_are_merged(self, api, meera):
        WorkingHoursFactory(agent=meera)
        url = f"{AGENTS}/{meera.pk}/hours"
        sent = [
            {"weekday": 5, "opens": "18:00:00", "closes": "24:00"},
            {"weekday": 3, "opens": "20:00", "closes": "23:59"},
            {"weekday": 4, "opens": "20:30", "closes": "23:59:59"},
            {"weekday": 2, "opens": "09:00", "closes": "12:00"},
            {"weekday": 2, "opens": "12:00", "closes": "17:30"},
            {"weekday": 6, "opens": "00:00", "closes": "00:00"},
        ]
        stored = [
            {"weekday": 2, "opens": "09:00", "closes": "17:30"},
            {"weekday": 3, "opens": "20:00", "closes": "00:00"},
            {"weekday": 4, "opens": "20:30", "closes": "00:00"},
            {"weekday": 5, "opens": "18:00", "closes": "00:00"},
            {"weekday": 6, "opens": "00:00", "closes": "00:00"},
        ]
        response = api(meera.user).put(url, {"items": sent})
        assert (response.status_code, response.json()) == (200, {"items": stored})
        assert api(meera.user).get(url).json() == {"items": stored}
        assert api(meera.user).put(url, {"items": []}).json() == {"items": []}

    @pytest.mark.parametrize(
        ("row", "fields"),
        [
            ({**MONDAY, "weekday": 7}, ["items.0.weekday"]),
            ({**MONDAY, "weekday": -1}, ["items.0.weekday"]),
            ({**MONDAY, "weekday": True}, ["items.0.weekday"]),
            ({**MONDAY, "opens": "24:00"}, ["items.0.opens"]),
            ({**MONDAY, "opens": "9:00"}, ["items.0.opens"]),
            ({**MONDAY, "closes": "25:00"}, ["items.0.closes"]),
            ({**MONDAY, "closes": "18:60"}, ["items.0.closes"]),
            ({**MONDAY, "closes": 18}, ["items.0.closes"]),
            ({**MONDAY, "closes": "١٨:٠٠"}, ["items.0.closes"]),
            ({**MONDAY, "closes": "10:00"}, ["items"]),
            ({**MONDAY, "closes": None}, ["items.0.closes"]),
            ({**MONDAY, "note": "x"}, ["items.0.note"]),
        ],
    )
    def test_a_bad_row_is_named_and_the_week_stays(self, api, meera, row, fields):
        WorkingHoursFactory(agent=meera, weekday=3)
        response = api(meera.user).put(f"{AGENTS}/{meera.pk}/hours", {"items": [row]})
        assert problem_fields(response) == (400, "validation_error", fields)
        assert WorkingHours.objects.get().weekday == 3

    @pytest.mark.parametrize("sent", [{}, {"items": None}, {"items": "x"}, {"items": [MONDAY] * 400}])
    def test_the_items_of_a_week_are_required_and_limited(self, api, meera, sent):
        response = api(meera.user).put(f"{AGENTS}/{meera.pk}/hours", sent)
        assert problem_fields(response) == (400, "validation_error", ["items"])

    def test_overlapping_shifts_are_refused(self, api, meera):
        rows = [MONDAY, {"weekday": 0, "opens": "17:00", "closes": "20:00"}]
        response = api(meera.user).put(f"{AGENTS}/{meera.pk}/hours", {"items": rows})
        assert response.json()["errors"] == {
            "items": ["Row 2: Monday 17:00–20:00 overlaps Monday 10:00–18:00. Change one of the two."]
        }
        assert not WorkingHours.objects.exists()
