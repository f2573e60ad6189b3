"""The queue of visits without an agent, worked off soonest first."""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from django.db.models import Q
from django.db.models.functions import Lower

from agents.models import Agent
from ghar.errors import VisitConflict
from ghar.transactions import after_commit, in_transaction
from visits import handover
from visits.availability import Wanted, eligible
from visits.models import Visit, VisitQuerySet

REASON = "From the queue"
# A look after a commit is part of somebody's request: the periodic sweep does the rest.
LOOKED_AT, ASSIGNED_AT_ONCE = 50, 10
Place = tuple[datetime, datetime, int]
ORDER = ("scheduled_date", "created_at", "pk")


class Tried(NamedTuple):
    visit: Visit
    assigned: bool


def assign_pending(*, limit: int | None = None) -> Iterator[Tried]:
    """Give each waiting visit, or `limit` of them, the best agent, if any; what was tried, as it goes.

    Several may run at once: each visit is one transaction, and one that somebody else is at is left to him.
    """
    place: Place | None = None
    while limit is None or limit > 0:
        visit = _waiting(place).first()
        if visit is None:
            return
        place = (visit.scheduled_date, visit.created_at, visit.pk)
        try:
            tried = _try(visit)
        except VisitConflict:  # contended: whoever was faster has changed it
            continue
        if tried:
            limit = limit and limit - tried.assigned
            yield tried


def look_after_commit(agent_ids: Collection[int | None]) -> None:
    """These agents may have become free: right after commit let them take what waits for somebody like them.

    A failure leaves the visit in the queue; it never fails what was committed.
    """
    if ids := {id_ for id_ in agent_ids if id_}:
        after_commit(_look_for, ids)


def _look_for(agent_ids: Collection[int]) -> None:
    agents = Agent.objects.filter(pk__in=agent_ids, is_active=True, is_available=True)
    assigned = 0
    for visit in _waiting_for(list(agents.values_list("cities", flat=True))):
        if assigned < ASSIGNED_AT_ONCE and eligible(agents, Wanted.by(visit)).exists():
            assigned += _try_once(visit)


def _waiting_for(served: list[list[str]]) -> Iterable[Visit]:
    """The soonest visits where agents go who serve these cities each; none means everywhere."""
    if not served:
        return []
    cities = {city.lower() for cities in served for city in cities}
    there = Q(town__in=cities) if all(served) else Q()
    waiting = _waiting(None).alias(town=Lower("property__city")).filter(there)
    return waiting.select_related("property")[:LOOKED_AT]


def _try_once(visit: Visit) -> bool:
    try:
        tried = _try(visit)
    except VisitConflict:  # contended: whoever was faster has changed it
        return False
    return tried is not None and tried.assigned


def _waiting(place: Place | None) -> VisitQuerySet:
    visits = Visit.objects.unassigned().order_by(*ORDER)
    return visits.filter(_after(place)) if place else visits


def _after(place: Place) -> Q:
    date, created, pk = place
    later = Q(created_at__gt=created) | Q(created_at=created, pk__gt=pk)
    return Q(scheduled_date__gt=date) | Q(scheduled_date=date) & later


@in_transaction
def _try(visit: Visit) -> Tried | None:
    """None when somebody else holds the visit or its visitor, or has dealt with it."""
    # Both rows without waiting: the order of locks needs no care then.
    free = Visit.objects.unassigned().select_related("user", "property")
    locked = (
        free.select_for_update(skip_locked=True, no_key=True, of=("self", "user")).filter(pk=visit.pk).first()
    )
    if locked is None:
        return None
    return Tried(locked, handover.give_best(locked, None, REASON))
