"""Many at once, over HTTP, with a thread and a connection each; and that the guards are what decides."""

from collections import Counter
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection
from django.db.models import QuerySet

from agents.models import Agent
from agents.tests.factories import AgentFactory
from ghar.accounts import services as account_services
from ghar.accounts.models import User
from ghar.accounts.tests.factories import UserFactory
from ghar.testing import somebody_waits_for_a_lock
from properties.models import Property
from properties.tests.factories import PropertyFactory
from visits import services
from visits.assignment import assigning, selection
from visits.models import Visit, VisitEvent
from visits.scheduling import conflicts, locks
from visits.tests.crowd import answers, booking, post
from visits.tests.factories import book, local
from visits.tests.threads import overtaken, rendezvous, run_concurrently

pytestmark = [pytest.mark.stress, pytest.mark.django_db(transaction=True)]

MANY = 50
# Where a guard is missing, two who collide are enough; more pairs make it likelier that two do.
FEW = 12


@pytest.fixture
def drop_constraints():
    """Drops constraints of visits; they come back after the test."""
    dropped = {}

    def drop(*names):
        with connection.cursor() as cursor:
            for name in names:
                cursor.execute(
                    "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", [name]
                )
                dropped[name] = cursor.fetchone()[0]
                cursor.execute(f"ALTER TABLE visits_visit DROP CONSTRAINT {name}")

    yield drop
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM visits_visitevent; DELETE FROM visits_visit")
        for name, definition in dropped.items():
            cursor.execute(f"ALTER TABLE visits_visit ADD CONSTRAINT {name} {definition}")


@pytest.fixture
def no_locks(monkeypatch):
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **kwargs: self)


def seekers(count):
    return [
        booking(user, listing, local(2, 11))
        for user, listing in zip(
            UserFactory.create_batch(count), PropertyFactory.create_batch(count), strict=True
        )
    ]


def test_one_agent_gets_one_of_fifty_visits_at_the_same_hour(ops):
    agent = AgentFactory()
    assert answers(run_concurrently(seekers(MANY))) == {(201, ""): MANY}
    assert Counter(Visit.objects.values_list("agent", flat=True)) == {agent.pk: 1, None: MANY - 1}
    agent.refresh_from_db()
    assert (agent.live_visits, agent.live_users, agent.total_users_assigned) == (1, 1, 1)

    waiting = Visit.objects.filter(agent=None)
    tries = [partial(post, ops, f"/visits/{visit.pk}/assign", {"agent_id": agent.pk}) for visit in waiting]
    responses = run_concurrently(tries)
    assert answers(responses) == {(409, "agent_not_eligible"): MANY - 1}
    assert {tuple(r.data["reasons"]) for r in responses} == {("busy",)}
    assert Visit.objects.filter(agent=None).count() == MANY - 1
    assert VisitEvent.objects.count() == MANY


def test_two_agents_are_both_used_by_a_crowd():
    agents = AgentFactory.create_batch(2)
    run_concurrently(seekers(FEW))
    assert Counter(Visit.objects.values_list("agent", flat=True)) == {
        agents[0].pk: 1,
        agents[1].pk: 1,
        None: FEW - 2,
    }


def test_the_agents_guard_is_what_keeps_them_from_two_places(drop_constraints, no_locks, monkeypatch):
    AgentFactory()
    drop_constraints("visit_agent_in_one_place")
    monkeypatch.setattr(selection.AgentSearch, "is_eligible", rendezvous(True))
    run_concurrently(seekers(FEW))
    assert Visit.objects.exclude(agent=None).count() > 1


def test_the_agents_lock_and_check_suffice_without_the_constraint(drop_constraints):
    AgentFactory()
    drop_constraints("visit_agent_in_one_place")
    assert answers(run_concurrently(seekers(FEW))) == {(201, ""): FEW}
    assert Visit.objects.exclude(agent=None).count() == 1


def test_the_check_is_what_refuses_a_busy_agent(drop_constraints, ops, monkeypatch):
    agent = AgentFactory()
    run_concurrently(seekers(FEW))
    drop_constraints("visit_agent_in_one_place")
    monkeypatch.setattr(assigning, "ineligibility_reasons", lambda agent: [])
    visit = Visit.objects.filter(agent=None).first()
    assert post(ops, f"/visits/{visit.pk}/assign", {"agent_id": agent.pk}).status_code == 200


@pytest.mark.parametrize("others", [0, 1])
def test_whoever_is_second_at_an_agent_gets_another_one_or_none(no_locks, monkeypatch, others):
    """Both see the first agent free, the constraint refuses one of the two, and that booking starts over."""
    first, *rest = AgentFactory(), *AgentFactory.create_batch(others, assignments_won=9)
    monkeypatch.setattr(selection.AgentSearch, "is_eligible", rendezvous(True))
    assert answers(run_concurrently(seekers(2))) == {(201, ""): 2}
    second = rest[0].pk if rest else None
    assert Counter(Visit.objects.values_list("agent", flat=True)) == {first.pk: 1, second: 1}
    assert set(Visit.objects.values_list("version", flat=True)) == {1}
    assert VisitEvent.objects.count() == 2


def overlapping(user, count):
    return [
        booking(user, listing, local(2, 11) + timedelta(minutes=number % 25))
        for number, listing in enumerate(PropertyFactory.create_batch(count))
    ]


def test_a_seeker_has_one_of_fifty_overlapping_visits(asha):
    AgentFactory.create_batch(3)
    responses = run_concurrently(overlapping(asha, MANY))
    assert answers(responses) == {(201, ""): 1, (409, "visit_conflict"): MANY - 1}
    assert all(r.data["alternatives"] for r in responses if r.status_code == 409)
    assert Visit.objects.count() == VisitEvent.objects.count() == 1
    assert sum(Agent.objects.values_list("live_visits", flat=True)) == 1


def test_the_seekers_guard_is_what_keeps_them_from_two_places(asha, drop_constraints, no_locks, monkeypatch):
    drop_constraints("visit_person_in_one_place")
    monkeypatch.setattr(conflicts, "check_free", rendezvous(None))
    run_concurrently(overlapping(asha, FEW))
    assert Visit.objects.count() > 1


def test_the_seekers_lock_and_check_suffice_without_the_constraint(asha, drop_constraints):
    drop_constraints("visit_person_in_one_place")
    run_concurrently(overlapping(asha, FEW))
    assert Visit.objects.count() == 1


def twins(user, count):
    return [booking(user, PropertyFactory(), local(2, 11), special_requirements="Lift?")] * count


def test_parallel_twins_are_one_visit(asha):
    AgentFactory()
    responses = run_concurrently(twins(asha, MANY))
    assert answers(responses) == {(201, ""): 1, (200, ""): MANY - 1}
    assert len({r.data["id"] for r in responses}) == 1
    assert Visit.objects.count() == VisitEvent.objects.count() == 1


def test_twins_are_told_apart_from_conflicts_by_the_lock(asha, no_locks, monkeypatch):
    meet = rendezvous(None)

    def read_people(ids):
        meet()
        return User.objects.in_bulk(ids)

    monkeypatch.setattr(locks, "lock_people", read_people)
    responses = run_concurrently(twins(asha, FEW))
    assert answers(responses)[200, ""] < FEW - 1


def test_an_exclusive_listing_is_shown_to_one_of_many():
    AgentFactory.create_batch(3)
    listing = PropertyFactory(exclusive_tours=True)
    users = UserFactory.create_batch(20)
    responses = run_concurrently([booking(user, listing, local(2, 11)) for user in users])
    assert answers(responses) == {(201, ""): 1, (409, "visit_conflict"): 19}
    assert Visit.objects.count() == 1


def test_an_exclusive_listing_is_guarded_by_its_lock(drop_constraints, no_locks, monkeypatch):
    drop_constraints("visit_exclusive_listing")
    monkeypatch.setattr(conflicts, "check_free", rendezvous(None))
    listing = PropertyFactory(exclusive_tours=True)
    run_concurrently([booking(user, listing, local(2, 11)) for user in UserFactory.create_batch(FEW)])
    assert Visit.objects.count() > 1


def test_a_listing_that_becomes_exclusive_while_two_wait_for_it_is_shown_to_one(
    drop_constraints, monkeypatch
):
    """Both have read it as it was. No constraint hides whether they share its lock from then on."""
    drop_constraints("visit_exclusive_listing")
    check, passed = conflicts.check_free, []

    def check_and_linger(visit):
        check(visit)
        passed.append(visit)
        for _ in range(2_000):
            if len(passed) == 2 or somebody_waits_for_a_lock():
                return

    monkeypatch.setattr(conflicts, "check_free", check_and_linger)
    listing = PropertyFactory()
    calls = [booking(user, listing, local(2, 11)) for user in UserFactory.create_batch(2)]
    with overtaken(*calls) as responses:
        Property.objects.update(exclusive_tours=True)
    assert answers(responses) == {(201, ""): 1, (409, "visit_conflict"): 1}
    assert Visit.objects.get().exclusive


def test_confirm_and_cancel_at_once_leave_one_truth(ops):
    visits = [book(UserFactory(), PropertyFactory(), local(2, 11)) for _ in range(10)]
    calls = [
        partial(post, ops, f"/visits/{visit.pk}/{act}", {})
        for visit in visits
        for act in ("confirm", "cancel")
    ]
    assert set(answers(run_concurrently(calls))) <= {(200, ""), (409, "invalid_transition")}
    for visit in visits:
        visit.refresh_from_db()
        last = visit.events.last()
        assert (visit.status, visit.version) == (last.to_status, visit.events.count())


def closings(ops, seekers, listings):
    """Half of the listings are withdrawn and half of the seekers deactivated while each books each."""

    def withdraw(listing):
        services.withdraw_property(listing=listing, by=ops)

    def deactivate(seeker):
        account_services.deactivate(user=seeker, by=ops)

    def tries(seeker, number):
        for hour in range(10, 18):
            post(
                seeker,
                "/visits",
                {"property_id": listings[number].pk, "scheduled_date": local(2, hour).isoformat()},
            )

    calls = [partial(tries, seeker, number) for number, seeker in enumerate(seekers)]
    return [
        *calls,
        *(partial(withdraw, listing) for listing in listings[::2]),
        *(partial(deactivate, seeker) for seeker in seekers[1::2]),
    ]


def test_no_live_visit_is_left_where_a_listing_or_an_account_is_closed(ops):
    AgentFactory.create_batch(2)
    seekers, listings = UserFactory.create_batch(12), PropertyFactory.create_batch(12)
    run_concurrently(closings(ops, seekers, listings))
    assert Visit.objects.live().count() == 0
    assert set(Agent.objects.values_list("live_visits", flat=True)) == {0}


@pytest.mark.parametrize(
    "close",
    [
        lambda visit, ops: services.withdraw_property(listing=visit.property, by=ops),
        lambda visit, ops: account_services.deactivate(user=visit.user, by=ops),
    ],
    ids=["listing", "account"],
)
def test_their_locks_are_what_leaves_none(ops, asha, no_locks, monkeypatch, close):
    """Without them a booking is committed after the closing has looked for what to cancel."""
    monkeypatch.setattr(locks, "lock_property", lambda property, exclusive: property)
    monkeypatch.setattr(locks, "lock_people", lambda ids: User.objects.in_bulk(ids))
    check, listing = conflicts.check_free, PropertyFactory()

    def close_meanwhile(visit):
        check(visit)
        run_concurrently([lambda: close(visit, ops)])

    monkeypatch.setattr(conflicts, "check_free", close_meanwhile)
    assert booking(asha, listing, local(2, 11))().status_code == 201
    assert Visit.objects.live().count() == 1


def test_all_writers_mixed_keep_every_promise(ops):
    agents = AgentFactory.create_batch(4)
    listings = PropertyFactory.create_batch(6)
    users = UserFactory.create_batch(10)
    visits = [book(user, listings[n % 6], local(2, 10 + n % 4)) for n, user in enumerate(users)]
    calls = []
    for n, visit in enumerate(visits):
        later = (local(2, 10 + (n * 3) % 6) + timedelta(minutes=15 * (n % 4))).isoformat()
        calls += [
            partial(post, visit.user, f"/visits/{visit.pk}/reschedule", {"new_date": later}),
            partial(post, ops, f"/visits/{visit.pk}/confirm", {}),
            partial(
                post, ops, f"/visits/{visit.pk}/assign", {"agent_id": agents[n % 4].pk, "reason": "swap"}
            ),
            partial(post, ops, f"/visits/{visit.pk}/assign", {"reason": "best"}),
            booking(users[(n + 1) % 10], listings[(n + 2) % 6], local(2, 12, 15 * (n % 4))),
            partial(post, visit.user, f"/visits/{visit.pk}/cancel", {})
            if n % 3 == 0
            else partial(
                post, ops, f"/visits/{visit.pk}/reschedule", {"new_date": local(3, 10 + n % 5).isoformat()}
            ),
        ]
    responses = run_concurrently(calls, at_a_time=20)
    assert {r.status_code for r in responses} <= {200, 201, 409}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*) FROM visits_visit a JOIN visits_visit b ON a.id < b.id
            WHERE a.status IN ('scheduled', 'confirmed', 'rescheduled')
              AND b.status IN ('scheduled', 'confirmed', 'rescheduled')
              AND (a.agent_id = b.agent_id AND a.property_id <> b.property_id AND a.busy && b.busy
                   OR a.user_id = b.user_id AND tstzrange(a.scheduled_date, a.scheduled_end)
                                                && tstzrange(b.scheduled_date, b.scheduled_end))
            """
        )
        assert cursor.fetchone() == (0,)
    for agent in Agent.objects.all():
        assert agent.live_visits == Visit.objects.live().filter(agent=agent).count()
        assert agent.live_users == agent.engagements.open().count()
    for visit in Visit.objects.all():
        assert visit.version == visit.events.count()
