"""Agents in the admin: who is away or leaves hands his visits over, and staff see to whom beforehand."""

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from agents.models import Agent, Engagement, TimeOff
from visits.models import Visit
from visits.tests.factories import KOLKATA, AgentFactory, ListingFactory, book, local

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client, ops):
    client.force_login(ops)
    return client


def page(agent, act="change"):
    return reverse(f"admin:agents_agent_{act}", args=[agent.pk])


def times(start, end, **more):
    typed = [f"{moment.astimezone(KOLKATA):%Y-%m-%dT%H:%M}" for moment in (start, end)]
    return {"starts": typed[0], "ends": typed[1], **more}


def messages_of(response):
    return [str(message) for message in response.context["messages"]]


def everything(snapshot):
    return snapshot(), list(TimeOff.objects.values()), list(Agent.objects.order_by("pk").values())


@pytest.fixture
def rohan(tour):
    """Free to take over, but no evening hours."""
    return AgentFactory(name="Rohan")


class TestTimeOff:
    sent = times(local(2, 0), local(3, 0), reason="Flu")

    def test_first_it_shows_what_would_happen(self, desk, tour, agent, rohan, snapshot):
        before = everything(snapshot)
        answer = desk.post(page(agent, "time_off"), self.sent)
        assert answer.context["moves"] == [(tour, rohan)]
        assert "Enter the time off" in answer.content.decode()
        assert everything(snapshot) == before

    def test_then_it_does_it(self, desk, ops, tour, agent, rohan):
        answer = desk.post(page(agent, "time_off"), self.sent | {"sure": "yes"}, follow=True)
        assert answer.redirect_chain == [(page(agent), 302)]
        assert messages_of(answer) == ["Time off entered. 1 visits given to others, 0 back in the queue."]
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
        assert LogEntry.objects.get().get_change_message() == "Time off entered."

    def test_nobody_else_leaves_it_in_the_queue(self, desk, tour, agent):
        answer = desk.post(page(agent, "time_off"), self.sent | {"sure": "yes"}, follow=True)
        assert messages_of(answer) == ["Time off entered. 0 visits given to others, 1 back in the queue."]
        assert list(Visit.objects.unassigned()) == [tour]

    @pytest.mark.parametrize(
        "sent",
        [
            {},
            times(local(3, 0), local(2, 0)),
            times(local(-3, 0), local(-2, 0)),
            {"starts": "0001-01-01T00:00", "ends": "9999-12-31T00:00"},
        ],
    )
    def test_a_time_that_cannot_be(self, desk, tour, agent, snapshot, sent):
        before = everything(snapshot)
        answer = desk.post(page(agent, "time_off"), sent | {"sure": "yes"})
        assert answer.status_code == 200
        assert answer.context["form"].errors or messages_of(answer)
        assert everything(snapshot) == before


class TestEmployment:
    def test_who_leaves_hands_over_and_can_come_back(self, desk, tour, agent, rohan, asha):
        later = book(asha, ListingFactory(), local(4, 11))
        assert len(desk.post(page(agent, "leave")).context["moves"]) == 2
        assert Agent.objects.get(pk=agent.pk).is_active
        answer = desk.post(page(agent, "leave"), {"sure": "yes"}, follow=True)
        assert messages_of(answer) == ["No longer employed. 2 visits given to others, 0 back in the queue."]
        assert not Agent.objects.get(pk=agent.pk).is_active
        assert {visit.agent for visit in Visit.objects.filter(pk__in=[tour.pk, later.pk])} == {rohan}
        assert not Engagement.objects.open().filter(agent=agent).exists()
        answer = desk.post(page(agent, "return"), {"sure": "yes"}, follow=True)
        assert messages_of(answer) == ["Employed again."]
        assert Agent.objects.get(pk=agent.pk).is_active

    def test_the_buttons_are_those_of_the_state(self, desk, agent):
        def buttons():
            return [absence.name for absence in desk.get(page(agent)).context["absences"]]

        assert buttons() == ["time_off", "leave"]
        desk.post(page(agent, "leave"), {"sure": "yes"})
        assert buttons() == ["return"]

    @pytest.mark.parametrize("act", ["time_off", "leave", "return"])
    def test_a_get_changes_nothing(self, desk, tour, agent, snapshot, act):
        before = everything(snapshot)
        assert desk.get(page(agent, act)).status_code == 200
        assert everything(snapshot) == before
