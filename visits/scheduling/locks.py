"""Locks, in the one order that keeps writers from waiting for each other in a circle.

Listing (shared; alone when it is withdrawn or shown to one seeker at a time), people, visits, agents:
each kind by ascending id. `assignment.hold` takes those on agents. A row that is gone by then is NotFound.
"""

from collections.abc import Collection
from typing import TypeVar

from agents.models import Agent
from ghar.accounts.models import User
from ghar.errors import NotFound
from ghar.transactions import RetryTransaction
from properties.models import Property
from visits.models import Visit


def lock_agents(agent_ids: Collection[int | None]) -> None:
    """Lock agents, waiting, in the order of their ids."""
    ids = [id_ for id_ in agent_ids if id_]
    list(Agent.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True).values_list("pk"))


Row = TypeVar("Row")


def lock_property(visit: Visit) -> None:
    """Shared; alone where one visit at a time is promised, so that two cannot pass the check at once."""
    alone = visit.is_tour() and (visit.exclusive or visit.property.exclusive_tours)
    rows = Property.objects.filter(pk=visit.property_id)
    if alone:
        rows = rows.select_for_update(no_key=True)
    listing = _found(rows.first() if alone else _get_shared(visit.property_id), "listing")
    visit.property = listing
    if visit._state.adding:
        visit.exclusive = visit.is_tour() and listing.exclusive_tours
    if visit.exclusive and not alone:
        raise RetryTransaction


def _get_shared(listing_id: int) -> Property | None:
    rows = Property.objects.raw("SELECT * FROM properties_property WHERE id = %s FOR SHARE", [listing_id])
    return next(iter(rows), None)


def _found(row: Row | None, name: str) -> Row:
    if row is None:
        raise NotFound(f"This {name} is gone: deleted in the meantime.")
    return row


def lock_people(visit: Visit) -> None:
    people = User.objects.filter(pk__in=visit.people()).order_by("pk").select_for_update(no_key=True)
    by_id = {person.pk: person for person in people}
    visit.user = _found(by_id.get(visit.user_id), "person")
    if visit.counterparty_user_id:
        visit.counterparty_user = _found(by_id.get(visit.counterparty_user_id), "person")


def lock_visit(visit: Visit, *, people: bool = False) -> Visit:
    """The visit as it is now, its row locked; with `people`, theirs before it."""
    if people:
        lock_people(visit)
    visits = Visit.objects.select_related("property", "user", "counterparty_user", "agent")
    return _found(visits.select_for_update(no_key=True, of=("self",)).filter(pk=visit.pk).first(), "visit")


def lock_visit_and_property(visit: Visit) -> Visit:
    lock_property(visit)
    return lock_visit(visit, people=True)
