"""The list of visits: what waits, found at once; and many assigned together."""

import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agents.models import Agent
from ghar import clock
from properties.models import Property
from visits import services
from visits.models import Visit, VisitEvent
from visits.queues import queue_counts
from visits.tests.factories import AgentFactory, ListingFactory, UserFactory, book, local

pytestmark = pytest.mark.django_db

LIST = reverse("admin:visits_visit_changelist")


@pytest.fixture
def desk(client, ops):
    client.force_login(ops)
    return client


def shown(desk, **query):
    return list(desk.get(LIST, query).context["cl"].result_list)


def messages_of(response):
    return [str(message) for message in response.context["messages"]]


@pytest.fixture
def work_queues(agent, listing, asha, bala, ops):
    """One visit of each kind that waits for somebody, by the name of its queue."""
    before, past, evening, tonight = local(-4, 12), local(-2, 11), local(-2, 15), local(0, 23, 30)
    with clock.frozen_at(before):
        over = book(asha, listing, past)
        done = book(bala, listing, evening)
        today = book(asha, ListingFactory(), tonight)
    with clock.frozen_at(past + timedelta(days=1)):
        services.complete(visit=done, by=ops, follow_up_date=evening)
    night = book(bala, listing, local(2, 3))
    kept = book(asha, listing, local(3, 11))
    services.confirm(visit=kept, by=ops)
    return {"to_close": over, "today": today, "follow_up": done, "unassigned": night, "confirmed": kept}


class TestHeaps:
    def test_each_shows_what_it_says(self, desk, work_queues):
        with clock.frozen_at(local(0, 12)):
            assert shown(desk, work="unassigned") == [work_queues["today"], work_queues["unassigned"]]
            assert shown(desk, work="today") == [work_queues["today"]]
            assert shown(desk, work="awaiting") == [work_queues["today"], work_queues["unassigned"]]
            assert shown(desk, work="to_close") == [work_queues["to_close"]]
            assert shown(desk, work="follow_up") == [work_queues["follow_up"]]
            upcoming = [work_queues["today"], work_queues["unassigned"], work_queues["confirmed"]]
            assert shown(desk) == shown(desk, work="upcoming") == upcoming
            assert shown(desk, work="all") == list(Visit.objects.order_by("-scheduled_date"))

    def test_the_tabs_and_the_front_page_tell_their_counts(self, desk, work_queues):
        expected = {"unassigned": 2, "today": 1, "awaiting": 2, "to_close": 1, "follow_up": 1, "upcoming": 3}
        with clock.frozen_at(local(0, 12)):
            assert queue_counts() == expected
            tabs = desk.get(LIST).content.decode()
            front = desk.get(reverse("admin:index")).content.decode()
        assert re.findall(r'tab-(\w+).*?<span class="count(?: none)?">(\d+)<', tabs, re.S) == [
            (name, str(count)) for name, count in expected.items()
        ]
        assert re.findall(r"\?work=(\w+)\">\s*<strong>(\d+)<", front) == [
            (name, str(count)) for name, count in expected.items()
        ]

    def test_without_any_all_are_zero(self, db):
        assert set(queue_counts().values()) == {0}

    def test_what_begins_soon_without_an_agent_stands_out(self, desk, work_queues):
        with clock.frozen_at(work_queues["today"].scheduled_date - timedelta(minutes=30)):
            text = desk.get(LIST, {"work": "unassigned"}).content.decode()
        assert re.findall(r'badge-nobody"><span aria-hidden="true">!</span> (in [^<]+)<', text) == [
            "in 30\xa0minutes"
        ]

    def test_a_search_looks_everywhere(self, desk, work_queues, asha):
        asha.phone = "+919811111101"
        asha.save()
        mine = {work_queues["to_close"], work_queues["today"], work_queues["confirmed"]}
        assert set(shown(desk, q="asha")) == set(shown(desk, q="98111 11101")) == mine
        Property.objects.filter(pk=work_queues["today"].property_id).update(title="Tamarind Court")
        assert shown(desk, q="tamarind") == [work_queues["today"]]
        assert shown(desk, q=f"={work_queues['follow_up'].pk}") == [work_queues["follow_up"]]
        assert shown(desk, q="=x") == []

    def test_hostile_queries_are_answered(self, desk, work_queues):
        for query in (
            {"work": "x"},
            {"q": "\x00"},
            {"q": "=" + "9" * 40},
            {"status__exact": "x"},
            {"p": "9"},
        ):
            assert desk.get(LIST, query).status_code in (200, 302)


class TestQueries:
    def test_ten_more_rows_cost_no_more(self, desk, agent, asha):
        counts = []
        for batch in range(2):
            for number in range(1 + 9 * batch):
                book(UserFactory(), ListingFactory(), local(3 + batch, 9 + number))
            with CaptureQueriesContext(connection) as captured:
                desk.get(LIST)
            counts.append(len(captured))
        assert counts[0] == counts[1]

    def test_twenty_thousand_visits_cost_ten_queries(self, desk, ops, tour):
        services.cancel(visit=tour, by=ops)
        multiply(tour, 19_999)
        assert Visit.objects.count() == 20_000
        for query in (
            {},
            {"work": "all"},
            {"work": "unassigned"},
            {"q": "asha"},
            {"status__exact": "cancelled"},
        ):
            with CaptureQueriesContext(connection) as captured:
                assert desk.get(LIST, query).status_code == 200
            assert len(captured) <= 10, [row["sql"] for row in captured]

    def test_a_longer_history_costs_no_more(self, desk, tour, ops):
        url = reverse("admin:visits_visit_change", args=[tour.pk])
        desk.get(url)
        counts = []
        for more in (1, 10):
            for number in range(more):
                services.update(visit=tour, by=ops, visit_notes=f"{more}.{number}")
            with CaptureQueriesContext(connection) as captured:
                desk.get(url)
            counts.append(len(captured))
        assert counts[0] == counts[1]


def multiply(visit, times):
    """So many copies of its row, by the database itself."""
    stored = (f for f in Visit._meta.concrete_fields if not (f.primary_key or f.generated))
    columns = ", ".join(field.column for field in stored)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO visits_visit ({columns}) SELECT {columns} FROM visits_visit, generate_series(1, %s)"
            " WHERE id = %s",
            [times, visit.pk],
        )


def copy_of(visit, **changed):
    names = ["user", "property", "agent", "scheduled_date", "scheduled_end", "busy", "awaiting", "status"]
    return Visit(**{name: getattr(visit, name) for name in names} | changed)


class TestAssignMany:
    @pytest.fixture
    def queue(self, agent, ops):
        """Three tours at the same hour in three places, and the agent for one of them."""
        visits = [book(UserFactory(), ListingFactory(), local(2, 11)) for _ in range(3)]
        services.assign(visit=Visit.objects.get(agent=agent), by=ops, agent_id=None)
        return visits

    def tick(self, desk, *visits, **query):
        sent = {"action": "assign_agents", "_selected_action": [visit.pk for visit in visits]}
        return desk.post(f"{LIST}?work=unassigned", sent)

    def send(self, desk, visits, **sent):
        ticked = {
            "action": "assign_agents",
            "post": "yes",
            "_selected_action": [visit.pk for visit in visits],
        }
        ticked |= {f"agent_{visit.pk}": "leave" for visit in visits} | {"back": "work=unassigned"}
        return desk.post(f"{LIST}?work=all", ticked | sent, follow=True)

    def test_the_page_between_says_who_would_get_what(self, desk, queue, agent, snapshot):
        rohan = AgentFactory(name="Rohan")
        before = snapshot()
        answer = self.tick(desk, *queue)
        proposed = [answer.context["form"][f"agent_{visit.pk}"].value() for visit in queue]
        assert sorted(proposed) == sorted([str(agent.pk), str(rohan.pk), "leave"])
        text = answer.content.decode()
        assert "Rohan · 0 of 50 visits · free" in text
        assert snapshot() == before

    def test_the_page_between_says_who_was_taken_off(self, desk, ops, tour):
        services.assign(visit=tour, by=ops, agent_id=None, reason="Asked to be off")
        answer = self.tick(desk, tour)
        assert answer.context["form"][f"agent_{tour.pk}"].value() == "leave"
        assert "free, was taken off it before and only comes back by name" in answer.content.decode()

    def test_each_is_given_to_whom_it_says(self, desk, ops, queue, agent):
        rohan = AgentFactory(name="Rohan")
        first, second, third = queue
        sent = {f"agent_{first.pk}": agent.pk, f"agent_{second.pk}": rohan.pk, f"agent_{third.pk}": rohan.pk}
        answer = self.send(desk, queue, **sent)
        assert answer.redirect_chain == [(f"{LIST}?work=unassigned", 302)]
        *refusals, total = messages_of(answer)
        assert total == "2 assigned, 1 refused."
        assert refusals == [
            f"{third}, {third.user}: Rohan cannot take this visit: is at another listing then."
        ]
        assert [Visit.objects.get(pk=visit.pk).agent for visit in queue] == [agent, rohan, None]
        events = VisitEvent.objects.filter(change="assigned")
        assert [event.actor for event in events] == [ops, ops]
        assert LogEntry.objects.filter(change_message__startswith="Assigned to").count() == 2

    def test_all_to_the_best(self, desk, queue, agent):
        AgentFactory(name="Rohan")
        assert messages_of(self.send(desk, queue, everyone="auto"))[-1] == "2 assigned, 1 refused."
        assert Agent.objects.filter(live_visits=1).count() == 2

    def test_who_keeps_his_visit_is_not_counted_as_assigned(self, desk, tour, snapshot):
        waiting = book(UserFactory(), ListingFactory(), local(2, 11))
        AgentFactory(name="Rohan")
        kept = f"agent_{tour.pk}"
        before = snapshot()
        answer = self.send(desk, [tour], **{kept: "auto"})
        assert messages_of(answer) == ["0 assigned, 0 refused, 1 with the same agent as before."]
        assert snapshot() == before
        assert not LogEntry.objects.exists()
        answer = self.send(desk, [tour, waiting], **{kept: "auto", f"agent_{waiting.pk}": "auto"})
        assert messages_of(answer)[-1] == "1 assigned, 0 refused, 1 with the same agent as before."
        assert LogEntry.objects.get().object_id == str(waiting.pk)

    def test_what_keeps_all_of_them_from_it_is_said_once(self, desk, agent, asha, listing):
        night = book(asha, listing, local(2, 3))
        refused, _ = messages_of(self.send(desk, [night], everyone="auto"))
        assert refused == (
            f"{night}, Asha Rao: No agent can take this visit. What keeps them from it: does not work then."
        )

    def test_a_reason_where_one_is_replaced(self, desk, tour, snapshot):
        rohan = AgentFactory(name="Rohan")
        before = snapshot()
        answer = self.send(desk, [tour], **{f"agent_{tour.pk}": rohan.pk})
        assert answer.context["form"].errors["reason"] == ["Say why a visit goes from one agent to another."]
        assert snapshot() == before
        answer = self.send(desk, [tour], **{f"agent_{tour.pk}": rohan.pk, "reason": "Nearer"})
        assert messages_of(answer) == ["1 assigned, 0 refused."]
        assert tour.events.latest("id").reason == "Nearer"

    def test_what_each_ticked_visit_costs(self, desk, agent, listing):
        """To rank agents for the page; to check what was chosen, nothing."""
        visits = [book(UserFactory(), listing, local(2, 3)) for _ in range(12)]

        def queries(ask, *args):
            with CaptureQueriesContext(connection) as captured:
                assert ask(*args).status_code == 200
            return len(captured)

        ranking = [queries(self.tick, desk, *visits[:count]) for count in (2, 12)]
        leaving = [queries(self.send, desk, visits[:count]) for count in (2, 12)]
        assert ((ranking[1] - ranking[0]) / 10, leaving[1] - leaving[0]) == (4, 0)

    def test_who_left_meanwhile_is_no_choice(self, desk, queue, agent, snapshot):
        Agent.objects.update(is_active=False)
        before = snapshot()
        answer = self.send(desk, queue, **{f"agent_{queue[0].pk}": agent.pk})
        assert answer.context["form"].errors == {
            f"agent_{queue[0].pk}": ["There is no such agent, or none any more."]
        }
        assert snapshot() == before

    def test_what_cannot_have_an_agent_is_left_out(self, desk, ops, tour):
        services.cancel(visit=tour, by=ops)
        answer = self.tick(desk, tour)
        sent = {"action": "assign_agents", "_selected_action": [tour.pk]}
        answer = desk.post(f"{LIST}?work=all", sent)
        assert answer.context["unsuitable"] == [tour]
        assert answer.context["form"].visits == []

    def test_one_that_ended_meanwhile_is_refused(self, desk, ops, queue, agent):
        services.cancel(visit=queue[0], by=ops)
        answer = self.send(desk, queue[:1], **{f"agent_{queue[0].pk}": agent.pk})
        assert messages_of(answer) == [
            f"{queue[0]}, {queue[0].user}: A cancelled visit has no use for an agent.",
            "0 assigned, 1 refused.",
        ]

    def test_not_more_than_a_hundred(self, desk, asha):
        listing = ListingFactory()
        book(asha, listing, local(2, 3))
        one = Visit.objects.get()
        Visit.objects.bulk_create([copy_of(one, user=UserFactory()) for _ in range(100)])
        sent = {"action": "assign_agents", "_selected_action": [one.pk], "select_across": "1"}
        assert messages_of(desk.post(LIST, sent, follow=True)) == ["Tick 100 visits at most."]
