"""The locks behind which another guard stands: what each of them keeps apart by itself."""

from functools import partial

import pytest

from agents.models import Engagement, TimeOff
from agents.tests.factories import AgentFactory
from ghar.accounts import services as account_services
from properties import services as property_services
from properties.models import Property
from properties.tests.factories import PropertyFactory
from visits import services
from visits.models import Visit
from visits.tests.crowd import post
from visits.tests.factories import book, local
from visits.tests.threads import overtaken

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("named", [True, False])
def test_an_assignment_waits_for_a_move_that_gives_the_seeker_an_agent(asha, ops, named):
    tour = book(asha, PropertyFactory(), local(2, 11))
    moved = book(asha, PropertyFactory(city="Pune"), local(2, 15))
    here, there = AgentFactory(), AgentFactory(cities=["Pune"])
    body = {"agent_id": here.pk} if named else {}
    with overtaken(partial(post, ops, f"/visits/{tour.pk}/assign", body)) as answers:
        services.reschedule(visit=moved, by=asha, new_date=local(3, 11))
    assert [(r.status_code, r.data["agent_id"]) for r in answers] == [(200, here.pk)]
    assert Engagement.objects.get().agent == there


CLOSINGS = {
    "listing": lambda listing, seeker, by: services.withdraw_property(listing=listing, by=by),
    "account": lambda listing, seeker, by: account_services.deactivate(user=seeker, by=by),
    # A deactivation has locked the person already, by its update.
    "visits": lambda listing, seeker, by: services.cancel_visits_of(user=seeker, by=by),
}


@pytest.mark.parametrize("close", CLOSINGS.values(), ids=CLOSINGS)
def test_what_is_booked_before_a_closing_is_cancelled_by_it(asha, ops, close):
    listing = PropertyFactory()
    with overtaken(partial(close, listing, asha, ops)):
        book(asha, listing, local(2, 11))
    assert not Visit.objects.live().exists()


def test_a_withdrawal_sees_that_the_listing_is_on_the_market_again(asha, ops):
    listing = PropertyFactory(status=Property.Status.WITHDRAWN)
    with overtaken(partial(services.withdraw_property, listing=listing, by=ops)):
        property_services.update_property(property=listing, by=ops, status=Property.Status.AVAILABLE)
        book(asha, listing, local(2, 11))
    assert Property.objects.get().status == Property.Status.WITHDRAWN
    assert not Visit.objects.live().exists()


def test_an_agent_who_leaves_hands_over_what_they_get_in_that_moment(asha, ops):
    agent = AgentFactory()
    other = AgentFactory(assignments_won=9)
    with overtaken(partial(services.dismiss, agent=agent, by=ops)) as moved:
        visit = book(asha, PropertyFactory(), local(2, 11))
    assert visit.agent == agent
    assert moved == [[{"visit_id": visit.pk, "from_agent_id": agent.pk, "to_agent_id": other.pk}]]
    assert Visit.objects.get().agent == other


def test_the_same_time_off_twice_at_once_is_one(ops):
    take = partial(services.take_time_off, agent=AgentFactory(), by=ops, from_=local(2, 0), to=local(3, 0))
    with overtaken(take) as taken:
        first = take()
    assert [(again.time_off, again.is_new) for again in taken] == [(first.time_off, False)]
    assert TimeOff.objects.count() == 1


def test_a_first_booking_and_other_ways_to_an_agent_give_the_seeker_one(asha, bala, ops):
    agent = AgentFactory()
    other = AgentFactory(assignments_won=9)
    with overtaken(
        partial(services.engage, user=asha),
        partial(services.move_engagement, user=bala, agent=other, by=ops, reason="Speaks Tamil"),
    ) as engagements:
        book(asha, PropertyFactory(), local(2, 11))
        book(bala, PropertyFactory(), local(3, 11))
    assert [engagement.agent for engagement in engagements] == [agent, other]
    now = Engagement.objects.open().values_list("seeker", "agent")
    assert set(now) == {(asha.pk, agent.pk), (bala.pk, other.pk)}


@pytest.mark.parametrize("city", ["Mumbai", "Pune"])
def test_an_idle_seeker_who_books_in_that_moment_keeps_their_agent(asha, city):
    agent = AgentFactory(cities=["Mumbai"])
    services.engage(user=asha)
    Engagement.objects.update(started_at=local(-400, 11))
    with overtaken(lambda: list(services.close_idle_engagements())) as closed:
        book(asha, PropertyFactory(city=city), local(2, 11))
    assert closed == [[]]
    assert Engagement.objects.open().get().agent == agent


SHARED = {
    "seeker": (False, "There is another visit at that time."),
    "exclusive listing": (True, "The listing is taken at that time."),
}


@pytest.mark.parametrize(("same_listing", "taken"), SHARED.values(), ids=SHARED)
def test_the_second_of_two_moves_to_one_time_sees_the_first(asha, bala, same_listing, taken):
    home = PropertyFactory(exclusive_tours=True)
    seeker = bala if same_listing else asha
    moved = book(asha, home if same_listing else PropertyFactory(), local(2, 13))
    tour = book(seeker, home, local(2, 15))
    body = {"new_date": local(2, 11).isoformat()}
    with overtaken(partial(post, seeker, f"/visits/{tour.pk}/reschedule", body)) as answers:
        services.reschedule(visit=moved, by=asha, new_date=local(2, 11))
    refusal = (409, f"{taken} Choose one of the alternatives.")
    assert [(r.status_code, r.data["detail"]) for r in answers] == [refusal]
    tour.refresh_from_db()
    assert (tour.scheduled_date, tour.version) == (local(2, 15), 1)
