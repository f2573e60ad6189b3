"""Whom the agency chooses, over whom and why; and the queue of those who wait."""

from datetime import timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command

from agents.models import Agent
from ghar import clock
from visits import services
from visits.models import Visit
from visits.tests.factories import AgentFactory, ListingFactory, UserFactory, book, local

pytestmark = pytest.mark.django_db


def run(command, **options):
    out = StringIO()
    call_command(command, stdout=out, **options)
    return out.getvalue()


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
        assert list(response.json()) == ["items"]
        assert [item["rank"] for item in items] == [1, 2, 3, 4]
        found = [(item["agent"]["id"], item["reasons"]) for item in items]
        assert found[:2] == [(agent.pk, []), (free.pk, [])]
        # Equal but for the draw.
        assert sorted(found[2:]) == sorted([(elsewhere.pk, ["city"]), (on_leave.pk, ["unavailable"])])
        assert list(items[0]) == ["agent", "eligible", "reasons", "load", "rank", "explanation"]
        assert (items[0]["eligible"], items[0]["load"]) == (True, 0.02)
        assert items[0]["explanation"].startswith("Is the seeker's present agent; ")
        assert items[2]["explanation"] == "Does not serve this city."
        assert items[0]["agent"]["name"] == agent.name
        assert set(items[0]["agent"]) == {
            "id", "name", "contact_number", "avatar_url", "languages", "agent_type",
            "user_satisfaction_rating",
        }  # fmt: skip

    def test_the_first_is_whom_the_agency_chooses(self, ops, api, listing):
        AgentFactory.create_batch(5)
        for number in range(6):
            waiting = book(UserFactory(preferred_languages=["hi"]), listing, local(3, 3 + number % 2))
            Visit.objects.filter(pk=waiting.pk).update(
                **services._times(*[local(4 + number, 11), local(4 + number, 12)])
            )
            best = self.get(api(ops), waiting).json()["items"][0]["agent"]["id"]
            services.assign(visit=waiting, by=ops)
            waiting.refresh_from_db()
            assert waiting.agent_id == best

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
            "today": 0,
            "by_status": {"scheduled": 2, "confirmed": 0, "completed": 0, "cancelled": 1, "rescheduled": 0},
            "agents": [
                {"agent_id": agent.pk, "name": agent.name, "live_visits": 0, "capacity": 50},
                {"agent_id": idle.pk, "name": "Zoya", "live_visits": 1, "capacity": None},
            ],
            "fairness": 0.5,
        }

    def test_today_is_the_date_where_the_listing_is(self, api, ops, asha):
        far_east = ListingFactory(timezone="Pacific/Kiritimati")
        day = clock.now().astimezone(ZoneInfo("Pacific/Kiritimati")).replace(hour=0, minute=0) + timedelta(3)
        book(asha, far_east, day + timedelta(hours=20))

        def today(hours):
            with clock.at(day + timedelta(hours=hours)):
                return api(ops).get("/api/v1/visits/stats").json()["today"]

        assert [today(-1), today(1), today(23), today(25)] == [0, 1, 1, 0]

    def test_are_for_staff(self, api, asha, agent):
        assert api(asha).get("/api/v1/visits/stats").status_code == 403
        assert api(agent.user).get("/api/v1/visits/stats").status_code == 403


class TestSweep:
    def waiting(self, number, start=None):
        """Tours that nobody can take, as there is no agent yet."""
        listings = ListingFactory.create_batch(number)
        first = start or local(2, 11)
        return [book(UserFactory(), home, first + timedelta(days=n)) for n, home in enumerate(listings)]

    def test_gives_each_visit_an_agent_soonest_first(self):
        later, sooner = self.waiting(1, local(2, 11, 10)) + self.waiting(1, local(2, 11))
        agent = AgentFactory()
        out = run("assign_pending_visits")
        later.refresh_from_db()
        sooner.refresh_from_db()
        assert (sooner.agent, later.agent) == (agent, None)
        assert "1 assigned, 1 still waiting." in out
        event = sooner.events.last()
        assert (event.change, event.actor, event.data["agent_id"]) == ("assigned", None, agent.pk)
        assert sooner.version == 2 == sooner.events.count()

    def test_again_changes_nothing(self, snapshot):
        self.waiting(3)
        AgentFactory()
        run("assign_pending_visits")
        before = snapshot()
        assert run("assign_pending_visits") == "0 assigned, 0 still waiting.\n"
        assert snapshot() == before

    def test_leaves_out_meets_final_begun_and_those_of_agents_taken_off(self, ops, tour, agent, snapshot):
        services.assign(visit=tour, by=ops, agent_id=None)
        cancelled = book(UserFactory(), ListingFactory(), local(3, 3))
        services.cancel(visit=cancelled, by=ops)
        before = snapshot()
        assert run("assign_pending_visits") == "0 assigned, 1 still waiting.\n"
        assert snapshot() == before
        other = AgentFactory()
        run("assign_pending_visits")
        tour.refresh_from_db()
        assert tour.agent == other

    def test_takes_at_most_as_many_as_told(self):
        self.waiting(3)
        AgentFactory()
        assert run("assign_pending_visits", limit=2).endswith("2 assigned, 1 still waiting.\n")
        assert Agent.objects.get().live_visits == 2
