"""The routes of agents that need visits."""

import pytest

from agents.models import Engagement
from agents.tests.factories import AgentFactory
from ghar import clock
from ghar.accounts.tests.factories import UserFactory
from ghar.tests.responses import iso, problem
from properties.tests.factories import PropertyFactory
from visits.tests.factories import book, local

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

    def test_agents_read_their_own_entry_and_visits(self, api, ops, asha, tour):
        agent = tour.agent
        own = api(agent.user).get("/api/v1/agents/me")
        assert (own.status_code, own.json()["id"]) == (200, agent.pk)
        assert problem(api(asha).get("/api/v1/agents/me")) == (404, "not_found")
        path = f"/api/v1/agents/{agent.pk}/visits"
        for user in (agent.user, ops):
            assert [visit["id"] for visit in api(user).get(path).json()["items"]] == [tour.pk]
            assert api(user).get(f"{path}?status=confirmed").json()["items"] == []
        other = AgentFactory(user=UserFactory())
        assert problem(api(other.user).get(path)) == (403, "permission_denied")
        assert api(ops).get(f"/api/v1/agents/{other.pk}/visits").json()["items"] == []

    def test_those_who_could_show_a_tour_now_are_available(self, api, asha):
        free = AgentFactory()
        AgentFactory(is_available=False)
        with clock.frozen_at(local(1, 12)):
            page = api(asha).get("/api/v1/agents/available?page=1").json()
        with clock.frozen_at(local(1, 22)):
            at_night = api(asha).get("/api/v1/agents/available").json()
        assert ([agent["id"] for agent in page["agents"]], at_night["items"]) == ([free.pk], [])

    @pytest.mark.parametrize("place", ["query", "body"])
    def test_a_seeker_gets_the_agent_they_name_or_none(self, api, asha, bala, agent, place):
        wanted = AgentFactory(name="Zoya")
        full = AgentFactory(is_available=False)

        def ask(user, id_):
            url, name = "/api/v1/agents/assign", {"agent_id": id_}
            return api(user).post(f"{url}?agent_id={id_}" if place == "query" else url, name)

        for missing, reasons in ((full.pk, ["unavailable"]), (2**40, ["inactive"])):
            refused = ask(asha, missing)
            assert problem(refused) == (409, "agent_not_eligible")
            assert refused.json()["reasons"] == reasons
        assert not Engagement.objects.exists()
        assert ask(asha, wanted.pk).json()["agent"]["id"] == wanted.pk
        assert ask(asha, wanted.pk).status_code == 200
        refused = ask(asha, agent.pk)
        assert problem(refused) == (409, "agent_not_eligible")
        assert refused.json()["detail"] == "You have an agent already: Zoya. Ask the agency for another one."
        assert Engagement.objects.get().agent == wanted

    def test_put_changes_an_agent_as_patch_does(self, api, ops, bala, agent):
        path = f"/api/v1/agents/{agent.pk}"
        changed = api(ops).put(path, {"capacity": 7}).json()
        assert (changed["capacity"], changed["name"]) == (7, agent.name)
        assert api(ops).put(path, {"colour": 7}).json()["errors"] == {"colour": ["There is no such field."]}
        assert problem(api(bala).put(path, {"capacity": 8})) == (403, "permission_denied")


class TestStats:
    def test_count_the_visits_of_a_city_and_a_time(self, api, ops, asha, tour):
        book(asha, PropertyFactory(city="Pune"), local(9, 11))

        def counted(**query):
            stats = api(ops).get("/api/v1/visits/stats", query).json()
            return stats["by_status"]["scheduled"], stats["unassigned"], len(stats["agents"])

        assert counted() == (2, 1, 1)
        assert counted(city="pune") == (1, 1, 0)
        assert counted(city="Mumbai") == (1, 0, 1)
        assert counted(**{"from": iso(local(5, 0))}) == (1, 1, 1)
        assert counted(to=iso(local(5, 0))) == (1, 0, 1)
