"""Many visits assigned together: a page shows the proposals, and each visit is one service call."""

import pytest
from django.contrib.admin.models import LogEntry

from agents.models import Agent
from agents.tests.factories import AgentFactory
from ghar.accounts.tests.factories import UserFactory
from ghar.testing import messages_of
from properties.tests.factories import PropertyFactory
from visits import services
from visits.models import Visit, VisitEvent
from visits.scheduling.errors import AgentNotEligible
from visits.tests.admin_pages import VISITS, queries_of
from visits.tests.factories import book, local

pytestmark = pytest.mark.django_db


def unsaved_copy(visit, **changed):
    names = ["user", "property", "agent", "scheduled_date", "scheduled_end", "busy", "awaiting", "status"]
    return Visit(**{name: getattr(visit, name) for name in names} | changed)


class TestAssignMany:
    @pytest.fixture
    def queue(self, agent, ops):
        """Three tours at the same hour at three listings, and one agent."""
        visits = [book(UserFactory(), PropertyFactory(), local(2, 11)) for _ in range(3)]
        services.assign(visit=Visit.objects.get(agent=agent), by=ops, agent_id=None)
        return visits

    def select(self, staff_client, *visits):
        data = {"action": "assign_agents", "_selected_action": [visit.pk for visit in visits]}
        return staff_client.post(f"{VISITS}?work=unassigned", data)

    def assign(self, staff_client, visits, **choices):
        data = {
            "action": "assign_agents",
            "post": "yes",
            "_selected_action": [visit.pk for visit in visits],
        }
        data |= {f"agent_{visit.pk}": "leave" for visit in visits} | {"back": "work=unassigned"}
        return staff_client.post(f"{VISITS}?work=all", data | choices, follow=True)

    def test_the_page_proposes_an_agent_for_each_visit(self, staff_client, queue, agent, snapshot):
        rohan = AgentFactory(name="Rohan")
        before = snapshot()
        response = self.select(staff_client, *queue)
        proposed = [response.context["form"][f"agent_{visit.pk}"].value() for visit in queue]
        assert sorted(proposed) == sorted([str(agent.pk), str(rohan.pk), "leave"])
        text = response.content.decode()
        assert "Rohan · 0 of 50 visits · free" in text
        assert snapshot() == before

    def test_the_page_takes_as_many_queries_for_30_visits_as_for_3(self, staff_client, agent):
        AgentFactory(cities=["Pune"])
        homes = [PropertyFactory() for _ in range(5)]
        visits = [book(UserFactory(), homes[n % 5], local(2 + n // 10, 10 + n % 5)) for n in range(30)]

        def count(shown):
            return len(queries_of(self.select, staff_client, *shown))

        count(visits[:1])
        assert count(visits[:3]) == count(visits)

    def test_the_page_does_not_propose_an_agent_who_was_unassigned(self, staff_client, ops, tour):
        services.assign(visit=tour, by=ops, agent_id=None, reason="Asked to be off")
        response = self.select(staff_client, tour)
        assert response.context["form"][f"agent_{tour.pk}"].value() == "leave"
        assert "free, but unassigned from this visit earlier" in response.content.decode()

    def test_each_visit_goes_to_its_chosen_agent_and_a_refusal_stops_no_other(
        self, staff_client, ops, queue, agent
    ):
        rohan = AgentFactory(name="Rohan")
        first, second, third = queue
        sent = {f"agent_{first.pk}": agent.pk, f"agent_{second.pk}": rohan.pk, f"agent_{third.pk}": rohan.pk}
        response = self.assign(staff_client, queue, **sent)
        assert response.redirect_chain == [(f"{VISITS}?work=unassigned", 302)]
        refusal, total = messages_of(response)
        assert total == "2 assigned, 1 refused."
        with pytest.raises(AgentNotEligible) as error:
            services.assign(visit=third, by=ops, agent_id=rohan.pk)
        assert refusal == f"{third}, {third.user}: {error.value.detail}"
        assert [Visit.objects.get(pk=visit.pk).agent for visit in queue] == [agent, rohan, None]
        events = VisitEvent.objects.filter(change="assigned")
        assert [event.actor for event in events] == [ops, ops]
        assert LogEntry.objects.filter(change_message__startswith="Assigned to").count() == 2

    def test_all_are_assigned_automatically(self, staff_client, queue, agent):
        AgentFactory(name="Rohan")
        assert messages_of(self.assign(staff_client, queue, everyone="auto"))[-1] == "2 assigned, 1 refused."
        assert Agent.objects.filter(live_visits=1).count() == 2

    def test_a_visit_that_keeps_its_agent_is_not_counted_as_assigned(self, staff_client, tour, snapshot):
        waiting = book(UserFactory(), PropertyFactory(), local(2, 11))
        AgentFactory(name="Rohan")
        kept = f"agent_{tour.pk}"
        before = snapshot()
        response = self.assign(staff_client, [tour], **{kept: "auto"})
        assert messages_of(response) == ["0 assigned, 0 refused, 1 unchanged."]
        assert snapshot() == before
        assert not LogEntry.objects.exists()
        response = self.assign(staff_client, [tour, waiting], **{kept: "auto", f"agent_{waiting.pk}": "auto"})
        assert messages_of(response)[-1] == "1 assigned, 0 refused, 1 unchanged."
        assert LogEntry.objects.get().object_id == str(waiting.pk)

    def test_a_visit_that_nobody_can_take_is_refused_with_reasons(
        self, staff_client, ops, agent, asha, listing
    ):
        night = book(asha, listing, local(2, 3))
        refused, _ = messages_of(self.assign(staff_client, [night], everyone="auto"))
        with pytest.raises(AgentNotEligible) as error:
            services.assign(visit=night, by=ops)
        assert refused == f"{night}, Asha Rao: {error.value.detail}"

    def test_replacing_an_agent_requires_a_reason(self, staff_client, tour, snapshot):
        rohan = AgentFactory(name="Rohan")
        before = snapshot()
        response = self.assign(staff_client, [tour], **{f"agent_{tour.pk}": rohan.pk})
        assert response.context["form"].errors["reason"] == [
            "A reason or a note is required to replace an agent."
        ]
        assert snapshot() == before
        response = self.assign(staff_client, [tour], **{f"agent_{tour.pk}": rohan.pk, "reason": "Nearer"})
        assert messages_of(response) == ["1 assigned, 0 refused."]
        assert tour.events.latest("id").reason == "Nearer"

    def test_a_visit_more_takes_no_query_more(self, staff_client, agent, listing):
        visits = [book(UserFactory(), listing, local(2, 3)) for _ in range(12)]

        ranking = [len(queries_of(self.select, staff_client, *visits[:count])) for count in (2, 12)]
        leaving = [len(queries_of(self.assign, staff_client, visits[:count])) for count in (2, 12)]
        assert (ranking[1] - ranking[0], leaving[1] - leaving[0]) == (0, 0)

    def test_an_agent_who_has_left_meanwhile_is_no_choice(self, staff_client, queue, agent, snapshot):
        Agent.objects.update(is_active=False)
        before = snapshot()
        response = self.assign(staff_client, queue, **{f"agent_{queue[0].pk}": agent.pk})
        assert response.context["form"].errors == {
            f"agent_{queue[0].pk}": ["This agent no longer works here. Choose another one."]
        }
        assert snapshot() == before

    def test_visits_that_cannot_have_an_agent_are_excluded(self, staff_client, ops, tour):
        services.cancel(visit=tour, by=ops)
        data = {"action": "assign_agents", "_selected_action": [tour.pk]}
        response = staff_client.post(f"{VISITS}?work=all", data)
        assert response.context["excluded"] == [tour]
        assert response.context["form"].visits == []

    def test_a_visit_that_was_cancelled_meanwhile_is_refused(self, staff_client, ops, queue, agent):
        services.cancel(visit=queue[0], by=ops)
        response = self.assign(staff_client, queue[:1], **{f"agent_{queue[0].pk}": agent.pk})
        refusal, total = messages_of(response)
        assert refusal.startswith(f"{queue[0]}, {queue[0].user}: ")
        assert total == "0 assigned, 1 refused."

    def test_at_most_a_hundred_visits_are_assigned_together(self, staff_client, asha):
        listing = PropertyFactory()
        book(asha, listing, local(2, 3))
        one = Visit.objects.get()
        Visit.objects.bulk_create([unsaved_copy(one, user=UserFactory()) for _ in range(100)])
        sent = {"action": "assign_agents", "_selected_action": [one.pk], "select_across": "1"}
        assert messages_of(staff_client.post(VISITS, sent, follow=True)) == ["Select at most 100 visits."]
