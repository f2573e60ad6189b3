"""Many choices at once: nobody is passed over, nobody floods, counters stay true."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from time import sleep

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from agents.models import Agent
from ghar.testing import somebody_waits_for_a_lock
from visits import services
from visits.assignment import selection
from visits.models import Visit
from visits.tests.factories import AgentFactory, ListingFactory, UserFactory, book, local
from visits.tests.threads import run_concurrently

pytestmark = pytest.mark.django_db(transaction=True)


def book_while_locked(agent):
    """A booking that begins while somebody else holds the agent's row, and lets go of it later."""
    user, listing, start = UserFactory(), ListingFactory(), local(2, 11)

    def booking():
        try:
            return book(user, listing, start)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Agent.objects.select_for_update(no_key=True).get(pk=agent.pk)
            visit = pool.submit(booking)
            while not visit.done() and not somebody_waits_for_a_lock():
                sleep(0.01)
        return visit.result()


def test_an_agent_whom_somebody_else_looks_at_is_waited_for():
    agent = AgentFactory()
    assert book_while_locked(agent).agent == agent


def test_without_the_second_pass_they_would_be_passed_over(monkeypatch):
    monkeypatch.setattr(selection, "lock_if_eligible", lambda *args: False)
    assert book_while_locked(AgentFactory()).agent is None


@pytest.mark.stress
def test_a_crowd_spreads_evenly_over_equal_agents():
    AgentFactory.create_batch(40)
    users, homes = UserFactory.create_batch(80), ListingFactory.create_batch(4)
    calls = [
        partial(book, user, homes[n % 4], local(2 + n // 8, 10) + timedelta(hours=n % 8))
        for n, user in enumerate(users)
    ]
    visits = run_concurrently(calls, at_a_time=16)
    assert all(visit.agent_id for visit in visits)
    live = list(Agent.objects.values_list("live_visits", flat=True))
    assert sum(live) == 80
    assert max(live) - min(live) <= 3
    call_command("reconcile_agent_load", verbosity=0)


def test_sweepers_share_the_queue_and_assign_nothing_twice():
    for user, home in zip(UserFactory.create_batch(12), ListingFactory.create_batch(12), strict=True):
        book(user, home, local(2, 11))
    AgentFactory.create_batch(12)
    swept = run_concurrently(
        [lambda: [tried.visit.pk for tried in services.assign_pending() if tried.assigned]] * 4
    )
    assigned = [pk for pks in swept for pk in pks]
    assert len(assigned) == len(set(assigned))
    list(services.assign_pending())
    assert not Visit.objects.unassigned().exists()
    assert all(visit.version == visit.events.count() == 2 for visit in Visit.objects.all())


@pytest.mark.stress
def test_leaving_while_others_book_strands_nobody(ops):
    leaving = AgentFactory.create_batch(3)
    for day in range(6):
        book(UserFactory(), ListingFactory(), local(2 + day, 11))
    AgentFactory.create_batch(3)
    users = UserFactory.create_batch(12)
    calls = [partial(services.dismiss, agent=agent, by=ops) for agent in leaving]
    calls += [partial(book, user, ListingFactory(), local(2 + n % 6, 15)) for n, user in enumerate(users)]
    run_concurrently(calls)
    assert not Visit.objects.live().filter(agent__in=leaving).exists()
    assert not Visit.objects.unassigned().exists()
    call_command("reconcile_agent_load", verbosity=0)
