"""Locks, in the one order that keeps writers from waiting for each other in a circle.

Listing (shared; alone when it is withdrawn or shown to one seeker at a time), people, visits, agents:
each kind by ascending id. `assignment.hold` takes those on agents.
"""

from ghar.accounts.models import User
from ghar.transactions import StartOver
from properties.models import Property
from visits.models import Visit


def lock_listing(visit: Visit) -> None:
    """Shared; alone where one visit at a time is promised, so that two cannot pass the check at once."""
    alone = visit.is_tour() and (visit.exclusive or visit.property.exclusive_tours)
    rows = Property.objects.filter(pk=visit.property_id)
    if alone:
        rows = rows.select_for_update(no_key=True)
    listing = rows.get() if alone else _get_shared(visit.property_id)
    visit.property = listing
    if visit._state.adding:
        visit.exclusive = visit.is_tour() and listing.exclusive_tours
    if visit.exclusive and not alone:
        raise StartOver


def _get_shared(listing_id: int) -> Property:
    return Property.objects.raw("SELECT * FROM properties_property WHERE id = %s FOR SHARE", [listing_id])[0]


def lock_people(visit: Visit) -> None:
    people = User.objects.filter(pk__in=visit.people()).order_by("pk").select_for_update(no_key=True)
    by_id = {person.pk: person for person in people}
    visit.user = by_id[visit.user_id]
    if visit.counterparty_user_id:
        visit.counterparty_user = by_id[visit.counterparty_user_id]


def lock(visit: Visit, *, people: bool = False) -> Visit:
    """The visit as it is now, its row locked; with `people`, theirs before it."""
    if people:
        lock_people(visit)
    return (
        Visit.objects.select_related("property", "user", "counterparty_user", "agent")
        .select_for_update(no_key=True, of=("self",))
        .get(pk=visit.pk)
    )


def lock_all(visit: Visit) -> Visit:
    lock_listing(visit)
    return lock(visit, people=True)
