"""PATCH and PUT /visits/{id}: who can edit which field."""

import pytest

from ghar.tests.responses import iso, problem
from visits.tests.factories import local

pytestmark = pytest.mark.django_db


class TestUpdate:
    def path(self, tour):
        return f"/api/v1/visits/{tour.pk}"

    @pytest.mark.parametrize("method", ["patch", "put"])
    def test_participants_and_the_agency_edit_their_own_fields(self, api, tour, asha, agent, method):
        mine = getattr(api(asha), method)(self.path(tour), {"special_requirements": "Ground floor"})
        assert (mine.status_code, mine.json()["special_requirements"]) == (200, "Ground floor")
        theirs = getattr(api(agent.user), method)(self.path(tour), {"visit_notes": "Call first"})
        assert (theirs.status_code, theirs.json()["visit_notes"], theirs.json()["version"]) == (
            200,
            "Call first",
            3,
        )

    @pytest.mark.parametrize(
        ("who", "body"),
        [
            ("asha", {"visit_notes": "x"}),
            ("asha", {"follow_up_required": True}),
            ("agent", {"special_requirements": "x"}),
            ("ops", {"visitor_feedback": "x"}),
            ("owner", {"special_requirements": "x"}),
            ("asha", {"special_requirements": "mine", "visit_notes": "not mine"}),
        ],
    )
    def test_fields_of_others_cannot_be_edited(self, api, tour, asha, agent, ops, snapshot, who, body):
        user = {"asha": asha, "agent": agent.user, "ops": ops, "owner": tour.property.owner}[who]
        before = snapshot()
        assert problem(api(user).patch(self.path(tour), body)) == (403, "permission_denied")
        assert snapshot() == before

    @pytest.mark.parametrize(
        "body",
        [
            {"agent_id": 1},
            {"version": 9},
            {"counterparty_user_id": 1},
            {"status": "completed"},
            {"status": "scheduled"},
            {"status": None},
            {"scheduled_date": None},
            {"status": "cancelled", "scheduled_date": "2030-01-01T00:00:00Z"},
            {"interest_level": "huge"},
            {"colour": "red"},
        ],
    )
    def test_unknown_and_read_only_fields_and_bad_values_are_refused(self, api, tour, asha, snapshot, body):
        before = snapshot()
        response = api(asha).patch(self.path(tour), body)
        assert problem(response) == (400, "validation_error")
        assert set(response.json()["errors"]) & set(body)
        assert snapshot() == before

    def test_a_status_beside_other_fields_is_one_change(self, api, tour, asha):
        body = {"status": "cancelled", "visitor_feedback": "Too far"}
        visit = api(asha).patch(self.path(tour), body).json()
        assert (visit["status"], visit["visitor_feedback"], visit["version"]) == ("cancelled", "Too far", 2)
        assert [e.change for e in tour.events.all()] == ["scheduled", "cancelled"]

    def test_a_date_beside_other_fields_applies_with_them_or_not_at_all(self, api, tour, asha, snapshot):
        body = {"scheduled_date": iso(local(3, 12)), "special_requirements": "Later"}
        visit = api(asha).patch(self.path(tour), body).json()
        assert (visit["status"], visit["special_requirements"], visit["version"]) == (
            "rescheduled",
            "Later",
            2,
        )
        before = snapshot()
        bad = {"scheduled_date": "2020-01-01T00:00:00Z", "special_requirements": "Never"}
        assert problem(api(asha).patch(self.path(tour), bad)) == (400, "validation_error")
        assert snapshot() == before

    def test_the_same_values_change_nothing(self, api, tour, asha, snapshot):
        before = snapshot()
        for body in ({}, {"special_requirements": ""}, {"scheduled_date": iso(local(2, 11))}):
            assert api(asha).patch(self.path(tour), body).status_code == 200
        assert snapshot() == before

    def test_a_write_with_another_version_in_if_match_is_refused(self, api, tour, asha, snapshot):
        body = {"special_requirements": "x"}
        before = snapshot()
        for stale in ('"2"', "1", 'W/"1"', '"one"', '"'):
            response = api(asha).patch(self.path(tour), body, headers={"If-Match": stale})
            assert problem(response) == (412, "precondition_failed")
        assert snapshot() == before
        for text in ("first", "second"):
            api(asha).patch(self.path(tour), {"special_requirements": text})
        before = snapshot()
        for stale in ('"1"', '"2"', '"4"'):
            response = api(asha).patch(self.path(tour), body, headers={"If-Match": stale})
            assert problem(response) == (412, "precondition_failed")
        assert snapshot() == before
        read = api(asha).get(self.path(tour))
        response = api(asha).patch(self.path(tour), body, headers={"If-Match": read["ETag"]})
        assert (response.status_code, response["ETag"]) == (200, '"4"')
