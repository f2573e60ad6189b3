"""Agents and engagements in the admin: staff see who gets the visits before an agent is away or leaves."""

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from agents.models import Agent, Engagement, TimeOff
from agents.tests.factories import AgentFactory
from ghar.accounts.models import User
from ghar.testing import messages_of
from properties.tests.factories import PropertyFactory
from visits.models import Visit
from visits.tests.admin_pages import admin_log, as_typed, object_actions, page
from visits.tests.factories import book, local

pytestmark = pytest.mark.django_db


def period(start, end, **more):
    return {"starts": as_typed(start), "ends": as_typed(end), **more}


@pytest.fixture
def everything(snapshot):
    """`everything()` is all there is of visits, agents and time off."""

    def take():
        return snapshot(), list(TimeOff.objects.values()), list(Agent.objects.order_by("pk").values())

    return take


@pytest.fixture
def rohan(tour):
    """Another agent, who can take over the tour."""
    return AgentFactory(name="Rohan")


class TestTimeOff:
    data = period(local(2, 0), local(3, 0), reason="Flu")

    def test_the_first_post_only_shows_a_preview(self, staff_client, tour, agent, rohan, everything):
        before = everything()
        response = staff_client.post(page(agent, "time_off"), self.data)
        assert response.context["preview"]["reassignments"] == [(tour, rohan)]
        text = response.content.decode()
        assert 'name="confirmed" value="yes">Add time off<' in text
        assert "Refresh preview" in text
        assert everything() == before
        assert admin_log() == []

    def test_the_confirmed_post_adds_it_and_reassigns_visits(self, staff_client, ops, tour, agent, rohan):
        response = staff_client.post(page(agent, "time_off"), self.data | {"confirmed": "yes"}, follow=True)
        assert response.redirect_chain == [(page(agent), 302)]
        assert messages_of(response) == ["Time off added. Visits reassigned: 1. Back in the queue: 0."]
        tour.refresh_from_db()
        assert tour.agent == rohan
        assert tour.events.latest("id").actor == ops
        off = TimeOff.objects.get()
        assert (off.agent, off.period.lower, off.period.upper, off.reason) == (
            agent,
            local(2, 0),
            local(3, 0),
            "Flu",
        )
        assert admin_log() == [("Ops Desk", "Time off added.")]

    def test_visits_that_nobody_can_take_go_to_the_queue(self, staff_client, tour, agent):
        response = staff_client.post(page(agent, "time_off"), self.data | {"confirmed": "yes"}, follow=True)
        assert messages_of(response) == ["Time off added. Visits reassigned: 0. Back in the queue: 1."]
        assert list(Visit.objects.unassigned()) == [tour]

    @pytest.mark.parametrize(
        "data",
        [
            {},
            period(local(3, 0), local(2, 0)),
            period(local(-3, 0), local(-2, 0)),
            {"starts": "0001-01-01T00:00", "ends": "9999-12-31T00:00"},
        ],
        ids=["missing", "ends before it starts", "past", "out of range"],
    )
    def test_an_impossible_period_is_refused(self, staff_client, tour, agent, everything, data):
        before = everything()
        response = staff_client.post(page(agent, "time_off"), data | {"confirmed": "yes"})
        assert response.status_code == 200
        assert response.context["form"].errors or messages_of(response)
        assert everything() == before
        assert admin_log() == []


class TestLeaving:
    def test_an_agent_who_leaves_loses_all_visits_and_can_come_back(
        self, staff_client, tour, agent, rohan, asha
    ):
        later = book(asha, PropertyFactory(), local(4, 11))
        preview = staff_client.post(page(agent, "leave")).context["preview"]
        assert preview["reassignments"] == [(tour, rohan), (later, rohan)]
        assert Agent.objects.get(pk=agent.pk).is_active
        response = staff_client.post(page(agent, "leave"), {"confirmed": "yes"}, follow=True)
        assert messages_of(response) == ["Marked as left. Visits reassigned: 2. Back in the queue: 0."]
        assert not Agent.objects.get(pk=agent.pk).is_active
        assert {visit.agent for visit in Visit.objects.filter(pk__in=[tour.pk, later.pk])} == {rohan}
        assert not Engagement.objects.open().filter(agent=agent).exists()
        response = staff_client.post(page(agent, "return"), {"confirmed": "yes"}, follow=True)
        assert messages_of(response) == ["Reactivated."]
        assert Agent.objects.get(pk=agent.pk).is_active
        assert admin_log() == [("Ops Desk", "Marked as left."), ("Ops Desk", "Reactivated.")]

    def test_an_active_agent_is_not_reactivated(self, staff_client, agent, everything):
        before = everything()
        response = staff_client.post(page(agent, "return"), {"confirmed": "yes"}, follow=True)
        assert messages_of(response) == ["Nothing to change."]
        assert (everything(), admin_log()) == (before, [])

    def test_buttons_follow_whether_the_agent_is_active(self, staff_client, agent):
        assert object_actions(staff_client.get(page(agent))) == ["time_off", "leave"]
        staff_client.post(page(agent, "leave"), {"confirmed": "yes"})
        assert object_actions(staff_client.get(page(agent))) == ["return"]

    @pytest.mark.parametrize("action", ["time_off", "leave", "return"])
    def test_a_get_changes_nothing(self, staff_client, tour, agent, everything, action):
        before = everything()
        assert staff_client.get(page(agent, action)).status_code == 200
        assert everything() == before

    @pytest.mark.parametrize("action", ["time_off", "leave", "return"])
    def test_an_agent_who_does_not_exist_is_not_found(self, staff_client, agent, action):
        assert staff_client.get(page(Agent(pk=agent.pk + 1), action)).status_code == 404


class TestMoveEngagement:
    """Staff give a seeker another agent for future visits."""

    def data(self, agent, reason="Speaks Marathi"):
        return {"agent": agent.pk, "reason": reason}

    @pytest.fixture
    def engagement(self, tour):
        return Engagement.objects.get()

    def test_moves_with_a_reason_and_logs_it(self, staff_client, ops, asha, tour, engagement, agent, rohan):
        assert object_actions(staff_client.get(page(engagement))) == ["move"]
        response = staff_client.post(page(engagement, "move"), self.data(rohan), follow=True)
        ended, begun = Engagement.objects.order_by("id")
        assert response.redirect_chain == [(page(begun), 302)]
        assert messages_of(response) == ["Rohan is now the agent of Asha Rao."]
        assert (ended.agent, begun.agent, begun.seeker, begun.reason) == (
            agent,
            rohan,
            asha,
            "Speaks Marathi",
        )
        assert (ended.ended_at is None, begun.ended_at) == (False, None)
        tour.refresh_from_db()
        assert tour.agent == agent
        assert admin_log() == [("Ops Desk", "Moved to Rohan: Speaks Marathi")]

    def test_the_seekers_next_visit_is_with_the_new_agent(self, staff_client, asha, engagement, rohan):
        staff_client.post(page(engagement, "move"), self.data(rohan))
        assert book(asha, PropertyFactory(), local(4, 11)).agent == rohan

    def test_requires_an_active_agent_and_a_reason(self, staff_client, engagement, everything):
        before = everything()
        response = staff_client.post(page(engagement, "move"), {"agent": "", "reason": ""})
        assert set(response.context["form"].errors) == {"agent", "reason"}
        gone = AgentFactory(is_active=False)
        response = staff_client.post(page(engagement, "move"), self.data(gone))
        assert (response.status_code, len(messages_of(response))) == (200, 1)
        Agent.objects.filter(pk=gone.pk).delete()
        assert everything() == before
        assert Engagement.objects.get().ended_at is None

    def test_a_get_changes_nothing(self, staff_client, engagement, everything):
        before = everything()
        assert staff_client.get(page(engagement, "move")).status_code == 200
        assert everything() == before

    def test_an_engagement_that_has_ended_is_not_moved(self, staff_client, engagement, rohan):
        data = {"action": "end", "_selected_action": [engagement.pk]}
        staff_client.post(reverse("admin:agents_engagement_changelist"), data)
        ended = Engagement.objects.get()
        assert ended.ended_at
        assert object_actions(staff_client.get(page(engagement))) == []
        response = staff_client.post(page(engagement, "move"), self.data(rohan))
        assert response.context["form"].non_field_errors() == [
            "This engagement has ended. Change the seeker's open one instead."
        ]
        assert Engagement.objects.get().ended_at == ended.ended_at
        assert admin_log() == [("Ops Desk", "Ended.")]

    def test_moving_to_the_same_agent_changes_nothing(self, staff_client, engagement, agent):
        response = staff_client.post(page(engagement, "move"), self.data(agent), follow=True)
        assert messages_of(response) == [f"Nothing to change: {agent} is the agent of Asha Rao already."]
        assert Engagement.objects.get().ended_at is None
        assert not LogEntry.objects.exists()

    def test_an_engagement_that_does_not_exist_is_not_found(self, staff_client, engagement):
        assert staff_client.get(page(Engagement(pk=engagement.pk + 1), "move")).status_code == 404


def test_an_agents_login_does_not_become_staff(client, agent):
    root = User.objects.create_superuser("root@example.com", "x", full_name="Root")
    client.force_login(root)
    url = page(agent.user)
    data = {"full_name": agent.user.full_name, "email": "a@example.com", "phone": "", "is_staff": "1"}
    assert client.post(url, data).context["adminform"].form.errors.keys() == {"is_staff"}
    assert not User.objects.get(pk=agent.user.pk).is_staff
    del data["is_staff"]
    assert client.post(url, data).status_code == 302
