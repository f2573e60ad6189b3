"""Flatmates at the same instant, with a thread and a connection each; and that the locks are what decides."""

from collections import Counter
from functools import partial

import pytest
from django.db import connection

from agents.tests.factories import AgentFactory
from flatmates import services as flatmates
from flatmates.models import Message, Swipe, UserConversation, UserMatch
from flatmates.tests.factories import match
from ghar.accounts.models import User
from ghar.accounts.tests.factories import UserFactory
from properties.tests.factories import PropertyFactory
from visits.models import Visit, VisitEvent
from visits.scheduling import meets
from visits.tests.crowd import answers, booking, post
from visits.tests.factories import book, local
from visits.tests.threads import first_two, run_concurrently

pytestmark = [pytest.mark.stress, pytest.mark.django_db(transaction=True)]


def like(user, target):
    return partial(post, user, "/flatmates/swipes", {"target_user_id": target.pk, "action": "like"})


def invitation(user, other, listing, start):
    return booking(user, listing, start, visit_context="flatmate_meet", counterparty_user_id=other.pk)


def test_thirty_mutual_likes_are_one_match(asha, bala):
    responses = run_concurrently([like(asha, bala), like(bala, asha)] * 15)
    assert answers(responses) == {(200, ""): 30}
    match, conversation = UserMatch.objects.get(), UserConversation.objects.get()
    assert (match.status, match.people()) == ("active", conversation.people())
    ids = {(r.data["match_id"], r.data["conversation_id"]) for r in responses if r.data["did_match"]}
    assert ids == {(match.pk, conversation.pk)}
    assert Swipe.objects.count() == 2


def test_fifteen_pairs_who_like_each_other_at_once_all_match():
    pairs = [UserFactory.create_batch(2) for _ in range(15)]
    responses = run_concurrently([like(*two) for pair in pairs for two in (pair, pair[::-1])])
    assert answers(responses) == {(200, ""): 30}
    assert sum(r.data["did_match"] for r in responses) == 15
    assert UserMatch.objects.active().count() == UserConversation.objects.active().count() == 15


def test_without_the_lock_both_likes_miss_each_other(asha, bala, monkeypatch):
    monkeypatch.setattr(flatmates, "_lock_people", lambda *ids: {u.pk: u for u in (asha, bala)})
    wait_for_the_other, outcome = first_two(), flatmates.SwipeResult

    def look_and_wait(*args, **kwargs):
        wait_for_the_other()
        return outcome(*args, **kwargs)

    monkeypatch.setattr(flatmates, "SwipeResult", look_and_wait)
    responses = run_concurrently([like(asha, bala), like(bala, asha)])
    assert [r.data["did_match"] for r in responses] == [False, False]
    assert not UserMatch.objects.exists()


def test_who_invite_each_other_for_the_same_hour_meet_once(asha, bala):
    home = PropertyFactory(owner=bala)
    match(asha, bala)
    start = local(2, 18)
    responses = run_concurrently(
        [invitation(asha, bala, home, start), invitation(bala, asha, home, start)] * 10
    )
    counted = answers(responses)
    assert counted == {(201, ""): 1, (200, ""): 9, (409, "visit_conflict"): 10}
    assert all(r.data["alternatives"] for r in responses if r.status_code == 409)
    visit = Visit.objects.get()
    assert {r.data["id"] for r in responses if r.status_code < 300} == {visit.pk}
    assert VisitEvent.objects.count() == 1
    assert Message.objects.get().visit_id == visit.pk


def test_the_constraint_suffices_without_the_locks(asha, bala, monkeypatch):
    home = PropertyFactory(owner=bala)
    match(asha, bala)
    wait_for_the_other, check = first_two(), meets.validate_pair

    def settle_and_wait(*args):
        check(*args)
        wait_for_the_other()

    monkeypatch.setattr("visits.scheduling.locks.lock_people", lambda ids: User.objects.in_bulk(ids))
    monkeypatch.setattr(meets, "validate_pair", settle_and_wait)
    start = local(2, 18)
    responses = run_concurrently([invitation(asha, bala, home, start), invitation(bala, asha, home, start)])
    assert answers(responses) == {(201, ""): 1, (409, "visit_conflict"): 1}
    assert Visit.objects.count() == Message.objects.count() == 1


def test_a_tour_and_a_meet_at_the_same_hour_are_one_visit(asha, bala):
    AgentFactory()
    home = PropertyFactory(owner=bala)
    match(asha, bala)
    start = local(2, 11)
    tours = [booking(user, PropertyFactory(), start) for user in (asha, bala)]
    responses = run_concurrently(
        [*tours, invitation(asha, bala, home, start), invitation(bala, asha, home, start)] * 5
    )
    assert set(answers(responses)) <= {(201, ""), (200, ""), (409, "visit_conflict")}
    people = [person for visit in Visit.objects.live() for person in visit.people()]
    assert people
    assert max(Counter(people).values()) == 1


def test_meets_of_who_part_meanwhile_are_all_cancelled():
    pairs = [(*UserFactory.create_batch(2), local(2, 18)) for _ in range(10)]
    calls = []
    for one, two, start in pairs:
        made, _ = match(one, two)
        home = PropertyFactory(owner=two)
        calls += [
            invitation(one, two, home, start),
            partial(post, two, f"/flatmates/matches/{made.pk}/unmatch", {})
            if two.pk % 2
            else partial(post, two, "/flatmates/blocks", {"blocked_user_id": one.pk}),
            invitation(two, one, home, start),
        ]
    responses = run_concurrently(calls)
    assert set(answers(responses)) <= {
        (200, ""),
        (201, ""),
        (409, "visit_conflict"),
        (409, "no_active_match"),
    }
    assert not UserMatch.objects.active().exists()
    assert not Visit.objects.live().exists()


def test_messages_come_in_the_order_in_which_they_are_written(asha, bala):
    _, conversation = match(asha, bala)
    path = f"/flatmates/conversations/{conversation.pk}/messages"
    calls = [partial(post, user, path, {"body": str(n)}) for n in range(10) for user in (asha, bala)]
    assert answers(run_concurrently(calls)) == {(201, ""): 20}
    written = list(Message.objects.order_by("id").values_list("created_at", flat=True))
    assert written == sorted(written)
    conversation.refresh_from_db()
    assert conversation.last_message_at == written[-1]


def test_all_at_once_keep_every_promise():
    """Swipes, partings, meets, tours and moves of six people in no order: no 5xx, no deadlock."""
    people = UserFactory.create_batch(6)
    homes = [PropertyFactory(owner=person) for person in people]
    AgentFactory.create_batch(2)
    visits = [book(person, homes[n - 1], local(2, 10 + n)) for n, person in enumerate(people)]
    calls = []
    for n, one in enumerate(people):
        for m, two in enumerate(people):
            if n == m:
                continue
            start = local(2, 10 + (n + m) % 6)
            calls += [like(one, two), like(two, one), invitation(one, two, homes[m], start)]
            if (n + m) % 3 == 0:
                calls.append(partial(post, one, "/flatmates/blocks", {"blocked_user_id": two.pk}))
        moved = {"new_date": local(2, 10 + (n + 3) % 6).isoformat()}
        calls.append(partial(post, one, f"/visits/{visits[n].pk}/reschedule", moved))
        calls.append(partial(post, one, f"/visits/{visits[n].pk}/cancel", {}))
    responses = run_concurrently(calls[: len(calls) // 20 * 20], at_a_time=20)
    assert {r.status_code for r in responses} <= {200, 201, 400, 409}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*) FROM visits_visit a JOIN visits_visit b ON a.id < b.id
            WHERE a.status IN ('scheduled', 'confirmed', 'rescheduled')
              AND b.status IN ('scheduled', 'confirmed', 'rescheduled')
              AND a.participants && b.participants
              AND tstzrange(a.scheduled_date, a.scheduled_end) && tstzrange(b.scheduled_date, b.scheduled_end)
            """
        )
        assert cursor.fetchone() == (0,)
    for visit in Visit.objects.live().filter(visit_context="flatmate_meet"):
        assert visit.match.status == "active"
    for visit in Visit.objects.all():
        assert visit.version == visit.events.count()
