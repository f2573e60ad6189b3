"""Agents in the admin: who is away or leaves hands his visits over, and staff see to whom beforehand."""

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from agents.models import Agent, Engagement, TimeOff
from ghar.accounts.models import User
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


class TestEngagement:
    """Staff give a seeker another agent for what is to come."""

    def sent(self, agent, reason="Speaks Marathi"):
        return {"agent": agent.pk, "reason": reason}

    def page(self, act="change"):
        return reverse(f"admin:agents_engagement_{act}", args=[Engagement.objects.earliest("id").pk])

    def test_moves_with_a_reason_and_is_logged(self, desk, ops, asha, tour, agent, rohan):
        assert 'href="../move/"' in desk.get(self.page()).content.decode()
        answer = desk.post(self.page("move"), self.sent(rohan), follow=True)
        assert answer.redirect_chain == [(reverse("admin:agents_engagement_changelist"), 302)]
        assert messages_of(answer) == ["Asha Rao is with Rohan now."]
        ended, begun = Engagement.objects.order_by("id")
        assert (ended.agent, begun.agent, begun.seeker, begun.reason) == (
            agent,
            rohan,
            asha,
            "Speaks Marathi",
        )
        assert (ended.ended_at is None, begun.ended_at) == (False, None)
        tour.refresh_from_db()
        assert tour.agent == agent
        assert LogEntry.objects.get().change_message == "Moved to Rohan: Speaks Marathi"
        assert LogEntry.objects.get().user == ops

    def test_the_seekers_next_visit_is_with_the_new_agent(self, desk, asha, tour, rohan):
        desk.post(self.page("move"), self.sent(rohan))
        assert book(asha, ListingFactory(), local(4, 11)).agent == rohan

    def test_wants_to_know_who_and_why(self, desk, tour, snapshot):
        before = everything(snapshot)
        answer = desk.post(self.page("move"), {"agent": "", "reason": ""})
        assert set(answer.context["form"].errors) == {"agent", "reason"}
        gone = AgentFactory(is_active=False)
        answer = desk.post(self.page("move"), self.sent(gone))
        assert messages_of(answer) == [f"{gone} is no longer employed."]
        Agent.objects.filter(pk=gone.pk).delete()
        assert everything(snapshot) == before
        assert Engagement.objects.get().ended_at is None

    def test_a_look_changes_nothing(self, desk, tour, snapshot):
        before = everything(snapshot)
        assert desk.get(self.page("move")).status_code == 200
        assert everything(snapshot) == before

    def test_who_is_over_is_not_moved_from_its_page(self, desk, tour, rohan):
        desk.post(
            reverse("admin:agents_engagement_changelist"),
            {"action": "end", "_selected_action": [Engagement.objects.get().pk]},
        )
        ended = Engagement.objects.get()
        assert ended.ended_at
        assert LogEntry.objects.get().get_change_message() == "Ended."
        assert 'href="../move/"' not in desk.get(self.page()).content.decode()
        for ask in (desk.get, desk.post):
            answer = ask(self.page("move"), self.sent(rohan), follow=True)
            assert answer.redirect_chain == [(self.page(), 302)]
            assert messages_of(answer) == ["This engagement has ended: move the open one."]
        assert Engagement.objects.get().ended_at == ended.ended_at
        assert LogEntry.objects.count() == 1

    def test_to_the_agent_who_has_the_seeker_already(self, desk, tour, agent):
        answer = desk.post(self.page("move"), self.sent(agent), follow=True)
        assert messages_of(answer) == [f"Asha Rao is with {agent} already: nothing changed."]
        assert Engagement.objects.get().ended_at is None
        assert not LogEntry.objects.exists()

    def test_one_that_is_not_there(self, desk, tour):
        missing = reverse("admin:agents_engagement_move", args=[Engagement.objects.get().pk + 1])
        assert desk.get(missing).status_code == 404


def test_an_agents_login_does_not_become_staff(client, agent):
    root = User.objects.create_superuser("root@example.com", "x", full_name="Root")
    client.force_login(root)
    url = reverse("admin:accounts_user_change", args=[agent.user.pk])
    sent = {"full_name": agent.user.full_name, "email": "a@example.com", "phone": "", "is_staff": "1"}
    assert client.post(url, sent).context["adminform"].form.errors.keys() == {"is_staff"}
    assert not User.objects.get(pk=agent.user.pk).is_staff
    del sent["is_staff"]
    assert client.post(url, sent).status_code == 302
