"""The queue of visits without an agent, worked off soonest first."""

from collections.abc import Collection, Iterator
from datetime import datetime
from functools import partial
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q

from agents.models import Agent
from ghar.errors import VisitConflict
from ghar.transactions import in_transaction
from visits import handover
from visits.availability import Wanted, eligible
from visits.models import Visit, VisitQuerySet

REASON = "From the queue"
# A look after a commit is part of somebody's request: the periodic sweep does the rest.
LOOKED_AT, ASSIGNED_AT_ONCE = 50, 5
Place = tuple[datetime, datetime, int]
ORDER = ("scheduled_date", "created_at", "pk")


class Tried(NamedTuple):
    visit: Visit
    assigned: bool


def assign_pending(*, limit: int | None = None, city: str | None = None) -> Iterator[Tried]:
    """Give each waiting visit the best agent, if there is one; what was tried, as it goes.

    Several may run at once: each visit is one transaction, and one that somebody else is at is left to him.
    """
    place: Place | None = None
    while limit is None or limit > 0:
        visit = _waiting(place, city).first()
        if visit is None:
            return
        place = (visit.scheduled_date, visit.created_at, visit.pk)
        try:
            tried = _try(visit)
        except VisitConflict:  # contended: whoever was faster has changed it
            continue
        if tried:
            limit = limit and limit - 1
            yield tried


def look_after_commit(agent_ids: Collection[int | None]) -> None:
    """These agents may have become free: let each take, right after commit, what waits for somebody like him.

    A failure is logged and leaves the visit in the queue; it never fails what was committed.
    """
    for agent_id in sorted(id_ for id_ in agent_ids if id_):
        transaction.on_commit(partial(_look_for, agent_id), robust=True)


def _look_for(agent_id: int) -> None:
    agent = Agent.objects.filter(pk=agent_id, is_active=True, is_available=True)
    if not agent.exists():
        return
    assigned = 0
    for visit in _waiting(None, None).select_related("property")[:LOOKED_AT]:
        if assigned < ASSIGNED_AT_ONCE and eligible(agent, Wanted.by(visit)).exists():
            assigned += _try_once(visit)


def _try_once(visit: Visit) -> bool:
    try:
        tried = _try(visit)
    except VisitConflict:  # contended: whoever was faster has changed it
        return False
    return tried is not None and tried.assigned


def _waiting(place: Place | None, city: str | None) -> VisitQuerySet:
    visits = Visit.objects.unassigned().order_by(*ORDER)
    if city:
        visits = visits.filter(property__city__iexact=city)
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
