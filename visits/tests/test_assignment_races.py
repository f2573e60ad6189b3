"""Many choices at once: nobody is passed over, nobody floods, counters stay true."""

from datetime import timedelta
from functools import partial

import pytest
from django.core.management import call_command
from django.db import transaction

from agents.models import Agent, TimeOff
from agents.tests.factories import AgentFactory
from ghar.accounts.models import User
from ghar.accounts.tests.factories import UserFactory
from properties.tests.factories import PropertyFactory
from visits import services
from visits.assignment import selection
from visits.models import Visit
from visits.tests.crowd import post
from visits.tests.factories import book, local
from visits.tests.threads import overtaken, run_concurrently

pytestmark = pytest.mark.django_db(transaction=True)


def book_while_locked(agent):
    """A booking that begins while somebody else holds the agent's row, and lets go of it later."""
    with overtaken(partial(book, UserFactory(), PropertyFactory(), local(2, 11))) as visits:
        Agent.objects.select_for_update(no_key=True).get(pk=agent.pk)
    return visits[0]


def test_an_agent_whom_somebody_else_looks_at_is_waited_for():
    agent = AgentFactory()
    assert book_while_locked(agent).agent == agent


def test_without_the_second_pass_they_would_be_passed_over(monkeypatch):
    monkeypatch.setattr(selection, "lock_if_eligible", lambda *args: False)
    assert book_while_locked(AgentFactory()).agent is None


def leave(agent, by):
    services.dismiss(agent=agent, by=by)


def fill_up(agent, by):
    assert book(UserFactory(), PropertyFactory(), local(5, 11)).agent == agent


@pytest.mark.parametrize("lose", [leave, fill_up])
@pytest.mark.parametrize("is_own", [False, True])
def test_an_agent_who_is_lost_while_they_are_waited_for_is_not_chosen(asha, ops, lose, is_own):
    agent = AgentFactory(capacity=1)
    if is_own:
        services.engage(user=asha)
    with overtaken(partial(book, asha, PropertyFactory(), local(2, 11))) as visits:
        lose(agent, ops)
    assert [visit.agent for visit in visits] == [None]


@pytest.mark.parametrize(("lose", "reason"), [(leave, "inactive"), (fill_up, "capacity")])
def test_an_agent_who_is_lost_while_staff_assign_them_is_refused(asha, ops, lose, reason):
    visit = book(asha, PropertyFactory(), local(2, 11))
    agent = AgentFactory(capacity=1)
    with overtaken(partial(post, ops, f"/visits/{visit.pk}/assign", {"agent_id": agent.pk})) as answers:
        lose(agent, ops)
    assert [(r.status_code, r.data["reasons"]) for r in answers] == [(409, [reason])]


def take_at_once(agent):
    """Lock the agent's row. Raises OperationalError when somebody else holds it."""
    with transaction.atomic():
        Agent.objects.select_for_update(no_key=True, nowait=True).get(pk=agent.pk)


def test_the_row_of_a_seekers_own_agent_who_is_away_is_let_go_at_once(asha):
    own = services.engage(user=asha, agent_id=AgentFactory().pk).agent
    other = AgentFactory()
    TimeOff.objects.create(agent=own, period=(local(2, 0), local(3, 0)))
    with transaction.atomic():
        assert book(asha, PropertyFactory(), local(2, 11)).agent == other
        run_concurrently([partial(take_at_once, own)])


def test_the_row_of_an_agent_whom_the_second_look_rejects_is_let_go_at_once(asha, monkeypatch):
    first, second = AgentFactory(), AgentFactory(assignments_won=9)
    monkeypatch.setattr(selection.AgentSearch, "is_eligible", lambda search, agent_id: agent_id != first.pk)
    with transaction.atomic():
        assert book(asha, PropertyFactory(), local(2, 11)).agent == second
        run_concurrently([partial(take_at_once, first)])


@pytest.fixture
def waiting():
    """Two visits in the order of the queue, in two cities, each with one agent who can take it by now."""
    visits = [
        book(UserFactory(), PropertyFactory(city="Pune"), local(2, 11)),
        book(UserFactory(), PropertyFactory(), local(3, 11)),
    ]
    AgentFactory(cities=["Pune"])
    AgentFactory()
    return visits


def sweep():
    return [(attempt.visit, attempt.assigned) for attempt in services.assign_pending()]


@pytest.mark.parametrize("held", [Visit, User])
def test_a_sweep_does_not_wait_for_a_visit_that_others_hold(waiting, held):
    first, second = waiting
    with overtaken(sweep) as swept:
        held.objects.select_for_update(no_key=True).get(pk={Visit: first.pk, User: first.user_id}[held])
    assert swept == [[(second, True)]]
    assert sweep() == [(first, True)]


def test_a_sweep_goes_on_behind_a_visit_whose_agent_is_held_too_long(waiting, monkeypatch):
    first, second = waiting
    monkeypatch.setattr("ghar.transactions.LOCK_TIMEOUT", "20ms")
    with transaction.atomic():
        Agent.objects.select_for_update(no_key=True).get(cities=["Pune"])
        assert run_concurrently([sweep]) == [[(second, True)]]
    assert sweep() == [(first, True)]


@pytest.mark.stress
def test_a_crowd_spreads_evenly_over_equal_agents():
    AgentFactory.create_batch(40)
    users, homes = UserFactory.create_batch(80), PropertyFactory.create_batch(4)
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
    for user, home in zip(UserFactory.create_batch(12), PropertyFactory.create_batch(12), strict=True):
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
        book(UserFactory(), PropertyFactory(), local(2 + day, 11))
    AgentFactory.create_batch(3)
    users = UserFactory.create_batch(12)
    calls = [partial(services.dismiss, agent=agent, by=ops) for agent in leaving]
    calls += [partial(book, user, PropertyFactory(), local(2 + n % 6, 15)) for n, user in enumerate(users)]
    run_concurrently(calls)
    assert not Visit.objects.live().filter(agent__in=leaving).exists()
    assert not Visit.objects.unassigned().exists()
    call_command("reconcile_agent_load", verbosity=0)
