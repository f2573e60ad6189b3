"""Changes are confirmed by the user, made once, and allowed as in REST."""

import pytest

from agents.models import Agent
from agents.tests.factories import AgentFactory
from ghar.accounts.tests.factories import UserFactory
from ghar.mcp.tests.assistant import Assistant
from ghar.models import OutboxEvent
from properties.tests.factories import PropertyFactory
from visits import services
from visits.models import Visit
from visits.tests.factories import book, local
from visits.tests.mcp.helpers import API, local_text

pytestmark = pytest.mark.django_db


class TestConfirmation:
    def test_a_dry_run_shows_and_changes_nothing(self, asha_assistant, staff_assistant, world, everything):
        before = everything()
        preview = asha_assistant.call("visits_cancel", visit_id=world.tour, reason="Ill", dry_run=True)
        assert (preview["status"], preview["cancellation_reason"], preview["changed"]) == (
            "cancelled",
            "Ill",
            False,
        )
        assert preview["summary"].startswith(
            f"Nothing was changed. Without dry_run this call would cancel visit {world.tour} to "
        )
        preview = staff_assistant.call(
            "agent_assign_visit", visit_id=world.tour, agent="nobody", dry_run=True
        )
        assert (preview["agent"], preview["changed"]) == (None, False)
        assert everything() == before

    def test_a_client_that_cannot_ask_must_confirm_by_argument(self, asha_assistant, world, everything):
        before = everything()
        text = asha_assistant.refusal("visits_cancel", visit_id=world.tour)
        assert text.startswith(f"confirmation_required: Shall I cancel visit {world.tour} to ")
        assert "confirm=true" in text
        assert everything() == before
        done = asha_assistant.call("visits_cancel", visit_id=world.tour, confirm=True)
        assert (done["status"], done["changed"]) == ("cancelled", True)
        again = asha_assistant.call("visits_cancel", visit_id=world.tour)
        assert (again["version"], again["changed"]) == (done["version"], False)

    def test_an_answer_is_valid_once_for_the_state_that_was_asked_about(self, ops, world, everything):
        assistant = Assistant(ops, "/mcp-admin", asks=True)
        arguments = {"visit_id": world.tour, "agent_id": world.second_agent, "reason": "Knows the house"}
        before = everything()
        asked = assistant.result("agent_assign_visit", arguments)
        assert asked["resultType"] == "input_required"
        assert everything() == before
        [(key, question)] = asked["inputRequests"].items()
        assert question["params"]["message"].startswith(f"Shall I assign visit {world.tour} to ")
        answer = {
            "inputResponses": {key: {"action": "accept", "content": {"confirm": True}}},
            "requestState": asked["requestState"],
        }
        done = assistant.result("agent_assign_visit", arguments, **answer)
        assert done["structuredContent"]["agent_id"] == world.second_agent
        same = assistant.result("agent_assign_visit", arguments, **answer)
        assert same["structuredContent"]["changed"] is False
        services.assign(visit=Visit.objects.get(pk=world.tour), by=ops, agent_id=None)
        replayed = assistant.result("agent_assign_visit", arguments, **answer)
        assert replayed["resultType"] == "input_required"
        assert Visit.objects.get(pk=world.tour).agent is None

    @pytest.mark.parametrize(
        "answer", [{"action": "decline"}, {"action": "accept", "content": {"confirm": False}}]
    )
    def test_a_user_who_declines_overrules_the_assistants_confirmation(self, asha, world, everything, answer):
        assistant = Assistant(asha, asks=True)
        before = everything()
        # confirm=true is only the assistant's word: the user is asked all the same.
        arguments = {"visit_id": world.tour, "confirm": True}
        asked = assistant.result("visits_cancel", arguments)
        answers = dict.fromkeys(asked["inputRequests"], answer)
        result = assistant.result(
            "visits_cancel", arguments, inputResponses=answers, requestState=asked["requestState"]
        )
        assert result["isError"]
        assert result["content"][0]["text"].startswith("declined: ")
        assert everything() == before

    def test_history_and_events_name_the_user_and_not_the_assistant(self, api, ops, staff_assistant, asha):
        waiting = book(asha, PropertyFactory(), local(2, 11))
        agent = AgentFactory()
        count = OutboxEvent.objects.count()
        done = staff_assistant.call("agent_assign_visit", visit_id=waiting.pk, confirm=True)
        assert done["agent_id"] == agent.pk
        history = api(ops).get(f"{API}/visits/{waiting.pk}/history").json()["items"]
        assert [(e["change"], e["actor"]["id"]) for e in history] == [
            ("scheduled", asha.pk),
            ("assigned", ops.pk),
        ]
        [event] = OutboxEvent.objects.order_by("pk")[count:]
        assert (event.type, event.data["change"], event.data["agent_id"]) == (
            "visit_updated",
            "assigned",
            agent.pk,
        )
        assert f"user-{asha.pk}" in event.channels


class TestAgents:
    def test_agents_see_and_reschedule_only_their_own_visits(self, agent, world, everything, bala):
        other = AgentFactory(user=UserFactory())
        assistant, stranger = Assistant(agent.user, "/mcp-admin"), Assistant(other.user, "/mcp-admin")
        assert set(assistant.tools()) == {"agent_get", "agent_list", "agent_set_availability", "agent_visits"}
        own = assistant.call("agent_visits", agent_id=agent.pk)["items"]
        assert world.tour in [visit["id"] for visit in own]
        before = everything()
        text = stranger.refusal("agent_visits", agent_id=agent.pk)
        assert text.startswith("permission_denied: Agents see only their own visits.")
        unknown = stranger.rpc(
            "tools/call", name="agent_assign_visit", arguments={"visit_id": world.tour, "confirm": True}
        )
        assert unknown["error"]["message"] == "Unknown tool: 'agent_assign_visit'"
        new_date = local_text(7, 12)
        text = Assistant(other.user).refusal("visits_reschedule", visit_id=world.tour, new_date=new_date)
        assert text.startswith("not_found: ")
        assert everything() == before
        moved = Assistant(agent.user).call("visits_reschedule", visit_id=world.tour, new_date=new_date)
        assert (moved["local"]["scheduled_date"], moved["awaiting"]) == (f"{new_date}:00+05:30", "visitor")

    def test_agents_set_only_their_own_availability(self, api, agent):
        other = AgentFactory(user=UserFactory())
        stranger = Assistant(other.user, "/mcp-admin")
        theirs = (
            api(other.user).patch(f"{API}/agents/{agent.pk}/availability", {"is_available": False}).json()
        )
        text = stranger.refusal("agent_set_availability", agent_id=agent.pk, is_available=False)
        assert text.splitlines()[0] == f"{theirs['code']}: {theirs['detail']}"
        assert Agent.objects.get(pk=agent.pk).is_available
        done = Assistant(agent.user, "/mcp-admin").call(
            "agent_set_availability", agent_id=agent.pk, is_available=False
        )
        assert (done["is_available"], "live_visits" in done) == (False, False)

    def test_staff_see_only_the_tools_of_their_permissions(self, db):
        clerk = UserFactory(is_staff=True)
        assert set(Assistant(clerk, "/mcp-admin").tools()) == {
            "agent_get",
            "agent_list",
            "agent_set_availability",
        }
