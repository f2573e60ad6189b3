"""The queue of visits without an agent: who is assigned from it, when, and who is not."""

from datetime import timedelta
from functools import partial

import pytest

from agents import services as agent_services
from agents.models import Agent
from agents.tests.factories import AgentFactory
from ghar import clock
from ghar.accounts.tests.factories import UserFactory
from properties.tests.factories import PropertyFactory
from visits import services
from visits.tests.commands import run
from visits.tests.factories import book, local

pytestmark = pytest.mark.django_db


class TestSweep:
    def waiting(self, number, start=None):
        """Tours that nobody can take, as there is no agent yet."""
        listings = PropertyFactory.create_batch(number)
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
        cancelled = book(UserFactory(), PropertyFactory(), local(3, 3))
        services.cancel(visit=cancelled, by=ops)
        before = snapshot()
        assert run("assign_pending_visits") == "0 assigned, 1 still waiting.\n"
        assert snapshot() == before
        AgentFactory()
        assert run("assign_pending_visits") == "0 assigned, 1 still waiting.\n"
        assert snapshot() == before

    def test_takes_at_most_as_many_as_told(self):
        book(UserFactory(), PropertyFactory(city="Pune"), local(1, 9))
        self.waiting(3)
        AgentFactory(cities=["Mumbai"])
        assert run("assign_pending_visits", limit=2).endswith("2 assigned, 2 still waiting.\n")
        assert Agent.objects.get().live_visits == 2


class TestQueue:
    """Waiting visits are assigned right after a change that frees an agent."""

    @pytest.fixture
    def committed(self, django_capture_on_commit_callbacks):
        return partial(django_capture_on_commit_callbacks, execute=True)

    def test_a_cancellation_hands_the_agent_to_who_waits(self, committed, tour, agent, asha):
        waiting = book(UserFactory(), PropertyFactory(), local(2, 11))
        assert waiting.agent is None
        with committed():
            services.cancel(visit=tour, by=asha)
        waiting.refresh_from_db()
        assert waiting.agent == agent

    def test_a_tour_that_is_done_hands_the_agent_to_who_waits(self, committed, ops, asha):
        agent = AgentFactory(capacity=1)
        tour = book(asha, PropertyFactory(), local(2, 11))
        waiting = book(UserFactory(), PropertyFactory(), local(4, 11))
        with clock.frozen_at(local(2, 12)), committed():
            services.complete(visit=tour, by=ops)
        waiting.refresh_from_db()
        assert waiting.agent == agent

    def test_what_waits_elsewhere_is_in_nobodys_way(self, committed, ops, monkeypatch):
        monkeypatch.setattr("visits.assignment.queue.MAX_LOOKED_AT", 3)
        agent = AgentFactory(cities=["MUMBAI"], is_available=False)
        for hour in (9, 10, 11):
            book(UserFactory(), PropertyFactory(city="Pune"), local(2, hour))
        here = book(UserFactory(), PropertyFactory(city="Mumbai"), local(3, 11))
        with committed():
            agent_services.set_availability(agent=agent, by=ops, is_available=True)
        here.refresh_from_db()
        assert here.agent == agent

    @pytest.mark.parametrize("what", ["visits.assignment.queue.eligible", "visits.assignment.queue._waiting"])
    def test_a_look_that_fails_fails_nothing_that_was_done(
        self, api, asha, agent, tour, committed, monkeypatch, what
    ):
        book(UserFactory(), PropertyFactory(), local(2, 11))

        def fail(*args):
            raise ValueError("Out of order")

        monkeypatch.setattr(what, fail)
        with committed():
            assert api(asha).post(f"/api/v1/visits/{tour.pk}/cancel", {}).status_code == 200
        tour.refresh_from_db()
        assert tour.status == "cancelled"

    def test_a_move_hands_the_agent_to_who_waits(self, committed, tour, agent, asha):
        waiting = book(UserFactory(), PropertyFactory(), local(2, 11))
        with committed():
            services.reschedule(visit=tour, by=asha, new_date=local(2, 15))
        waiting.refresh_from_db()
        assert waiting.agent == agent

    def test_an_agent_who_becomes_available_takes_what_waits(self, api, ops, committed):
        agent = AgentFactory(is_available=False)
        waiting = book(UserFactory(), PropertyFactory(), local(2, 11))
        with committed():
            path = f"/api/v1/agents/{agent.pk}/availability"
            assert api(ops).patch(path, {"is_available": True}).status_code == 200
        waiting.refresh_from_db()
        assert (waiting.agent, waiting.events.last().reason) == (agent, "From the queue")

    def test_who_stays_on_leave_takes_nothing(self, api, ops, committed, snapshot):
        agent = AgentFactory(is_available=False)
        book(UserFactory(), PropertyFactory(), local(2, 11))
        before = snapshot()
        with committed():
            api(ops).put(f"/api/v1/agents/{agent.pk}/hours", {"items": []})
            api(ops).patch(f"/api/v1/agents/{agent.pk}", {"capacity": 7})
        assert snapshot() == before

    @pytest.mark.parametrize("takes_nothing", [{"is_available": False}, {"is_active": False}])
    def test_for_who_takes_nothing_no_visit_is_looked_at(
        self, committed, django_assert_num_queries, takes_nothing
    ):
        agent = AgentFactory(**takes_nothing)
        for hour in (10, 11, 12):
            book(UserFactory(), PropertyFactory(), local(2, hour))
        with django_assert_num_queries(1), committed():
            services.assign_pending_on_commit({agent.pk})

    def test_what_begins_soon_and_has_nobody_is_urgent(self, api, ops, listing):
        visit = book(UserFactory(), listing, local(2, 11))
        later = book(UserFactory(), PropertyFactory(), local(2, 13))
        with clock.frozen_at(local(2, 8)):
            assert api(ops).get(f"/api/v1/visits/{visit.pk}/candidates").json()["urgent"] is True
            assert api(ops).get(f"/api/v1/visits/{later.pk}/candidates").json()["urgent"] is False
            stats = api(ops).get("/api/v1/visits/stats").json()
            assert (stats["unassigned"], stats["urgent"]) == (2, 1)
            page = api(ops).get("/api/v1/visits/all", {"urgent": "true"}).json()["items"]
            assert [item["id"] for item in page] == [visit.pk]
            assert "2 still waiting, 1 of them urgent." in run("assign_pending_visits")
