"""The queue of visits without an agent, worked off soonest first."""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from django.db.models import Q
from django.db.models.functions import Lower

from agents.models import Agent
from ghar.transactions import TransactionContention, after_commit, retrying_atomic
from visits.assignment import assigning
from visits.models import Visit, VisitQuerySet
from visits.scheduling.eligibility import Requirements, eligible

QUEUE_REASON = "From the queue"
# A look after a commit is part of somebody's request: the periodic sweep does the rest.
MAX_LOOKED_AT, MAX_ASSIGNED_AT_ONCE = 50, 10
QueuePosition = tuple[datetime, datetime, int]
QUEUE_ORDER = ("scheduled_date", "created_at", "pk")


class Attempt(NamedTuple):
    visit: Visit
    assigned: bool


def assign_pending(*, limit: int | None = None) -> Iterator[Attempt]:
    """Give each waiting visit, or `limit` of them, the best agent, if any; what was tried, as it goes.

    Several may run at once: each visit is one transaction, and one that somebody else is at is left to him.
    """
    place: QueuePosition | None = None
    while limit is None or limit > 0:
        visit = _waiting(place).first()
        if visit is None:
            return
        place = (visit.scheduled_date, visit.created_at, visit.pk)
        try:
            tried = _attempt(visit)
        except TransactionContention:  # whoever was faster has changed it
            continue
        if tried:
            limit = limit and limit - tried.assigned
            yield tried


def assign_pending_on_commit(agent_ids: Collection[int | None]) -> None:
    """These agents may have become free: right after commit let them take what waits for somebody like them.

    A failure leaves the visit in the queue; it never fails what was committed.
    """
    if ids := {id_ for id_ in agent_ids if id_}:
        after_commit(_assign_pending_for, ids)


def _assign_pending_for(agent_ids: Collection[int]) -> None:
    agents = Agent.objects.filter(pk__in=agent_ids, is_active=True, is_available=True)
    assigned = 0
    for visit in _waiting_in_cities(list(agents.values_list("cities", flat=True))):
        if assigned < MAX_ASSIGNED_AT_ONCE and eligible(agents, Requirements.for_visit(visit)).exists():
            assigned += _attempt_once(visit)


def _waiting_in_cities(served: list[list[str]]) -> Iterable[Visit]:
    """The soonest visits where agents go who serve these cities each; none means everywhere."""
    if not served:
        return []
    cities = {city.lower() for cities in served for city in cities}
    there = Q(town__in=cities) if all(served) else Q()
    waiting = _waiting(None).alias(town=Lower("property__city")).filter(there)
    return waiting.select_related("property")[:MAX_LOOKED_AT]


def _attempt_once(visit: Visit) -> bool:
    try:
        tried = _attempt(visit)
    except TransactionContention:  # whoever was faster has changed it
        return False
    return tried is not None and tried.assigned


def _waiting(place: QueuePosition | None) -> VisitQuerySet:
    visits = Visit.objects.unassigned().order_by(*QUEUE_ORDER)
    return visits.filter(_positioned_after(place)) if place else visits


def _positioned_after(place: QueuePosition) -> Q:
    date, created, pk = place
    later = Q(created_at__gt=created) | Q(created_at=created, pk__gt=pk)
    return Q(scheduled_date__gt=date) | Q(scheduled_date=date) & later


@retrying_atomic
def _attempt(visit: Visit) -> Attempt | None:
    """None when somebody else holds the visit or its visitor, or has dealt with it."""
    # Both rows without waiting: the order of locks needs no care then.
    free = Visit.objects.unassigned().select_related("user", "property")
    locked = (
        free.select_for_update(skip_locked=True, no_key=True, of=("self", "user")).filter(pk=visit.pk).first()
    )
    if locked is None:
        return None
    return Attempt(locked, assigning.assign_best(locked, None, QUEUE_REASON))
