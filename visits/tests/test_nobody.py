"""Tours that nobody shows: staff's own decision, agents without a place of work, and who is told of it."""

import importlib
from datetime import timedelta

import pytest
from django.db import connection

from agents.models import Agent
from agents.tests.factories import AgentFactory
from ghar import clock
from ghar.accounts.tests.factories import UserFactory
from ghar.mcp.tests.assistant import Assistant
from ghar.testing import messages_of
from ghar.tests.responses import iso, problem_fields
from visits import queues, services
from visits.models import Visit
from visits.tests.admin_pages import as_typed, page
from visits.tests.commands import run
from visits.tests.factories import book, local

pytestmark = pytest.mark.django_db


def of(visit, act=""):
    return f"/api/v1/visits/{visit.pk}{act and f'/{act}'}"


def migration(path, name):
    return getattr(importlib.import_module(path), name)


@pytest.fixture
def begun(listing, asha):
    """Asha's tour of yesterday, which nobody shows: there was no agent."""
    with clock.frozen_at(clock.now() - timedelta(days=3)):
        return book(asha, listing, local(-1, 11))


class TestUnassignedByHand:
    @pytest.mark.django_db(transaction=True)
    def test_the_visit_stays_with_nobody_until_staff_assign(self, api, tour, ops, agent):
        other = AgentFactory()
        visit = api(ops).post(of(tour, "assign"), {"agent_id": None}).json()
        assert (visit["agent_id"], visit["agent"], visit["version"]) == (None, None, 2)
        run("assign_pending_visits")
        api(ops).patch(f"/api/v1/agents/{other.pk}/availability", {"is_available": False})
        api(ops).patch(f"/api/v1/agents/{other.pk}/availability", {"is_available": True})
        assert api(ops).get(of(tour)).json()["agent_id"] is None
        assert [v["id"] for v in api(ops).get("/api/v1/visits/all?unassigned=true").json()["items"]] == [
            tour.pk
        ]
        automatic = api(ops).post(of(tour, "assign"), {}).json()
        assert (automatic["agent_id"], automatic["version"]) == (other.pk, 3)

    def test_an_absent_agents_visit_is_in_the_automatic_queue_as_before(self, tour, agent, ops):
        services.take_time_off(agent=agent, by=ops, from_=local(2, 0), to=local(3, 0))
        tour.refresh_from_db()
        assert (tour.agent, tour.kept_unassigned) == (None, False)
        other = AgentFactory()
        run("assign_pending_visits")
        tour.refresh_from_db()
        assert tour.agent == other

    def test_whom_staff_assign_ends_it(self, tour, agent, ops):
        services.assign(visit=tour, by=ops, agent_id=None)
        services.assign(visit=tour, by=ops, agent_id=agent.pk)
        services.take_time_off(agent=agent, by=ops, from_=local(2, 0), to=local(3, 0))
        other = AgentFactory()
        run("assign_pending_visits")
        tour.refresh_from_db()
        assert tour.agent == other

    def test_the_migration_finds_the_visits_that_wait_for_staff_by_now(self, agent, listing, ops):
        days = iter(range(2, 9))
        by_hand, moved, absent, assigned = (
            book(UserFactory(), listing, local(next(days), 11)) for _ in "abcd"
        )
        for visit in (by_hand, moved, assigned):
            services.assign(visit=visit, by=ops, agent_id=None)
        services.reschedule(visit=moved, by=ops, new_date=local(3, 4))
        services.assign(visit=assigned, by=ops, agent_id=agent.pk)
        services.take_time_off(agent=agent, by=ops, from_=local(4, 0), to=local(5, 0))
        never = book(UserFactory(), listing, local(8, 4))
        Visit.objects.update(kept_unassigned=False)
        with connection.cursor() as cursor:
            cursor.execute(migration("visits.migrations.0008_kept_unassigned", "KEEP_UNASSIGNED"))
        assert set(Visit.objects.filter(kept_unassigned=True)) == {by_hand, moved}
        assert {absent, assigned, never} == set(Visit.objects.filter(kept_unassigned=False))


class TestPlaceOfWork:
    def test_a_new_agent_gets_no_visit_before_staff_say_where_they_work(self, api, ops, listing, asha):
        agent_id = api(ops).post("/api/v1/agents", {"name": "Sunil"}).json()["id"]
        tour = book(asha, listing, local(2, 11))
        assert tour.agent is None
        assert run("assign_pending_visits") == "0 assigned, 1 still waiting.\n"
        candidates = api(ops).get(of(tour, "candidates")).json()["items"]
        assert [(each["agent"]["id"], each["reasons"]) for each in candidates] == [(agent_id, ["city"])]
        slots = f"/api/v1/properties/{listing.pk}/slots?from={local(2, 11).date()}&to={local(2, 11).date()}"
        assert api(asha).get(slots).json()["items"] == []
        assert api(asha).post("/api/v1/agents/assign").json()["reasons"] == ["city"]
        at = f"/api/v1/agents?available_at={iso(local(2, 11))}"
        assert api(asha).get(at).json()["items"] == []
        by_name = api(ops).post(of(tour, "assign"), {"agent_id": agent_id})
        assert by_name.json()["reasons"] == ["city"]

        agent = api(ops).patch(f"/api/v1/agents/{agent_id}", {"serves_everywhere": True}).json()
        assert (agent["cities"], agent["serves_everywhere"]) == ([], True)
        assert [row["id"] for row in api(asha).get(at).json()["items"]] == [agent_id]
        assert len(api(asha).get(slots).json()["items"]) > 0
        assert run("assign_pending_visits").endswith("\n1 assigned, 0 still waiting.\n")

    @pytest.mark.parametrize("place", [{"serves_everywhere": True}, {"cities": ["MUMBAI"]}])
    def test_the_queue_is_looked_at_as_soon_as_they_do(
        self, api, ops, listing, asha, place, django_capture_on_commit_callbacks
    ):
        agent = AgentFactory(cities=[])
        tour = book(asha, listing, local(2, 11))
        with django_capture_on_commit_callbacks(execute=True):
            api(ops).patch(f"/api/v1/agents/{agent.pk}", {"cities": ["Pune"]})
        assert Visit.objects.get(pk=tour.pk).agent is None
        with django_capture_on_commit_callbacks(execute=True):
            api(ops).patch(f"/api/v1/agents/{agent.pk}", place)
        assert Visit.objects.get(pk=tour.pk).agent == agent

    def test_the_migration_leaves_agents_without_cities_where_they_were(self):
        nowhere, here = AgentFactory(cities=[]), AgentFactory(cities=["Pune"])
        with connection.cursor() as cursor:
            cursor.execute(migration("agents.migrations.0008_serves_everywhere", "KEEP_WHAT_THEY_HAD"))
        assert dict(Agent.objects.values_list("pk", "serves_everywhere")) == {
            nowhere.pk: True,
            here.pk: False,
        }


class TestBegun:
    def test_it_stays_on_the_red_list_until_staff_answer_for_it(self, api, ops, begun):
        assert (begun.is_urgent(), queues.queue_counts()["unassigned"]) == (True, 1)
        for query in ("unassigned=true", "urgent=true"):
            found = api(ops).get(f"/api/v1/visits/all?{query}").json()["items"]
            assert [visit["id"] for visit in found] == [begun.pk], query
        stats = api(ops).get("/api/v1/visits/stats").json()
        assert (stats["unassigned"], stats["urgent"]) == (1, 1)
        AgentFactory()
        # Nobody is sent there any more.
        assert run("assign_pending_visits") == "0 assigned, 1 still waiting, 1 of them urgent.\n"

    def test_it_is_completed_only_with_the_agent_who_showed_it(self, api, ops, begun, snapshot):
        agent = AgentFactory(is_active=False)
        before = snapshot()
        for body in ({}, {"agent_id": None}, {"agent_id": 2**61}, {"notes": "Keen"}):
            refused = api(ops).post(of(begun, "complete"), body)
            assert problem_fields(refused) == (400, "validation_error", ["agent_id"])
        assert snapshot() == before
        for _time in range(2):
            visit = api(ops).post(of(begun, "complete"), {"agent_id": agent.pk}).json()
            assert (visit["status"], visit["agent_id"], visit["version"]) == ("completed", agent.pk, 2)
        event = begun.events.last()
        assert (event.change, event.data) == ("completed", {"agent_id": agent.pk, "from_agent_id": None})
        assert queues.queue_counts()["unassigned"] == 0
        agent.refresh_from_db()
        assert agent.live_visits == 0

    def test_staff_may_name_another_agent_and_the_agent_may_not(self, api, ops, asha, listing, snapshot):
        agent = AgentFactory(user=UserFactory())
        with clock.frozen_at(clock.now() - timedelta(days=3)):
            tour = book(asha, listing, local(-1, 11))
        other = AgentFactory()
        before = snapshot()
        denied = api(agent.user).post(of(tour, "complete"), {"agent_id": other.pk})
        assert denied.status_code == 403
        assert snapshot() == before
        visit = api(ops).post(of(tour, "complete"), {"agent_id": other.pk}).json()
        assert (visit["agent_id"], visit["version"]) == (other.pk, 2)
        agent.refresh_from_db()
        other.refresh_from_db()
        assert (agent.live_visits, other.live_visits) == (0, 0)

    def test_the_page_asks_who_showed_it(self, staff_client, begun):
        agent = AgentFactory()
        first = staff_client.post(page(begun, "complete"), {})
        assert messages_of(first) == ["No agent is assigned to this tour. Name the agent who showed it."]
        staff_client.post(page(begun, "complete"), {"agent": agent.pk})
        assert Visit.objects.values_list("status", "agent").get() == ("completed", agent.pk)


class TestWarnings:
    def test_a_move_and_a_confirmation_say_that_nobody_shows_the_tour(self, api, tour, ops, asha, agent):
        moved = api(asha).post(of(tour, "reschedule"), {"new_date": iso(local(3, 3))}).json()
        assert (moved["agent_id"], moved["warnings"]) == (None, ["no_agent"])
        confirmed = api(ops).post(of(tour, "confirm"), {}).json()
        assert (confirmed["status"], confirmed["warnings"]) == ("confirmed", ["no_agent"])
        assert api(ops).put(of(tour), {"scheduled_date": iso(local(4, 4))}).json()["warnings"] == ["no_agent"]
        back = api(ops).post(of(tour, "reschedule"), {"new_date": iso(local(4, 12))}).json()
        assert (back["agent_id"], back["warnings"]) == (agent.pk, [])
        assert api(asha).post(of(tour, "confirm"), {}).json()["warnings"] == []
        assert api(asha).patch(of(tour), {"special_requirements": "x"}).json()["warnings"] == []

    def test_a_meet_needs_no_agent(self, api, meet, bala):
        assert api(bala).post(of(meet, "confirm"), {}).json()["warnings"] == []

    def test_the_page_asks_before_it_moves_a_tour_to_a_time_without_an_agent(
        self, staff_client, tour, snapshot
    ):
        before = snapshot()
        data = {"new_date": as_typed(local(3, 3))}
        asked = staff_client.post(page(tour, "reschedule"), data)
        [question] = messages_of(asked)
        assert question.startswith("No agent shows this tour on ") and "03:00" in question
        assert (asked.status_code, snapshot()) == (200, before)
        # The answer to a question about another time does not count.
        other = staff_client.post(
            page(tour, "reschedule"), {**data, "answered": question.replace("03:00", "04:00")}
        )
        assert (messages_of(other), snapshot()) == ([question], before)
        done = staff_client.post(page(tour, "reschedule"), {**data, "answered": question})
        assert done.status_code == 302
        assert Visit.objects.values_list("scheduled_date", "agent", "version").get() == (local(3, 3), None, 2)

    def test_the_page_asks_before_it_confirms_a_tour_without_an_agent(
        self, staff_client, asha, listing, snapshot
    ):
        tour = book(asha, listing, local(2, 11))
        before = snapshot()
        asked = staff_client.post(page(tour, "confirm"), {})
        [question] = messages_of(asked)
        assert (asked.status_code, snapshot()) == (200, before)
        assert staff_client.post(page(tour, "confirm"), {"answered": question}).status_code == 302
        assert Visit.objects.get().status == "confirmed"

    def test_with_an_agent_no_page_asks(self, staff_client, tour):
        assert staff_client.post(page(tour, "confirm"), {}).status_code == 302
        assert Visit.objects.get().status == "confirmed"

    def test_an_assistant_is_told_as_well(self, asha, agent, listing):
        assistant = Assistant(asha)
        arguments = {"property_id": listing.pk, "scheduled_date": iso(local(3, 3))}
        booked = assistant.call("visits_schedule", **arguments)
        assert "No agent shows it yet" in booked["summary"]
        moved = assistant.call("visits_reschedule", visit_id=booked["id"], new_date=iso(local(3, 12)))
        assert (moved["agent_id"], f"{agent.name} will show it." in moved["summary"]) == (agent.pk, True)
        night = assistant.call("visits_reschedule", visit_id=booked["id"], new_date=iso(local(4, 2)))
        assert "No agent shows it yet" in night["summary"]
        cancelled = assistant.call("visits_cancel", visit_id=booked["id"], confirm=True)
        assert (cancelled["status"], cancelled["changed"]) == ("cancelled", True)
        again = assistant.call("visits_cancel", visit_id=booked["id"], confirm=True)
        assert (again["version"], again["changed"]) == (cancelled["version"], False)

    def test_an_assistant_is_not_told_that_a_meet_has_no_agent(self, asha, meet):
        same = Assistant(asha).call("visits_reschedule", visit_id=meet.pk, new_date=iso(meet.scheduled_date))
        assert (same["changed"], "gent" in same["summary"]) == (False, False)
