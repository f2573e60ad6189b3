"""The locks behind which another guard stands: what each of them keeps apart by itself."""

from functools import partial

import pytest

from agents.models import Engagement
from ghar.accounts import services as account_services
from properties import services as property_services
from properties.models import Property
from visits import services
from visits.models import Visit
from visits.tests.crowd import post
from visits.tests.factories import AgentFactory, ListingFactory, book, local
from visits.tests.threads import overtaken

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("named", [True, False])
def test_an_assignment_waits_for_a_move_that_gives_the_seeker_an_agent(asha, ops, named):
    tour = book(asha, ListingFactory(), local(2, 11))
    moved = book(asha, ListingFactory(city="Pune"), local(2, 15))
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
    listing = ListingFactory()
    with overtaken(partial(close, listing, asha, ops)):
        book(asha, listing, local(2, 11))
    assert not Visit.objects.live().exists()


def test_a_withdrawal_sees_that_the_listing_is_on_the_market_again(asha, ops):
    listing = ListingFactory(status=Property.Status.WITHDRAWN)
    with overtaken(partial(services.withdraw_property, listing=listing, by=ops)):
        property_services.update_property(property=listing, by=ops, status=Property.Status.AVAILABLE)
        book(asha, listing, local(2, 11))
    assert Property.objects.get().status == Property.Status.WITHDRAWN
    assert not Visit.objects.live().exists()
