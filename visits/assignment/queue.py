"""The queue of visits without an agent, assigned soonest first."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from django.db.models import Q

from agents.models import Agent
from ghar.text_keys import TextKey, key_of
from ghar.transactions import TransactionContention, after_commit, retrying_atomic
from visits.assignment import assigning
from visits.models import Visit, VisitQuerySet
from visits.scheduling.changes import Why
from visits.scheduling.eligibility import Requirements, eligible

QUEUE_REASON = "From the queue"
QUEUE_ORDER = ("scheduled_date", "created_at", "pk")
# What follows a commit is part of somebody's request: the regular sweep does the rest.
MAX_LOOKED_AT, MAX_ASSIGNED_AT_ONCE = 50, 10


class Attempt(NamedTuple):
    visit: Visit
    assigned: bool


def assign_pending(*, limit: int | None = None) -> Iterator[Attempt]:
    """Give each waiting visit the best agent, if any, and yield what was tried as it goes.

    With `limit` it ends after so many assignments. Several sweeps may run at once: each visit is a
    transaction of its own, and a visit that another writer holds is left to them.
    """
    # Each step reads the queue anew from behind the last visit: a list of the start would be stale by then,
    # and what could not be assigned must not come again.
    last: Visit | None = None
    while limit is None or limit > 0:
        last = _waiting(after=last).first()
        if last is None:
            return
        if attempt := _attempt(last):
            limit = limit and limit - attempt.assigned
            yield attempt


def assign_pending_on_commit(agent_ids: Collection[int | None]) -> None:
    """Right after the commit, let agents who may have become free take visits that wait for one like them.

    A failure leaves the visit in the queue; it never fails what was committed.
    """
    if ids := {id_ for id_ in agent_ids if id_}:
        after_commit(_assign_pending_for, ids)


def _assign_pending_for(agent_ids: Collection[int]) -> None:
    agents = Agent.objects.filter(pk__in=agent_ids, is_active=True, is_available=True)
    work_places = list(agents.values_list("cities", "serves_everywhere"))
    if not work_places:
        return
    waiting = _waiting().select_related("property")
    # Visits in cities where none of them works would use up MAX_LOOKED_AT.
    if not any(everywhere for _cities, everywhere in work_places):
        towns = [key_of(city) for cities, _everywhere in work_places for city in cities]
        waiting = waiting.alias(town=TextKey("property__city")).filter(Q(town__in=towns))
    assigned = 0
    for visit in waiting[:MAX_LOOKED_AT]:
        if assigned == MAX_ASSIGNED_AT_ONCE:
            return
        if eligible(agents, Requirements.for_visit(visit)).exists() and (attempt := _attempt(visit)):
            assigned += attempt.assigned


def _waiting(after: Visit | None = None) -> VisitQuerySet:
    """Return the queue in its order, or the part of it behind a visit, also when that has left it."""
    visits = Visit.objects.pending().order_by(*QUEUE_ORDER)
    if after is None:
        return visits
    date, created = after.scheduled_date, after.created_at
    later = Q(created_at__gt=created) | Q(created_at=created, pk__gt=after.pk)
    return visits.filter(Q(scheduled_date__gt=date) | Q(scheduled_date=date) & later)


def _attempt(visit: Visit) -> Attempt | None:
    """Try to assign a visit; None when another writer holds or has changed it."""
    try:
        return _assign_if_free(visit)
    except TransactionContention:
        return None


@retrying_atomic
def _assign_if_free(visit: Visit) -> Attempt | None:
    # Both rows are locked without waiting, so the order of locks needs no care here.
    waiting = Visit.objects.pending().select_related("user", "property").filter(pk=visit.pk)
    locked = waiting.select_for_update(skip_locked=True, no_key=True, of=("self", "user")).first()
    if locked is None:
        return None
    return Attempt(locked, assigning.assign_best(locked, None, Why(QUEUE_REASON)))
