"""The agents for a visit, ranked for staff; the agency's figures; and the decisions that history keeps."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from agents.models import Agent
from agents.tests.factories import AgentFactory
from ghar import clock
from ghar.accounts.tests.factories import UserFactory
from properties.tests.factories import PropertyFactory
from visits import services
from visits.assignment import explanations
from visits.models import Visit
from visits.tests.factories import book, local

pytestmark = pytest.mark.django_db


class TestCandidates:
    def get(self, client, visit):
        return client.get(f"/api/v1/visits/{visit.pk}/candidates")

    def test_are_every_active_agent_the_eligible_ones_first(self, api, ops, tour, agent):
        elsewhere = AgentFactory(name="Far Away", cities=["Delhi"])
        on_leave = AgentFactory(name="Not Now", is_available=False)
        free = AgentFactory(name="Free", languages=["mr"])
        AgentFactory(is_active=False)
        response = self.get(api(ops), tour)
        assert response.status_code == 200
        items = response.json()["items"]
        assert response.json()["urgent"] is False
        assert [item["rank"] for item in items] == [1, 2, 3, 4]
        found = [(item["agent"]["id"], item["reasons"]) for item in items]
        assert found[:2] == [(agent.pk, []), (free.pk, [])]
        assert found[2:] == [(on_leave.pk, ["unavailable"]), (elsewhere.pk, ["city"])]
        assert list(items[0]) == ["agent", "eligible", "reasons", "load", "rank", "explanation"]
        assert (items[0]["eligible"], items[0]["load"]) == (True, 0.02)
        assert items[0]["explanation"].startswith("The seeker's current agent; ")
        assert {item["explanation"] for item in items[2:]} == {
            "Doesn't serve this city.",
            "Takes no new visits.",
        }
        assert items[0]["agent"]["name"] == agent.name
        assert set(items[0]["agent"]) == {
            "id", "name", "contact_number", "avatar_url", "languages", "agent_type",
            "user_satisfaction_rating",
        }  # fmt: skip

    def test_the_first_is_whom_the_agency_chooses(self, ops, api, listing):
        AgentFactory.create_batch(5)
        for number in range(6):
            waiting = book(UserFactory(preferred_languages=["hi"]), listing, local(3, 3 + number % 2))
            waiting.set_time(local(4 + number, 11), timedelta(hours=1))
            waiting.save()
            best = self.get(api(ops), waiting).json()["items"][0]["agent"]["id"]
            services.assign(visit=waiting, by=ops)
            waiting.refresh_from_db()
            assert waiting.agent_id == best

    def test_who_was_taken_off_comes_after_the_other_eligible_ones(self, api, ops, client, tour, agent):
        services.assign(visit=tour, by=ops, agent_id=None, reason="Asked to be off")
        other = AgentFactory(name="Other")
        first, second = self.get(api(ops), tour).json()["items"]
        assert [(item["agent"]["id"], item["eligible"]) for item in (first, second)] == [
            (other.pk, True),
            (agent.pk, True),
        ]
        assert second["explanation"].endswith(
            ". Unassigned from this visit earlier; assign manually to bring them back."
        )
        client.force_login(ops)
        ticked = f'value="{other.pk}" checked'
        assert ticked in client.get(f"/admin/visits/visit/{tour.pk}/change/").content.decode()
        Agent.objects.filter(pk=other.pk).update(is_available=False)
        page = client.get(f"/admin/visits/visit/{tour.pk}/change/").content.decode()
        assert " checked" not in page
        assert "Unassigned from this visit earlier" in page

    def test_are_for_staff(self, api, asha, bala, tour, agent):
        assert self.get(api(), tour).status_code == 401
        assert self.get(api(asha), tour).status_code == 403
        assert self.get(api(agent.user), tour).status_code == 403
        assert self.get(api(bala), tour).status_code == 404


class TestStats:
    def test_show_the_agency_at_a_glance(self, api, ops, tour, agent, listing):
        idle = AgentFactory(name="Zoya", capacity=None)
        Visit.objects.filter(pk=tour.pk).update(agent=idle)
        services.cancel(visit=book(UserFactory(), listing, local(1, 11)), by=ops)
        book(UserFactory(), listing, local(2, 3))
        stats = api(ops).get("/api/v1/visits/stats")
        assert stats.status_code == 200
        assert stats.json() == {
            "unassigned": 1,
            "urgent": 0,
            "today": 0,
            "by_status": {"scheduled": 2, "confirmed": 0, "completed": 0, "cancelled": 1, "rescheduled": 0},
            "agents": [
                {"agent_id": agent.pk, "name": agent.name, "live_visits": 0, "capacity": 50},
                {"agent_id": idle.pk, "name": "Zoya", "live_visits": 1, "capacity": None},
            ],
            "fairness": None,
        }

    def test_today_is_the_date_where_the_listing_is(self, api, ops, asha):
        far_east = PropertyFactory(timezone="Pacific/Kiritimati")
        day = clock.now().astimezone(ZoneInfo("Pacific/Kiritimati")).replace(hour=0, minute=0) + timedelta(3)
        book(asha, far_east, day + timedelta(hours=20))

        def today(hours):
            with clock.frozen_at(day + timedelta(hours=hours)):
                return api(ops).get("/api/v1/visits/stats").json()["today"]

        assert [today(-1), today(1), today(23), today(25)] == [0, 1, 1, 0]

    def test_are_for_staff(self, api, asha, agent):
        assert api(asha).get("/api/v1/visits/stats").status_code == 403
        assert api(agent.user).get("/api/v1/visits/stats").status_code == 403


class TestDecision:
    def test_says_who_over_whom_and_why(self, api, ops, asha, listing):
        AgentFactory(name="Busy", languages=["en"])
        book(UserFactory(), PropertyFactory(), local(2, 11))
        asha.preferred_languages = ["mr"]
        asha.save()
        AgentFactory(name="Speaker", languages=["mr", "en"])
        visit = book(asha, listing, local(2, 11))
        (entry,) = api(ops).get(f"/api/v1/visits/{visit.pk}/history").json()["items"]
        assert entry["data"]["agent_id"] == visit.agent_id
        assert entry["data"]["key"]["foreign_language"] == 0
        assert [(other["name"], other["reasons"]) for other in entry["data"]["others"]] == [
            ("Busy", ["busy"])
        ]
        assert entry["data"]["why"] == (
            "Chosen: 0% of capacity; at fair share; no visit assigned yet. Busy: Is at another listing then."
        )

    def test_says_why_there_is_nobody(self, api, ops, tour):
        AgentFactory(is_available=False)
        AgentFactory(cities=["Pune"])
        visit = book(UserFactory(), PropertyFactory(), local(2, 11))
        (entry,) = api(ops).get(f"/api/v1/visits/{visit.pk}/history").json()["items"]
        assert (entry["data"]["agent_id"], entry["data"]["reasons"]) == (None, ["unavailable", "busy"])
        assert entry["data"]["why"] == (
            "No agent can take this visit. What stands in the way: takes no new visits; "
            "is at another listing then."
        )
        services.reschedule(visit=visit, by=ops, new_date=local(2, 3))
        assert visit.events.latest("id").data["reasons"] == ["unavailable", "hours"]

    def test_tells_of_a_handful_of_others_only(self, listing):
        AgentFactory.create_batch(12)
        visit = book(UserFactory(), listing, local(2, 11))
        assert len(visit.events.get().data["others"]) == 4

    def test_counts_whole_visits_ahead(self, listing):
        AgentFactory.create_batch(2, assignments_won=5, expected_share=2)
        data = book(UserFactory(), listing, local(2, 11)).events.get().data
        assert [repr(key["surplus"]) for key in (data["key"], data["others"][0]["key"])] == ["3", "3"]
        assert "3 ahead of fair share" in explanations.explain_decision(data)

    def test_a_count_that_fails_fails_no_booking(
        self, api, asha, agent, listing, monkeypatch, django_capture_on_commit_callbacks
    ):
        def fail(*args):
            raise ValueError("Out of order")

        monkeypatch.setattr("visits.assignment.fairness.count_choice", fail)
        sent = {"property_id": listing.pk, "scheduled_date": local(2, 11).isoformat()}
        with django_capture_on_commit_callbacks(execute=True):
            assert api(asha).post("/api/v1/visits", sent).status_code == 201
        assert Visit.objects.get().agent == agent
