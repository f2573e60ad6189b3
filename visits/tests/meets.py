"""Meets of the tests: invitations by the service and over HTTP."""

from ghar.tests.responses import iso
from visits import services
from visits.tests.factories import local

AT = (2, 18)


def invite(user, other, listing, start, **more):
    visit, made = services.schedule(
        by=user,
        user=user,
        property_id=listing.pk,
        scheduled_date=start,
        visit_context="flatmate_meet",
        counterparty_user_id=other.pk,
        **more,
    )
    assert made
    return visit


def meet_body(other, listing, **changes):
    return {
        "visit_context": "flatmate_meet",
        "property_id": listing.pk,
        "scheduled_date": iso(local(*AT)),
        "counterparty_user_id": other.pk,
        **changes,
    }


def post_meet(client, *args, **changes):
    return client.post("/api/v1/visits", meet_body(*args, **changes))
