"""Confirm, reschedule, cancel and complete: who can do it, and when. A refusal changes nothing."""

from datetime import UTC, datetime, timedelta

import pytest

from agents.models import Engagement
from agents.tests.factories import AgentFactory
from ghar import clock
from ghar.accounts import services as account_services
from ghar.tests.responses import iso, problem
from properties.tests.factories import PropertyFactory
from visits import services
from visits.models import Visit
from visits.tests.factories import book, local

pytestmark = pytest.mark.django_db


class TestConfirm:
    def test_the_agency_confirms_a_new_tour(self, api, tour, agent):
        visit = api(agent.user).post(f"/api/v1/visits/{tour.pk}/confirm").json()
        assert (visit["status"], visit["awaiting"], visit["version"]) == ("confirmed", None, 2)

    def test_visitor_and_owner_cannot_confirm_a_tour_that_awaits_the_agency(self, api, tour, asha, snapshot):
        before = snapshot()
        for response in (
            api(asha).post(f"/api/v1/visits/{tour.pk}/confirm"),
            api(asha).patch(f"/api/v1/visits/{tour.pk}", {"status": "confirmed"}),
            api(tour.property.owner).post(f"/api/v1/visits/{tour.pk}/confirm"),
        ):
            assert problem(response) == (403, "permission_denied")
        assert snapshot() == before

    def test_the_visitor_confirms_a_tour_that_the_agency_moved(self, api, tour, asha, agent):
        api(agent.user).post(f"/api/v1/visits/{tour.pk}/reschedule", {"new_date": iso(local(2, 12))})
        assert problem(api(agent.user).post(f"/api/v1/visits/{tour.pk}/confirm")) == (
            403,
            "permission_denied",
        )
        assert api(asha).post(f"/api/v1/visits/{tour.pk}/confirm").json()["status"] == "confirmed"


class TestReschedule:
    def test_a_visitor_reschedules_and_the_agent_stays(self, api, tour, asha, ops):
        services.confirm(visit=tour, by=ops)
        path = f"/api/v1/visits/{tour.pk}/reschedule"
        visit = api(asha).post(path, {"new_date": iso(local(3, 15)), "reason": "Work"}).json()
        expected = {
            "status": "rescheduled",
            "awaiting": "agency",
            "scheduled_date": iso(local(3, 15)),
            "scheduled_end": iso(local(3, 15, 30)),
            "rescheduled_from": iso(local(2, 11)),
            "agent_id": tour.agent_id,
            "version": 3,
        }
        assert {key: visit[key] for key in expected} == expected
        last = api(asha).get(f"/api/v1/visits/{tour.pk}/history").json()["items"][-1]
        assert (last["change"], last["from_status"], last["reason"]) == ("rescheduled", "confirmed", "Work")

    def test_another_agent_gets_the_visit_when_the_former_one_is_busy(self, api, tour, asha, bala):
        book(bala, PropertyFactory(), local(3, 15))
        other = AgentFactory()
        path = f"/api/v1/visits/{tour.pk}/reschedule"
        assert api(asha).post(path, {"new_date": iso(local(3, 15))}).json()["agent_id"] == other.pk
        assert api(asha).post(path, {"new_date": iso(local(3, 4))}).json()["agent_id"] is None

    def test_the_same_time_again_changes_nothing(self, api, tour, asha, snapshot):
        before = snapshot()
        response = api(asha).post(f"/api/v1/visits/{tour.pk}/reschedule", {"new_date": iso(local(2, 11))})
        assert response.status_code == 200
        assert snapshot() == before

    def test_a_visit_cannot_move_onto_another_one_of_the_visitor(self, api, tour, asha, snapshot):
        book(asha, PropertyFactory(), local(3, 15))
        before = snapshot()
        for response in (
            api(asha).post(f"/api/v1/visits/{tour.pk}/reschedule", {"new_date": iso(local(3, 15, 15))}),
            api(asha).patch(f"/api/v1/visits/{tour.pk}", {"scheduled_date": iso(local(3, 14, 45))}),
        ):
            assert problem(response) == (409, "visit_conflict")
            assert response.json()["alternatives"]
        assert snapshot() == before

    @pytest.mark.parametrize("body", [{}, {"new_date": None}, {"new_date": "2020-01-01T00:00:00Z"}])
    def test_the_new_date_must_be_in_the_future(self, api, tour, asha, snapshot, body):
        before = snapshot()
        response = api(asha).post(f"/api/v1/visits/{tour.pk}/reschedule", body)
        assert problem(response) == (400, "validation_error")
        assert list(response.json()["errors"]) == ["new_date"]
        assert snapshot() == before

    def test_the_owner_of_the_listing_cannot_reschedule(self, api, tour, snapshot):
        before = snapshot()
        response = api(tour.property.owner).post(
            f"/api/v1/visits/{tour.pk}/reschedule", {"new_date": iso(local(3, 15))}
        )
        assert problem(response) == (403, "permission_denied")
        assert snapshot() == before


class TestCancel:
    @pytest.mark.parametrize("body", [None, {}, {"reason": ""}, {"reason": "Found one"}])
    def test_a_cancellation_frees_the_time(self, api, tour, asha, body):
        visit = api(asha).post(f"/api/v1/visits/{tour.pk}/cancel", body).json()
        reason = (body or {}).get("reason", "")
        assert (visit["status"], visit["awaiting"], visit["cancellation_reason"]) == (
            "cancelled",
            None,
            reason,
        )
        assert visit["agent_id"] == tour.agent_id
        tour.agent.refresh_from_db()
        assert tour.agent.live_visits == 0
        assert book(asha, PropertyFactory(), local(2, 11)).agent == tour.agent

    @pytest.mark.parametrize("act", ["confirm", "reschedule", "complete", "assign"])
    def test_a_cancelled_visit_cannot_change_any_more(self, api, tour, ops, snapshot, act):
        services.cancel(visit=tour, by=ops)
        before = snapshot()
        body = {"new_date": iso(local(3, 15))} if act == "reschedule" else {}
        response = api(ops).post(f"/api/v1/visits/{tour.pk}/{act}", body)
        assert problem(response) == (409, "invalid_transition")
        assert snapshot() == before

    def test_a_closed_account_cancels_its_visits_and_ends_its_engagement(self, tour, asha, ops, agent):
        account_services.deactivate(user=asha, by=ops)
        tour.refresh_from_db()
        agent.refresh_from_db()
        assert (tour.status, tour.events.last().actor) == ("cancelled", ops)
        assert not Engagement.objects.open().exists()
        assert (agent.live_visits, agent.live_users, agent.total_users_assigned) == (0, 0, 1)


class TestComplete:
    @pytest.fixture
    def begun(self, agent, listing, asha):
        with clock.frozen_at(clock.now() - timedelta(days=3)):
            return book(asha, listing, local(-1, 11))

    def test_the_agent_completes_a_tour(self, api, begun, agent):
        body = {
            "notes": "Keen",
            "feedback": "Bright",
            "interest_level": "high",
            "follow_up_date": "2030-01-01T10:00:00Z",
        }
        visit = api(agent.user).post(f"/api/v1/visits/{begun.pk}/complete", body).json()
        expected = {
            "status": "completed",
            "visit_notes": "Keen",
            "visitor_feedback": "Bright",
            "interest_level": "high",
            "follow_up_required": True,
            "follow_up_date": "2030-01-01T10:00:00Z",
        }
        assert {key: visit[key] for key in expected} == expected
        assert visit["actual_date"]

    def test_a_visit_cannot_be_completed_before_it_begins(self, api, tour, ops, snapshot):
        before = snapshot()
        assert problem(api(ops).post(f"/api/v1/visits/{tour.pk}/complete")) == (409, "invalid_transition")
        assert snapshot() == before

    def test_a_visit_can_be_completed_from_its_first_minute_on(self, api, tour, ops, snapshot):
        path, before = f"/api/v1/visits/{tour.pk}/complete", snapshot()
        for minutes in (30, 1):
            with clock.frozen_at(tour.scheduled_date - timedelta(minutes=minutes)):
                assert problem(api(ops).post(path)) == (409, "invalid_transition")
        assert snapshot() == before
        with clock.frozen_at(tour.scheduled_date):
            assert api(ops).post(path).json()["status"] == "completed"

    def test_the_visitor_cannot_complete_a_tour(self, api, begun, asha, snapshot):
        before = snapshot()
        assert problem(api(asha).post(f"/api/v1/visits/{begun.pk}/complete")) == (403, "permission_denied")
        assert snapshot() == before

    def test_a_completed_visit_takes_feedback_and_notes_only(self, api, begun, asha, ops, snapshot):
        services.complete(visit=begun, by=ops)
        path = f"/api/v1/visits/{begun.pk}"
        visit = api(asha).patch(path, {"visitor_feedback": "Nice", "interest_level": "low"}).json()
        assert (visit["visitor_feedback"], visit["interest_level"]) == ("Nice", "low")
        assert api(ops).patch(path, {"visit_notes": "ok", "follow_up_required": True}).status_code == 200
        before = snapshot()
        for allowed in ({}, {"visitor_feedback": "y"}, {"interest_level": "high"}):
            response = api(asha).patch(path, {"special_requirements": "x", **allowed})
            assert problem(response) == (409, "invalid_transition")
        assert snapshot() == before


def test_a_completed_visit_takes_no_transition(api, ops, agent, listing, asha, snapshot):
    with clock.frozen_at(clock.now() - timedelta(days=3)):
        visit = book(asha, listing, local(-1, 11))
    services.complete(visit=visit, by=ops)
    before = snapshot()
    for act in ("confirm", "cancel", "assign"):
        assert problem(api(ops).post(f"/api/v1/visits/{visit.pk}/{act}")) == (409, "invalid_transition")
    moved = api(ops).post(f"/api/v1/visits/{visit.pk}/reschedule", {"new_date": iso(local(9, 11))})
    assert problem(moved) == (409, "invalid_transition")
    assert snapshot() == before
    assert Visit.objects.get().actual_date <= datetime.now(UTC)
