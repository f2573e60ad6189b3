"""GET /agents: who sees which agents and which of their fields."""

from datetime import UTC, datetime, time

import pytest

from agents.models import Agent, Engagement
from agents.tests.factories import AgentFactory, EngagementFactory, WorkingHoursFactory
from agents.tests.queries import count_queries
from ghar import clock
from ghar.accounts.tests.factories import UserFactory
from ghar.mcp.tests.assistant import Assistant
from ghar.tests.responses import problem, problem_fields

pytestmark = pytest.mark.django_db


AGENTS = "/api/v1/agents"
NOON = datetime(2026, 6, 10, 12, tzinfo=UTC)


def names(response):
    assert response.status_code == 200, response.json()
    return [row["name"] for row in response.json()["items"]]


class TestDirectory:
    def test_users_see_the_public_fields_of_an_agent(self, api, asha):
        with clock.frozen_at(NOON):
            agent = AgentFactory(name="Meera", description="Knows Bandra", cities=["Mumbai"], with_login=True)
        Agent.objects.update(user_satisfaction_rating="4.50")
        WorkingHoursFactory(agent=agent, weekday=1, opens=time(10), closes=time(0))
        card = {
            "id": agent.pk,
            "name": "Meera",
            "description": "Knows Bandra",
            "contact_number": agent.contact_number,
            "avatar_url": "",
            "languages": ["en"],
            "agent_type": "general",
            "experience_level": "intermediate",
            "cities": ["Mumbai"],
            "serves_everywhere": False,
            "timezone": "Asia/Kolkata",
            "is_active": True,
            "is_available": True,
            "user_satisfaction_rating": 4.5,
            "working_hours": [{"weekday": 1, "opens": "10:00", "closes": "00:00"}],
            "created_at": "2026-06-10T12:00:00Z",
        }
        assert api(asha).get(f"{AGENTS}/{agent.pk}").json() == card
        assert api(agent.user).get(f"{AGENTS}/{agent.pk}/").json() == card
        page = {"items": [card], "next_cursor": None, "has_more": False, "limit": 20, "total": None}
        assert api(asha).get(AGENTS).json() == page

    def test_staff_see_further_fields(self, api, asha, ops, meera):
        EngagementFactory(agent=meera)
        seen = api(ops).get(f"{AGENTS}/{meera.pk}").json()
        open_to_all = api(asha).get(f"{AGENTS}/{meera.pk}").json()
        more = {
            "user_id": meera.user_id,
            "capacity": 50,
            "live_users": 1,
            "live_visits": 0,
            "total_users_assigned": 1,
        }
        assert seen == {**open_to_all, **more}

    def test_only_staff_who_may_view_agents_see_former_agents(self, api, asha, ops, viewer):
        former = AgentFactory(name="Gone", is_active=False, with_login=True)
        AgentFactory(name="Here")
        for user, listed, code in [
            (asha, [], 404),
            (former.user, [], 404),
            (UserFactory(is_staff=True), [], 404),
            (viewer, ["Gone"], 200),
            (ops, ["Gone"], 200),
        ]:
            # The list is of those who work here, unless others are asked for.
            for query in ("", "?is_active=true", "?is_active="):
                assert names(api(user).get(f"{AGENTS}{query}")) == ["Here"]
            assert names(api(user).get(f"{AGENTS}?is_active=false")) == listed
            assert api(user).get(f"{AGENTS}/{former.pk}").status_code == code

    def test_an_assistant_lists_those_who_work_here(self, ops):
        AgentFactory(name="Gone", is_active=False)
        AgentFactory(name="Here")
        listed = Assistant(ops, "/mcp-admin").call("agent_list")
        assert [agent["name"] for agent in listed["items"]] == ["Here"]

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("city=mumbai", ["Everywhere", "Mumbai"]),
            ("city=NEW%20DELHI", ["Delhi", "Everywhere"]),
            ("city=Goa", ["Everywhere"]),
            ("language=hi", ["Delhi"]),
            ("language=HI&city=mumbai", []),
            ("agent_type=senior", ["Mumbai"]),
            ("city=&language=&agent_type=", ["Delhi", "Everywhere", "Mumbai"]),
            ("language=Hindi", ["Delhi"]),
        ],
    )
    def test_filters_narrow_the_directory_and_blank_ones_do_not(self, api, asha, query, found):
        AgentFactory(name="Everywhere", serves_everywhere=True)
        AgentFactory(name="Mumbai", cities=["Pune", "Mumbai"], agent_type="senior")
        AgentFactory(name="Delhi", cities=["New Delhi"], languages=["en", "hi"])
        assert names(api(asha).get(f"{AGENTS}?{query}")) == found

    @pytest.mark.parametrize(
        "query",
        [
            "agent_type=boss",
            "language=klingon",
            "colour=blue",
            "language=%00",
            "city=%00",
            "limit=0",
            "limit=x",
        ],
    )
    def test_a_bad_filter_is_refused_by_name(self, api, asha, query):
        field = query.partition("=")[0]
        assert problem_fields(api(asha).get(f"{AGENTS}?{query}")) == (400, "validation_error", [field])

    def test_pages_contain_each_agent_once(self, api, asha):
        made = AgentFactory.create_batch(3, name="Same") + AgentFactory.create_batch(4)
        client, seen, url = api(asha), [], f"{AGENTS}?limit=3"
        cursor = ""
        while cursor is not None:
            page = client.get(f"{url}&cursor={cursor}" if cursor else url).json()
            seen += [row["id"] for row in page["items"]]
            cursor = page["next_cursor"]
        assert sorted(seen) == sorted(agent.pk for agent in made)
        assert names(client.get(AGENTS)) == sorted(agent.name for agent in made)

    @pytest.mark.parametrize("pk", ["0", "99", str(2**63), "9" * 400, "abc", "-1", "1%00", "assigned/1"])
    def test_an_unknown_id_is_not_found(self, api, ops, pk):
        assert problem(api(ops).get(f"{AGENTS}/{pk}")) == (404, "not_found")

    @pytest.mark.parametrize("person", ["asha", "ops"])
    def test_ten_more_agents_need_no_more_queries(self, api, person, request):
        client = api(request.getfixturevalue(person))
        WorkingHoursFactory()
        few = count_queries(client, AGENTS)
        for agent in AgentFactory.create_batch(10, with_login=True):
            WorkingHoursFactory.create_batch(1, agent=agent)
        assert count_queries(client, AGENTS) == few


class TestAssigned:
    def test_a_seeker_gets_their_agent(self, api, asha, meera):
        EngagementFactory(seeker=asha, agent=meera)
        EngagementFactory()
        assert api(asha).get(f"{AGENTS}/assigned").json() == api(asha).get(f"{AGENTS}/{meera.pk}").json()

    def test_a_seeker_without_an_active_agent_gets_404_and_nothing_is_written(self, api, asha, bala):
        EngagementFactory(seeker=asha, ended_at=NOON)
        EngagementFactory(seeker=bala, agent__is_active=False)
        for user in (asha, bala):
            assert problem_fields(api(user).get(f"{AGENTS}/assigned")) == (404, "not_found", [])
        assert Engagement.objects.count() == 2
