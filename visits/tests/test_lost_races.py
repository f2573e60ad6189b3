"""A change that loses a race after its rows are written starts over, and is as if it had been tried once."""

from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from django.db import transaction
from django.db.models.signals import post_save

from agents.models import Agent
from agents.tests.factories import AgentFactory
from ghar import clock
from ghar.accounts.models import User
from ghar.testing import somebody_waits_for_a_lock
from ghar.tests.responses import iso
from properties.tests.factories import PropertyFactory
from visits import services
from visits.models import Visit
from visits.tests.crowd import post
from visits.tests.factories import book, local
from visits.tests.refusing import sql
from visits.tests.threads import with_own_connection


@pytest.fixture
def deadlocks():
    """The first visit that is written from now on meets a deadlock, and is in the list."""
    met = []

    def meet(instance, **kwargs):
        if not met:
            met.append(instance)
            sql("DO $$ BEGIN RAISE deadlock_detected; END $$")

    post_save.connect(meet, Visit)
    yield met
    post_save.disconnect(meet, Visit)


def assert_tried_once(tour, deadlocks, version):
    assert len(deadlocks) == 1
    assert (tour.version, tour.events.count()) == (version, version)
    for agent in Agent.objects.all():
        assert agent.live_visits == Visit.objects.live().filter(agent=agent).count()


@pytest.mark.django_db
def test_a_booking_is_one_row_of_version_one(api, asha, agent, listing, deadlocks):
    body = {"property_id": listing.pk, "scheduled_date": iso(local(2, 11))}
    answer = api(asha).post("/api/v1/visits", body)
    assert (answer.status_code, answer["ETag"], answer.json()["agent_id"]) == (201, '"1"', agent.pk)
    assert_tried_once(Visit.objects.get(), deadlocks, version=1)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("post", "/confirm", {}),
        ("post", "/cancel", {"reason": "Ill"}),
        ("post", "/complete", {"feedback": "Sunny", "interest_level": "high"}),
        ("post", "/assign", {"agent_id": None}),
        ("post", "/reschedule", {"new_date": iso(local(3, 11)), "reason": "Rain"}),
        ("patch", "", {"scheduled_date": iso(local(3, 11))}),
        ("patch", "", {"visit_notes": "Bring the keys."}),
    ],
)
def test_a_change_is_one_version_and_one_row_of_history(api, ops, tour, deadlocks, method, path, body):
    at = tour.scheduled_date if path == "/complete" else clock.now()
    with clock.frozen_at(at):
        answer = getattr(api(ops), method)(f"/api/v1/visits/{tour.pk}{path}", body)
    assert (answer.status_code, answer["ETag"]) == (200, '"2"')
    assert_tried_once(Visit.objects.get(), deadlocks, version=2)


@pytest.mark.django_db
@pytest.mark.parametrize("change", ["leave", "withdraw", "sweep"])
def test_so_is_what_follows_from_another_change(ops, tour, agent, deadlocks, change):
    if change == "leave":
        moved = services.dismiss(agent=agent, by=ops)
        assert moved == [{"visit_id": tour.pk, "from_agent_id": agent.pk, "to_agent_id": None}]
    elif change == "withdraw":
        services.withdraw_property(listing=tour.property, by=ops)
    else:
        Visit.objects.update(agent=None)
        assert [attempt.assigned for attempt in services.assign_pending()] == [True]
    assert_tried_once(Visit.objects.get(), deadlocks, version=2)


def look_for_deadlocks_after(milliseconds):
    """Let this connection do so, where its role may say it: by default it is one second."""
    sql(
        "SELECT set_config('deadlock_timeout', %s, false)"
        " WHERE has_parameter_privilege('deadlock_timeout', 'SET')",
        f"{milliseconds}ms",
    )


@pytest.mark.django_db(transaction=True)
def test_of_two_who_deadlock_both_get_through(asha, ops):
    """Somebody locks an agent before a person, against the order of locks, while staff assign the agent."""
    visit = book(asha, PropertyFactory(), local(2, 11))
    agent = AgentFactory()

    def assign():
        look_for_deadlocks_after(200)
        return post(ops, f"/visits/{visit.pk}/assign", {"agent_id": agent.pk})

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Agent.objects.select_for_update(no_key=True).get(pk=agent.pk)
            answer = pool.submit(with_own_connection, assign)
            while not answer.done() and not somebody_waits_for_a_lock():
                wait([answer], timeout=0.01)
            # It closes the circle. The assignment waits already: it finds the deadlock and gives way.
            User.objects.filter(pk=asha.pk).update(full_name="Asha Iyer")
        assert (answer.result().status_code, answer.result().data["agent_id"]) == (200, agent.pk)
    visit.refresh_from_db()
    assert (visit.user.full_name, visit.version, visit.events.count()) == ("Asha Iyer", 2, 2)
