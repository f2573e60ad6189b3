"""Locks, in the one order that keeps writers from waiting for each other in a circle.

Listing (shared; exclusive when it is withdrawn or shown to one seeker at a time), people, visits, agents:
each kind by ascending id. A row that is gone by then raises NotFound. Every function returns rows as they are
under the lock; the caller's own objects are older and are not touched.
"""

from collections.abc import Collection
from typing import TypeVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from agents.models import Agent
from ghar.accounts.models import User
from ghar.errors import NotFound
from ghar.transactions import RetryTransaction
from properties.models import Property
from visits.models import Visit

Row = TypeVar("Row")

LISTING_GONE = _("This listing no longer exists.")
PERSON_GONE = _("This person's account no longer exists.")
VISIT_GONE = _("This visit no longer exists.")


def lock_property(property: Property, *, exclusive: bool) -> Property:
    """Lock a listing for a visit there: shared, or alone where one visit at a time is promised.

    Alone, two visits can't pass the check at once; shared, a withdrawal waits and bookings don't. Raises
    RetryTransaction when the promise was made after `property` was read.
    """
    if exclusive:
        locked = Property.objects.filter(pk=property.pk).select_for_update(no_key=True).first()
    else:
        # Django has no FOR SHARE.
        rows = Property.objects.raw(
            "SELECT * FROM properties_property WHERE id = %s FOR SHARE", [property.pk]
        )
        locked = next(iter(rows), None)
    found = _require(locked, LISTING_GONE)
    if found.exclusive_tours and not property.exclusive_tours and not exclusive:
        raise RetryTransaction
    return found


def lock_people(ids: Collection[int]) -> dict[int, User]:
    """Lock people by ascending id and return them by id. Raises NotFound when one is gone."""
    people = User.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True)
    by_id = {person.pk: person for person in people}
    for id_ in ids:
        _require(by_id.get(id_), PERSON_GONE)
    return by_id


def lock_visit(visit: Visit) -> Visit:
    """Lock the row of a visit and return it as it is now, with its listing, people and agent."""
    visits = Visit.objects.select_related("property", "user", "counterparty_user", "agent")
    visits = visits.defer("participants")
    return _require(
        visits.select_for_update(no_key=True, of=("self",)).filter(pk=visit.pk).first(), VISIT_GONE
    )


def lock_visit_and_people(visit: Visit) -> Visit:
    lock_people(visit.people())
    return lock_visit(visit)


def lock_for_move(visit: Visit) -> Visit:
    """Lock everything that a new time concerns: the listing, the people, and the visit itself."""
    now = _require(Visit.objects.select_related("property").filter(pk=visit.pk).first(), VISIT_GONE)
    exclusive = now.is_tour() and (now.exclusive or now.property.exclusive_tours)
    property = lock_property(now.property, exclusive=exclusive)
    locked = lock_visit_and_people(now)
    locked.property = property
    return locked


def lock_agents(ids: Collection[int | None]) -> None:
    """Lock agents, waiting for each, by ascending id. An id may be None: nobody."""
    agents = Agent.objects.filter(pk__in=[id_ for id_ in ids if id_]).order_by("pk")
    list(agents.select_for_update(no_key=True).values_list("pk"))


def _require(row: Row | None, message: Promise) -> Row:
    if row is None:
        raise NotFound(str(message))
    return row
