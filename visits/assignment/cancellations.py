"""Visits that are cancelled, on request or because something else changes, and the agents it frees."""

from collections.abc import Collection
from typing import Any

from agents.models import Engagement
from ghar import clock
from ghar.accounts.models import User
from ghar.transactions import retrying_atomic
from properties import services as property_services
from properties.models import Property
from visits.assignment.queue import assign_pending_on_commit
from visits.models import Visit, VisitEvent, VisitQuerySet
from visits.scheduling import changes, locks
from visits.scheduling.changes import Why


@retrying_atomic
def withdraw_property(*, listing: Property, by: User) -> None:
    """Take a listing off the market; its live visits are cancelled with a reason. Raises NotAllowed."""
    locked = locks.lock_property(listing, exclusive=True)
    property_services.check_may_change(locked, by)
    if locked.status != Property.Status.WITHDRAWN:
        locked.status, locked.updated_at = Property.Status.WITHDRAWN, clock.now()
        locked.save(update_fields=["status", "updated_at"])
    _cancel_all(Visit.objects.filter(property=locked), by, "The listing was withdrawn.")


@retrying_atomic
def cancel_visits_of(*, user: User, by: User | None) -> None:
    """Cancel the live visits of a person whose account was closed, and end their engagement."""
    locks.lock_people([user.pk])
    engagements = Engagement.objects.open().filter(seeker=user)
    agents = set(engagements.values_list("agent_id", flat=True))
    _cancel_all(Visit.objects.for_participant(user), by, "The account of a participant was closed.", agents)
    engagements.update(ended_at=clock.now())


def cancel_meets_of(*, pair: tuple[int, int], by: User) -> None:
    """Cancel the meets of a pair whose match ended, in the transaction that holds the lock of both."""
    _cancel_all(Visit.objects.meets_between(*pair), by, "The two are no longer matched.")


def set_cancelled(visit: Visit, by: User | None, why: Why, **fields: Any) -> None:
    """Make a locked visit cancelled. The caller has judged whether it may be."""
    final: dict[str, Any] = {
        "status": Visit.Status.CANCELLED,
        "awaiting": None,
        "cancellation_reason": why.reason,
    }
    changes.transition(visit, by, VisitEvent.Change.CANCELLED, why=why, **final, **fields)


def _cancel_all(visits: VisitQuerySet, by: User | None, reason: str, agents: Collection[int] = ()) -> None:
    """Cancel the live ones among `visits`, whomever they await: the consequence of another change.

    The rows of their agents and of `agents` are locked together.
    """
    live = list(
        visits.live().select_related("agent").order_by("pk").select_for_update(no_key=True, of=("self",))
    )
    locks.lock_agents({*agents, *(visit.agent_id for visit in live)})
    for visit in live:
        set_cancelled(visit, by, Why(reason))
    assign_pending_on_commit({visit.agent_id for visit in live})
