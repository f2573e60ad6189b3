"""The routes of agents that need visits."""

import pytest

from agents.models import Engagement
from ghar.tests.responses import iso, problem
from visits.tests.factories import AgentFactory, local

pytestmark = pytest.mark.django_db


class TestAgents:
    def test_a_user_without_an_agent_gets_one_and_keeps_them(self, api, asha, agent):
        assert problem(api(asha).get("/api/v1/agents/assigned")) == (404, "not_found")
        first = api(asha).post("/api/v1/agents/assign").json()
        assert (first["user_id"], first["agent"]["id"]) == (asha.pk, agent.pk)
        assert api(asha).post("/api/v1/agents/assign").json() == first
        assert api(asha).get("/api/v1/agents/assigned").json()["id"] == agent.pk
        assert Engagement.objects.count() == 1

    def test_no_eligible_agent_is_an_error_and_starts_no_engagement(self, api, asha, db):
        response = api(asha).post("/api/v1/agents/assign")
        assert problem(response) == (409, "agent_not_eligible")
        assert not Engagement.objects.exists()

    def test_available_at_lists_the_agents_who_could_show_a_tour_then(self, api, bala, tour):
        free = AgentFactory()
        ids = lambda moment: {  # noqa: E731
            a["id"] for a in api(bala).get("/api/v1/agents", {"available_at": iso(moment)}).json()["items"]
        }
        assert ids(local(2, 11)) == {free.pk}
        assert ids(local(2, 13)) == {free.pk, tour.agent_id}
        assert ids(local(2, 22)) == set()

    def test_only_staff_see_the_workload(self, api, ops, asha, tour):
        assert problem(api(asha).get("/api/v1/agents/workload")) == (403, "permission_denied")
        assert api(ops).get("/api/v1/agents/workload").json() == {
            "items": [
                {
                    "agent_id": tour.agent_id,
                    "name": tour.agent.name,
                    "live_users": 1,
                    "live_visits": 1,
                    "capacity": 50,
                }
            ]
        }
